"""A toy figure: a straight line rises.

infoscope run toy2026/line --preset smoke
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.scanning.plan import Preset

_RISES = Claim(
    id="toy2026/line/rises",
    paper="toy2026",
    where="nowhere",
    sentence="A straight line rises.",
    rule="its end lies ≥ 0.5 bits above its beginning",
    published="nobody's",
)


class Line(Figure):
    """A straight line, exactly"""

    title = "A straight line"
    where = "nowhere"
    seeds: ClassVar[dict[str, int]] = {"smoke": 0, "laptop": 0, "paper": 0}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {"line": Computation("a line", _curves, ("output",), (0.0, 1.0, 2.0), axis="place")}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        values = rows.filter(quantity="I(X;T)").curves()[2][0] if len(rows) else None
        rise = None if values is None else float(values[-1] - values[0])
        return [Judged(_RISES, (Finding("rise", Criterion(">=", nats(0.5), "nats"), rise),))]


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    yield Curve("output", "I(X;T)", np.asarray(at)[None], "the place itself, exact")
