"""T4, a claim of Shwartz-Ziv and Tishby (2017): the more hidden layers, the shorter the compression.

Paper: with one to six hidden layers, deeper networks need fewer epochs, and above all their compression is shorter; one
hidden layer never gets to a good I(T;Y), six do within 400 epochs. Our sentences are the three claims below: over 1 to
6 hidden layers the compression of the output, and the epochs until the network generalises, get shorter with depth; and
under plain SGD one hidden layer never learns.

    infoscope run saxe2018/depth --preset laptop

The network with L hidden layers has the first L of the widths 12-10-8-6-4-2 behind the 12 inputs, as in their figure 5
(widths from 12 down by two, 1 to 6 hidden layers); the output is the one layer that all of them have and that
compresses. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 7
minutes; paper: 275 recorded epochs, about 20.

Deviations: those of figure 1A: Adam for the two claims on durations, where the paper says SGD. The third is of SGD
without momentum for their 10 000 epochs, at a rate of 0.1, which is ours; what Adam does is told beside it. Softmax in
place of sigmoids. Durations are epochs from the peak of the mean curve until 90 % of its final drop is done, so they
are right only as far as compression is over when training stops, which at one hidden layer it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    epochs_of,
    of_means,
    of_means_at,
)
from infoscope.claim.reading.peaks import Peak, of_timing
from infoscope.core.claim import NOTHING, Claim, Criterion, Learned
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.data import task
from infoscope.papers.saxe2018._boolean12 import PLAIN_SGD, SEEDS, WIDTHS, boolean12_plan, tanh_bins
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
_HIDDEN_WIDTHS = (12, 10, 8, 6, 4, 2)
_LEARNED = 0.95
_FULL = 0.95  # of H(Y): a good I(T;Y)
_SGD_EPOCHS = {"smoke": 60, "laptop": 10_000, "paper": 10_000}
_FALLS = Criterion("<=", 0.0, "decades a layer")
_OTHER_WIDTHS = "first run with hidden widths 10-7-5-4-3, which were ours; now with those of the paper's figure 5"


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


def _name(depth: int, how: str = "") -> str:
    return f"{how}depth{depth}"


def _first_full(epochs: np.ndarray) -> Callable[..., np.ndarray]:
    """The first epoch at which nearly all of the label is known; the last one, where that never is."""

    def first(mean: np.ndarray) -> np.ndarray:
        return 10 ** log_first(epochs, mean >= _FULL * _label_entropy()) - 1

    return first


def _of_the_label(curve: np.ndarray) -> np.ndarray:
    return curve.max(-1) / _label_entropy()


@cache
def _label_entropy() -> float:
    return task("boolean12").entropies["label"]


def _known(name: str) -> Series:
    """I(T;Y) of the output."""
    return Series(LABEL_INFORMATION, name, "output")


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
    revised=_OTHER_WIDTHS,
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
    revised=_OTHER_WIDTHS,
)
_NEVER = Claim(
    id="saxe2018/depth/one-layer-never-learns",
    origin="published",
    paper="saxe2018",
    where="section 3.6 of Shwartz-Ziv & Tishby 2017",
    sentence="By plain SGD a network with one hidden layer never gets to know the label well, one with six soon does.",
    parts=(
        Part(
            "highest I(T;Y) of one hidden layer, of H(Y)",
            {"one hidden layer": _known(_name(1, "sgd_"))},
            of_means("highest point of the mean curve of {} of the output, over H(Y),", _of_the_label),
            Criterion("<=", 0.9, "ratio", fails_at=_FULL),
        ),
        Part(
            "first epoch with 95 % of H(Y), six hidden layers",
            {"six hidden layers": _known(_name(6, "sgd_"))},
            of_means_at("first epoch at which the mean curve of {} of the output is ≥ 0.95 H(Y)", _first_full),
            Criterion("<=", 400.0, "epochs"),
        ),
    ),
    headline="highest I(T;Y) of one hidden layer, of H(Y)",
    published="one hidden layer fails even after 10 000 epochs, six reach the full I(T;Y) within 400",
    presupposes=NOTHING,
)


class Depth(Figure):
    """One to six hidden layers on the 12-bit task, tanh: how long compression takes (T4)

    >>> from infoscope.papers.saxe2018.depth import Depth
    >>> {name: plan.network.widths for name, plan in Depth().plan("laptop").items()}
    {'depth1': (12, 12, 2), 'depth2': (12, 12, 10, 2), 'depth3': (12, 12, 10, 8, 2), 'depth4': (12, 12, 10, 8, 6, 2),
    'depth5': (12, 12, 10, 8, 6, 4, 2), 'depth6': (12, 12, 10, 8, 6, 4, 2, 2), 'sgd_depth1': (12, 12, 2), 'sgd_depth6':
    (12, 12, 10, 8, 6, 4, 2, 2)}
    """

    title = "Depth and the length of compression"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS
    claims = (
        _SHORTER,
        _FASTER,
        _NEVER,
    )

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plan = partial(boolean12_plan, "tanh", preset, seeds, (tanh_bins(),))
        sgd = {**PLAIN_SGD, "epochs": _SGD_EPOCHS[preset]}
        return {
            **{_name(depth): plan(widths=_widths(depth)) for depth in _DEPTHS},
            **{_name(depth, "sgd_"): plan(widths=_widths(depth), **sgd) for depth in (1, 6)},
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            "shortens-compression": _durations([each.of(rows) for each in _OUTPUTS]),
            "learns-sooner": _learned([accuracy(_name(depth)).of(rows) for depth in _DEPTHS]),
            "one-layer-never-learns": _by_adam(rows),
        }


def _widths(depth: int) -> tuple[int, ...]:
    return (WIDTHS[0], *_HIDDEN_WIDTHS[:depth], WIDTHS[-1])


def _by_adam(rows: Rows) -> tuple[str, ...]:
    """How much of H(Y) the output of one hidden layer knows at most when it is trained by Adam."""
    if (curves := complete_curves(_known(_name(1)).of(rows))) is None:
        return ()
    return (f"trained by Adam, one hidden layer gets to {_of_the_label(curves.mean(0)):.3f} H(Y) at its highest",)


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
