"""E3, figures 1C-D, 9 and 10: tanh and ReLU networks on MNIST, I(X;T) by kernel density.

Paper: on MNIST too ReLU hidden layers do not compress; the gradient's signal-to-noise ratio falls and the weights
grow in both networks. (On tanh its caption and its text disagree, so tanh is reported without a pass mark.) Our
sentences are the claims below.

    infoscope run saxe2018/mnist --preset laptop

784-1024-20-20-20-10, Glorot uniform, SGD at 0.001, batch 128, pixels in [0, 1], noise variance 0.1. Hardware: 2 CPU
cores for smoke (seconds) and laptop (minutes); paper (10 000 epochs, 60 000 rows, 10 000 test images) is for a GPU.

Deviations: several seeds in place of one run. At laptop 300 epochs on the first 4000 training rows, measured on the
first 2000 test images: 9600 updates of the paper's 4.7 million. Signal-to-noise is over minibatches at frozen weights,
where the released code lets them move.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import epochs_of, finding
from infoscope.core.claim import NOTHING, Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._findings import COMPRESS, FLAT, drop_finding, norm_finding
from infoscope.papers.saxe2018._layers import in_words
from infoscope.papers.saxe2018._mnist import mnist_plan
from infoscope.scanning.plan import NetworkPlan, Preset

_HIDDEN = ("hidden1", "hidden2", "hidden3", "hidden4")
_LAYERS = (*_HIDDEN, "output")
_WIDTHS = (784, 1024, 20, 20, 20, 10)
_RELU_FLAT = Claim(
    id="saxe2018/mnist/relu-no-compression",
    paper="saxe2018",
    where="figures 1D and 10",
    sentence="On MNIST no hidden ReLU layer compresses, by the KDE upper bound with noise variance 0.1.",
    rule="drop after the peak of the mean curve ≤ 0.3 bits in all four hidden layers (shown wrong at ≥ 0.5 bits); each "
    "with its whole 95 % interval over seeds",
    published="no compression in hidden ReLU layers (one network)",
)
_SNR_FALLS = Claim(
    id="saxe2018/mnist/snr-falls",
    paper="saxe2018",
    where="figures 9 and 10, bottom row",
    sentence="The gradient's signal-to-noise ratio falls in both networks, whether they compress or not.",
    rule="final ratio ≤ 0.3 of the ratio after epoch 1, in every layer of both networks; each with its whole 95 % "
    "interval over seeds",
    published="both networks go from high to low signal-to-noise (one network each)",
)
_NORMS_GROW = Claim(
    id="saxe2018/mnist/norms-grow",
    paper="saxe2018",
    where="figures 9 and 10",
    sentence="The weights of every layer grow over training in both networks.",
    rule="final minus initial Frobenius norm ≥ 0 in every layer of both networks; each with its whole 95 % interval "
    "over seeds",
    published="weight norms increase in every layer (one network each)",
)
_BOUNDS_ORDERED = Claim(
    id="saxe2018/mnist/bounds",
    paper="saxe2018",
    where="figures 9 and 10, second row",
    sentence="The KDE bounds keep their order and stay below H(X).",
    rule="lower bound ≤ upper bound ≤ H(X) + 0.001 nats at every layer, step and member (float32 rounding allowed for)",
    published="the band lies below the line H(X)",
    presupposes=NOTHING,
)
_SNR_RATIO = Criterion("<=", 0.3, "ratio")
_ORDERED = Criterion("<=", 1e-3, "nats")


class MnistPlane(Figure):
    """Tanh and ReLU networks on MNIST, KDE: compression, gradient signal-to-noise, weight norms (E3)"""

    title = "Tanh and ReLU on MNIST, KDE"
    where = "figures 1C-D, 9, 10"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 4, "paper": 1}

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {name: mnist_plan(_WIDTHS, name, preset, seeds, gradients=True) for name in ("tanh", "relu")}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        kde = rows.filter(estimator="kde", quantity="I(X;T)")
        flat = tuple(drop_finding(kde, "relu", layer, FLAT) for layer in _HIDDEN)
        snr, norms = [], []
        for network in ("tanh", "relu"):
            for layer in _LAYERS:
                ratio = rows.filter(network=network, site=layer, quantity="gradient_snr")
                snr.append(_snr_finding(f"{network} {layer}", ratio))
                norms.append(norm_finding(rows, network, layer))
        return [
            Judged(_RELU_FLAT, flat, _tanh_notes(kde), _controls(kde)),
            Judged(_SNR_FALLS, tuple(snr)),
            Judged(_NORMS_GROW, tuple(norms)),
            Judged(_BOUNDS_ORDERED, _bound_findings(kde)),
        ]


def _snr_finding(name: str, rows: Rows) -> Finding:
    """The last ratio over that after epoch 1."""
    first = int(np.searchsorted(epochs_of(rows), 1.0))
    return finding(f"final over first signal-to-noise, {name}", _SNR_RATIO, lambda c: c[..., -1] / c[..., first], rows)


def _tanh_notes(rows: Rows) -> tuple[str, ...]:
    """Tanh's drops in words: the paper's caption and text disagree on what they should be."""
    said = in_words([drop_finding(rows, "tanh", layer, FLAT) for layer in _HIDDEN])
    return tuple(f"for comparison and without a pass mark: {text}" for text in said)


def _controls(kde: Rows) -> tuple[Finding, ...]:
    """What the paper shows to compress beside the hidden ReLU layers: those of tanh, and the outputs."""
    places = [*(("tanh", layer) for layer in _LAYERS), ("relu", "output")]
    return tuple(drop_finding(kde, network, layer, COMPRESS) for network, layer in places)


def _bound_findings(kde: Rows) -> tuple[Finding, ...]:
    if not len(kde):
        return (Finding("lower minus upper bound", _ORDERED, None, note="not measured"),)
    low, high = kde.column("low"), kde.column("high")
    above = high - np.log(kde.column("n"))
    return (
        Finding("largest lower minus upper bound", _ORDERED, float(np.nanmax(low - high))),
        Finding("largest upper bound minus H(X)", _ORDERED, float(np.nanmax(above))),
    )
