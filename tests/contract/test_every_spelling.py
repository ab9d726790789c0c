"""What is printed of a contribution with options is read back as the same, wherever a name is taken."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import infoscope
from infoscope.core import grammar, registry
from infoscope.core.errors import InputError
from infoscope.measure.bases.measurements import make_measurement

KINDS = ("estimators", "probes", "geometries", "dependences")
NAMES = [(kind, name) for kind in KINDS for name in registry.entries(kind)]
SCALARS = {
    int: st.integers(0, 300),
    float: st.floats(1e-9, 1e6) | st.sampled_from([0.1, 1e-300, 1 / 3]),
    bool: st.booleans(),
    str: st.text("abcdefghij_", min_size=1, max_size=5),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy:
    """Values that a field of this type takes."""
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of([values(branch) for branch in get_args(hint)])
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return st.lists(values(parts[0]), min_size=1, max_size=4, unique=True).map(tuple)
        return st.tuples(*map(values, parts))
    return SCALARS[hint]


@pytest.mark.parametrize(("kind", "name"), NAMES)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_spelled_is_read_back(kind, name, data):
    load = registry.load(kind, name)
    hints = get_type_hints(load)
    needed = getattr(load, "needs_options", {})
    fields = [field.name for field in dataclasses.fields(load) if field.init and hints[field.name] is not str]
    chosen = data.draw(st.sets(st.sampled_from(fields))) if fields else set()
    options = {field: data.draw(values(hints[field]), label=field) for field in chosen}
    try:
        made = load(**{**needed, **options})
    except InputError:
        assume(False)  # options that make no sense together
        raise
    again = grammar.make(kind, made.spelled)
    assert again.options == made.options
    assert grammar.make(kind, name, **made.options).options == made.options
    if kind in ("estimators", "geometries"):
        assert make_measurement(made.spelled).options == made.options


def test_options_of_an_option_are_said_in_parentheses_or_as_keyword():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(120, 3)), rng.integers(0, 2, 120)
    text = make_measurement("usable_information(probe=mlp(hidden=16, steps=40), folds=3)")
    assert text == make_measurement("usable_information", probe="mlp(hidden=16, steps=40)", folds=3)
    assert make_measurement(text.spelled) == text
    assert "probe=mlp(hidden=16, steps=40)" in text.spelled
    one = infoscope.usable_information(z, y, "mlp(hidden=16, steps=40)", folds=3)
    assert one.value == infoscope.usable_information(z, y, "mlp", folds=3, hidden=16, steps=40).value


def test_a_spelling_is_one_text():
    options = {"bins": (30, 60), "width": (0.5,), "range": None, "shuffled": True}
    assert grammar.spelled("binned", options) == "binned(bins=30,60, width=0.5,, range=none, shuffled=true)"
    assert grammar.spelled("kde", {}) == "kde"
    assert infoscope.estimator("binned", bins=60).spelled == "binned(bins=60, form=interval)"
