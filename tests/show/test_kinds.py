"""Which quantities a plot finds by the kinds that it draws, in which order, and how it words them."""

from __future__ import annotations

import pytest

from infoscope.core.estimate import Estimate
from infoscope.core.quantity import (
    ACCURACY,
    BINNED_ENTROPY,
    ENTROPY,
    INPUT_INFORMATION,
    LABEL_INFORMATION,
    LOSS,
    USABLE,
    USABLE_COARSE,
    USABLE_FINE,
    USABLE_REST,
    Quantity,
)
from infoscope.core.rows import Place, Rows, RowsBuilder
from infoscope.show.plots import _over_time, _relevance, _series
from infoscope.show.plots.settings import settings
from infoscope.show.report import _cards, write_report

SPREAD = Quantity("spread", "norm", "Spread of the rows", "geometry")
CODE = Quantity("L(Y|T)/n", "nats", "Length of a code of the label", "usable")
NARROW = Quantity("narrowness", "fraction", "A measure of how narrow a layer is, in many words", "geometry")


def rows(*quantities: Quantity, variable: str = "input", estimator: str = "made") -> Rows:
    builder = RowsBuilder("made")
    for step in range(2):
        for each in quantities:
            at = Place("net", step, "hidden1", 1, variable, estimator, epoch=float(step))
            builder.add(at, Estimate(1.0, each, "made up", 64))
    return builder.rows()


def test_kinds_stand_in_the_order_of_the_plot_and_in_one_what_readers_look_for_first():
    every = (BINNED_ENTROPY, USABLE_FINE, ACCURACY, LABEL_INFORMATION, SPREAD, USABLE_REST, USABLE_COARSE,
             INPUT_INFORMATION, NARROW, LOSS)  # fmt: skip
    assert _series.quantities(rows(*every), ("entropy", "information", "usable")) == [
        BINNED_ENTROPY, INPUT_INFORMATION, LABEL_INFORMATION, USABLE_REST, USABLE_COARSE, USABLE_FINE,
    ]  # fmt: skip
    assert _series.quantities(rows(*every), ("geometry", "training")) == [SPREAD, NARROW, LOSS, ACCURACY]
    assert _series.quantities(rows(*every), ("score",)) == []


def test_of_one_quantity_what_is_said_about_a_label_goes_first_then_the_first():
    kinds = ("usable", "information", "entropy")
    for held, wanted in (
        ((ENTROPY, INPUT_INFORMATION, LABEL_INFORMATION), LABEL_INFORMATION),
        ((USABLE_FINE, USABLE), USABLE),
        ((ENTROPY, INPUT_INFORMATION), INPUT_INFORMATION),
        ((SPREAD, ENTROPY), ENTROPY),
    ):
        assert _series.one_quantity(rows(*held), kinds).unique("quantity") == [wanted]
    assert len(_series.one_quantity(rows(SPREAD), kinds)) == 0


@pytest.mark.parametrize(
    ("quantity", "variable", "words", "axis"),
    [
        (INPUT_INFORMATION, "input", "Information about the input, I(X;T)", "I(X;T) (bits)"),
        (INPUT_INFORMATION, "signal", "Information about signal, I(X;T)", "I(X;T) (bits)"),
        (LABEL_INFORMATION, "input", "Information about input, I(T;Y)", "I(T;Y) (bits)"),
        (LABEL_INFORMATION, "", "Information about the label, I(T;Y)", "I(T;Y) (bits)"),
        (USABLE, "fine", "Usable information about fine", "I_u(T;Y) (bits)"),
        (USABLE_REST, "fine|coarse", "Usable information about fine given coarse", "I_u(T;fine|coarse) (bits)"),
        (CODE, "label", "Length of a code of the label", "L(Y|T)/n (bits)"),
        (BINNED_ENTROPY, "input", "Entropy of the binned layer, H(Bin(T))", "H(Bin(T)) (bits)"),
        (SPREAD, "input", "Spread of the rows", "spread of the rows"),
        (NARROW, "input", "A measure of how narrow a layer is, in many words", "narrowness (fraction)"),
    ],
)
def test_a_quantity_is_called_by_its_own_words(quantity, variable, words, axis):
    held = rows(quantity, variable=variable)
    unit = "bits" if quantity.unit == "nats" else quantity.unit
    assert _over_time.worded(held) == words
    assert _over_time.label(held, unit) == axis


def test_a_heading_names_the_estimator_but_of_probes_and_of_training():
    assert _series.titled("Spread", rows(SPREAD, estimator="spread")) == "Spread: net, spread"
    assert _series.titled("Usable", rows(USABLE, estimator="usable_information")) == "Usable: net"
    assert _series.titled("Loss", rows(LOSS, estimator="training")) == "Loss: net"
    both = Rows.concat([rows(USABLE, estimator="usable_information"), rows(SPREAD, estimator="spread")])
    assert _series.titled("Both", both) == "Both: net, spread"


def test_what_rows_say_about_variables_is_what_is_read_of_them_and_not_of_the_input():
    both = Rows.concat([rows(INPUT_INFORMATION, SPREAD), rows(USABLE, LABEL_INFORMATION, variable="fine")])
    found = _relevance.about_variables(Rows.concat([both, rows(LOSS, ACCURACY, variable="coarse")]))
    assert found.unique("variable") == ["fine"]
    assert found.unique("kind") == ["usable", "information"]
    assert len(_relevance.about_variables(rows(INPUT_INFORMATION))) == 0


def test_the_settings_drawn_are_of_what_was_measured_in_several_ways():
    builder = RowsBuilder("made")
    for step in range(2):
        for quantity, options in ((SPREAD, "{}"), (NARROW, '{"k":3}'), (NARROW, '{"k":5}')):
            at = Place("net", step, "hidden1", 1, "input", "made", epoch=float(step), options=options)
            builder.add(at, Estimate(1.0, quantity, "made up", 64))
    spec = settings(builder.rows())
    assert spec["title"]["text"] == f"{NARROW.words} at hidden1: net"
    assert {row["line"] for layer in spec["layer"] for row in layer["data"]["values"]} == {"k 3", "k 5"}


def test_the_report_says_what_probes_read_in_words_and_of_which_variable(make_run, read_rows):
    folder = make_run("read", read_rows(("high",)))
    (section,) = _cards.sections([folder], [folder.rows()])
    (block,) = (block for block in section.blocks if block.kinds == {"usable"})
    assert [panel.heading for panel in block.panels if panel.plot == "information"] == [
        "Information along training: I(T;Y) about colour on test",
        "Information along training: about fine given coarse on test",
        "Information along training: about coarse on test",
        "Information along training: about fine on test",
    ]
    page = write_report([folder], folder.path / "report.html").read_text(encoding="utf-8")
    assert "What probes can read" in page
    assert "Measured with" not in page
