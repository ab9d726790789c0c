"""Parts of a claim as data: what a series keeps of rows, what a part finds and how it says itself."""

from __future__ import annotations

import dataclasses
import doctest
import math

import numpy as np
import pytest

from infoscope.claim import part as parts_of_claims
from infoscope.claim.part import Part, Series, Statistic, findings_of
from infoscope.claim.reading.curves import DROP, LAST, LESS, of_means_at
from infoscope.core import claim as claims
from infoscope.core.claim import Criterion, Finding
from infoscope.core.quantity import ACCURACY, INPUT_INFORMATION, WEIGHT_NORM
from infoscope.core.rows import Rows

EPOCHS = [0.0, 1.0, 5.0, 25.0]
AT_LEAST = Criterion(">=", 1.0, "norm")


@pytest.fixture
def rows(made_up):
    for network, site, end in (("tanh", "hidden1", 2.0), ("tanh", "hidden2", 0.5), ("relu", "hidden1", 3.0)):
        made_up.series(network, site, "I(X;T)", np.array([4.0, 3.0, 2.0, end]), spread=0.0)
    made_up.series("tanh", "hidden1", "I(T;Y)", np.array([0.1, 0.2, 0.3, 0.4]), spread=0.0, variable="label")
    return made_up.rows()


@pytest.mark.parametrize("module", [parts_of_claims, claims])
def test_the_examples_in_docstrings_print_what_they_say(module):
    found = doctest.testmod(module)
    assert found.attempted > 1
    assert not found.failed


@pytest.mark.parametrize(
    ("more", "epochs"),
    [
        ({}, EPOCHS),
        ({"until": 5.0}, EPOCHS[:3]),
        ({"since": 5.0}, EPOCHS[2:]),
        ({"since": 1.0, "until": 5.0}, EPOCHS[1:3]),
        ({"since": 30.0}, []),
    ],
)
def test_a_series_keeps_both_ends_of_its_span(rows, more, epochs):
    found = Series(INPUT_INFORMATION, "tanh", "hidden1", **more).of(rows)
    assert found.unique("epoch") == epochs
    assert found.unique("quantity") == (["I(X;T)"] if epochs else [])
    assert found.unique("network") == (["tanh"] if epochs else [])


def test_a_series_keeps_what_it_names_and_no_more(rows):
    assert Series("I(X;T)").of(rows).unique("network") == ["tanh", "relu"]
    assert Series("I(X;T)", site="hidden2").of(rows).unique("site") == ["hidden2"]
    assert Series("", "tanh", variable="label").of(rows).unique("quantity") == ["I(T;Y)"]
    last = Series("I(X;T)", "relu", narrowed=lambda found: found.filter(epoch=25.0))
    assert last.of(rows).unique("value") == [3.0]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        (Series(INPUT_INFORMATION, "tanh", "hidden1"), "I(X;T)"),
        (Series(INPUT_INFORMATION, "tanh", words="by KDE", until=100), "I(X;T) by KDE until epoch 100"),
        (Series(INPUT_INFORMATION, since=5, until=10), "I(X;T) until epoch 10 from epoch 5 on"),
        (Series(ACCURACY, words="on test rows"), "accuracy on test rows"),
        (Series(WEIGHT_NORM), "weight norm"),
        (Series("made_up"), "made_up"),
    ],
)
def test_a_series_says_what_it_reads(series, said):
    assert series.reads == said


def test_a_part_is_found_at_each_of_its_places_and_says_whose_rows_it_read(rows):
    layers = [Series("I(X;T)", "tanh", layer) for layer in ("hidden1", "hidden2", "hidden3")]
    one, other, missing = findings_of([Part("end", layers, LAST, AT_LEAST)], rows)
    assert [found.name for found in (one, other, missing)] == [f"end, tanh hidden{i}" for i in (1, 2, 3)]
    assert [found.outcome for found in (one, other, missing)] == ["holds", "fails", "missing"]
    assert {found.networks for found in (one, other, missing)} == {("tanh",)}
    assert [found.place for found in (one, other, missing)] == [f"tanh hidden{i}" for i in (1, 2, 3)]
    assert {found.part for found in (one, other, missing)} == {"end"}


def test_a_part_is_asked_only_where_the_one_it_hangs_on_holds(rows):
    layers = [Series("I(X;T)", "tanh", layer) for layer in ("hidden1", "hidden2", "hidden3")]
    first = Part("end", layers, LAST, AT_LEAST)
    second = Part("drop", layers, DROP, AT_LEAST, given="end")
    assert [found.name for found in findings_of([first, second], rows)][3:] == ["drop, tanh hidden1"]
    assert second.words.startswith("where that holds, drop of I(X;T)")
    with pytest.raises(KeyError):
        findings_of([second], rows)


def test_several_series_are_given_in_their_order(rows):
    pair = (Series("I(X;T)", "relu", "hidden1"), Series("I(X;T)", "tanh", "hidden1"))
    (found,) = findings_of([Part("less", {"": pair}, LESS, AT_LEAST)], rows)
    assert (found.name, found.value, found.networks) == ("less", 1.0, ("relu", "tanh"))
    (back,) = findings_of([Part("less", {"back": pair[::-1]}, LESS, AT_LEAST)], rows)
    assert (back.name, back.value) == ("less, back", -1.0)


def test_a_statistic_may_hang_on_the_recorded_epochs(rows):
    at_five = of_means_at("at epoch 5", lambda epochs: lambda curve: curve[:, list(epochs).index(5.0)])
    (found,) = findings_of([Part("at", {"": Series("I(X;T)", "tanh", "hidden1")}, at_five, AT_LEAST)], rows)
    assert found.value == 2.0


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([""], ""),
        (["tanh hidden1"], "hidden1 of tanh"),
        (["tanh a", "tanh b", "relu a", "relu b"], "a and b of tanh and relu"),
        (["tanh a", "tanh b", "relu a"], "a and b of tanh and a of relu"),
        (["tanh, 4 bins", "tanh, 6 bins", "tanh, 8 bins"], "tanh, 4 bins, 6 bins and 8 bins"),
        (["tanh, bins: all", "relu, bins: all"], "tanh and relu, bins: all"),
        (["one", "a minus b", "three"], "one, a minus b and three"),
    ],
)
def test_places_say_once_what_they_have_in_common(places, said):
    series = {place: Series("I(X;T)") for place in places}
    words = Part("drop", series, DROP, AT_LEAST).words
    assert words == f"drop of I(X;T) after the peak of its mean curve ≥ 1{said and f', for {said}'}"


def test_a_part_cannot_be_changed():
    part = Part("end", [Series("I(X;T)")], LAST, AT_LEAST)
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.name = "other"
    with pytest.raises(dataclasses.FrozenInstanceError):
        part.series[0][1][0].site = "hidden9"


def test_what_a_finding_was_read_from_stands_as_its_statistic_says():
    own = Statistic("made up", lambda name, criterion, rows: Finding(name, criterion, math.pi, networks=("own",)))
    (found,) = findings_of([Part("pi", [Series("I(X;T)", "tanh")], own, AT_LEAST)], Rows.concat([]))
    assert found.networks == ("own",)
