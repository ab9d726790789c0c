"""The interval from disjoint tenths: right for a mean, whose answer is known; silent where tenths are too small."""

import numpy as np
import pytest

from infoscope.measure.intervals.subsampling import interval, scattered


def test_of_a_mean_it_is_the_interval_of_a_mean():
    inside, widths = 0, []
    for seed in range(400):
        values = np.random.default_rng(seed).normal(size=500)
        low, high = interval(float(values.mean()), lambda rows, values=values: float(values[rows].mean()), 500)
        inside += low <= 0 <= high
        widths.append(high - low)
    assert 0.92 <= inside / 400 <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 2.26 / np.sqrt(500), rel=0.1)  # t quantile of nine degrees of freedom


def test_parts_are_disjoint_ascending_and_hold_every_row():
    seen = []
    interval(0.0, lambda rows: seen.append(rows) or 0.0, 105)
    assert len(seen) == 10
    assert sorted(np.concatenate(seen).tolist()) == list(range(105))
    assert all((np.diff(rows) > 0).all() for rows in seen)


def test_of_many_rows_ten_parts_of_a_thousand_are_asked_and_the_interval_is_as_right():
    inside, widths, seen = 0, [], []
    for seed in range(400):
        values = np.random.default_rng(seed).normal(size=40_000)

        def of(rows, values=values):
            seen.append(len(rows))
            return float(values[rows].mean())

        found = scattered(float(values.mean()), of, 40_000)
        inside += found.interval[0] <= 0 <= found.interval[1]
        widths.append(found.interval[1] - found.interval[0])
        assert found.larger == 40
        assert found.half == pytest.approx(widths[-1] / 2 * 2)  # parts are a quarter of the tenths
    assert set(seen) == {1000}
    assert 0.92 <= inside / 400 <= 0.98
    assert np.mean(widths) == pytest.approx(2 * 2.26 / np.sqrt(40_000), rel=0.1)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(0).normal(size=200)
    one, again, other = (interval(0.0, lambda rows: float(values[rows].mean()), 200, seed=s) for s in (1, 1, 2))
    assert one == again != other


def test_without_enough_rows_in_a_tenth_there_is_none():
    assert interval(0.0, lambda rows: 0.0, 39, least=4) is None
    assert interval(0.0, lambda rows: 0.0, 40, least=4) == (0.0, 0.0)
