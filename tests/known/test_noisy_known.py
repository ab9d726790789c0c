"""Noisy layers whose information is known by quadrature or in closed form: numbers, brackets and their sides."""

import math
from functools import cache

import numpy as np
import pytest

from infoscope import noisy_information, noisy_layer
from infoscope.core.estimate import Status
from infoscope.measure.noise import caps as caps
from infoscope.measure.noise import published_bounds, setting


def entropy_of(density, grid):
    density = density[density > 0]
    return float(-(density * np.log(density)).sum() * (grid[1] - grid[0]))


def information(points, noise, y=None):
    """I(X; s(X)+Z) for equally likely points on the line, or I(Y; s(X)+Z), by quadrature."""
    points = np.asarray(points, float)
    grid = np.arange(points.min() - 10 * noise, points.max() + 10 * noise, noise / 30)
    terms = np.exp(-((grid - points[:, None]) ** 2) / (2 * noise**2)) / math.sqrt(2 * math.pi * noise**2)
    whole = entropy_of(terms.mean(0), grid)
    if y is None:
        return whole - 0.5 * math.log(2 * math.pi * math.e * noise**2)
    return whole - sum((y == c).mean() * entropy_of(terms[y == c].mean(0), grid) for c in np.unique(y))


def error_of(estimate):
    return (estimate.interval[1] - estimate.interval[0]) / (2 * 1.96)


# --- two points: a binary channel with Gaussian noise -----------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 6, 50])
@pytest.mark.parametrize("a", [0.03, 0.1, 0.2, 0.5])
def test_two_points_in_any_dimension_are_the_binary_channel(d, a):
    """Capacity of BPSK at the signal-to-noise ratio a²/b²."""
    direction = np.random.default_rng(d).normal(size=d)
    direction *= a / np.linalg.norm(direction)
    found = noisy_information(np.stack([direction, -direction]), 0.1, "dataset", tolerance=0.03)
    truth = information([-a, a], 0.1)
    assert found.value == pytest.approx(truth, abs=4 * error_of(found) + 1e-6)
    assert error_of(found) <= 0.03
    assert found.status is Status.OK


# --- the single neuron ------------------------------------------------------------------------------------------------

