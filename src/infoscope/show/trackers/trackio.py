from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from infoscope.show.mirroring import STEP, imported


class Trackio:
    """Trackio: a local page of Hugging Face; into the run that is active there, else into a new one of ``project``.

    Example
    -------
    >>> import os
    >>> os.environ["TRACKIO_DIR"] = "trackio"
    >>> from infoscope.show.trackers.trackio import Trackio
    >>> tracker = Trackio("mine", project="infoscope")  # doctest: +ELLIPSIS
    * ...
    >>> tracker.log({"infoscope/net/binned/I_X_T_bits/layer": 3.2}, step=10)
    >>> tracker.finish()  # doctest: +ELLIPSIS
    * ...
    """

    package: ClassVar[str] = "trackio"

    def __init__(self, run: str, project: str = "infoscope") -> None:
        trackio = imported(self.package)
        active = trackio.context_vars.current_run.get()
        self._own = active is None
        quiet = {"auto_log_gpu": False, "auto_log_cpu": False, "embed": False}
        self._run: Any = trackio.init(project=project, name=run, **quiet) if self._own else active

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log({**values, STEP: step})

    def finish(self) -> None:
        if self._own:
            imported(self.package).finish()
