"""Statistics that hang on a peak: closed cases, bias and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from infoscope.claim.reading.peaks import (
    Peak,
    at_peaks,
    at_step,
    end_over_lowest,
    end_over_peak,
    held_out,
    own_peak,
    rise_finding,
)
from infoscope.claim.statistics import OverSeeds, compression, over_seeds
from infoscope.papers.saxe2018._parts import GROWS
from infoscope.papers.saxe2018._phases import compressing_share, end_of_compression, log_duration
from infoscope.papers.saxe2018.linear import _largest_fall

EPOCHS = np.array([0.0, 1, 5, 25, 100, 400, 2000, 8000])
FALLING = np.array([5.0, 6, 7, 8, 5, 3, 3, 3])


def final(_choosing, measured):
    return measured[0][:, -1]


def test_places_come_from_one_half_and_values_from_the_other():
    """Of two seeds that peak at different steps, each is read at the other's peak."""
    curves = np.array([[1.0, 7.0, 2.0], [9.0, 3.0, 4.0]])
    found = held_out(lambda a, b: at_step(b[0], a[0].argmax(-1)), curves)
    assert found.value == pytest.approx((1.0 + 3.0) / 2)
    assert found.interval is not None
    assert found.interval[1] - found.value == pytest.approx(student.ppf(0.975, 1) * 2.0 / 2)


def test_a_single_seed_chooses_for_itself():
    assert held_out(end_over_peak, np.array([[1.0, 4.0, 3.0]])) == (0.75, None, 1)
    assert held_out(end_over_lowest, np.array([[1.0, 4.0, 3.0]])) == (3.0, None, 1)


@pytest.mark.parametrize("members", [2, 5, 12])
def test_of_a_plain_mean_it_is_students_interval(members):
    curves = np.random.default_rng(0).normal(size=(members, 3))
    value, interval, seeds = held_out(final, curves)
    half = student.ppf(0.975, members - 1) * curves[:, -1].std(ddof=1) / np.sqrt(members)
    assert seeds == members
    assert interval is not None
    assert value == pytest.approx(curves[:, -1].mean(), abs=0.1 * half)  # odd halves weigh seeds unevenly
    assert interval[1] - value == pytest.approx(half, rel=0.1)


@pytest.mark.parametrize("members", [4, 20])
@pytest.mark.parametrize(
    ("statistic", "mean", "truth"),
    [
        (end_over_peak, np.full(30, 10.0), 1.0),
        (end_over_lowest, np.full(30, 10.0), 1.0),
        (_largest_fall, np.linspace(0, 100, 30), 0.0),
        (end_over_peak, np.repeat(np.array([2.0, 6, 20, 16, 12]), 6), 0.6),
    ],
)
def test_noise_neither_lifts_a_peak_nor_escapes_the_interval(statistic, mean, truth, members):
    rng = np.random.default_rng(1)
    found = [held_out(statistic, mean + rng.normal(size=(members, 30))) for _ in range(150)]
    assert sum(low <= truth <= high for _, (low, high), _ in found) >= 135
    values = np.array([each.value for each in found])
    assert abs(values.mean() - truth) < 0.02 * mean.max() / 10 + 4 * values.std() / np.sqrt(150)


def test_what_choosing_for_itself_would_do():
    """The end of a flat noisy curve lies below the highest point of the same curve, in every replicate."""
    rng = np.random.default_rng(2)
    means = (10 + rng.normal(size=(150, 4, 30))).mean(1)
    assert (end_over_peak((means,), (means,)) < 1).mean() > 0.9


def share(curves: np.ndarray, at: np.ndarray) -> OverSeeds:
    return at_peaks(compressing_share(at), curves)


