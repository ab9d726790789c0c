"""T2, a claim of Shwartz-Ziv and Tishby (2017): the gradient turns noisy when compression begins.

Paper: the gradient's mean exceeds its standard deviation at first (drift), falls below it later (diffusion), at about
epoch 350, and the change comes near the onset of compression. Our sentences are the two claims below, of the layers of
the tanh network that compress (the 3-unit layer and the output): the change lies within a factor of three of the epoch
from which I(X;T) falls for good (of two humps the later one, not the higher), and within a factor of three of 350.

    infoscope run saxe2018/phase_change --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about a minute; paper:
275 recorded epochs, about 2. The networks are those of saxe2018/tanh, and are taken over from its run where that lies
in the same --out folder.

Deviations: those of figures 1A and 20. The paper says "near"; the factors of three are ours. The change is the point at
which the logarithm of the ratio of mean to standard deviation changes its level: the epoch that cuts its mean curve,
over the logarithm of 1 + the epoch, into two levels that fit it best. It has no threshold: the ratio grows with the
root of the batch, so where it crosses 1 is a matter of that size; the crossings are told beside the verdict. The ratio
is that over minibatches of 256 and that over single samples, both at frozen weights. That the same change happens in
ReLU networks, which do not compress, is saxe2018/gradient_noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    epochs_of,
    of_means_at,
)
from infoscope.claim.reading.peaks import Peak, of_timing
from infoscope.claim.statistics import sustained
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import GRADIENT_SNR, SAMPLE_SNR
from infoscope.core.rows import Rows
from infoscope.core.units import shown
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._parts import LASTING, TURN, information
from infoscope.papers.saxe2018._phases import complete_curves, log_first
from infoscope.papers.saxe2018._quoted import PHASES
from infoscope.scanning.plan import NetworkPlan, Preset

_LAYERS = ("hidden5", "output")


def _ratio(layer: str, quantity: str = GRADIENT_SNR) -> Series:
    return Series(quantity, "tanh", layer)


_OVER = {"minibatches": GRADIENT_SNR, "single samples": SAMPLE_SNR}
_THREE = Criterion("<=", math.log10(3.0), "decades")
_TURN = "1 + the epoch at which the logarithm of the mean curve of {} changes its level"


def _log_crossing(epochs: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """log10 of 1 + the first epoch at which ``ratio [r, s]`` is below 1 after its peak."""
    later = np.arange(ratio.shape[1]) >= ratio.argmax(-1)[:, None]
    return log_first(epochs, later & (ratio < 1))


def _log_change(epochs: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """log10 of 1 + the first epoch of the second of the two levels that fit log ``ratio [r, s]`` best.

    The sum of squares is over log10(1 + epoch), so that it does not matter where recorded epochs lie close.
    """
    time, level = np.log10(1 + epochs), np.log(ratio)
    weight = np.gradient(time)
    total, square = (np.cumsum(weight * each, -1) for each in (level, level**2))
    mass = np.cumsum(weight)
    before = square[:, :-1] - total[:, :-1] ** 2 / mass[:-1]
    rest, of_rest = total[:, -1:] - total[:, :-1], mass[-1] - mass[:-1]
    after = square[:, -1:] - square[:, :-1] - rest**2 / of_rest
    return time[1 + (before + after).argmin(-1)]


def _distance(_: np.ndarray, epochs: np.ndarray) -> Callable[..., np.ndarray]:
    """The statistic that says how far the ratio's change is from the onset of the lasting fall of I(X;T)."""

    def distance(peaks: Sequence[Peak], ratio: np.ndarray, _: np.ndarray) -> np.ndarray:
        return abs(_log_change(epochs, ratio) - np.log10(1 + epochs[peaks[1].step]))

    return distance


def _from_turn(epochs: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """The statistic that says how far the ratio's change is from epoch 350."""

    def distance(ratio: np.ndarray) -> np.ndarray:
        return abs(_log_change(epochs, ratio) - math.log10(1 + TURN))

    return distance


_NEAR = Claim(
    id="saxe2018/phase_change/near-the-peak",
    origin="published",
    quoted=PHASES,
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="The gradient turns from drift to diffusion near the onset of compression.",
    parts=tuple(
        Part(
            f"distance from the onset to the change over {over}, in log10",
            {layer: (_ratio(layer, quantity), information("tanh", layer)) for layer in _LAYERS},
            of_timing(
                f"size of the log10 of {_TURN}, over 1 + the epoch from which that of {{}} falls without rising by "
                f"{shown(LASTING, 'nats')} again,",
                _distance,
                least=LASTING,
            ),
            _THREE,
        )
        for over, quantity in _OVER.items()
    ),
    headline="distance from the onset to the change over minibatches, in log10",
    published="the transition between the two phases of the gradient precedes compression closely",
    revised="the same distance was judged by its two ends at first, of which one part always held; now by its size; "
    "and compression was said to begin at the highest point, which in the 3-unit layer is a first hump that is made "
    "good: now where the fall that lasts sets on. The gradient's change was where the ratio crosses 1, which the size "
    "of the batch moves: now where it changes its level, over minibatches and over samples",
)
_ABOUT_350 = Claim(
    id="saxe2018/phase_change/about-350",
    origin="published",
    quoted=PHASES,
    paper="saxe2018",
    where="figure 4 of Shwartz-Ziv & Tishby 2017",
    sentence="The gradient turns from drift to diffusion at about epoch 350.",
    parts=tuple(
        Part(
            f"distance from epoch 350 to the change over {over}, in log10",
            {layer: _ratio(layer, quantity) for layer in _LAYERS},
            of_means_at(f"size of the log10 of {_TURN}, over 351,", _from_turn),
            _THREE,
        )
        for over, quantity in _OVER.items()
    ),
    headline="distance from epoch 350 to the change over minibatches, in log10",
    published="about 350 epochs (one figure, plain SGD)",
)


class PhaseChange(Figure):
    """When the gradient turns noisy and when compression begins on the 12-bit task, tanh (T2)

    >>> from infoscope.papers.saxe2018.phase_change import PhaseChange
    >>> PhaseChange().plan("laptop")["tanh"].gradients  # their signal-to-noise ratio is measured too
    True
    >>> [(part.name, str(part.criterion)) for part in PhaseChange.claims[0].parts]
    [('distance from the onset to the change over minibatches, in log10', '≤ 0.4771 decades'), ('distance from the onset
    to the change over single samples, in log10', '≤ 0.4771 decades')]
    """

    title = "Gradient phases and the onset of compression"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS
    claims = (_NEAR, _ABOUT_350)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),), gradients=True)}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        said = [_in_words(layer, _ratio(layer).of(rows), information("tanh", layer).of(rows)) for layer in _LAYERS]
        return {"near-the-peak": [text for each in said for text in each]}


def _in_words(layer: str, ratio: Rows, of_layer: Rows) -> list[str]:
    ratios, curves = complete_curves(ratio), complete_curves(of_layer)
    if ratios is None or curves is None:
        return []
    epochs = epochs_of(of_layer)
    mean = curves.mean(0)
    crossing, change = (at(epochs, ratios.mean(0)[None])[0] for at in (_log_crossing, _log_change))
    peak = epochs[mean.argmax()]
    return [
        f"{layer}: the ratio over minibatches changes its level at epoch {10**change - 1:.0f} and falls below 1 at "
        f"epoch {10**crossing - 1:.0f}, I(X;T) is highest at epoch {peak:.0f} and "
        f"falls for good from epoch {epochs[sustained(mean, LASTING)]:.0f} on (mean curves)"
    ]
