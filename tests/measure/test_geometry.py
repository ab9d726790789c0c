"""Measures of geometry against definitions written out and closed forms."""

import importlib.util
import math
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform
from scipy.stats import mannwhitneyu

import infoscope
from infoscope.core import grammar
from infoscope.core.errors import InputError, MissingPackageError, UnknownNameError
from infoscope.core.estimate import Status
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.geometry._agreement import adjusted_rand_index
from infoscope.measure.geometry.distance_histogram import EDGES
from infoscope.measure.pairs.distance_statistics import BETWEEN, WITHIN, spreads

make = partial(grammar.make, "geometries")


def classes(n=700, d=3, k=4, apart=2.0, seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    return (apart * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d))).astype(dtype), y


def distances(t, y):
    """Within and between classes, written out."""
    table, same = squareform(pdist(t.astype(np.float64))), y[:, None] == y
    upper = np.triu_indices(len(t), 1)
    return table[upper][same[upper]], table[upper][~same[upper]]


def value(measure, t, y=None, quantity=None, **options):
    return infoscope.geometry(t, y, measure=measure, **options)[quantity or measure].value


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 3, 40])  # 40: a matrix product
@pytest.mark.parametrize("n", [8, 700])  # 700: several strips, and blocks off the diagonal
def test_class_distances_against_all_pairs(n, d, dtype):
    t, y = classes(n, d, 3, dtype=dtype)
    within, between = distances(t, y)
    found = infoscope.geometry(t, y)
    close = 1e-3 if n == 700 else 0.3  # of few pairs a quantile is any number between two of them
    ratio = np.median(within) / np.median(between)
    assert found["distance_ratio"].value == pytest.approx(ratio, rel=2 * close)
    auc = mannwhitneyu(between, within).statistic / (len(within) * len(between))
    assert found["distance_auc"].value == pytest.approx(auc, abs=1e-4)
    for percent in (5, 25, 50, 75, 95):
        for kind, all_of in (("within", within), ("between", between)):
            exact = np.quantile(all_of, percent / 100, method="inverted_cdf")
            assert found[f"{kind}_class_distance_{percent:02d}"].value == pytest.approx(exact, rel=max(close / 2, 2e-3))
    assert found["distance_ratio"].interval is None


def test_every_pair_is_counted_once_and_where_it_belongs():
    t, y = classes(700)
    within, between = distances(t, y)
    (spread,) = spreads(t, [y])
    assert spread.counts.sum(axis=1).tolist() == [len(within), len(between)]
    for which, all_of in ((WITHIN, within), (BETWEEN, between)):
        exact = np.histogram(all_of, spread.edges[::512])[0]
        cells = np.add.reduceat(spread.counts[which], np.arange(0, spread.counts.shape[1], 512))
        assert np.abs(cells - exact).sum() <= 2  # rounding at an edge


def test_several_labels_in_one_pass_are_as_each_alone():
    t, y = classes()
    other = (t[:, 0] > 0).astype(int)
    both = make("class_distances").measure(t[None], {"a": y, "b": other})[0]
    for name, labels in (("a", y), ("b", other)):
        found = [m.estimate.value for m in both if m.variable == name]
        assert found == [estimate.value for estimate in infoscope.geometry(t, labels).values()]


def test_classes_far_apart_and_classes_that_mean_nothing():
    t, y = classes(apart=1e4)
    found = infoscope.geometry(t, y)
    assert found["distance_auc"].value == 1
    assert found["distance_ratio"].value < 1e-3
    mixed = infoscope.geometry(t, np.random.default_rng(5).integers(0, 2, len(t)))
    assert mixed["distance_auc"].value == pytest.approx(0.5, abs=0.02)
    assert mixed["distance_ratio"].value == pytest.approx(1, abs=0.02)


