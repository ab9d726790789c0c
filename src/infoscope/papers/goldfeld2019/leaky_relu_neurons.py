"""Two noisy leaky-ReLU units in a row: information falls without saturation, as inputs end on the shallow branch.

Paper: a unit that never saturates can compress as well: training moves groups of inputs to where its slope is small, so
that noise can no longer tell them apart. Our sentence is the claim below. The data (x = 1, ..., 8, targets 0 up to 4
and 1/4 above, slope 1/10, noise 0.05) are those of a public reproduction; everything else is recalled from memory or
ours, so this is a re-derivation, no replication.

    infoscope run goldfeld2019/leaky_relu_neurons --preset laptop

Hardware: any. smoke: seconds; laptop and paper: 16 seeds, under a minute. Deviations, as far as known: T1 = R(v X + a)
+ Z1, T2 = R(w T1 + b) + Z2; the mean square error of T2, with the expectation over Z1 by Gauss-Hermite quadrature, so
that descent (rate 0.01) has no chance in it but the start: v, a, w, b uniform on [-1, 1], as torch starts a layer of
one unit. I(X;T1) and I(X;T2) by quadrature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from scipy.stats import binomtest

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.quantity import ACCURACY, INPUT_INFORMATION, Quantity
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019 import _quadrature
from infoscope.papers.goldfeld2019._brackets import curves
from infoscope.scanning.plan import Preset

INPUTS = np.arange(1.0, 9.0)
TARGETS = np.where(INPUTS <= 4, 0.0, 0.25)
SLOPE, NOISE, RATE, NODES = 0.1, 0.05, 0.01, 20
STEPS = {"smoke": 1000, "laptop": 100_000, "paper": 100_000}
_SQUARES = Quantity("loss", "squares", "Loss", "training")
SITES = ("T1", "T2")
RIGHT = 0.99  # of the inputs


def _best_start(name: str, criterion: Criterion, *series: Rows) -> Finding:
    """The greatest fall of either unit, of any start from which all inputs are classified in the end.

    Descent has no chance in it but the start, so that one start has one value and no interval: the note says which it
    is, and how many of those searched do the same.
    """
    one, other, right = (curves(rows) for rows in series)
    if one is None or other is None or right is None:
        return Finding(name, criterion, None, note="not computed")
    falls = np.max([each.max(1) - each[:, -1] for each in (one, other)], axis=0)
    solved = right[:, -1] >= RIGHT
    seeds, searched = np.unique(series[2].column("seed")), len(falls)
    if not solved.any():
        return Finding(name, criterion, None, note=f"from none of {searched} starts are all inputs classified")
    best = int(np.where(solved, falls, -np.inf).argmax())
    found = int((solved & (falls >= criterion.threshold)).sum())
    share = binomtest(found, searched).proportion_ci()
    note = (
        f"the start of seed {seeds[best]}; {found} of {searched} random starts do so, {100 * found / searched:.0f} % "
        f"[{100 * share.low:.0f}, {100 * share.high:.0f}]"
    )
    return Finding(name, criterion, float(falls[best]), None, searched, note)


_COMPRESSES = Claim(
    id="goldfeld2019/leaky_relu_neurons/compresses",
    origin="recalled",
    paper="goldfeld2019",
    where="the two-neuron example",
    sentence="Without saturation I(X;T) of a layer can fall after its peak while the network classifies all inputs.",
    parts=(
        Part(
            "greater fall of the two units, of a start that classifies all inputs",
            {
                "": [
                    *(Series(INPUT_INFORMATION, site=site, words=f"of {site}") for site in SITES),
                    Series(ACCURACY, words="(inputs on the right side of 1/8)"),
                ]
            },
            Statistic(
                "greater of the falls of {} and {} from peak to end, of the start of those searched that falls most, "
                f"with {{}} ≥ {100 * RIGHT:g} % at the end,",
                _best_start,
                surely="",
            ),
            Criterion(">=", 0.2, "nats"),
        ),
    ),
    published="inputs collapse onto the shallow branch (recalled from memory); an example",
    revised="the mean over random starts was asked at first, of an example that shows that it can happen: now one "
    "start decides, and how many of those searched do the same is told",
)


class LeakyReluNeurons(Figure):
    """Two noisy leaky-ReLU units in a row: whether I(X;T) falls without saturation, by quadrature

    >>> from infoscope.papers.goldfeld2019.leaky_relu_neurons import LeakyReluNeurons
    >>> computed = LeakyReluNeurons().plan("laptop")["two_units"]
    >>> computed.title, computed.sites
    ('two leaky-ReLU units, slope 0.1, noise 0.05', ('T1', 'T2'))
    >>> [(part.name, str(part.criterion)) for part in LeakyReluNeurons.claims[0].parts]
    [('greater fall of the two units, of a start that classifies all inputs', '≥ 0.2885 bits')]
    """

    title = "Two noisy leaky-ReLU neurons"
    where = "the two-neuron example"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 16, "paper": 16}
    claims = (_COMPRESSES,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        steps = (0, *np.unique(np.geomspace(1, STEPS[preset], 40).round().astype(int)).tolist())
        return {
            "two_units": Computation(
                title=f"two leaky-ReLU units, slope {SLOPE:g}, noise {NOISE:g}",
                curves=_curves,
                sites=SITES,
                at=tuple(map(float, steps)),
                seeds=seeds,
                trains=True,
            )
        }


def _unit(net: np.ndarray) -> np.ndarray:
    return np.where(net > 0, net, SLOPE * net)


def _slope(net: np.ndarray) -> np.ndarray:
    return np.where(net > 0, 1.0, SLOPE)


def _descent(steps: Sequence[float], seeds: Sequence[int]) -> np.ndarray:
    """v, a, w and b ``[steps, 4, seeds]`` after each number of updates."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    weights = weights / weights.sum() / len(INPUTS)
    here = np.stack([np.random.default_rng([0x1EA, seed]).uniform(-1, 1, 4) for seed in seeds], axis=1)
    found, wanted = [], {int(step) for step in steps}
    for step in range(max(wanted) + 1):
        if step in wanted:
            found.append(here.copy())
        v, a, w, b = here[:, :, None]
        net = v * INPUTS + a
        t = _unit(net)[..., None] + NOISE * nodes  # [seeds, inputs, nodes]
        out = w[..., None] * t + b[..., None]
        error = 2 * weights * (_unit(out) - TARGETS[:, None]) * _slope(out)
        back = (error * w[..., None]).sum(2) * _slope(net)
        slopes = [(back * INPUTS).sum(1), back.sum(1), (error * t).sum((1, 2)), error.sum((1, 2))]
        here = here - RATE * np.array(slopes)
    return np.array(found)


