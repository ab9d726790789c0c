"""The estimator on Reed-Muller codewords sent over a Gaussian channel, with the truth by independence of the bits.

Paper: (the companion, Goldfeld, Greenewald, Weed & Polyanskiy 2018) S is a codeword of RM(4, 4), of 16 signs, or of
RM(5, 5), of 32, drawn evenly. Our sentence is the claim below.

    infoscope run goldfeld2019/estimator_reed_muller --preset laptop

Hardware: 2 CPU cores. smoke: seconds. laptop: n up to 4000, 10 seeds, a minute. paper: n up to 16 000.

RM(m, m) is the code of *all* words of 2^m bits, so 2^16 and 2^32 codewords need not be listed: bits are independent, a
codeword is a row of fair signs, and the truth is 2^m times an integral over one number. Deviations: the noise of RM(4,
4) is not known to us; 1 is ours. That of RM(5, 5) is 2, as published.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.papers.goldfeld2019 import _quadrature
from infoscope.papers.goldfeld2019._entropies import against_the_truth, errors
from infoscope.papers.goldfeld2019._errors import closer_than, from_below
from infoscope.scanning.plan import Preset

CODES = {"rm_4_4": (16, 1.0), "rm_5_5": (32, 2.0)}

_CLAIM = Claim(
    id="goldfeld2019/estimator_reed_muller/closer-from-below",
    origin="published",
    paper="goldfeld2019",
    where="the companion's experiments",
    sentence="On codewords over a Gaussian channel it nears the truth from below, and is closer than neighbours.",
    parts=(from_below(CODES), closer_than(CODES, "neighbours")),
    headline="error of sample propagation less that of neighbours",
    published="estimates converge for RM(4, 4) and RM(5, 5) (the rule is ours)",
)


class EstimatorReedMuller(Figure):
    """Sample propagation on Reed-Muller codewords over a Gaussian channel, RM(4,4) and RM(5,5), with the exact truth

    >>> from infoscope.papers.goldfeld2019.estimator_reed_muller import EstimatorReedMuller
    >>> {name: computed.title for name, computed in EstimatorReedMuller().plan("laptop").items()}
    {'rm_4_4': 'RM(4, 4): 16 signs, noise 1', 'rm_5_5': 'RM(5, 5): 32 signs, noise 2'}
    """

    title = "The estimator on Reed-Muller codewords"
    where = "the companion's experiments"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 10, "paper": 20}
    claims = (_CLAIM,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            name: against_the_truth(
                f"RM({name[3]}, {name[5]}): {d} signs, noise {noise:g}", _curves, preset, seeds, d=d, noise=noise
            )
            for name, (d, noise) in CODES.items()
        }


def _curves(at: Sequence[float], seeds: Sequence[int], d: int, noise: float) -> Iterator[Curve]:
    truth = d * (_quadrature.information(np.array([-1.0, 1.0]), noise) + _quadrature.of_noise(noise))

    def draw(n: int, generator: np.random.Generator) -> np.ndarray:
        return generator.choice([-1.0, 1.0], (n, d))

    yield from errors(at, seeds, draw, noise, truth, f"all words of {d} bits as signs")
