"""The plug-in estimator of symbols: its corrections against their formulas, its statuses, what it refuses."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.symbols import entropy as de
from infoscope.measure.symbols import noncentral
from infoscope.measure.symbols.nsb import posterior

COUNTS = [[4, 12, 4, 5, 3, 1], [1, 1, 1, 2], [50, 1], [7, 7, 7]]
PLUGIN = make("plugin")


def plain(counts):
    p = np.asarray(counts) / sum(counts)
    return -sum(q * math.log(q) for q in p if q > 0)


def samples(counts):
    return np.repeat(np.arange(len(counts)), counts)


@pytest.mark.parametrize("counts", COUNTS)
def test_corrections_against_their_definitions(counts):
    n = sum(counts)
    left_out = [plain([c - (j == i) for j, c in enumerate(counts)]) for i in range(len(counts))]
    jackknife = n * plain(counts) - (n - 1) * sum(c / n * h for c, h in zip(counts, left_out, strict=True))
    g = [digamma(c) + 0.5 * (-1) ** c * (digamma((c + 1) / 2) - digamma(c / 2)) for c in counts]
    coverage = 1 - counts.count(1) / n
    chao_shen = sum(-coverage * c / n * math.log(coverage * c / n) / (1 - (1 - coverage * c / n) ** n) for c in counts)
    expected = {
        "none": plain(counts),
        "miller_madow": plain(counts) + (len(counts) - 1) / (2 * n),
        "jackknife": jackknife,
        "grassberger": math.log(n) - sum(c * q for c, q in zip(counts, g, strict=True)) / n,
        "chao_shen": chao_shen,
    }
    assert set(expected) == set(de.CORRECTIONS)
    for correction, value in expected.items():
        found = make("plugin", correction=correction).entropy(samples(counts))
        assert found.value == pytest.approx(value, abs=1e-12)


def test_chao_shen_of_samples_all_different_takes_one_as_seen_twice():
    n = 20
    p = (1 / n) / n
    expected = -n * p * math.log(p) / (1 - (1 - p) ** n)
    assert de.chao_shen(np.ones(n, int)) == pytest.approx(expected)


def slow_posterior(counts, alphabet):
    """The NSB integral over ln β in 30 digits, by the trapezoidal rule on a wide fixed grid."""
    n, seen = sum(counts), len(counts)
    with mp.workdps(30):
        total = first = second = mp.mpf(0)
        for u in np.linspace(math.log(1e-9 / alphabet), math.log(1e9), 301):
            b = mp.e ** mp.mpf(u)
            k, a = alphabet * b, n + alphabet * b
            evidence = mp.exp(
                mp.loggamma(k) - mp.loggamma(a) + sum(mp.loggamma(c + b) - mp.loggamma(b) for c in counts) + 2 * n
            )
            weight = evidence * (alphabet * mp.psi(1, k + 1) - mp.psi(1, b + 1)) * b
            cells = [(c + b, 1) for c in counts] + [(b, alphabet - seen)]
            ones = [(m, q, mp.psi(0, q + 1) - mp.psi(0, a + 2)) for q, m in cells]
            pairs = sum(m * q * o for m, q, o in ones) ** 2 - sum(m * q**2 * o**2 for m, q, o in ones)
            pairs -= mp.psi(1, a + 2) * (a**2 - sum(m * q**2 for m, q, _ in ones))
            alone = sum(
                m * q * (q + 1) * ((mp.psi(0, q + 2) - mp.psi(0, a + 2)) ** 2 + mp.psi(1, q + 2) - mp.psi(1, a + 2))
                for q, m in cells
            )
            total += weight
            first += weight * (mp.psi(0, a + 1) - sum(m * q * mp.psi(0, q + 1) for q, m in cells) / a)
            second += weight * (pairs + alone) / (a * (a + 1))
        mean = first / total
        return float(mean), float(mp.sqrt(second / total - mean**2))


@pytest.mark.parametrize(("counts", "alphabet"), [([4, 12, 4, 5, 3, 1], 6), ([4, 2, 1, 1], 100), ([30, 30, 30], 3)])
def test_nsb_against_the_integral_in_thirty_digits(counts, alphabet):
    mean, deviation = posterior(np.array(counts), alphabet)
    expected = slow_posterior(counts, alphabet)
    assert mean == pytest.approx(expected[0], abs=1e-7)
    assert deviation == pytest.approx(expected[1], abs=1e-7)


def test_nsb_survives_huge_alphabets_and_huge_counts():
    for counts, alphabet in (([1] * 200, 1e300), ([1, 2, 3], 2.0**60), ([10**9, 10**9], 2), ([3], 1)):
        mean, deviation = posterior(np.array(counts), alphabet)
        assert math.isfinite(mean)
        assert math.isfinite(deviation)
    assert posterior(np.array([10**9, 10**9]), 2)[0] == pytest.approx(math.log(2), abs=1e-8)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), st.integers(0, 3))
def test_nsb_is_between_nothing_and_the_alphabet(counts, more):
    alphabet = len(counts) + more
    mean, deviation = posterior(np.array(counts), alphabet)
    assert -1e-9 <= mean <= math.log(alphabet) + 1e-9
    assert deviation >= 0


def test_the_interval_of_weak_dependence_is_that_of_the_chi_square():
    """With deviation that of the null, κ = 1: the interval is λ / 2n where χ²(f, λ) has tails of 2.5 % at 2n seen."""
    from scipy.stats import ncx2

    n, f, seen = 500, 3, 0.02
    bias = f / (2 * n)
    deviation = math.sqrt(2 * f + 4 * 2 * n * (seen - bias)) / (2 * n)
    low, high = noncentral.interval(seen, bias, f, deviation)
    assert ncx2.cdf(2 * n * seen, f, 2 * n * low) == pytest.approx(0.975)
    assert ncx2.cdf(2 * n * seen, f, 2 * n * high) == pytest.approx(0.025)
    assert noncentral.interval(1e-5, bias, f, deviation)[0] == 0


def test_words_columns_and_names_are_all_symbols():
    x = np.random.default_rng(0).integers(0, 2, (400, 3))
    y = x[:, 0] * 2 + x[:, 1]
    joint = x @ [4, 2, 1]
    expected = PLUGIN.mutual_information(joint, y)
    for renamed in (x, x.astype(float), 7 - joint, np.array(list("abcdefgh"))[joint], x[:, ::-1] * 1000):
        assert PLUGIN.mutual_information(renamed, y).value == pytest.approx(expected.value, abs=1e-12)
        assert PLUGIN.entropy(renamed).value == pytest.approx(PLUGIN.entropy(joint).value, abs=1e-12)
    assert PLUGIN.mutual_information(x, np.array(list("wxyz"))[y]).value == pytest.approx(expected.value, abs=1e-12)


def test_nsb_states_its_alphabet():
    x = np.random.default_rng(0).integers(0, 4, (2000, 2))
    nsb = make("plugin", correction="nsb")
    assert "alphabet of 16 symbols" in nsb.entropy(x).estimand
    assert "alphabet of 48 symbols" in nsb.mutual_information(x, np.arange(2000) % 3).estimand
    assert "alphabet of 99 symbols" in make("plugin", correction="nsb", alphabet=99).entropy(x).estimand
    assert nsb.entropy(x).interval_kind == "NSB posterior"
    assert nsb.mutual_information(x, np.arange(2000) % 3).interval_kind == "delta method"


def test_undersampled_by_coverage():
    rng = np.random.default_rng(0)
    found = PLUGIN.mutual_information(rng.integers(20, size=100), rng.integers(20, size=100))
    assert found.status is Status.UNDERSAMPLED
    assert "by Good-Turing" in found.notes[0]


def test_undersampled_by_two_corrections_that_differ():
    x = np.repeat(np.arange(60), 2)  # no symbol alone, and yet two samples a symbol
    found = PLUGIN.entropy(x)
    assert found.status is Status.UNDERSAMPLED
    assert "Miller-Madow and jackknife" in found.notes[0]


def test_undersampled_nsb_whose_alphabet_is_not_known_or_whose_posterior_is_its_prior():
    x = np.random.default_rng(0).integers(200, size=300)
    assert "pass alphabet" in make("plugin", correction="nsb").entropy(x).notes[0]
    assert make("plugin", correction="nsb", alphabet=200).entropy(x).status is Status.OK
    wide = make("plugin", correction="nsb", alphabet=1000).entropy([0, 1, 2, 3, 3])
    assert wide.status is Status.UNDERSAMPLED
    assert "as wide as the prior" in wide.notes[0]


def test_saturated_when_every_row_is_alone():
    for estimate in (PLUGIN.entropy(np.arange(50)), PLUGIN.mutual_information(np.arange(50), np.arange(50) % 2)):
        assert estimate.status is Status.SATURATED
        assert "a symbol of its own" in estimate.notes[0]
    assert PLUGIN.mutual_information(np.arange(50) % 2, np.arange(50)).status is Status.SATURATED


@pytest.mark.parametrize("correction", ["none", "grassberger", "chao_shen", "nsb", "jackknife", "miller_madow"])
def test_degenerate_is_exactly_zero(correction):
    estimator, zeros, y = make("plugin", correction=correction), np.zeros(40, int), np.arange(40) % 3
    for estimate, words in (
        (estimator.entropy(zeros), "same symbol"),
        (estimator.mutual_information(zeros, y), "x is constant"),
        (estimator.mutual_information(y, zeros), "y is constant"),
        (estimator.conditional_mutual_information(y, np.arange(40) % 2, y), "x is a function of z"),
        (estimator.conditional_mutual_information(np.arange(40) % 2, 2 * y, y), "y is a function of z"),
    ):
        assert (estimate.status, estimate.value, estimate.interval) == (Status.DEGENERATE, 0, None)
        assert words in estimate.notes[0]


def test_the_interval_holds_the_value_whatever_the_correction():
    rng = np.random.default_rng(2)
    x, y = rng.integers(9, size=(2, 150))
    for correction in ("none", "miller_madow", "jackknife", "grassberger", "chao_shen", "nsb"):
        e = make("plugin", correction=correction).mutual_information(x, y)
        assert e.interval[0] <= e.value <= e.interval[1]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: PLUGIN.entropy([0.5, 1.5, 2.0]), "holds real numbers, wanted symbols .*bin"),
        (lambda: PLUGIN.mutual_information([0, 1, 1], [0.5, 1.0, 2.0]), "y is real-valued rows, plugin wants labels"),
        (lambda: make("plugin", correction="best"), "option correction of plugin is 'best', wanted one of"),
        (lambda: make("plugin", alphabet=5), "alphabet=5 came with correction='miller_madow'"),
        (lambda: make("plugin", correction="nsb", alphabet=2).entropy([1, 2, 3]), "x holds 3 different symbols"),
        (lambda: PLUGIN.entropy([np.nan, 1.0]), "holds NaN or infinity in 1 of 2 rows"),
        (lambda: PLUGIN.mutual_information([0, 1, 1], [0, 1]), "y has 2 labels for 3 rows"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(InputError, match=words):
        ask()


@pytest.mark.parametrize(("n", "wide"), [(6, True), (11, True), (12, True), (13, False), (16, False)])
def test_an_nsb_entropy_is_doubted_while_its_posterior_is_a_quarter_as_wide_as_its_prior(n, wide):
    """One value twice and the others once, of an alphabet of 50: each row more narrows the posterior."""
    rows = np.concatenate([[0], np.arange(n - 1)])
    deviation = posterior(np.bincount(rows), 50)[1]
    assert (deviation > 0.25 * math.log(50) / math.sqrt(12)) == wide  # the prior is flat on [0, ln 50]
    found = make("plugin", correction="nsb", alphabet=50).entropy(rows)
    assert ("the posterior is nearly as wide as the prior" in found.notes) == wide
    assert (found.status is Status.UNDERSAMPLED) == wide
