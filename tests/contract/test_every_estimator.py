"""The laws of an estimator, held against every file in the folder (design, section 6).

An estimator's declared facts decide which laws apply to it; nothing here names one. Laws that are not about accuracy
are tested with its ``quick`` options.
"""

import dataclasses
import json
import math
import random

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from estimator_sources import sources, tolerance, transformed

from infoscope.core import grammar, registry
from infoscope.core.errors import InfoscopeError, InputError, UnknownNameError
from infoscope.core.estimate import Estimate, Plane, Status
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.data.source import TAGS, all_sources
from infoscope.measure.bases import estimator as _base
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.questions import information

ENTRIES = registry.entries("estimators")
QUESTIONS = ("entropy", "mutual_information", "conditional_mutual_information", "plane")
INVARIANCES = {"rows", "units", "names", "swap", "shift", "scale", "monotone"}
KNOWN = {name: source for name, source in all_sources().items() if "needs data" not in source.tags}
NOISY = sources()[3]  # the binary symmetric channel


def offering(*questions, **facts):
    """The ids of estimators that offer all the questions and state all the facts."""
    return [
        name
        for name, entry in ENTRIES.items()
        if set(questions) <= set(entry.facts["offers"])
        and all(value in entry.facts.get(key, getattr(Estimator, key)) for key, value in facts.items())
    ]


def make(name, **options):
    """The estimator with these options, and with those that must be said."""
    return grammar.make("estimators", name, **{**ENTRIES[name].facts.get("asks", {}), **options})


