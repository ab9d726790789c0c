"""HSIC, CKA and distance correlation against matrices written out, closed forms and their own null."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infoscope.core.errors import InputError, UnknownNameError, UntrustedEstimateError
from infoscope.core.estimate import Status
from infoscope.kernels import parallel
from infoscope.measure.pairs import centred_products
from infoscope.measure.questions.dependence import dependence


def rows(n=120, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, np.tanh(x[:, :3]) + rng.normal(size=(n, 3)) + 5


def gram(x, kernel, width=1.0):
    if kernel == "linear":
        x = x - x.mean(0)
        return x @ x.T
    squared = ((x[:, None] - x[None]) ** 2).sum(-1)
    if kernel == "distance":
        return np.sqrt(squared)
    return np.exp(-squared / (2 * width**2 * squared.mean()))


def slow(k, l, unbiased):
    """tr(KHLH) / n², or the mean product of U-centred matrices (Székely & Rizzo 2014), which Song's formula equals."""
    n = len(k)
    if not unbiased:
        h = np.eye(n) - 1 / n
        return np.trace(k @ h @ l @ h) / n**2

    def centred(m):
        m = m - np.diag(np.diag(m))
        out = m - m.sum(0) / (n - 2) - m.sum(1)[:, None] / (n - 2) + m.sum() / ((n - 1) * (n - 2))
        return out - np.diag(np.diag(out))

    return (centred(k) * centred(l)).sum() / (n * (n - 3))


def slow_ratio(k, l, unbiased):
    return slow(k, l, unbiased) / math.sqrt(slow(k, k, unbiased) * slow(l, l, unbiased))


@pytest.mark.parametrize("n", [7, 120, 700])  # 700: several strips, and blocks off the diagonal
@pytest.mark.parametrize("unbiased", [True, False])
@pytest.mark.parametrize("kernel", ["linear", "rbf"])
def test_hsic_and_cka_against_matrices(kernel, unbiased, n):
    x, y = rows(n)
    k, l = gram(x, kernel, 0.7), gram(y, kernel, 0.7)
    options = {"kernel": kernel, "width": 0.7}
    found = dependence(x, y, "hsic", unbiased=unbiased, **options)
    assert found.value == pytest.approx(slow(k, l, unbiased), rel=1e-9)
    found = dependence(x, y, "cka", debiased=unbiased, **options)
    assert found.value == pytest.approx(slow_ratio(k, l, unbiased), rel=1e-9)


@pytest.mark.parametrize("n", [7, 120, 700])
def test_distance_correlation_against_matrices(n):
    x, y = rows(n)
    k, l = gram(x, "distance"), gram(y, "distance")
    assert dependence(x, y, "distance_correlation").value == pytest.approx(math.sqrt(slow_ratio(k, l, False)), rel=1e-9)
    corrected = dependence(x, y, "distance_correlation", bias_corrected=True)
    assert corrected.value == pytest.approx(slow_ratio(k, l, True), rel=1e-9)
    assert corrected.quantity == "dCor²(X,Y)"


