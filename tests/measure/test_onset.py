"""Since when: closed forms of every answer, and how often its interval holds the truth, in a small simulation."""

import numpy as np
import pytest

from infoscope.core.errors import InputError
from infoscope.measure.intervals.onset import onset

STEPS = [0, 10, 20, 50, 100, 200, 500, 1000]


def shares(curve, groups=50, rows=10, noise=0.0, members=1, seed=0):
    """Sums and counts of groups whose mean is ``curve``."""
    rng = np.random.default_rng(seed)
    own = noise * rng.normal(size=(members, len(curve), groups))
    own -= own.mean(2, keepdims=True)
    return rows * (np.asarray(curve, float)[None, :, None] + own), np.full((members, len(curve), groups), float(rows))


def answer(curve, steps=STEPS, **more):
    return onset(*shares(curve, **more), steps)


@pytest.mark.parametrize(
    ("curve", "since", "after", "step"),
    [
        ([0, 0, 0, 0.1, 0.9, 1, 1, 1], "since a step", 50, 100),
        ([0.2, 0.2, 0.5, 0.7, 1, 1, 1, 1], "since a step", 20, 50),  # half of the excess of .8 is at .6
        ([0, 0, 0, 0, 0, 0, 0, 1], "since a step", 500, 1000),
        ([0, 1, 1, 1, 1, 1, 1, 1], "since a step", 0, 10),
        ([0.5, 0.6, 0.7, 0.8, 0.9, 1, 1, 1], "from the start", None, 0),
        ([0.5, 0.4, 0.3, 0.2, 0.1, 0, 0, 0], "from the start", None, 0),
        ([0, 0, 1, 1, 0.3, 0.2, 0.1, 0], "comes and goes", 10, 20),
        ([0, 0, 1, 0.2, 0.3, 1, 1, 1], "comes and goes", 10, 20),
        ([0, 0, 1, 0.3, 1, 1, 1, 1], "since a step", 10, 20),  # one step below is no fall
    ],
)
def test_curves_that_are_known_exactly(curve, since, after, step):
    found = answer(curve)
    assert (found.since, found.after, found.step) == (since, after, step)
    assert found.control == curve[0]
    assert found.largest == max(curve)
    assert found.values == pytest.approx(tuple(curve))
    if since != "from the start":
        assert found.interval == (after, step)


def test_one_step_below_again_is_said():
    assert answer([0, 0, 1, 0.3, 1, 1, 1, 1]).notes == ("below half again at step 50 alone",)


@pytest.mark.parametrize("curve", [[0.0] * 8, [-0.1] * 8, [0.01, 0.012, 0.009, 0.01, 0.011, 0.01, 0.01, 0.012]])
def test_what_is_not_surely_above_the_untrained_network_is_never_there(curve):
    found = answer(curve, noise=0.3)
    assert (found.since, found.step, found.interval) == ("never", None, None)


def test_more_noise_widens_the_interval_and_the_same_groups_at_every_step_do_not():
    curve = [0, 0.1, 0.3, 0.45, 0.55, 0.8, 1, 1]
    loose, tight = answer(curve, noise=2.0).interval, answer(curve, noise=0.3).interval
    width = lambda found: STEPS.index(found[1]) - STEPS.index(found[0])  # noqa: E731
    assert width(loose) > width(tight)
    sums, counts = shares(curve)
    common = np.random.default_rng(0).normal(size=50) * 20
    paired = onset(sums + (common - common.mean()) * np.ones((1, 8, 1)), counts, STEPS)
    assert paired.since == "from the start" or paired.interval == (50, 100)


def test_unequal_groups_count_by_their_rows():
    counts = np.tile(np.array([1.0, 9.0] * 10), (1, 3, 1))
    sums = counts * np.array([0.0, 0.2, 1.0])[None, :, None]
    sums[:, 1, ::2] += 3.0  # a tenth of the rows: their mean is .3 higher by it
    found = onset(sums, counts, [0, 1, 2])
    assert found.values[1] == pytest.approx(0.2 + 3.0 / 10)


def test_members_are_drawn_too_and_few_of_them_are_said():
    found = answer([0, 0, 0, 0.1, 0.9, 1, 1, 1], members=3)
    assert found.resampled == "groups and members"
    assert "3 members" in found.notes[0]
    assert answer([0, 0, 0, 0.1, 0.9, 1, 1, 1]).resampled == "groups"


def test_few_groups_have_an_answer_and_no_interval():
    found = answer([0, 0, 0, 0.1, 0.9, 1, 1, 1], groups=6)
    assert (found.step, found.interval) == (100, None)
    assert "6 groups, wanted at least 10" in found.notes[0]


def test_another_step_may_be_the_control():
    sums, counts = shares([9, 0, 0, 0.1, 0.9, 1, 1, 1])
    assert onset(sums[:, 1:], counts[:, 1:], STEPS[1:]).step == 100
    assert onset(sums, counts, STEPS, untrained=1).step == 0


def test_it_says_itself_in_bits():
    said = str(answer([0, 0, 0, 0.1, 0.9, 1, 1, 1]))
    assert said == "between steps 50 and 100 [50, 100] (0 bits untrained, 1.443 bits at most)"
    assert str(answer([0.0] * 8, noise=0.3)).startswith("never (")
    assert str(answer([1.0] * 8)).startswith("from the start (")


@pytest.mark.parametrize(
    ("steps", "change", "words"),
    [
        ([0], {}, "wanted two or more that rise"),
        ([0, 5, 5], {}, "wanted two or more that rise"),
        ([5, 0, 7], {}, "wanted two or more that rise"),
        ([0, 1, 2], {"rows": 1}, "the rows of a curve differ between steps"),
    ],
)
def test_what_is_no_curve_is_refused(steps, change, words):
    sums, counts = shares([0.0, 1.0, 2.0][: len(steps)])
    counts[0, -1, 0] += change.get("rows", 0)
    with pytest.raises(InputError, match=words):
        onset(sums, counts, steps)


def test_the_interval_holds_the_truth():
    """A slow rise, 60 groups of tokens that are alike: of 60 draws at least nine tenths, less chance, hold it."""
    at = np.arange(10)
    curve = 0.3 / (1 + np.exp(-0.8 * (at - 4.6)))
    excess = curve - curve[0]
    truth = int((excess >= excess.max() / 2).argmax())
    rng, held = np.random.default_rng(0), 0
    for seed in range(60):
        own = 0.2 * rng.normal(size=(1, 60)) + 0.15 * rng.normal(size=(10, 60))
        found = onset(14 * (curve[:, None] + own)[None], np.full((1, 10, 60), 14.0), list(range(10)), seed=seed)
        assert found.since != "never"
        low, high = found.interval or (0, 0)
        held += low <= truth - 1 and (high is None or high >= truth)
    assert held >= 50


def test_of_nothing_nothing_is_found_but_by_chance():
    rng, wrong = np.random.default_rng(1), 0
    for seed in range(60):
        own = 0.2 * rng.normal(size=(1, 60)) + 0.2 * rng.normal(size=(8, 60))
        wrong += onset(own[None], np.ones((1, 8, 60)), STEPS, seed=seed).since != "never"
    assert wrong <= 8  # of 60, at a level of 5 %
