"""A code in one pass: nobody is scored by readers that know them, whatever the pieces; as short as codes of blocks."""

import numpy as np
import pytest

import infoscope as iscope
from infoscope.core.errors import InputError
from infoscope.measure.questions.prequential import Prequential


def rows(kind, n, d=30, k=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    if kind == "means":
        return 0.25 * rng.normal(size=(k, d))[y] + rng.normal(size=(n, d)) * np.linspace(0.2, 3, d), y
    if kind == "clusters":
        x = 0.7 * rng.normal(size=(k, 4, 12))[y, rng.integers(4, size=n)] + rng.normal(size=(n, 12))
        return np.maximum(x @ rng.normal(size=(12, d)), 0), y
    z = rng.standard_t(3, (n, d)) @ rng.normal(size=(d, d)) / d**0.5
    return z, (z @ rng.normal(size=(d, k)) * 2 / d**0.5 + rng.gumbel(size=(n, k))).argmax(1)


def told(z, y, step, **named):
    state = Prequential(int(y.max()) + 1)
    for first in range(0, len(z), step):
        some = slice(first, first + step)
        state.update(z[some], y[some], **{name: value[some] for name, value in named.items()})
    return state.finish()


def test_pieces_of_any_size_are_one_pass_to_the_bit():
    z, y = rows("clusters", 1500)
    whole, parts, single = (told(z, y, step) for step in (1500, 100, 1))
    assert whole.length == parts.length == single.length
    assert whole.usable == parts.usable


def test_rows_that_come_later_change_nothing():
    """No block is scored by readers that know a row of it, or of a later one."""
    z, y = rows("means", 1200)
    before = told(z, y, 1200).length.blocks
    cut = sum(coded for _, coded, _ in before[:-3])
    y[cut + 5 :] = np.random.default_rng(1).permutation(y[cut + 5 :])
    z[cut + 5 :] *= 3
    after = told(z, y, 1200).length.blocks
    assert after[:-3] == before[:-3]
    assert after[-2:] != before[-2:]


@pytest.mark.parametrize("kind", ["means", "clusters", "heavy"])
def test_it_is_as_short_as_the_code_whose_probes_are_fitted_block_by_block(kind):
    z, y = rows(kind, 4000)
    found, blocks = told(z, y, 500), iscope.description_length(z, y)
    assert found.length.value < 1.01 * blocks.value
    assert found.length.uniform == pytest.approx(blocks.uniform)
    low, high = found.length.interval
    assert low < found.length.value < high
    full = iscope.usable_information(z, y)
    half = (found.usable.interval[1] - found.usable.interval[0]) / 2
    assert abs(found.usable.value - full.value) < 0.01 * np.log(2) + half  # of other rows
    assert found.usable.status is iscope.Status.OK
    assert found.length.sample_complexity(full.loss + 0.1) <= 4000


def test_labels_that_say_nothing_cost_what_they_cost_alone():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(3000, 40)), rng.integers(3, size=3000)
    found = told(z, y, 3000)
    assert abs(found.usable.value) < 0.005
    assert found.length.value < found.length.uniform + 20  # the logarithm of how many readers there are, and shares


def test_copies_of_a_group_are_scored_before_one_of_them_is_learnt_from():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(120), 25)
    z, y = rng.normal(size=(120, 8))[groups], rng.integers(2, size=120)[groups]
    found = told(z, y, 70, groups=groups)
    assert all(known % 25 == 0 for known, _, _ in found.length.blocks)
    low, high = found.usable.interval
    assert low < 0.02
    assert found.usable.groups == 120 - int(found.usable.estimand.split(" rows and more")[0].split()[-1]) // 25
    assert high - low > 0


def test_intervals_hold_the_mean_over_draws():
    z, y = rows("means", 60 * 500, d=4, k=3)  # one law
    found = [told(z[i::60], y[i::60], 500).usable for i in range(60)]
    mean = np.mean([one.value for one in found])
    assert sum(one.interval[0] <= mean <= one.interval[1] for one in found) >= 51  # 95 % of 60, less three deviations


@pytest.mark.parametrize(("before", "status"), [(0.1, "UNDERSAMPLED"), (0.3, "OK"), (0.39, "OK")])
def test_what_depends_on_how_many_rows_there_are_says_so(before, status):
    rng = np.random.default_rng(0)
    known, ids = np.repeat([0, 250, 500], [250, 250, 500]), np.arange(1000)
    gains = np.where(known == 500, 0.4, before) + 0.1 * rng.normal(size=1000)
    found = Prequential(2)._usable("readers", gains, known, rng.integers(2, size=1000), ids)
    assert found.status.name == status
    assert ("more rows, more is read" in str(found.notes)) == (before < 0.39)
    assert found.n == 500
    assert found.value == pytest.approx(0.4, abs=0.02)


def test_what_cannot_be_scored_is_refused_in_a_sentence():
    z, y = rows("means", 300)
    with pytest.raises(InputError, match="labels 0 to 3, wanted 0 to 1: say classes=4"):
        Prequential(2).update(z, y)
    with pytest.raises(InputError, match="t has 4 columns, wanted 30 as before"):
        Prequential(4).update(z, y).update(z[:, :4], y)
    with pytest.raises(InputError, match="50 rows have been read"):
        Prequential(4).update(z[:50], y[:50]).finish()
    with pytest.raises(InputError, match="wanted them with all or none"):
        Prequential(4).update(z, y).update(z, y, groups=y)
    with pytest.raises(InputError, match="a group came back"):
        Prequential(4).update(z, y, groups=np.arange(300) % 7).finish()
    with pytest.raises(InputError, match=r"y has shape \(299,\)"):
        Prequential(4).update(z, y[:299])
