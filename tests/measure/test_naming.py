"""How well probes name labels: accuracy, AUROC, share of H(Y), and what the most frequent label gives without them."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from infoscope import conditional_usable_information, usable_chain, usable_information
from infoscope.core.estimate import Estimate, Status
from infoscope.measure.usable.deals import cross_fitted, folds_of
from infoscope.measure.usable.naming import Named, Proportion
from infoscope.measure.usable.readings import Target


def readings(k, n=200, seed=0):
    """Labels, splits, and log-probabilities on each that say something of them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    logits = rng.normal(size=(n, k)) + np.eye(k)[y]
    logits = np.round(4 * logits) / 4  # with ties
    log_q = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    splits = cross_fitted(folds_of(n, 5, seed))
    return y, splits, [log_q[split.scored] for split in splits]


@pytest.mark.parametrize("k", [2, 3, 7])
def test_accuracy_and_auroc_are_those_of_scikit_learn(k):
    y, splits, log_q = readings(k)
    named = Named.of(y, k, splits, log_q)
    order = np.argsort(np.concatenate([split.scored for split in splits]))
    likeliest = np.concatenate([said.argmax(1) for said in log_q])[order]
    assert named.right.mean() == pytest.approx((likeliest == y).mean())
    areas = []
    for c in range(1, k) if k == 2 else range(k):
        pairs = [(int((y[s.scored] == c).sum()) * int((y[s.scored] != c).sum())) for s in splits]
        one = [roc_auc_score(y[s.scored] == c, q[:, c]) for s, q in zip(splits, log_q, strict=True)]
        areas.append(np.average(one, weights=pairs))
    assert named.ranked.mean() == pytest.approx(np.mean(areas), abs=1e-12)
    usual = [(y[s.scored] == np.bincount(y[s.known], minlength=k).argmax()) for s in splits]
    assert named.usual.mean() == pytest.approx(np.concatenate(usual).mean())


def test_what_says_nothing_ranks_nothing_in_any_fold():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=100)
    splits = cross_fitted(folds_of(100, 5, 0))
    log_q = [np.tile(np.log(rng.dirichlet(np.ones(4))), (len(s.scored), 1)) for s in splits]
    assert Named.of(y, 4, splits, log_q).ranked.mean() == pytest.approx(0.5)


@pytest.mark.parametrize("k", [1, 2, 5, 90])
def test_the_null_probe_is_named_as_its_probabilities_are(k):
    """Of few classes and of nearly as many as rows, among them some that no probe knows."""
    rng = np.random.default_rng(k)
    target = Target(rng.integers(k, size=100), k)
    splits = cross_fitted(folds_of(100, 5, 0))
    said = [np.tile(np.log(target.prior(split.known)), (len(split.scored), 1)) for split in splits]
    blind, whole = Named.blind(target, splits), Named.of(target.y, k, splits, said)
    assert np.array_equal(blind.right, whole.right)
    assert np.array_equal(blind.usual, whole.usual)
    assert np.array_equal(blind.ranked, whole.ranked)


def test_a_class_that_no_scored_row_has_is_not_in_the_mean_and_one_class_alone_has_no_area():
    y, splits, log_q = readings(3)
    more = [np.concatenate([q, np.full((len(q), 1), -50.0)], 1) for q in log_q]
    assert Named.of(y, 4, splits, more).ranked.mean() == pytest.approx(Named.of(y, 3, splits, log_q).ranked.mean())
    assert len(Named.of(0 * y, 3, splits, log_q).ranked) == 0


def rows(n=400, seed=0, groups=None):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return rng.normal(size=(n, 4)) + 1.2 * np.eye(3, 4)[y], y


def test_a_result_says_how_well_labels_are_named():
    z, y = rows()
    found = usable_information(z, y)
    assert found.accuracy.value == pytest.approx((found.probability > 0.5).mean(), abs=0.25)
    assert found.fraction.value == pytest.approx(found.value / found.entropy)
    for one in (found.accuracy, found.auroc, found.fraction, found.usual_accuracy):
        assert type(one) is Estimate
        assert one.unit == "fraction"
        assert one.interval[0] < one.value < one.interval[1]
        assert (one.n, one.status, one.estimand) == (found.n, found.status, found.estimand)
    assert found.usual_accuracy.value < found.accuracy.value < found.auroc.value
    assert str(found.accuracy).startswith("probe_accuracy = ")


@pytest.mark.parametrize("prior", ["null", "plugin", [1 / 3] * 3])
def test_the_share_is_of_whichever_entropy(prior):
    found = usable_information(*rows(), prior=prior)
    assert found.fraction.value == pytest.approx(found.value / found.entropy)


def test_groups_are_counted_once_in_every_interval():
    z, y = rows(100)
    of = np.repeat(np.arange(100), 8)
    alone, copied = usable_information(z, y), usable_information(z[of], y[of], groups=of)
    for name in ("accuracy", "auroc", "fraction", "usual_accuracy"):
        widths = [np.diff(getattr(found, name).interval)[0] for found in (alone, copied)]
        assert widths[1] > 0.6 * widths[0], name  # not smaller by the root of 8
        assert getattr(copied, name).groups == 100


def test_where_groups_leave_no_interval_there_is_none():
    z, y = rows(90)
    found = usable_information(z, y, groups=np.arange(90) // 18)
    assert found.interval is None
    assert found.accuracy.interval is found.auroc.interval is found.fraction.interval is None
    assert found.accuracy.status is Status.UNDERSAMPLED


def test_equal_rows_widen_every_interval():
    rng = np.random.default_rng(0)
    z, y = np.repeat(rng.normal(size=(60, 8)), 5, 0), np.repeat(rng.integers(2, size=60), 5)
    found = usable_information(z, y, probe="knn")
    assert "stay together" in " ".join(found.notes)
    assert found.accuracy.value > 0.9
    assert found.accuracy.interval[0] < 0.5 < found.accuracy.interval[1]


def test_rows_or_labels_that_are_constant_are_named_by_frequency():
    z, y = rows()
    found = usable_information(0 * z, y)
    assert found.accuracy.value == found.usual_accuracy.value
    assert found.auroc.value == 0.5
    assert found.fraction.value == 0
    assert found.accuracy.status is found.auroc.status is Status.DEGENERATE
    one = usable_information(z, 0 * y)
    assert one.accuracy.value == 1
    assert one.auroc is None


def test_quantities_and_what_is_left_of_a_variable_are_not_named():
    z, y = rows()
    assert usable_information(z[:, 1:], z[:, 0], target="quantities").accuracy is None
    assert conditional_usable_information(z, y, y // 2).auroc is None
    chain = usable_chain(z, y, y // 2)
    assert chain.fine_given_coarse.fraction is None
    assert chain.coarse.accuracy.value >= chain.fine.accuracy.value


def test_all_named_right_is_not_surely_always():
    """Wilson's interval: of 100 of 100 the share may be .963, and of 10 groups .66."""
    found = Proportion.of(np.ones(100), None, refused=False, more=1.0)
    assert found.interval[1] == 1
    assert found.interval[0] == pytest.approx(0.963, abs=0.003)


@pytest.mark.parametrize("p", [0.5, 0.9, 0.98])
def test_the_interval_of_a_share_covers_it(p):
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(400):
        low, high = Proportion.of((rng.random(150) < p).astype(float), None, refused=False, more=1.0).interval
        hits += low <= p <= high
    assert hits / 400 > 0.95 - 2.5 * math.sqrt(0.05 * 0.95 / 400) - 0.01
