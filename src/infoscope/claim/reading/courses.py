"""Courses in time of two series held against each other: whether one falls while the other rises, or after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.reading.peaks import Peak, at_step, of_timing

DONE = 0.9  # of a rise, from where on it counts as done


def share_done(_falling: np.ndarray, _rising: np.ndarray) -> Callable[..., np.ndarray]:
    """The statistic that says what share of the fall of one mean curve is done when the rise of another is.

    The fall is that from the peak to the end, the rise that from the start to the highest point, done at 90 %. 0: the
    one begins to fall only when the other has risen. 1: by then it has fallen as far as it ever does.
    """

    def share(peaks: Sequence[Peak], falling: np.ndarray, rising: np.ndarray) -> np.ndarray:
        start, top = rising[:, :1], rising.max(-1, keepdims=True)
        until = (rising >= start + DONE * (top - start)).argmax(-1)
        highest = falling[:, peaks[0].step] - peaks[0].lifted
        fallen = np.where(until > peaks[0].step, highest - at_step(falling, until), 0.0)
        whole = highest - falling[:, -1]
        return np.where(whole > 0, fallen / np.where(whole > 0, whole, 1.0), 0.0)

    return share


CONCURRENTLY = of_timing(
    f"share of the fall of the mean curve of {{}} that is done when {DONE:.0%} of the rise of that of {{}} is",
    share_done,
)