def smooth(n=300, d=4, seed=0):
    """Rows with structure at every scale, and labels that depend on them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return np.tanh(rng.normal(size=(n, d)) + y[:, None] - 1), y


def quick(name):
    """The estimator with the options that make it quick."""
    return make(name, **ENTRIES[name].facts.get("quick", {}))


def takes_symbols(name):
    return "symbols" in ENTRIES[name].facts.get("first", ())


def rows_for(name, t):
    """``t`` as this estimator takes its first argument: numbers, or few symbols."""
    if not takes_symbols(name):
        return t
    return (2 * t).round().long() if isinstance(t, torch.Tensor) else np.round(2 * t).astype(np.int64)


def answers(name, t, y, split=True):
    """Every estimate this estimator gives for these rows and labels; ``split``: also between columns of the rows."""
    estimator, found = quick(name), []
    t = rows_for(name, t)
    if "plane" in estimator.offers:
        point = estimator.plane(t, y)
        found += [point.xt, point.ty]
    if "entropy" in estimator.offers:
        found.append(estimator.entropy(t))
    if "mutual_information" in estimator.offers and "labels" in estimator.second:
        found.append(estimator.mutual_information(t, y))
    if "conditional_mutual_information" in estimator.offers and split:
        z = t[:, 1:2] if "real" in estimator.third else y
        found.append(
            estimator.conditional_mutual_information(t[:, :1], t[:, -1:] if "real" in estimator.second else y, z)
        )
    if "mutual_information" in estimator.offers and "real" in estimator.second and split:
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
    literal = (
        "offers",
        "answers",
        "first",
        "second",
        "third",
        "bounds",
        "invariant",
        "suits",
        "slow",
        "quick",
        "grouped",
        "presses",
        "asks",
        "widest",
    )
    for fact in (*literal, "variants"):
        if fact in entry.facts:
            assert entry.facts[fact] == getattr(type(estimator), fact)
    assert set(estimator.bounds.values()) <= {"lower", "upper"}
    assert estimator.answers in _base.ANSWERS
    side = estimator.bounds.get("I(X;Y)")
    assert (estimator.answers == f"a{'n' * (side == 'upper')} {side} bound") == (side is not None)
    assert set(estimator.invariant) <= INVARIANCES
    assert set(estimator.first) <= {"real", "symbols"}
    assert {*estimator.second, *estimator.third} <= {"labels", "real"}
    assert bool(estimator.quick) or not estimator.slow, "a slow estimator needs options that make it quick"
    assert set(estimator.suits) <= set(TAGS), "no source has this tag"
    assert all(make(name, **options).options != estimator.options for options in estimator.variants)


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
    t, estimator, facts = rows_for(name, t), make(name), ENTRIES[name].facts
    options = {**facts.get("asks", {}), **facts.get("quick", {})}
    ask = getattr(information, question)
    other = y if question == "plane" or "labels" in estimator.second else t[:, -1:]
    third = y if "labels" in estimator.third else t[:, 1:2]
    arguments = {"entropy": (t,), "conditional_mutual_information": (t[:, :1], other, third)}.get(question, (t, other))
    if question in estimator.offers:
        found = ask(*arguments, estimator=name, **options)
        assert isinstance(found, Plane if question == "plane" else Estimate)
    else:
        with pytest.raises(InputError, match=r"does not estimate .*use one that does"):
            ask(*arguments, estimator=name, **options)


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


def suited(source, name):
    """Whether an estimator is held to the truth of a source: it says so, and takes what the source gives."""
    facts = ENTRIES[name].facts
    kinds = {"labels", "real"} if source.kind == "labels" and takes_symbols(name) else {source.kind}
    return (
        "mutual_information" in facts["offers"]
        and bool(set(facts.get("suits", ())) & set(source.tags))
        and bool(kinds & set(facts.get("second", ("labels",))))
    )


def truths(first=False):
    """(estimator, source) pairs that belong together; ``first``, and slow estimators: the first source of each tag."""
    found = []
    for name, entry in ENTRIES.items():
        fitting = [s for s in KNOWN.values() if suited(s, name)]
        if first or entry.facts.get("slow", False):
            firsts = {tag: s.name for tag in entry.facts.get("suits", ()) for s in reversed(fitting) if tag in s.tags}
            fitting = [s for s in fitting if s.name in firsts.values()]
        found += [pytest.param(name, s.name, id=f"{name}, {s.name}") for s in fitting]
    return found


@pytest.mark.parametrize(("name", "source"), truths())
def test_truth_of_every_source_it_says_it_suits(name, source):
    source, n = KNOWN[source], 1000 if ENTRIES[name].facts.get("slow", False) else 2000
    x, y = source.sample(n, seed=1)
    found = make(name).mutual_information(x, y)
    low, high = found.interval or (found.value, found.value)
    assert found.status is Status.OK
    assert low - tolerance(n) <= source.truth <= high + tolerance(n)


SIMPLE = ("scaled-classes", "bivariate-normal", "bsc-0.1")
HARDER = ("noisy-tanh-labels-20", "swiss-roll", "sparse-5x5")


def answering():
    """(estimator, source): who says that it answers I(X;Y) or bounds it, on problems of each kind that it takes."""
    found = []
    for name in offering("mutual_information"):
        estimator = make(name)
        for source in (KNOWN[name] for name in (*SIMPLE, *HARDER)):
            taken = source.kind in estimator.second and ("discrete" in source.tags or not takes_symbols(name))
            if taken and estimator.answers != "another question":
                found.append(pytest.param(name, source, id=f"{name}, {source.name}"))
    return found


@pytest.mark.parametrize(("name", "source"), answering())
def test_who_says_that_it_answers_the_question_is_on_the_truth_or_on_its_side(name, source):
    """What `choose` may name: an answer without a warning holds the truth, or lies on the side that was said of it.

    On a simple problem there is such an answer. Slow bounds are tested with their quick options: they are still bounds.
    """
    answers = make(name).answers
    x, y = source.sample(1000, seed=1)
    found = (quick(name) if "bound" in answers else make(name)).mutual_information(x, y)
    if source.name in SIMPLE and "bound" not in answers:
        assert found.status is Status.OK
    if found.status is Status.OK:
        low, high = found.interval if found.interval and found.level < 1 else (found.value, found.value)
        if answers != "an upper bound":
            assert low - tolerance(1000) <= source.truth
        if answers != "a lower bound":
            assert source.truth <= high + tolerance(1000)
    if source.name in SIMPLE:
        assert found.value > source.truth / 2, "a bound that says nothing"


@pytest.mark.parametrize("source", sources(), ids=lambda s: s.name)
@pytest.mark.parametrize("name", [n for n in ENTRIES if "patterns" in ENTRIES[n].facts.get("suits", ())])
def test_truth_and_truth_preserving_transforms(name, source):
    estimator = quick(name)
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
    turned, straight = ([e.value for e in answers(name, rows, y, split=False)] for rows in (t[:, ::-1], t))
    np.testing.assert_allclose(turned, straight, atol=1e-9)


@pytest.mark.parametrize("name", offering(invariant="names"))
def test_names_of_classes(name):
    t, y = smooth()
    t, estimator = rows_for(name, t), quick(name)
    for renamed in (2 - y, 10 * y + 3, np.array(["c", "a", "b"])[y], y.astype(float)):
        if "plane" in estimator.offers:
            assert estimator.plane(t, renamed).ty.value == pytest.approx(estimator.plane(t, y).ty.value, abs=1e-9)
        if "mutual_information" in estimator.offers and renamed.dtype.kind != "f" and "labels" in estimator.second:
            found, expected = (estimator.mutual_information(t, labels).value for labels in (renamed, y))
            assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", offering("mutual_information", invariant="swap", second="real"))
def test_swap(name):
    t, _ = smooth()
    t = rows_for(name, t)
    forward, back = (quick(name).mutual_information(*two) for two in ((t[:, :1], t[:, 1:]), (t[:, 1:], t[:, :1])))
    assert forward.value == pytest.approx(back.value, abs=1e-9)


@pytest.mark.parametrize("name", offering(invariant="shift"))
def test_shift(name):
    t, y = smooth()
    np.testing.assert_allclose(values(name, t + np.arange(4.0), y), values(name, t, y), atol=1e-9)


@pytest.mark.parametrize("name", offering("mutual_information", invariant="scale"))
def test_scale_of_each_column(name):
    """By powers of two, which are exact; 1e-6 is among what must not be silent."""
    t, y = smooth()
    found = [e.value for e in answers(name, t * 2.0 ** np.array([-20, 3, 0, 11]), y) if e.quantity.startswith("I(")]
    expected = [e.value for e in answers(name, t, y) if e.quantity.startswith("I(")]
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("name", offering("mutual_information", invariant="monotone"))
def test_increasing_maps_of_each_column(name):
    t, y = smooth()
    maps = [np.exp(t[:, 0]), t[:, 1] ** 3, np.arcsinh(t[:, 2]), 2 * t[:, 3] + 1]
    found = [e.value for e in answers(name, np.stack(maps, axis=1), y) if e.quantity.startswith("I(")]
    expected = [e.value for e in answers(name, t, y) if e.quantity.startswith("I(")]
    np.testing.assert_allclose(found, expected, atol=1e-9)


# --- law 5: precision and device --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENTRIES)
def test_float32_is_near_float64_and_other_dtypes_are_taken(name):
    t, y = smooth()
    t = np.round(t * 64) / 64  # held exactly by both
    np.testing.assert_allclose(values(name, t.astype(np.float32), y), values(name, t, y), atol=1e-4)
    np.testing.assert_allclose(values(name, t.astype(np.float16), y), values(name, t, y), atol=1e-4)
    whole = (np.abs(t) > 0.5).astype(np.int64)
    counted, measured = ([e.value for e in answers(name, w, y, split=False)] for w in (whole, whole.astype(float)))
    np.testing.assert_allclose(counted, measured, atol=1e-9)


@pytest.mark.parametrize("name", ENTRIES)
def test_tensors_on_any_device_are_near_arrays(name, elsewhere):
    t, y = smooth()
    expected = values(name, t.astype(np.float32), y)
    for place in ("cpu", elsewhere):
        moved = torch.tensor(t, dtype=torch.float32).to(place).requires_grad_()
        np.testing.assert_allclose(values(name, moved, torch.tensor(y, device=place)), expected, atol=1e-4)


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
    assert len(values(name, t, y)) == len(answers(name, t.copy(), y.copy())) > 0


# --- law 7: bad input -------------------------------------------------------------------------------------------------

T, Y = np.round(smooth(6, 2)[0]), smooth(6, 2)[1]
BAD_ROWS = {
    "NaN": (
        np.where(np.arange(12).reshape(6, 2) == 3, np.nan, T),
        r"holds NaN or infinity in 1 of 6 rows.*drop those",
    ),
    "infinity": (np.where(np.arange(12).reshape(6, 2) == 3, np.inf, T), r"holds NaN or infinity in 1 of 6 rows"),
    "one row": (T[:1], r"has 1 row, wanted at least 2: pass more samples"),
    "empty": (T[:0], r"has 0 rows, wanted at least 2"),
    "no columns": (T[:, :0], r"has no columns, wanted at least 1"),
    "three axes": (T[None], r"has shape \(1, 6, 2\), wanted .*(reshape|symbols)"),
    "complex": (T + 1j, r"has dtype complex128, wanted (real numbers|symbols)"),
    "objects": (np.array([[{}, 1.0]] * 6), r"has dtype object and holds dict and float, wanted real numbers, or words"),
    "nothing there": (
        np.array([[None, 1.0]] * 6),
        r"is missing in 6 of 6 rows \(first at row 0\), wanted a value in every",
    ),
    "dates": (np.array([["2020-01-01"]] * 6, "M8[D]"), r"has dtype datetime64\[D\], wanted (real numbers|symbols)"),
    "ragged": ([[1.0], [1.0, 2.0]], r"could not be read as an array|has dtype object"),
}
BAD_LABELS = {
    "too few": (Y[:5], r"has 5 labels for 6 rows, wanted one label a row|x has 6 rows and y has 5"),
    "NaN": (np.full(6, np.nan), r"NaN or infinity|y is real-valued rows"),
    "negative": (Y - 5, r"holds the label -5, wanted labels of 0 or more"),
    "three axes": (np.zeros((6, 2, 2)), r"has shape \(6, 2, 2\), wanted|y is real-valued rows"),
    "complex": (Y * 1j, r"has dtype complex128, wanted|y is real-valued rows"),
}


def questions(name, t, y):
    """Every question this estimator answers, not yet asked; ``y`` in the form it takes where that can be."""
    estimator = quick(name)
    if "labels" not in estimator.second and np.ndim(y) == 1 and np.asarray(y).dtype.kind in "iu":
        y = np.asarray(y, float)
    if "plane" in estimator.offers:
        yield lambda: estimator.plane(t, y)
    if "mutual_information" in estimator.offers:
        yield lambda: estimator.mutual_information(t, y)
    if "conditional_mutual_information" in estimator.offers:
        yield lambda: estimator.conditional_mutual_information(t, y, y)


@pytest.mark.parametrize("bad", BAD_ROWS)
@pytest.mark.parametrize("name", ENTRIES)
def test_bad_rows_are_refused_with_words(name, bad):
    t, words = BAD_ROWS[bad]
    for ask in questions(name, t, Y):
        with pytest.raises(InputError, match=words):
            ask()
    if "entropy" in make(name).offers:
        with pytest.raises(InputError, match=words):
            quick(name).entropy(t)
    if "plane" in make(name).offers and isinstance(t, np.ndarray) and bad != "three axes":
        with pytest.raises(InputError, match=words):
            make(name).measure(t[None], {})


@pytest.mark.parametrize("name", ENTRIES)
def test_numbers_for_words_and_words_for_numbers_are_refused(name):
    t, words = (T + 0.5, "wanted symbols") if takes_symbols(name) else (T.astype(str), "wanted real numbers")
    for ask in questions(name, t, Y):
        with pytest.raises(InputError, match=f"{words}.*: "):
            ask()


@pytest.mark.parametrize("bad", BAD_LABELS)
@pytest.mark.parametrize("name", [n for n in ENTRIES if "labels" in ENTRIES[n].facts.get("second", ("labels",))])
def test_bad_labels_are_refused_with_words(name, bad):
    y, words = BAD_LABELS[bad]
    for ask in questions(name, T, y):
        with pytest.raises(InputError, match=words):
            ask()


@pytest.mark.parametrize("name", offering("mutual_information"))
def test_what_y_cannot_be_is_answered_with_who_takes_it(name):
    for kind, y in (("labels", Y), ("real", T + 0.5)):
        if kind not in make(name).second:
            with pytest.raises(InputError, match="use an estimator that takes it"):
                make(name).mutual_information(T, y)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_constant_layer_is_degenerate_and_holds_nothing(name):
    for constant in (np.zeros((50, 3)), np.full((50, 3), 3, np.float32)):
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


@pytest.mark.parametrize("name", [n for n in ENTRIES if not takes_symbols(n)])
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


# --- nothing silent ---------------------------------------------------------------------------------------------------

rng = np.random.default_rng(11)
Z = rng.normal(size=(500, 2))
RHO9 = np.stack([Z[:, 0], 0.9 * Z[:, 0] + math.sqrt(1 - 0.81) * Z[:, 1]], axis=1)
SYMBOLS = np.sort(rng.integers(5, size=500))
#: x, y and what they share; a representation looks like these far more often than like a Gaussian.
AWKWARD = {
    "y is x, five symbols": (SYMBOLS[:, None] * 1.0, SYMBOLS, math.log(5)),
    "y is x, five values": (SYMBOLS[:, None] * 1.0, SYMBOLS[:, None] * 1.0, math.log(5)),
    "relu zeros and the sign": (np.maximum(Z[:, :1], 0), (Z[:, 0] > 0).astype(np.int64), math.log(2)),
    "relu and independent relu": (np.maximum(Z[:, :1], 0), np.maximum(Z[:, 1:], 0), 0.0),
    "one variable a millionth": (RHO9[:, :1] * 1e-6, RHO9[:, 1:], 0.830),
    "float16 rounding": (RHO9[:, :1].astype(np.float16), RHO9[:, 1:].astype(np.float16), 0.830),
    "every row five times": (np.repeat(RHO9[:100, :1], 5, 0), np.repeat(RHO9[:100, 1:], 5, 0), 0.830),
    "y is x, real": (Z[:, :1], Z[:, :1], math.inf),
    "more columns than rows": (rng.normal(size=(40, 60)), rng.normal(size=(40, 60)), 0.0),
}


@pytest.mark.parametrize("case", AWKWARD)
@pytest.mark.parametrize("name", offering("mutual_information"))
def test_no_silent_failure_on_what_representations_look_like(name, case):
    """No infinity, no silent zero, nothing above what the labels or the number of rows allow, without a status."""
    x, y, truth = AWKWARD[case]
    # one column of whole numbers held as real ones is taken as labels where nothing else is wanted
    labels = y.ndim == 1 or ("real" not in make(name).second and y.shape[1] == 1 and bool((y == np.round(y)).all()))
    if ("labels" if labels else "real") not in make(name).second or (
        takes_symbols(name) and not (np.round(x) == x).all()
    ):
        with pytest.raises(InputError, match="use an estimator"):
            make(name).mutual_information(x, y)
        return
    answer = []
    refusal = _refusal(lambda: answer.append(quick(name).mutual_information(x, y)))
    if refusal is not None:
        assert "wanted" in refusal
        return
    (found,) = answer
    assert math.isfinite(found.value)
    if found.status is Status.OK and set(make(name).suits) - {"patterns"}:
        assert not (abs(found.value) < 0.02 and truth > 0.5), "a silent zero"
        ceiling = math.log(len(np.unique(y))) if labels else math.log(len(x))
        assert found.value <= ceiling + tolerance(len(x))
        assert truth < math.inf


# --- conditional information ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", offering("conditional_mutual_information", third="real", suits="gaussian"))
def test_what_z_explains_is_not_counted_again(name):
    """Gaussian closed forms: a chain X - Z - Y leaves nothing, and an unrelated z changes nothing."""
    e, n = np.random.default_rng(5).normal(size=(2000, 3)), 2000
    z = e[:, :1]
    chain = quick(name).conditional_mutual_information(z + e[:, 1:2], z + e[:, 2:3], z)
    assert chain.value == pytest.approx(0, abs=tolerance(n))
    apart = quick(name).conditional_mutual_information(z, z + e[:, 1:2], e[:, 2:3])
    assert apart.value == pytest.approx(0.5 * math.log(2), abs=tolerance(n))
    assert apart.quantity == "I(X;Y|Z)"


@pytest.mark.parametrize("name", offering("conditional_mutual_information", third="labels"))
def test_labels_that_explain_everything_leave_nothing(name):
    t, y = smooth(2000, 2)
    t = np.round(t).astype(int) if takes_symbols(name) else t
    other = y if "labels" in make(name).second else y[:, None] + 0.1 * t[:, 1:]
    found = quick(name).conditional_mutual_information(t[:, :1], other, y)
    assert found.value == pytest.approx(0, abs=tolerance(len(t)))


# --- along a trajectory -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in ENTRIES if n not in offering("plane")])
def test_measure_gives_what_is_offered_of_each_member(name):
    t, y = smooth()
    t = rows_for(name, t)
    stack, estimator = np.stack([t, t[::-1]]), quick(name)
    asked = {"entropy": "entropy" in estimator.offers, "labels": "labels" in estimator.second}
    if not any(asked.values()):
        with pytest.raises(InputError, match="does not measure one representation with class labels"):
            estimator.measure(stack, {"label": y})
        return
    measured = estimator.measure(stack, {"label": y, "parity": y % 2})
    names = ["input"] * asked["entropy"] + ["label", "parity"] * asked["labels"]
    assert [[m.variable for m in member] for member in measured] == [names] * 2
    for member, found in zip(stack, measured, strict=True):
        for m in found:
            assert m.estimate.quantity == ("H(T)" if m.variable == "input" else "I(T;Y)")
            labels = y if m.variable == "label" else y % 2
            ask = estimator.entropy(member) if m.variable == "input" else estimator.mutual_information(member, labels)
            assert m.estimate.value == pytest.approx(ask.value, abs=1e-6)


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


# --- law 9: intervals -------------------------------------------------------------------------------------------------

REPLICATES = 40
#: Of 40 intervals that each hold the truth with probability 0.9, fewer than this happens once in ten thousand times.
ENOUGH = 28


@pytest.mark.parametrize(
    ("name", "source"), [p for p in truths(first=True) if not ENTRIES[p.values[0]].facts.get("slow", False)]
)
def test_intervals_hold_the_truth(name, source):
    """A smaller version of what `infoscope bench` counts with 200 replicates."""
    found = [make(name).mutual_information(*KNOWN[source].sample(500, seed=seed)) for seed in range(REPLICATES)]
    if found[0].level != 0.95:
        pytest.skip(f"{name} states no interval of 95 % over samples ({found[0].interval_kind})")
    inside = sum(low <= KNOWN[source].truth <= high for low, high in (e.interval for e in found))
    assert inside >= ENOUGH


@pytest.mark.parametrize("name", [n for n in ENTRIES if not takes_symbols(n)])
def test_without_an_interval_few_rows_are_not_believed(name):
    """Where 300 rows get an interval, 5 to 40 rows that get none are not OK."""
    t, y = smooth(300, 2)
    states = {(e.quantity, e.estimand.split(",")[0]) for e in answers(name, t, y, split=False) if e.interval}
    for n in (5, 10, 20, 40):
        found = []
        if _refusal(lambda n=n, found=found: found.extend(answers(name, t[:n], y[:n], split=False))) is not None:
            continue
        for e in found:
            if (e.quantity, e.estimand.split(",")[0]) in states and e.interval is None:
                assert e.status is not Status.OK, f"{e} of {n} rows"
