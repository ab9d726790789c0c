"""Usable information where the answer is known beforehand: the checkerboard, precision, the order of everything."""

import numpy as np
import pytest

from infoscope import probe as make
from infoscope.core.errors import InputError
from infoscope.core.units import bits
from infoscope.data.tasks.checkerboard import Checkerboard
from infoscope.measure.questions.usable import usable_chain, usable_information
from infoscope.measure.usable.deals import cross_fitted, folds_of
from infoscope.measure.usable.quasi_newton import Descents
from infoscope.measure.usable.readings import Target


@pytest.mark.parametrize("noise", [0.1, 0.3])
def test_the_direction_on_a_checkerboard_is_for_nonlinear_readers_and_the_colour_for_all(noise):
    """Direction is colour XOR configuration; nobody reads more than the inputs hold (quadrature)."""
    trials = Checkerboard().load(seed=1, noise=noise)
    z, test = trials.inputs[:3000], trials.inputs[3000:7000]
    most = bits(trials.information["direction"])

    def read(variable, probe, **options):
        y = trials.variables[variable]
        found = usable_information(z, y[:3000], probe, z_test=test, y_test=y[3000:7000], prior=[0.5, 0.5], **options)
        return found.bits, 3 * bits(found.pointwise.std()) / 4000**0.5

    linear, slack = read("direction", "linear")
    assert abs(linear) < 0.02
    for variable, probe, options in (
        ("direction", "mlp", {"networks": 1, "steps": 600}), ("colour", "linear", {}), ("configuration", "linear", {}),
    ):  # fmt: skip
        value, slack = read(variable, probe, **options)
        ceiling = 1.0 if variable == "configuration" else most
        assert 0.95 * ceiling - slack < value < ceiling + slack


def test_single_and_double_precision_differ_by_less_than_a_ten_thousandth_of_a_bit():
    rng = np.random.default_rng(0)
    y = rng.integers(5, size=800)
    z = np.maximum(rng.normal(size=(800, 20)) + np.eye(5, 20)[y], 0).astype(np.float32)
    single, double = (usable_information(rows, y, tolerance=t).bits for rows, t in ((z, 1e-6), (z.astype(float), 1e-9)))
    assert single == pytest.approx(double, abs=1e-4)


def test_the_order_of_members_and_targets_does_not_matter():
    """Each is a problem of its own, whatever stands beside it."""
    rng = np.random.default_rng(0)
    z, splits = rng.normal(size=(3, 300, 6)), cross_fitted(folds_of(300, 3, 0))
    targets = [Target((z[0, :, i] + rng.normal(size=300) > 0).astype(int), 2) for i in range(3)]
    straight = make("linear").read(z, targets, splits)
    turned = make("linear").read(z[::-1].copy(), targets[::-1], splits)
    for m, t, s in np.ndindex(3, 3, 3):
        np.testing.assert_allclose(turned[2 - m][2 - t][s].log_q, straight[m][t][s].log_q, atol=1e-4)
        assert turned[2 - m][2 - t][s].validation == pytest.approx(straight[m][t][s].validation, abs=1e-6)


def test_more_classes_than_rows_to_fit_still_give_an_answer():
    """Words as labels, most of them seen once."""
    rng = np.random.default_rng(0)
    names = np.array([f"word {i}" for i in rng.integers(200, size=120)])
    found = usable_information(rng.normal(size=(120, 3)), names)
    assert found.status.name in ("UNDERSAMPLED", "SATURATED")
    assert np.isfinite(found.pointwise).all()


def test_the_table_of_rows_is_what_was_found_for_each():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=200)
    z = rng.normal(size=(200, 3)) + np.eye(4, 3)[y]
    chain = usable_chain(z, y, y // 2, prior="plugin")
    table = chain.fine.table(np.array(list("abcd"))[y])
    assert list(table) == ["row", "label", "usable_information_nats", "probability"]
    np.testing.assert_array_equal(table["label"], np.array(list("abcd"))[y])
    counts = np.bincount(y) / 200
    np.testing.assert_allclose(table["usable_information_nats"], np.log(table["probability"] / counts[y]))
    parts = chain.coarse.probability * chain.fine_given_coarse.probability
    np.testing.assert_allclose(parts, chain.fine.probability)
    with pytest.raises(InputError, match="y has 9 rows and 200 were scored"):
        chain.fine.table(y[:9])


@pytest.mark.parametrize("most", [1, 2, 5, 9])
def test_a_descent_takes_as_many_steps_as_it_may_and_not_one_more(most):
    """A quadratic with curvatures from 1 to 1e4 is not at its end after a few steps from far away."""
    curvature = np.stack([np.geomspace(1, 1e4, 12), np.geomspace(1, 1e4, 12)]).ravel()

    class Quadratic:
        def __call__(self, theta, which):
            return 0.5 * (curvature * theta**2).sum(axis=1), curvature * theta

        def inverse(self, theta, which):
            raise AssertionError("not asked for")

    start = np.stack([np.ones((2, 12)), np.full((2, 12), -3.0)])
    start[:, 1] *= -1  # no step changes the sum of the rows
    found = Descents(start.copy(), np.ones((2, 2, 12)), np.zeros(12), 100, most)
    found.go(Quadratic(), 1e-9, 1e-13)
    assert found.iterations.tolist() == [most, most]
    assert not found.done.any()