def test_wide_rows_go_over_pairs_of_rows():
    """More columns than rows: the same linear kernel from the other side."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 300)), rng.normal(size=(60, 200))
    y[:, :100] += x[:, :100]
    for unbiased in (True, False):
        expected = slow_ratio(gram(x, "linear"), gram(y, "linear"), unbiased)
        assert dependence(x, y, debiased=unbiased).value == pytest.approx(expected, rel=1e-9)


@given(n=st.integers(1, 12), d=st.integers(1, 12), e=st.integers(1, 12), strip=st.integers(1, 5))
@example(n=2, d=12, e=11, strip=4)  # over pairs of rows
@example(n=3, d=3, e=3, strip=2)  # as many pairs of rows as of columns
def test_a_linear_kernel_is_the_same_over_rows_and_columns_in_strips_of_any_size(n, d, e, strip):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(n, d)), rng.normal(size=(n, e))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(centred_products, "_STRIP", strip)
        found = centred_products.linear(x, y)
    k, l = x @ x.T, y @ y.T
    np.testing.assert_allclose(found.products, [(k * l).sum(), (k * k).sum(), (l * l).sum()])
    np.testing.assert_allclose([found.k, found.l], [k.sum(1), l.sum(1)], atol=1e-12)


def test_linear_cka_is_kornblith():
    x, y = rows()
    a, b = x - x.mean(0), y - y.mean(0)
    expected = (np.linalg.norm(b.T @ a) ** 2) / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b))
    assert dependence(x, y, "cka", debiased=False).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_distance_correlation_of_a_bivariate_normal(rho):
    """dCor² in closed form (Székely, Rizzo & Bakirov 2007, theorem 7)."""
    top = rho * math.asin(rho) + math.sqrt(1 - rho**2) - rho * math.asin(rho / 2) - math.sqrt(4 - rho**2) + 1
    truth = top / (1 + math.pi / 3 - math.sqrt(3))
    rng = np.random.default_rng(1)
    found = []
    for _ in range(10):
        x = rng.normal(size=1500)
        y = rho * x + math.sqrt(1 - rho**2) * rng.normal(size=1500)
        found.append(dependence(x, y, "distance_correlation", bias_corrected=True).value)
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / math.sqrt(10) + 1e-4)
    assert dependence(x, 3 - 2 * x, "distance_correlation").value == pytest.approx(1, abs=1e-9)


def test_unbiased_forms_are_zero_on_average_and_biased_ones_are_not():
    values = {True: [], False: []}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(50, 20)), rng.normal(size=(50, 20))
        for debiased, met in values.items():
            met.append(dependence(x, y, "cka", debiased=debiased).value)
    assert abs(np.mean(values[True])) < 4 * np.std(values[True]) / math.sqrt(40)
    assert np.mean(values[False]) > 0.25


def test_undersampled_when_the_biased_form_is_mostly_bias():
    x, y = np.random.default_rng(0).normal(size=(2, 60, 300))
    for measure, options in (
        ("cka", {"debiased": False}),
        ("cka", {"debiased": False, "kernel": "rbf"}),
        ("hsic", {"unbiased": False}),
        ("distance_correlation", {}),
    ):
        found = dependence(x, y, measure, **options)
        assert found.status is Status.UNDERSAMPLED
        assert "normalised, the biased form is 0." in found.notes[0]
    with pytest.raises(UntrustedEstimateError, match="UNDERSAMPLED"):
        dependence(x, y, "distance_correlation", strict=True)
    assert dependence(x, y, "cka").status is Status.OK


def test_labels_are_one_hot_rows_whatever_their_names():
    x, _ = rows()
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 1)
    for measure in ("cka", "hsic", "distance_correlation"):
        expected = dependence(x, np.eye(3)[y], measure).value
        for labels in (y, 7 - y, np.array(list("abc"))[y]):
            assert dependence(x, labels, measure).value == pytest.approx(expected, rel=1e-9)
            assert dependence(labels, x, measure).value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("measure", ["cka", "hsic", "distance_correlation"])
def test_the_null_is_a_note_and_not_an_interval(measure):
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 60, 2))
    found = dependence(x, x + 0.1 * noise, measure, permutations=99)
    assert found.interval is None
    assert "without dependence (99 permutations of y)" in found.notes[-1]
    assert found.notes[-1].endswith("p = 0.01")
    assert found.value == dependence(x, x + 0.1 * noise, measure).value
    again = dependence(x, x + 0.1 * noise, measure, permutations=99)
    assert again.notes == found.notes
    assert dependence(x, x + 0.1 * noise, measure, permutations=99, seed=1).notes != found.notes


def test_p_values_without_dependence_are_uniform():
    """40 problems, 19 permutations each: P(p ≤ 0.05) = 1/20, and their mean is 1/2."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        note = dependence(rng.normal(size=30), rng.normal(size=30), "hsic", permutations=19).notes[-1]
        found.append(float(note.rsplit("p = ", 1)[1]))
    assert abs(np.mean(found) - 0.525) < 4 * math.sqrt(1 / 12 / 40)
    assert sum(p <= 0.05 for p in found) <= 8


def test_threads_change_nothing(monkeypatch):
    x, y = rows(3000)
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(parallel, "cores", lambda *_, threads=threads: threads)
        found.append([dependence(x, y, m).value for m in ("cka", "hsic", "distance_correlation")])
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda x: dependence(x, x, "hsic", width=0), "width is 0.0, wanted a number above 0"),
        (lambda x: dependence(x, x, "cka", kernel="cubic"), "option kernel of cka is 'cubic', wanted one of"),
        (lambda x: dependence(x, x, "cka", permutations=-1), "permutations is -1, wanted a whole number of at least 0"),
        (lambda x: dependence(x[:3], x[:3]), "x has 3 rows, wanted at least 4"),
        (lambda x: dependence(x, x[:5]), "x has 120 rows and y has 5, wanted as many"),
        (lambda x: dependence(x, x, "cka", kernel="rbf", width=1e-8), "finds every pair of rows as alike"),
        (lambda x: dependence(1e150 * x, 1e100 * x, "hsic", kernel="linear"), r"sizes .*rescale them, or use cka"),
    ],
)
def test_refusals(ask, words):
    with pytest.raises(InputError, match=words):
        ask(rows()[0])


def test_mistyped_names_are_answered_with_the_near_ones():
    x, y = rows()
    with pytest.raises(UnknownNameError, match="did you mean 'cka'"):
        dependence(x, y, "ckaa")
    with pytest.raises(UnknownNameError, match="option of cka named 'debias': did you mean 'debiased'"):
        dependence(x, y, "cka", debias=True)


def test_bias_of_the_uncorrected_forms_is_told():
    """dCor of independent rows of three columns read .24 with OK: the square's bias is small, its root's is not."""
    x, y = np.random.default_rng(0).normal(size=(2, 200, 3))
    assert dependence(x, y, "distance_correlation").status is Status.UNDERSAMPLED
    x, noise = np.random.default_rng(1).normal(size=(2, 100, 1000))
    half = dependence(x, x + noise, "cka", debiased=False)  # .95, of a true 1/2
    assert half.status is Status.UNRESOLVED
    assert dependence(x, x + noise, "cka").value == pytest.approx(0.5, abs=0.05)


def test_a_kernel_to_which_all_pairs_are_alike_is_degenerate():
    x = np.random.default_rng(0).normal(size=(50, 3))
    found = dependence(x, x, "hsic", width=1e-3)
    assert (found.value, found.status) == (pytest.approx(0, abs=1e-12), Status.DEGENERATE)