def test_collapsed_classes_are_not_blurred_by_float32():
    """Rows a thousandth apart around distant means: the matrix product in float32 knows squares to 1e-7 of the norm."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    t = (rng.normal(size=(3, 50))[y] + 1e-4 * rng.normal(size=(400, 50))).astype(np.float32)
    within = distances(t, y)[0]
    found = infoscope.geometry(t, y)
    assert found["within_class_distance_50"].value == pytest.approx(np.median(within), rel=1e-3)


def test_coinciding_rows_of_two_classes():
    y = np.arange(60) % 2
    t = np.zeros((60, 2))
    t[0] = 1
    found = infoscope.geometry(t, y)
    assert found["distance_ratio"].status is Status.DEGENERATE
    assert found["distance_auc"].value == pytest.approx(0.5, abs=0.05)
    assert found["within_class_distance_50"].value == 0


def test_drawn_pairs_cover_what_all_pairs_say():
    t, y = classes(500, d=2)
    truth = infoscope.geometry(t, y)
    held = dict.fromkeys(truth, 0)
    for seed in range(60):
        found = infoscope.geometry(t, y, pairs=400, seed=seed)
        assert set(found) == set(truth)
        for quantity, estimate in found.items():
            low, high = estimate.interval
            assert low <= estimate.value <= high
            held[quantity] += low <= truth[quantity].value <= high
    assert min(held.values()) >= 0.85 * 60  # of 95 %: at most one time in 3000 is it fewer by chance
    assert "400 random pairs of each kind" in found["distance_ratio"].estimand


def test_drawn_pairs_are_of_the_kind_asked_for():
    y = np.array([0] * 50 + [1] * 3 + [2] * 20)
    t = y[:, None] * 10.0 + np.linspace(0, 1, len(y))[:, None]
    found = infoscope.geometry(t, y, pairs=2000)
    assert found["within_class_distance_95"].value < 1 < 9 < found["between_class_distance_05"].value
    assert found["within_class_distance_05"].value > 0  # no row is paired with itself


@pytest.mark.parametrize(
    ("y", "words"), [(np.zeros(6, int), "all rows are of one class"), (np.arange(6), "of a class of its own")]
)
@pytest.mark.parametrize("options", [{}, {"pairs": 100}])
def test_labels_without_both_kinds_of_pairs_are_refused(y, words, options):
    t = np.random.default_rng(0).normal(size=(6, 2))
    with pytest.raises(InputError, match=words):
        infoscope.geometry(t, y, **options)


def test_class_distance_options_are_checked():
    t, y = classes(50)
    with pytest.raises(InputError, match="pairs is 5, wanted a whole number of at least 100"):
        infoscope.geometry(t, y, pairs=5)
    with pytest.raises(UnknownNameError, match="there is no geometry named 'class_distance': did you mean"):
        infoscope.geometry(t, y, measure="class_distance")


def test_threads_do_not_change_the_counts(monkeypatch):
    t, y = classes(3000, d=20)
    one = infoscope.geometry(t, y)
    from infoscope.kernels import parallel

    monkeypatch.setattr(parallel, "cores", lambda *_: 3)
    assert {q: e.value for q, e in infoscope.geometry(t, y).items()} == {q: e.value for q, e in one.items()}


def test_distance_histogram_against_numpy():
    t, y = classes(700)
    within, between = distances(t, y)
    typical = math.sqrt((pdist(t) ** 2).mean())
    measured = make("distance_histogram").measure(t[None], {"label": y})[0]
    for quantity, all_of in (("within", within), ("between", between)):
        shares = [m.estimate.value for m in measured if m.estimate.quantity == f"{quantity}_class_distance_share"]
        exact = np.histogram(all_of / typical, [0, *EDGES, np.inf])[0] / len(all_of)
        assert shares == pytest.approx(exact, abs=1e-3)
        assert sum(shares) == pytest.approx(1)
    assert measured[0].variable == "up to 0.01"
    assert measured[len(EDGES)].variable == "above 2.5"


def test_distance_histogram_wants_one_variable():
    t, y = classes(60)
    both = {"a": y, "b": y}
    with pytest.raises(InputError, match=r"there are 2 variables \(a, b\), wanted one: say which, e.g. label=a"):
        make("distance_histogram").measure(t[None], both)
    with pytest.raises(UnknownNameError, match="there is no variable named 'c'"):
        make("distance_histogram", label="c").measure(t[None], both)
    assert make("distance_histogram", label="b").measure(t[None], both)


def test_binned_entropy_is_that_of_shifted_bins():
    t, _ = classes(400, 2)
    found = infoscope.geometry(t, measure="binned_entropy", width=0.7, offsets=1, seed=3)["H(Bin(T))"]
    from infoscope.kernels import draws

    places = np.random.Generator(draws.stream(3)).random((1, 2))[0]
    _, counts = np.unique(np.floor(t / 0.7 + places), axis=0, return_counts=True)
    p = counts / counts.sum()
    assert found.value == pytest.approx(-(p * np.log(p)).sum())
    assert found.interval == (found.value, found.value)


def test_binned_entropy_of_two_points_by_the_place_of_the_edge():
    """Two points half a bin apart share a bin half of the time: H is ln 2 or 0."""
    t = np.repeat([[0.0], [0.05]], 50, axis=0)
    found = infoscope.geometry(t, measure="binned_entropy", width=0.1, offsets=400)["H(Bin(T))"]
    assert found.value == pytest.approx(math.log(2) / 2, abs=4 * math.log(2) / 2 / 20)
    assert found.interval == (0, math.log(2))
    assert found.interval_kind == "least and largest over offsets"


def test_binned_entropy_statuses_and_several_widths():
    t = np.linspace(0, 1, 200)[:, None]
    (measured,) = make("binned_entropy", width=(1e-4, 0.1, 50.0), offsets=4).measure(t[None], {})
    statuses = [m.estimate.status for m in measured]
    assert statuses[:2] == [Status.SATURATED, Status.OK]
    assert [m.options["width"] for m in measured] == [1e-4, 0.1, 50.0]
    assert measured[0].estimate.value == pytest.approx(math.log(200))
    with pytest.raises(InputError, match="an option holds several values"):
        infoscope.geometry(t, measure="binned_entropy", width=(0.1, 0.2))
    with pytest.raises(InputError, match="wanted fewer than 2"):
        infoscope.geometry(1e10 * t, measure="binned_entropy", width=1e-9)
    with pytest.raises(InputError, match="width is -1"):
        make("binned_entropy", width=-1)


def test_cosines_of_rows_turned_by_known_angles():
    angles = np.linspace(0, np.pi, 401)
    t = np.stack([np.ones(401), np.zeros(401)], 1)
    other = 7 * np.stack([np.cos(angles), np.sin(angles)], 1)
    found = infoscope.geometry(t, other, measure="cosine_similarity")
    assert found["cosine_median"].value == pytest.approx(0, abs=1e-12)
    assert found["cosine_05"].value == pytest.approx(np.cos(0.95 * np.pi))
    low, high = found["cosine_median"].interval
    assert -0.2 < low < 0 < high < 0.2
    assert found["cosine_share above 0.99"].value == pytest.approx((np.cos(angles) > 0.99).mean())


def test_cosines_have_a_control_and_leave_out_rows_without_a_direction():
    rng = np.random.default_rng(0)
    t = rng.normal(size=(500, 20))
    t[:100] = 0
    found = infoscope.geometry(t, t, measure="cosine_similarity")
    assert found["cosine_median"].value == pytest.approx(1)
    assert found["cosine_permuted"].value == pytest.approx(0, abs=0.05)
    assert found["cosine_median"].notes == ("100 of 500 rows are 0 and have no direction",)
    assert found["cosine_median"].n == 400
    none = infoscope.geometry(t, 0 * t, measure="cosine_similarity")
    assert {estimate.status for estimate in none.values()} == {Status.DEGENERATE}


def test_cosines_want_two_representations_of_one_width():
    t = np.random.default_rng(0).normal(size=(30, 4))
    with pytest.raises(InputError, match=r"are \(30, 4\) and \(30, 3\), wanted the same inputs and the same units"):
        infoscope.geometry(t, t[:, :3], measure="cosine_similarity")
    with pytest.raises(InputError, match="say which network of the run to compare with"):
        make("cosine_similarity").measure(t[None], {})
    following = make("cosine_similarity", members="next")
    assert following.partners(3) == [1, 2, 0]
    assert make("cosine_similarity").partners(3) == [0, 1, 2]
    with pytest.raises(InputError, match="members='next' came with one member"):
        following.partners(1)


@pytest.mark.parametrize(("measure", "expected"), [("effective_rank", 3.0), ("participation_ratio", 3.0)])
def test_ranks_of_equal_variances(measure, expected):
    """The rows ±e_i: as much variance along each of three axes."""
    t = np.concatenate([np.eye(3), -np.eye(3)]) @ np.linalg.qr(np.random.default_rng(0).normal(size=(5, 3)))[0].T
    assert value(measure, t) == pytest.approx(expected)
    assert value(measure, np.outer([1.0, 2, 4], [1, 2, 3, 4])) == pytest.approx(1)


def test_ranks_of_unequal_variances():
    """Standard deviations 2 and 1: p = 2/3, 1/3 for the effective rank, 4/5, 1/5 for the participation ratio."""
    t = np.array([[2.0, 0], [-2, 0], [0, 1], [0, -1]]) + 10
    p = np.array([2, 1]) / 3
    assert value("effective_rank", t) == pytest.approx(np.exp(-(p * np.log(p)).sum()))
    assert value("participation_ratio", t) == pytest.approx(25 / 17)
    assert value("participation_ratio", t[:, [0, 1, 0, 1, 0, 1]]) == pytest.approx(25 / 17)  # fewer rows than columns


@pytest.mark.parametrize(("d", "least"), [(1, 15), (2, 15), (5, 0)])
def test_intrinsic_dimension_of_a_flat_piece(d, least):
    """The interval holds the truth in few dimensions; in five the edges of the piece make it err low."""
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.normal(size=(12, d)))[0]
    held = 0
    for _ in range(20):
        t = rng.random((1500, d)) @ frame.T
        found = infoscope.geometry(t, measure="intrinsic_dimension")["intrinsic_dimension"]
        held += found.interval[0] <= d <= found.interval[1]
        assert found.value == pytest.approx(d, rel=0.15)
    assert held >= least


def test_intrinsic_dimension_of_a_curve_whatever_it_is_bent_into():
    x = np.random.default_rng(1).random(1000) * 20
    t = np.stack([x * np.cos(x), x * np.sin(x), x], 1)
    assert value("intrinsic_dimension", t) == pytest.approx(1, abs=0.12)


def test_intrinsic_dimension_leaves_repeated_rows_out():
    t = np.random.default_rng(0).random((600, 2))
    once, twice = (
        infoscope.geometry(x, measure="intrinsic_dimension")["intrinsic_dimension"] for x in (t, np.repeat(t, 2, 0))
    )
    assert twice.value == pytest.approx(once.value)
    assert twice.notes == ("600 repeated rows left out",)
    few = infoscope.geometry(np.repeat(t[:5], 20, 0), measure="intrinsic_dimension")["intrinsic_dimension"]
    assert few.status is Status.DEGENERATE


def simplex(k, d, seed=0):
    """The k corners of a regular simplex around 0 in d dimensions."""
    frame = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, k)))[0]
    return (np.eye(k) - 1 / k) @ frame.T


def test_neural_collapse_of_a_collapsed_layer():
    corners = simplex(5, 12)
    y = np.repeat(np.arange(5), 20)
    t = corners[y] + 3
    found = infoscope.neural_collapse(t, y, 7 * corners, -21 * corners.sum(axis=1))
    for quantity in ("nc1_variability", "nc2_norms", "nc2_angles", "nc3_duality"):
        assert found[quantity].value == pytest.approx(0, abs=1e-9)
    assert found["nearest_mean_error"].value == 0
    assert found["nc4_disagreement"].value == 0


def test_nc1_is_the_trace_of_the_papers_formula():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(4), 50)  # as many rows of each class, as in the paper
    t = rng.normal(size=(4, 6))[y] + rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6))
    means = np.stack([t[y == c].mean(0) for c in range(4)])
    within = (t - means[y]).T @ (t - means[y]) / len(t)
    between = (means - t.mean(0)).T @ (means - t.mean(0)) / 4
    expected = np.trace(within @ np.linalg.pinv(between)) / 4
    assert value("neural_collapse", t, y, "nc1_variability") == pytest.approx(expected, rel=1e-6)
    centred = means - t.mean(0)
    norms = np.linalg.norm(centred, axis=1)
    cosines = [centred[i] @ centred[j] / norms[i] / norms[j] for i in range(4) for j in range(i)]
    assert value("neural_collapse", t, y, "nc2_norms") == pytest.approx(norms.std() / norms.mean())
    assert value("neural_collapse", t, y, "nc2_angles") == pytest.approx(np.abs(np.array(cosines) + 1 / 3).mean())


def test_nc3_and_nc4_of_classifiers_that_do_not_fit():
    corners = simplex(3, 4)
    y = np.repeat(np.arange(3), 10)
    found = infoscope.neural_collapse(corners[y], y, -corners)
    assert found["nc3_duality"].value == pytest.approx(4)  # opposite directions: |a + a|² of a unit a
    assert found["nc4_disagreement"].value == 1
    turned = infoscope.neural_collapse(corners[y], y, corners[[1, 2, 0]])
    assert turned["nc4_disagreement"].value == 1
    tensors = infoscope.neural_collapse(torch.tensor(corners[y]), torch.tensor(y), torch.tensor(corners))
    assert tensors["nc3_duality"].value == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "bias", "y", "words"),
    [
        (np.ones((2, 3)), None, [0, 1] * 3, r"wanted weights \[classes, 4\]"),
        (np.ones((3, 4)), None, [0, 1] * 3, "wanted labels 0 to 2, each at least once"),
        (np.ones((2, 4)), np.zeros(3), [0, 1] * 3, "bias has 3 entries for 2 rows of weights"),
        (np.zeros((2, 4)), None, [0, 1] * 3, "weights are all 0"),
        (np.ones((2, 4)), None, [0] * 6, "all rows are of one class"),
    ],
)
def test_neural_collapse_refuses_what_does_not_fit(weights, bias, y, words):
    t = np.random.default_rng(0).normal(size=(6, 4))
    with pytest.raises(InputError, match=words):
        infoscope.neural_collapse(t, np.array(y), weights, bias)


def test_rows_of_a_class_of_their_own_each_say_nothing_about_collapse():
    found = infoscope.geometry(np.eye(5), np.arange(5), "neural_collapse")
    assert {one.status for one in found.values()} == {Status.DEGENERATE}
    assert {one.status for one in infoscope.neural_collapse(np.eye(5), np.arange(5), np.eye(5)).values()} == {
        Status.DEGENERATE
    }


def test_class_means_that_coincide_are_degenerate():
    t = np.concatenate([np.eye(3), -np.eye(3)] * 2)
    found = infoscope.geometry(t, np.repeat([0, 1], 6), measure="neural_collapse")
    assert {estimate.status for estimate in found.values()} == {Status.DEGENERATE}


def test_clusters_are_counted_and_compared_with_classes():
    t, y = classes(400, 2, 4, apart=200, seed=1)
    found = infoscope.geometry(t, y, measure="cluster_count")
    assert found["clusters"].value == 4
    assert found["cluster_agreement"].value > 0.95
    assert set(infoscope.geometry(t, measure="cluster_count")) == {"clusters", "unclustered"}
    with pytest.raises(InputError, match="10 rows arrived and least is 20"):
        infoscope.geometry(t[:10], measure="cluster_count")


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_agreement_is_that_of_scikit_learn(n, few, many, seed):
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(seed)
    one, other = rng.integers(few, size=n), rng.integers(many, size=n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions warn of many labels
        expected = adjusted_rand_score(one, other)
    assert adjusted_rand_index(one, other) == pytest.approx(expected, abs=1e-15)
    assert adjusted_rand_index(one, one) == 1.0


def test_without_scikit_learn_cluster_count_says_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "sklearn" else find(name))
    with pytest.raises(MissingPackageError, match="cluster_count needs scikit-learn: pip install scikit-learn"):
        infoscope.geometry(np.eye(30), measure="cluster_count")


def test_a_mistyped_measurement_is_answered_with_estimators_and_geometries():
    with pytest.raises(UnknownNameError, match="did you mean 'class_distances'"):
        make_measurement("class_distnaces")
    assert make_measurement("binned", bins="5").options["bins"] == 5
    assert not hasattr(make_measurement("effective_rank"), "beside")


def test_an_interval_over_rows_counts_groups_once():
    """Cosines of 60 films of 20 equal frames: the interval of the median is that of 60 frames, not of 1200."""
    rng = np.random.default_rng(0)
    t, other = rng.normal(size=(2, 60, 5))
    t, other, names = np.repeat(t, 20, 0), np.repeat(other, 20, 0), np.repeat(np.arange(60), 20)
    free = infoscope.geometry(t, other, "cosine_similarity")["cosine_median"]
    held = infoscope.geometry(t, other, "cosine_similarity", groups=names)["cosine_median"]
    films = infoscope.geometry(t[::20], other[::20], "cosine_similarity")["cosine_median"]
    assert (free.resampled, held.resampled, held.groups) == ("rows", "groups", 60)
    assert np.diff(held.interval) == pytest.approx(np.diff(films.interval), rel=0.3)
    assert np.diff(held.interval) > 3 * np.diff(free.interval)
    few = infoscope.geometry(t, other, "cosine_similarity", groups=np.arange(1200) % 5)["cosine_median"]
    assert (few.interval, few.status) == (None, Status.UNDERSAMPLED)


def five_in(columns, n, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.normal(size=(columns, 5)))[0]
    return rng.normal(size=(n, 5)) @ frame.T + noise * rng.normal(size=(n, columns))


@pytest.mark.parametrize("measure", ["effective_rank", "participation_ratio"])
def test_directions_are_told_from_what_the_number_of_rows_shows(measure):
    """What forces the number decides, not the shape: five directions of 1000 columns are seen in 100 rows."""
    noise = np.random.default_rng(0).normal(size=(1000, 1000))

    def found(t, groups=None):
        return infoscope.geometry(t, measure=measure, groups=groups)[measure]

    few = found(noise[:100])  # 97.7 and 89.8 of a true 1000
    assert few.status is Status.SATURATED
    assert "100 rows show at most 99 directions" in few.notes[0]
    assert found(noise).status is Status.SATURATED
    assert found(noise[:, :200]).status in (Status.OK, Status.UNRESOLVED)
    assert found(noise[:, :20]).status is Status.OK
    for t in (five_in(1000, 100), five_in(1000, 100).astype(np.float32)):
        five = found(t)
        assert (five.status, five.value) == (Status.OK, pytest.approx(5, rel=0.08))
    assert found(noise[:, :1]).status is Status.DEGENERATE
    assert found(noise[:3]).status is Status.SATURATED
    copied, names = np.repeat(noise[:100], 10, 0), np.repeat(np.arange(100), 10)
    assert found(copied).status is Status.UNRESOLVED
    assert found(copied, names).status is Status.SATURATED
    assert found(np.eye(4)[np.arange(400) % 4]).status is Status.OK  # four points have three directions


def test_faint_noise_in_many_columns_counts_in_the_effective_rank():
    """Standard deviations 1 (five) and .01 (995): exp of the entropy of their shares is 320, of 100 rows 28."""
    found = infoscope.geometry(five_in(1000, 100, 0.01), measure="effective_rank")["effective_rank"]
    assert found.status is Status.SATURATED


def test_the_participation_ratio_behind_rows_has_no_bias():
    """Of 60 draws of 40 rows in 30 columns with standard deviations 1 / √i."""
    from infoscope.measure.moments.spectra import law_participation, spectrum

    spread = 1 / np.sqrt(np.arange(1, 31))
    truth = (spread**2).sum() ** 2 / (spread**4).sum()
    rng = np.random.default_rng(0)
    laws = [1 / law_participation(spectrum(rng.normal(size=(40, 30)) * spread)) for _ in range(60)]
    assert abs(np.mean(laws) - 1 / truth) < 3 * np.std(laws) / math.sqrt(60) + 0.02 / truth


def statuses(found):
    return {name: estimate.status for name, estimate in found.items()}


def test_two_class_means_are_opposite_whatever_the_network():
    """Of noise with two classes NC2 read 0, perfect, and OK."""
    t, y = np.random.default_rng(0).normal(size=(400, 5)), np.arange(400) % 2
    found = infoscope.geometry(t, y, "neural_collapse")
    assert found["nc2_norms"].status is found["nc2_angles"].status is Status.DEGENERATE
    assert found["nc2_angles"].notes == ("the centred means of two classes are always opposite and of equal length",)
    assert found["nc1_variability"].status is Status.UNDERSAMPLED  # these labels mean nothing
    told = infoscope.geometry(t + 3 * y[:, None], y, "neural_collapse")
    assert told["nc1_variability"].status is told["nearest_mean_error"].status is Status.OK


@pytest.mark.parametrize(("n", "d", "k"), [(400, 5, 3), (100, 1000, 10), (60, 60, 4)])
def test_class_means_of_labels_that_mean_nothing_show_no_collapse(n, d, k):
    """In many columns NC1 of noise is small (.08 in the second case), and no row is nearer to another class's mean."""
    t, y = np.random.default_rng(0).normal(size=(n, d)), np.arange(n) % k
    noise = infoscope.geometry(t, y, "neural_collapse")
    assert {noise[name].status for name in ("nc1_variability", "nc2_norms", "nc2_angles")} == {Status.UNDERSAMPLED}
    assert (noise["nearest_mean_error"].status is Status.OK) == (noise["nearest_mean_error"].value > 0.5)
    classes_apart = t + 4 * np.random.default_rng(1).normal(size=(k, d))[y]
    assert set(statuses(infoscope.geometry(classes_apart, y, "neural_collapse")).values()) == {Status.OK}
    shuffled = infoscope.geometry(classes_apart, np.random.default_rng(2).permutation(y), "neural_collapse")
    assert shuffled["nc1_variability"].status is Status.UNDERSAMPLED


