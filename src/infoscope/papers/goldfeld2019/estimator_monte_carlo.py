"""The Monte Carlo error of a known mixture's entropy falls as the root of d/N, whatever the noise.

Paper: (the companion, Goldfeld, Greenewald, Weed & Polyanskiy 2018) the error of the Monte Carlo integral against the
number of draws has slope -1/2 in logarithms and hardly depends on dimension and noise. Its bound, 2d(2 + b²)/(b² N) for
the mean square, grows without end as the noise b shrinks; ours, d/N, holds for every mixture
(:func:`infoscope.measure.noise.published_bounds.monte_carlo_mse`) and explains what they saw. Our sentences are the
two claims below.

    infoscope run goldfeld2019/estimator_monte_carlo --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 1000 centres, d = 5, 10 and 15, noise 0.01 and 0.1, a minute. paper: 10
000 centres as published, an hour. Deviations: 1000 centres at laptop; centres are those of the truncated mixtures of
``estimator_mixtures``; equally many draws around each. The error is taken against the mean of all draws, and corrected
for their share in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.measure.noise.mixture import Mixture
from infoscope.measure.noise.published_bounds import monte_carlo_mse
from infoscope.papers.goldfeld2019._truncated import draw
from infoscope.papers.saxe2018._exact import exact_finding
from infoscope.scanning.plan import Preset

DRAWS = (1, 2, 4, 8, 16, 32)  # around each centre
REPEATS = {"smoke": 8, "laptop": 32, "paper": 32}  # of the most draws; fewer draws are repeated more often
CENTRES = {"smoke": 200, "laptop": 1000, "paper": 10_000}
CASES = tuple((d, noise) for d in (5, 10, 15) for noise in (0.01, 0.1))
_STEEP = Criterion(">=", -0.55, "slope")
_FLAT = Criterion("<=", -0.45, "slope")
_BOUND = Criterion("<=", 1.0, "ratio")

_SLOPE = Claim(
    id="goldfeld2019/estimator_monte_carlo/slope",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="The Monte Carlo error falls as the root of the number of draws.",
    rule="every dimension and noise: slope of the least-squares line of the logarithm of the root mean square error "
    "against that of the draws around each centre (1 to 32) within [-0.55, -0.45]",
    published="slope -1/2",
)
_LAW = Claim(
    id="goldfeld2019/estimator_monte_carlo/root-of-d-over-n",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="The error never exceeds the root of d/N, at little noise as at much.",
    rule="every dimension and noise: the most over draws of the root mean square error over the root of d/N ≤ 1",
    published="2d(2 + b²)/(b² N) bounds the mean square (theorem 5); d/N is ours",
)


class EstimatorMonteCarlo(Figure):
    """The Monte Carlo error of a mixture's entropy against the number of draws: slope -1/2, below the root of d/N"""

    title = "The Monte Carlo error"
    where = "the companion's experiments"
    seeds: ClassVar[dict[str, int]] = {"smoke": 1, "laptop": 1, "paper": 1}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            f"d{d}_noise_{noise:g}": Computation(
                title=f"{d} dimensions, noise {noise:g}",
                curves=_curves,
                sites=("mixture",),
                at=tuple(map(float, DRAWS)),
                axis="draws a centre",
                seeds=seeds,
                arguments={"d": d, "noise": noise, "n": CENTRES[preset], "repeats": REPEATS[preset]},
            )
            for d, noise in CASES
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        slopes, bounds = [], []
        for d, noise in CASES:
            network = f"d{d}_noise_{noise:g}"
            first = rows.filter(network=network, member=0)
            error = first.filter(quantity="error")
            slopes += [exact_finding(f"slope, {network}", side, _slope, error) for side in (_STEEP, _FLAT)]
            of_bound = first.filter(quantity="share")
            bounds.append(exact_finding(f"most of the error over its bound, {network}", _BOUND, _most, of_bound))
        return [Judged(_SLOPE, tuple(slopes)), Judged(_LAW, tuple(bounds))]


def _curves(at: Sequence[float], seeds: Sequence[int], d: int, noise: float, n: int, repeats: int) -> Iterator[Curve]:
    found = np.array([_errors(at, seed, d, noise, n, repeats) for seed in seeds])
    bound = np.sqrt([monte_carlo_mse(d, int(n * draws)) for draws in at])
    what = f"Monte Carlo entropy of a mixture of {n} Gaussians, noise {noise:g}"
    options = {"noise": noise}
    yield Curve(
        "mixture", "error", found, f"root mean square error of the {what}", n, estimator="noisy", options=options
    )
    yield Curve(
        "mixture", "share", found / bound, f"that error over the root of d/N, {what}", n, "ratio", estimator="noisy",
        options=options,
    )  # fmt: skip


def _errors(at: Sequence[float], seed: int, d: int, noise: float, n: int, repeats: int) -> np.ndarray:
    """Root mean square errors ``[draws]`` over disjoint groups of one large set of draws."""
    generator = np.random.default_rng([0x3C, seed])
    mixture, total = Mixture(draw(n, generator, d), noise), int(max(at)) * repeats
    means = np.empty(total)  # of -log g over the centres, up to a constant, for each round of draws
    for j in range(total):
        z = generator.standard_normal((1, n, d))
        rest = mixture.around(np.arange(n), noise * z).others[0]
        means[j] = (0.5 * (z[0] ** 2).sum(axis=1) - np.logaddexp(0, rest)).mean()
    means -= means.mean()
    found = []
    for draws in map(int, at):
        square = (means[: total // draws * draws].reshape(-1, draws).mean(axis=1) ** 2).mean()
        found.append(np.sqrt(square / (1 - draws / total)))
    return np.array(found)


def _slope(draws: np.ndarray, errors: np.ndarray) -> float | None:
    return float(np.polyfit(np.log(draws), np.log(errors), 1)[0]) if errors.min() > 0 else None


def _most(_places: np.ndarray, values: np.ndarray) -> float:
    return float(values.max())
