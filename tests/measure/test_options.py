"""Options by name and by text: what a command line types becomes what the field declares, or a sentence."""

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope.core import grammar, registry
from infoscope.core.errors import InputError, UnknownNameError, UntrustedEstimateError
from infoscope.measure.bases.estimator import is_labels
from infoscope.measure.questions.information import entropy, mutual_information, plane


def test_text_from_a_command_line_is_parsed_by_the_field_types():
    text = make("binned", bins="30,60", range="-1,1")
    assert text == make("binned", bins=[30, 60], range=(-1, 1))
    assert text.options == {"form": "interval", "bins": [30, 60], "range": [-1.0, 1.0]}
    assert make("binned", width="0.5") == make("binned", width=0.5)
    assert make("binned", width="none").options["form"] == "interval"
    assert make("kde", noise_variance="0.001,0.1", bound="lower").options == {
        "noise_variance": [0.001, 0.1],
        "bound": "lower",
    }
    assert make("kde", noise="0.1").options == make("kde", noise_variance=0.01).options


def test_options_in_force_make_the_same_estimator_again():
    for name, options in [
        ("binned", {"bins": (30, 60)}),
        ("binned", {"width": 0.5}),
        ("binned", {"form": "exact"}),
        ("binned", {"form": "peers"}),
        ("kde", {"noise": 0.2, "bound": "lower"}),
    ]:
        once = make(name, **options).options
        assert make(name, **once).options == once


@pytest.mark.parametrize(
    ("text", "name", "options"),
    [
        ("binned", "binned", {}),
        ("binned(bins=100)", "binned", {"bins": "100"}),
        (" binned ( bins = 8,15,30 , range=-1,1 ) ", "binned", {"bins": "8,15,30", "range": "-1,1"}),
        (
            "usable_information(probe=ladder(probes=linear,mlp), folds=3)",
            "usable_information",
            {"probe": "ladder(probes=linear,mlp)", "folds": "3"},
        ),
    ],
)
def test_a_name_may_carry_options_and_they_may_carry_their_own(text, name, options):
    assert grammar.written(text, {}) == (name, options)
    assert grammar.written(text, {"more": 1}) == (name, {**options, "more": 1})


@pytest.mark.parametrize(
    "text", ["mlp(hidden)", "mlp(hidden=)", "mlp(=3)", "mlp()", "mlp(hidden=3", "mlp(a=b(c=1)", "x(y=1) z"]
)
def test_what_is_no_name_with_options_is_told(text):
    with pytest.raises(InputError, match=r"arrived, wanted a name with options such as 'mlp\(hidden=32, steps=300\)'"):
        grammar.written(text, {})


def test_an_option_beside_the_name_wins_and_one_said_twice_in_it_is_refused():
    assert grammar.written("binned(bins=3)", {"bins": 4}) == ("binned", {"bins": 4})
    with pytest.raises(InputError, match="the option bins of binned is said twice in"):
        grammar.written("binned(bins=3, bins=4)", {})


@pytest.mark.parametrize("kind", ["estimators", "probes", "geometries", "dependences"])
def test_options_in_the_name_are_options(kind):
    """The law of every name: options written into it are those passed beside it."""
    for name in registry.entries(kind):
        asks = registry.entries(kind)[name].facts.get("asks", {})
        once = grammar.make(kind, name, **asks).options
        said = [f"{key}={value}" for key, value in once.items() if key in asks or isinstance(value, (int, float))]
        if said:
            assert grammar.make(kind, f"{name}({', '.join(said)})").options == once


def test_mistyped_names_are_answered_with_the_near_ones():
    with pytest.raises(UnknownNameError, match=r"there is no estimator named 'kd': did you mean 'kde'"):
        make("kd")
    with pytest.raises(UnknownNameError, match=r"there is no option of kde named 'nois': did you mean 'noise'"):
        make("kde", nois=1)


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        ("yes", bool, True),
        ("0", bool, False),
        (np.int64(3), int, 3),
        (2, float, 2.0),
        ("x", str, "x"),
        ("None", int | None, None),
    ],
)
def test_coerce(value, hint, expected):
    assert grammar.coerce(value, hint, "k of e") == expected
    assert type(grammar.coerce(value, hint, "k of e")) is type(expected)


@pytest.mark.parametrize(
    ("value", "hint", "words"),
    [
        ("maybe", bool, "option k of e is 'maybe', wanted true or false, e.g. k=true"),
        (1.5, int, "option k of e is 1.5, wanted a whole number, e.g. k=30"),
        (True, float, "option k of e is True, wanted a number, e.g. k=0.1"),
        (3, str, "option k of e is 3, wanted a word, e.g. k=name"),
        ("x", int | None, "option k of e is 'x', wanted a whole number or none"),
    ],
)
def test_coerce_refuses(value, hint, words):
    with pytest.raises(InputError, match=words):
        grammar.coerce(value, hint, "k of e")


def test_what_counts_as_labels():
    import torch

    assert is_labels([0, 1, 1])
    assert is_labels(np.array(["a", "b"]))
    assert is_labels(np.zeros((3, 1), bool))
    assert is_labels(torch.tensor([0, 1]))
    assert not is_labels(torch.tensor([0.0, 1.0]))
    assert not is_labels(np.eye(3, dtype=int))
    assert not is_labels([0.5, 1.0])


def test_strict_raises_what_would_have_been_a_status():
    t, y = np.zeros((6, 2)), [0, 1] * 3
    with pytest.raises(
        UntrustedEstimateError, match="is DEGENERATE: the number has a trivial reason: the representation is constant"
    ):
        plane(t, y, "kde", strict=True)
    with pytest.raises(UntrustedEstimateError, match="is VACUOUS"):
        plane(np.arange(100) % 3 / 3, np.arange(100) % 2, strict=True)
    with pytest.raises(UntrustedEstimateError, match="DEGENERATE"):
        entropy(t, strict=True)
    with pytest.raises(UntrustedEstimateError, match="DEGENERATE"):
        mutual_information(t, y, strict=True)
    assert entropy(np.arange(100) % 3 / 3, "binned", strict=True).value == pytest.approx(np.log(3), abs=1e-3)
