"""Bytes are guessed honestly: what NumPy and torch held at their peak, which no load of the machine changes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from memory_taken import taken

from infoscope.core import processors
from infoscope.core.measurement import Given
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.questions.information import mutual_information


def taken_by(text: str, n: int, d: int) -> float:
    """The most bytes that were held beside the rows."""
    measurement, rng = make_measurement(text), np.random.default_rng(0)
    t = np.tanh(rng.standard_normal((1, n, d))).astype(np.float32)
    labels = {"label": rng.integers(3, size=n)}
    forwards = measurement.forwards[0]
    noisy = t[:, :, None] + 0.1 * rng.standard_normal((1, n, forwards, d), np.float32) if forwards else None
    return taken(lambda: measurement.measure(t, labels, Given(replicas=noisy)))


@pytest.mark.parametrize(("n", "d"), [(400, 5), (2000, 20)])
@pytest.mark.parametrize(
    "text",
    [
        "noisy(population=dataset)",
        "noisy(population=sample, replicas=2)",
        "noisy(population=dataset, replicas=16)",
        "infonce(steps=2, folds=2, width=16)",
        "nwj(steps=2, folds=3, width=16)",
        "gaussian",
        "kde",
        "max_sliced(starts=2, steps=2)",
        "cluster_count",
        "mixed_ksg",
        "kozachenko_leonenko",
        "intrinsic_dimension",
    ],
)
def test_the_bytes_guessed_are_within_a_factor_of_two_of_those_taken(text, n, d, monkeypatch):
    monkeypatch.setattr(processors, "usable", lambda: 2)  # threads, of which each holds a block of its own
    assert 0.5 < make_measurement(text).cost(n, d, 3).bytes / taken_by(text, n, d) < 2


def test_a_noisy_layer_costs_what_its_mixture_does():
    """Every draw around n inputs is held against all their replicas, but for those of a data set with very many."""

    def seconds(n: int, d: int, replicas: int, population: str = "sample") -> float:
        return make_measurement("noisy", population=population, replicas=replicas).cost(n, d, 3).seconds

    assert seconds(500, 20, 8) > 6 * seconds(500, 20, 0)
    assert seconds(500, 20, 8) == pytest.approx(2 * seconds(500, 20, 4), rel=0.2)
    assert seconds(4000, 20, 8, "dataset") < 0.6 * seconds(4000, 20, 8)


NEIGHBOURS = ["ksg", "mixed_ksg", "kozachenko_leonenko", "local_nonuniformity", "intrinsic_dimension"]


@pytest.mark.parametrize("text", NEIGHBOURS)
def test_neighbours_cost_about_n_in_few_columns_and_every_pair_in_many(text):
    def times(n: int, d: int) -> float:
        measurement = make_measurement(text)
        return measurement.cost(10 * n, d, 3).seconds / measurement.cost(n, d, 3).seconds

    assert times(10_000, 2) < 11
    assert times(10_000, 2) < times(10_000, 10) < 100
    assert text == "local_nonuniformity" or times(100_000, 200) == pytest.approx(100, rel=0.05)


@pytest.mark.parametrize("text", ["ksg", "local_nonuniformity"])
def test_the_bytes_of_what_takes_two_sets_of_columns(text):
    rng, estimator = np.random.default_rng(0), make_measurement(text)
    for n, d in [(400, 5), (2000, 20)]:
        x = rng.standard_normal((n, d))
        y = x[:, :1] + rng.standard_normal((n, 1))
        mutual_information(x, y, text)
        tracemalloc.start()
        mutual_information(x, y, text)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 0.5 < estimator.cost(n, d, 3).bytes / peak < 2
