"""T3: the layers of a converged tanh network beside the information bottleneck curve of the 12-bit task.

Paper: Shwartz-Ziv and Tishby (2017) find converged layers near the information bottleneck bound: their points lie on
the curve of the task, and each layer's own encoder p(t|x) is near the bottleneck's encoder for the layer's decoder, at
the beta that fits best (their equation 12). Our sentences are the four claims below: near the curve, near the
bottleneck's encoders, and two of ours.

    infoscope run saxe2018/information_bottleneck_bound --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 2 minutes; paper:
275 recorded epochs, about 4. The measured network is that of saxe2018/tanh, and is taken over from its run where that
lies in the same --out folder; for the soft label the same networks are trained once more.

The label depends on the pattern through 64 classes (active corners, neighbouring pairs, opposite pairs). The original
work's label is soft, y = 1 with the probability of a steep sigmoid, which makes I(X;Y) about 0.99 bits; the released
one has no noise. With the soft label the curve has a corner and every point of it is reached by one beta: both
published claims are judged with it, p(t, y) being summed over the patterns. The networks are trained on the released
label. Without noise the curve is min(I(X;T), H(Y)), and its Lagrangian finds its ends only (Kolchinsky et al. 2019).

What the comparison means. Any layer that still determines the label lies on the flat part of the curve, be it a copy of
the input, as the first layers are (12 bits); so nearness to the curve is asked of the last three layers, which have
lost something. A layer's distance to the bottleneck's encoder is mean KL in nats at the best beta: the least is 0, the
most, at beta 0, is I(X;T). That at most half of I(X;T) may be left is ours; the paper gives the betas and no size. How
far a layer is from the corner depends on its bins, as every binned I(X;T) does.

Deviations: those of figure 1A, and the slope and threshold of the sigmoid, which are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import torch

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import (
    of_means,
)
from infoscope.claim.statistics import last
from infoscope.core.claim import NOTHING, Claim, Criterion, Finding
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION, Quantity
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.data import task
from infoscope.data.tasks._icosahedron import counts
from infoscope.papers.saxe2018._boolean12 import EPOCHS, HIDDEN, LAYERS, SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._bottleneck import bottleneck
from infoscope.papers.saxe2018._parts import (
    information,
)
from infoscope.papers.saxe2018._quoted import BOUND
from infoscope.papers.saxe2018._soft_label import below_the_curve, fit
from infoscope.scanning.plan import NetworkPlan, Preset
from infoscope.train.ensemble import Ensemble
from infoscope.train.training import train


@cache
def _label_entropy() -> float:
    return task("boolean12").entropies["label"]


def _both(layer: str) -> tuple[Series, Series]:
    return information("tanh", layer), Series(LABEL_INFORMATION, "tanh", layer)


def _beside(name: str, criterion: Criterion, x: Rows, y: Rows) -> Finding:
    """The computed curve against the closed form of a label without noise."""
    if not (len(x) and len(y)):
        return Finding(name, criterion, None, note="not computed")
    at, computed = (each.curves()[2][0] for each in (x, y))
    return Finding(name, criterion, float(abs(computed - np.minimum(at, _label_entropy())).max()))


_BELOW = Quantity("below the curve", "nats", "Distance below the bottleneck curve", "other")
_LEFT = Quantity("encoder divergence", "nats", "Divergence from the bottleneck's encoder", "other")
_BETA = Quantity("beta", "ratio", "Beta of the bottleneck's encoder that fits best", "other")
_LATE = ("hidden4", "hidden5", "output")  # what has lost something about the input


def _left(divergence: np.ndarray, about_x: np.ndarray) -> np.ndarray:
    return last(divergence) / np.maximum(last(about_x), 1e-9)


_NEAR = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-curve",
    origin="published",
    quoted=BOUND,
    paper="saxe2018",
    where="figure 6 of Shwartz-Ziv and Tishby 2017",
    sentence="The late layers of a converged tanh network lie near the information bottleneck curve of the soft label.",
    parts=(
        Part(
            "final I(T;Y) below the curve",
            {layer: Series(_BELOW, "soft", layer, options="{}") for layer in _LATE},
            of_means("distance of the layer's end below the curve at its own I(X;T)", last),
            Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1)),
        ),
    ),
    published="converged layers lie very close to the bound (50 networks)",
    revised="judged first with the label without noise, whose curve is min(I(X;T), H(Y)), and of all layers, of which "
    "those with 12 bits cannot miss it",
)
_ENCODERS = Claim(
    id="saxe2018/information_bottleneck_bound/near-the-encoders",
    origin="published",
    quoted=BOUND,
    paper="saxe2018",
    where="figure 6 and equation 12 of Shwartz-Ziv and Tishby 2017",
    sentence="The late layers of a converged tanh network encode about as the bottleneck does at its best beta.",
    parts=(
        Part(
            "divergence from the bottleneck's encoder over I(X;T)",
            {layer: (Series(_LEFT, "soft", layer), Series(INPUT_INFORMATION, "soft", layer)) for layer in _LATE},
            of_means(
                "mean KL of the layer's encoder to the bottleneck's at the best beta, at the end, over {1}", _left
            ),
            Criterion("<=", 0.5, "ratio"),
        ),
    ),
    published="a beta for each layer, with its standard error over 50 networks; no size of what is left",
)
_LAW = Claim(
    id="saxe2018/information_bottleneck_bound/curve-without-noise",
    origin="ours",
    paper="saxe2018",
    where="a law",
    sentence="The curve of the label without noise, computed by the self-consistent equations, is min(I(X;T), H(Y)).",
    parts=(
        Part(
            "largest distance of the computed curve to min(I(X;T), H(Y))",
            {"": (Series(INPUT_INFORMATION, "bound"), Series(LABEL_INFORMATION, "bound"))},
            Statistic("largest distance of the computed curve to min(I(X;T), H(Y))", _beside, surely=""),
            Criterion("<=", nats(1e-3), "nats"),
        ),
    ),
    published="Kolchinsky, Tracey and Van Kuyk 2019",
    presupposes=NOTHING,
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
_AT = (1, 3, 10, 30, 100, 300, 1000, 3000)
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
    claims = (_NEAR, _ENCODERS, _CORNER, _LAW)

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
        epochs = EPOCHS[preset]
        soft = Computation(
            title="the same networks beside the soft label",
            curves=_soft_curves,
            sites=LAYERS,
            at=tuple(sorted({0, *(epoch for epoch in _AT if epoch < epochs), epochs})),
            seeds=seeds,
            task="boolean12",
            trains=True,
        )
        return {"bound": curve, "soft": soft}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        said: list[str] = []
        for layer in LAYERS:
            found = [
                rows.filter(network="soft", site=layer, quantity=each) for each in (INPUT_INFORMATION, _LEFT, _BETA)
            ]
            if all(len(each) for each in found):
                about, left, beta = (each.curves()[2][:, -1] for each in found)
                said.append(f"{layer} {left.mean():.2f} of {about.mean():.2f}, beta {np.median(beta):.3g}")
        told = f"mean KL left of I(X;T) in nats, and the median of the betas that fit best: {', '.join(said)}"
        return {"near-the-encoders": (told,)} if said else {}


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


def _soft_curves(at: Sequence[int], seeds: Sequence[int]) -> Iterator[Curve]:
    """Each layer's binned encoder at the epochs ``at`` beside the soft label, for networks of figure 1A."""
    plan = boolean12_plan("tanh", "paper", tuple(seeds), ())
    loaded = task("boolean12")
    rows = np.stack([loaded.resplit(seed, plan.recipe.train_fraction).train for seed in seeds])
    ensemble = Ensemble(
        plan.network, plan.recipe, loaded.inputs, loaded.variables["label"].astype(np.int32), rows, plan.seeds
    )
    found = np.empty((len(LAYERS), 5, len(seeds), len(at)))
    inputs = torch.tensor(loaded.inputs)
    for place, state in enumerate(train(ensemble, at)):
        with torch.no_grad():
            layers = plan.network.representations(state.parameters, inputs)
        for layer, name in enumerate(LAYERS):
            for member, t in enumerate(layers[name].double().numpy()):
                fitted = fit(_codes(t))
                below = below_the_curve(fitted.about_x, fitted.about_y)
                found[layer, :, member, place] = (*fitted, below)
    how = "of 30 bins on [-1, 1], uniform over the 4096 patterns, the soft label"
    for name, (about_x, about_y, left, beta, below) in zip(LAYERS, found, strict=True):
        yield Curve(name, INPUT_INFORMATION, about_x, f"I(X;T) {how}", len(inputs), estimator="binned")
        yield Curve(name, LABEL_INFORMATION, about_y, f"I(T;Y) {how}", len(inputs), "label", estimator="binned")
        yield Curve(
            name, _LEFT, left, f"mean KL of the encoder to the bottleneck's at the best beta, {how}", len(inputs)
        )
        yield Curve(name, _BETA, beta, f"the beta that makes that least, {how}", len(inputs))
        yield Curve(name, _BELOW, below, f"the curve at I(X;T) less I(T;Y), {how}", len(inputs))


def _codes(t: np.ndarray) -> np.ndarray:
    """One whole number a row for the bins of ``t [n, d]``: 30 of each unit on [-1, 1]."""
    bins = np.clip(np.floor((t + 1) * 15), 0, 29).astype(np.int64)
    return np.unique(bins, axis=0, return_inverse=True)[1].reshape(-1)
