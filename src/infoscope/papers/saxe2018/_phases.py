"""When a layer's information peaks, when its compression is over and how long that takes: statistics of mean curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.reading.peaks import Peak, own_peak
from infoscope.core.rows import Rows

DONE = 0.9  # compression counts as over once this share of the whole drop has happened


def end_of_compression(epochs: np.ndarray, peak: Peak, curve: np.ndarray) -> np.ndarray:
    """The first of ``epochs`` from the peak on at which 90 % of the drop of ``curve [r, s]`` are done, ``[r]``.

    Where the curve does not end below its peak, compression is over as soon as it begins.
    """
    later, end = curve[:, peak.step :], curve[:, -1:]
    drop = np.maximum(later[:, :1] - peak.lifted - end, 0.0)
    return epochs[peak.step + (later <= end + drop - DONE * drop).argmax(-1)]


def compressing_share(epochs: np.ndarray) -> Callable[[Sequence[Peak], np.ndarray], np.ndarray]:
    """The statistic that says what share of the epochs until compression is over come after the peak."""

    def share(peaks: Sequence[Peak], curve: np.ndarray) -> np.ndarray:
        return 1 - epochs[peaks[0].step] / np.maximum(end_of_compression(epochs, peaks[0], curve), 1.0)

    return share


def log_duration(epochs: np.ndarray, peak: Peak, curve: np.ndarray) -> np.ndarray:
    """log10 of the epochs from the peak until compression is over, at least one epoch."""
    return np.log10(np.maximum(end_of_compression(epochs, peak, curve) - epochs[peak.step], 1.0))


def log_first(epochs: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """log10 of 1 + the first of ``epochs`` where ``reached [r, s]``; where it never is, the last one stands."""
    first = np.where(reached.any(-1), reached.argmax(-1), len(epochs) - 1)
    return np.log10(1 + epochs[first])


def complete_curves(rows: Rows) -> np.ndarray | None:
    """The curves ``[members, s]`` of the members that have every value, None where there is none."""
    curves = rows.curves()[2] if len(rows) else np.empty((0, 0))
    complete = curves[np.isfinite(curves).all(1)]
    return complete if len(complete) else None


def phases_in_words(rows: Rows) -> tuple[str, str] | None:
    """The epochs at which the mean curve of one series peaks and its compression is over; None without a curve."""
    if (curves := complete_curves(rows)) is None:
        return None
    epochs, peak = rows.curves()[1], own_peak(curves)
    return f"{epochs[peak.step]:g}", f"{end_of_compression(epochs, peak, curves.mean(0)[None])[0]:g}"