@pytest.mark.parametrize("k", [4, 5, 10])
def test_more_means_than_a_simplex_has_corners_are_told(k):
    """In three columns four means can be the corners of one, five cannot."""
    y = np.arange(30 * k) % k
    t = 9 * np.random.default_rng(0).normal(size=(k, 3))[y] + np.random.default_rng(1).normal(size=(30 * k, 3))
    found = infoscope.geometry(t, y, "neural_collapse")
    assert found["nc2_angles"].notes == (
        (f"{k} means form no simplex in 3 columns: 0 is out of reach",) if k > 4 else ()
    )


def dimension(t, **options):
    return infoscope.geometry(t, measure="intrinsic_dimension", **options)["intrinsic_dimension"]


RNG = np.random.default_rng(0)
GRIDS = {
    "points on a line": np.linspace(0, 1, 500)[:, None],  # read 1.0e14
    "the same in float32, far from 0": np.linspace(100, 101, 500, dtype=np.float32)[:, None],
    "whole numbers": RNG.integers(0, 5, size=(500, 3)),  # 1.0e16
    "rounded": RNG.normal(size=(800, 2)).round(1),  # 6.38 in two columns
    "all patterns of 12 bits": (np.arange(4096)[:, None] >> np.arange(12)) & 1,
}


@pytest.mark.parametrize("name", GRIDS)
def test_ties_of_neighbours_are_no_dimension(name):
    found = dimension(GRIDS[name])
    assert found.status is Status.TIED
    assert found.interval is None
    assert "the two nearest neighbours are equally far" in " ".join(found.notes)


