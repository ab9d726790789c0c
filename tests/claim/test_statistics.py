"""Intervals over seeds: closed cases, and how often they hold the truth."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from scipy.stats import t as scipy_t

from infoscope.claim.statistics import compression, drop, growth, last, lowest, onset, over_seeds, peak, sustained

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


def two_intervals(curves, weights):
    """The score and the two intervals it reaches over, seed by seed and resampling by resampling, as documented."""
    m = len(curves[0])
    t = scipy_t.ppf(0.975, m - 1)
    order = np.random.default_rng(0).random((200, m))
    values, variances = [], []
    for keys in order:
        chosen_first = set(sorted(range(m), key=lambda seed: keys[seed])[: m // 2])
        falls = []
        for seed in range(m):
            others = [k for k in range(m) if (k in chosen_first) is not (seed in chosen_first)]
            fall = 0.0
            for weight, each in zip(weights, curves, strict=True):
                mean = [sum(each[k][step] for k in others) / len(others) for step in range(each.shape[1])]
                fall += weight * (each[seed][mean.index(max(mean))] - each[seed][-1])
            falls.append(fall)
        centre = sum(falls) / m
        values.append(centre)
        variances.append(sum((fall - centre) ** 2 for fall in falls) / (m - 1))
    value = sum(values) / len(values)
    half = t * math.sqrt(sum(variances) / len(variances) / m)

    def dropped(counts):
        found = 0.0
        for weight, each in zip(weights, curves, strict=True):
            mean = [sum(count * line[step] for count, line in zip(counts, each, strict=True)) / m
                    for step in range(each.shape[1])]  # fmt: skip
            found += weight * (max(mean) - mean[-1])
        return found

    again = [dropped(counts) for counts in np.random.default_rng(0).multinomial(m, [1 / m] * m, 4000)]
    centre = sum(again) / len(again)
    own_half = t * math.sqrt(m / (m - 1)) * math.sqrt(sum((one - centre) ** 2 for one in again) / len(again))
    own = dropped([1] * m)
    corrected = own - (centre - own)  # less the bias that the bootstrap finds
    return value, (value - half, value + half), (corrected - own_half, corrected + own_half)


@pytest.mark.parametrize("members", [2, 3, 5])
@pytest.mark.parametrize("weights", [(1.0,), (1.0, -0.5)])
@pytest.mark.parametrize("steep", [0.0, 0.3, 3.0])
def test_the_score_and_both_ends_of_its_interval_are_those_of_a_slow_readable_twin(members, weights, steep):
    rng = np.random.default_rng([members, int(10 * steep)])
    curves = [steep * RISE_AND_FALL + rng.normal(size=(members, 8)) for _ in weights]
    value, student, bootstrap = two_intervals(curves, weights)
    found = compression(*curves, weights=weights)
    assert found.value == pytest.approx(value)
    assert found.interval == pytest.approx((min(student[0], bootstrap[0]), max(student[1], bootstrap[1])))


def test_either_of_the_two_intervals_gives_either_end():
    """Else half of the formula would stand untested: the twin's cases, and a peak that every half finds."""
    given = set()
    for members, steep in product((2, 3, 5), (0.0, 0.3, 3.0)):
        rng = np.random.default_rng([members, int(10 * steep)])
        _, student, bootstrap = two_intervals([steep * RISE_AND_FALL + rng.normal(size=(members, 8))], (1.0,))
        given |= {("low", student[0] < bootstrap[0]), ("high", student[1] > bootstrap[1])}
    assert given == set(product(("low", "high"), (True, False)))


def test_the_interval_of_two_seeds_in_closed_form():
    """Each seed chooses for the other; of four equally likely resamplings two are both seeds and two are one twice."""
    curves = np.array([[1.0, 7.0, 2.0], [9.0, 3.0, 4.0]])
    falls = np.array([1.0 - 2.0, 3.0 - 4.0])  # at the other's peak
    own, alone = 5.0 - 3.0, np.array([5.0, 5.0])  # the mean curve is (5, 5, 3)
    again = np.array([own, own, *alone])
    half = scipy_t.ppf(0.975, 1) * math.sqrt(2) * again.std()
    value, (low, high), _ = compression(curves)
    assert value == falls.mean() == -1.0
    corrected = 2 * own - again.mean()
    assert high == pytest.approx(corrected + half, rel=0.05)  # 4000 resamplings
    assert low == pytest.approx(corrected - half, rel=0.05)
    assert low < value < high


