"""Keys of rows: equal exactly when the slow twin's codes are, whichever path made them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from slow_twins import interval_codes, level_codes, peers_codes, quantile_codes, width_codes

from infoscope.measure.symbols import partitions
from infoscope.measure.symbols import quantise as q

# Halves, edges and neighbours of edges are where a wrong comparison shows.
CELLS = st.one_of(
    st.sampled_from(
        [-1.5, -1.0, -0.5, -0.1, 0.0, 0.1, 1 / 3, 0.5, 1.0, np.nextafter(1.0, 2), np.nextafter(-1, -2), 2.0]
    ),
    st.floats(-1.2, 1.2),
)
TABLES = hnp.arrays(np.float64, st.tuples(st.integers(2, 40), st.integers(1, 20)), elements=CELLS)


def same_grouping(keys, codes):
    """Whether two labellings of rows put the same rows together."""
    ids = np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1)
    pairs = set(zip(keys.tolist(), ids.tolist(), strict=True))
    return len(pairs) == len(set(keys.tolist())) == len(set(ids.tolist()))


@given(TABLES, st.sampled_from([1, 2, 3, 7, 30, 100]), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=60, deadline=None)
def test_interval_bins_group_rows_as_searchsorted_does(t, bins, dtype):
    t = t.astype(dtype)
    (symbols,) = q.quantise(t, [partitions.interval(bins, -1.0, 1.0)])
    codes = interval_codes(t, bins, -1.0, 1.0)
    assert same_grouping(symbols.keys, codes)
    assert (symbols.below, symbols.above) == ((codes == 0).sum(), (codes == bins + 1).sum())


@pytest.mark.parametrize("low", [0.0, -1.0, 1e6, -3.7e9])
@pytest.mark.parametrize("share", [1.0, 1e-3, 1e-7, 3e-12])
@pytest.mark.parametrize("bins", [1, 30, 1000])
def test_cells_end_at_their_edges_however_narrow_they_are(low, share, bins):
    """Values at edges and next to them, over several blocks of rows; the narrowest cells are a few floats wide."""
    high = low + share * (abs(low) or 1.0)
    edges = np.array(partitions.even_edges(bins, low, high))
    rng = np.random.default_rng(bins)
    t = rng.choice(edges, (2500, 2))
    t = np.where(rng.random(t.shape) < 0.4, np.nextafter(t, rng.choice([-np.inf, np.inf], t.shape)), t)
    (symbols,) = q.quantise(t, [partitions.interval(bins, low, high)])
    cells = np.searchsorted(edges, t, side="right") - (t == edges[-1])
    assert same_grouping(symbols.keys, cells)
    assert (symbols.below, symbols.above) == ((t < low).sum(), (t > high).sum())


@given(TABLES, st.sampled_from([2, 3, 30]))
@settings(max_examples=40, deadline=None)
def test_peers_form_groups_rows_as_digitize_does(t, bins):
    (symbols,) = q.quantise(t, [partitions.peers(bins, -1.0, 1.0)])
    assert same_grouping(symbols.keys, peers_codes(t, bins, -1.0, 1.0))
    assert symbols.above == (t > 1).sum()  # h == 1 has its own symbol on purpose, so it is not outside


@given(TABLES, st.sampled_from([0.07, 0.5, 3.0]))
@settings(max_examples=40, deadline=None)
def test_width_form_groups_rows_as_floor_does(t, width):
    (symbols,) = q.quantise(t, [partitions.widths(width)])
    assert same_grouping(symbols.keys, width_codes(t, width))


@given(TABLES, st.sampled_from([1, 2, 3, 7, 100]), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=40, deadline=None)
def test_quantiles_group_rows_as_the_twin_does_and_only_ranks_decide(t, bins, dtype):
    t = t.astype(dtype)
    (symbols,) = q.quantise(t, [partitions.quantiles(bins)])
    assert same_grouping(symbols.keys, quantile_codes(t, bins))
    order = np.unique(t, return_inverse=True)[1].reshape(t.shape)  # an increasing map of every value
    assert (q.quantise(order.astype(dtype), [partitions.quantiles(bins)])[0].keys == symbols.keys).all()


def test_quantiles_have_equal_mass_where_no_values_tie():
    t = np.random.default_rng(0).normal(size=(1200, 1)) ** 3
    for bins in (1, 7, 30):
        counts = q.group(q.quantise(t, [partitions.quantiles(bins)])[0].keys)[1]
        assert len(counts) == bins
        assert np.ptp(counts) <= 1


@given(TABLES, st.sampled_from([1, 2, 3, 7, 100]), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=40, deadline=None)
def test_adaptive_bins_group_rows_as_the_twin_does_and_only_the_order_of_all_values_decides(t, bins, dtype):
    t = t.astype(dtype)
    (symbols,) = q.quantise(t, [partitions.adaptive(bins)])
    assert same_grouping(symbols.keys, level_codes(t, bins))
    order = np.unique(t, return_inverse=True)[1].reshape(t.shape)
    assert (q.quantise(order.astype(dtype), [partitions.adaptive(bins)])[0].keys == symbols.keys).all()
    twice = np.concatenate([t, t[:1], t[:1]])  # how often a value is there moves no edge
    assert (q.quantise(twice, [partitions.adaptive(bins)])[0].keys[: len(t)] == symbols.keys).all()


def test_exact_form_tells_neighbouring_floats_apart_and_not_the_two_zeros():
    t = np.array([[0.0], [-0.0], [np.nextafter(0.0, 1.0)], [1.0]])
    for dtype in (np.float64, np.float32):
        if dtype is np.float32:
            t[2] = np.nextafter(np.float32(0), np.float32(1))
        keys = q.quantise(t.astype(dtype), [partitions.exact()])[0].keys
        assert keys[0] == keys[1]
        assert len(set(keys.tolist())) == 3


@pytest.mark.parametrize("bins", [(30, 60, 100), (30, 97, 101), (4, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_several_bins_from_one_quantisation_equal_separate_runs(bins, dtype):
    rng = np.random.default_rng(0)
    edges = np.concatenate([partitions.even_edges(b, -1.0, 1.1) for b in bins])
    t = np.concatenate([rng.uniform(-1.3, 1.3, 4000), rng.choice(edges, 2000)]).reshape(-1, 3).astype(dtype)
    together = q.quantise(t, [partitions.interval(b, -1.0, 1.1) for b in bins])
    for b, symbols in zip(bins, together, strict=True):
        (alone,) = q.quantise(t, [partitions.interval(b, -1.0, 1.1)])
        np.testing.assert_array_equal(symbols.keys, alone.keys)
        assert (symbols.below, symbols.above) == (alone.below, alone.above)


@pytest.mark.parametrize("d", [3, 40])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "partition",
    [partitions.interval(30, -1.0, 1.0), partitions.peers(30, -1.0, 1.0), partitions.widths(0.07), partitions.exact()],
    ids=lambda p: p.words,
)
def test_tensors_get_the_same_keys_as_arrays(partition, d, dtype, device):
    rng = np.random.default_rng(1)
    t = np.round(rng.normal(size=(500, d)), 1).astype(dtype)
    (expected,), (found,) = q.quantise(t, [partition]), q.quantise(torch.from_numpy(t).to(device), [partition])
    np.testing.assert_array_equal(found.keys, expected.keys)
    assert (found.below, found.above) == (expected.below, expected.above)


def test_packing_is_exact_as_long_as_64_bits_hold_the_alphabet():
    assert q.base(partitions.interval(30, -1.0, 1.0), 12) == 32  # 5 bits a symbol
    assert q.base(partitions.interval(30, -1.0, 1.0), 13) == 0
    every = np.array(np.meshgrid(*[np.linspace(-1, 1, 7)] * 5)).reshape(5, -1).T
    for columns in (every, np.hstack([every] * 6)):  # packed, hashed
        keys = q.quantise(columns, [partitions.interval(30, -1.0, 1.0)])[0].keys
        assert len(np.unique(keys)) == len(every)


def test_groups_are_numbered_by_first_appearance():
    keys = np.array([9, 4, 9, 7, 4, 9], np.uint64)
    ids, counts, firsts = q.group(keys)
    assert ids.tolist() == [0, 1, 0, 2, 1, 0]
    assert counts.tolist() == [3, 2, 1]
    assert firsts.tolist() == [0, 1, 3]


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=200), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_groups_agree_with_unique(values, distinct):
    keys = np.array([values[i % min(distinct, len(values))] for i in range(len(values) * 3)], np.uint64)
    ids, counts, firsts = q.group(keys)
    unique, expected = np.unique(keys, return_counts=True)
    assert dict(zip(keys[firsts].tolist(), counts.tolist(), strict=True)) == dict(
        zip(unique.tolist(), expected.tolist(), strict=True)
    )
    np.testing.assert_array_equal(keys[firsts][ids], keys)


@given(TABLES, st.sampled_from([np.float32, np.float64]))
@settings(max_examples=60, deadline=None)
def test_rows_that_plainly_differ_are_all_different(t, dtype):
    t = t.astype(dtype)
    assert not q.plainly_different(t) or len(np.unique(t + dtype(0), axis=0)) == len(t)


def test_rows_plainly_differ_where_one_of_the_first_columns_or_two_together_say_so():
    x = np.random.default_rng(0).normal(size=(500, 4))
    assert q.plainly_different(x)
    assert q.plainly_different(np.column_stack([np.zeros(500), x]))
    assert q.plainly_different(np.column_stack([np.maximum(np.arange(500.0), 9), x]))
    assert not q.plainly_different(np.concatenate([x, x[:1]]))
    assert not q.plainly_different(np.zeros((500, 0)))
    assert not q.plainly_different(np.arange(500)[:, None])  # symbols
