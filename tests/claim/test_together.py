"""Intervals that hold at once, where the end of a curve is, and what may make no difference."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import t as scipy_t

from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.curves import DROP, END_POINTS, LAST, settled
from infoscope.claim.together import largest, together
from infoscope.core.claim import Criterion, Finding, Outcome, combine
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder

FLAT = Criterion("<=", 0.0, "nats")


def rows_of(curves: dict[str, np.ndarray], epochs, axis="epoch") -> Rows:
    """Curves ``[members, s]`` of one network, by site."""
    builder = RowsBuilder("made-up")
    for site, values in curves.items():
        for member, curve in enumerate(values):
            for step, (epoch, value) in enumerate(zip(epochs, curve, strict=True)):
                place = Place("tanh", step, site, 0, "input", "binned", member, member, float(epoch), axis=axis)
                builder.add(place, Estimate(float(value), Quantity.of("I(X;T)", "nats"), "made up", 100))
    return builder.rows()


def found(values: np.ndarray, name: str = "", moves: bool = True) -> Finding:
    """Student's interval of one number a member."""
    m = len(values)
    half = scipy_t.ppf(0.975, m - 1) * values.std(ddof=1) / math.sqrt(m)
    of_members = tuple(enumerate(values.tolist())) if moves else ()
    mean = float(values.mean())
    return Finding(name, FLAT, mean, (mean - half, mean + half), m, moves=of_members)


@pytest.mark.parametrize("members", [3, 8, 50])
def test_parts_that_members_move_alike_keep_students_interval(members):
    alike = np.tile(np.random.default_rng(0).normal(size=members), (7, 1))
    shares = (alike - alike.mean(1, keepdims=True)) / np.linalg.norm(alike - alike.mean(1, keepdims=True), axis=1)[
        :, None
    ]
    assert largest(shares, members) == pytest.approx(scipy_t.ppf(0.975, members - 1), rel=0.06)


def test_independent_parts_reach_as_far_as_sidak_says():
    members, parts = 60, 10
    t = scipy_t.ppf((1 + 0.95 ** (1 / parts)) / 2, members - 1)
    assert largest(np.eye(parts), members) == pytest.approx(t, rel=0.03)


@pytest.mark.parametrize("members", [4, 8, 24])
def test_all_intervals_hold_at_once_in_nineteen_draws_of_twenty(members):
    """Ten parts, of which what members share is half: own intervals miss one in most draws."""
    rng = np.random.default_rng(members)
    own = at_once = 0
    for _ in range(120):
        values = rng.normal(size=(10, members)) + rng.normal(size=members)
        each = [found(row) for row in values]
        each = [dataclasses.replace(one, criterion=Criterion("<=", -9.0, "nats")) for one in each]
        own += all(one.interval[0] <= 0 <= one.interval[1] for one in each)
        at_once += all(one.interval[0] <= 0 <= one.interval[1] for one in together(each))
    assert at_once >= 104  # 114 of 120 less three standard errors and what the correlations of four members cost
    assert own < at_once


def test_three_parts_and_parts_that_all_hold_are_left_alone():
    rng = np.random.default_rng(1)
    three = [found(rng.normal(size=6)) for _ in range(3)]
    assert together(three) == tuple(three)
    hold = [found(rng.normal(size=6) - 99.0) for _ in range(9)]
    assert combine(together(hold)) is Outcome.REPRODUCED
    assert together(hold) == tuple(hold)


