"""The 12-bit task is generated exactly: against its published hash, its sum, and the same rule told by cases."""

import math

import numpy as np
import pytest

import infoscope.data
from infoscope.core.errors import InputError
from infoscope.core.units import bits
from infoscope.data.tasks import _icosahedron


@pytest.fixture(scope="module")
def task():
    return infoscope.data.task("boolean12")


def test_label_bytes_are_the_published_ones(task):
    published = "77732f16f85e91b49d3997196b56163b3bd362d8cf631468a8de3f986e88359f"
    assert task.hashes["generated"] == published
    assert task.variables["label"].sum() == 2118


def test_inputs_count_up_with_the_first_column_most_significant(task):
    assert task.inputs.shape == (4096, 12)
    assert np.array_equal(task.inputs @ 2.0 ** np.arange(11, -1, -1), np.arange(4096))


def test_entropies(task):
    assert bits(task.entropies["label"]) == pytest.approx(0.999157, abs=5e-7)
    assert task.entropies["input"] == pytest.approx(12 * math.log(2))


def test_corners_are_an_icosahedron():
    distances = np.linalg.norm(_icosahedron.CORNERS[:, None] - _icosahedron.CORNERS[None], axis=-1)
    assert np.isclose(distances, 2).sum(axis=1).tolist() == [5] * 12
    assert np.isclose(distances, distances.max()).sum(axis=1).tolist() == [1] * 12


def test_invariants_take_64_values():
    k, e, a = _icosahedron.counts(_icosahedron.patterns())
    assert len(set(zip(k.tolist(), e.tolist(), a.tolist(), strict=True))) == 64


def test_rule_by_cases_agrees_with_the_polynomial(task):
    k, e, a = _icosahedron.counts(_icosahedron.patterns())
    by_cases = (
        (k >= 8)
        | ((k == 5) & (e >= 7))
        | ((k == 6) & ((e >= 7) | ((e == 6) & (a == 0))))
        | ((k == 7) & ((e >= 9) | (a <= 1)))
    )
    assert np.array_equal(by_cases, task.variables["label"] == 1)


def test_default_split_is_the_papers_size(task):
    assert (len(task.split.train), len(task.split.test)) == (3277, 819)
    assert len(task.resplit(1, 0.3).train) == 1229


def test_options_reach_the_split():
    other = infoscope.data.task("boolean12", seed=3, train_fraction=0.5)
    assert len(other.split.train) == 2048
    assert np.array_equal(other.split.train, infoscope.data.task("boolean12").resplit(3, 0.5).train)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2.0, float("nan"), 1e-9])
def test_a_fraction_that_leaves_one_side_empty_is_refused(task, fraction):
    with pytest.raises(InputError, match=r"train_fraction is .*, wanted a number"):
        task.resplit(0, fraction)


@pytest.mark.parametrize("seed", [-1, 0.5, "a"])
def test_a_seed_that_is_no_whole_number_is_refused(task, seed):
    with pytest.raises(InputError, match=r"seed is .*, wanted a whole number of at least 0"):
        task.resplit(seed)


def test_half_of_the_bits_decide_and_the_others_say_nothing():
    half = infoscope.data.task("half_relevant")
    label, relevant, irrelevant = (half.variables[name] for name in ("label", "relevant", "irrelevant"))
    assert np.array_equal(relevant * 64 + irrelevant, half.inputs @ 2.0 ** np.arange(11, -1, -1))
    counts = np.zeros((64, 2), int)
    np.add.at(counts, (relevant, label), 1)
    assert (np.sort(counts, axis=1) == [0, 64]).all()  # a function of the first half
    assert label.sum() == 2048
    of_bits = [abs(2 * np.mean(label == half.inputs[:, bit]) - 1) for bit in range(6)]
    assert 0 < max(of_bits) < 0.5  # of none of its bits alone
    counts = np.zeros((64, 2), int)
    np.add.at(counts, (irrelevant, label), 1)
    assert (counts == 32).all()


def test_random_labels_are_the_rule_s_dealt_to_other_patterns_and_say_nothing_of_it():
    dealt = infoscope.data.task("random_labels")
    rule = infoscope.data.task("boolean12")
    assert np.array_equal(dealt.variables["rule"], rule.variables["label"])
    assert dealt.variables["dealt"].sum() == rule.variables["label"].sum()
    both = [dealt.variables[name] for name in ("dealt", "rule")]
    assert abs(np.corrcoef(*both)[0, 1]) < 4 / 64  # 4 standard errors of 4096 rows
    assert [len(part) for part in dealt.split] == [128, 3968]
    bits = dealt.inputs[dealt.split.train].mean(0)
    assert (abs(bits - 0.5) < 4 * 0.5 / 128**0.5).all()  # drawn from everywhere, not the first in counting order
    seen = dealt.variables["dealt"][dealt.split.train].mean()
    assert 0.3 < seen < 0.7


def test_a_committee_votes_as_the_majority_of_its_members_and_is_of_no_symmetry():
    committee = infoscope.data.task("committee")
    label, bits = committee.variables["label"], committee.inputs
    assert label.sum() == 2048
    assert (label + label[::-1] == 1).all()  # a pattern and its complement
    for column in range(1, 12):  # no two bits can be exchanged
        swapped = bits.copy()
        swapped[:, [0, column]] = swapped[:, [column, 0]]
        other = (swapped @ 2.0 ** np.arange(11, -1, -1)).astype(int)
        assert (label[other] != label).any()
    of_bits = [abs(2 * np.mean(label == bits[:, bit]) - 1) for bit in range(12)]
    assert min(of_bits) < 0.1 < max(of_bits) < 0.7  # of none of its bits alone
    fit = np.linalg.lstsq(np.c_[bits, np.ones(4096)], 2.0 * label - 1, rcond=None)[0]
    assert ((np.c_[bits, np.ones(4096)] @ fit > 0) == label).mean() < 0.99  # no single perceptron
