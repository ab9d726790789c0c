"""T4, a claim of Shwartz-Ziv and Tishby (2017): the more hidden layers, the shorter the compression.

Paper: with one to six hidden layers, deeper networks need fewer epochs, and above all their compression is shorter. Our
sentences are the two claims below: over 1 to 6 hidden layers the compression of the output, and the epochs until the
network generalises, get shorter with depth.

    infoscope run saxe2018/depth --preset laptop

The network with L hidden layers has the first L of the widths 10-7-5-4-3 (five of them are figure 1A), the one with six
12-10-7-5-4-3; the output is the one layer that all of them have and that compresses. Hardware: 2 CPU cores. smoke:
seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 12 minutes; paper: 275 recorded epochs, about 30.
The network with five hidden layers is taken over from a run of saxe2018/tanh where that lies in the same --out folder.

Deviations: those of figure 1A. The widths are ours; the paper does not give them for each depth. Durations are epochs
from the peak of the mean curve until 90 % of its final drop is done, so they are right only as far as compression is
over when training stops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import (
    epochs_of,
    of_means_at,
)
from infoscope.claim.reading.peaks import Peak, of_timing
from infoscope.core.claim import Claim, Criterion, Learned
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, WIDTHS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    accuracy,
    drops,
    information,
)
from infoscope.papers.saxe2018._phases import complete_curves, log_duration, log_first, phases_in_words
from infoscope.papers.saxe2018._quoted import DEPTH, RELAXATION
from infoscope.scanning.plan import NetworkPlan, Preset

_DEPTHS = (1, 2, 3, 4, 5, 6)
_LEARNED = 0.95
_FALLS = Criterion("<=", 0.0, "decades a layer")


def _slope(values: Sequence[np.ndarray]) -> np.ndarray:
    """The least-squares slope ``[r]`` of ``values`` against depth, ``[r]`` a depth."""
    centred = np.array(_DEPTHS) - np.mean(_DEPTHS)
    return centred @ np.stack(values) / (centred @ centred)


def _duration(*epochs: np.ndarray) -> Callable[..., np.ndarray]:
    def slope(peaks: Sequence[Peak], *means: np.ndarray) -> np.ndarray:
        return _slope([log_duration(*each) for each in zip(epochs, peaks, means, strict=True)])

    return slope


def _sooner(*epochs: np.ndarray) -> Callable[..., np.ndarray]:
    def slope(*means: np.ndarray) -> np.ndarray:
        return _slope([_log_learned(*each) for each in zip(epochs, means, strict=True)])

    return slope


def _log_learned(epochs: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    return log_first(epochs, accuracy >= _LEARNED)


def _name(depth: int) -> str:
    return f"depth{depth}"


_OUTPUTS = [information(_name(depth), "output") for depth in _DEPTHS]
_SHORTER = Claim(
    id="saxe2018/depth/shortens-compression",
    origin="published",
    quoted=RELAXATION,
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="The more hidden layers a network has, the fewer epochs its compression takes.",
    parts=(
        drops(_OUTPUTS, COMPRESS),
        Part(
            "slope of the log duration of compression",
            {"output": _OUTPUTS},
            of_timing(
                "slope, against the number of hidden layers, of log10 of the epochs from the peak of the mean curve of "
                "{} to 90 % of the drop",
                _duration,
            ),
            _FALLS,
        ),
    ),
    headline="slope of the log duration of compression",
    published="added hidden layers shorten the compression phase",
)
_FASTER = Claim(
    id="saxe2018/depth/learns-sooner",
    origin="published",
    quoted=DEPTH,
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="The more hidden layers a network has, the fewer epochs it needs to generalise.",
    parts=(
        Part(
            "slope of the log epochs to a test accuracy of 0.95",
            {"": [accuracy(_name(depth)) for depth in _DEPTHS]},
            of_means_at(
                "slope, against the number of hidden layers (1 to 6), of log10 of 1 + the first epoch at which the "
                "mean curve of {} is ≥ 0.95 (the last one, where it never is)",
                _sooner,
            ),
            _FALLS,
        ),
    ),
    published="added hidden layers reduce the number of training epochs for good generalisation",
    presupposes=Learned(ended=False),
)


class Depth(Figure):
    """One to six hidden layers on the 12-bit task, tanh: how long compression takes (T4)

    >>> from infoscope.papers.saxe2018.depth import Depth
    >>> {name: plan.network.widths for name, plan in Depth().plan("laptop").items()}
    {'depth1': (12, 10, 2), 'depth2': (12, 10, 7, 2), 'depth3': (12, 10, 7, 5, 2), 'depth4': (12, 10, 7, 5, 4, 2),
    'depth5': (12, 10, 7, 5, 4, 3, 2), 'depth6': (12, 12, 10, 7, 5, 4, 3, 2)}
    """

    title = "Depth and the length of compression"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS
    claims = (
        _SHORTER,
        _FASTER,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            _name(depth): boolean12_plan("tanh", preset, seeds, (tanh_bins(),), widths=_widths(depth))
            for depth in _DEPTHS
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            "shortens-compression": _durations([each.of(rows) for each in _OUTPUTS]),
            "learns-sooner": _learned([accuracy(_name(depth)).of(rows) for depth in _DEPTHS]),
        }


def _widths(depth: int) -> tuple[int, ...]:
    inputs, *hidden, classes = WIDTHS
    chosen = hidden[:depth] if depth <= len(hidden) else [inputs, *hidden]
    return (inputs, *chosen, classes)


def _durations(output: Sequence[Rows]) -> tuple[str, ...]:
    """Peak and end of compression by depth in words."""
    said = []
    for depth, rows in zip(_DEPTHS, output, strict=True):
        if found := phases_in_words(rows):
            said.append(f"{depth}: {' to '.join(found)}")
    return (f"epochs of the output's compression by hidden layers: {', '.join(said)}",) if said else ()


def _learned(accuracy: Sequence[Rows]) -> tuple[str, ...]:
    said = []
    for depth, rows in zip(_DEPTHS, accuracy, strict=True):
        if (curves := complete_curves(rows)) is not None:
            mean = curves.mean(0)[None]
            reached = bool((mean >= _LEARNED).any())
            epoch = 10 ** _log_learned(epochs_of(rows), mean)[0] - 1
            said.append(f"{depth}: {epoch:.0f}" if reached else f"{depth}: never")
    return (f"first epoch with a mean test accuracy of 0.95 by hidden layers: {', '.join(said)}",) if said else ()
