"""The laws of every estimator about rows that belong together, repeat, or follow each other."""

import dataclasses

import numpy as np
import pytest

from infoscope.core import grammar, registry
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.core.measurement import Given

ENTRIES = registry.entries("estimators")


def made(name):
    """The estimator with the options that make it quick, and with those that must be said."""
    facts = ENTRIES[name].facts
    return grammar.make("estimators", name, **{**facts.get("asks", {}), **facts.get("quick", {})})


def offering(question, *kinds, first="real"):
    """The ids of estimators that answer ``question`` about a y of one of these ``kinds``."""
    found = []
    for name in ENTRIES:
        estimator = made(name)
        if (
            question in estimator.offers
            and first in estimator.first
            and (set(kinds) & set(estimator.second) or not kinds)
        ):
            found.append(name)
    return found


def drawn(groups=100, rows=5, seed=0, own=0.3):
    """Columns, labels and quantities whose rows of a group are alike, ``own`` of their standard deviation apart."""
    rng = np.random.default_rng(seed)
    ids = np.repeat(np.arange(groups), rows)
    shared, y = rng.normal(size=(groups, 2)), rng.normal(size=groups)
    x = (shared + y[:, None])[ids] + own * rng.normal(size=(len(ids), 2))
    quantity = y[ids] + own * rng.normal(size=len(ids))
    return x, (quantity > 0).astype(int), quantity[:, None], ids


def answers(name, x, labels, quantity, groups):
    """Every estimate that this estimator gives of these rows, by the question."""
    estimator, found = made(name), {}
    t = x if "real" in estimator.first else np.round(x).astype(int)
    y = labels if "labels" in estimator.second else quantity
    if "entropy" in estimator.offers:
        found["entropy"] = estimator.entropy(t, groups=groups)
    if "mutual_information" in estimator.offers:
        found["mutual_information"] = estimator.mutual_information(t, y, groups=groups)
    if "conditional_mutual_information" in estimator.offers:
        z = t[:, 1:] if "real" in estimator.third else labels
        found["conditional"] = estimator.conditional_mutual_information(t[:, :1], y, z, groups=groups)
    if "plane" in estimator.offers:
        point = estimator.plane(t, labels, groups=groups)
        found |= {"xt": point.xt, "ty": point.ty}
    if "labels" in estimator.second or "entropy" in estimator.offers:
        (member,) = estimator.measure(
            t[None], {"label": labels} if "labels" in estimator.second else {}, Given(groups=groups)
        )
        found |= {f"measured {m.variable}": m.estimate for m in member}
    return found


@pytest.mark.parametrize("name", ENTRIES)
def test_every_interval_says_what_is_drawn_anew(name):
    x, labels, quantity, ids = drawn()
    for groups, whole in ((None, None), (ids, 100)):
        for estimate in answers(name, x, labels, quantity, groups).values():
            assert estimate.groups == whole
            certain = estimate.interval is None or estimate.level == 1.0
            assert (estimate.resampled is None) == certain
            if groups is not None and not certain:
                assert estimate.resampled in ("groups", "draws")


@pytest.mark.parametrize("name", ENTRIES)
def test_groups_of_single_rows_are_rows(name):
    x, labels, quantity, _ = drawn(120, 1)
    alone, grouped = (answers(name, x, labels, quantity, groups) for groups in (None, np.arange(120)))
    for question, estimate in grouped.items():
        kept = dataclasses.replace(
            alone[question], groups=120, seconds=estimate.seconds,
            resampled="groups" if alone[question].resampled == "rows" else alone[question].resampled,
        )  # fmt: skip
        assert (estimate.value, estimate.status) == (kept.value, kept.status), question
        assert dataclasses.replace(estimate, doubts=()) == dataclasses.replace(kept, doubts=()), question


@pytest.mark.parametrize("name", ENTRIES)
def test_an_interval_counts_alike_rows_of_a_group_once(name):
    """Of groups of five rows, nearly one sample each, an interval over groups is wider than one over rows."""
    x, labels, quantity, ids = drawn()
    alone, grouped = (answers(name, x, labels, quantity, groups) for groups in (None, ids))
    for question, estimate in grouped.items():
        if estimate.resampled == "groups" and alone[question].resampled == "rows":
            wide, narrow = (one.interval[1] - one.interval[0] for one in (estimate, alone[question]))
            assert wide > narrow, question


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (np.arange(200) // 25, "8 groups of rows, wanted at least 10 for an interval"),
        (np.maximum(np.arange(200) - 110, 0), "one group holds 56 % of the rows, wanted at most 50 %"),
    ],
    ids=["eight groups", "one large group"],
)
@pytest.mark.parametrize("name", ENTRIES)
def test_groups_that_leave_no_interval_leave_a_value_and_a_status(name, ids, words):
    x, labels, quantity, _ = drawn(200, 1)
    for question, estimate in answers(name, x, labels, quantity, ids).items():
        if estimate.status is not Status.DEGENERATE and made(name).grouped != "none":
            assert estimate.interval is None, question
            assert estimate.status is not Status.OK, question
            assert any(words in note for note in estimate.notes), question


