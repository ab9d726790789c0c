"""T3: the layers of a converged tanh network beside the information bottleneck curve of the 12-bit task.

Paper: Shwartz-Ziv and Tishby (2017) find converged layers near the information bottleneck bound, that is, close to the
least information about the input that what they say about the label needs. Our sentences are the two claims below: near
the curve, and near its corner.

    infoscope run saxe2018/information_bottleneck_bound --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 2 minutes; paper:
275 recorded epochs, about 5. The network is that of saxe2018/tanh, and is taken over from its run where that lies in
the same --out folder.

The label depends on the pattern through 64 classes (active corners, neighbouring pairs, opposite pairs). The curve is
computed on their joint with the label by the self-consistent equations, and judged against the closed form below.

What the comparison means. Here the label is a function of the input, so the curve is known: I(T;Y) = min(I(X;T), H(Y)).
Points of a binned layer cannot lie above it: binned T is a function of X, so I(X;T) is H(T), which bounds I(T;Y). Being
near it says much only below H(Y): any layer that still determines the label lies on the flat part, be it a copy of the
input, as the first layers are (12 bits). To lie near the bound in the theory's sense is to lie near the corner, where
T says nothing but the label; and how far a layer is from there depends on its bins, as every binned I(X;T) does.

Deviations: those of figure 1A. The original work used a label that is noisy by a steep sigmoid (I(X;Y) about 0.99
bits); the released labels have no noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.data import task
from infoscope.data.tasks._icosahedron import counts
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._bottleneck import bottleneck
from infoscope.papers.saxe2018._findings import information
from infoscope.scanning.plan import NetworkPlan, Preset

_NEAR = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-curve",
    paper="saxe2018",
    where="Shwartz-Ziv and Tishby 2017",
    sentence="The layers of a converged tanh network lie near the information bottleneck curve.",
    rule="at the last epoch I(T;Y) of the mean curve ≤ 0.05 bits below min(I(X;T), H(Y)) in all six layers (shown "
    "wrong at ≥ 0.1 bits), with the whole 95 % interval over seeds; the curve by the self-consistent equations is "
    "within 0.001 bits of that closed form",
    published="converged layers lie very close to the bound (Shwartz-Ziv and Tishby 2017)",
)
_CORNER = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-corner",
    paper="saxe2018",
    where="Shwartz-Ziv and Tishby 2017",
    sentence="The hidden layers of a converged tanh network keep little about the input beyond the label.",
    rule="at the last epoch I(X;T) minus I(T;Y) of the mean curves ≤ 0.5 bits in every hidden layer (shown wrong at "
    "≥ 1 bit), with the whole 95 % interval over seeds",
    published="layers converge to the optimal trade-off (Shwartz-Ziv and Tishby 2017)",
)
_CLOSE = Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1))
_MINIMAL = Criterion("<=", nats(0.5), "nats", fails_at=nats(1.0))
_SAME = Criterion("<=", nats(1e-3), "nats")
_TARGETS = tuple(round(0.05 * i, 2) for i in range(1, 31))  # bits of I(X;T) that the weight asks for


class InformationBottleneckBound(Figure):
    """Converged tanh layers beside the information bottleneck curve of the 12-bit task (T3)"""

    title = "Converged layers and the information bottleneck curve"
    where = "Shwartz-Ziv and Tishby 2017"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),))}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        curve = Computation(
            title="information bottleneck curve of the 12-bit task",
            curves=_curves,
            sites=("bound",),
            at=_TARGETS,
            axis="I(X;T) asked for (bits)",
            task="boolean12",
        )
        return {"bound": curve}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        near = [_same(rows)]
        corner = []
        label_entropy = task("boolean12").entropies["label"]
        for layer in LAYERS:
            x = information(rows, "tanh", layer)
            y = rows.filter(network="tanh", site=layer, quantity="I(T;Y)")
            below = finding(
                f"final I(T;Y) below the curve, {layer}",
                _CLOSE,
                lambda x, y: np.minimum(x[..., -1], label_entropy) - y[..., -1],
                x,
                y,
            )
            near.append(below)
            if layer in HIDDEN:
                name = f"final I(X;T) minus I(T;Y), {layer}"
                corner.append(finding(name, _MINIMAL, lambda x, y: x[..., -1] - y[..., -1], x, y))
        return [Judged(_NEAR, tuple(near)), Judged(_CORNER, tuple(corner))]


def _same(rows: Rows) -> Finding:
    """The computed curve against the closed form of a label without noise."""
    name = "largest distance of the computed curve to min(I(X;T), H(Y))"
    curve = rows.filter(network="bound")
    if not len(curve):
        return Finding(name, _SAME, None, note="not computed")
    x, y = (curve.filter(quantity=quantity).curves()[2][0] for quantity in ("I(X;T)", "I(T;Y)"))
    return Finding(name, _SAME, float(abs(y - np.minimum(x, task("boolean12").entropies["label"])).max()))


def _class_joint() -> np.ndarray:
    """p(class, label) ``[64, 2]`` of the 12-bit task, a class being what the label depends on."""
    loaded = task("boolean12")
    which = np.stack(counts(loaded.inputs.astype(int)), 1)
    _, places = np.unique(which, axis=0, return_inverse=True)
    joint = np.zeros((places.max() + 1, 2))
    np.add.at(joint, (places.reshape(-1), loaded.variables["label"]), 1 / len(loaded.inputs))
    return joint


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    joint = _class_joint()
    points = np.array([bottleneck(joint, 1 / (2 * nats(target))) for target in at])
    how = f"of the best T for the joint of {len(joint)} classes and the label, by the self-consistent equations"
    yield Curve("bound", "I(X;T)", points[None, :, 0], how)
    yield Curve("bound", "I(T;Y)", points[None, :, 1], how, variable="label")