def test_digits_enough_to_tell_neighbours_are_enough():
    t = np.random.default_rng(0).normal(size=(800, 2))
    for same in (t, t.round(3), t.astype(np.float32), t.astype(np.float16)):
        found = dimension(same)
        assert (found.status, found.value) == (Status.OK, pytest.approx(2, rel=0.1))


@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-9, 1e-7])
def test_near_copies_are_copies(noise):
    """One or two copies of every row up to rounding; .046 for 4.49 before."""
    base, draw = (np.random.default_rng(seed).normal(size=(500, 5)) for seed in (0, 1))
    for copies in ([base + noise * draw], [base + noise * draw, base - noise * draw]):
        found = dimension(np.concatenate([base, *copies]))
        assert (found.status, found.value) == (Status.OK, pytest.approx(dimension(base).value, rel=1e-4))


@pytest.mark.parametrize("noise", [1e-5, 1e-3, 1e-2])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_copies_with_noise_are_told(noise, share):
    base, draw = (np.random.default_rng(seed).normal(size=(500, 5)) for seed in (0, 1))
    some = int(share * 500)
    assert dimension(np.concatenate([base, base[:some] + noise * draw[:some]])).status is Status.UNRESOLVED


def test_rows_that_have_no_near_neighbours_have_no_dimension():
    """TwoNN says 125 of a true 1000; five of 1000 columns are seen in 100 rows."""
    few = dimension(np.random.default_rng(0).normal(size=(100, 1000)))
    assert few.status is Status.UNDERSAMPLED
    five = dimension(five_in(1000, 100))
    assert (five.status, five.value) == (Status.OK, pytest.approx(5, rel=0.3))


