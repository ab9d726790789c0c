"""Intervals over seeds: closed cases, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.claim.statistics import compression, drop, growth, last, over_seeds, peak

RISE_AND_FALL = np.array([1.0, 2, 4, 5, 4.5, 4, 3.5, 3])


def test_statistics_of_one_curve():
    curve = np.array([1.0, 4.0, 3.0, 2.5])
    assert drop(curve) == 1.5
    assert growth(curve) == 1.5
    assert last(curve) == 2.5
    assert drop(np.array([0.0, 1.0, 2.0])) == 0.0


def test_one_seed_has_no_interval():
    curve = np.array([[1.0, 4.0, 3.0]])
    assert over_seeds(drop, curve) == (1.0, None, 1)
    assert compression(curve) == (1.0, None, 1)
    assert peak(curve, np.array([0, 5, 9])) == (5.0, None, 1)


@pytest.mark.parametrize("members", [2, 3, 5])
def test_equal_seeds_have_a_point_for_an_interval(members):
    curves = np.tile([1.0, 4.0, 3.0], (members, 1))
    for found in (over_seeds(drop, curves), compression(curves)):
        assert found.value == pytest.approx(1.0)
        assert found.interval == pytest.approx((1.0, 1.0))
    assert peak(curves, np.array([0, 5, 9])) == (5.0, (5.0, 5.0), members)


@pytest.mark.parametrize("statistic", [lambda curves: over_seeds(drop, curves), compression])
def test_the_value_lies_in_its_interval_and_is_the_same_every_time(statistic):
    curves = np.random.default_rng(0).normal(size=(7, 9))
    first, second = statistic(curves), statistic(curves)
    assert first == second
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


@pytest.mark.parametrize("members", [4, 20])
@pytest.mark.parametrize(("mean", "truth"), [(np.zeros(30), 0.0), (np.repeat(RISE_AND_FALL, 4), 2.0)])
def test_the_score_covers_the_truth_and_is_not_lifted_by_choosing_the_peak(members, mean, truth):
    """Independent noise on a flat curve, and on one that falls by two standard deviations of a seed."""
    rng = np.random.default_rng(3)
    curves = [mean + rng.normal(size=(members, len(mean))) for _ in range(150)]
    found = [compression(each) for each in curves]
    assert sum(low <= truth <= high for _, (low, high), _ in found) >= 135
    error = np.array([each.value for each in found]) - truth
    assert error.mean() < 3 * error.std() / np.sqrt(150)
    lifted = np.array([drop(each.mean(0)) for each in curves]) - truth
    assert lifted.mean() > 5 * lifted.std() / np.sqrt(150)  # the drop of the mean curve itself is


def test_a_clear_peak_costs_no_width():
    """Where every half finds the same peak, the score is the drop of the mean curve and its interval Student's."""
    curves = 10 * RISE_AND_FALL + np.random.default_rng(4).normal(size=(12, 8))
    score, plain = compression(curves), over_seeds(drop, curves)
    assert score.value == pytest.approx(plain.value)
    assert score.interval == pytest.approx(plain.interval, rel=0.02)


def test_a_difference_of_scores_is_over_pairs_of_seeds():
    """What two series share cancels: here it is nearly everything."""
    rng = np.random.default_rng(5)
    shared = 5 * RISE_AND_FALL * (1 + 0.3 * rng.normal(size=(12, 1)))
    a, b = (shared * scale + 0.01 * rng.normal(size=(12, 8)) for scale in (1.0, 0.9))
    low, high = compression(a, b, weights=(1.0, -1 / 0.9)).interval
    assert low < 0.0 < high
    assert high - low < 0.1 * np.ptp(compression(a).interval)
    assert compression(a, b, weights=(1.0, -1.0)).value == pytest.approx(compression(a).value - compression(b).value)


def test_the_interval_of_a_peak_widens_as_the_curve_flattens():
    """A tall peak is found to the step; on a flat curve any step may be it."""
    noise = np.random.default_rng(6).normal(size=(20, 8))
    places = np.array([0, 1, 2, 5, 10, 20, 50, 100])
    assert peak(20 * RISE_AND_FALL + noise, places) == (5.0, (5.0, 5.0), 20)
    low, high = peak(noise, places).interval
    assert high - low > 40
