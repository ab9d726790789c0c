"""The estimator against others on truncated Gaussian mixtures: h(S+Z) from n samples, with the truth by quadrature.

Paper: (the companion, Goldfeld, Greenewald, Weed & Polyanskiy 2018) S is a mixture of 2^d Gaussians around the corners
of [-1, 1]^d, cut off outside; the plug-in that knows the noise beats estimates from noisy samples (nearest neighbours;
KDE, which hangs on its bandwidth) and nears the truth from below. Our sentences are the four claims below.

    infoscope run goldfeld2019/estimator_mixtures --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: d = 5 and 10, three noises, three spreads, n up to 4000, 10 seeds, about
a minute. paper: also d = 15, and n up to 16 000.

The coordinates of such a mixture are independent, so the truth is d times an integral over one number. Deviations: the
spread of each Gaussian is 0.02 as we remember it, and the published comparison with neighbours is judged there. It
hangs on it: at d = 10 and noise 0.1 a spread of 0.3 leaves 4000 samples far apart, where the plug-in can only count
them; so 0.1 and 0.3 stand beside it, and whether the comparison holds at every spread is a question of ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Statistic
from infoscope.core.claim import Claim, Criterion, Finding, Origin
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019._entropies import BANDWIDTHS, against_the_truth, errors
from infoscope.papers.goldfeld2019._errors import closer_than, error, errors_of, from_below
from infoscope.papers.goldfeld2019._truncated import draw, entropy_of_one
from infoscope.scanning.plan import Preset

CASES = tuple((d, noise) for d in (5, 10) for noise in (0.01, 0.1, 0.5))
WIDE = ((15, 0.1), (15, 0.2))  # at paper
SPREAD = 0.02  # of each Gaussian in each dimension
SPREADS = (SPREAD, 0.1, 0.3)
#: Where the spread is varied.
_VARIED = ((10, 0.1), (10, 0.5))


_WHERE = "the companion's experiments"


def _name(d: int, noise: float, spread: float = SPREAD) -> str:
    return f"d{d}_noise_{noise:g}_spread_{spread:g}"


def _claim(name: str, origin: Origin, sentence: str, part: Part, published: str, revised: str = "") -> Claim:
    return Claim(
        f"goldfeld2019/estimator_mixtures/{name}", "goldfeld2019", _WHERE, sentence, (part,), origin, published,
        revised=revised,
    )  # fmt: skip


def _apart(name: str, criterion: Criterion, *series: Rows) -> Finding:
    found = [errors_of(rows) for rows in series]
    ends = [float(each[1][:, -1].mean()) for each in found if each is not None]
    if len(ends) < len(BANDWIDTHS):
        return Finding(name, criterion, None, note="not computed")
    note = f"mean errors {', '.join(f'{end:.3g}' for end in ends)} nats"
    return Finding(name, criterion, max(ends) - min(ends), None, len(found[0][1]) if found[0] else 0, note)


_NEAR = _name(10, 0.1)


def _below(cases: Sequence[tuple[int, float]]) -> Claim:
    return _claim(
        "from-below",
        "published",
        "Sample propagation nears the truth from below.",
        from_below(_name(*case) for case in cases),
        "a theorem (concavity of entropy)",
    )


_CLOSER = _claim(
    "closer-than-neighbours",
    "published",
    "From 1000 samples on it is closer to the truth than nearest neighbours.",
    closer_than([_NEAR], "neighbours", least=1000),
    "the plug-in beats neighbours and KDE",
    "judged first at a spread of 0.3, which was ours and decided it; now at the 0.02 that we remember",
)
_AT_EVERY_SPREAD = _claim(
    "closer-whatever-the-spread",
    "ours",
    "From 1000 samples on it is closer to the truth than nearest neighbours however wide the Gaussians are.",
    closer_than([_name(*case, spread) for case in _VARIED for spread in SPREADS], "neighbours", least=1000),
    "not reported; at one spread the plug-in beats neighbours",
    "added after the comparison had been seen to turn at a spread of 0.3",
)
_SENSITIVE = _claim(
    "kde-hangs-on-its-bandwidth",
    "published",
    "What KDE says of the entropy hangs on its bandwidth.",
    Part(
        "spread of KDE over its bandwidths",
        {_NEAR: [error(_NEAR, f"KDE, {factor:g} × Silverman") for factor in BANDWIDTHS]},
        Statistic(
            "how far apart the mean estimates at 0.5, 1 and 2 times Silverman's bandwidth are from the most samples",
            _apart,
            surely="",
        ),
        Criterion(">=", 0.5, "nats"),
    ),
    "sensitive to the bandwidth (the threshold is ours)",
)


class EstimatorMixtures(Figure):
    """Sample propagation against neighbours and KDE on truncated Gaussian mixtures with a known entropy

    >>> from infoscope.papers.goldfeld2019.estimator_mixtures import EstimatorMixtures
    >>> computed = EstimatorMixtures().plan("laptop")
    >>> list(computed)
    ['d5_noise_0.01_spread_0.02', 'd5_noise_0.1_spread_0.02', 'd5_noise_0.5_spread_0.02',
    'd10_noise_0.01_spread_0.02', 'd10_noise_0.1_spread_0.02', 'd10_noise_0.5_spread_0.02',
    'd10_noise_0.1_spread_0.1', 'd10_noise_0.1_spread_0.3', 'd10_noise_0.5_spread_0.1', 'd10_noise_0.5_spread_0.3']
    >>> computed["d5_noise_0.1_spread_0.02"].sites  # who estimates
    ('sample propagation', 'neighbours', 'KDE, 0.5 × Silverman', 'KDE, 1 × Silverman', 'KDE, 2 × Silverman')
    >>> computed["d5_noise_0.1_spread_0.02"].at, computed["d5_noise_0.1_spread_0.02"].axis
    ((500.0, 1000.0, 2000.0, 4000.0), 'samples')
    """

    title = "The estimator on truncated Gaussian mixtures"
    where = "the companion's experiments"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 10, "paper": 20}
    claims = (_below(CASES), _CLOSER, _AT_EVERY_SPREAD, _SENSITIVE)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        cases = [(*case, SPREAD) for case in (*CASES, *(WIDE if preset == "paper" else ()))]
        cases += [(*case, spread) for case in _VARIED for spread in SPREADS[1:]]
        return {
            _name(d, noise, spread): against_the_truth(
                f"{d} dimensions, noise {noise:g}, spread {spread:g}", _curves, preset, seeds,
                d=d, noise=noise, spread=spread,
            )
            for d, noise, spread in cases
        }  # fmt: skip

    def asked(self, rows: Rows) -> Sequence[Claim]:
        wide = [case for case in WIDE if _name(*case) in rows.unique("network")]
        return (_below([*CASES, *wide]), *self.claims[1:])


def _curves(at: Sequence[float], seeds: Sequence[int], d: int, noise: float, spread: float) -> Iterator[Curve]:
    truth = d * entropy_of_one(noise, spread)
    what = f"truncated mixture of 2^{d} Gaussians, spread {spread:g}"
    yield from errors(at, seeds, partial(draw, d=d, spread=spread), noise, truth, what)