@pytest.mark.parametrize("n", [100, 30_000])
def test_a_line_is_not_more_than_its_column(n):
    found = dimension(np.random.default_rng(0).random((n, 1)))
    assert (found.status, found.value) == (Status.OK, pytest.approx(1, abs=0.15))


def test_rows_of_a_group_are_no_neighbours_of_each_other():
    """300 films in three dimensions, whose five frames lie along a line."""
    rng = np.random.default_rng(0)
    films, names = np.repeat(rng.normal(size=(300, 3)), 5, 0), np.repeat(np.arange(300), 5)
    frames = films + 0.01 * rng.normal(size=1500)[:, None] * [1.0, 0, 0]
    held = dimension(frames, groups=names)
    assert dimension(frames).value < 1.5
    assert (held.status, held.resampled, held.groups) == (Status.OK, "groups", 300)
    assert held.value == pytest.approx(3, rel=0.2)


@pytest.mark.parametrize("options", [{}, {"pairs": 100}])
def test_few_pairs_within_classes_tell_no_quantiles(options):
    """30 rows of which two share a class: all five quantiles within are the one distance."""
    t, y = np.random.default_rng(0).normal(size=(30, 3)), np.maximum(np.arange(30) - 1, 0)
    for name, estimate in infoscope.geometry(t, y, **options).items():
        wanted = Status.OK if name.startswith("between") else Status.UNDERSAMPLED
        assert estimate.status is wanted, name
    for name, estimate in infoscope.geometry(t, y, "distance_histogram").items():
        assert estimate.status is (Status.OK if name.startswith("between") else Status.UNDERSAMPLED)


