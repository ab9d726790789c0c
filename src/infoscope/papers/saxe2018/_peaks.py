"""How claims about a peak, beside the drop after it, are read off rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from infoscope.claim.findings import judged
from infoscope.claim.peaks import Means, at_peaks, at_step, held_out
from infoscope.claim.statistics import OverSeeds, compression
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows


def held_out_finding(
    name: str, criterion: Criterion, statistic: Callable[[Means, Means], np.ndarray], *series: Rows
) -> Finding:
    """``statistic(choosing, measured)`` of the mean curves of ``series``, by :func:`infoscope.claim.peaks.held_out`."""
    return judged(name, criterion, partial(held_out, statistic), *series)


def timing_finding(name: str, criterion: Criterion, statistic: Callable[..., np.ndarray], *series: Rows) -> Finding:
    """``statistic(peaks, *means)`` of the mean curves of ``series``, by :func:`infoscope.claim.peaks.at_peaks`."""
    return judged(name, criterion, partial(at_peaks, statistic), *series)


def rise_finding(name: str, criterion: Criterion, rows: Rows) -> Finding:
    """How far the peak of the mean curve of ``rows`` lies above its start: the compression score, read backwards."""

    def backwards(curves: np.ndarray) -> OverSeeds:
        return compression(curves[:, ::-1])

    return judged(name, criterion, backwards, rows)


def end_over_peak(choosing: Means, measured: Means) -> np.ndarray:
    """The end of the one series over its value at the peak."""
    return measured[0][:, -1] / at_step(measured[0], choosing[0].argmax(-1))


def end_over_lowest(choosing: Means, measured: Means) -> np.ndarray:
    """The end of the one series over its value at the lowest point."""
    return measured[0][:, -1] / at_step(measured[0], choosing[0].argmin(-1))
