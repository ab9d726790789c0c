"""How a drop is read off rows: where a curve has no room to fall, and what a finding says of few seeds."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.claim.reading.curves import AT_CEILING, score_finding
from infoscope.core.claim import Criterion
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import DIFFERENTIAL_ENTROPY, INPUT_INFORMATION, WEIGHT_NORM
from infoscope.core.rows import Place, RowsBuilder

FLAT = Criterion("<=", 0.25, "norm", fails_at=0.5)
FALLS = Criterion(">=", 0.5, "norm", fails_at=0.25)


def rows(curve, members=1, saturated=0, quantity=INPUT_INFORMATION):
    """The same curve for each member; the first ``saturated`` values are at their ceiling."""
    builder = RowsBuilder("made-up")
    for member in range(members):
        for step, value in enumerate(curve):
            status = Status.SATURATED if len(builder) < saturated else Status.OK
            place = Place("tanh", step, "hidden1", 0, "input", "binned", member, member, float(step))
            builder.add(place, Estimate(float(value), quantity, "made up", 100, doubts=(Doubt(status),)))
    return builder.rows()


@pytest.mark.parametrize(("saturated", "blind"), [(48, False), (49, True), (50, True)])
def test_a_curve_is_at_its_ceiling_from_the_share_that_is_stated(saturated, blind):
    found = score_finding("drop", FLAT, rows(np.full(50, 5.0), saturated=saturated))
    assert AT_CEILING == 49 / 50
    assert found.blind is blind
    assert ("a curve at its ceiling throughout cannot show a fall" in found.note) is blind


@pytest.mark.parametrize("criterion", [FLAT, FALLS])
@pytest.mark.parametrize(
    ("highest", "quantity", "blind"),
    [
        (0.4375, INPUT_INFORMATION, True),
        (0.5, INPUT_INFORMATION, False),  # it may fall by all of what is asked
        (0.4375, DIFFERENTIAL_ENTROPY, False),  # whose truth may be negative
        (0.4375, WEIGHT_NORM, False),
    ],
)
def test_a_curve_has_room_to_fall_where_it_is_as_high_as_the_fall_that_is_asked(criterion, highest, quantity, blind):
    found = score_finding("drop", criterion, rows([highest, 0.25, 0.25], quantity=quantity))
    assert found.blind is blind
    assert ("cannot fall by" in found.note) is blind


@pytest.mark.parametrize(
    ("members", "said"),
    [(1, "the drop is from the seed's own peak"), (2, "so the drop errs low"), (3, "so the drop errs low"), (4, "")],
)
def test_few_seeds_are_told(members, said):
    note = score_finding("drop", FLAT, rows([5.0, 4.0], members)).note
    assert said in note
    assert bool(note) is bool(said)
