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
from functools import cache

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.data import task
from infoscope.data.tasks._icosahedron import counts
from infoscope.papers.saxe2018._boolean12 import HIDDEN, LAYERS, SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._bottleneck import bottleneck
from infoscope.papers.saxe2018._parts import (
    information,
)
from infoscope.papers.saxe2018._quoted import BOUND
from infoscope.scanning.plan import NetworkPlan, Preset


@cache
def _label_entropy() -> float:
    return task("boolean12").entropies["label"]


def _both(layer: str) -> tuple[Series, Series]:
    return information("tanh", layer), Series(LABEL_INFORMATION, "tanh", layer)


def _below(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.minimum(x[..., -1], _label_entropy()) - y[..., -1]


def _beside(name: str, criterion: Criterion, x: Rows, y: Rows) -> Finding:
    """The computed curve against the closed form of a label without noise."""
    if not (len(x) and len(y)):
        return Finding(name, criterion, None, note="not computed")
    at, computed = (each.curves()[2][0] for each in (x, y))
    return Finding(name, criterion, float(abs(computed - np.minimum(at, _label_entropy())).max()))


_NEAR = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-curve",
    origin="published",
    quoted=BOUND,
    paper="saxe2018",
    where="Shwartz-Ziv and Tishby 2017",
    sentence="The layers of a converged tanh network lie near the information bottleneck curve.",
    parts=(
        Part(
            "largest distance of the computed curve to min(I(X;T), H(Y))",
            {"": (Series(INPUT_INFORMATION, "bound"), Series(LABEL_INFORMATION, "bound"))},
            Statistic("largest distance of the computed curve to min(I(X;T), H(Y))", _beside, surely=""),
            Criterion("<=", nats(1e-3), "nats"),
        ),
        Part(
            "final I(T;Y) below the curve",
            {layer: _both(layer) for layer in LAYERS},
            of_means("how far the mean curve of {1} ends below min({0}, H(Y))", _below),
            Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1)),
        ),
    ),
    headline="final I(T;Y) below the curve",
    published="converged layers lie very close to the bound (Shwartz-Ziv and Tishby 2017)",
)
_CORNER = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-corner",
    origin="ours",
    paper="saxe2018",
    where="Shwartz-Ziv and Tishby 2017",
    sentence="The hidden layers of a converged tanh network keep little about the input beyond the label.",
    parts=(
        Part(
            "final I(X;T) minus I(T;Y)",
            {layer: _both(layer) for layer in HIDDEN},
            of_means("{} less {} of the mean curves at the end", lambda x, y: x[..., -1] - y[..., -1]),
            Criterion("<=", nats(0.5), "nats", fails_at=nats(1.0)),
        ),
    ),
    published="layers converge to the optimal trade-off (Shwartz-Ziv and Tishby 2017)",
)
_TARGETS = tuple(round(0.05 * i, 2) for i in range(1, 31))  # bits of I(X;T) that the weight asks for


class InformationBottleneckBound(Figure):
    """Converged tanh layers beside the information bottleneck curve of the 12-bit task (T3)

    >>> from infoscope.papers.saxe2018.information_bottleneck_bound import InformationBottleneckBound
    >>> computed = InformationBottleneckBound().plan("laptop")["bound"]
    >>> computed.title, computed.sites, computed.axis
    ('information bottleneck curve of the 12-bit task', ('bound',), 'I(X;T) asked for (bits)')
    """

    title = "Converged layers and the information bottleneck curve"
    where = "Shwartz-Ziv and Tishby 2017"
    seeds = SEEDS
    claims = (
        _NEAR,
        _CORNER,
    )

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
    yield Curve("bound", INPUT_INFORMATION, points[None, :, 0], how)
    yield Curve("bound", LABEL_INFORMATION, points[None, :, 1], how, variable="label")
