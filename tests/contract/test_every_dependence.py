"""The laws of a measure of dependence, held against every file in the folder."""

import dataclasses
import json
import math
import random
from functools import partial
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
import torch

from infoscope.core import grammar, registry
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure.bases.dependence import Dependence
from infoscope.measure.questions.dependence import dependence

make = partial(grammar.make, "dependences")

ENTRIES = registry.entries("dependences")


def smooth(n=200, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    return x, np.tanh(x[:, :3] @ rng.normal(size=(3, 3))) + rng.normal(size=(n, 3))


def having(fact):
    return [name for name, entry in ENTRIES.items() if fact in entry.facts["invariant"]]


def value(name, x, y, **options):
    return dependence(x, y, name, **options).value


@pytest.mark.parametrize("name", ENTRIES)
def test_it_is_frozen_with_literal_facts_and_a_summary(name):
    entry, measure = ENTRIES[name], make(name)
    assert isinstance(measure, Dependence)
    assert measure.id == name
    assert entry.summary.endswith((".", ":", "."))
    with pytest.raises(dataclasses.FrozenInstanceError):
        measure.anything = 1
    for fact in ("quantity", "invariant"):
        assert entry.facts[fact] == getattr(type(measure), fact)
    assert measure.quantity.unit in ("ratio", "norm")
    assert measure.quantity.kind == "dependence"
    assert set(measure.invariant) <= {"rotation", "scale", "shift"}


@pytest.mark.parametrize("name", ENTRIES)
def test_its_options_are_json_and_make_it_again(name):
    options = make(name).options
    assert json.loads(json.dumps(options)) == options
    assert make(name, **{k: str(v) for k, v in options.items()}).options == options
    with pytest.raises(UnknownNameError, match=f"there is no option of {name} named 'no_such_option'"):
        make(name, no_such_option=1)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_answer_says_that_it_is_not_information(name):
    found = dependence(*smooth(), name)
    assert isinstance(found, Estimate)
    assert "not information" in found.estimand
    assert found.unit != "nats"
    with pytest.raises(TypeError, match="which has no bits"):
        _ = found.bits
    assert (found.n, found.status, found.bound) == (200, Status.OK, "none")
    assert found.interval is found.level is found.interval_kind is None
    assert found.seconds > 0
    assert " bits" not in str(found)


@pytest.mark.parametrize("name", ENTRIES)
def test_more_dependence_is_a_larger_value(name):
    x, noise = np.random.default_rng(0).normal(size=(2, 400, 2))
    found = [value(name, x, (1 - s) * noise + s * x) for s in (0, 0.3, 0.6, 1)]
    assert found == sorted(found)
    assert found[-1] > 3 * abs(found[0])
    if make(name).quantity.unit == "ratio":
        assert found[-1] == pytest.approx(1)


@pytest.mark.parametrize("name", ENTRIES)
def test_symmetry_and_order_of_rows_and_columns(name):
    x, y = smooth()
    expected = value(name, x, y)
    order = np.random.default_rng(1).permutation(len(x))
    for pair in ((y, x), (x[order], y[order]), (x[:, ::-1], y)):
        assert value(name, *pair) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", having("rotation"))
def test_rotation(name):
    x, y = smooth()
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    assert value(name, x @ turn, -y) == pytest.approx(value(name, x, y), rel=1e-9)


@pytest.mark.parametrize("name", having("scale"))
def test_scale(name):
    x, y = smooth()
    for factor in (1e-150, 1e-6, 1e6, 1e150):
        assert value(name, factor * x, y) == pytest.approx(value(name, x, y), rel=1e-9)


@pytest.mark.parametrize("name", having("shift"))
def test_shift(name):
    x, y = smooth()
    assert value(name, x + np.arange(4.0), y - 7) == pytest.approx(value(name, x, y), rel=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_dtypes_layouts_and_tensors(name, elsewhere):
    x, y = smooth()
    x = np.round(x * 64) / 64
    expected = value(name, x, y)
    assert value(name, x.astype(np.float32), y) == expected
    assert value(name, x.astype(np.float16), y) == expected
    assert value(name, np.asfortranarray(x), np.repeat(y, 2, 0)[::2]) == expected
    assert value(name, torch.tensor(x, dtype=torch.float32), torch.tensor(y)) == expected
    there = torch.tensor(x, device=elsewhere, dtype=torch.float32)
    assert value(name, there, torch.tensor(y)) == pytest.approx(expected, rel=1e-9)
    assert value(name, torch.tensor(y), there) == pytest.approx(value(name, y, x), rel=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_is_touched(name):
    x, y = smooth(1200)
    x.flags.writeable = y.flags.writeable = False
    before = x.copy()
    state = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state(), torch.get_num_threads()  # noqa: NPY002
    first = dependence(x, y, name, permutations=3)
    assert (x == before).all()
    assert random.getstate() == state[0]
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])
    assert torch.get_num_threads() == state[3]
    assert torch.is_grad_enabled()
    again = dependence(x, y, name, permutations=3)
    assert (again.value, again.notes) == (first.value, first.notes)


@pytest.mark.parametrize("name", ENTRIES)
def test_constant_rows_are_degenerate_and_zero(name):
    x, y = smooth()
    for constant in (np.zeros((200, 3)), np.full((200, 3), 0.3, np.float32), np.zeros(200, int)):
        for pair in ((constant, y), (x, constant)):
            found = dependence(*pair, name, permutations=5)
            assert (found.value, found.status) == (0, Status.DEGENERATE)


@pytest.mark.parametrize("name", ENTRIES)
def test_representation_like_rows_are_finite(name):
    rng = np.random.default_rng(0)
    z, w = rng.normal(size=(2, 300, 3))
    for x, y in ((np.maximum(z, 0), np.maximum(w, 0)), (np.repeat(z[:30], 10, 0), z), (1e-300 * z, z), (z, z > 0)):
        assert math.isfinite(value(name, x, y))


@pytest.mark.parametrize("name", ENTRIES)
def test_quantities_are_not_read_as_labels(name):
    x = np.arange(60)
    assert value(name, x.astype(float), 2.0 * x) > 0.05
    for pair in ((x, 2.0 * x), (2.0 * x, x), (x // 2 * 2 + (x > 4) * (x % 2), 2.0 * x)):
        with pytest.raises(
            InputError, match=r"(x|y) is \d+ classes of .* each.*\.astype\(float\) if its numbers are quan"
        ):
            dependence(*pair, name)
    with pytest.raises(InputError, match=r"x holds whole numbers, some below 0.*x\.astype\(float\) if its numbers are"):
        dependence(x % 5 - 2, 2.0 * x, name)
    ids = np.arange(20_000)  # refused before 20 000 columns of them are made
    for many in (ids, ids // 2):
        with pytest.raises(InputError, match=r"x is \d+ classes of"):
            dependence(many, ids.astype(float), name)


def forms(name: str) -> list[dict[str, Any]]:
    """No options, and each other value of an option that chooses between a few."""
    made = ENTRIES[name].load()
    hints = get_type_hints(made)
    others = [
        {field.name: value}
        for field in dataclasses.fields(made)
        for value in (False, True) * (hints[field.name] is bool) + get_args(hints[field.name])
        if value != field.default
    ]
    return [{}, *others]


@pytest.mark.parametrize("name", ENTRIES)
def test_what_the_sizes_force_is_not_ok(name):
    """Independent rows: an OK stands for a number near none, 0.2 of full dependence at most, at whatever sizes."""
    rng = np.random.default_rng(0)
    for n, d in ((8, 2), (20, 1), (25, 100), (60, 60), (100, 1000), (400, 3)):
        x, y = rng.normal(size=(2, n, d))
        labels = rng.integers(0, 4, n)
        for options in forms(name):
            for other in (y, labels, np.round(y)):
                found = dependence(x, other, name, **options)
                most = dependence(x, x, name, **options).value
                assert found.status in (Status.OK, Status.UNDERSAMPLED)
                if found.status is Status.OK:
                    assert n >= 30
                    assert abs(found.value) < 0.2 * max(most, dependence(other, other, name, **options).value)
    with pytest.raises(InputError, match="40 classes of one row each"):
        dependence(rng.normal(size=(40, 3)), np.arange(40), name)


@pytest.mark.parametrize("name", ENTRIES)
def test_dependence_that_is_there_is_ok_in_few_rows_and_many_columns(name):
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.normal(size=(1000, 5)))[0].T
    for n in (20, 100):
        five = rng.normal(size=(n, 5))
        for options in forms(name):
            assert dependence(five @ frame, five + 0.1 * rng.normal(size=(n, 5)), name, **options).status is Status.OK


@pytest.mark.parametrize("name", ENTRIES)
def test_groups_are_counted_and_permuted_whole(name):
    """60 films of 20 equal frames, two independent variables: permuted rows give the least p there is."""
    rng = np.random.default_rng(0)
    x, y = (np.repeat(rng.normal(size=(60, 2)), 20, 0) for _ in "xy")
    names = np.repeat(np.arange(60), 20)
    order = rng.permutation(len(x))
    x, y, names = x[order], y[order], names[order]
    free, held = (dependence(x, y, name, groups=g, permutations=39) for g in (None, names))
    assert (held.groups, free.groups, held.value) == (60, None, free.value)
    assert float(free.notes[-1].split("p = ")[1]) == 0.025
    assert float(held.notes[-1].split("p = ")[1]) > 0.05
    assert "permutations of 60 groups of y" in held.notes[-1]
    unequal = dependence(x, y, name, groups=np.minimum(names, 50), permutations=5)
    assert unequal.notes[-1] == "no p-value: groups of several sizes cannot take each other's place"


X, Y = smooth(6)
BAD = {
    "NaN": (np.where(np.arange(24).reshape(6, 4) == 3, np.nan, X), r"holds NaN or infinity in 1 of 6 rows"),
    "infinity": (np.where(np.arange(24).reshape(6, 4) == 3, np.inf, X), r"holds NaN or infinity in 1 of 6 rows"),
    "one row": (X[:1], r"has 1 row, wanted at least 2"),
    "empty": (X[:0], r"has 0 rows, wanted at least 2"),
    "no columns": (X[:, :0], r"has no columns, wanted at least 1"),
    "three axes": (X[None], r"has shape \(1, 6, 4\), wanted"),
    "complex": (X + 1j, r"has dtype complex128, wanted real numbers"),
    "text": (X.astype(str), r"has dtype <U\d+, wanted real numbers"),
    "fewer rows": (X[:5], r"rows and y has \d, wanted as many"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_rows_are_refused_with_words(name, bad):
    rows, words = BAD[bad]
    for pair in ((rows, Y), (Y, rows)):
        with pytest.raises(InputError, match=words):
            dependence(*pair, name)
