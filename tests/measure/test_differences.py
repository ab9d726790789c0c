"""Differences of two answers: Student's intervals on closed forms, Holm's rule, how often each finds what is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from infoscope.core.units import nats
from infoscope.measure.intervals.differences import Differing, holm, over_parts, over_seeds


def test_rows_of_one_each_give_students_paired_interval():
    first, second = np.random.default_rng(0).normal(size=(2, 40))
    found = over_parts(first, second, np.ones(40, int), "rows")
    twin = stats.ttest_rel(second, first)
    np.testing.assert_allclose([found.value, found.p], [(second - first).mean(), twin.pvalue])
    np.testing.assert_allclose(found.interval, twin.confidence_interval(0.95))
    assert (found.over, found.drawn, found.paired) == ("rows", 40, True)


@pytest.mark.parametrize("paired", [True, False])
def test_seeds_give_students_or_welchs_interval(paired):
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=7), 0.5 + 2 * rng.normal(size=7 if paired else 4)
    found = over_seeds(first, second, paired=paired)
    twin = stats.ttest_rel(second, first) if paired else stats.ttest_ind(second, first, equal_var=False)
    np.testing.assert_allclose([found.value, found.p], [second.mean() - first.mean(), twin.pvalue])
    np.testing.assert_allclose(found.interval, twin.confidence_interval(0.95))


def test_what_says_nothing_of_its_sureness_gives_a_value_alone():
    assert over_seeds(np.ones(1), np.full(1, 3.0), paired=True) == Differing(2.0, over="seeds", drawn=1)
    few = over_parts(np.zeros(9), np.ones(9), np.full(9, 2))
    assert (few.value, few.interval, few.p) == (0.5, None, None)


def test_two_answers_that_are_the_same_do_not_differ():
    same = over_parts(np.arange(50.0), np.arange(50.0), np.full(50, 3))
    assert (same.value, same.interval, same.p) == (0.0, (0.0, 0.0), 1.0)
    assert over_seeds(np.ones(4), np.ones(4), paired=True).p == 1.0


def test_groups_count_once_however_many_copies_they_hold():
    rng = np.random.default_rng(2)
    first, second = rng.normal(size=(2, 60))
    one = over_parts(first, second, np.ones(60, int))
    copies = over_parts(7 * first, 7 * second, np.full(60, 7))
    np.testing.assert_allclose(copies.interval, one.interval)
    np.testing.assert_allclose(copies.p, one.p)
    with_nothing = over_parts(np.append(first, 0), np.append(second, 0), np.append(np.ones(60, int), 0))
    assert with_nothing == one


def test_holm_is_the_step_down_rule():
    """Against the rule as it is written: the smallest of k at 5 %/k, the next at 5 %/(k-1) … until one is not."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        p = rng.uniform(size=9) ** 4
        found, left = set(), list(np.argsort(p))
        while left and p[left[0]] <= 0.05 / len(left):
            found.add(left.pop(0))
        assert {at for at, one in enumerate(holm(p)) if one <= 0.05} == found
    assert holm([]) == []


def draws(loss: float, places: int, seed: int, count: int = 200, parts: int = 1000, rows: int = 5):
    """Holm's p of each draw and place, the first of which loses ``loss`` bits: 5000 rows, paired differences with a
    standard deviation of .3 bits, in a thousand parts as a run keeps them."""
    rng, counts = np.random.default_rng(seed), np.full(parts, rows)
    out = np.empty((count, places))
    for draw in range(count):
        moved = rng.normal(0, nats(0.3) * np.sqrt(rows), (places, parts))
        moved[0] -= rows * nats(loss)
        out[draw] = holm([over_parts(np.zeros(parts), one, counts).p for one in moved])
    return out


def test_a_planted_loss_is_found_and_nothing_else_raises_an_alarm():
    """The loss is found among a hundred places in 80 % of the draws at least; without, 5 % at most show an alarm, which
    of 200 draws with 5 % each would be more than 16 in 2 % of the cases."""
    found = draws(0.02, 100, seed=0) <= 0.05
    assert found[:, 0].mean() >= 0.8
    without = draws(0.0, 100, seed=1) <= 0.05
    assert without.any(axis=1).sum() <= 16
