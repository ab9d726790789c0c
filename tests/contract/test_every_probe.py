"""The laws of a probe, held against every file in the folder."""

import dataclasses
import json
import math
import random

import numpy as np
import pytest
import torch

from infoscope import probe as make
from infoscope.core import registry
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Status
from infoscope.measure.bases.probe import Probe
from infoscope.measure.questions.usable import usable_information
from infoscope.measure.usable.deals import cross_fitted, folds_of
from infoscope.measure.usable.readings import Reading, Target

ENTRIES = registry.entries("probes")
READERS = [name for name, entry in ENTRIES.items() if "prior" in entry.facts.get("contains", ("prior",))]


def smooth(n=300, d=4, classes=3, seed=0):
    """Rows and labels that depend on them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(classes, size=n)
    return np.tanh(rng.normal(size=(n, d)) + y[:, None] - 1), y


def usable(name, z, y, quick=True, **arguments):
    return usable_information(z, y, name, **(ENTRIES[name].facts.get("quick", {}) if quick else {}), **arguments)


def value(name, z, y, **arguments):
    return usable(name, z, y, **arguments).value


def standard_error(found):
    return found.pointwise.std(ddof=1) / math.sqrt(found.n)


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_it_is_a_frozen_probe_with_literal_facts_and_a_summary(name):
    entry, probe = ENTRIES[name], make(name)
    assert isinstance(probe, Probe)
    assert probe.id == name
    assert probe.words
    assert entry.summary.endswith(".")
    with pytest.raises(dataclasses.FrozenInstanceError):
        probe.anything = 1
    for fact in ("contains", "nonlinear", "quick"):
        if fact in entry.facts:
            assert entry.facts[fact] == getattr(type(probe), fact)
    assert set(probe.contains) <= set(ENTRIES)
    assert make(name, **probe.quick) != probe or not probe.quick


@pytest.mark.parametrize("name", ENTRIES)
def test_its_options_can_be_text(name):
    options = dataclasses.asdict(make(name))
    text = {k: ",".join(map(str, v)) if isinstance(v, tuple) else str(v) for k, v in options.items()}
    assert make(name, **text) == make(name)
    assert json.loads(json.dumps(options, default=list)) is not None
    with pytest.raises(UnknownNameError, match=f"there is no option of {name} named 'no_such_option'"):
        make(name, no_such_option=1)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_reading_is_of_probabilities(name):
    z, y = smooth()
    splits = cross_fitted(folds_of(len(y), 3, 0))
    targets = [Target(y, 3), Target(y % 2, 2)]
    stack = np.stack([z, 2 * z])
    found = make(name, **ENTRIES[name].facts.get("quick", {})).read(stack, targets, splits)
    assert [[len(one) for one in member] for member in found] == [[3, 3]] * 2
    for target, readings in zip(targets, found[0], strict=True):
        for split, reading in zip(splits, readings, strict=True):
            assert isinstance(reading, Reading)
            assert reading.log_q.shape == (len(split.scored), target.k)
            assert reading.log_q.dtype == np.float64
            np.testing.assert_allclose(np.exp(reading.log_q).sum(1), 1, atol=1e-12)
            assert math.isfinite(reading.validation)
            assert math.isfinite(reading.train)


# --- what it reads ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_on_shuffled_labels(name):
    """Between -0.05 bits and 0.02 bits (decoder control of the design), whichever rows are drawn."""
    rng = np.random.default_rng(3)
    for seed in range(2):
        found = usable(name, rng.normal(size=(1000, 16)), rng.integers(4, size=1000), quick=False, seed=seed)
        assert -0.05 < found.bits < 0.02
        assert found.status is Status.OK


@pytest.mark.parametrize("name", READERS)
def test_all_of_a_copied_label(name):
    rng = np.random.default_rng(4)
    y = rng.integers(4, size=1000)
    found = usable(name, np.eye(4)[y], y, quick=False)
    assert 0.99 * found.entropy < found.value < found.entropy
    assert found.status is Status.OK


@pytest.mark.parametrize("name", READERS)
def test_a_noisy_copy(name):
    """A binary symmetric channel with flips of 11 %: ln 2 - h(.11) nats."""
    rng = np.random.default_rng(5)
    y = rng.integers(2, size=2000)
    z = np.where(rng.random(2000) < 0.11, 1 - y, y)[:, None] * 2.0 - 1
    truth = math.log(2) + 0.11 * math.log(0.11) + 0.89 * math.log(0.89)
    found = usable(name, z, y, prior=[0.5, 0.5])
    assert found.value == pytest.approx(truth, abs=3 * standard_error(found) + 0.005)


@pytest.mark.parametrize("name", READERS)
def test_an_exclusive_or_is_for_nonlinear_probes(name):
    rng = np.random.default_rng(6)
    bits = rng.integers(2, size=(1000, 2))
    found = usable(name, bits - 0.5 + 0.05 * rng.normal(size=bits.shape), bits[:, 0] ^ bits[:, 1], quick=False)
    if make(name).nonlinear:
        assert found.bits > 0.95
    else:
        assert abs(found.bits) < 0.02


@pytest.mark.parametrize("name", ENTRIES)
def test_a_family_reads_what_the_families_in_it_read(name):
    """But for two standard errors of their paired difference, and what choosing costs."""
    z, y = smooth(1000, seed=7)
    found = usable(name, z, y, quick=False)
    for inner in make(name).contains:
        difference = found.pointwise - usable(inner, z, y, quick=False).pointwise
        assert difference.mean() > -2 * difference.std(ddof=1) / math.sqrt(len(y)) - 0.01


# --- what leaves it unchanged -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_same_seed_same_answer(name):
    z, y = smooth()
    np.testing.assert_array_equal(usable(name, z, y, seed=3).pointwise, usable(name, z, y, seed=3).pointwise)


@pytest.mark.parametrize("name", ENTRIES)
def test_order_of_rows(name):
    """With the folds carried along: probes that train on batches meet their rows in another order."""
    z, y = smooth()
    folds, order = np.arange(len(y)) % 5, np.random.default_rng(1).permutation(len(y))
    straight, turned = usable(name, z, y, folds=folds), usable(name, z[order], y[order], folds=folds[order])
    if "steps" in {field.name for field in dataclasses.fields(make(name))}:
        assert turned.value == pytest.approx(straight.value, abs=standard_error(straight))
    else:
        np.testing.assert_allclose(turned.pointwise, straight.pointwise[order], atol=1e-4)
        assert turned.value == pytest.approx(straight.value, abs=1e-6)


@pytest.mark.parametrize("name", ENTRIES)
def test_scale_and_shift_of_each_column(name):
    z, y = smooth()
    scaled = z * 2.0 ** np.array([-30, 3, 0, 11])
    assert value(name, scaled, y) == pytest.approx(value(name, z, y), abs=1e-6)
    assert value(name, z + np.arange(4.0), y) == pytest.approx(value(name, z, y), abs=1e-4)
    for size in (1e-300, 1e150):
        assert value(name, z * size, y) == pytest.approx(value(name, z, y), abs=1e-4)


@pytest.mark.parametrize("name", ENTRIES)
def test_names_of_classes(name):
    z, y = smooth()
    expected = value(name, z, y)
    for renamed in (10 * y + 3, np.array(["a", "b", "c"], object)[y]):
        assert value(name, z, renamed) == expected


@pytest.mark.parametrize("name", ENTRIES)
def test_dtypes_layouts_and_tensors(name, elsewhere):
    z, y = smooth()
    z = np.round(z * 64) / 64  # held exactly by all
    expected = value(name, z, y)
    for same in (z.astype(np.float32), z.astype(np.float16), np.asfortranarray(z), torch.tensor(z, requires_grad=True)):
        assert value(name, same, torch.tensor(y)) == pytest.approx(expected, abs=1e-6)
    assert value(name, torch.tensor(z, device=elsewhere, dtype=torch.float32), y) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_is_touched(name):
    z, y = smooth()
    z.flags.writeable = y.flags.writeable = False
    state = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state(), torch.get_num_threads()  # noqa: NPY002
    with torch.no_grad():
        usable(name, z, y)
        assert not torch.is_grad_enabled()
    usable(name, z, y)
    assert torch.is_grad_enabled()
    assert random.getstate() == state[0]
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])
    assert torch.get_num_threads() == state[3]


# --- trivial and bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_constant_rows_or_one_class_are_degenerate_and_zero(name):
    z, y = smooth()
    for rows, labels in ((np.zeros((300, 3)), y), (np.full((300, 3), 0.3, np.float32), y), (z, np.zeros(300, int))):
        found = usable(name, rows, labels)
        assert (found.value, found.status) == (0, Status.DEGENERATE)
        assert (found.pointwise == 0).all()


@pytest.mark.parametrize("name", ENTRIES)
def test_representation_like_rows_are_finite(name):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(60, 5)), rng.integers(2, size=60)
    dead = np.concatenate([np.maximum(z, 0), np.zeros((60, 3))], 1)
    huge = np.full((60, 2), np.finfo(np.float64).max) * np.where(y, 1, -1)[:, None]
    for rows in (dead, np.repeat(z[:6], 10, 0), rng.normal(size=(60, 200)), huge, np.repeat(z[:, :1], 3, 1)):
        found = usable(name, rows, y)
        assert math.isfinite(found.value)
        assert np.isfinite(found.pointwise).all()


@pytest.mark.parametrize("name", ENTRIES)
def test_a_class_that_no_fitted_row_has_costs_a_finite_number(name):
    z, y = smooth()
    found = usable(name, z[y < 2], y[y < 2], z_test=z, y_test=y)
    assert np.isfinite(found.pointwise).all()
    assert found.status is Status.UNDERSAMPLED
    assert "have a class that no fitted row has" in found.notes[0]


Z, Y = smooth(12)
BAD = {
    "NaN": (np.where(np.arange(48).reshape(12, 4) == 3, np.nan, Z), Y, {}, r"z holds NaN or infinity in 1 of 12 rows"),
    "empty": (Z[:0], Y[:0], {}, r"z has 0 rows, wanted at least 2"),
    "no columns": (Z[:, :0], Y, {}, r"z has no columns"),
    "three axes": (Z[None], Y, {}, r"z has shape \(1, 12, 4\), wanted"),
    "words for rows": (Z.astype(str), Y, {}, r"z has dtype <U\d+, wanted real numbers"),
    "fewer labels": (Z, Y[:5], {}, r"y has 5 labels for 12 rows, wanted one label a row"),
    "real labels": (Z, Z[:, 0], {}, r"y holds real numbers, wanted class indices"),
    "labels with NaN": (Z, np.full(12, np.nan), {}, r"y holds NaN or infinity in 12 of 12 rows"),
    "no labels": (Z, None, {}, r"y is None, wanted one class label a row"),
    "one-hot labels": (Z, np.eye(3)[Y], {}, r"y has shape \(12, 3\), wanted one class index per row"),
    "few rows": (Z[:8], Y[:8], {}, r"z has 8 rows, wanted at least 10 for 5 folds"),
    "two folds": (Z, Y, {"folds": 2}, r"folds is 2, wanted a whole number of at least 3"),
    "two groups": (Z, Y, {"folds": np.arange(12) % 2}, r"folds names 2 parts of the rows, wanted at least 3"),
    "groups of others": (Z, Y, {"folds": np.arange(9)}, r"folds has 9 labels for 12 rows"),
    "a negative seed": (Z, Y, {"seed": -1}, r"seed is -1, wanted a whole number of at least 0"),
    "no labels of the test rows": (Z, Y, {"z_test": Z}, r"z_test and y_test arrived without the other"),
    "other columns in test": (Z, Y, {"z_test": Z[:, :2], "y_test": Y}, r"z has 4 columns and z_test 2"),
    "words in test": (Z, Y, {"z_test": Z, "y_test": Y.astype(str)}, r"y has dtype int64 and y_test <U"),
    "an unknown prior": (Z, Y, {"prior": "flat"}, r"prior is 'flat', wanted 'null', 'plugin', or"),
    "too few probabilities": (Z, Y, {"prior": [0.5, 0.5]}, r"prior has 2 probabilities and 3 labels occur"),
    "no probabilities": (Z, Y, {"prior": [0.5, 0.5, 0.5]}, r"prior holds no probabilities"),
    "an impossible label": (Z, Y, {"prior": [0.5, 0.5, 0]}, r"prior gives the label 2 probability 0, and it occurs"),
    "an unnamed label": (Z, Y, {"prior": {0: 0.5, 1: 0.5}}, r"prior has no probability for the label 2"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_input_is_refused_with_words(name, bad):
    z, y, arguments, words = BAD[bad]
    with pytest.raises(InputError, match=words):
        usable(name, z, y, **arguments)


# --- rows that are not independent ------------------------------------------------------------------------------------


def surely_something(found):
    return found.status is Status.OK and found.interval is not None and found.interval[0] > 0


@pytest.mark.parametrize("name", ENTRIES)
def test_random_labels_of_rows_that_are_there_ten_times_are_never_surely_something(name):
    """By nobody's word, by groups, and on test rows that are copies of fitted ones."""
    rng = np.random.default_rng(0)
    z, y, of = (
        np.repeat(one, 10, axis=0) for one in (rng.normal(size=(80, 16)), rng.integers(2, size=80), np.arange(80))
    )
    order = rng.permutation(800)
    z, y, of = z[order], y[order], of[order]
    assert not surely_something(usable(name, z, y))
    assert not surely_something(usable(name, z, y, groups=of))
    assert not surely_something(usable(name, z[:400], y[:400], z_test=z[400:], y_test=y[400:]))


@pytest.mark.parametrize("name", ENTRIES)
def test_groups_whose_rows_share_an_offset_say_nothing_of_a_label_they_share(name):
    """40 groups of 20 rows with a random label each: row by row every probe but the null one knows the group again."""
    rng = np.random.default_rng(1)
    of = np.repeat(np.arange(40), 20)
    z, y = rng.normal(size=(40, 8))[of] + 0.1 * rng.normal(size=(800, 8)), rng.integers(2, size=40)[of]
    assert not surely_something(usable(name, z, y, groups=of))


@pytest.mark.parametrize("name", ENTRIES)
def test_a_collapsed_layer_of_four_points_is_read(name):
    x = np.random.default_rng(0).integers(4, size=300)
    found = usable(name, np.eye(4)[x], x % 2)
    assert found.status is Status.OK
    assert found.bits == pytest.approx(0 if name == "prior" else 1, abs=0.05)
