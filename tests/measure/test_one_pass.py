"""States that are merged: as if one had read all, as the measures of whole arrays say, and with intervals that hold."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import infoscope as iscope
from infoscope.core.errors import InputError
from infoscope.measure.questions import one_pass
from infoscope.measure.states import readings


@pytest.fixture
def blocks(monkeypatch):
    """Blocks of 32 rows, so that few rows make many of them."""
    monkeypatch.setattr(one_pass, "BLOCK", 32)


def rows(n, seed=0, d=6):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    t = rng.normal(size=(n, d)) * np.linspace(0.3, 2, d) + np.eye(3, d)[y]
    return {"a": t, "b": t[:, :2] + rng.normal(size=(n, 2))}, y, np.arange(n) // 3


def fed(places, y, groups, begin, end, step, **options):
    state = iscope.OnePass({"label": 3}, **options)
    for first in range(begin, end, step):
        some = slice(first, min(first + step, end))
        state.update({k: v[some] for k, v in places.items()}, {"label": y[some]}, groups=groups[some], first=first)
    return state


def told(state):
    return [(r.place, r.about, str(r.estimate.quantity), r.estimate.value, r.estimate.interval) for r in state.finish()]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=8), st.integers(1, 90), st.randoms(), st.sampled_from([0, 4]))
def test_any_shards_merged_in_any_order_are_one_state_to_the_bit(cuts, step, random, sketch):
    places, y, groups = rows(700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_pass, "BLOCK", 32)
        whole = fed(places, y, groups, 0, 700, 700, sketch=sketch, sample=200)
        ends = sorted({0, 700, *cuts})
        shards = [fed(places, y, groups, a, b, step, sketch=sketch, sample=200) for a, b in pairwise(ends)]
        random.shuffle(shards)
        merged = shards[0]
        for shard in shards[1:]:
            merged.merge(shard)
        assert told(merged) == told(whole)
        for one, other in zip(merged.rows("a"), whole.rows("a"), strict=True):
            np.testing.assert_equal(one, other)


def test_sixty_four_saved_shards_are_one_state_to_the_bit(blocks, tmp_path):
    places, y, groups = rows(5000)
    whole, ends = fed(places, y, groups, 0, 5000, 5000), np.linspace(0, 5000, 65).astype(int)
    merged = iscope.OnePass({"label": 3})
    for i in np.random.default_rng(0).permutation(64):
        fed(places, y, groups, ends[i], ends[i + 1], 50).save(tmp_path / f"{i}.safetensors")
        merged.merge(iscope.OnePass.load(tmp_path / f"{i}.safetensors"))
    assert told(merged) == told(whole)
    assert len(merged._tree.nodes) <= 8
    assert merged.groups == 1667


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_it_says_what_measures_of_the_whole_say(blocks, shift):
    rng = np.random.default_rng(1)
    y = np.arange(900) % 3  # classes of one size, which neural collapse counts alike
    t = rng.normal(size=(900, 5)) * np.linspace(0.3, 2, 5) + np.eye(3, 5)[y] + shift
    other = t[:, :2] + rng.normal(size=(900, 2))
    state = iscope.OnePass({"label": 3}).update({"a": t, "b": other}, {"label": y})
    found = {(r.place, str(r.estimate.quantity)): r.estimate for r in state.finish()}
    for measure in ("effective_rank", "participation_ratio", "neural_collapse"):
        for name, estimate in iscope.geometry(t, y if measure == "neural_collapse" else None, measure=measure).items():
            if name != "nearest_mean_error":
                assert found["a", name].value == pytest.approx(estimate.value, rel=2e-5), name
    plain = np.linalg.svd(t, compute_uv=False)
    plain = plain[plain > plain[0] * 1e-3] / plain[plain > plain[0] * 1e-3].sum()
    assert found["a", "rankme"].value == pytest.approx(np.exp(-plain @ np.log(plain)), rel=1e-4)
    assert found["a", "CKA(X,Y)"].value == pytest.approx(iscope.dependence(t, other, "cka").value, rel=1e-5)
    assert found["a", "I(X;Y)"].value == pytest.approx(iscope.mutual_information(t, other, "gaussian").value, rel=1e-4)


@pytest.mark.parametrize("shift", [0.0, 100.0])
def test_alignment_of_more_columns_than_rows_is_debiased_exactly_whatever_the_shards(blocks, shift):
    """Independent places of many columns read 0 and not 1, by sums of rows' lengths that are merged about new means."""
    rng = np.random.default_rng(3)
    n, places = 130, {"x": rng.normal(size=(130, 90)) ** 3 + shift, "y": rng.normal(size=(130, 60)) - shift}
    places["z"] = places["x"][:, :40] + 2 * rng.normal(size=(n, 40))
    ends, shards = [0, 17, 64, 99, n], []
    for begin, end in pairwise(ends):
        rows_there = {name: t[begin:end] for name, t in places.items()}
        shards.append(iscope.OnePass(sample=50).update(rows_there, first=begin))
    merged = shards[2].merge(shards[0]).merge(shards[3]).merge(shards[1])
    found = {(r.place, r.about): r.estimate for r in merged.finish() if r.estimate.quantity == "CKA(X,Y)"}
    for x, y in [("x", "y"), ("x", "z"), ("y", "z")]:
        wanted = iscope.dependence(places[x], places[y], "cka").value
        assert found[x, y].value == pytest.approx(wanted, rel=1e-4, abs=1e-5)
    assert abs(found["x", "y"].value) < 0.1 < found["x", "z"].value
    assert iscope.dependence(places["x"], places["y"], "cka", debiased=False).value > 0.3


