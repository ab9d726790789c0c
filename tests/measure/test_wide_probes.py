"""Linear probes on many columns: the optimum, the same answers as along all principal axes, and what is tried."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from infoscope import Status, fit_probe, usable_information
from infoscope.measure.questions._dealt_rows import DealtRows
from infoscope.measure.usable import wide_rows
from infoscope.measure.usable.readings import ProbeSplit
from infoscope.measure.usable.standardiser import Standardiser
from infoscope.measure.usable.weight_decays import between, walked
from infoscope.measure.usable.wide_rows import WideRows
from infoscope.measure.usable.wide_softmax import WideRegression, gram


def means(rng, n, d, k):
    """Class means in independent columns of different sizes."""
    y = rng.integers(k, size=n)
    return (0.25 * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d)) * np.linspace(0.2, 3, d)), y


def clusters(rng, n, d, k):
    """Two layers of ReLU over four clusters a class."""
    y = rng.integers(k, size=n)
    x = 0.7 * rng.normal(size=(k, 4, 16))[y, rng.integers(4, size=n)] + rng.normal(size=(n, 16))
    for wide in (64, d):
        x = np.maximum(x @ rng.normal(size=(x.shape[1], wide)) * (2 / x.shape[1]) ** 0.5, 0)
    return x, y


def heavy(rng, n, d, k):
    """Correlated rows with far ones among them, labels of a linear teacher."""
    z = rng.standard_t(3, (n, d // 4)) @ rng.normal(size=(d // 4, d)) / (d // 4) ** 0.5 + 0.3 * rng.normal(size=(n, d))
    z /= np.sqrt(rng.gamma(2, 0.5, n))[:, None]
    return z, (z @ rng.normal(size=(d, k)) * 2 / d**0.5 + rng.gumbel(size=(n, k))).argmax(1)


KINDS = {"means": means, "clusters": clusters, "heavy": heavy}


def rows_of(kind, n, d, k, seed=0):
    z, y = KINDS[kind](np.random.default_rng(seed), n, d, k)
    return z.astype(np.float32), y


def answers(z, y, fit, monkeypatch, **options):
    """By all principal axes, and by the Gram matrix."""
    found = []
    for wide in (10**9, 1):
        monkeypatch.setattr(wide_rows, "WIDE", wide)
        monkeypatch.setattr(wide_rows, "MANY", 10**12)
        found.append(usable_information(z[:fit], y[:fit], z_test=z[fit:], y_test=y[fit:], **options))
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(2500, 120, 5), (400, 900, 3)])
def test_the_answers_are_those_along_all_axes_within_a_hundredth_of_a_bit(kind, shape, monkeypatch):
    n, d, k = shape
    z, y = rows_of(kind, n, d, k)
    for decay in (1e-3, 0.03, 1.0):
        full, wide = answers(z, y, int(0.8 * n), monkeypatch, weight_decay=decay)
        assert wide.status is full.status
        assert wide.bits > full.bits - 0.01
        if full.status is Status.OK:  # else the half row of each class at the mean may help
            assert wide.bits < full.bits + 0.01
    full, wide = answers(z, y, int(0.8 * n), monkeypatch)
    assert wide.bits > full.bits - 0.01  # more decays are tried, so that it may be more


def test_the_optimum_is_that_of_scipy():
    rng = np.random.default_rng(0)
    n, d, k, decay = 400, 30, 4, 1e-3
    z, y = clusters(rng, n, d, k - 1)  # one class has no row
    x = torch.from_numpy(((z - z.mean(0)) / z.std(0)).astype(np.float32))
    regression = WideRegression(x, y, k, gram(x))
    found = regression.solved(regression.null(decay), 1e-8, 500)
    rows, labels = x.double(), torch.from_numpy(y)

    def objective(theta):
        parameters = torch.tensor(theta.reshape(k, 1 + d), requires_grad=True)
        log_p = (parameters[:, :1] + parameters[:, 1:] @ rows.T).log_softmax(0)
        pseudo = -0.5 / n * parameters[:, 0].log_softmax(0).sum()
        f = -log_p[labels, torch.arange(n)].mean() + pseudo + decay / 2 * parameters[:, 1:].square().sum()
        f.backward()
        return f.item(), parameters.grad.numpy().ravel()

    best = minimize(
        objective, np.zeros(k * (1 + d)), jac=True, method="L-BFGS-B", options={"maxiter": 5000, "gtol": 1e-9}
    )
    assert found.converged
    assert objective(found.theta.double().numpy().ravel())[0] == pytest.approx(best.fun, abs=2e-7)
    logits = rows.numpy() @ best.x.reshape(k, 1 + d)[:, 1:].T + best.x.reshape(k, 1 + d)[:, 0]
    np.testing.assert_allclose(
        found.logits(x).log_softmax(0).numpy()[: k - 1].T,
        torch.from_numpy(logits).log_softmax(1).numpy()[:, : k - 1],
        atol=5e-3,
    )


def test_a_descent_goes_on_where_another_weight_decay_ended():
    z, y = rows_of("heavy", 1500, 80, 5)
    x = torch.from_numpy((z - z.mean(0)) / z.std(0))
    regression = WideRegression(x, y, 5, gram(x))
    cold = regression.solved(regression.null(1e-3), 1e-7, 500)
    warm = regression.solved(regression.solved(regression.null(1e-2), 1e-4, 500).at(1e-3), 1e-7, 500)
    # What an objective is short of its least value is at least half of the mean of |Δp|², up to higher orders.
    apart = (warm.logits(x).softmax(0) - cold.logits(x).softmax(0)).square().sum(0).mean()
    assert float(apart) ** 0.5 < 2 * (2e-7) ** 0.5
    assert warm.passes < cold.passes
    stopped = regression.solved(regression.null(1e-3), 1e-7, 2)
    assert stopped.passes == 2
    assert not stopped.converged


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_coordinates_of_rows_have_the_products_of_standardised_rows(dtype):
    rng = np.random.default_rng(0)
    z = (rng.normal(size=(90, 700)) * np.exp(rng.normal(size=700)) + 50 * rng.normal(size=700)).astype(dtype)
    split = ProbeSplit(np.arange(10, 60), np.arange(60, 80), np.r_[0:10, 80:90])
    rows = WideRows.of(torch.from_numpy(z), split)
    known = z[split.known].astype(float)
    x, beside = ((part - known.mean(0)) / known.std(0) for part in (known, z[split.scored].astype(float)))
    np.testing.assert_allclose(rows.known @ rows.known.T, x @ x.T, atol=2e-3)
    np.testing.assert_allclose(rows.scored @ rows.known.T, beside @ x.T, atol=2e-3)
    np.testing.assert_allclose(rows.curvature, (rows.known.numpy() ** 2).mean(0), rtol=1e-4)
    assert rows.known.shape[1] == 69  # one direction less than rows: they are centred


def test_rows_of_fewer_columns_are_those_of_the_standardiser():
    rng = np.random.default_rng(0)
    z = torch.from_numpy(rng.normal(size=(500, 300)) * 10 ** rng.uniform(-3, 3, 300))
    split = ProbeSplit(np.arange(300), np.arange(300, 400), np.arange(400, 500))
    rows, columns = WideRows.of(z, split), Standardiser.of(z[:400])
    torch.testing.assert_close(rows.known, columns(z[:400], single=True), atol=0, rtol=0)
    torch.testing.assert_close(rows.scored, columns(z[400:], single=True), atol=0, rtol=0)
    x = rows.known.double()
    torch.testing.assert_close(rows.curvature.double(), x.T @ x / 400, atol=1e-5, rtol=0)


def test_a_target_reads_the_same_beside_others():
    from infoscope import probe as make
    from infoscope.measure.usable.deals import cross_fitted, folds_of
    from infoscope.measure.usable.readings import Target

    rng = np.random.default_rng(0)
    z, y = rows_of("means", 400, 300, 3)
    splits = cross_fitted(folds_of(400, 3, 0))
    targets = [Target(y, 3), Target(rng.integers(200, size=400), 200), Target(y % 2, 2)]
    ((together,),) = [make("linear").read(z[None], targets, splits)]
    for target, readings in zip(targets, together, strict=True):
        ((alone,),) = make("linear").read(z[None], [target], splits)
        for one, other in zip(readings, alone, strict=True):
            np.testing.assert_array_equal(one.log_q, other.log_q)


def test_a_constant_column_and_a_far_row_change_little():
    z, y = rows_of("means", 900, 300, 3)
    plain = usable_information(z[:700], y[:700], z_test=z[700:], y_test=y[700:])
    z[:, 7] = 3
    z[800] *= 1e6
    other = usable_information(z[:700], y[:700], z_test=z[700:], y_test=y[700:])
    assert np.abs(plain.pointwise - other.pointwise)[np.arange(200) != 100].mean() < 0.02
    assert np.isfinite(other.pointwise).all()


def test_stretches_of_one_array_are_read_where_they_are():
    z, y = rows_of("means", 500, 20, 3)
    before = z.copy()
    rows = DealtRows.of(z[:400], z[400:], y[400:], 5, None, None, 0).z
    assert rows.data_ptr() == z.ctypes.data
    np.testing.assert_array_equal(rows, z)
    one = usable_information(z[:400], y[:400], z_test=z[400:], y_test=y[400:])
    np.testing.assert_array_equal(z, before)
    apart = usable_information(z[:400].copy(), y[:400], z_test=z[400:].copy(), y_test=y[400:])
    turned = np.asfortranarray(z)
    np.testing.assert_array_equal(one.pointwise, apart.pointwise)
    other = usable_information(turned[:400], y[:400], z_test=turned[400:], y_test=y[400:])
    np.testing.assert_array_equal(one.pointwise, other.pointwise)
    for first, second in ((z[:300], z[400:]), (z[100:], z[:100]), (z[:400], np.zeros((9, 20)))):
        rows = DealtRows.of(first, second, y[: len(second)], 5, None, None, 0).z
        np.testing.assert_array_equal(rows, np.concatenate([first, second]))


@pytest.mark.parametrize("apart", [0.0, 1e-4])
def test_columns_that_are_nearly_copies_are_read_as_one_is(apart, monkeypatch):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=1200)
    few = rng.normal(size=(3, 4))[y] + rng.normal(size=(1200, 4))
    z = (few[:, rng.integers(4, size=400)] + apart * rng.normal(size=(1200, 400))).astype(np.float32)
    full, wide = answers(z, y, 960, monkeypatch, weight_decay=1e-3)
    assert wide.status is full.status is Status.OK
    assert wide.bits == pytest.approx(full.bits, abs=0.01)


def test_neighbours_of_a_path_are_half_a_decade_apart():
    filled = between((1e-5, 1e-4, 0.03, 0.1, 1.0))
    assert filled[0] == 1e-5
    assert set(filled) >= {1e-5, 1e-4, 0.03, 0.1, 1.0}
    assert max(b / a for a, b in pairwise(filled)) < 3.7
    assert between((0.2,)) == [0.2]
    assert between((0.3, 0.1)) == [0.1, 0.3]


@pytest.mark.parametrize("best", [1e-5, 1e-3, 0.03, 0.3, 1.0])
@pytest.mark.parametrize("every", [False, True])
def test_the_walk_ends_where_the_loss_is_least(best, every):
    asked = []

    def loss(decay, before):
        assert before is None or before in asked
        asked.append(decay)
        return abs(np.log(decay / best))

    path = (1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)
    assert walked(path, loss, every) == pytest.approx(best)
    assert (len(asked) == len(between(path))) == every or best == 1e-5
    assert len(set(asked)) == len(asked)


def test_few_rows_a_column_try_all_because_losses_have_several_minima():
    def loss(decay, _):
        return {0: 1.0, 1: 2.0, 2: 0.0}[round(np.log10(decay / 1e-3))] if decay in (1e-3, 1e-2, 1e-1) else 3.0

    assert walked((1e-3, 1e-2, 1e-1), loss, every=True) == 1e-1


@pytest.mark.parametrize(("n", "d"), [(900, 300), (300, 700)])
def test_a_kept_probe_is_the_one_that_test_rows_are_asked_about(n, d):
    """To rounding, also where classes stand in another order than they first appear in."""
    z, y = rows_of("heavy", n + 200, d, 4)
    z[:, 5], y = 3, np.array([2, 0, 3, 1])[y]
    asked = usable_information(z[:n], y[:n], z_test=z[n:], y_test=y[n:])
    found = fit_probe(z[:n], y[:n])
    said = found.predict_log_proba(z[n:])
    assert found.about["chosen"].partition(",")[0] == asked.chosen[0].partition(",")[0]
    np.testing.assert_allclose(np.exp(said).sum(1), 1, atol=1e-12)
    assert -said[np.arange(200), y[n:]].mean() == pytest.approx(asked.loss, abs=1e-5)
    assert asked.loss < 0.9 * np.log(4)


def test_a_kept_sparse_probe_of_many_columns_reads_its_few():
    z, y = rows_of("means", 900, 300, 3)
    assert len(fit_probe(z, y, "sparse(k=4)").tensors["read"]) == 4