def test_one_of_a_dozen_that_errs_no_longer_decides():
    """Its own interval lies just above the threshold: of twelve parts that is nothing out of the way."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(12, 8)) * 0.1 - 1.0
    values[3] = values[3] - values[3].mean() + 1.02 * scipy_t.ppf(0.975, 7) * values[3].std(ddof=1) / math.sqrt(8)
    own = [found(row, f"part {i}") for i, row in enumerate(values)]
    assert combine(own) is Outcome.PARTLY
    assert combine(together(own)) is Outcome.INCONCLUSIVE
    widened = together(own)[3]
    assert "so that 12 hold at once" in widened.note
    factor = np.ptp(widened.interval) / np.ptp(own[3].interval)
    assert 1.3 < factor < 2.2


def test_members_that_are_not_told_count_as_independent_and_points_are_not_counted():
    rng = np.random.default_rng(3)
    row = rng.normal(size=20)
    alike = together([found(row) for _ in range(6)])[0]
    apart = together([found(row, moves=False) for _ in range(6)])[0]
    assert np.ptp(apart.interval) > 1.2 * np.ptp(alike.interval)
    sure = dataclasses.replace(found(row), value=1.0, interval=(1.0, 1.0), moves=())
    assert together([sure] * 9 + [found(row)] * 3) == (sure,) * 9 + (found(row),) * 3


def test_a_part_says_by_member_what_moves_it():
    """Half of the members move both layers alike, and the note is the claim's: four findings of one part."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(8, 1))
    curves = {f"hidden{i}": np.array([1.0, 5.0, 2.0]) + noise * [0, 0, 1.0] for i in range(1, 5)}
    rows = rows_of(curves, (0, 1, 100))
    findings = findings_of([Part("drop", [Series("I(X;T)", "tanh", site) for site in curves], DROP, FLAT)], rows)
    moved = np.array([[move for _, move in each.moves] for each in findings])
    assert np.corrcoef(moved) == pytest.approx(np.ones((4, 4)))
    assert np.corrcoef(moved[0], -noise[:, 0])[0, 1] == pytest.approx(1.0)


def test_the_end_of_a_curve_is_the_mean_of_its_last_points():
    epochs = (0, 1, 10, 80, 90, 100)
    curves = np.array([[0.0, 9.0, 9.0, 1.0, 2.0, 6.0]])
    assert settled(rows_of({"a": curves}, epochs))[0].tolist() == [0.0, 9.0, 9.0, 3.0, 3.0, 3.0]
    assert settled(rows_of({"a": curves}, epochs, axis="weight"))[0, -1] == 6.0
    assert settled(rows_of({"a": curves}, (0, 1, 2, 3, 10, 100)))[0, -1] == 6.0  # nothing near the end
    assert settled(rows_of({"a": curves}, (0, 1, 2, 50, 80, 100)))[0, -1] == 4.0
    assert END_POINTS == 3


def test_a_curve_that_rises_to_its_end_does_not_fall_in_its_last_step():
    curves = np.array([[0.0, 1.0, 5.0, 8.0, 8.9, 9.0]])
    settled_curve = settled(rows_of({"a": curves}, (0, 1, 10, 80, 90, 100)))[0]
    assert (np.diff(settled_curve) >= 0).all()


def test_a_network_that_blows_up_in_its_last_epoch_decides_less():
    epochs = (0, 1, 10, 198, 199, 200)
    curves = np.tile([0.0, 1.0, 0.9, 0.9, 0.9, 0.9], (8, 1))
    curves[3, -1] = 0.0
    (last,) = findings_of([Part("end", [Series("I(X;T)", "tanh", "a")], LAST, FLAT)], rows_of({"a": curves}, epochs))
    assert last.value == pytest.approx(0.9 - 0.9 / 24)


@pytest.mark.parametrize(
    ("interval", "decided"),
    [((-0.9, 0.9), "holds"), ((-1.1, 0.2), "unclear"), ((0.2, 1.1), "unclear"), ((1.1, 2.0), "unclear"),
     ((2.1, 3.0), "fails"), ((-3.0, -2.1), "fails"), (None, "holds")],
)  # fmt: skip
def test_what_makes_no_difference_lies_within_its_margin_whole(interval, decided):
    criterion = Criterion("within", 1.0, "nats", fails_at=2.0)
    value = 0.0 if interval is None else sum(interval) / 2
    assert criterion.decide(value, interval) == decided
    mirrored = None if interval is None else (-interval[1], -interval[0])
    assert criterion.decide(-value, mirrored) == decided
