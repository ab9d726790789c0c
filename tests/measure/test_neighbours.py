"""The neighbour search against a slow twin that compares every pair in plain NumPy."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from infoscope.kernels import parallel
from infoscope.measure.neighbours import brute, on_torch, trees
from infoscope.measure.neighbours import search as nb

MI, CMI = ((0,), (1,)), ((0, 2), (1, 2), (2,))


def gaps(block, norm):
    """Distances [n, n] in one block, column by column."""
    each = [np.abs(column[:, None] - column) for column in block.T]
    if norm == "max":
        return np.max(each, axis=0)
    total = each[0] * each[0]
    for gap in each[1:]:
        total = total + gap * gap
    return np.sqrt(total)


def twin(blocks, ks, subspaces, norm, rectangle):
    """radius, distances of the k nearest, inside, tied and counts, each as the words of ``Balls`` have it."""
    n = len(blocks[0])
    columns = np.concatenate(blocks, axis=1)
    sizes = np.abs(columns).max(0)
    tie = 2.0**-44 * (1 + sizes[sizes < nb.FAR / 2].max(initial=0))
    each = [gaps(block, norm) for block in blocks]
    joint = np.max(each, axis=0)
    np.fill_diagonal(joint, np.inf)
    ordered = np.sort(joint, axis=1)
    radius = ordered[np.arange(n), ks - 1][:, None]
    closed = joint <= radius + tie
    inside = closed.sum(1)
    tied = (inside - (joint < radius - tie).sum(1) > 1) | (radius[:, 0] <= tie)
    counts = []
    for subspace in subspaces:
        distance = np.max([each[b] for b in subspace], axis=0)
        reach = np.where(tied[:, None], radius + tie, radius - tie)
        if rectangle:
            reach = np.where(closed, distance, 0).max(1, keepdims=True) + tie
        counts.append((distance <= reach).sum(1) - 1)
    distances = np.where(np.arange(ks.max()) < ks[:, None], ordered[:, : ks.max()], np.inf)
    return distances, inside, tied, np.array(counts).reshape(-1, n)


def check(blocks, k, subspaces, norm="max", rectangle=False, device=None):
    n = len(blocks[0])
    ks = np.full(n, k) if np.ndim(k) == 0 else k
    distances, inside, tied, counts = twin(blocks, ks, subspaces, norm, rectangle)
    found = nb.balls(blocks, k, subspaces, norm, rectangle, device)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(found.inside, inside)
    np.testing.assert_array_equal(found.tied, tied)
    np.testing.assert_array_equal(found.counts, counts)
    joint = np.max([gaps(block, norm) for block in blocks], axis=0)
    for i, row in enumerate(found.nearest):
        mine = row[: ks[i]]
        np.testing.assert_allclose(joint[i, mine], distances[i, : ks[i]], rtol=1e-12, atol=1e-15)
        assert len({i, *mine}) == ks[i] + 1


@st.composite
def problems(draw):
    """Blocks of columns on grids (ties everywhere), off them (ties nowhere), or both; k from 1 to n - 1."""
    n = draw(st.integers(2, 70))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    blocks = []
    for _ in range(draw(st.integers(1, 3))):
        block = rng.normal(size=(n, draw(st.integers(1, 9))))
        grid = draw(st.sampled_from([0, 1, 4, 1024]))
        block = np.round(block * grid) / grid if grid else block
        blocks.append(block * draw(st.sampled_from([1.0, 1 / 3, 1e-3])) + draw(st.sampled_from([0.0, 10.0])))
    if draw(st.booleans()):
        blocks.append(nb.label_block(rng.integers(3, size=n)))
    subspaces = draw(st.lists(st.sets(st.integers(0, len(blocks) - 1), min_size=1), max_size=3))
    return blocks, draw(st.integers(1, min(n - 1, 12))), [tuple(s) for s in subspaces]


def enough(blocks, k):
    """k for each row, lowered to how many others share its label."""
    label = blocks[-1][:, 0]
    same = (label[:, None] == label).sum(1) - 1 if np.abs(label).max() >= nb.FAR / 2 else len(label) - 1
    return np.minimum(k, same) * np.ones(len(label), np.int64)


@settings(max_examples=150)
@given(problems(), st.sampled_from(["max", "euclidean"]), st.booleans())
def test_it_agrees_with_the_twin(problem, norm, rectangle):
    blocks, k, subspaces = problem
    ks = enough(blocks, k)
    keep = ks > 0
    if keep.sum() > 1:
        blocks = [block[keep] for block in blocks]
        check(blocks, enough(blocks, k), subspaces, norm, rectangle)


@settings(max_examples=100)
@given(problems(), st.sampled_from(["max", "euclidean"]), st.booleans())
def test_trees_agree_with_the_twin(problem, norm, rectangle):
    blocks, k, subspaces = problem
    ks = enough(blocks, k)
    keep = ks > 0
    if keep.sum() > nb.PROBES:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nb, "FEW", 0)
            patch.setattr(nb, "pass_seconds", lambda n, d: 1.0)
            blocks = [block[keep] for block in blocks]
            check(blocks, enough(blocks, k), subspaces, norm, rectangle)


@pytest.mark.parametrize("n", [300, 700])
@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize("grid", [0, 4])
def test_trees_of_several_levels_agree_with_the_twin(n, norm, grid, monkeypatch):
    monkeypatch.setattr(nb, "FEW", 0)
    monkeypatch.setattr(nb, "pass_seconds", lambda n, d: 1e9)
    rng = np.random.default_rng(n)
    x, y, z = (rng.normal(size=(n, d)) for d in (1, 3, 2))
    blocks = [np.round(t * grid) / grid if grid else t for t in (x, x + y, z)]
    check(blocks, 3, CMI, norm)
    check(blocks, 3, MI, norm, rectangle=True)
    check([blocks[0], *blocks[1:]], np.where(np.arange(n) % 2, 1, 40) if not grid else 40, MI, norm)


@settings(max_examples=100)
@given(problems(), st.sampled_from(["max", "euclidean"]), st.booleans(), st.integers(1, 40))
def test_rows_that_repeat_agree_with_the_twin(problem, norm, rectangle, copies):
    """Each row up to 40 times, in any order, searched for once."""
    blocks, k, subspaces = problem
    rng = np.random.default_rng(copies)
    rows = rng.integers(max(1, len(blocks[0]) // copies), size=len(blocks[0]))
    blocks = [block[rows] for block in blocks]
    ks = enough(blocks, k)
    keep = ks > 0
    if keep.sum() > 1:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nb, "_repeats", lambda points: True)
            patch.setattr(nb, "COPIES", 0)
            blocks = [block[keep] for block in blocks]
            check(blocks, enough(blocks, k), subspaces, norm, rectangle)


def test_a_million_ties_are_counted_and_not_paired():
    n = 200_000  # in pairs 1.3e10
    x = (np.arange(n) % 3)[:, None].astype(float)
    found = nb.balls([x, np.minimum(x, 1)], 3, MI)
    third = np.bincount(np.arange(n) % 3)
    assert found.tied.all()
    np.testing.assert_array_equal(found.inside, third[np.arange(n) % 3] - 1)
    np.testing.assert_array_equal(found.counts[0], found.inside)
    np.testing.assert_array_equal(found.counts[1], np.where(x[:, 0] > 0, third[1:].sum(), third[0]) - 1)
    nearest = found.nearest
    assert (x[nearest, 0] == x).all()
    assert (nearest != np.arange(n)[:, None]).all()


@settings(max_examples=30)
@given(problems(), st.sampled_from(["max", "euclidean"]), st.booleans())
def test_on_a_device_it_agrees_with_the_twin(device, problem, norm, rectangle):
    blocks, k, subspaces = problem
    ks = enough(blocks, k)
    keep = ks > 0
    if keep.sum() > 1:
        blocks = [block[keep] for block in blocks]
        check(blocks, enough(blocks, k), subspaces, norm, rectangle, device)


def test_on_a_device_rows_go_in_stretches(device, monkeypatch):
    monkeypatch.setattr(on_torch, "PAIRS", 1000)
    rng = np.random.default_rng(0)
    check([rng.normal(size=(130, 2)), rng.normal(size=(130, 3))], 4, MI, device=device)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize("d", [1, 4, 23])
def test_many_rows(d, norm):
    rng = np.random.default_rng(d)
    x, z = rng.normal(size=(600, d)), rng.normal(size=(600, 1))
    y = x[:, :1] + 0.1 * rng.normal(size=(600, 1))
    check([x, y], 3, MI, norm)
    check([x, y, z], 5, CMI, norm)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_clusters_finer_than_float32_are_told_apart(norm):
    rng = np.random.default_rng(0)
    centre = np.repeat(rng.normal(size=(20, 2)), 20, axis=0)
    x = centre + 1e-9 * rng.normal(size=centre.shape)
    check([x, x[:, ::-1] + 1e-10 * rng.normal(size=x.shape)], 3, MI, norm)


def test_one_row_far_out_does_not_blur_the_others():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2))
    x[0] = 1e7
    check([x, rng.normal(size=(400, 1))], 3, MI)


def test_few_dimensions_are_left_to_trees_and_many_are_not(monkeypatch):
    rng, asked = np.random.default_rng(0), []
    monkeypatch.setattr(nb, "_by_pairs", lambda given, blur, where: asked.append(given[0].shape))
    nb.balls([rng.normal(size=(6000, 1)), rng.normal(size=(6000, 1))], 3, MI)
    centre = rng.normal(size=(60, 10))[np.arange(6000) % 60]
    nb.balls(np.split(centre + 1e-3 * rng.normal(size=(6000, 10)), 2, axis=1), 3, MI)  # in clusters, many columns too
    assert asked == []
    nb.balls([rng.normal(size=(6000, 9)), rng.normal(size=(6000, 9))], 3, MI)
    assert asked == [(6000, 18)]


@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize("d", [1, 3, 12])
def test_a_class_of_fewer_rows_than_neighbours_reaches_the_others(d, norm):
    rng = np.random.default_rng(0)
    for x in (rng.normal(size=(300, d)), np.round(rng.normal(size=(300, d)))):
        found = nb.balls([x, nb.label_block(np.arange(300) < 2)], 3, MI, norm)
        np.testing.assert_allclose(found.distances[:2, 1:], nb.FAR)
        assert (found.distances[2:] < nb.FAR / 2).all()
        assert (found.nearest[:2, 1:] >= 2).all()
        assert (found.nearest < 300).all()


def test_parts_of_rows_are_searched_as_all_of_them_were(monkeypatch):
    asked = []
    by_pairs = nb._by_pairs
    monkeypatch.setattr(nb, "_by_pairs", lambda given, *rest: (asked.append(len(given[0])), by_pairs(given, *rest)))
    rng = np.random.default_rng(0)
    clusters = rng.normal(size=(60, 10))[rng.integers(60, size=6000)] + 0.01 * rng.normal(size=(6000, 10))
    for rows, by_trees in ((clusters, True), (rng.normal(size=(6000, 18)), False)):
        asked.clear()
        way = nb.Way()
        nb.balls([rows], 3, way=way)
        assert way.trees == by_trees
        few = nb.balls([rows[:600]], 3, way=way)
        assert asked == ([] if by_trees else [6000, 600])
        alone = nb.balls([rows[:600]], 3)  # nobody has tried a tree
        assert asked[-1] == 600
        for one, other in zip(vars(few).values(), vars(alone).values(), strict=True):
            assert_array_equal(one, other)


@given(
    st.lists(st.integers(-3, 3), min_size=2, max_size=1500).map(np.array)
    | st.integers(2, 1500).map(np.zeros)
    | st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=1400)),
    st.floats(0, 1),
)
def test_keys_are_halved_at_any_place(keys, share):
    keys = (np.round(1000 * keys).astype(np.int64) << 32) | np.arange(len(keys))
    middle, ordered = 1 + int(share * (len(keys) - 2)), np.sort(keys)
    trees._halve(keys, middle, np.empty(31, np.int64))
    assert_array_equal(np.sort(keys[:middle]), ordered[:middle])
    assert_array_equal(np.sort(keys[middle:]), ordered[middle:])


@pytest.mark.parametrize("scale", [1e-30, 1.0, 2.0**40])
def test_leaves_of_one_column_are_stretches_of_it(scale):
    column = scale * np.random.default_rng(0).normal(size=3000)
    blocks, order, _, _ = trees.grow(column[:, None])
    assert sorted(order.tolist()) == list(range(3000))
    # float32 tells numbers apart that differ by a share of 2^-23
    for one, other in pairwise(sorted(blocks[:, 0], key=lambda leaf: leaf[0])):
        assert one[np.isfinite(one)].max() <= other.min() + 2.0**-22 * np.abs(other.min())


@pytest.mark.parametrize("n", [2, 3, 31, 32, 33, 65])
def test_few_rows_and_all_of_them_as_neighbours(n):
    x = np.random.default_rng(n).normal(size=(n, 2))
    check([x, x[:, :1] ** 2], n - 1, MI)
    check([x, x[:, :1] ** 2], 1, MI)
    check([np.zeros((n, 1)), x], n - 1, MI)
    check([np.zeros((n, 1)), np.zeros((n, 1))], n - 1, MI, "euclidean")


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_any_number_of_threads_gives_the_same(monkeypatch, seconds):
    monkeypatch.setattr(nb, "FEW", 0)
    monkeypatch.setattr(nb, "pass_seconds", lambda n, d: seconds)  # pair by pair, and trees
    rng = np.random.default_rng(0)
    blocks = [np.round(rng.normal(size=(500, 2)), 1), rng.normal(size=(500, 3))]
    alone = nb.balls(blocks, 3, MI)
    monkeypatch.setattr(parallel, "cores", lambda seconds=0: 3)
    together = nb.balls(blocks, 3, MI)
    for name in ("distances", "nearest", "inside", "tied", "counts"):
        np.testing.assert_array_equal(getattr(together, name), getattr(alone, name))


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 8), st.integers(0, 3))
def test_the_kth_least_is_that_of_a_sort_whatever_was_there_before(values, k, more):
    junk = np.full(k + more, -1.0)
    found = brute._kth_least(np.array(values, np.float64), k, junk)
    assert found == [*sorted(values), *[np.inf] * k][k - 1]
