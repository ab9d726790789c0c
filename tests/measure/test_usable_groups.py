"""Usable information of rows that belong together, that are there several times, or that follow each other."""

import dataclasses

import numpy as np
import pytest
import torch

from infoscope import estimator as make
from infoscope.core.errors import InputError
from infoscope.core.estimate import Status
from infoscope.core.measurement import Given
from infoscope.core.quantity import USABLE
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.questions.description_length import description_length
from infoscope.measure.questions.minimality import minimality
from infoscope.measure.questions.usable import conditional_usable_information, usable_chain, usable_information
from infoscope.measure.usable.deals import cross_fitted, dealt, folds_of, held_out
from infoscope.measure.usable.unsaid_groups import copies_of

IDS = np.repeat(np.arange(60), 5)


def prompts(seed=0, groups=60, rows=5):
    """Half of the groups carry y in one column of two; their rows share that."""
    rng = np.random.default_rng(seed)
    ids = np.repeat(np.arange(groups), rows)
    carries, y = rng.choice([0.0, 3.0], groups)[ids], rng.integers(2, size=groups * rows)
    z = np.stack([carries * (2 * y - 1) + rng.normal(size=len(y)), rng.normal(size=len(y))], 1)
    return z, y, ids


# --- who is dealt where -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "deal",
    [
        dealt(300, 5, 0, Groups.of(IDS, 300)),
        dealt(300, IDS % 7, 0, Groups.of(IDS, 300)),
        held_out(300, 0.4, 0, Groups.of(IDS, 300)),
    ],
)
def test_a_group_is_on_one_side_of_every_split(deal):
    for split in deal.splits:
        sides = [set(IDS[rows]) for rows in (split.train, split.validation, split.scored)]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 60
        assert all(sides)


def test_one_split_by_groups_scores_about_the_share_asked_for():
    (split,) = held_out(300, 0.4, 3, Groups.of(IDS, 300)).splits
    assert [len(rows) for rows in (split.scored, split.validation, split.train)] == pytest.approx([120, 36, 144], abs=5)


@pytest.mark.parametrize("count", [3, 5, 10, 100])
def test_a_quarter_of_the_other_folds_is_chosen_by(count):
    splits = cross_fitted(folds_of(400, np.arange(400) % count, 0))
    assert sorted(np.concatenate([split.scored for split in splits])) == list(range(400))
    for split in splits:
        assert len(split.validation) / len(split.known) == pytest.approx(0.25, abs=0.5 / (count - 1) + 0.01)


def test_many_folds_read_what_five_do():
    """With one group in a hundred to choose by, the probe chose by that group alone: .04 bits in place of .25."""
    z, y, ids = prompts(0, 100, 20)
    few = usable_information(z, y, groups=ids)
    many = usable_information(z, y, folds=ids)
    assert many.groups == few.groups == 100
    assert many.value == pytest.approx(few.value, abs=few.interval[1] - few.value)


def test_folds_that_tear_a_group_are_refused():
    z, y, ids = prompts()
    with pytest.raises(InputError, match="60 groups have rows in several folds, wanted every group in one"):
        usable_information(z, y, folds=np.arange(300) % 5, groups=ids)


# --- intervals --------------------------------------------------------------------------------------------------------


def test_the_interval_counts_groups():
    z, y, ids = prompts()
    found = usable_information(z, y, groups=ids)
    assert (found.groups, found.resampled, found.n) == (60, "groups", 300)
    assert "by groups" in found.estimand
    assert str(found).count("n=300 in 60 groups") == 1
    rows = usable_information(z, y)
    assert (rows.groups, rows.resampled) == (None, "rows")
    assert found.interval[1] - found.interval[0] > 1.5 * (rows.interval[1] - rows.interval[0])


def test_folds_of_ten_and_more_parts_are_groups_and_fewer_say_nothing():
    z, y, ids = prompts()
    assert usable_information(z, y, folds=ids).groups == 60
    few = usable_information(z, y, folds=ids % 5)
    assert few.groups is None
    assert "5 folds say what is scored together, too few for an interval" in few.notes[0]
    assert usable_information(z, y, folds=ids % 5, groups=ids).groups == 60


