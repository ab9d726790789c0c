"""The neighbour estimators against slow twins of their formulas, and their laws."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma, gammaln
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.neighbours.boxes import log_shares, uniform_share
from infoscope.measure.neighbours.information import dimension
from infoscope.measure.neighbours.marginals import Marginal, standardised

SLACK = 1e-9  # between numbers of size one, what still counts as a tie


def pair(n, d=1, rho=0.6, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(n, d))


def gap(a, b, norm="max"):
    """Of two rows; of a label or an atom, which are whole numbers, and another one or a row: none or infinity."""
    if isinstance(a, (int, np.integer)) or isinstance(b, (int, np.integer)):
        return 0.0 if np.ndim(a) == np.ndim(b) and a == b else math.inf
    return float(np.abs(a - b).max() if norm == "max" else np.sqrt(((a - b) ** 2).sum()))


def scaled(t):
    t = np.asarray(t, float)
    return list((t - t.mean(0)) / t.std(0))


def slow_information(parts, k, norm="max", variant=1):
    """KSG (Kraskov 2004, eq. 8 and 9; Frenzel & Pompe 2007 with three parts), closed balls at ties, row by row."""
    n, total = len(parts[0]), 0.0
    for i in range(n):
        each = [[gap(part[i], part[j], norm) for j in range(n) if j != i] for part in parts]
        joint = [max(row) for row in zip(*each, strict=True)]
        mine = min(k, sum(d < math.inf for d in joint))
        radius = sorted(joint)[mine - 1]
        inside = sum(d <= radius + SLACK for d in joint)
        tied = inside - sum(d < radius - SLACK for d in joint) > 1 or radius <= SLACK

        def count(*which, each=each, joint=joint, radius=radius, tied=tied):
            distance = [max(row) for row in zip(*(each[p] for p in which), strict=True)]
            reach = radius + SLACK if tied else radius - SLACK
            if variant == 2:
                reach = max(d for d, j in zip(distance, joint, strict=True) if j <= radius + SLACK) + SLACK
            return sum(d <= reach for d in distance)

        more = 1 if tied or variant == 1 else 0
        total += digamma(inside + 1) if tied else digamma(mine) - (1 / mine if variant == 2 else 0)
        if len(parts) == 2:
            total += digamma(n) - digamma(count(0) + more) - digamma(count(1) + more)
        else:
            total += digamma(count(2) + 1) - digamma(count(0, 2) + 1) - digamma(count(1, 2) + 1)
    return total / n


grids = st.sampled_from([0, 2, 8])


def gridded(values, grid):
    return np.round(values * grid) / grid if grid else values


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(12, 40), st.integers(1, 3), st.integers(1, 5), grids, st.sampled_from([1, 2]))
def test_ksg_is_its_formula(seed, n, d, k, grid, variant):
    x, y = (gridded(t, grid) for t in pair(n, d, seed=seed))
    for norm in ("max", "euclidean"):
        found = make("ksg", k=k, norm=norm, variant=variant).mutual_information(3 * x, y - 7)
        if found.status is not Status.DEGENERATE:
            x, y = x[:, np.ptp(x, axis=0) > 0], y[:, np.ptp(y, axis=0) > 0]
            assert found.value == pytest.approx(slow_information([scaled(x), scaled(y)], k, norm, variant), abs=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(12, 40), st.integers(1, 5), grids)
def test_conditional_ksg_is_its_formula(seed, n, k, grid):
    x, y = (gridded(t, grid) for t in pair(n, 2, seed=seed))
    z = x[:, :1] + np.random.default_rng(seed).normal(size=(n, 1))
    found = make("ksg", k=k).conditional_mutual_information(x[:, :1], y[:, :1], z)
    if found.status is not Status.DEGENERATE:
        expected = slow_information([scaled(x[:, :1]), scaled(y[:, :1]), scaled(z)], k)
        assert found.value == pytest.approx(expected, abs=1e-9)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(20, 40), st.integers(1, 4))
def test_mixed_ksg_with_labels_is_its_formula(seed, n, k):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    x, z = rng.normal(size=(n, 2)) + y[:, None], rng.integers(2, size=n)
    y[:4], z[:4] = [0, 0, 1, 1], 0
    y[4:8], z[4:8] = [0, 0, 1, 1], 1  # nobody alone
    estimator = make("mixed_ksg", k=k)
    expected = slow_information([scaled(x), list(y)], k)
    assert estimator.mutual_information(x, y).value == pytest.approx(expected, abs=1e-9)
    expected = slow_information([scaled(x), list(y), list(z)], k)
    assert estimator.conditional_mutual_information(x, y, z).value == pytest.approx(expected, abs=1e-9)


def points(values, k):
    """Labels as they are; rows, of which one that is there max(k + 1, sqrt(n)) times is a number of its own."""
    if values.ndim == 1:
        return list(values)
    rows = [tuple(row) for row in values]
    often = {row: a for a, row in enumerate(dict.fromkeys(rows)) if rows.count(row) >= max(k + 1, math.sqrt(len(rows)))}
    return [often.get(row, near) for row, near in zip(rows, scaled(values), strict=True)]


kinds_of_columns = st.lists(st.sampled_from(["normal", "zeros", "whole", "quarters", "some", "twice"]), max_size=2)


def column(rng, n, kind):
    z = rng.normal(size=n)
    return {
        "normal": z,
        "zeros": np.maximum(z, 0),
        "whole": np.round(z),
        "quarters": np.round(4 * z) / 4,
        "some": np.where(rng.random(n) < 0.3, 0.3, z),
        "twice": np.repeat(z, 2)[:n],
    }[kind]


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.integers(12, 40),
    st.integers(1, 5),
    st.sampled_from(["max", "euclidean"]),
    st.tuples(kinds_of_columns, kinds_of_columns, kinds_of_columns),
)
def test_mixed_ksg_of_repeated_rows_is_its_formula(seed, n, k, norm, kinds):
    """Real columns of every kind, and labels (no kind); all rows that are alone in their cell are left out."""
    rng = np.random.default_rng(seed)
    values = [np.stack([column(rng, n, c) for c in kind], 1) if kind else rng.integers(3, size=n) for kind in kinds]
    values[0] = values[0] if values[0].ndim == 2 else values[0][:, None].astype(float)
    asks = ("mutual_information", values[:2]), ("conditional_mutual_information", values)
    for question, given_ in asks:
        if any((v == v[0]).all(axis=0).any() for v in given_):
            return
        parts = [points(v, k) for v in given_]
        near = [[max(gap(p[i], p[j], norm) for p in parts) for j in range(n) if j != i] for i in range(n)]
        kept = [i for i, row in enumerate(near) if min(row) < math.inf]
        if not kept:
            return
        found = getattr(make("mixed_ksg", k=k, norm=norm), question)(*given_)
        expected = slow_information([[p[i] for i in kept] for p in parts], k, norm)
        assert found.value == pytest.approx(expected, abs=1e-12)


def test_many_rows_of_few_values_are_counted_and_not_paired():
    """All atoms: the plug-in table with digamma functions. In pairs these are 4e10, at a nanosecond each 40 s."""
    n = 200_000
    x, y = np.arange(n) % 4 // 2, (np.arange(n) % 4 > 0).astype(int)
    found = make("mixed_ksg").mutual_information(x.astype(float)[:, None], y)
    quarter, half, most = (digamma(n * share) for share in (0.25, 0.5, 0.75))
    expected = digamma(n) - half + (quarter - quarter) / 4 + (quarter - most) / 4 + (half - most) / 2
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.status is Status.OK


def test_mixed_ksg_of_real_rows_without_repeats_is_ksg():
    x, y = pair(300, 2)
    assert make("mixed_ksg").mutual_information(x, y).value == make("ksg").mutual_information(x, y).value


@pytest.mark.parametrize("k", [1, 3, 8])
def test_scikit_learn_agrees_in_one_dimension(k):
    x, y = pair(2000)
    theirs = mutual_info_regression(x, y[:, 0], n_neighbors=k, random_state=0)[0]
    assert make("ksg", k=k).mutual_information(x, y).value == pytest.approx(theirs, rel=0.01)
    label = (y[:, 0] > 0.3).astype(int)
    theirs = mutual_info_classif(x, label, n_neighbors=k, random_state=0)[0]
    assert make("mixed_ksg", k=k).mutual_information(x, label).value == pytest.approx(theirs, rel=0.01)


def test_more_neighbours_scatter_less():
    def scatter(k):
        return np.std([make("ksg", k=k).mutual_information(*pair(300, seed=s)).value for s in range(30)])

    assert scatter(12) < scatter(1)


@pytest.mark.parametrize("name", ["ksg", "mixed_ksg"])
def test_chain_rule(name):
    """I(X;Y,Z) = I(X;Z) + I(X;Y|Z), each from counts of its own."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3000, 1))
    x, y = z + rng.normal(size=z.shape), z + rng.normal(size=z.shape)
    estimator = make(name)
    both = estimator.mutual_information(x, np.hstack([y, z])).value
    alone = estimator.mutual_information(x, z).value
    rest = estimator.conditional_mutual_information(x, y, z).value
    assert both == pytest.approx(alone + rest, abs=3 / math.sqrt(3000))


