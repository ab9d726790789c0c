"""Groups of rows: whole in every part, counted once in an interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.intervals.groups import Groups, alike, interval_doubts, left_out, scatter, serial
from infoscope.measure.intervals.jackknife import copies

NAMES = st.lists(st.integers(0, 6), min_size=4, max_size=40).filter(lambda ids: len(set(ids)) > 2)


@given(NAMES, st.integers(2, 3), st.integers(0, 5))
def test_every_row_is_dealt_once_and_no_group_is_torn(ids, parts, seed):
    groups = Groups.of(ids, len(ids))
    dealt = groups.deal(parts, seed)
    assert sorted(np.concatenate(dealt).tolist()) == list(range(len(ids)))
    assert all(len(rows) for rows in dealt)
    where = np.empty(len(ids), int)
    for part, rows in enumerate(dealt):
        where[rows] = part
    assert groups.astride(where) == 0


def test_parts_are_of_nearly_equal_size_and_the_largest_group_is_not_always_alone():
    groups = Groups.of(np.repeat(np.arange(40), 5), 200)
    assert [len(rows) for rows in groups.deal(5, 3)] == [40] * 5
    unequal = Groups.of(np.repeat(np.arange(20), [60, *[5] * 19]), 155)
    alone = [min(len(rows) for rows in unequal.deal(3, seed) if 0 in rows) == 60 for seed in range(20)]
    assert 0 < sum(alone) < 20


@pytest.mark.parametrize("names", [["b", "a", "b"], [5, -1, 5], [0.5, -2.0, 0.5], np.array(["b", "a", "b"], object)])
def test_names_are_numbered_as_they_appear(names):
    assert Groups.of(names, 3).ids.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([1, 2], r"groups has shape \(2,\) for 3 rows"),
        (np.ones((3, 2)), r"groups has shape \(3, 2\) for 3 rows"),
        ([1.0, np.nan, 2.0], r"groups holds NaN or infinity in 1 of 3 rows \(first at row 1\)"),
        ([1j, 2, 3], "groups has dtype complex128, wanted numbers or words"),
    ],
)
def test_other_groups_are_refused(value, words):
    with pytest.raises(InputError, match=words):
        Groups.of(value, 3)


def test_fewer_groups_than_parts_are_refused():
    with pytest.raises(InputError, match="there are 2 groups of rows for 3 folds or parts"):
        Groups.of([0, 0, 1, 1], 4).deal(3, 0)


def test_groups_of_one_row_are_rows():
    x = np.random.default_rng(0).normal(size=50)
    assert scatter(x, Groups.of(np.arange(50), 50)) == pytest.approx(scatter(x))
    assert scatter(x).half() == pytest.approx(2.0096 * x.std(ddof=1) / np.sqrt(50), rel=1e-4)


def test_equal_groups_are_their_means():
    x, ids = np.random.default_rng(1).normal(size=60), np.repeat(np.arange(12), 5)
    assert scatter(x, Groups.of(ids, 60)) == pytest.approx(scatter(x.reshape(12, 5).mean(1)))


def test_degrees_of_freedom_of_unequal_groups_agree_with_the_matrix_that_defines_them():
    """Bell & McCaffrey 2002: (trace G)² / trace(G²) of the variance as a quadratic form in the group means."""
    sizes = np.array([1, 2, 3, 5, 8, 13])
    w = sizes / sizes.sum()
    residual = np.eye(6) - w[None]  # of group means from the mean over rows
    form = residual.T @ np.diag(w * w / (1 - w)) @ residual
    ids = np.repeat(np.arange(6), sizes)
    found = scatter(np.random.default_rng(2).normal(size=32)[ids], Groups.of(ids, 32))
    assert found.freedom == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form))


@pytest.mark.parametrize("sizes", [[20] * 60, [1] * 200, np.geomspace(1, 60, 60).astype(int)])
def test_the_interval_of_a_mean_covers_it(sizes):
    """400 draws of group effects: at least 90 % of 95 % intervals hold the mean, where rows as independent do not."""
    rng = np.random.default_rng(3)
    ids = np.repeat(np.arange(len(sizes)), sizes)
    groups, held = Groups.of(ids, len(ids)), 0
    for _ in range(400):
        x = rng.normal(size=len(sizes))[ids] + rng.normal(size=len(ids))
        held += abs(x.mean()) <= scatter(x, groups).half()
    assert held >= 360 - 3 * np.sqrt(400 * 0.1 * 0.9)


@pytest.mark.parametrize("sizes", [[4] * 12, [1, 2, 3, 5, 8, 13, 1, 1, 9, 4]])
def test_leaving_out_parts_of_a_mean_is_its_scatter(sizes):
    parts = Groups(np.repeat(np.arange(len(sizes)), sizes))
    x = np.random.default_rng(7).normal(size=sum(sizes))
    mean, found = left_out(np.array([x[parts.ids != part].mean() for part in range(len(sizes))]), parts)
    assert mean == pytest.approx(x.mean())
    assert found == pytest.approx(scatter(x, parts))


def test_classes_are_counted_by_groups():
    groups = Groups.of([0, 0, 1, 1, 2], 5)
    assert groups.holding(np.array([0, 1, 1, 1, 0])).tolist() == [2, 2]
    assert not groups.constant(np.array([0, 1, 1, 1, 0]))
    assert groups.constant(np.array([1, 1, 0, 0, 1]))


@pytest.mark.parametrize(
    ("ids", "y", "words"),
    [
        (np.arange(45) // 5, None, "9 groups of rows, wanted at least 10 for an interval"),
        (np.maximum(np.arange(50), 26), None, "one group holds 54 % of the rows, wanted at most 50 %"),
        (np.arange(60) // 3, np.arange(60) // 3 % 10, "20 groups of one label each for 10 classes"),
    ],
)
def test_groups_that_leave_no_interval_are_told(ids, y, words):
    found = interval_doubts(Groups.of(ids, len(ids)), y)
    assert found.refused is not None
    assert words in found.refused.note
    assert found.refused.status is Status.UNDERSAMPLED


def test_groups_that_make_an_interval_doubtful_are_told():
    even = Groups.of(np.arange(210) // 3, 210)
    assert interval_doubts(even, np.arange(210) % 3) == (None, ())
    assert interval_doubts(Groups.of(np.arange(5), 5), np.arange(5)) == (None, ())  # rows
    rare = (np.arange(210) < 19 * 3).astype(int)
    assert [doubt.note[:41] for doubt in interval_doubts(even, rare).remarks] == [
        "the rarest class occurs in 19 groups: bel"
    ]
    unequal = Groups.of(np.repeat(np.arange(42), [49, 49, 20, *[1] * 39]), 157)
    (doubt,) = interval_doubts(unequal).remarks
    assert "degrees of freedom" in doubt.note
    assert interval_doubts(unequal).refused is None


def test_independent_rows_seldom_pass_for_a_series_and_a_series_does():
    """400 draws: chance alarms 2.3 %; an AR(1) of .5 has r = .5, twelve standard errors from 0 at n = 400."""
    rng = np.random.default_rng(4)
    alarms = sum(serial(rng.exponential(size=300)) is not None for _ in range(400))
    assert alarms <= 0.023 * 400 + 3 * np.sqrt(400 * 0.023)
    c = np.zeros(400)
    for i, e in enumerate(rng.normal(size=399)):
        c[i + 1] = 0.5 * c[i] + e
    assert serial(c) == pytest.approx(0.5, abs=0.15)
    assert serial(np.ones(50)) is None
    assert "serial correlation 0.50" in alike(0.5)


def test_rows_sorted_by_class_are_no_series():
    rng, y = np.random.default_rng(5), np.sort(np.random.default_rng(6).integers(4, size=500))
    alarms = [serial(y + rng.normal(size=500), y) for _ in range(100)]
    assert sum(r is not None for r in alarms) <= 2.3 + 3 * np.sqrt(2.3)
    assert serial(y + rng.normal(size=500)) is not None


def test_half_a_group_by_hand():
    """Eight rows in pairs, three of which agree; the label is 0 five times: 0.5 (1 + (3/4 - 34/64) / (1 - 34/64))."""
    pairs = Groups.of(np.repeat(np.arange(4), 2), 8)
    assert pairs.half_a_group(np.array([0, 0, 0, 0, 1, 1, 0, 1])) == pytest.approx(0.5 * (1 + 7 / 15))


def test_a_class_without_rows_asks_for_no_groups():
    """Twelve groups of one label each are more than two for each of five classes, whatever the classes are called."""
    groups, labels = Groups.of(np.repeat(np.arange(12), 3), 36), np.repeat(np.arange(12) % 5, 3)
    assert interval_doubts(groups, labels).refused is None
    assert interval_doubts(groups, 2 * labels).refused is None
    assert interval_doubts(groups, np.repeat(np.arange(12) % 6, 3)).refused is not None


@pytest.mark.parametrize("values", [12, 13])
def test_up_to_two_repeated_values_a_class_are_symbols(values):
    x = np.repeat(np.arange(float(values)), 2)[:, None]
    assert (copies(x, (x[:, 0].astype(int) % 6,)) is None) == (values == 12)
