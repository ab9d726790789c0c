"""The least and the largest value that each member takes along a trajectory, for all plans of a pass at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.core import check
from infoscope.scanning.replay import Replay


class RecordedRanges:
    """Of ``replay``, at the sites that were asked for before the first answer; reads the whole trajectory once."""

    def __init__(self, replay: Replay) -> None:
        self._replay, self._sites = replay, set[str]()
        self._found: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def ask(self, sites: Sequence[str]) -> None:
        """Say beforehand that the range over ``sites`` will be wanted."""
        self._sites |= set(sites)

    def of(self, sites: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The least and the largest value of each member over all of ``sites`` and recorded steps, each ``[m]``."""
        if not self._found:
            self._found = self._read()
        low, high = zip(*(self._found[site] for site in sites), strict=True)
        return np.min(low, axis=0), np.max(high, axis=0)

    def _read(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        replay = self._replay
        nothing = np.full(len(replay.seeds), np.inf, np.float32)
        found = dict.fromkeys(self._sites, (nothing, -nothing))
        for step in replay.trajectory.steps:
            for site, t in replay.representations(step, sorted(self._sites)).items():
                found[site] = _widened(*found[site], check.on_cpu(t))
        return found


def _widened(low: np.ndarray, high: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The range ``low``, ``high`` ``[m]`` and that of the finite values of ``t [m, n, d]``.

    A member that diverges late keeps the range it had before.
    """
    least, largest = t.min((1, 2)), t.max((1, 2))
    if not np.isfinite(least).all() or not np.isfinite(largest).all():
        finite = np.isfinite(t)
        least, largest = t.min((1, 2), where=finite, initial=np.inf), t.max((1, 2), where=finite, initial=-np.inf)
    return np.minimum(low, least), np.maximum(high, largest)
