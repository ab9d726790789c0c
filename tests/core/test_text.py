"""Text of strangers: what is taken out, what is marked, and what a user is refused."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core import text
from infoscope.core.errors import InputError

ANY = st.text(st.characters(), max_size=300)  # with control characters and halves of pairs
LINES = "a\tb\nc\r\nd\x0be\x0cf\x1cg\x85h\u2028i\u2029j"


def fits_xml(character: str) -> bool:
    code = ord(character)
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


@given(ANY)
def test_what_is_shown_fits_xml_and_stays_on_its_line(said):
    for shown in (text.sentence(said), text.name(said)):
        assert all(map(fits_xml, shown))
        assert len((shown + ".").splitlines()) == 1
        assert not [c for c in shown if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI")]
        shown.encode()


@given(ANY, ANY)
def test_two_names_stay_two(one, other):
    assert (text.name(one) == text.name(other)) == (one == other)


@given(ANY)
def test_a_name_that_was_cleaned_is_not_cleaned_again(said):
    assert text.name(text.name(said)) == text.name(said)
    assert len(text.name(said)) <= text.LONGEST_NAME


def test_names_that_are_well_stay_as_they_are():
    for said in (
        "hidden1",
        "Sehfläche",
        "שלום",
        "transformer.h.0.mlp",
        "👩‍👩‍👧",
        "fine|coarse",
        "</script>",
        "a" * 200,
        " x ",
    ):
        assert text.name(said) == text.sentence(said) == text.checked(said, "it") == said


def test_line_ends_become_spaces_and_controls_nothing():
    assert text.sentence(LINES) == "a b c d e f g h i j"
    assert text.sentence("a\x00\x07\x7f\x9f\u202e\u2066\ud800\ufffe\uffffb") == "ab"
    assert text.sentence("Z" + "\u0301" * 150 + "e\u0301\u0323") == "Z" + "\u0301" * 4 + "e\u0301\u0323"
    assert text.sentence("x" * 30_000) == "x" * 19_999 + "…"


def test_names_that_look_the_same_when_cleaned_are_told_apart_by_a_mark():
    found = [text.name(said) for said in ("label", "la\x07bel", "la\x08bel", "label\u202e")]
    assert len(set(found)) == 4
    assert found[0] == "label"
    assert all(each.startswith("label #") for each in found[1:])


def test_the_cut_of_a_long_name_is_seen():
    one, other = text.name("x" * 100_000), text.name("x" * 100_001)
    assert one != other
    assert "…" in one
    assert len(one) == len(other) == 200


def test_json_is_cleaned_in_its_keys_and_texts_alone():
    held = {"a\x07": ["b\x07", 1, None, True, {"c": "d\n"}]}
    assert text.content(held) == {text.name("a\x07"): ["b", 1, None, True, {"c": "d "}]}


def test_what_is_drawn_loses_only_what_ends_the_process():
    spec = {"a": ["lines\nof\ttext", "bell\x07", 2.5, None], "lineBreak": "\n"}
    assert text.drawable(spec) == {"a": ["lines\nof\ttext", "bell", 2.5, None], "lineBreak": "\n"}
    assert json.dumps(text.drawable({"long": "x" * 30_000})) == json.dumps({"long": "x" * 30_000})


@pytest.mark.parametrize(
    ("given_name", "said"),
    [
        ("", "it is '', wanted a name that can be read: give it one"),
        (" \u00a0", "wanted a name that can be read"),
        ("lab\x07el", r"it is 'lab\x07el', with the character '\x07' at 3, wanted text on one line"),
        ("two\nlines", r"with the character '\n' at 3"),
        ("two\u2028lines", r"with the character '\u2028' at 3"),
        ("\u202eabc", r"with the character '\u202e' at 0"),
        ("half\ud800", r"with the character '\ud800' at 4"),
        ("x" * 100_000, "it has 100,000 characters ('xxxxxxxxxxxxxxxxxxxx' …), wanted at most 200: shorten the name"),
    ],
)
def test_a_user_is_told_what_a_name_cannot_hold(given_name, said):
    with pytest.raises(InputError) as refused:
        text.checked(given_name, "it")
    assert said in str(refused.value)
    str(refused.value).encode()
