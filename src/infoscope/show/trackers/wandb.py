from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from infoscope.show.mirroring import STEP, imported


class WandB:
    """Weights & Biases: into the run that is active there, else into a new one of ``project``.

    Numbers stand against ``infoscope/step``, an axis of their own, so that none is dropped for coming late.

    Example
    -------
    >>> import os
    >>> os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true")
    >>> from infoscope.show.trackers.wandb import WandB
    >>> tracker = WandB("mine", project="infoscope")
    >>> tracker.log({"infoscope/net/binned/I_X_T_bits/layer": 3.2}, step=10)
    >>> tracker.finish()
    """

    package: ClassVar[str] = "wandb"

    def __init__(self, run: str, project: str = "infoscope") -> None:
        wandb = imported(self.package)
        self._own = wandb.run is None
        self._run: Any = wandb.init(project=project, name=run) if self._own else wandb.run
        self._run.define_metric(STEP)
        self._run.define_metric("infoscope/*", step_metric=STEP)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log({**values, STEP: step})

    def finish(self) -> None:
        if self._own:
            self._run.finish()
