"""Law: what is printed of an answer is in one unit, its notes included."""

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope.core import registry
from infoscope.core.errors import InputError

FACTS = {name: entry.facts for name, entry in registry.entries("estimators").items()}
ENTRIES = [name for name, facts in FACTS.items() if "mutual_information" in facts.get("offers", ())]


def awkward():
    """Pairs that estimators doubt: copies, far too few rows, more columns than rows, ties, rows in a row."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 1))
    yield "a copy", x, x + 1e-9 * rng.normal(size=x.shape)
    yield "noise", rng.normal(size=(60, 40)), rng.integers(2, size=60)
    yield "many classes", rng.normal(size=(60, 2)), np.arange(60) % 30
    yield "few values", rng.integers(3, size=(120, 2)).astype(float), rng.integers(2, size=120)
    yield "a series", np.cumsum(rng.normal(size=(200, 1)), 0), np.cumsum(rng.normal(size=(200, 1)), 0)
    yield "rows three times", np.repeat(rng.normal(size=(40, 2)), 3, 0), np.repeat(rng.integers(2, size=40), 3)


@pytest.mark.parametrize("name", ENTRIES)
def test_no_note_is_printed_in_nats_under_a_value_in_bits(name):
    made = make(name, **FACTS[name].get("asks", {}), **FACTS[name].get("quick", {}))
    printed = []
    for _, x, y in awkward():
        try:
            found = made.mutual_information(x, y)
        except InputError:
            continue
        printed += [str(found), *found.notes_shown]
    assert not [text for text in printed if "nats" in text]
