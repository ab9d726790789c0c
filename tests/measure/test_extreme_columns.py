"""Columns that are constant, nearly constant, tiny or huge: every probe is right, or says why it cannot be."""

import math

import numpy as np
import pytest
import torch

import infoscope
from infoscope.core import grammar, registry
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.usable.standardiser import FARTHEST, Standardiser

N = 240
PROBES = {
    name: {"steps": 120, "networks": 1, "hidden": 16}
    if name.startswith("mlp")
    else {"rungs": "prior,linear,knn"}
    if name == "ladder"
    else {}
    for name in registry.entries("probes")
}
READING = [name for name in PROBES if name != "prior"]


def labels(seed=0, n=N):
    return np.random.default_rng(seed).integers(2, size=n)


def signal(seed=0, n=N):
    y = labels(seed, n)
    return np.round(64 * (y + 0.3 * np.random.default_rng(seed + 1).normal(size=n))) / 64, y


def value(z, y, probe, **more):
    return infoscope.usable_information(z, y, probe, **PROBES[probe], **more).value


@pytest.mark.parametrize("probe", PROBES)
def test_a_nearly_dead_layer_says_nothing(probe):
    # One row of 240 differs, so most fits see constant rows: I(Z;Y) is at most the entropy of that one mark, .027 nats.
    z = np.zeros((N, 3))
    z[5, 0] = 1
    options = PROBES[probe]
    for seed in range(3):
        y = labels(seed)
        w = np.random.default_rng(seed).normal(size=(N, 2))
        found = [
            infoscope.usable_information(z, y, probe, **options),
            infoscope.conditional_usable_information(z, y, w, probe, **options),
            infoscope.usable_chain(z, 2 * y + labels(seed + 9), y, probe, **options).coarse,
            infoscope.usable_information(z, y, probe, z_test=z[:60], y_test=y[:60], **options),
            infoscope.usable_information(np.ones((N, 2)), y, probe, z_test=w[:60], y_test=y[:60], **options),
        ]
        for one in found:
            assert abs(one.value) < 0.05
        for constant in (
            z,
            np.ones((N, 3)),
        ):  # each of 240 labels costs about ln 2, and the null probe has to learn that
            code = infoscope.description_length(constant, y, probe, **options)
            assert code.value == pytest.approx(code.uniform, rel=0.1)
        if seed == 0 and not grammar.make("probes", probe).remembers:
            assert infoscope.minimality(z, y, probe, labelings=2, **options).value < 0.05


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("probe", READING)
def test_what_varies_in_the_last_digit_is_told_from_what_does_not(probe, dtype):
    y = labels()
    step = np.finfo(dtype).eps
    for z in (1 + step * y, 1 + 4 * step * y, 1e6 * (1 - step * y), np.column_stack([np.full(N, 0.1), 1 + step * y])):
        assert value(z.astype(dtype), y, probe) == pytest.approx(math.log(2), abs=0.05)
    for constant in (np.full(N, 0.1, dtype), (1 + step / 8 * y).astype(dtype)):
        found = infoscope.usable_information(constant, y, probe, **PROBES[probe])
        assert (found.value, found.status) == (0, Status.DEGENERATE)


@pytest.mark.parametrize("probe", READING)
def test_the_size_of_a_column_says_nothing(probe):
    x, y = signal()
    expected = value(x, y, probe)
    for factor in (1e-310, 1e-300, 1e300):
        assert value(factor * x, y, probe) == pytest.approx(expected, abs=1e-3)
    whole = np.round(64 * x).astype(np.int64)
    for shift in (2**60, -(2**62)):
        assert value(whole + shift, y, probe) == pytest.approx(expected, abs=1e-3)
        apart = value(whole[:200] + shift, y[:200], probe, z_test=whole[200:] + shift, y_test=y[200:])
        assert apart == pytest.approx(value(x[:200], y[:200], probe, z_test=x[200:], y_test=y[200:]), abs=1e-3)


@pytest.mark.parametrize("factor", [1e-310, 1e300])
def test_quantities_of_any_size_are_read(factor):
    x, _ = signal()
    y = x + 0.3 * np.random.default_rng(5).normal(size=N)
    for probe in ("linear", "mlp"):
        expected = value(x, y, probe, target="quantities")
        assert value(x, factor * y, probe, target="quantities") == pytest.approx(expected, abs=1e-3)
        assert value(x, 1 + 1e-12 * y, probe, target="quantities") == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_beside_which_the_others_are_one_is_named(dtype):
    x, y = signal()
    z = np.column_stack([x, x]).astype(dtype)
    z[7, 1] = 1e30
    for ask in (
        lambda: infoscope.usable_information(z, y),
        lambda: infoscope.usable_information(z[10:], y[10:], z_test=z, y_test=y),
        lambda: infoscope.conditional_usable_information(z, y, x),
        lambda: infoscope.description_length(z, y),
    ):
        with pytest.raises(InputError, match=r"holds 1e\+30 in row 7, column 1, beside which float64 cannot tell"):
            ask()


def test_rows_to_score_stay_numbers_however_far_they_lie():
    columns = Standardiser.of(torch.tensor([[1.0, 0.0], [1.0 + 1e-15, 1.0]], dtype=torch.float64))
    far = columns(torch.tensor([[1e308, -1e308], [1.0, 0.0]], dtype=torch.float64), single=True)
    assert far[0].tolist() == [FARTHEST, -FARTHEST]
    x, y = signal()
    measured = make_measurement("usable_information")
    x[7] = 1e300  # along a run, where nobody asks
    (((_, found, *_),),) = measured.measure(x[None, :, None], {"label": y})
    assert math.isfinite(found.value)


@pytest.mark.parametrize("n", [10, 11, 12, 19])
def test_a_code_of_a_few_rows_has_no_interval(n):
    x, y = signal()
    found = infoscope.description_length(x[:n], y[:n])
    assert found.interval is None
    assert found.status is Status.UNDERSAMPLED
    assert sum(coded for _, coded, _ in found.blocks) == n
    assert any("rows were coded by a probe, too few" in note for note in found.notes)


@pytest.mark.parametrize("probe", PROBES)
def test_labels_of_one_row_each_are_answered_without_a_fit(probe):
    n = 3000
    z, y = (
        np.random.default_rng(0).normal(size=(n, 5)),
        np.arange(n) // 2 * 2 + (np.arange(n) % 2) * (np.arange(n) > 200),
    )
    found = [
        infoscope.usable_information(z, y, probe),
        infoscope.conditional_usable_information(z, y, z[:, 0], probe),
        *infoscope.usable_chain(z, y, np.arange(n) > 1000, probe),
        infoscope.description_length(z, y, probe),
        infoscope.mutual_information(z, y, "usable_information", probe=probe),
    ]
    for one in found:
        assert one.status is Status.SATURATED
        assert "nearly every row is a class of its own" in one.notes[0]
    assert [one.value for one in found[:5]] == [0] * 5
    assert found[5].value == found[5].uniform
