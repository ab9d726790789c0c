"""An engine that counts."""

from __future__ import annotations

from typing import ClassVar

from infoscope.engine.engines.here import InThisProcess
from infoscope.engine.job import Failure, Job


class ToyEngine(InThisProcess):
    """This process, and it counts what it has done."""

    done: ClassVar[int] = 0

    def _performed(self, job: Job) -> Failure | None:
        type(self).done += 1
        return super()._performed(job)
