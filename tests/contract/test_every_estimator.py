"""The laws of an estimator, held against every file in the folder (design, section 6; no one claims law 9's intervals).

An estimator's declared facts decide which laws apply to it; nothing here names one.
"""

import dataclasses
import json
import math
import random
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from infoscope.core import registry
from infoscope.core.errors import InfoscopeError, InputError, UnknownNameError
from infoscope.core.estimate import Estimate, Plane, Status
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.measure import quantities
from infoscope.measure.estimators._base import Estimator, make

sys.path.insert(0, str(Path(__file__).parent))
from estimator_sources import sources, tolerance, transformed

ENTRIES = registry.entries("estimators")
QUESTIONS = ("entropy", "mutual_information", "plane")
NOISY = sources()[3]  # the binary symmetric channel


def offering(*questions, **facts):
    """The ids of estimators that offer all the questions and state all the facts."""
    return [
        name
        for name, entry in ENTRIES.items()
        if set(questions) <= set(entry.facts["offers"])
        and all(value in entry.facts.get(key, ()) for key, value in facts.items())
    ]


def smooth(n=300, d=4, seed=0):
    """Rows with structure at every scale, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return np.tanh(rng.normal(size=(n, d)) + y[:, None] - 1), y


def answers(name, t, y):
    """Every estimate this estimator gives for these rows and labels."""
    estimator, found = make(name), []
    if "plane" in estimator.offers:
        point = estimator.plane(t, y)
        found += [point.xt, point.ty]
    if "entropy" in estimator.offers:
        found.append(estimator.entropy(t))
    if "mutual_information" in estimator.offers and "labels" in estimator.second:
        found.append(estimator.mutual_information(t, y))
    if "mutual_information" in estimator.offers and "real" in estimator.second:
        found.append(estimator.mutual_information(t[:, :1], t[:, 1:]))
    return found


def values(name, t, y):
    return np.array([estimate.value for estimate in answers(name, t, y)])


# --- what it is -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_it_is_a_frozen_estimator_with_literal_facts_and_a_summary(name):
    entry, estimator = ENTRIES[name], make(name)
    assert isinstance(estimator, Estimator)
    assert estimator.id == name
    assert entry.summary.endswith((".", ":")), "the first docstring line is what `list` shows"
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimator.anything = 1
    assert set(entry.facts["offers"]) <= set(QUESTIONS)
    assert entry.facts["offers"]
    for fact in ("offers", "second", "bounds", "invariant"):
        if fact in entry.facts:
            assert entry.facts[fact] == getattr(type(estimator), fact)
    assert set(estimator.bounds.values()) <= {"lower", "upper"}
    assert set(estimator.invariant) <= {"rows", "units", "names", "swap", "shift"}


@pytest.mark.parametrize("name", ENTRIES)
def test_its_options_are_json_and_make_it_again(name):
    options = make(name).options
    assert json.loads(json.dumps(options)) == options
    assert make(name, **options).options == options
    with pytest.raises(UnknownNameError, match=f"there is no option of {name} named 'no_such_option'"):
        make(name, no_such_option=1)


@pytest.mark.parametrize("name", ENTRIES)
def test_every_answer_says_what_it_is(name):
    t, y = smooth()
    for estimate in answers(name, t, y):
        assert isinstance(estimate, Estimate)
        assert estimate.unit == "nats"
        assert estimate.estimand
        assert estimate.n == len(t)
        assert estimate.seconds > 0
        assert estimate.bound == make(name).bounds.get(estimate.quantity, "none")
        assert (estimate.interval is None) == (estimate.level is None) == (estimate.interval_kind is None)
        if estimate.interval is not None:
            assert estimate.interval[0] <= estimate.value <= estimate.interval[1]
        assert estimate.quantity in str(estimate)


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_public_function_answers_or_says_who_does(name, question):
    t, y = smooth()
    ask = getattr(quantities, question)
    arguments = (t,) if question == "entropy" else (t, y)
    if question in make(name).offers and (question != "mutual_information" or "labels" in make(name).second):
        assert isinstance(ask(*arguments, estimator=name), Plane if question == "plane" else Estimate)
    else:
        with pytest.raises(InputError, match=r"does not estimate .*use one that does|use an estimator that takes it"):
            ask(*arguments, estimator=name)


@pytest.mark.parametrize("name", offering("plane"))
def test_measure_gives_the_plane_of_each_member_and_variable(name):
    t, y = smooth()
    stack = np.stack([t, t * 0.5, np.zeros_like(t)])
    measured = make(name).measure(stack, {"label": y, "parity": y % 2})
    assert [[m.variable for m in member] for member in measured] == [["input", "label", "parity"]] * 3
    for member, found in zip(stack, measured, strict=True):
        for m, labels in zip(found[1:], (y, y % 2), strict=True):
            point = make(name).plane(member, labels)
            assert found[0].estimate.value == pytest.approx(point.xt.value, abs=1e-9)
            assert m.estimate.value == pytest.approx(point.ty.value, abs=1e-9)
            assert m.options in (None, make(name).options)
    assert make(name).measure(stack, {})[0][0].estimate.quantity == "I(X;T)"
    with pytest.raises(InputError, match="a variable is called 'input'"):
        make(name).measure(stack, {"input": y})


# --- laws 1 and 2: truth, and the side of it --------------------------------------------------------------------------


@pytest.mark.parametrize("source", sources(), ids=lambda s: s.name)
@pytest.mark.parametrize("name", ENTRIES)
def test_truth_and_truth_preserving_transforms(name, source):
    estimator = make(name)
    for s in (source, *transformed(source)):
        close = pytest.approx(s.truth, abs=tolerance(len(s.y)))
        if "plane" in estimator.offers:
            assert estimator.plane(s.t, s.y).ty.value == close
        if "mutual_information" in estimator.offers and "labels" in estimator.second:
            assert estimator.mutual_information(s.t, s.y).value == close
        if "mutual_information" in estimator.offers and "real" in estimator.second:
            assert estimator.mutual_information(s.t, np.eye(4)[s.y]).value == close


@pytest.mark.parametrize("source", sources(), ids=lambda s: s.name)
@pytest.mark.parametrize("name", [n for n in offering("plane") if "I(X;T)" in ENTRIES[n].facts.get("bounds", {})])
def test_a_declared_bound_is_on_its_side(name, source):
    """Patterns far apart: what a row says about the input is its pattern, ln k in all."""
    xt = make(name).plane(source.t, source.y).xt
    side = {"lower": 1, "upper": -1}[make(name).bounds["I(X;T)"]]
    assert side * (xt.value - source.patterns) <= tolerance(len(source.y))


# --- law 3: invariances -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", offering(invariant="rows"))
def test_order_of_rows(name):
    t, y = smooth()
    order = np.random.default_rng(1).permutation(len(t))
    np.testing.assert_allclose(values(name, t[order], y[order]), values(name, t, y), atol=1e-9)


@pytest.mark.parametrize("name", offering(invariant="units"))
def test_order_of_units(name):
    t, y = smooth()
    whole = [k for k, e in enumerate(answers(name, t, y)) if k < 4]  # the last splits the columns
    np.testing.assert_allclose(values(name, t[:, ::-1], y)[whole], values(name, t, y)[whole], atol=1e-9)


@pytest.mark.parametrize("name", offering(invariant="names"))
def test_names_of_classes(name):
    t, y = smooth()
    for renamed in (2 - y, 10 * y + 3, np.array(["c", "a", "b"])[y], y.astype(float)):
        if "plane" in make(name).offers:
            assert make(name).plane(t, renamed).ty.value == pytest.approx(make(name).plane(t, y).ty.value, abs=1e-9)
        if "mutual_information" in make(name).offers and renamed.dtype.kind != "f":
            found, expected = (make(name).mutual_information(t, labels).value for labels in (renamed, y))
            assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", offering("mutual_information", invariant="swap", second="real"))
def test_swap(name):
    t, _ = smooth()
    forward, back = make(name).mutual_information(t[:, :1], t[:, 1:]), make(name).mutual_information(t[:, 1:], t[:, :1])
    assert forward.value == pytest.approx(back.value, abs=1e-9)


@pytest.mark.parametrize("name", offering(invariant="shift"))
def test_shift(name):
    t, y = smooth()
    np.testing.assert_allclose(values(name, t + np.arange(4.0), y), values(name, t, y), atol=1e-9)


# --- law 5: precision and device --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_float32_is_near_float64_and_other_dtypes_are_taken(name):
    t, y = smooth()
    t = np.round(t * 64) / 64  # held exactly by both
    np.testing.assert_allclose(values(name, t.astype(np.float32), y), values(name, t, y), atol=1e-4)
    np.testing.assert_allclose(values(name, t.astype(np.float16), y), values(name, t, y), atol=1e-4)
    whole = (np.abs(t) > 0.5).astype(np.int64)
    np.testing.assert_allclose(values(name, whole, y), values(name, whole.astype(float), y), atol=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_tensors_on_any_device_are_near_arrays(name, device):
    t, y = smooth()
    moved = torch.tensor(t, device=device, dtype=torch.float32, requires_grad=True)
    expected = values(name, t.astype(np.float32), y)
    np.testing.assert_allclose(values(name, moved, torch.tensor(y, device=device)), expected, atol=1e-4)


@pytest.mark.parametrize("name", ENTRIES)
def test_memory_layout_does_not_matter(name):
    t, y = smooth()
    doubled = np.repeat(np.repeat(t, 2, 0), 2, 1)[::2, ::2]
    for laid_out in (np.asfortranarray(t), doubled, torch.from_numpy(np.ascontiguousarray(t.T)).T):
        np.testing.assert_array_equal(values(name, laid_out, y), values(name, t, y))


# --- law 6: nothing touched -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_inputs_random_state_grad_mode_and_threads_are_untouched(name):
    t, y = smooth(1200, 20)
    before_t, before_y = t.copy(), y.copy()
    state = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state(), torch.get_num_threads()  # noqa: NPY002
    first = values(name, t, y)
    assert (t == before_t).all()
    assert (y == before_y).all()
    assert random.getstate() == state[0]
    assert (np.random.get_state()[1] == state[1]).all()  # noqa: NPY002
    assert torch.equal(torch.get_rng_state(), state[2])
    assert torch.get_num_threads() == state[3]
    assert torch.is_grad_enabled()
    np.testing.assert_array_equal(values(name, t, y), first)  # same seed, same answer, to the bit


@pytest.mark.parametrize("name", ENTRIES)
def test_read_only_inputs_are_enough(name):
    t, y = smooth()
    t.flags.writeable = y.flags.writeable = False
    assert len(values(name, t, y)) == len(answers(name, t.copy(), y.copy()))


# --- law 7: bad input -------------------------------------------------------------------------------------------------

T, Y = smooth(6, 2)
BAD_ROWS = {
    "NaN": (
        np.where(np.arange(12).reshape(6, 2) == 3, np.nan, T),
        r"holds NaN or infinity in 1 of 6 rows .*drop those",
    ),
    "infinity": (np.where(np.arange(12).reshape(6, 2) == 3, np.inf, T), r"holds NaN or infinity in 1 of 6 rows"),
    "one row": (T[:1], r"has 1 row, wanted at least 2: pass more samples"),
    "empty": (T[:0], r"has 0 rows, wanted at least 2"),
    "no columns": (T[:, :0], r"has no columns, wanted at least 1"),
    "three axes": (T[None], r"has shape \(1, 6, 2\), wanted .*reshape"),
    "complex": (T + 1j, r"has dtype complex128, wanted real numbers"),
    "text": (T.astype(str), r"has dtype <U\d+, wanted real numbers"),
    "ragged": ([[1.0], [1.0, 2.0]], r"could not be read as an array|has dtype object"),
}
BAD_LABELS = {
    "too few": (Y[:5], r"has 5 labels for 6 rows, wanted one label a row|x has 6 rows and y has 5"),
    "NaN": (np.full(6, np.nan), r"holds real numbers, wanted class indices|NaN or infinity|y is real-valued rows"),
    "negative": (Y - 5, r"holds the label -5, wanted labels of 0 or more"),
    "three axes": (np.zeros((6, 2, 2)), r"has shape \(6, 2, 2\), wanted|y is real-valued rows"),
    "complex": (Y * 1j, r"has dtype complex128, wanted|y is real-valued rows"),
}


def questions(name, t, y):
    """Every question this estimator answers, not yet asked."""
    estimator = make(name)
    if "plane" in estimator.offers:
        yield lambda: estimator.plane(t, y)
    if "mutual_information" in estimator.offers:
        yield lambda: estimator.mutual_information(t, y)


@pytest.mark.parametrize("bad", BAD_ROWS)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_rows_are_refused_with_words(name, bad):
    t, words = BAD_ROWS[bad]
    for ask in questions(name, t, Y):
        with pytest.raises(InputError, match=words):
            ask()
    if "entropy" in make(name).offers:
        with pytest.raises(InputError, match=words):
            make(name).entropy(t)
    if "plane" in make(name).offers and isinstance(t, np.ndarray) and bad != "three axes":
        with pytest.raises(InputError, match=words):
            make(name).measure(t[None], {})


@pytest.mark.parametrize("bad", BAD_LABELS)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_labels_are_refused_with_words(name, bad):
    y, words = BAD_LABELS[bad]
    for ask in questions(name, T, y):
        with pytest.raises(InputError, match=words):
            ask()


@pytest.mark.parametrize("name", offering("mutual_information"))
def test_what_y_cannot_be_is_answered_with_who_takes_it(name):
    for kind, y in (("labels", Y), ("real", T)):
        if kind not in make(name).second:
            with pytest.raises(InputError, match="use an estimator that takes it"):
                make(name).mutual_information(T, y)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_constant_layer_is_degenerate_and_holds_nothing(name):
    for constant in (np.zeros((50, 3)), np.full((50, 3), 0.3, np.float32)):
        found = answers(name, constant, np.arange(50) % 2)
        assert all(e.status is Status.DEGENERATE for e in found)
        assert all(e.value == 0 for e in found if e.quantity.startswith("I("))


def _refusal(ask):
    """The words of a refusal, None for an answer; any other exception passes through."""
    try:
        ask()
    except InfoscopeError as refusal:
        return str(refusal)
    return None


@pytest.mark.parametrize("name", ENTRIES)
def test_it_survives_any_size_of_numbers(name):
    y = np.arange(40) % 2
    for scale in (1e-300, 1e-30, 1e30, 1e150):
        t = np.random.default_rng(0).normal(size=(40, 20)) * scale
        assert all(math.isfinite(v) for v in values(name, t, y))
    with np.errstate(over="ignore"):
        huge = np.full((40, 3), np.finfo(np.float64).max)
    huge[::2] *= -1
    for ask in questions(name, huge, y):
        assert _refusal(ask) is None or "wanted" in _refusal(ask)


# --- law 8: the store -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_answers_round_trip_through_rows(name, tmp_path):
    found, builder = answers(name, NOISY.t, NOISY.y), RowsBuilder("run")
    for k, estimate in enumerate(found):
        place = Place("net", k, "site", 0, "label", name, options=options_text(make(name).options))
        builder.add(place, estimate)
    pq.write_table(builder.rows().table, tmp_path / "part.parquet")
    back = Rows(pq.read_table(tmp_path / "part.parquet"))
    assert back.column("value").tolist() == [e.value for e in found]
    assert back.column("status").tolist() == [e.status.name for e in found]
    assert back.column("estimand").tolist() == [e.estimand for e in found]
    assert make(name, **json.loads(back.unique("options")[0])).options == make(name).options
