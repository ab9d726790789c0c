"""A toy figure: a straight line rises.

infoscope run toy2026/line --preset smoke
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.exact import of_curve
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.units import nats
from infoscope.scanning.plan import Preset


def _rise(_places: np.ndarray, values: np.ndarray) -> float:
    return float(values[-1] - values[0])


_RISES = Claim(
    id="toy2026/line/rises",
    paper="toy2026",
    where="nowhere",
    sentence="A straight line rises.",
    parts=(
        Part(
            "rise of I(X;T)",
            {"": Series(INPUT_INFORMATION, site="output")},
            of_curve("{} at the end less that at the beginning", _rise),
            Criterion(">=", nats(0.5), "nats"),
        ),
    ),
    origin="ours",
    published="nobody's",
)


class Line(Figure):
    """A straight line, exactly"""

    title = "A straight line"
    where = "nowhere"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}
    claims = (_RISES,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {"line": Computation("a line", _curves, ("output",), (0.0, 1.0, 2.0), axis="place")}


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    yield Curve("output", INPUT_INFORMATION, np.asarray(at)[None], "the place itself, exact")
