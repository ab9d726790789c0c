"""E13, figure 20: signal-to-noise ratio of the gradient, and weight norms, on the 12-bit task.

Paper: the gradient goes from a high to a low signal-to-noise ratio in tanh and ReLU networks alike, so that
transition is not what makes a network compress; weights grow in both. Our sentences are the two claims below.

    infoscope run saxe2018/gradient_noise --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 50 seeds, about 6 minutes; paper: 275 recorded epochs, about 12. The
networks are those of figures 1A and 1B, and are taken over from those runs where they lie in the same --out folder.

Deviations: those of figure 1A. The ratio is over minibatches of 256 at frozen weights, |mean| / |sd| in the
Frobenius norm, where the paper says over training samples and the released code lets the weights move. A layer whose
gradient is exactly zero (dead ReLU units) has no ratio; members with one are left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import epochs_of
from infoscope.claim.peaks import Means, at_step
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import LAYERS, SEEDS, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._findings import norm_finding
from infoscope.papers.saxe2018._peaks import held_out_finding
from infoscope.scanning.plan import NetworkPlan, Preset

_FALLS = Claim(
    id="saxe2018/gradient_noise/falls",
    paper="saxe2018",
    where="figure 20",
    sentence="The gradient's signal-to-noise ratio falls in every layer, in networks that compress and that do not.",
    rule="median ratio from epoch 100 on over the largest until epoch 30 ≤ 0.5 in every layer of both networks; each "
    "with its whole 95 % interval over seeds",
    published="a transition from high to low signal-to-noise in tanh and ReLU networks (figure 20)",
)
_GROW = Claim(
    id="saxe2018/gradient_noise/norms-grow",
    paper="saxe2018",
    where="figure 20",
    sentence="The weights of every layer grow over training in both networks.",
    rule="final minus initial Frobenius norm ≥ 0 in every layer of both networks; each with its whole 95 % interval "
    "over seeds",
    published="weight norms increase over training",
)
_HALVED = Criterion("<=", 0.5, "ratio")


def _late_over_early(epochs: np.ndarray) -> Callable[[Means, Means], np.ndarray]:
    """The median from epoch 100 on (or of the last point, in a shorter run) over the largest until epoch 30."""
    late = epochs >= min(100.0, epochs[-1]) if len(epochs) else epochs
    early = epochs <= 30

    def ratio(choosing: Means, measured: Means) -> np.ndarray:
        largest = at_step(measured[0][:, early], choosing[0][:, early].argmax(-1))
        return np.median(measured[0][:, late], axis=-1) / largest

    return ratio


class GradientNoise(Figure):
    """Gradient signal-to-noise ratio and weight norms on the 12-bit task, tanh and ReLU (E13)"""

    title = "Gradient signal-to-noise on the 12-bit task"
    where = "figure 20"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = {"tanh": (tanh_bins(),), "relu": relu_bins()}
        return {name: boolean12_plan(name, preset, seeds, measures, gradients=True) for name, measures in bins.items()}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        falls, grow = [], []
        for network in ("tanh", "relu"):
            for layer in LAYERS:
                ratio = rows.filter(network=network, site=layer, quantity="gradient_snr")
                statistic = _late_over_early(epochs_of(ratio))
                name = f"late over early signal-to-noise, {network} {layer}"
                falls.append(held_out_finding(name, _HALVED, statistic, ratio))
                grow.append(norm_finding(rows, network, layer))
        return [Judged(_FALLS, tuple(falls)), Judged(_GROW, tuple(grow))]