@pytest.mark.parametrize("name", ENTRIES)
def test_of_one_group_or_two_there_is_a_value_without_interval_or_one_sentence(name):
    x, labels, quantity, _ = drawn(60, 1)
    for ids in (np.zeros(60), np.arange(60) % 2):
        refused, found = "", {}
        try:
            found = answers(name, x, labels, quantity, ids)
        except InputError as error:
            refused = str(error)
        assert found or "group" in refused
        for estimate in found.values():
            assert estimate.interval is None or made(name).grouped == "none"


@pytest.mark.parametrize("name", offering("mutual_information", "labels"))
def test_random_labels_of_rows_that_are_there_ten_times_are_never_read_from_them(name):
    rng = np.random.default_rng(0)
    for n, d in ((40, 2), (400, 8)):
        z, y = rng.normal(size=(n, d)), rng.integers(2, size=n)
        order = rng.permutation(10 * n)
        found = made(name).mutual_information(np.repeat(z, 10, axis=0)[order], np.repeat(y, 10)[order])
        speaks_of_draws = found.interval is not None and found.level != 1.0  # a certified bracket does not
        assert found.status is not Status.OK or not speaks_of_draws or found.interval[0] <= 0


@pytest.mark.parametrize("name", offering("mutual_information", "labels"))
def test_a_collapsed_layer_is_read_as_it_is(name):
    """Four points, two a class: rows that repeat are symbols there. Also rows of many symbols that y varies within."""
    rng = np.random.default_rng(1)
    symbol = rng.permutation(np.arange(1000) % 4)
    found = made(name).mutual_information(np.eye(4)[symbol], symbol % 2)
    assert found.status is not Status.UNRESOLVED
    if name == "mixed_ksg":
        assert found.status is Status.OK
        assert found.bits == pytest.approx(1, abs=0.01)
    many = rng.integers(25, size=1000)
    noisy = made(name).mutual_information(many[:, None] / 25.0, (many % 2) ^ (rng.random(1000) < 0.1))
    assert noisy.status is not Status.UNRESOLVED


@pytest.mark.parametrize("name", offering("mutual_information", "real"))
def test_independent_series_are_never_read_from_each_other(name):
    """AR(1) of .95, as tokens, frames and recordings are: an interval over rows is far too narrow for them."""
    for seed in range(3):
        rng = np.random.default_rng(seed)
        steps, series = rng.normal(size=(800, 2)), np.zeros((800, 2))
        for i in range(1, 800):
            series[i] = 0.95 * series[i - 1] + steps[i]
        found = made(name).mutual_information(series[:, :1], series[:, 1:])
        assert found.status is not Status.OK or found.interval is None or found.interval[0] <= 0
        blocks = np.arange(800) // 40
        assert not any("rows in a row" in n for n in made(name).mutual_information(*series.T[:, :, None], blocks).notes)


@pytest.mark.parametrize("name", offering("mutual_information", "labels"))
def test_rows_sorted_by_class_or_by_a_column_are_no_series(name):
    rng = np.random.default_rng(2)
    y = np.sort(rng.integers(3, size=400))
    x = rng.normal(size=(400, 2)) * (1 + y[:, None]) + y[:, None]
    found = [made(name).mutual_information(x, y)]
    if "real" in made(name).second:
        line = np.linspace(0, 1, 400)[:, None]
        found.append(made(name).mutual_information(line, np.sin(6 * line) + 0.1 * rng.normal(size=(400, 1))))
    assert not any("rows in a row" in note for estimate in found for note in estimate.notes)


def test_along_a_trajectory_the_order_of_rows_is_no_time():
    """An enumerated task has an order: its neighbours differ in one bit."""
    bits = (np.arange(512)[:, None] >> np.arange(9)) & 1
    t = bits @ np.random.default_rng(3).normal(size=(9, 2))
    for name in offering("entropy") + offering("mutual_information", "labels"):
        estimator = made(name)
        (member,) = estimator.measure(t[None], {"label": bits[:, 8]} if "labels" in estimator.second else {})
        assert not any("rows in a row" in note for m in member for note in m.estimate.notes), name