def _second_information(first: np.ndarray, w: float, b: float) -> float:
    """I(X;T2) in nats for outputs ``first [inputs]`` of the first unit without its noise, by quadrature over both
    noises: p(t2 | x) is the mixture over T1 given x of normals around R(w T1 + b)."""
    fine = max(1, round(abs(w)))  # so that neighbouring T1 give T2 closer than the noise
    steps = np.arange(-8.0, 8.0 + 1e-9, 1 / (8 * fine))
    mass = np.exp(-0.5 * steps**2)
    centres = _unit(w * (first[:, None] + NOISE * steps) + b)
    places = _quadrature.grid(centres.min(), centres.max(), NOISE)
    given = np.array([mass / mass.sum() @ _quadrature.densities(each, places, NOISE) for each in centres])
    apart = np.mean([_quadrature.entropy(each, places) for each in given])
    return _quadrature.entropy(given.mean(0), places) - float(apart)


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    first_values, second_values, right, loss = np.empty((4, len(seeds), len(at)))
    for k, parameters in enumerate(_descent(at, seeds)):
        for m, (v, a, w, b) in enumerate(parameters.T):
            first = _unit(v * INPUTS + a)
            out = _unit(w * first + b)
            first_values[m, k] = _quadrature.information(first, NOISE)
            second_values[m, k] = _second_information(first, w, b)
            right[m, k] = np.mean((out > 0.125) == (TARGETS > 0.125))
            loss[m, k] = np.mean((out - TARGETS) ** 2)
    what = "X uniform on 8 inputs, noise in both units, by quadrature"
    for site, values in zip(SITES, (first_values, second_values), strict=True):
        yield Curve(site, INPUT_INFORMATION, values, f"I(X;{site}), {what}", options={"noise": NOISE})
    yield Curve("network", ACCURACY, right, "inputs on the right side of 1/8, without noise")
    yield Curve("network", _SQUARES, loss, "mean square error without noise")