def test_few_rows_or_one_column_tell_no_cosines():
    t, other = np.random.default_rng(0).normal(size=(2, 30, 4))
    one = statuses(infoscope.geometry(t[:, :1], other[:, :1], "cosine_similarity"))
    assert set(one.values()) == {Status.DEGENERATE}
    few = infoscope.geometry(t[:5], other[:5], "cosine_similarity")
    assert few["cosine_median"].status is few["cosine_05"].status is Status.UNDERSAMPLED
    assert few["cosine_median"].interval is None
    assert set(statuses(infoscope.geometry(t, other, "cosine_similarity")).values()) == {Status.OK}


def test_clusters_that_the_number_of_rows_or_a_grid_decides():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 400)
    few = infoscope.geometry(rng.normal(size=(39, 3)), y[:39], "cluster_count")
    assert set(statuses(few).values()) == {Status.DEGENERATE}
    grid = infoscope.geometry(rng.integers(0, 3, (400, 5)), y, "cluster_count")  # 2 clusters of 243 corners
    assert set(statuses(grid).values()) == {Status.TIED}
    points = infoscope.geometry(np.eye(3)[y], y, "cluster_count")
    assert (points["clusters"].value, points["clusters"].status) == (3, Status.OK)
    noise = infoscope.geometry(rng.normal(size=(400, 5)), y, "cluster_count")
    assert noise["cluster_agreement"].status is Status.DEGENERATE
    assert noise["clusters"].notes == ("one cluster is not told from none",)