def test_conditioning_on_a_constant_conditions_on_nothing():
    x, y = pair(400)
    found = make("ksg").conditional_mutual_information(x, y, np.zeros(400))
    assert found.value == pytest.approx(make("ksg").mutual_information(x, y).value, abs=1e-12)


def test_normal_scores_do_not_see_increasing_maps():
    x, y = pair(500)
    scores = make("ksg", margins="normal")
    expected = scores.mutual_information(x, y).value
    assert scores.mutual_information(np.exp(3 * x), y**3).value == pytest.approx(expected, abs=1e-9)
    assert scores.mutual_information(x, y).estimand.endswith("of normal scores")


# --- status -----------------------------------------------------------------------------------------------------------


def test_y_equal_to_x_is_saturated_at_the_ceiling():
    x, _ = pair(1000)
    found = make("ksg").mutual_information(x, 5 * x - 2)
    assert found.value == pytest.approx(digamma(1000) - digamma(3), abs=1e-9)
    assert found.status is Status.SATURATED
    nearly = make("ksg").mutual_information(x, x + 1e-7 * np.random.default_rng(1).normal(size=x.shape))
    assert nearly.status is Status.SATURATED, "its value grows like log n"
    assert make("local_nonuniformity").mutual_information(x, 5 * x - 2).status is Status.SATURATED


