"""The pass over pairs: every ordered pair is seen once, with the right distance, the same to the bit on any threads."""

import itertools

import numpy as np
import pytest
import torch

from infoscope.core.errors import InputError
from infoscope.kernels import parallel
from infoscope.measure.pairs.drawn import drawn
from infoscope.measure.pairs.over_pairs import COLS, ROWS, blocks, over_pairs, strips


class Everything:
    """A fold that writes all of n² down, as no real one may."""

    def __init__(self, n):
        self.n, self.squared, self.seen = n, np.full((n, n), np.nan), np.zeros((n, n), int)

    def fresh(self):
        return Everything(self.n)

    def update(self, block, rows, cols):
        self.squared[rows, cols] = block
        self.seen[rows, cols] += 1
        if rows != cols:
            self.squared[cols, rows] = block.T
            self.seen[cols, rows] += 1

    def merge(self, other):
        self.seen += other.seen
        self.squared = np.where(other.seen > 0, other.squared, self.squared)

    def result(self):
        return self


@pytest.mark.parametrize("n", [2, 255, 256, 257, 1500])
@pytest.mark.parametrize("d", [1, 3, 16, 17, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_ordered_pair_once_with_its_distance(n, d, dtype):
    t = np.random.default_rng(0).normal(size=(n, d)).astype(dtype) + dtype(100)  # off-centre: float32 would lose digits
    (found,) = over_pairs(t, [Everything(n)])
    assert (found.seen == 1).all()
    expected = ((t[:, None].astype(np.float64) - t[None]) ** 2).sum(-1) if n * n * d < 2e7 else None
    if expected is not None:
        # float32 rows at 100 are themselves rounded; after centring only the products' rounding is left
        np.testing.assert_allclose(found.squared, expected, rtol=1e-5, atol=1e-4 if dtype is np.float32 else 1e-10)
    assert (np.diag(found.squared) == 0).all()
    assert (found.squared >= 0).all()


def test_strips_cover_all_rows_once_and_blocks_stay_small():
    for n in (2, 300, 60_000):
        rows = sorted((s.start, s.stop) for group in strips(n) for s in group)
        assert rows[0][0] == 0
        assert rows[-1][1] == n
        assert all(a[1] == b[0] for a, b in itertools.pairwise(rows))
        assert all(c.stop - c.start <= COLS for c in blocks(slice(0, min(ROWS, n)), n))


@pytest.mark.parametrize("d", [5, 30])
def test_the_same_to_the_bit_on_any_number_of_threads(d):
    from infoscope.measure.pairs.kernel_sums import Grouped, KernelSums

    t = np.random.default_rng(0).normal(size=(2000, d)).astype(np.float32)
    rows = Grouped(np.ones(2000), np.repeat([0, 1], 1000), np.array([[0, 1]]))
    results = [over_pairs(t, [KernelSums(rows, (0.1, 1.0), np.float32)], threads)[0] for threads in (1, 2, 3, 1)]
    for other in results[1:]:
        np.testing.assert_array_equal(other.total, results[0].total)
        np.testing.assert_array_equal(other.own, results[0].own)


def test_two_folds_read_the_same_blocks():
    t = np.random.default_rng(0).normal(size=(600, 4))
    one, two = over_pairs(t, [Everything(600), Everything(600)])
    np.testing.assert_array_equal(one.squared, two.squared)


@pytest.mark.parametrize("d", [3, 40])
def test_rows_too_large_to_square_are_refused(d):
    with pytest.raises(InputError, match=r"the rows reach 1e\+30 in size, wanted values whose squares stay finite"):
        over_pairs(np.array([[1e30] * d, [-1e30] * d], np.float32), [Everything(2)])


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_keep_order_and_torchs_setting_and_pass_errors_on(threads):
    before = torch.get_num_threads()
    assert parallel.run([lambda k=k: (k, torch.get_num_threads()) for k in range(5)], threads) == [
        (k, 1) for k in range(5)
    ]
    assert torch.get_num_threads() == before

    def broken():
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        parallel.run([broken, broken], threads)
    assert torch.get_num_threads() == before


def test_jobs_that_have_jobs_share_the_same_threads():
    inner = [lambda k=k: k for k in range(3)]
    jobs = [lambda k=k: sum(parallel.run(inner, 4)) + k for k in range(20)]
    assert parallel.run(jobs, 4) == [3 + k for k in range(20)]


def test_tiny_work_stays_on_one_thread():
    assert parallel.cores(0.001) == 1
    assert parallel.cores(10.0) >= 1


def test_drawn_pairs_are_of_two_rows_and_every_pair_is_as_likely():
    """Classes of two, three and four rows at powers of two: ten pairs within a class and 26 between two, each told by
    its distance."""
    x, y, draws = 2.0 ** np.arange(9)[:, None], np.repeat([0, 1, 2], [2, 3, 4]), 36_000
    found = drawn(x, y, draws, seed=0)
    apart, own = abs(x - x.T), y[:, None] == y
    for seen, pairs in ((found.within, own & (apart > 0)), (found.between, ~own)):
        values, counts = np.unique(seen, return_counts=True)
        assert values.tolist() == np.unique(apart[pairs]).tolist()
        expected = draws * 2 / pairs.sum()
        assert abs(counts - expected).max() < 4.5 * np.sqrt(expected)