STEPS = (30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
#: I(X;T) at those steps: reference values of a separate computation.
NEURON = {
    0.01: (1.386, 1.386, 1.386, 1.114, 1.041, 1.040, 1.035, 0.928),
    0.05: (1.385, 1.360, 1.153, 1.043, 0.995, 0.798, 0.657, 0.592),
    0.1: (1.303, 1.212, 1.068, 0.971, 0.787, 0.640, 0.588, 0.570),
    0.2: (0.920, 0.952, 0.905, 0.755, 0.635, 0.583, 0.569, None),
}


@cache
def neuron():
    """Outputs tanh(w x + b) of four inputs during gradient descent from zero on the squared error."""
    inputs, targets = (-3.0, -1.0, 1.0, 3.0), (-1.0, -1.0, -1.0, 1.0)
    w = b = 0.0
    found = {}
    for step in range(1, STEPS[-1] + 1):
        dw = db = 0.0
        for x, y in zip(inputs, targets, strict=True):
            t = math.tanh(w * x + b)
            slope = (t - y) * (1 - t * t) / 2
            dw += slope * x
            db += slope
        w, b = w - 0.01 * dw, b - 0.01 * db
        if step in STEPS:
            found[step] = np.tanh(w * np.array(inputs) + b)
    return found


@pytest.mark.parametrize("noise", NEURON)
def test_the_single_neuron(noise):
    for step, reference in zip(STEPS, NEURON[noise], strict=True):
        points = neuron()[step]
        truth = information(points, noise)
        if reference is not None:
            assert truth == pytest.approx(reference, abs=6e-4), "the reference has three decimals"
        found = noisy_information(points, noise, "dataset")
        assert abs(found.value - truth) <= 3 * error_of(found) + 1e-9
        assert -1e-9 <= truth <= math.log(4) + 1e-9
        label = noisy_information(points, noise, "dataset", np.array([0, 0, 0, 1]))
        of_label = information(points, noise, np.array([0, 0, 0, 1]))
        assert abs(label.value - of_label) <= 4 * error_of(label) + 1e-9


def test_at_large_noise_the_neurons_information_only_grows():
    values = [information(neuron()[step], 0.5) for step in STEPS]
    assert values == sorted(values)
    assert (values[0], values[STEPS.index(30_000)]) == pytest.approx((0.354, 0.505), abs=6e-4)


# --- samples of a Gaussian --------------------------------------------------------------------------------------------

#: d, signal-to-noise ratio, n -> plug-in and leave-one-out means of a separate computation.
GAUSSIAN = {
    (1, 1, 100): (0.345, 0.355),
    (3, 1, 100): (0.983, 1.036),
    (5, 1, 500): (1.715, 1.754),
    (7, 1, 1000): (2.398, 2.460),
    (7, 1, 100): (2.224, 2.594),
    (5, 4, 500): (3.784, 4.249),
    (10, 1, 1000): (3.347, 3.542),
}


def gaussian_rows(d, snr, n, seed):
    return np.random.default_rng([seed, 5]).normal(size=(n, d)) * math.sqrt(snr)


@pytest.mark.parametrize(("case", "published"), GAUSSIAN.items(), ids=str)
def test_a_sample_of_a_gaussian_is_bracketed(case, published):
    d, snr, n = case
    truth, seeds = d / 2 * math.log1p(snr), range(8)
    layers = [noisy_layer(gaussian_rows(d, snr, n, s), 1.0, "sample", tolerance=0.05, seed=s) for s in seeds]
    values = np.array([layer.xt.value for layer in layers])
    spread = values.std(ddof=1) / math.sqrt(len(values))
    assert values.mean() == pytest.approx(published[0], abs=4 * spread + 0.02)
    assert values.mean() <= truth + 3 * spread, "the plug-in errs low on average"
    assert sum(layer.xt.interval[0] <= truth <= layer.xt.interval[1] for layer in layers) >= 7
    # The bias stays under the chi-square bound, whose plug-in errs low.
    bound = published_bounds.chi_square_bias(published_bounds.gaussian_chi_square(d, snr), n)
    assert truth - values.mean() <= bound + 3 * spread
    assert np.mean([layer.chi_square for layer in layers]) <= published_bounds.gaussian_chi_square(d, snr) * 1.1
    assert all("vacuous" in " ".join(layer.xt.notes) for layer in layers)


def test_apart_rows_leave_the_plug_in_at_ln_n_and_the_gaussian_cap_holds():
    found = noisy_information(gaussian_rows(5, 100, 500, 0), 1.0, "sample")
    truth = 2.5 * math.log(101)
    assert found.status is Status.SATURATED
    assert found.value == pytest.approx(6.20, abs=0.02)
    assert found.interval[0] <= truth <= found.interval[1] <= truth + 0.5


def test_leaving_one_out_lies_above():
    """h(T) of a Gaussian sample: the plug-in below, the upper end above, both on average."""
    d, n, truth = 3, 100, 1.5 * math.log(2 * math.pi * math.e * 2)
    found = [noisy_layer(gaussian_rows(d, 1, n, s), 1.0, "sample", tolerance=0.05, seed=s).t for s in range(30)]
    low, high = np.array([e.value for e in found]), np.array([e.interval[1] for e in found])
    assert low.mean() < truth < high.mean()


def test_a_sample_says_about_labels_what_lies_between():
    """Two Gaussian classes on the line; truth by quadrature."""
    noise, hits, trials = 0.5, 0, 12
    grid = np.arange(-8, 8, 0.01)
    sd = math.sqrt(0.5**2 + noise**2)
    classes = [np.exp(-((grid - c) ** 2) / (2 * sd**2)) / math.sqrt(2 * math.pi * sd**2) for c in (-1, 1)]
    truth = entropy_of((classes[0] + classes[1]) / 2, grid) - 0.5 * math.log(2 * math.pi * math.e * sd**2)
    for seed in range(trials):
        rng = np.random.default_rng([seed, 9])
        y = rng.integers(2, size=300)
        found = noisy_information(2 * y - 1 + 0.5 * rng.normal(size=300), noise, "sample", y, seed=seed, tolerance=0.05)
        hits += found.interval[0] <= truth <= found.interval[1]
        assert found.value == pytest.approx(truth, abs=0.1)
    assert hits >= 10


# --- a second noisy layer ---------------------------------------------------------------------------------------------


def through(points, noise, replicas, of, seed):
    """Clean outputs ``[n, R, 1]`` of a second layer ``of(s + Z)``."""
    rng = np.random.default_rng([seed, 11])
    return of(np.asarray(points)[:, None, None] + noise * rng.normal(size=(len(points), replicas, 1)))


def two_layers(points, noise, of, y=None):
    """I(X;T2) or I(Y;T2) for T2 = of(s(x) + Z1) + Z2 and equally likely points, by quadrature over both noises."""
    z = np.linspace(-7, 7, 401)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    inner = of(np.asarray(points)[:, None] + noise * z)
    grid = np.arange(inner.min() - 8 * noise, inner.max() + 8 * noise, noise / 15)
    kernel = np.exp(-((grid - inner[:, :, None]) ** 2) / (2 * noise**2)) / math.sqrt(2 * math.pi * noise**2)
    given = np.einsum("k,nkg->ng", weight, kernel)
    whole = entropy_of(given.mean(0), grid)
    if y is None:
        return whole - float(np.mean([entropy_of(one, grid) for one in given]))
    return whole - sum((y == c).mean() * entropy_of(given[y == c].mean(0), grid) for c in np.unique(y))


MAPS = {"linear": lambda u: 1.5 * u, "tanh": lambda u: np.tanh(3 * u)}


@pytest.mark.parametrize("of", MAPS)
@pytest.mark.parametrize(("replicas", "most"), [(2, 10**6), (4, 10**6), (16, 10**6), (64, 10**6), (16, 96), (64, 48)])
def test_a_second_layer_is_bracketed_ever_more_tightly(of, replicas, most, monkeypatch):
    """Also where the other inputs are stood for by 4 or 2 of their replicas (``most`` samples in the mixture)."""
    monkeypatch.setattr(setting, "MOST_CENTRES", most)
    points = np.linspace(-1, 1, 24)
    y, of = (points > 0).astype(int), MAPS[of]
    truth, of_label = two_layers(points, 0.2, of), two_layers(points, 0.2, of, y)
    layers = [
        noisy_layer(through(points, 0.2, replicas, of, s), 0.2, "dataset", {"y": y}, seed=s, tolerance=0.03)
        for s in range(6)
    ]
    for which, known in ((lambda layer: layer.xt, truth), (lambda layer: layer.ty["y"], of_label)):
        low, value, high = np.mean(
            [(which(x).interval[0], which(x).value, which(x).interval[1]) for x in layers], axis=0
        )
        assert low <= known <= high
        assert low <= value <= high
        assert sum(which(x).interval[0] <= known <= which(x).interval[1] for x in layers) >= 5
    if replicas == 64 and most > 48:  # 48 draws of the few leave much Monte Carlo error
        assert high - low < 0.3


@pytest.mark.parametrize(("n", "most"), [(200, 10**6), (1000, 2000)])
def test_gaussians_fitted_to_other_replicas_narrow_the_bracket(n, most, monkeypatch):
    """A linear second layer in three dimensions, whose replicas are Gaussian: 64 replicas leave less than 0.2 nats."""
    monkeypatch.setattr(setting, "MOST_CENTRES", most)
    rng, noise = np.random.default_rng(6), 0.1
    weights = np.array([[1.5, 0.5, 0.0], [-0.5, 1.0, 0.3], [0.0, 0.4, -1.2]])
    points = np.sign(rng.normal(size=(n, 3)))
    forwards = (points[:, None] + noise * rng.normal(size=(n, 64, 3))) @ weights
    found = noisy_layer(forwards, noise, "dataset", {"y": points[:, 0] > 0})
    counts = np.unique(points, axis=0, return_counts=True)[1] / n
    share = (points[:, 0] > 0).mean()
    of_label = -share * math.log(share) - (1 - share) * math.log(1 - share)
    for one, truth in ((found.xt, -(counts @ np.log(counts))), (found.ty["y"], of_label)):  # corners never confused
        assert one.interval[0] <= truth + 1e-9
        assert one.interval[1] >= truth - 1e-9
        assert one.interval[1] - one.interval[0] < 0.2
    given = 0.5 * np.linalg.slogdet(np.eye(3) + weights.T @ weights)[1] + 1.5 * math.log(
        2 * math.pi * math.e * noise**2
    )
    assert found.t_given_x.interval[0] <= given <= found.t_given_x.interval[1]


def test_the_published_value_of_a_second_layer_errs_high_and_falls_with_replicas():
    points, of = np.linspace(-1, 1, 200), MAPS["tanh"]
    truth = two_layers(points[::4], 0.2, of)
    values = [
        noisy_information(through(points, 0.2, r, of, 1), 0.2, "dataset", tolerance=0.01).value for r in (2, 8, 64)
    ]
    assert values[0] > values[1] > values[2] > truth - 0.05
    assert values[0] > truth + 0.1


@pytest.mark.parametrize("n", [60, 400])
def test_a_second_layer_of_a_sampled_gaussian(n):
    """X standard normal, T2 = 1.5 (X + Z1) + Z2 with noise 0.5."""
    truth, low, high = 0.5 * math.log1p(1.5**2 / (0.25 * (1.5**2 + 1))), [], []
    for seed in range(8):
        x = np.random.default_rng([seed, 2]).normal(size=n)
        found = noisy_information(through(x, 0.5, 8, MAPS["linear"], seed), 0.5, "sample", tolerance=0.05, seed=seed)
        low.append(found.interval[0])
        high.append(found.interval[1])
    assert np.mean(low) <= truth <= np.mean(high)
    assert sum(a <= truth <= b for a, b in zip(low, high, strict=True)) >= 7


def test_the_cap_of_an_input_uses_rows_it_does_not_judge():
    """16 replicas in 7 dimensions: the Gaussian with their own covariance is no upper bound, the held-out one is."""
    d, replicas, noise = 7, 16, 0.3
    s = np.random.default_rng(3).normal(size=(200, replicas, d))
    truth = d / 2 * math.log1p(noise**-2)
    naive = np.mean([0.5 * np.linalg.slogdet(np.eye(d) + np.cov(one.T) / noise**2)[1] for one in s])
    held_out = caps.held_out_replicas(s, noise).mean()
    assert naive < truth - 0.5
    assert truth < held_out < truth + 1.5
    wide = caps.held_out_replicas(np.random.default_rng(4).normal(size=(3, 4, caps.FULL + 1)), noise).mean()
    assert wide > (caps.FULL + 1) / 2 * math.log1p(noise**-2)