@pytest.mark.parametrize("members", [4, 20])
def test_the_share_of_a_compression_is_covered(members):
    """Curves of 100 steps that peak at 20 and fall evenly until 80: 90 % of it is done at step 74."""
    at = np.arange(100.0)
    mean = 20 * np.interp(at, [0, 20, 80, 99], [0, 1, 0.2, 0.2])
    rng = np.random.default_rng(3)
    found = [share(mean + rng.normal(size=(members, 100)), at) for _ in range(40)]
    assert sum(low <= 1 - 20 / 74 <= high for _, (low, high), _ in found) >= 36


def test_where_the_peak_may_be_anywhere_the_share_may_be_anything():
    """On a flat curve neither fitting nor compression can be told."""
    found = share(np.random.default_rng(4).normal(size=(12, 30)), np.arange(30.0))
    assert found.interval is not None
    assert found.interval[0] < 0.1
    assert found.interval[1] > 0.9


def test_a_clear_peak_costs_no_width():
    curves = 100 * FALLING + np.random.default_rng(5).normal(size=(12, 8))
    found = at_peaks(lambda peaks, mean: mean[:, peaks[0].step], curves)
    plain = over_seeds(lambda mean: mean[:, 3], curves)
    assert found == plain
    lone = at_peaks(lambda peaks, mean: mean[:, peaks[0].step], curves[:1])
    assert lone == (curves[0, 3], None, 1)


def test_each_series_has_its_own_peak():
    """Two series that may each peak at either of two steps: their difference reaches over all four ways."""
    one, other = (np.array([[1.0, 5.0, 5.0, shift], [1.1, 5.0, 5.0, shift]]) for shift in (1, 2))
    found = at_peaks(lambda peaks, a, b: np.full(len(a), float(peaks[0].step - peaks[1].step)), one, other)
    assert found == (0.0, (-1.0, 1.0), 2)


def test_an_own_peak_is_too_high_by_what_the_score_takes_off():
    curves = np.random.default_rng(6).normal(size=(12, 30))
    step, lifted = own_peak(curves)
    mean = curves.mean(0)
    assert step == mean.argmax()
    assert lifted == pytest.approx(mean.max() - mean[-1] - compression(curves).value)
    assert lifted > 0.3


@pytest.mark.parametrize(
    ("peak", "over"),
    [
        (Peak(3), 400),
        (Peak(3, lifted=1.0), 400),
        (Peak(1), 400),
        (Peak(7), 8000),
        (Peak(3, lifted=9.0), 400),  # no drop is left: done where the end is reached
    ],
)
def test_the_end_of_compression_of_a_known_curve(peak, over):
    assert end_of_compression(EPOCHS, peak, FALLING[None]) == [over]


def test_the_drop_that_is_done_is_the_corrected_one():
    """From 8 down to 3 nine tenths are done at 3.5; were the peak 4 too high, at 3.1."""
    curve = np.array([5.0, 6, 7, 8, 5, 3.4, 3, 3])[None]
    assert end_of_compression(EPOCHS, Peak(3), curve) == [400]
    assert end_of_compression(EPOCHS, Peak(3, lifted=4.0), curve) == [2000]


def test_what_does_not_fall_is_over_at_once():
    assert end_of_compression(EPOCHS, Peak(0), FALLING[None, ::-1]) == [0]
    assert compressing_share(EPOCHS)([Peak(3)], np.arange(8.0)[None]) == [0]
    assert log_duration(EPOCHS, Peak(3), np.arange(8.0)[None]) == [0]


def test_a_rise_is_the_score_read_backwards(made_up):
    made_up.series("n", "hidden1", "I(X;T)", FALLING, spread=0.0)
    made_up.series("n", "hidden2", "I(X;T)", FALLING[::-1], spread=0.0)
    for site, wanted in (("hidden1", 3.0), ("hidden2", 5.0)):
        found = rise_finding("rise", GROWS, made_up.rows().filter(site=site))
        assert found.value == pytest.approx(wanted)
    assert rise_finding("rise", GROWS, made_up.rows().filter(site="nowhere")).outcome == "missing"
