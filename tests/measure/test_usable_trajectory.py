"""Usable information as a measure along a trajectory: which variables, the chain, one split in place of folds."""

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope import probe as make_probe
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.core.estimate import Estimate, Status
from infoscope.measure.questions.usable import usable_chain, usable_information
from infoscope.measure.usable.deals import held_out


def members(n=400, seed=0):
    """Three stacked representations of four classes, one of them constant, and variables about them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(4, size=n)
    z = rng.normal(size=(n, 5)) + 1.5 * np.eye(4, 5)[y]
    return np.stack([z, np.zeros_like(z), np.tanh(z)]), {"digit": y, "half": y // 2, "noise": rng.integers(2, size=n)}


def test_the_chain_is_that_of_one_representation_and_adds_up():
    stack, variables = members()
    found = make("usable_information", chain="digit>half").measure(stack, variables)
    for member, measured in zip(stack, found, strict=True):
        fine, coarse, rest = (m.estimate for m in measured)
        assert [m.variable for m in measured] == ["digit", "half", "digit|half"]
        assert [e.quantity for e in (fine, coarse, rest)] == ["I_u(T;fine)", "I_u(T;coarse)", "I_u(T;fine|coarse)"]
        assert coarse.value + rest.value == pytest.approx(fine.value, abs=1e-12)
        assert type(fine) is Estimate
        for one, alone in zip(
            (fine, coarse, rest), usable_chain(member, variables["digit"], variables["half"]), strict=True
        ):
            assert one.value == pytest.approx(alone.value, abs=1e-9)
            assert (one.status, one.n) == (alone.status, alone.n)
    assert {m.estimate.status for m in found[1]} == {Status.DEGENERATE}


def test_variables_says_which_and_stands_beside_a_chain():
    stack, variables = members(200)
    quick = {"probe": "linear(weight_decay=0.1)", "test_fraction": 0.5}
    everything = make("usable_information", **quick).measure(stack, variables)
    assert [m.variable for m in everything[0]] == ["digit", "half", "noise"]
    some = make("usable_information", variables="noise,half", **quick).measure(stack, variables)
    assert [m.variable for m in some[0]] == ["noise", "half"]
    both = make("usable_information", variables=("half",), chain="digit > half", **quick).measure(stack, variables)
    assert [(m.variable, m.estimate.quantity) for m in both[0]] == [
        ("half", "I(T;Y)"), ("digit", "I_u(T;fine)"), ("half", "I_u(T;coarse)"), ("digit|half", "I_u(T;fine|coarse)"),
    ]  # fmt: skip
    assert both[0][0].estimate.value == pytest.approx(some[0][1].estimate.value, abs=1e-6)
    same = dict.fromkeys(("digit", "half"), 0 * variables["half"])
    one = make("usable_information", chain="digit>half", **quick).measure(stack, same)
    assert [m.estimate.notes for m in one[0]] == [("there is one class only",)] * 3


def test_one_split_scores_a_share_of_the_rows():
    stack, variables = members(300)
    ((measured,), *_) = make("usable_information", variables="digit", test_fraction=0.5).measure(stack, variables)
    (split,) = held_out(300, 0.5, 0).splits
    assert [len(rows) for rows in (split.train, split.validation, split.scored)] == [120, 30, 150]
    assert sorted(np.concatenate([split.known, split.scored])) == list(range(300))
    assert measured.estimate.n == 150
    assert measured.estimate.estimand.endswith("150 rows held out")
    whole = usable_information(stack[0], variables["digit"])
    assert measured.estimate.value == pytest.approx(whole.value, abs=0.15)


def test_a_probe_may_carry_its_options():
    assert make_probe("mlp( hidden=32, steps=300 )") == make_probe("mlp", hidden=32, steps=300)
    assert make_probe("linear(weight_decay=0.1,0.3, calibrate=no)").weight_decay == (0.1, 0.3)
    assert make_probe("mlp(hidden=32)", hidden=8).hidden == 8
    rungs = make_probe("ladder", rungs="prior, mlp(hidden=8, steps=40), mlp(hidden=16, steps=40)")
    assert "mlp(hidden=8, steps=40), mlp(hidden=16" in rungs.words
    for bad, words in (
        ("mlp()", "with options such as"),
        ("mlp(32)", "with options such as"),
        ("mlp(hidden=x)", "hidden"),
    ):
        with pytest.raises(InputError, match=words):
            make_probe(bad)
    with pytest.raises(InputError, match="wanted different probes"):
        make_probe("ladder", rungs="linear, linear(tolerance=1e-6)")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"chain": "digit"}, InputError, "chain is 'digit', wanted two variables such as 'fine>coarse'"),
        ({"chain": "digit>"}, InputError, "wanted two variables"),
        ({"chain": "noise>digit"}, InputError, "coarse differs among rows of the same fine label"),
        ({"chain": "digit>haf"}, UnknownNameError, "there is no variable named 'haf': did you mean 'half'"),
        ({"variables": "colour"}, UnknownNameError, "there is no variable named 'colour'"),
        ({"test_fraction": 1.5}, InputError, "test_fraction is 1.5, wanted a share of the rows between 0 and 1"),
        ({"test_fraction": 0.99}, InputError, "too few to score 0.99 of them"),
        ({"probe": "liner"}, UnknownNameError, "did you mean 'linear'"),
        ({"probe": "mlp(depth=2)"}, UnknownNameError, "no option of mlp named 'depth'"),
    ],
)
def test_what_makes_no_sense_is_refused(options, error, words):
    stack, variables = members(100)
    with pytest.raises(error, match=words):
        make("usable_information", **options).measure(stack, variables)
