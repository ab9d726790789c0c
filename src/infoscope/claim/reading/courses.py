"""Courses in time of two series held against each other: whether one falls while the other rises, or after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.reading.peaks import Peak, of_timing

#: Of what :data:`CONCURRENTLY` reads: halfway between a fall that begins after the rise and one that goes with it.
HALFWAY = 0.25


def share_done(_falling: np.ndarray, _rising: np.ndarray) -> Callable[..., np.ndarray]:
    """The statistic that says what share of the fall of one mean curve is done, on average over the rise of another.

    The fall is that from the peak to the end, the rise that from the start to the highest point so far. 0: the one
    begins to fall only when the other has risen. 0.5: both go alike. 1: it has fallen before the other rises. No level
    has to be said at which a rise counts as done.
    """

    def share(peaks: Sequence[Peak], falling: np.ndarray, rising: np.ndarray) -> np.ndarray:
        highest = (falling[:, peaks[0].step] - peaks[0].lifted)[:, None]
        whole = highest - falling[:, -1:]
        fallen = highest - falling
        fallen[:, : peaks[0].step + 1] = 0.0
        fallen = np.where(whole > 0, fallen / np.where(whole > 0, whole, 1.0), 0.0)
        risen = np.maximum.accumulate(rising, -1) - rising[:, :1]
        pace = np.diff(risen / np.maximum(risen[:, -1:], 1e-12), axis=-1)
        return (pace * (fallen[:, 1:] + fallen[:, :-1]) / 2).sum(-1)

    return share


CONCURRENTLY = of_timing(
    "share of the fall of the mean curve of {} that is done, on average over the rise of that of {},", share_done
)
