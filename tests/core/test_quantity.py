"""A quantity is its symbol, and what is known of it travels along."""

import copy
import json
import pickle

import pytest

from infoscope.core.errors import InputError
from infoscope.core.quantity import INPUT_INFORMATION, KINDS, Quantity

COUNT = Quantity("clusters", "clusters", "Clusters found", "geometry")


@pytest.mark.parametrize("same", [copy.copy, copy.deepcopy, lambda q: pickle.loads(pickle.dumps(q))])
@pytest.mark.parametrize("quantity", [COUNT, INPUT_INFORMATION])
def test_it_stays_what_it_is_when_it_is_copied_and_sent(quantity, same):
    other = same(quantity)
    assert (other, other.unit, other.words, other.kind) == (quantity, quantity.unit, quantity.words, quantity.kind)
    assert type(other) is Quantity


def test_it_is_the_text_that_rows_carry():
    assert COUNT == "clusters"
    assert {COUNT: 1}["clusters"] == 1  # type: ignore[index]
    assert json.loads(json.dumps({"quantity": COUNT})) == {"quantity": "clusters"}


def test_it_cannot_be_changed_and_has_a_kind_that_plots_know():
    with pytest.raises(AttributeError, match="unit of clusters cannot be set"):
        COUNT.unit = "nats"  # type: ignore[misc]
    with pytest.raises(InputError, match="kind of clusters is 'shape', wanted one of information, entropy"):
        Quantity("clusters", "clusters", "", "shape")  # type: ignore[arg-type]


def test_what_cannot_be_negative_is_told():
    assert {kind for kind in KINDS if Quantity("Q", "nats", "", kind).never_negative} == {
        "information", "entropy", "usable",
    }  # fmt: skip


def test_plain_text_is_the_quantity_of_that_name_or_of_no_kind():
    assert Quantity.of(COUNT, "nats") is COUNT
    assert Quantity.of("I(X;T)", "nats").kind == "information"
    squares = Quantity.of("loss", "squares")
    assert (squares.unit, squares.words, squares.kind) == ("squares", "Loss", "training")
    own = Quantity.of("active_units", "fraction")
    assert (own, own.unit, own.words, own.kind) == ("active_units", "fraction", "Active units", "other")
    assert Quantity.of("Z_2(T)", "nats").words == "Z_2(T)"