@pytest.mark.parametrize(
    ("ids", "words"),
    [
        (np.arange(300) * 9 // 300, "9 groups of rows, wanted at least 10"),
        (np.maximum(np.arange(300), 160), "one group holds 54 %"),
    ],
)
def test_where_groups_leave_no_interval_none_is_given(ids, words):
    z, y, _ = prompts()
    found = usable_information(z, y, groups=ids, folds=3)
    assert found.interval is None
    assert (found.interval_kind, found.level, found.resampled) == (None, None, None)
    assert found.status is Status.UNDERSAMPLED
    assert words in " ".join(found.notes)


def test_labels_of_whole_groups_in_too_few_of_them():
    rng = np.random.default_rng(0)
    ids = np.repeat(np.arange(20), 10)
    y = (ids % 10).astype(int)
    found = usable_information(rng.normal(size=(200, 3)), y, groups=ids)
    assert found.interval is None
    assert "20 groups of one label each for 10 classes" in " ".join(found.notes)


def test_frequencies_of_whole_groups_are_smoothed_by_half_a_group():
    """With half a row H(Y) of a null probe is .71 nats too large here (20 groups of 10 rows, 10 classes)."""
    ids = np.repeat(np.arange(20), 10)
    groups = Groups.of(ids, 200)
    assert groups.half_a_group(ids % 10) == pytest.approx(5.0)
    assert groups.half_a_group(np.tile(np.arange(10), 20)) == pytest.approx(0.5)
    rng = np.random.default_rng(0)
    entropies = {"rows": [], "groups": []}
    for _ in range(30):
        y, z = rng.integers(10, size=20)[ids], rng.normal(size=(200, 1))
        entropies["groups"].append(usable_information(z, y, "prior", groups=ids).entropy)
        entropies["rows"].append(usable_information(z, y, "prior", folds=ids % 5).entropy)
    assert abs(np.mean(entropies["groups"]) - np.log(10)) < 0.35 < np.mean(entropies["rows"]) - np.log(10)


# --- every question ---------------------------------------------------------------------------------------------------


def test_a_chain_adds_up_by_groups():
    z, y, ids = prompts()
    fine = 2 * y + (z[:, 1] > 0)
    chain = usable_chain(z, fine, y, groups=ids)
    assert {one.groups for one in chain} == {60}
    np.testing.assert_allclose(chain.fine.pointwise, chain.coarse.pointwise + chain.fine_given_coarse.pointwise)


def test_a_chain_refuses_test_rows_in_another_order():
    pandas = pytest.importorskip("pandas", reason="an index is what pandas gives rows")
    z, y, _ = prompts()
    z, fine = pandas.DataFrame(z), pandas.Series(y)
    with pytest.raises(InputError, match="z_test and fine_test have the same index in another order"):
        usable_chain(z, fine, fine, z_test=z, fine_test=fine[::-1])


def test_a_conditional_by_groups():
    z, y, ids = prompts()
    found = conditional_usable_information(z[:, :1], y, z[:, 1:], groups=ids)
    assert (found.groups, found.resampled) == (60, "groups")


def test_quantities_by_groups():
    z, _, ids = prompts()
    found = usable_information(
        z, z[:, 0] + np.random.default_rng(1).normal(size=60)[ids], target="quantities", groups=ids
    )
    assert (found.groups, found.resampled) == (60, "groups")


def test_a_code_sends_groups_whole():
    z, y, ids = prompts()
    found = description_length(z, y, groups=ids)
    assert (found.groups, found.resampled) == (60, "groups")
    assert sum(coded for _, coded, _ in found.blocks) == 300
    assert all(known % 5 == 0 for known, _, _ in found.blocks)


def test_test_rows_have_groups_of_their_own():
    z, y, ids = prompts()
    found = usable_information(z, y, z_test=z, y_test=y, groups=ids, groups_test=ids + 100)
    assert found.groups == 60
    with pytest.raises(InputError, match="60 groups are in groups and in groups_test"):
        usable_information(z, y, z_test=z, y_test=y, groups=ids, groups_test=ids)
    with pytest.raises(InputError, match="one of groups and groups_test arrived without the other"):
        usable_information(z, y, z_test=z, y_test=y, groups=ids)
    with pytest.raises(InputError, match="groups_test arrived without z_test"):
        usable_information(z, y, groups=ids, groups_test=ids)


def test_the_measurement_takes_groups_and_says_what_the_function_says():
    z, y, ids = prompts()
    (((name, estimate, *_),),) = make("usable_information").measure(z[None], {"y": y}, Given(groups=ids))
    whole = usable_information(z, y, groups=ids)
    assert name == "y"
    assert estimate == dataclasses.replace(whole.plain(), quantity=USABLE, seconds=estimate.seconds)


# --- rows that are there several times --------------------------------------------------------------------------------


def test_a_collapsed_layer_is_read_as_it_is():
    x = np.random.default_rng(0).integers(4, size=400)
    found = usable_information(np.eye(4)[x], x % 2)
    assert found.bits == pytest.approx(1, abs=0.01)
    assert found.status is Status.OK


def test_words_are_unresolved_with_both_numbers():
    """Ten one-hot words carry .144 nats of y; where equal rows stay together each is a word never seen."""
    rng = np.random.default_rng(0)
    x = rng.integers(10, size=4000)
    y = (rng.random(4000) < np.where(x < 5, 0.24, 0.76)).astype(int)
    found = usable_information(np.eye(10)[x], y)
    assert found.value == pytest.approx(0.144, abs=0.02)
    assert found.status is Status.UNRESOLVED
    assert "4000 rows are 10 different ones" in found.notes[-2]
    assert "groups=np.arange(n) if they are symbols" in found.notes[-1]
    said = usable_information(np.eye(10)[x], y, groups=np.arange(4000))
    assert (said.value, said.status) == (found.value, Status.OK)


def test_an_enumerated_table_is_no_copies():
    """Twelve words of six classes: no more than two a class."""
    x = np.random.default_rng(0).integers(12, size=600)
    found = usable_information(np.eye(12)[x], x // 2)
    assert found.status is Status.OK
    assert found.value == pytest.approx(np.log(6), abs=0.05)


def test_one_group_to_score_has_a_value_and_no_interval():
    z, y, ids = prompts()
    found = usable_information(z, y, z_test=z[:50], y_test=y[:50], groups=ids, groups_test=np.full(50, -1))
    assert found.interval is None
    assert (found.groups, found.status) == (1, Status.UNDERSAMPLED)


def test_a_few_copies_change_nothing():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=2000)
    z = rng.normal(size=(2000, 2)) + y[:, None]
    plain = usable_information(z, y)
    z[0] = z[1]
    found = usable_information(z, y)
    assert found.interval_kind == plain.interval_kind


@pytest.mark.parametrize("copies", [2, 5])
def test_copies_are_in_the_interval(copies):
    """200 rows, each there several times, are worth .26 nats to a linear probe; dealt freely .33 and more."""
    inside = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        y = rng.integers(2, size=200)
        z = rng.normal(size=(200, 20)) + 0.45 * (2 * y[:, None] - 1) * (np.arange(20) < 5)
        fresh_y = rng.integers(2, size=200)
        fresh = rng.normal(size=(200, 20)) + 0.45 * (2 * fresh_y[:, None] - 1) * (np.arange(20) < 5)
        truth = usable_information(np.r_[z, fresh][::2], np.r_[y, fresh_y][::2]).value
        found = usable_information(np.repeat(z, copies, 0), np.repeat(y, copies))
        assert found.interval_kind == "equal rows apart or together"
        inside += found.interval[0] < truth < found.interval[1]
    assert inside >= 16


def test_a_code_of_copies_says_so_too():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(200, 3))
    y = (z[:, 0] + rng.normal(size=200) > 0).astype(int)
    found = description_length(np.repeat(z, 2, 0), np.repeat(y, 2))
    assert (found.interval_kind, found.level, found.resampled) == ("equal rows apart or together", 0.95, "rows")
    assert any("400 rows are 200 different ones" in note for note in found.notes)