def test_many_dimensions_are_undersampled_and_few_are_not():
    assert make("ksg").mutual_information(*pair(3000, 2)).status is Status.OK
    assert make("ksg").mutual_information(*pair(5000, 3)).status is Status.OK
    assert make("ksg").mutual_information(*pair(3000, 10)).status is Status.UNDERSAMPLED
    assert make("ksg").mutual_information(*pair(1000, 30, rho=0.1)).status is Status.UNDERSAMPLED


def test_rows_that_mostly_repeat_are_ties_to_ksg_and_points_to_mixed_ksg():
    symbol = np.random.default_rng(0).integers(5, size=1000)
    found = make("ksg").mutual_information(symbol.astype(float)[:, None], symbol.astype(float)[:, None] * 2)
    assert found.status is Status.TIED
    assert "at distance 0" in found.notes[0]
    mixed = make("mixed_ksg").mutual_information(symbol, symbol)
    assert mixed.status is Status.OK
    assert mixed.value == pytest.approx(math.log(5), abs=3 / math.sqrt(1000))
    x, y = pair(1000)
    assert make("mixed_ksg").mutual_information(np.repeat(x, 2, 0), np.repeat(y, 2, 0)).status is Status.TIED


def test_rows_alone_in_their_class_are_left_out_and_told():
    x, y = pair(200)
    label = (y[:, 0] > 0).astype(int)
    label[:2] = 2, 3
    found = make("mixed_ksg").mutual_information(x, label)
    assert "2 rows are the only ones of their class and were left out" in found.notes
    expected = make("mixed_ksg").mutual_information(standardised(x)[2:], label[2:])
    assert found.value == pytest.approx(expected.value, abs=0.01)


