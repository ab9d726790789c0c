"""The laws of a measure of geometry, held against every file in the folder."""

import dataclasses
import json
import math
import random
from functools import partial

import numpy as np
import pytest
import torch

import infoscope
from infoscope.core import grammar, registry
from infoscope.core.errors import InputError, UnknownNameError, UntrustedEstimateError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure.bases.geometry import Geometry
from infoscope.measure.bases.measurements import make_measurement

make = partial(grammar.make, "geometries")

ENTRIES = registry.entries("geometries")
COMPARING = [name for name, entry in ENTRIES.items() if entry.facts.get("second") == "rows"]
ALONE = [name for name in ENTRIES if name not in COMPARING]
NEAR = {"rel": 1e-3, "abs": 1e-4}  # a distance of a class histogram is known to the width of a cell, 0.05 %
UNITS = {"ratio", "norm", "fraction", "nats", "dimensions", "clusters"}


def rows(n=300, seed=0):
    """Three classes around three points in 4 dimensions, on a grid of 1/64 that float16 holds."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    t = 2 * rng.normal(size=(3, 4))[y] + 0.5 * rng.normal(size=(n, 4))
    return np.round(t * 64) / 64, y


def second(name, t, y):
    """What the measure wants beside the rows: their labels, another representation of them, or nothing."""
    kind = ENTRIES[name].facts.get("second", "")
    return {"labels": y, "rows": np.roll(t, 1, axis=1), "": None}[kind]


def values(name, t, y, **options):
    found = infoscope.geometry(t, second(name, t, y), measure=name, **options)
    return {quantity: estimate.value for quantity, estimate in found.items()}


def having(fact):
    return [name for name, entry in ENTRIES.items() if fact in entry.facts.get("invariant", ())]


@pytest.mark.parametrize("name", ENTRIES)
def test_it_is_frozen_with_literal_facts_and_a_summary(name):
    entry, measure = ENTRIES[name], make(name)
    assert isinstance(measure, Geometry)
    assert measure.id == name
    assert entry.summary.endswith((".", ":", "?"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        measure.anything = 1
    for fact in ("quantities", "second", "optional", "invariant", "package", "distribution"):
        assert entry.facts.get(fact, getattr(Geometry, fact)) == getattr(type(measure), fact)
    assert measure.quantities
    assert {quantity.unit for quantity in measure.quantities} <= UNITS
    assert all(quantity.words for quantity in entry.facts["quantities"])
    assert measure.second in ("labels", "rows", "")
    assert set(measure.invariant) <= {"rotation", "scale", "shift"}
    assert bool(measure.package) == bool(measure.distribution)


@pytest.mark.parametrize("name", ENTRIES)
def test_its_options_are_json_and_make_it_again(name):
    options = make(name).options
    assert json.loads(json.dumps(options)) == options
    assert make(name, **{k: str(v) for k, v in options.items()}).options == options
    assert make_measurement(name, **options).options == options
    with pytest.raises(UnknownNameError, match=f"there is no option of {name} named 'no_such_option'"):
        make(name, no_such_option=1)


@pytest.mark.parametrize("name", ENTRIES)
def test_an_answer_says_that_it_is_not_information(name):
    t, y = rows()
    found = infoscope.geometry(t, second(name, t, y), measure=name)
    assert {quantity.split(" ")[0] for quantity in found} == set(make(name).quantities)
    known = {quantity: quantity.unit for quantity in make(name).quantities}
    for quantity, estimate in found.items():
        assert isinstance(estimate, Estimate)
        assert "geometry, not information" in estimate.estimand
        assert estimate.unit == known[quantity.split(" ")[0]]
        assert estimate.bound == "none"
        assert estimate.seconds >= 0
        if estimate.unit == "fraction":
            assert 0 <= estimate.value <= 1


@pytest.mark.parametrize("name", ALONE)
def test_along_a_trajectory_it_says_the_same_of_each_member(name):
    t, y = rows()
    stack = np.stack([t, 2 * t[:, ::-1]])
    measured = make_measurement(name).measure(stack, {"label": y})
    assert len(measured) == 2
    for member, found in zip(stack, measured, strict=True):
        alone = values(name, member, y)
        assert [m.estimate.value for m in found] == list(alone.values())
        keys = [(m.variable, m.estimate.quantity, str(m.options)) for m in found]
        assert len(set(keys)) == len(keys)  # rows stay distinct


@pytest.mark.parametrize("name", ENTRIES)
def test_order_of_rows(name):
    t, y = rows()
    order = np.random.default_rng(1).permutation(len(t))
    before, after = values(name, t, y), values(name, t[order], y[order])
    for quantity in set(before) - {"cosine_permuted"}:  # which deals the rows anew
        assert after[quantity] == pytest.approx(before[quantity], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", ENTRIES)
def test_groups_are_counted_and_change_no_number_without_an_interval_over_rows(name):
    t, y = rows()
    names = np.arange(len(t)) // 3
    free, held = (infoscope.geometry(t, second(name, t, y), name, groups=groups) for groups in (None, names))
    for quantity, estimate in held.items():
        assert estimate.groups == 100
        assert free[quantity].groups is None
        if free[quantity].resampled != "rows":
            assert estimate.value == free[quantity].value
        if estimate.interval is not None:
            assert estimate.resampled
            assert estimate.resampled != "rows"
    with pytest.raises(InputError, match="groups"):
        infoscope.geometry(t, second(name, t, y), name, groups=names[1:])


@pytest.mark.parametrize("name", having("rotation"))
def test_rotation(name):
    t, y = rows()
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    if name in COMPARING:
        other = second(name, t, y)
        found = infoscope.geometry(t @ turn, other @ turn, measure=name)
        after = {quantity: estimate.value for quantity, estimate in found.items()}
    else:
        after = values(name, t @ turn, y)
    assert after == pytest.approx(values(name, t, y), **NEAR)


@pytest.mark.parametrize("name", having("scale"))
def test_scale(name):
    t, y = rows()
    for factor in (1e-150, 3e-6, 7e6, 1e150):
        assert values(name, factor * t, y) == pytest.approx(values(name, t, y), **NEAR)


@pytest.mark.parametrize("name", having("shift"))
def test_shift(name):
    t, y = rows()
    assert values(name, t + np.arange(4.0), y) == pytest.approx(values(name, t, y), **NEAR)


@pytest.mark.parametrize("name", ENTRIES)
def test_dtypes_layouts_and_tensors(name, elsewhere):
    t, y = rows()
    expected = values(name, t, y)
    wanted = second(name, t, y)
    for same in (
        t.astype(np.float32),
        t.astype(np.float16),
        np.asfortranarray(t),
        torch.tensor(t),
        torch.tensor(t, device=elsewhere),
    ):
        found = infoscope.geometry(same, wanted, measure=name)
        assert {q: e.value for q, e in found.items()} == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_is_touched(name):
    t, y = rows()
    t.flags.writeable = y.flags.writeable = False
    before = t.copy()
    state = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state(), torch.get_num_threads()  # noqa: NPY002
    first = values(name, t, y)
    assert (t == before).all()
    assert random.getstate() == state[0]
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])
    assert torch.get_num_threads() == state[3]
    assert values(name, t, y) == first


@pytest.mark.parametrize("name", ALONE)
def test_constant_rows_are_degenerate(name):
    y = rows()[1]
    for constant in (np.zeros((300, 3)), np.full((300, 3), 0.3, np.float32)):
        found = infoscope.geometry(constant, second(name, constant, y), measure=name)
        assert {estimate.status for estimate in found.values()} == {Status.DEGENERATE}
        with pytest.raises(UntrustedEstimateError, match="DEGENERATE"):
            infoscope.geometry(constant, second(name, constant, y), measure=name, strict=True)


@pytest.mark.parametrize("name", ENTRIES)
def test_representation_like_rows_are_finite(name):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(300, 3)), rng.integers(0, 3, 300)
    for t in (np.maximum(z, 0), np.repeat(z[:30], 10, 0), np.tanh(30 * z).astype(np.float32), z[:, :1]):
        assert all(math.isfinite(value) for value in values(name, t, y).values())


def forced(n, d):
    """Rows of noise and labels that mean nothing, of which sizes and grids make what they like."""
    rng = np.random.default_rng((n, d))
    z = rng.normal(size=(n, d))
    return {
        "three classes": (z, np.arange(n) % 3),
        "two classes": (z, np.arange(n) % 2),
        "nearly one row a class": (z, np.maximum(np.arange(n) - 1, 0)),
        "quantised": (np.round(z), np.arange(n) % 3),
        "a constant column": (np.concatenate([z, np.ones((n, 1))], 1), np.arange(n) % 3),
        "copies": (np.repeat(z[: n // 3], 3, 0), np.arange(n // 3 * 3) % 3),
    }


#: What an OK may stand for where nothing but noise is there, by quantity: the value of as many columns ``d`` of noise.
NOISE = {
    "effective_rank": lambda value, d: value > 0.85 * d,
    "participation_ratio": lambda value, d: value > 0.85 * d,
    "intrinsic_dimension": lambda value, d: 0.6 * d < value < 1.4 * d,
    "nc1_variability": lambda value, d: False,
    "nc2_norms": lambda value, d: False,
    "nc2_angles": lambda value, d: False,
    "nearest_mean_error": lambda value, d: value > 0.3,
    "clusters": lambda value, d: value == 0,
    "unclustered": lambda value, d: value == 1,
    "cluster_agreement": lambda value, d: False,
    "distance_ratio": lambda value, d: value == pytest.approx(1, abs=0.1),
    "distance_auc": lambda value, d: value == pytest.approx(0.5, abs=0.1),
    "H(Bin(T))": lambda value, d: d == 3 and value == pytest.approx(3 * 1.42, abs=0.2),  # of whole numbers
    "cosine_median": lambda value, d: abs(value) < 0.5,
}


@pytest.mark.parametrize("sizes", [(30, 60), (60, 60), (100, 1000), (300, 3)])
@pytest.mark.parametrize("name", ENTRIES)
def test_what_the_sizes_force_is_not_ok(name, sizes):
    for case, (t, y) in forced(*sizes).items():
        d = t.shape[1] - (case == "a constant column")
        other = np.random.default_rng(9).normal(size=t.shape) if name in COMPARING else second(name, t, y)
        for quantity, estimate in infoscope.geometry(t, other, measure=name).items():
            if estimate.status is Status.OK and quantity in NOISE:
                assert NOISE[quantity](estimate.value, d), (case, quantity, str(estimate))
            if estimate.status is not Status.OK:
                assert estimate.notes or estimate.status in (Status.SATURATED, Status.DEGENERATE), (case, quantity)


@pytest.mark.parametrize("n", [100, 400])
@pytest.mark.parametrize("name", sorted(set(ENTRIES) - {"binned_entropy"}))
def test_what_is_there_is_ok_in_few_rows_and_many_columns(name, n):
    """Five real dimensions, or four classes apart, in 1000 columns: the shape alone is no reason for doubt."""
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.normal(size=(1000, 5)))[0].T
    y = np.arange(n) % 4
    z = rng.normal(size=(n, 5))
    if ENTRIES[name].facts.get("second") == "labels":
        z = z + 12 * rng.normal(size=(4, 5))[y]
    other = (z + 0.1 * rng.normal(size=(n, 5))) @ frame if name in COMPARING else second(name, z, y)
    for quantity, estimate in infoscope.geometry(z @ frame, other, measure=name).items():
        assert estimate.status is Status.OK, (quantity, str(estimate))


T, Y = rows(6)
BAD = {
    "NaN": (np.where(np.arange(24).reshape(6, 4) == 3, np.nan, T), r"holds NaN or infinity in 1 of 6 rows"),
    "one row": (T[:1], r"has 1 row, wanted at least 2"),
    "empty": (T[:0], r"has 0 rows, wanted at least 2"),
    "no columns": (T[:, :0], r"has no columns, wanted at least 1"),
    "three axes": (T[None], r"has shape \(1, 6, 4\), wanted"),
    "complex": (T + 1j, r"has dtype complex128, wanted real numbers"),
    "text": (T.astype(str), r"has dtype <U\d+, wanted real numbers"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_rows_are_refused_with_words(name, bad):
    t, words = BAD[bad]
    with pytest.raises(InputError, match=words):
        infoscope.geometry(t, second(name, T, Y), measure=name)


@pytest.mark.parametrize("name", ENTRIES)
def test_the_second_argument_is_what_it_asks_for(name):
    t, y = rows()
    measure = make(name)
    if measure.second == "labels":
        with pytest.raises(InputError, match="wants class labels"):
            measure.geometry(t, t)
        with pytest.raises(InputError, match="299 labels for 300 rows"):
            measure.geometry(t, y[1:])
        if not measure.optional:
            with pytest.raises(InputError, match="came without labels"):
                measure.geometry(t)
    elif measure.second == "rows":
        with pytest.raises(InputError, match="pass the other as y"):
            measure.geometry(t)
    else:
        with pytest.raises(InputError, match="is about the rows alone"):
            measure.geometry(t, y)
