"""The checkerboard tasks: how they are generated, and what can at best be told from their inputs."""

import math

import numpy as np
import pytest

import infoscope.data
from infoscope.core.errors import InputError
from infoscope.core.units import bits
from infoscope.data.tasks import _checkerboard
from infoscope.data.tasks._checkerboard import COHERENCES, bayes_accuracy, ceiling, sampled_ceiling


@pytest.fixture(scope="module", params=[2, 10, 20])
def task(request):
    return infoscope.data.task(f"checkerboard{request.param if request.param > 2 else ''}")


def test_the_levels_are_the_published_counts():
    red = {11, 45, 67, 78, 90, 101, 108, 117, 124, 135, 147, 158, 180, 214}
    signed = {c for level in COHERENCES for c in (level, -level)}
    assert np.allclose(sorted(signed), sorted(2 * r / 225 - 1 for r in red))


def test_the_direction_is_the_target_that_shows_the_colour(task):
    c = task.classes
    direction, colour, configuration = (task.variables[name] for name in ("direction", "colour", "configuration"))
    shown = np.rint((task.inputs[:, :c] + 1) / 2 * (c - 1)).astype(int)
    assert (shown[np.arange(len(task)), direction] == colour).all()
    assert (np.sort(shown, axis=1) == np.arange(c)).all()
    assert (shown[:, 0] == configuration).all()
    if c == 2:
        assert (direction == colour ^ configuration).all()


def test_the_excess_of_colours_is_the_coherence_with_noise(task):
    c, colour = task.classes, task.variables["colour"]
    excess = task.inputs[:, c:].astype(np.float64)
    dominant = excess[np.arange(len(task)), colour]
    others = (excess.sum(1) - dominant) / (c - 1)
    # nearest level, from both channels: the noise of the difference is small beside the largest gap
    assert abs(dominant.mean() - np.mean(COHERENCES)) < 0.01
    assert abs(others.mean() + np.mean(COHERENCES) / (c - 1)) < 0.01
    residual = dominant + (c - 1) * others  # the coherence cancels
    assert residual.std() == pytest.approx(0.1 * math.sqrt(1 + (c - 1)), rel=0.03)


def test_two_variables_say_nothing_of_each_other(task):
    c = task.classes
    for one, other in (("direction", "colour"), ("direction", "configuration"), ("colour", "configuration")):
        table = np.bincount(task.variables[one] * c + task.variables[other], minlength=c * c) / len(task)
        expected = np.outer(table.reshape(c, c).sum(1), table.reshape(c, c).sum(0)).ravel()
        information = (table[table > 0] * np.log(table[table > 0] / expected[table > 0])).sum()
        assert information < 2 * (c - 1) ** 2 / (2 * len(task)) + 1e-3


def test_another_seed_draws_other_trials_and_the_same_seed_the_same(task):
    again, other = (infoscope.data.task(task.name, seed=seed) for seed in (0, 1))
    assert np.array_equal(task.inputs, again.inputs)
    assert task.hashes == again.hashes != other.hashes
    assert (len(task.split.train), len(task.split.test)) == ({2: 9000, 10: 36_000, 20: 144_000}[task.classes], 8000)


@pytest.mark.parametrize(
    ("noise", "information", "accuracy"),
    [(0.05, 0.936, 0.981), (0.1, 0.833, 0.949), (0.2, 0.676, 0.897), (0.3, 0.552, 0.855)],
)
def test_ceilings_are_those_found_elsewhere_by_sampling(noise, information, accuracy):
    assert bits(ceiling(noise)) == pytest.approx(information, abs=2e-3)
    assert bayes_accuracy(noise) == pytest.approx(accuracy, abs=1e-3)


def test_the_ceiling_agrees_with_a_plain_sum():
    """I = H(S) - H(S|colour) of s = c + noise, on a grid, the entropies by themselves."""
    sd = 0.1 / math.sqrt(2)
    s = np.linspace(-2.5, 2.5, 200_001)

    def density(signs):
        centres = np.array([sign * level for sign in signs for level in COHERENCES])
        return np.exp(-0.5 * ((s[:, None] - centres) / sd) ** 2).mean(1) / (sd * math.sqrt(2 * math.pi))

    def entropy(p):
        return -(p * np.log(np.maximum(p, 1e-300))).sum() * (s[1] - s[0])

    assert ceiling(0.1) == pytest.approx(entropy(density((1, -1))) - entropy(density((1,))), abs=1e-8)
    assert bayes_accuracy(0.1) == pytest.approx(density((1,))[s > 0].sum() * (s[1] - s[0]), abs=1e-4)


def test_limits_of_little_and_much_noise():
    assert ceiling(1e-3) == pytest.approx(math.log(2), abs=1e-9)
    assert bayes_accuracy(1e-3) == pytest.approx(1, abs=1e-9)
    assert 0 < ceiling(100.0) < 1e-4
    assert bayes_accuracy(100.0) == pytest.approx(0.5, abs=5e-3)
    noises = [0.02, 0.05, 0.1, 0.3, 1.0]
    assert (np.diff([ceiling(noise) for noise in noises]) < 0).all()


def test_the_sampled_ceiling_agrees_with_the_quadrature():
    information, accuracy = sampled_ceiling(2)
    assert information == pytest.approx(ceiling(), abs=0.003)
    assert accuracy == pytest.approx(bayes_accuracy(), abs=0.003)


def test_more_colours_hold_more_information_and_are_harder(task):
    c = task.classes
    information, accuracy = sampled_ceiling(c)
    assert 0 < information < math.log(c)
    if c > 2:
        fewer = sampled_ceiling(2 if c == 10 else 10)
        assert information > fewer[0]
        assert accuracy < fewer[1]
        assert "direction" not in task.information  # sampled, so not exact


def test_the_bayes_rule_does_as_well_on_the_rows_as_it_should(task):
    c = task.classes
    best = task.inputs[:, c:].argmax(1)  # by symmetry the greatest excess
    hits = (best == task.variables["colour"]).mean()
    assert hits == pytest.approx(sampled_ceiling(c)[1], abs=4 * 0.5 / math.sqrt(len(task)))


@pytest.mark.parametrize("options", [{"seed": -1}, {"noise": 0.0}, {"noise": math.nan}])
def test_bad_options_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        infoscope.data.task("checkerboard", **options)


def test_too_little_noise_for_the_quadrature_is_still_right():
    assert _checkerboard.ceiling(1e-5) == pytest.approx(math.log(2), abs=1e-6)