def test_histograms_of_shards_are_those_of_all_rows_and_know_quantiles_within_a_cell(blocks, tmp_path):
    rng, shares = np.random.default_rng(4), [0.0, 0.05, 0.5, 0.95, 1.0]
    t = rng.standard_t(2, size=(3000, 4)) * [1e-3, 1.0, 1e3, 0.0] + [0.0, 5.0, 0.0, -7.0]
    options = {"histograms": True, "sketch": 2, "sample": 10}
    whole, parts = iscope.OnePass(**options).update(t), []
    for begin, end in pairwise([0, 11, 700, 2048, 3000]):
        one = iscope.OnePass(**options).update(t[begin:end], first=begin)
        one.save(tmp_path / f"{begin}.safetensors")
        parts.append(iscope.OnePass.load(tmp_path / f"{begin}.safetensors"))
    merged = parts[3].merge(parts[1]).merge(parts[0]).merge(parts[2])
    np.testing.assert_array_equal(merged.quantiles(shares), whole.quantiles(shares))
    wanted = np.quantile(t, shares, axis=0, method="inverted_cdf").T
    np.testing.assert_allclose(merged.quantiles(shares)[:, 1:], wanted[:, 1:], rtol=2**-5, atol=2**-24)


def test_values_beyond_all_cells_and_zeros_are_counted():
    t = np.array([[0.0, 1e30], [-0.0, -1e30], [0.0, 0.0], [1e-30, 1e30]])
    found = iscope.OnePass(histograms=True).update(t).quantiles([0.0, 0.5, 1.0])
    assert np.abs(found[0]).max() <= 2.0**-24
    assert found[1, 0] == -(2.0**24)
    assert found[1, 2] == 2.0**24


@pytest.mark.parametrize(
    ("options", "place", "shares", "words"),
    [
        ({}, "", [0.5], "no histograms were asked for: pass histograms=True"),
        ({"histograms": True}, "b", [0.5], "known: .''."),
        ({"histograms": True}, "", [1.5], "a share of the rows is 1.5, wanted a number from 0 to 1"),
    ],
)
def test_quantiles_that_cannot_be_told_are_refused(options, place, shares, words):
    state = iscope.OnePass(**options).update(np.ones((5, 2)))
    with pytest.raises(InputError, match=words):
        state.quantiles(shares, place)


def test_the_slope_of_a_power_law():
    found = readings.slope(np.arange(1, 200) ** -1.3)
    assert found == pytest.approx(1.3, rel=1e-9)