# --- rows that follow each other --------------------------------------------------------------------------------------


def series(phi, n, rng):
    """A stationary AR(1)."""
    x = rng.normal(size=n)
    x[0] /= np.sqrt(1 - phi * phi)
    for i in range(1, n):
        x[i] += phi * x[i - 1]
    return x


def test_two_slow_series_are_never_taken_for_independent_rows():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found = usable_information(series(0.99, 1000, rng)[:, None], series(0.99, 1000, rng) > 0, "knn")
        assert found.status is not Status.OK
        assert "rows in a row are alike" in " ".join(found.notes)


def test_shuffled_rows_and_rows_sorted_by_class_are_no_series():
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        y = np.sort(rng.integers(3, size=300))
        z = rng.normal(size=(300, 2)) + y[:, None]
        found = usable_information(z, y, weight_decay=0.01)
        alarms += any("in a row" in note for note in found.notes)
        assert found.status is Status.OK
    assert alarms <= 0.023 * 40 + 3 * np.sqrt(0.023 * 40)


# --- minimality -------------------------------------------------------------------------------------------------------


def test_copies_of_an_input_bear_one_mark():
    """Ten columns tell 30 inputs apart as well when each is there four times, if its copies are marked alike."""
    z, y = np.random.default_rng(0).normal(size=(30, 10)), np.arange(30) % 2
    once = minimality(z, y, weight_decay=1e-4)
    copies = [np.repeat(one, 4, axis=0) for one in (z, y, np.arange(30))]
    marked = minimality(*copies[:2], weight_decay=1e-4, groups=copies[2])
    assert marked.value == pytest.approx(once.value, abs=0.1)
    assert (marked.groups, marked.resampled) == (30, "labelings")
    assert minimality(*copies[:2], weight_decay=1e-4).value < 0.5 * marked.value
    with pytest.raises(InputError, match="wanted at least two groups in one of them"):
        minimality(z, y, groups=y)


@pytest.mark.parametrize("k", [2, 3, 6, 9])
def test_equal_rows_are_copies_where_there_are_ten_of_them_and_more_than_two_a_class(k):
    """With fewer they are the lines of a table, each of which may be on both sides of a split."""
    least = max(10, 2 * k + 1)
    for different in (least - 1, least):
        rows = torch.from_numpy(np.repeat(np.arange(different, dtype=np.float64), 2)[:, None])
        assert (copies_of(rows, k) is not None) == (different == least)
    assert copies_of(torch.arange(float(least))[:, None], k) is None, "no row is there twice"


def test_the_fewest_rows_of_a_split():
    """Two are scored, one is chosen by: below that there is nothing to say."""
    (split,) = held_out(5, 0.4, 0).splits
    assert [len(rows) for rows in (split.scored, split.validation, split.train)] == [2, 1, 2]
    for n, share in ((5, 0.2), (4, 0.5)):  # one row to score; half a row to choose by
        with pytest.raises(InputError, match=f"{n} rows arrived, too few to score {share:g} of them"):
            held_out(n, share, 0)
