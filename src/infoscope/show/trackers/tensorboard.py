from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from infoscope.show.mirroring import imported


class TensorBoard:
    """TensorBoard: event files in ``folder/RUN``, by default ``tensorboard/RUN``; ``tensorboard --logdir tensorboard``.

    Example
    -------
    >>> from infoscope.show.trackers.tensorboard import TensorBoard
    >>> tracker = TensorBoard("mine", folder="logs")
    >>> tracker.log({"infoscope/net/binned/I_X_T_bits/layer": 3.2}, step=10)
    >>> tracker.finish()
    >>> import os
    >>> len(os.listdir("logs/mine"))
    1
    """

    package: ClassVar[str] = "tensorboard"

    def __init__(self, run: str, project: str = "infoscope", folder: str = "tensorboard") -> None:
        imported(self.package)
        self._writer = imported("torch.utils.tensorboard").SummaryWriter(str(Path(folder) / run))

    def log(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def finish(self) -> None:
        self._writer.close()