def test_the_interval_of_falls_that_differ_by_seed_in_closed_form():
    """Where all halves find the same peak, both intervals are Student's of the seeds' falls."""
    fall = np.array([1.0, 2.0, 4.0, 5.0])
    curves = np.stack([np.zeros(4), np.full(4, 10.0), 10.0 - fall], axis=1)
    half = scipy_t.ppf(0.975, 3) * fall.std(ddof=1) / 2
    value, interval, _ = compression(curves)
    assert value == pytest.approx(3.0)
    assert interval == pytest.approx((3.0 - half, 3.0 + half), rel=0.03)
    ends = np.array(interval)
    assert compression(2 * curves).interval == pytest.approx(tuple(2 * ends))
    assert compression(curves + 7).interval == pytest.approx(interval)


def test_the_lowest_point_is_the_least_along_the_curve():
    assert lowest(np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])).tolist() == [1.0, 0.0]
    assert growth(np.array([[3.0, 1.0, 2.0]])).tolist() == [-1.0]


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


def test_on_a_curve_of_nothing_any_step_may_be_the_peak():
    assert peak(np.zeros((3, 4)), np.array([0, 1, 5, 9])) == (0.0, (0.0, 9.0), 3)


PLACES = np.array([0.0, 1, 5, 25, 100, 400, 2000, 8000])


@pytest.mark.parametrize(
    ("curve", "wanted"),
    [
        ((5, 6, 7, 8, 5, 3, 3, 3), 25),
        ((5, 6, 7, 7.5, 6.3, 7.4, 4, 2), 400),  # two humps and a deep trough: the later
        ((5, 6, 7, 7.5, 7.3, 7.4, 4, 2), 25),  # a shallow one: the higher
        ((5, 6, 7, 7.3, 7.2, 7.4, 4, 2), 400),
        ((1, 2, 3, 4, 5, 6, 7, 8), 8000),  # rises to its end
        ((8, 7, 6, 5, 4, 3, 2, 1), 0),
        ((8, 3, 3, 3, 3, 3, 3, 3.5), 8000),  # rises again at last: no fall lasts
        ((3, 3, 3, 3, 3, 3, 3, 3), 0),
    ],
)
def test_the_lasting_fall_sets_on_behind_the_last_rise(curve, wanted):
    assert PLACES[sustained(np.array(curve, float), 0.4)] == wanted
    members = np.array(curve, float) + 0.01 * np.random.default_rng(0).normal(size=(8, 1))
    found = onset(members, PLACES, 0.4)
    assert found.value == wanted
    assert found.interval[0] <= wanted <= found.interval[1]
    assert onset(members[:1], PLACES, 0.4) == (wanted, None, 1)


def test_the_onset_is_as_unsure_as_the_trough_and_the_hump_it_hangs_on():
    """A trough of just the least rise in some seeds and none in others: either hump; a flat hump: all of it."""
    rng = np.random.default_rng(1)
    humps = np.tile([5, 6, 7, 7.5, 7.1, 7.4, 4, 2.0], (8, 1))
    humps[:, 4] += 0.3 * rng.normal(size=8)
    low, high = onset(humps, PLACES, 0.3).interval
    assert (low, high) == (25, 400)
    flat = np.tile([5, 6, 7.5, 7.5, 7.5, 7.5, 4, 2.0], (8, 1)) + 0.1 * rng.normal(size=(8, 8))
    low, high = onset(flat, PLACES, 0.3).interval
    assert low <= 25
    assert high == 400


def test_the_interval_of_an_onset_covers_it_in_95_of_100_draws():
    """Noise of a seed as long as its course, as of real curves, and a little at each step."""
    truth = np.array([5, 6, 7, 7.5, 6.3, 7.4, 4, 2.0])
    covered = 0
    for draw in range(200):
        rng = np.random.default_rng(draw)
        members = truth + 0.5 * rng.normal(size=(8, 1)) + 0.3 * rng.normal(size=(8, 8))
        low, high = onset(members, PLACES, 0.4).interval
        covered += low <= 400 <= high
    assert covered >= 186  # of 190 expected at least, two standard errors
