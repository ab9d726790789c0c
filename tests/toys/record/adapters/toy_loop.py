from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from infoscope.record.adapters._following import Following


class ToyLoop(Following):
    """A loop over a list of updates."""

    def run(self, model: Any, updates: Iterable[Callable[[], None]]) -> None:
        self._begin(model, 0, 0.0)
        for step, update in enumerate(updates, 1):
            update()
            self._step(step, float(step))
        self._end()