def test_bad_input_is_refused_with_words():
    x, y = pair(10)
    with pytest.raises(InputError, match="x has 10 rows for k=10 neighbours, wanted more rows than that: lower k"):
        make("ksg", k=10).mutual_information(x, y)
    with pytest.raises(InputError, match="each of the 10 rows is the only one of its class"):
        make("mixed_ksg").mutual_information(x, np.arange(10))
    with pytest.raises(InputError, match=r"variant is 3, wanted 1 .* or 2"):
        make("ksg", variant=3)
    with pytest.raises(InputError, match="variant 2 has no conditional information"):
        make("ksg", variant=2).conditional_mutual_information(x, y, x)
    with pytest.raises(InputError, match="k is 0, wanted a whole number of at least 1"):
        make("mixed_ksg", k=0)
    with pytest.raises(InputError, match="k is 2 for 2 columns that vary, wanted more neighbours than columns"):
        make("local_nonuniformity", k=2).mutual_information(x, y)
    with pytest.raises(InputError, match=r"alpha is 2\.0, wanted a share of the volume"):
        make("local_nonuniformity", alpha=2)
    with pytest.raises(InputError, match="t has 3 rows for k=3 neighbours"):
        make("kozachenko_leonenko").entropy(x[:3])
    with pytest.raises(InputError, match=r"floor is -1\.0, wanted 0 or a small distance"):
        make("kozachenko_leonenko", floor=-1)


# --- entropy ----------------------------------------------------------------------------------------------------------


def slow_entropy(t, k, floor, norm="euclidean"):
    n, d = t.shape
    r = [sorted(gap(t[i], t[j], norm) for j in range(n) if j != i)[k - 1] for i in range(n)]
    ball = d / 2 * math.log(math.pi) - gammaln(d / 2 + 1) if norm == "euclidean" else d * math.log(2)
    return d / n * sum(math.log(one + floor) for one in r) + ball + digamma(n) - digamma(k)


@pytest.mark.parametrize("norm", ["euclidean", "max"])
@pytest.mark.parametrize("floor", [0.0, 1e-16, 0.3])
def test_entropy_is_its_formula(norm, floor):
    t = 1e-3 * pair(60, 3)[0] + 5
    found = make("kozachenko_leonenko", k=2, floor=floor, norm=norm).entropy(t)
    assert found.value == pytest.approx(slow_entropy(t, 2, floor, norm), abs=1e-9)


def test_repeated_rows_kept_are_the_published_formula():
    t = np.repeat(pair(30, 2)[0], 3, axis=0)
    found = make("kozachenko_leonenko", k=2, floor=1e-16, duplicates="keep").entropy(t)
    assert found.value == pytest.approx(slow_entropy(t, 2, 1e-16), abs=1e-9)
    assert found.value < -60
    assert found.status is Status.TIED


def test_repeated_rows_merged_jittered_and_refused():
    t = pair(200, 2)[0]
    twice = np.repeat(t, 2, axis=0)
    alone = make("kozachenko_leonenko").entropy(t)
    merged = make("kozachenko_leonenko").entropy(twice)
    assert merged.value == pytest.approx(alone.value, abs=1e-12)
    assert merged.status is Status.TIED
    assert merged.n == 400
    assert merged.notes == ("0.5 of the rows repeat another", "one of each was kept")
    jittered = make("kozachenko_leonenko", duplicates="jitter", k=1).entropy(twice)
    assert jittered.value < -30
    assert jittered.value == make("kozachenko_leonenko", duplicates="jitter", k=1).entropy(twice).value
    with pytest.raises(InputError, match="their distance 0 has no logarithm"):
        make("kozachenko_leonenko", duplicates="keep").entropy(twice)
    few = make("kozachenko_leonenko", k=5).entropy(np.repeat(t[:3], 9, axis=0))
    assert few.notes[-1] == "one of each was kept, and k lowered to 2"


def test_entropy_moves_with_the_scale():
    t = pair(300, 3)[0]
    for scale in (1e-200, 0.1, 1e200):
        moved = make("kozachenko_leonenko").entropy(t * scale).value - 3 * math.log(scale)
        assert moved == pytest.approx(make("kozachenko_leonenko").entropy(t).value, abs=1e-9)