def test_a_confusion_counts_the_answers_to_each_class():
    """Against a slow twin."""
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(200, 3)), rng.integers(0, 4, 200)
    found = infoscope.geometry(t, y, measure="confusion")
    assert len(found) == 12
    for c in range(4):
        mine = [row.argmax() for row, label in zip(t, y, strict=True) if label == c]
        for a in range(3):
            assert found[f"answered_share y {c}, answer {a}"].value == mine.count(a) / len(mine)
    few = infoscope.geometry(t[:30], y[:30], measure="confusion")
    assert {estimate.status.name for estimate in few.values()} == {"UNDERSAMPLED"}


def test_the_points_of_a_constellation_are_rows_of_each_class_in_order_as_many_as_its_share():
    t, y = classes(1000, 4, 2)
    y = (np.arange(1000) % 4 == 0).astype(int)  # a quarter
    found = infoscope.geometry(t, y, "constellation(points=100)")
    at = {}
    for name, estimate in found.items():
        quantity, _, point = name.partition(" ")
        at.setdefault(point, {})[quantity] = estimate.value
    rows_of = {tuple(row): label for row, label in zip(t[:, :3].tolist(), y.tolist(), strict=True)}
    for point, units in at.items():
        assert rows_of[tuple(units[f"unit_{k}"] for k in (1, 2, 3))] == int(point.split()[1].rstrip(","))
    for label, wanted in ((0, 75), (1, 25)):
        first = [units["unit_1"] for point, units in at.items() if point.startswith(f"y {label},")]
        assert abs(len(first) - wanted) <= 1
        assert first == sorted(first)
        assert abs(np.median(first) - np.median(t[y == label, 0])) < 0.15  # evenly: of the class's own spread


def test_a_constellation_of_two_units_has_no_third_and_few_rows_are_all_drawn():
    t = np.array([[0.0, 1.0], [2.0, 3.0], [2.0, 1.0]])
    found = infoscope.geometry(t, [1, 0, 1], "constellation")
    assert {name: estimate.value for name, estimate in found.items()} == {
        "unit_1 y 0, point 0": 2.0, "unit_2 y 0, point 0": 3.0,
        "unit_1 y 1, point 0": 0.0, "unit_2 y 1, point 0": 1.0,
        "unit_1 y 1, point 1": 2.0, "unit_2 y 1, point 1": 1.0,
    }  # fmt: skip
    with pytest.raises(InputError, match=r"noise is -1\.0, wanted a standard deviation of at least 0"):
        make("constellation", noise=-1.0)
