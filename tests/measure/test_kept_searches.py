"""Variants of one formula share their searches: the same numbers as each alone, and fewer searches."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext

import numpy as np
import pytest

import infoscope
from infoscope.measure.estimators import kozachenko_leonenko as estimator
from infoscope.measure.neighbours import kept as sharing

VARIANTS = ("k=2,floor=1e-16,duplicates=keep", "k=2,floor=1e-6,duplicates=keep", "k=2", "k=3", "k=2,norm=max")


def found(t: np.ndarray) -> list[list]:
    variants = [infoscope.measurement(f"kozachenko_leonenko({options})") for options in VARIANTS]
    answers = [one.measure(t, {}) for one in variants]
    return [[dataclasses.replace(one.estimate, seconds=0.0) for (one,) in members] for members in answers]


@pytest.fixture
def searches(monkeypatch) -> list[int]:
    """How many rows each search was among."""
    seen: list[int] = []
    search = estimator.balls

    def watched(blocks, *others, **named):
        seen.append(len(blocks[0]))
        return search(blocks, *others, **named)

    monkeypatch.setattr(estimator, "balls", watched)
    return seen


@pytest.mark.parametrize("copies", [0, 40])
def test_variants_that_share_their_searches_answer_as_alone(searches, copies):
    t = np.random.default_rng(0).normal(size=(3, 400, 3))
    t[:, :copies] = t[:, copies : 2 * copies]
    alone, so_many = found(t), len(searches)
    searches.clear()
    with sharing.kept():
        assert found(t) == alone
    assert len(searches) <= so_many * (3 if not copies else 4) / 5, "of three with k=2 one, or two where rows repeat"
    assert not sharing._answers, "nothing is held on to"


def test_beyond_its_room_it_searches_again(searches, monkeypatch):
    t = np.random.default_rng(1).normal(size=(1, 300, 2))
    alone, so_many = found(t), len(searches)
    searches.clear()
    monkeypatch.setattr(sharing, "ROOM", 0.0)
    with sharing.kept():
        assert found(t) == alone
    assert len(searches) == so_many


@pytest.mark.parametrize("inside", [False, True])
def test_other_rows_with_the_same_ends_are_other_rows(inside):
    rows = np.random.default_rng(2).normal(size=(2, 50, 2))
    rows[1, [0, -1]] = rows[0, [0, -1]]
    with sharing.kept() if inside else nullcontext():
        asked = [sharing.once(each, "sum", lambda each=each: each.sum(0)) for each in (*rows, *rows)]
    for each, answer in zip((*rows, *rows), asked, strict=True):
        np.testing.assert_array_equal(answer, each.sum(0))
