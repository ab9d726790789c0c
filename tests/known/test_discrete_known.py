"""Plug-in information of channels whose information is known in closed form."""

import math

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope.core.estimate import Status

LN2 = math.log(2)


def h2(p):
    return -p * math.log(p) - (1 - p) * math.log(1 - p)


#: joint probabilities [x, y] and the information in nats
CHANNELS = {
    "binary symmetric": (np.array([[0.9, 0.1], [0.1, 0.9]]) / 2, LN2 - h2(0.1)),
    "nearly useless": (np.array([[0.6, 0.4], [0.4, 0.6]]) / 2, LN2 - h2(0.4)),
    "erasure": (np.array([[0.7, 0, 0.3], [0, 0.7, 0.3]]) / 2, 0.7 * LN2),
    "independent": (np.outer([0.5, 0.3, 0.2], [0.6, 0.4]), 0.0),
    "copied": (np.diag([0.5, 0.3, 0.2]), -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))),
    "copied, uniform": (np.eye(5) / 5, math.log(5)),
}
EXACT = make("plugin", correction="none")


def drawn(p, n, seed):
    return np.unravel_index(np.random.default_rng(seed).choice(p.size, n, p=p.ravel()), p.shape)


def counted(p, n):
    """Samples whose frequencies are ``p`` exactly."""
    counts = np.round(p * n).astype(int)
    assert counts.sum() == n
    return (np.repeat(axis.ravel(), counts.ravel()) for axis in np.indices(p.shape))


@pytest.mark.parametrize("name", CHANNELS)
def test_exact_frequencies_give_the_exact_information(name):
    p, truth = CHANNELS[name]
    x, y = counted(p, 1000)
    found = EXACT.mutual_information(x, y)
    assert found.value == pytest.approx(truth, abs=1e-12)
    assert EXACT.mutual_information(y, x).value == pytest.approx(truth, abs=1e-12)
    h = EXACT.entropy(x)
    p_x = p.sum(1)
    assert h.value == pytest.approx(float(-(p_x @ np.log(p_x))), abs=1e-12)
    assert h.status is Status.OK


def test_conditional_information_of_exclusive_or_is_hidden_without_z():
    x, y = (v.ravel() for v in np.indices((2, 2)))
    x, y = np.tile(x, 100), np.tile(y, 100)
    z = x ^ y
    assert EXACT.mutual_information(x, y).value == pytest.approx(0, abs=1e-12)
    found = EXACT.conditional_mutual_information(x, y, z)
    assert found.value == pytest.approx(LN2)
    assert found.quantity == "I(X;Y|Z)"


def test_chain_rule():
    rng = np.random.default_rng(0)
    z = rng.integers(3, size=3000)
    x = (z + rng.integers(2, size=3000)) % 3
    y = (x + z + (rng.random(3000) < 0.2)) % 4
    both = EXACT.mutual_information(np.stack([x, z], 1), y).value
    assert both == pytest.approx(
        EXACT.mutual_information(z, y).value + EXACT.conditional_mutual_information(x, y, z).value, abs=1e-12
    )


@pytest.mark.parametrize("correction", ["none", "miller_madow", "jackknife", "grassberger", "chao_shen", "nsb"])
@pytest.mark.parametrize("name", CHANNELS)
def test_every_correction_is_near_the_truth(name, correction):
    p, truth = CHANNELS[name]
    found = [make("plugin", correction=correction).mutual_information(*drawn(p, 2000, s)).value for s in range(10)]
    assert abs(np.mean(found) - truth) < 3 / math.sqrt(20000)


@pytest.mark.parametrize("n", [100, 1000])
@pytest.mark.parametrize("name", CHANNELS)
def test_a_95_percent_interval_covers_the_truth(name, n):
    p, truth = CHANNELS[name]
    found = [make("plugin").mutual_information(*drawn(p, n, seed)) for seed in range(200)]
    covered = sum(e.interval[0] - 1e-12 <= truth <= e.interval[1] + 1e-12 for e in found)
    assert covered >= 180
    assert {e.status for e in found} == {Status.OK}


def test_the_entropy_interval_covers_the_truth():
    p = np.random.default_rng(3).dirichlet(np.full(20, 1.0))
    truth = float(-(p @ np.log(p)))
    for correction in ("miller_madow", "nsb"):
        estimator = make("plugin", correction=correction)
        found = [estimator.entropy(np.random.default_rng(s).choice(20, 1000, p=p)) for s in range(200)]
        assert sum(e.interval[0] <= truth <= e.interval[1] for e in found) >= 180


def test_conditional_interval_covers_zero():
    """A Markov chain X - Z - Y: dependent, and not so given Z."""
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        z = rng.integers(3, size=600)
        x, y = (np.where(rng.random(600) < 0.3, rng.integers(3, size=600), z) for _ in range(2))
        e = make("plugin").conditional_mutual_information(x, y, z)
        covered += e.interval[0] <= 0 <= e.interval[1]
    assert covered >= 180


def test_nsb_knows_a_large_alphabet_from_few_samples():
    """Uniform on 1000 symbols from 200 samples: the plug-in cannot exceed ln 200, NSB comes within its posterior."""
    x = np.random.default_rng(0).integers(1000, size=200)
    nsb, plain = make("plugin", correction="nsb", alphabet=1000).entropy(x), EXACT.entropy(x)
    assert plain.value < math.log(200)
    assert abs(nsb.value - math.log(1000)) < 0.1 * abs(plain.value - math.log(1000))
    assert nsb.interval[0] <= math.log(1000) <= nsb.interval[1]
