"""Neighbour estimates about rows in groups, held to a twin that goes through every pair, one row at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import digamma

import infoscope as iscope
from infoscope.core.errors import InputError
from infoscope.measure.intervals.groups import Groups, left_out
from infoscope.measure.intervals.jackknife import parts_of
from infoscope.measure.neighbours.information import Problem
from infoscope.measure.neighbours.marginals import Marginal


def twin(parts, ids, k, euclidean=False, rectangle=False):
    """The mean of Kraskov et al. 2004, eq. 8 or 9, or Frenzel & Pompe 2007, eq. 4, without rows of the same group."""

    def gap(part, i, j):
        if part.groups[i] != part.groups[j]:
            return np.inf
        steps = np.abs(part.columns[i] - part.columns[j])
        return (np.sqrt((steps * steps).sum()) if euclidean else steps.max()) if len(steps) else 0.0

    def reachable(i, rows):
        return [j for j in rows if ids[j] != ids[i] and all(part.groups[i] == part.groups[j] for part in parts)]

    rows = [tuple(x for part in parts for x in (part.groups[i], *part.columns[i])) for i in range(len(ids))]
    seen, first = {}, []
    for i, row in enumerate(rows):
        seen.setdefault(row, []).append(i)
    for i, row in enumerate(rows):  # copies that are in one group alone are one
        if i == seen[row][0] or len({ids[j] for j in seen[row]}) > 1:
            first.append(i)
    sums, tie = [], 1e-12
    kept = [i for i in first if reachable(i, first)]  # the others are left out altogether
    for i in kept:
        others = [j for j in kept if ids[j] != ids[i]]
        gaps = {j: [gap(part, i, j) for part in parts] for j in others}
        joint = sorted(max(g) for g in gaps.values())
        joint = [g for g in joint if g < np.inf]
        here = min(k, len(joint))
        radius = joint[here - 1]
        closed = sum(g <= radius + tie for g in joint)
        tied = closed - sum(g < radius - tie for g in joint) > 1 or radius <= tie
        subspaces = [(0,), (1,)] if len(parts) == 2 else [(0, 2), (1, 2), (2,)]
        counts = []
        for subspace in subspaces:
            along = {j: max(g[p] for p in subspace) for j, g in gaps.items()}
            reach = radius + tie if tied else radius - tie
            if rectangle:
                reach = max(along[j] for j in others if max(gaps[j]) <= radius + tie) + tie
            counts.append(sum(g <= reach for g in along.values()))
        inside, more = digamma(closed + 1) if tied else digamma(here) - rectangle / here, tied if rectangle else 1
        given = digamma(len(others) + 1) if len(parts) == 2 else digamma(counts[2] + 1)
        sums.append(inside - digamma(counts[0] + more) - digamma(counts[1] + more) + given)
    return np.mean(sums) if sums else None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_value_and_every_part_left_out_agree_with_the_twin(data):
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    n, count = data.draw(st.integers(12, 30)), data.draw(st.integers(2, 8))
    ids = Groups.of(np.concatenate([np.arange(count), rng.integers(count, size=n - count)]), n).ids
    x = rng.normal(size=(n, data.draw(st.integers(1, 2))))
    if data.draw(st.booleans()):
        x = np.round(x)  # ties
    y = rng.integers(2, size=n) if data.draw(st.booleans()) else x[:, :1] + rng.normal(size=(n, 1))
    parts = [Marginal.of(x), Marginal.of(y)] + (
        [Marginal.of(rng.normal(size=(n, 1)))] if data.draw(st.booleans()) else []
    )
    euclidean, rectangle = data.draw(st.booleans()), len(parts) == 2 and y.ndim == 2 and data.draw(st.booleans())
    groups, k = Groups(ids), data.draw(st.integers(1, 4))
    found = Problem(tuple(parts), k, "euclidean" if euclidean else "max", rectangle).in_groups(groups, None)
    value = twin(parts, ids, k, euclidean, rectangle)
    if value is None:
        assert found is None
        return
    assert found.each.mean() == pytest.approx(value, abs=1e-9)
    together = parts_of(groups)
    if found.scatter is None:
        return
    without = []
    for part in range(together.count):
        rest = np.flatnonzero(together.ids != part)
        some = [Marginal(one.columns[rest], one.groups[rest]) for one in parts]
        without.append(twin(some, ids[rest], k, euclidean, rectangle))
    if (
        y.ndim == 2 and len(np.unique(x, axis=0)) == n
    ):  # rows whose class stays alone count among the others' neighbours here, and not in the twin
        assert found.scatter == pytest.approx(left_out(np.array(without), together)[1], abs=1e-9)


def offsets(rng, sizes, share=0.8, rho=0.6):
    """Gaussian x and y of correlation ``rho`` (truth .223 nats at .6), ``share`` of their variance one of the group."""
    ids, law = np.repeat(np.arange(len(sizes)), sizes), np.linalg.cholesky([[1, rho], [rho, 1]])
    both = np.sqrt(share) * (rng.normal(size=(len(sizes), 2)) @ law.T)[ids]
    both += np.sqrt(1 - share) * rng.normal(size=(len(ids), 2)) @ law.T
    return both[:, :1], both[:, 1:], ids


@pytest.mark.parametrize("estimator", ["ksg", "mixed_ksg", "local_nonuniformity"])
def test_rows_of_a_group_are_no_evidence_for_each_other(estimator):
    """Independent x and y with group offsets: 0 lies within the interval, where it does not for rows as independent."""
    held, misled = 0, 0
    for seed in range(10):
        x, y, ids = offsets(np.random.default_rng(seed), [20] * 30, rho=0.0)
        found, rows = (iscope.mutual_information(x, y, estimator, groups=g) for g in (ids, None))
        held += found.interval[0] <= 0 <= found.interval[1]
        misled += rows.interval[0] > 0
        assert found.groups == 30
        assert found.resampled == "groups"
    assert held >= 8  # 95 % of ten, less what chance leaves one time in a hundred
    assert misled >= 3


@pytest.mark.parametrize("estimator", ["ksg", "mixed_ksg", "local_nonuniformity", "sliced"])
def test_copies_of_a_sample_within_its_group_add_nothing(estimator):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(150, 1))
    y, ids = x + rng.normal(size=(150, 1)), np.arange(150) // 3
    copies = np.repeat(np.arange(150), rng.integers(1, 9, size=150))
    found = iscope.mutual_information(x[copies], y[copies], estimator, groups=ids[copies])
    assert found.value == pytest.approx(iscope.mutual_information(x, y, estimator, groups=ids).value, abs=0.01)
    if estimator == "mixed_ksg":  # symbols stay as often as they are there: the plug-in estimate within groups
        symbols, of = rng.integers(3, size=900), np.arange(900) // 30
        found = iscope.mutual_information(np.eye(3)[symbols], symbols == 0, estimator, groups=of)
        assert found.value == pytest.approx(np.log(3) - 2 / 3 * np.log(2), abs=0.05)


def test_labels_that_no_other_group_has_are_left_out_or_refused():
    rng = np.random.default_rng(0)
    x, ids = rng.normal(size=(60, 1)), np.arange(60) // 3
    with pytest.raises(InputError, match="no row of the 20 groups has a row of its class in another group"):
        iscope.mutual_information(x, ids, groups=ids)
    y = np.where(ids == 0, 2, np.arange(60) % 2)
    assert (
        "3 rows are copies within a group, or of a class of one group,"
        in iscope.mutual_information(x, y, groups=ids).notes[0]
    )


def test_entropy_passes_over_rows_of_the_group():
    """Groups of five nearly equal rows: as rows the density is that within a group, far too low an entropy."""
    rng = np.random.default_rng(1)
    ids = np.repeat(np.arange(200), 5)
    t = rng.normal(size=(200, 2))[ids] + 1e-3 * rng.normal(size=(1000, 2))
    truth = np.log(2 * np.pi * np.e)
    found = iscope.entropy(t, "kozachenko_leonenko", groups=ids)
    assert found.interval[0] <= truth <= found.interval[1]
    assert iscope.entropy(t, "kozachenko_leonenko").value < truth - 2
