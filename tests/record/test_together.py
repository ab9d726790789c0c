"""Which rows belong together: said so, equal inputs, both joined; and when equal inputs are symbols instead."""

import numpy as np
import pytest
import torch

from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import NOTHING, Measured
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.record.inputs import Inputs
from infoscope.record.together import Together, equal_rows


def rows(distinct, copies):
    return torch.randn(distinct, 3, generator=torch.Generator().manual_seed(0)).repeat(copies, 1)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.bool, torch.complex64]
)
def test_rows_are_equal_when_all_their_bytes_are(dtype):
    tensor = torch.tensor([[0, 1], [1, 1], [0, 1], [1, 0]]).to(dtype)
    assert equal_rows([tensor]).tolist() == [0, 1, 0, 2]
    assert equal_rows([tensor.t()[:1].t()]).tolist() == [0, 1, 0, 1]  # a view that does not lie in one piece
    assert equal_rows([tensor[:, 0]]).tolist() == [0, 1, 0, 1]
    assert equal_rows([tensor, torch.arange(4)]) is None
    assert equal_rows([tensor, torch.zeros(4, 0)]).tolist() == [0, 1, 0, 2]


def test_several_inputs_are_equal_where_each_is_and_their_form_does_not_matter():
    a, b = torch.tensor([0, 0, 1, 1, 0]), torch.tensor([5, 6, 5, 5, 5])
    for given in ((a, b), [a, b], {"a": a, "b": b}, Inputs((a, b)), Inputs((a,), {"b": b})):
        assert Together.of(given).inputs.tolist() == [0, 1, 2, 2, 0]


def test_where_all_inputs_differ_there_are_no_groups_but_those_that_are_given():
    assert Together.of(rows(40, 1)).names() is None
    assert Together.of(rows(40, 1), ["a", "b"] * 20).names(2).tolist() == [0, 1] * 20


@pytest.mark.parametrize(("distinct", "classes", "copies"), [
    (9, 2, False), (10, 2, True), (10, 4, True), (10, 5, False), (40, 19, True), (40, 20, False), (40, 40, False),
])  # fmt: skip
def test_few_distinct_inputs_are_symbols_from_10_and_more_than_two_a_class_on(distinct, classes, copies):
    together = Together.of(rows(distinct, 5))
    assert together.copies(classes) == copies
    assert (together.names(classes) is not None) == copies
    names = Together.of(rows(distinct, 5), np.arange(5 * distinct)).names(classes)
    assert len(np.unique(names)) == (distinct if copies else 5 * distinct)


def test_given_groups_and_equal_inputs_are_joined_through_each_other():
    inputs = torch.tensor([*range(12), 0, 1, 11])
    given = [*range(12), 1, 2, 11]  # row 12 is input 0 in group 1; row 13 input 1 in group 2
    assert Together.of(inputs, given).names(2).tolist() == [0, 0, 0, *range(1, 10), 0, 0, 9]


@pytest.mark.parametrize(("given", "words"), [
    ([0, 1], r"groups has shape \(2,\) for 12 rows, wanted one name \(a number or a word\) a row"),
    ([np.nan] * 12, "groups holds NaN"),
])  # fmt: skip
def test_groups_that_cannot_be_used_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        Together.of(torch.arange(12), given)


class Counting:
    """How many groups it was told of, for each variable; ``a`` and ``b`` also as a chain."""

    id, options, needs = "counting", {}, ("groups",)

    def __init__(self, chain=False):
        self.chain, self.calls = chain, 0

    def measure(self, t, variables, given=NOTHING):
        self.calls += 1
        names = ["input", *variables, *(["b|a"] if self.chain else [])]
        told = 0 if given.groups is None else len(np.unique(given.groups))
        return [[Measured(name, Estimate(told, LABEL_INFORMATION, "groups", 2)) for name in names] for _ in t]


def test_a_variable_with_too_many_classes_is_read_without_copies_and_the_others_with_them():
    together = Together.of(rows(12, 4))
    variables = {"two": np.arange(48) % 2, "identity": np.arange(48) % 12}

    def groups(measurement, variables):
        (found,) = together.measured(measurement, np.zeros((1, 48, 1)), variables)
        return {one.variable: one.estimate.value for one in found}

    assert groups(Counting(), variables) == {"input": 12, "two": 12, "identity": 0}
    chain = {"a": variables["two"], "b": variables["identity"], "c": variables["two"]}
    assert groups(Counting(chain=True), chain) == {"input": 12, "a": 0, "b": 0, "b|a": 0, "c": 12}
    once = Counting()
    assert groups(once, {"two": variables["two"]}) == {"input": 12, "two": 12}
    assert once.calls == 1


def test_what_a_run_says_of_its_rows():
    two = {"y": np.arange(60) % 2}
    assert Together.of(rows(60, 1)).told(two) == {"rows": 60, "distinct inputs": 60}
    assert Together.of(rows(15, 4)).told(two) == {
        "rows": 60, "distinct inputs": 15, "groups": 15, "groups are": "equal inputs",
    }  # fmt: skip
    assert Together.of(rows(15, 4), np.arange(60) // 30).told(two)["groups are"] == "given and equal inputs"
    assert Together.of(rows(4, 15), np.arange(60) // 30).told(two) == {
        "rows": 60, "distinct inputs": 4, "groups": 2, "groups are": "given", "equal inputs are symbols for": ["y"],
    }  # fmt: skip
