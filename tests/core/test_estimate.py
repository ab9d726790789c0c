"""An estimate prints on one line in bits, and says itself whether to believe it."""

import ast
import dataclasses
import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import infoscope
from infoscope.core.errors import InputError, UntrustedEstimateError
from infoscope.core.estimate import PRECEDENCE, Doubt, Estimate, Plane, Status, Uncertainty, gravest, remark
from infoscope.core.quantity import Quantity
from infoscope.core.units import bits, nats

FINITE = st.floats(-1e12, 1e12)


def an_estimate(**changes) -> Estimate:
    quantity = Quantity.of(changes.pop("quantity", "I(X;T)"), changes.pop("unit", "nats"))
    content = {"value": math.log(4), "quantity": quantity, "estimand": "H(Bin(T)), 30 bins on [-1, 1]", "n": 4096}
    return Estimate(**{**content, **changes})


def test_text_is_no_quantity():
    with pytest.raises(InputError, match=r"quantity is the text 'I\(X;T\)', wanted a Quantity, which knows its unit"):
        Estimate(1.0, "I(X;T)", "H(Bin(T))", 8)


def test_prints_one_line_in_bits():
    assert str(an_estimate()) == "I(X;T) = 2 bits, H(Bin(T)), 30 bins on [-1, 1], n=4096"


def test_prints_bound_interval_and_its_kind():
    shown = str(an_estimate(bound="upper", interval=(math.log(2), math.log(8)), interval_kind="certified bracket"))
    assert shown.startswith("I(X;T) ≤ 2 bits [1, 3] (certified bracket), ")
    assert str(an_estimate(bound="lower")).startswith("I(X;T) ≥ 2 bits, ")


def test_prints_another_unit_as_it_is():
    assert str(an_estimate(value=0.25, unit="accuracy", quantity="A")).startswith("A = 0.25 accuracy, ")


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_prints_a_doubt_with_its_sentence_and_refuses_when_strict(status):
    doubtful = an_estimate(doubts=(Doubt(status, "first note"), remark("second")))
    assert str(doubtful).endswith(f", {status.name}: {status.sentence}")
    assert "\n" not in str(doubtful)
    words = rf"I\(X;T\) is {status.name}: .*\(first note; second\)"
    with pytest.raises(UntrustedEstimateError, match=words):
        doubtful.trusted()


def test_a_trusted_estimate_is_returned_as_it_is():
    assert an_estimate().trusted() == an_estimate()


DOUBTS = st.builds(Doubt, st.sampled_from(Status), st.sampled_from(["", "one", "another"]))


def test_every_status_has_its_place_in_the_precedence_and_ok_comes_last():
    assert sorted(PRECEDENCE, key=str) == sorted(Status, key=str)
    assert PRECEDENCE[-1] is Status.OK


@given(st.lists(DOUBTS), st.lists(DOUBTS))
def test_the_status_is_the_gravest_doubt_in_whatever_order_they_come(first, later):
    estimate = an_estimate().doubted(*first).doubted(*later)
    assert estimate.status is gravest([*later, *first]) is an_estimate().doubted(*later, *first).status
    assert all(PRECEDENCE.index(estimate.status) <= PRECEDENCE.index(doubt.status) for doubt in (*first, *later))
    assert estimate.status in {Status.OK, *(doubt.status for doubt in (*first, *later))}
    assert estimate.notes == tuple(doubt.note for doubt in (*first, *later) if doubt.note)
    assert float(estimate) == float(an_estimate())


def test_what_may_not_be_mended_comes_before_what_may():
    grave, light = Doubt(Status.SATURATED, "at log n"), Doubt(Status.UNDERSAMPLED, "few rows")
    estimate = an_estimate().doubted(light, grave, remark("2 rows left out"))
    assert (estimate.status, estimate.notes) == (Status.SATURATED, ("few rows", "at log n", "2 rows left out"))
    assert an_estimate().doubted(remark("2 rows left out")).status is Status.OK


def test_status_sentences_are_all_different_and_whole():
    sentences = [status.sentence for status in Status]
    assert len(set(sentences)) == len(Status)
    assert all(len(sentence.split()) > 5 for sentence in sentences)


