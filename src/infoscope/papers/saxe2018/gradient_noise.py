"""E13, figure 20: signal-to-noise ratio of the gradient, and weight norms, on the 12-bit task.

Paper: the gradient goes from a high to a low signal-to-noise ratio in tanh and ReLU networks alike, so that
transition is not what makes a network compress; weights grow in both. Our sentences are the two claims below.

    infoscope run saxe2018/gradient_noise --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about a minute; paper: 275 recorded epochs, about 4. The
networks are those of figures 1A and 1B, and are taken over from those runs where they lie in the same --out folder.

Deviations: those of figure 1A. The ratio is over minibatches of 256 at frozen weights, |mean| / |sd| in the
Frobenius norm, where the paper says over training samples and the released code lets the weights move. A layer whose
gradient is exactly zero (dead ReLU units) has no ratio; members with one are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.peaks import MeanCurves, at_step, of_held_out_at
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import GRADIENT_SNR
from infoscope.papers.saxe2018._boolean12 import LAYERS, SEEDS, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import (
    norms,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_NETWORKS = ("tanh", "relu")


def _late_over_early(epochs: np.ndarray) -> Callable[[MeanCurves, MeanCurves], np.ndarray]:
    """The median from epoch 100 on (or of the last point, in a shorter run) over the largest until epoch 30."""
    late = epochs >= min(100.0, epochs[-1]) if len(epochs) else epochs
    early = epochs <= 30

    def ratio(choosing: MeanCurves, measured: MeanCurves) -> np.ndarray:
        largest = at_step(measured[0][:, early], choosing[0][:, early].argmax(-1))
        return np.median(measured[0][:, late], axis=-1) / largest

    return ratio


_FALLS = Claim(
    id="saxe2018/gradient_noise/falls",
    origin="published",
    paper="saxe2018",
    where="figure 20",
    sentence="The gradient's signal-to-noise ratio falls in every layer, in networks that compress and that do not.",
    parts=(
        Part(
            "late over early signal-to-noise",
            [Series(GRADIENT_SNR, network, layer) for network in _NETWORKS for layer in LAYERS],
            of_held_out_at("median of {} from epoch 100 on over its largest until epoch 30", _late_over_early),
            Criterion("<=", 0.5, "ratio"),
        ),
    ),
    published="a transition from high to low signal-to-noise in tanh and ReLU networks (figure 20)",
)
_GROW = Claim(
    id="saxe2018/gradient_noise/norms-grow",
    origin="published",
    paper="saxe2018",
    where="figure 20",
    sentence="The weights of every layer grow over training in both networks.",
    parts=(norms(_NETWORKS, LAYERS),),
    published="weight norms increase over training",
)


class GradientNoise(Figure):
    """Gradient signal-to-noise ratio and weight norms on the 12-bit task, tanh and ReLU (E13)

    >>> from infoscope.papers.saxe2018.gradient_noise import GradientNoise
    >>> [(claim.headline, str(claim.parts[0].criterion)) for claim in GradientNoise.claims]
    [('late over early signal-to-noise', '≤ 0.5'), ('growth of the weight norm', '≥ 0')]
    """

    title = "Gradient signal-to-noise on the 12-bit task"
    where = "figure 20"
    seeds = SEEDS
    claims = (_FALLS, _GROW)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = {"tanh": (tanh_bins(),), "relu": relu_bins()}
        return {name: boolean12_plan(name, preset, seeds, measures, gradients=True) for name, measures in bins.items()}
