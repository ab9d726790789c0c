"""No option of anything, however absurd, ends in a traceback: an answer, or a sentence that names it and its size."""

import dataclasses
import math
import re

import numpy as np
import pytest

import infoscope
from infoscope.core import grammar, registry
from infoscope.core.errors import InfoscopeError, InputError

KINDS = ("estimators", "probes", "dependences", "geometries")
ENTRIES = [(kind, name) for kind in KINDS for name in registry.entries(kind)]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = (X[:, 0] > 0).astype(int)
W = X[:, :1] + RNG.normal(size=(60, 1))
ABSURD = (1e300, 1e-300, 0, -1, float("nan"), float("inf"), "word", None)


def asked(kind, name, **options):
    made = registry.load(kind, name)
    options = {**getattr(made, "quick", {}), **getattr(made, "asks", {}), **options}
    if kind == "probes":
        return infoscope.usable_information(X, Y, name, **options)
    if kind == "dependences":
        return infoscope.dependence(X, W, name, **options)
    if kind == "geometries":
        return infoscope.geometry(X, {"labels": Y, "rows": X[::-1], "": None}[made.second], name, **options)
    if "mutual_information" not in made.offers:
        return infoscope.entropy(X, name, **options)
    x = X if "real" in made.first else Y
    return infoscope.mutual_information(x, Y if "labels" in made.second else W, name, **options)


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_absurd_values(kind, name):
    for field in dataclasses.fields(registry.load(kind, name)):
        for value in ABSURD:
            try:
                found = asked(kind, name, **{field.name: value})
            except InfoscopeError:
                continue
            for estimate in found.values() if isinstance(found, dict) else [found]:
                assert math.isfinite(estimate.value)


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_whole_numbers_that_memory_would_not_hold_are_refused_before_it_is_asked_for(kind, name):
    for field in dataclasses.fields(registry.load(kind, name)):
        if not re.match(r"int|tuple\[int", str(field.type)) or grammar.MOST.get(field.name, 0) is None:
            continue
        for value in (10**12, grammar.MOST.get(field.name, grammar.LARGEST) + 1):
            with pytest.raises(
                InputError, match=rf"option {field.name} of {name} is {value}, wanted at most \d+: more"
            ):
                grammar.make(kind, name, **{**getattr(registry.load(kind, name), "asks", {}), field.name: value})


def test_an_order_of_any_size_is_a_number():
    """As the order grows, Rényi's entropy becomes -ln of the largest eigenvalue."""
    found = [infoscope.entropy(X, "renyi", alpha=alpha).value for alpha in (100.0, 1e4, 1e6, 1e300)]
    assert found == sorted(found, reverse=True)
    assert found[2] == pytest.approx(found[3], rel=1e-5)