def test_members_are_measured_as_one_by_one():
    stack = np.random.default_rng(0).normal(size=(3, 100, 2))
    estimator = make("kozachenko_leonenko", k=2)
    measured = estimator.measure(stack, {})
    assert [m.estimate.value for (m,) in measured] == [estimator.entropy(t).value for t in stack]


# --- local non-uniformity ---------------------------------------------------------------------------------------------


def test_the_correction_is_its_formula():
    rng = np.random.default_rng(0)
    points, nearest = rng.normal(size=(30, 3)), np.array([rng.permutation(30)[:7] for _ in range(30)])
    logs, flat = log_shares(points, np.arange(len(points)), nearest)
    for i in range(30):
        offsets = points[nearest[i]] - points[i]
        axes = np.linalg.svd(offsets)[2].T
        share = np.abs(offsets @ axes).max(0).prod() / np.abs(offsets).max(0).prod()
        assert logs[i] == pytest.approx(math.log(share), abs=1e-9)
    assert not flat.any()
    assert log_shares(points[:, :1] * [1.0, 2.0], np.arange(len(points)), nearest)[1].all()


def test_uniform_points_are_rarely_thinner_than_alpha():
    assert 0 < uniform_share(5, 2) < uniform_share(10, 2) < uniform_share(40, 2) <= 1


def test_strong_dependence_is_within_reach_of_the_correction_only():
    x, y = pair(1000, 2, rho=0.99999)
    truth = -math.log(1 - 0.99999**2)
    corrected = make("local_nonuniformity").mutual_information(x, y)
    assert corrected.value == pytest.approx(truth, abs=0.5)
    assert make("ksg").mutual_information(x, y).value < truth - 3
    low = pair(1000, 1, rho=0.3)
    ksg = make("ksg", k=5).mutual_information(*low).value
    assert make("local_nonuniformity").mutual_information(*low).value == pytest.approx(ksg, abs=0.05)


# --- shared -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 5])
def test_intrinsic_dimension_of_a_flat_sheet(d):
    rng = np.random.default_rng(0)
    from infoscope.measure.neighbours.search import balls

    sheet = rng.uniform(size=(2000, d)) @ rng.normal(size=(d, 8))
    assert dimension(balls([sheet], 5).distances) == pytest.approx(d, rel=0.15)
    assert dimension(np.zeros((10, 3))) == 0
    assert dimension(np.ones((10, 1))) == math.inf


def test_hooks_answer_for_tensors_what_they_answer_for_arrays(device):
    x, y = (torch.tensor(t, device=device) for t in pair(300, 2))
    label = (pair(300, 2)[1][:, 0] > 0).astype(np.int64)
    for name, of, arguments in (
        ("ksg", "_mutual_information", (x, y)),
        ("mixed_ksg", "_mutual_information", (x, label)),
        ("local_nonuniformity", "_mutual_information", (x, y)),
        ("kozachenko_leonenko", "_entropy", (x,)),
    ):
        estimator = make(name)
        arrays = [a.cpu().numpy() if isinstance(a, torch.Tensor) else a for a in arguments]
        found, expected = getattr(estimator, of)(*arguments), getattr(estimator, of)(*arrays)
        assert found.value == pytest.approx(expected.value, abs=1e-9)
        assert found.status is expected.status


@pytest.mark.parametrize("d", [1, 2])
def test_two_neighbours_tell_a_dimension_and_one_does_not(d):
    """One ratio of distances a row, whose logarithm has mean 1/d: the dimension to three standard errors."""
    rows = np.random.default_rng(d).uniform(size=(4000, d))
    distances = np.sort(np.abs(rows[:, None] - rows[None]).max(axis=2) + np.diag(np.full(4000, np.inf)), axis=1)
    assert dimension(distances[:, :2]) == pytest.approx(d, rel=3 * math.sqrt(2 / 4000) + 0.02)
    assert dimension(distances[:, :1]) == math.inf


@pytest.mark.parametrize(("labels", "varies"), [([0, 0, 0], False), ([3, 3, 3], False), ([0, 0, 1], True)])
def test_labels_vary_where_there_are_two_of_them_whatever_their_numbers(labels, varies):
    assert Marginal.of(np.array(labels)).varies == varies
