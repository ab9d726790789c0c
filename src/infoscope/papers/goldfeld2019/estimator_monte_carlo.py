"""The Monte Carlo error of a known mixture's entropy falls as the root of d/N, whatever the noise.

Paper: (the companion, Goldfeld, Greenewald, Weed & Polyanskiy 2018) the error of the Monte Carlo integral against the
number of draws has slope -1/2 in logarithms and hardly depends on dimension and noise. Its bound, 2d(2 + b²)/(b² N) for
the mean square, grows without end as the noise b shrinks; ours, d/N, holds for every mixture
(:func:`infoscope.measure.noise.published_bounds.monte_carlo_mse`) and explains what they saw. Our sentences are the
two claims below.

    infoscope run goldfeld2019/estimator_monte_carlo --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: 1000 centres, d = 5, 10 and 15, noise 0.01 and 0.1, under a minute.
paper: 10 000 centres as published, an hour. Deviations: 1000 centres at laptop; centres are those of the truncated
mixtures of ``estimator_mixtures`` at a spread of 0.3; equally many draws around each. The error is taken against the
mean of all draws, and corrected for their share in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import (
    of_curve,
)
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import Quantity
from infoscope.measure.noise.mixture import Mixture
from infoscope.measure.noise.published_bounds import monte_carlo_mse
from infoscope.papers.goldfeld2019._entropies import ERROR
from infoscope.papers.goldfeld2019._truncated import draw
from infoscope.scanning.plan import Preset

DRAWS = (1, 2, 4, 8, 16, 32)  # around each centre
SPREAD = 0.3  # of the Gaussians: centres that are all apart are the harder case
REPEATS = {"smoke": 8, "laptop": 32, "paper": 32}  # of the most draws; fewer draws are repeated more often
CENTRES = {"smoke": 200, "laptop": 1000, "paper": 10_000}
CASES = tuple((d, noise) for d in (5, 10, 15) for noise in (0.01, 0.1))
_SHARE = Quantity("share", "ratio", "Error over its bound", "error")
_CASES = {f"d{d}_noise_{noise:g}": Series(ERROR, f"d{d}_noise_{noise:g}", member=0) for d, noise in CASES}


def _slope(draws: np.ndarray, errors: np.ndarray) -> float | None:
    return float(np.polyfit(np.log(draws), np.log(errors), 1)[0]) if errors.min() > 0 else None


def _most(_places: np.ndarray, values: np.ndarray) -> float:
    return float(values.max())


_LINE = of_curve(
    "slope of the least-squares line of the logarithm of the root mean square error against that of the draws around "
    "each centre (1 to 32)",
    _slope,
)
_SLOPE = Claim(
    id="goldfeld2019/estimator_monte_carlo/slope",
    origin="published",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="The Monte Carlo error falls as the root of the number of draws.",
    parts=(
        Part("slope", _CASES, _LINE, Criterion(">=", -0.55, "slope")),
        Part("slope from above", _CASES, _LINE, Criterion("<=", -0.45, "slope")),
    ),
    headline="slope",
    published="slope -1/2",
)
_LAW = Claim(
    id="goldfeld2019/estimator_monte_carlo/root-of-d-over-n",
    origin="ours",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="The error never exceeds the root of d/N, at little noise as at much.",
    parts=(
        Part(
            "most of the error over its bound",
            {name: Series(_SHARE, name, member=0) for name in _CASES},
            of_curve("most over draws of the root mean square error over the root of d/N", _most),
            Criterion("<=", 1.0, "ratio"),
        ),
    ),
    published="2d(2 + b²)/(b² N) bounds the mean square (theorem 5); d/N is ours",
)


class EstimatorMonteCarlo(Figure):
    """The Monte Carlo error of a mixture's entropy against the number of draws: slope -1/2, below the root of d/N

    >>> from infoscope.papers.goldfeld2019.estimator_monte_carlo import EstimatorMonteCarlo
    >>> computed = EstimatorMonteCarlo().plan("laptop")["d5_noise_0.1"]
    >>> computed.at, computed.axis
    ((1.0, 2.0, 4.0, 8.0, 16.0, 32.0), 'draws a centre')
    >>> [str(part.criterion) for part in EstimatorMonteCarlo.claims[0].parts]  # of the slope, -1/2 in theory
    ['≥ -0.55 slope', '≤ -0.45 slope']
    """

    title = "The Monte Carlo error"
    where = "the companion's experiments"
    seeds: ClassVar[dict[str, int]] = {"smoke": 1, "laptop": 1, "paper": 1}
    claims = (_SLOPE, _LAW)

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


def _curves(at: Sequence[float], seeds: Sequence[int], d: int, noise: float, n: int, repeats: int) -> Iterator[Curve]:
    found = np.array([_errors(at, seed, d, noise, n, repeats) for seed in seeds])
    bound = np.sqrt([monte_carlo_mse(d, int(n * draws)) for draws in at])
    what = f"Monte Carlo entropy of a mixture of {n} Gaussians, noise {noise:g}"
    options = {"noise": noise}
    yield Curve("mixture", ERROR, found, f"root mean square error of the {what}", n, estimator="noisy", options=options)
    yield Curve(
        "mixture", _SHARE, found / bound, f"that error over the root of d/N, {what}", n, estimator="noisy",
        options=options,
    )  # fmt: skip


def _errors(at: Sequence[float], seed: int, d: int, noise: float, n: int, repeats: int) -> np.ndarray:
    """Root mean square errors ``[draws]`` over disjoint groups of one large set of draws."""
    generator = np.random.default_rng([0x3C, seed])
    mixture, total = Mixture(draw(n, generator, d, SPREAD), noise), int(max(at)) * repeats
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