def test_bits_are_refused_for_what_is_not_information():
    with pytest.raises(TypeError, match="which has no bits"):
        _ = an_estimate(unit="accuracy").bits


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_nan_as_a_message(value):
    with pytest.raises(AssertionError, match="must refuse"):
        an_estimate(value=value)


def test_is_frozen_and_is_its_value_as_a_float():
    estimate = an_estimate()
    with pytest.raises(dataclasses.FrozenInstanceError):
        estimate.value = 1.0  # type: ignore[misc]
    assert float(estimate) == estimate.value
    assert estimate.bits == pytest.approx(2)


def test_html_is_escaped():
    shown = an_estimate(estimand="a<b")._repr_html_()
    assert shown.startswith(f"<div><strong>{str(an_estimate()).split(',')[0]}</strong> ")
    assert "a&lt;b, n = 4,096" in shown
    assert "a<b" not in shown


def test_a_plane_is_trusted_when_both_of_its_coordinates_are():
    good, bad = an_estimate(), an_estimate(doubts=(Doubt(Status.SATURATED),), quantity="I(T;Y)")
    assert Plane(good, good).trusted() == Plane(good, good)
    assert str(Plane(good, bad)).count("\n") == 1
    for plane in (Plane(good, bad), Plane(bad, good)):
        with pytest.raises(UntrustedEstimateError, match="SATURATED"):
            plane.trusted()


@given(FINITE)
def test_bits_and_nats_are_inverse(value):
    assert nats(bits(value)) == pytest.approx(value, rel=1e-14)
    assert bits(nats(value)) == pytest.approx(value, rel=1e-14)


def test_a_bit_is_the_entropy_of_a_fair_coin():
    assert bits(-math.log(0.5)) == 1.0
    assert nats(1.0) == math.log(2)


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (f"above H(Y) = {nats(1):.6g} nats, which", "above H(Y) = 1 bits, which"),
        (f"it is {nats(2):.6g} nats [{nats(1):.6g}, {nats(3):.6g}], with", "it is 2 bits [1, 3], with"),
        (f"off by {nats(-0.5):+.6g} nats on average", "off by -0.5 bits on average"),
        ("2e-05 nats more than 3 rows", "2.9e-05 bits more than 3 rows"),
        ("the rows are 4 of 5", "the rows are 4 of 5"),
    ],
)
def test_notes_are_shown_in_the_unit_of_the_value(note, said):
    doubtful = an_estimate(doubts=(Doubt(Status.UNDERSAMPLED, note),))
    assert doubtful.notes_shown == (said,)
    assert doubtful.notes == (note,)
    assert an_estimate(doubts=(remark(note),), unit="ratio").notes_shown == (note,)
    with pytest.raises(UntrustedEstimateError, match=re.escape(said)):
        doubtful.trusted()


# --- intervals --------------------------------------------------------------------------------------------------------

KINDS = st.builds(
    Uncertainty,
    st.sampled_from(["delta method", "over {resampled}", "over draws of {resampled}"]),
    st.sampled_from([0.95, 1.0, None]),
    st.sampled_from(["rows", "pairs", None]),
)


@given(kind=KINDS, low=FINITE, high=FINITE)
def test_an_estimate_has_the_interval_it_is_given_and_all_that_its_kind_says(kind, low, high):
    bare = an_estimate(doubts=(remark("kept"),))
    told = bare.within((low, high), kind)
    assert (told.interval, told.interval_kind, told.level) == ((low, high), kind.words, kind.level)
    assert told.resampled == kind.resampled
    assert told.without_interval() == bare == told.within(None, kind)


@given(kind=KINDS)
def test_groups_take_the_place_of_rows_where_there_are_any(kind):
    assert kind.over(None) is kind
    of_groups = kind.over([0, 0, 1])
    assert (of_groups.resampled, of_groups.level) == ("groups", kind.level)
    assert of_groups.words == kind.kind.replace("{resampled}", "groups")


def test_what_an_interval_is_one_of_is_said_by_its_kind_alone():
    root = Path(infoscope.__file__).parent
    saying = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and any(word.arg == "interval_kind" for word in call.keywords)
    }
    assert saying == {"core/estimate.py", "show/plots/_series.py"}  # an estimate, and a plot's own bundle of rows