def test_a_linear_map_is_scored_on_buckets_that_it_has_not_seen(blocks):
    """Held against the same fits by rows."""
    places, y, groups = rows(1200)
    state = fed(places, y, groups, 0, 1200, 1200)
    t, names = places["a"], one_pass.rs.hashes(groups)
    buckets, onehot = one_pass.rs.mixed(~names) % np.uint64(20), np.eye(3)[y]
    missed = null = 0.0
    for b in np.unique(buckets):
        rest, here = buckets != b, buckets == b
        mean, shares = t[rest].mean(0), onehot[rest].mean(0)
        x = t[rest] - mean
        ridge = np.eye(6) * np.trace(x.T @ x) / rest.sum()
        w = np.linalg.solve(x.T @ x + ridge, x.T @ (onehot[rest] - shares))
        missed += np.square(onehot[here] - shares - (t[here] - mean) @ w).sum()
        null += np.square(onehot[here] - shares).sum()
    found = next(r.estimate for r in state.finish() if r.estimate.quantity == "least_squares_share" and r.place == "a")
    assert found.value == pytest.approx(1 - missed / null, rel=1e-5)


def test_labels_that_say_nothing_are_read_as_nothing():
    rng = np.random.default_rng(0)
    state = iscope.OnePass({"label": 3}).update(rng.normal(size=(3000, 8)), {"label": rng.integers(3, size=3000)})
    found = {str(r.estimate.quantity): r.estimate for r in state.finish()}
    assert abs(found["I_u(Z;Y)"].value) < 0.003
    assert found["least_squares_share"].interval[0] < 0
    assert found["nc1_variability"].status is iscope.Status.UNDERSAMPLED


def test_a_discriminant_reads_what_a_trained_probe_reads_where_classes_are_gaussian():
    places, y, groups = rows(1500)
    state = fed(places, y, groups, 0, 1500, 1500)
    found = next(r.estimate for r in state.finish() if r.estimate.quantity == "I_u(Z;Y)" and r.place == "a")
    full = iscope.usable_information(places["a"], y, "linear", groups=groups)
    assert found.bound == "lower"
    assert found.value == pytest.approx(full.value, abs=0.01 * np.log(2))


def test_intervals_hold_the_mean_over_draws():
    """Sixty draws of 200 groups that share three fifths of their variance; at least nine of ten, of every number."""
    seen = defaultdict(list)
    for seed in range(60):
        rng = np.random.default_rng([3, seed])
        groups, y = np.repeat(np.arange(200), 4), rng.integers(3, size=800)
        t = 0.6**0.5 * rng.normal(size=(200, 12))[groups] + 0.4**0.5 * rng.normal(size=(800, 12))
        t = t * np.linspace(0.3, 1.5, 12) + 1.5 * np.eye(3, 12)[y]
        u = t[:, :2] + rng.normal(size=(800, 2))
        state = iscope.OnePass({"label": 3}).update({"a": t, "b": u}, {"label": y}, groups=groups)
        for r in state.finish():
            if r.place == "a":
                seen[str(r.estimate.quantity)].append((r.estimate.value, *r.estimate.interval))
    assert len(seen) == 12
    for name, each in seen.items():
        values, low, high = np.array(each).T
        assert ((low <= values.mean()) & (values.mean() <= high)).mean() >= 0.9, name


