"""Arithmetic of 32 rows or 8 boxes at once against NumPy, and the tree's rows and boxes against all rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lane_twins import TWINS
from numba import njit

from infoscope.measure.neighbours import lanes, leaves, line, trees


@njit
def rows_compiled(blocks, leaf, point, starts, euclidean, limit, out):
    below = lanes.rows_below(blocks, leaf, point, starts, euclidean, limit, out)
    return below, lanes.rows_within(blocks, leaf, point, starts, euclidean, limit, out)


@njit
def boxes_compiled(boxes, node, point, starts, euclidean, limit, out):
    within = lanes.boxes_within(boxes, node, point, starts, euclidean, limit, out)
    return lanes.boxes_below(boxes, node, point, starts, euclidean, limit, out), within


@njit
def others_compiled(gaps, best, levels, mask, gap, reach):
    lanes.sift(gaps, best, levels)
    return lanes.first_bit(mask), lanes.bits(mask), lanes.beyond(gap, reach), lanes.equal(gaps, gap), lanes.ends(gaps)


cases = st.tuples(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans())


@settings(max_examples=60)
@given(cases)
def test_rows_at_once(case):
    seed, widths, euclidean = case
    rng, starts = np.random.default_rng(seed), np.cumsum([0, *widths])
    blocks, point = rng.integers(-3, 4, size=(3, starts[-1], 32)) / 2, rng.integers(-3, 4, size=starts[-1]) / 2
    blocks[1, :, 20:] = np.inf  # lanes without a row
    for leaf in range(3):
        for limit in (0.0, 0.5, 1.0, 2.25, leaves.HUGE):
            given, one, other = (blocks, leaf, point, starts, euclidean, limit), np.empty(32), np.empty(32)
            found = rows_compiled(*given, one)
            assert found == tuple(TWINS[name](*given, other) for name in ("rows_below", "rows_within"))
            np.testing.assert_array_equal(one, other)  # quarters: sums are exact in any order


@settings(max_examples=60)
@given(cases)
def test_boxes_at_once(case):
    seed, widths, euclidean = case
    rng, starts = np.random.default_rng(seed), np.cumsum([0, *widths])
    boxes = np.sort(rng.integers(-3, 4, size=(3, 2, starts[-1], 8)) / 2, axis=1)
    boxes[1, 0, :, 5:], boxes[1, 1, :, 5:] = np.inf, -np.inf  # without rows
    point = rng.integers(-3, 4, size=starts[-1]) / 2
    for node in range(3):
        for limit in (0.0, 0.5, 1.0, 2.25, leaves.HUGE):
            given, one, other = (boxes, node, point, starts, euclidean, limit), np.empty(8), np.empty(8)
            below, within = boxes_compiled(*given, one)
            assert below == TWINS["boxes_below"](*given, other)
            told = TWINS["boxes_within"](*given, other)
            assert (within & 255, (within >> 8) & within & 255) == (told & 255, (told >> 8) & told & 255)
            np.testing.assert_array_equal(one, other)


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 2**32 - 1))
def test_the_least_of_each_lane_and_bits(seed, levels, mask):
    rng = np.random.default_rng(seed)
    gaps, best = rng.integers(9, size=32) / 1.0, np.sort(rng.integers(9, size=(9, 32)) / 1.0, axis=0)
    mine, (gap, reach) = best.copy(), rng.integers(3, size=2) / 1.0
    found = others_compiled(gaps, mine, levels, mask, gap, reach)
    TWINS["_sift"](gaps, best, levels)
    np.testing.assert_array_equal(mine, best)
    of_mask = TWINS["_first_bit"](mask), TWINS["_bits"](mask), TWINS["_beyond"](gap, reach)
    assert found == (*of_mask, TWINS["_equal"](gaps, gap), TWINS["_ends"](gaps))


@pytest.mark.parametrize("n", [1, 31, 32, 33, 255, 256, 257, 300, 2049, 5000])
def test_a_tree_holds_every_row_once_in_the_boxes_above_it(n):
    points = np.round(np.random.default_rng(n).normal(size=(n, 3)), 1)
    blocks, order, boxes, levels = trees.grow(points)
    assert sorted(order.tolist()) == list(range(n))
    laid = blocks.transpose(0, 2, 1).reshape(-1, 3)
    np.testing.assert_array_equal(laid[:n], points[order])
    assert (laid[n:] == np.inf).all()
    size = 32
    for level in range(1, len(levels)):
        size = 32 * 8 ** (level - 1)
        for box in range(-(-n // size)):
            held = points[order[box * size : (box + 1) * size]]
            sides = boxes[levels[level] + box // 8, :, :, box % 8]
            np.testing.assert_array_equal(sides, [held.min(axis=0), held.max(axis=0)])
    if len(levels) > 1:
        assert (boxes[-1, 0, :, -(-n // size) :] == np.inf).all()


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 80), st.booleans())
def test_counts_in_one_column(seed, n, euclidean):
    rng = np.random.default_rng(seed)
    column, cells = np.round(rng.normal(size=n), 1), rng.integers(3, size=n)
    reaches = rng.integers(0, 9, size=n) / 10 + 1e-9
    order = np.lexsort((column, cells))
    starts = np.append(np.flatnonzero(np.diff(cells[order], prepend=-1)), n)
    counts = np.empty(n, np.int64)
    line.count(column[order], starts, order, reaches**2 if euclidean else reaches, euclidean, counts)
    near = (np.abs(column[:, None] - column) <= reaches[:, None]) & (cells[:, None] == cells)
    np.testing.assert_array_equal(counts, near.sum(1) - 1)
