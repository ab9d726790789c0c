"""Intervals over seeds: closed cases, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.claim.statistics import drop, growth, last, over_seeds, peak_epoch


def test_statistics_of_one_curve():
    curve = np.array([1.0, 4.0, 3.0, 2.5])
    assert drop(curve) == 1.5
    assert growth(curve) == 1.5
    assert last(curve) == 2.5
    assert peak_epoch(np.array([0, 10, 20, 30]))(curve) == 10.0
    assert drop(np.array([0.0, 1.0, 2.0])) == 0.0


def test_one_seed_has_no_interval():
    found = over_seeds(drop, np.array([[1.0, 4.0, 3.0]]))
    assert found == (1.0, None, 1)


def test_equal_seeds_have_a_point_for_an_interval():
    found = over_seeds(drop, np.tile([1.0, 4.0, 3.0], (5, 1)))
    assert found.interval == pytest.approx((1.0, 1.0))


def test_the_value_is_that_of_the_mean_curve_and_the_same_every_time():
    curves = np.random.default_rng(0).normal(size=(7, 9))
    first, second = over_seeds(drop, curves), over_seeds(drop, curves)
    assert first == second
    assert first.value == pytest.approx(drop(curves.mean(0)))
    assert first.interval is not None
    assert first.interval[0] <= first.value <= first.interval[1]


@pytest.mark.parametrize("members", [4, 16])
def test_the_interval_of_a_final_value_covers_the_truth(members):
    """Normal seeds, truth 0: a 95 % interval must cover in at least 90 % of 300 replicates (design, law 9)."""
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(300):
        interval = over_seeds(last, rng.normal(size=(members, 2))).interval
        assert interval is not None
        hits += interval[0] <= 0.0 <= interval[1]
    assert hits >= 270


def test_series_are_resampled_together():
    """The difference of a series and itself plus one is one, for sure; of two independent ones it is not sure."""
    curves = np.random.default_rng(2).normal(size=(9, 4))
    same = over_seeds(lambda a, b: last(b) - last(a), curves, curves + 1)
    assert same.interval == pytest.approx((1.0, 1.0))
    other = over_seeds(lambda a, b: last(b) - last(a), curves, curves[::-1] + 1)
    assert other.interval is not None
    assert other.interval[1] - other.interval[0] > 0.1