def test_few_groups_have_no_interval():
    places, y, _ = rows(300)
    state = fed(places, y, np.arange(300) // 10, 0, 300, 300)
    assert all(r.estimate.interval is None and r.estimate.status is not iscope.Status.OK for r in state.finish())


def test_a_sketch_says_that_it_is_one(blocks):
    rng = np.random.default_rng(0)
    state = iscope.OnePass(sketch=8).update(rng.normal(size=(500, 40)))
    found = state.finish()
    assert all("random 8-wide projection of 40 columns" in r.estimate.estimand for r in found)
    assert found[0].estimate.value < 8
    assert state.rows()[0].shape == (500, 8)


def test_what_cannot_be_told_is_refused_in_a_sentence(blocks, tmp_path):
    places, y, groups = rows(200)
    state = fed(places, y, groups, 0, 100, 100)
    with pytest.raises(InputError, match="row 90 is there already"):
        state.update({k: v[90:120] for k, v in places.items()}, {"label": y[90:120]}, groups=groups[90:120], first=90)
    with pytest.raises(InputError, match="block 0 is in both"):
        state.merge(fed(places, y, groups, 0, 64, 64))
    with pytest.raises(InputError, match="block 0 is in both"):
        fed(places, y, groups, 0, 20, 20).merge(state)
    with pytest.raises(InputError, match="columns by place"):
        state.update({"a": places["b"][:5]}, {"label": y[:5]}, first=150)
    with pytest.raises(InputError, match="wanted 0 to 2"):
        state.update({k: v[:5] for k, v in places.items()}, {"label": np.array([0, 1, 2, 3, 1])}, first=150)
    with pytest.raises(InputError, match="variables are"):
        state.update({k: v[:5] for k, v in places.items()}, first=150)
    with pytest.raises(InputError, match="differ in classes"):
        state.merge(iscope.OnePass({"label": 4}))
    with pytest.raises(InputError, match="missing"):
        fed(places, y, groups, 40, 200, 50).finish()
    with pytest.raises(InputError, match="at least 4"):
        iscope.OnePass().finish()
    with pytest.raises(InputError, match="no saved state"):
        iscope.OnePass.load(tmp_path / "none")
    assert told(state) == told(fed(places, y, groups, 0, 100, 7))  # refused rows left nothing behind


def dealt_rows(kind, n, d=30, k=4):
    """Three kinds of rows: Gaussian classes, clusters behind two layers of ReLU, heavy tails under a linear teacher."""
    rng = np.random.default_rng(3)
    y = rng.integers(k, size=n)
    if kind == "means":
        return 0.3 * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d)) * np.linspace(0.2, 3, d), y
    if kind == "clusters":
        x = 0.7 * rng.normal(size=(k, 4, 12))[y, rng.integers(4, size=n)] + rng.normal(size=(n, 12))
        for wide in (64, d):
            x = np.maximum(x @ rng.normal(size=(x.shape[1], wide)) * (2 / x.shape[1]) ** 0.5, 0)
        return x, y
    z = rng.standard_t(3, (n, d)) @ rng.normal(size=(d, d)) / d**0.5
    return z, (z @ rng.normal(size=(d, k)) * 2 / d**0.5 + rng.gumbel(size=(n, k))).argmax(1)


@pytest.mark.parametrize("kind", ["means", "clusters", "heavy"])
def test_a_probe_of_one_pass_reads_what_the_full_one_reads_or_says_that_it_may_not(kind):
    t, y = dealt_rows(kind, 8000)
    full = iscope.usable_information(t, y)
    doubted = []
    for sample in (400, 3000, 8000):
        state = iscope.OnePass({"label": 4}, sample=sample)
        for first in range(0, 8000, 1000):
            state.update(t[first : first + 1000], {"label": y[first : first + 1000]})
        found = state.usable_information("label")
        doubted.append(found.status is not iscope.Status.OK)
        low, high = found.interval
        if not doubted[-1]:
            # Other rows are scored where the sample is a part: the half interval of that is chance's.
            assert abs(found.bits - full.bits) < 0.01 + (sample < 8000) * (high - low) / 2 / np.log(2)
        assert low - 0.02 < full.value
        assert found.n <= sample
    assert doubted[0]
    assert not doubted[-1]


def test_a_probe_of_one_pass_is_that_of_merged_shards_to_the_bit(blocks):
    places, y, groups = rows(900)
    whole = fed(places, y, groups, 0, 900, 900)
    merged = fed(places, y, groups, 450, 900, 90).merge(fed(places, y, groups, 0, 450, 50))
    one, other = (state.usable_information("label", "a") for state in (whole, merged))
    np.testing.assert_array_equal(one.pointwise, other.pointwise)
    assert one.interval == other.interval
    assert one.groups == 300


def test_a_probe_of_one_pass_is_refused_in_a_sentence(blocks):
    places, y, groups = rows(900)
    state = fed(places, y, groups, 0, 900, 900)
    with pytest.raises(InputError, match="variable 'colour' at place 'a'"):
        state.usable_information("colour", "a")
    with pytest.raises(InputError, match="wanted 'linear'"):
        state.usable_information("label", "a", "knn")
    with pytest.raises(InputError, match="120 sampled rows"):
        fed(places, y, groups, 0, 120, 120).usable_information("label", "a")
