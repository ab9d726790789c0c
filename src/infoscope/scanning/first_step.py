"""What the first step of a pass took, and what that lets all of them be expected to take: said before the others."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from infoscope.core.measurement import Measurement
from infoscope.core.progress import LONG_SECONDS, say
from infoscope.core.units import counted, memory_in_words, time_in_words

READING = "reading the network"


class FirstStep:
    """The first of ``steps`` of a pass, from when it begins; :meth:`tell` says what the others cost."""

    def __init__(self, steps: int) -> None:
        self._steps, self._begun = steps, time.perf_counter()
        self._since, self._now = self._begun, READING
        self._took: dict[str, float] = {}
        self._sites: dict[str, tuple[int, ...]] = {}
        self._bytes = 0.0

    def measuring(self, measurement: Measurement, representations: Mapping[str, Any]) -> None:
        """From now on ``measurement`` is taken of what places hold, each ``[m, n, d]``."""
        self._account()
        self._now = measurement.id
        for site, t in representations.items():
            self._sites[site] = tuple(t.shape)
            self._bytes = max(self._bytes, measurement.cost(t.shape[1], t.shape[2], 2).bytes)

    def _account(self) -> None:
        now = time.perf_counter()
        self._took[self._now] = self._took.get(self._now, 0.0) + now - self._since
        self._since = now

    def tell(self) -> None:
        """Say what the other steps are likely to take, where that is long, and what would halve it."""
        self._account()
        whole = self._since - self._begun
        if whole * (self._steps - 1) < LONG_SECONDS:
            return
        dearest = max(self._took, key=self._took.__getitem__)
        rows, columns = (max((shape[axis] for shape in self._sites.values()), default=0) for axis in (1, 2))
        size = f"{rows:,} rows x {columns:,} columns x {counted(len(self._sites), 'place')}"
        held = sum(4.0 * shape[0] * shape[1] * shape[2] for shape in self._sites.values()) + self._bytes
        room = f", {memory_in_words(held)}" if self._sites else ""
        say(
            f"infoscope: {size if self._sites else 'each'} x {counted(self._steps, 'step')}: as the first took "
            f"{time_in_words(whole)}, about {time_in_words(whole * (self._steps - 1))} more{room}; "
            f"{self._took[dearest] / whole:.0%} of it is {dearest}: half of the steps would halve it"
        )
