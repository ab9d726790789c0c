"""Moving dots: how they are generated, and what can at best be told from the inputs."""

import math

import numpy as np
import pytest
from scipy import special

import infoscope.data
from infoscope.core.errors import InputError
from infoscope.core.units import bits
from infoscope.data.tasks._dots import COHERENCES, NOISE, bayes_accuracy, ceiling


@pytest.fixture(scope="module")
def task():
    return infoscope.data.task("moving_dots")


def information(one, other):
    table = np.bincount(2 * one + other, minlength=4).reshape(2, 2) / len(one)
    return float((table * np.log(table / np.outer(table.sum(1), table.sum(0)))).sum())


def test_the_cue_says_which_sign_is_the_choice_and_which_is_ignored(task):
    choice, ignored, motion, colour, context = (
        task.variables[name] for name in ("choice", "ignored", "motion", "colour", "context")
    )
    assert (choice == np.where(context == 0, motion, colour)).all()
    assert (ignored == np.where(context == 0, colour, motion)).all()
    assert np.array_equal(task.inputs[:, 2:], np.eye(2, dtype=np.float32)[context])


def test_evidence_is_a_signed_coherence_in_noise(task):
    for column, name in enumerate(("motion", "colour")):
        signed = task.inputs[:, column] * (2 * task.variables[name] - 1)
        assert signed.mean() == pytest.approx(np.mean(COHERENCES), abs=0.006)
        assert signed.var() == pytest.approx(np.var(COHERENCES) + NOISE**2, rel=0.03)


def test_choice_ignored_and_context_say_nothing_of_one_another(task):
    v = task.variables
    for one, other in (("choice", "ignored"), ("choice", "context"), ("ignored", "context"), ("motion", "colour")):
        assert information(v[one], v[other]) < 5e-4
    assert information(v["choice"], v["motion"]) == pytest.approx(  # the same in half of the trials
        math.log(2) - special.entr([0.75, 0.25]).sum(), abs=0.01
    )


def test_the_ceiling_agrees_with_a_plain_sum_and_with_the_bayes_rule_on_the_rows(task):
    s = np.linspace(-2, 2, 100_001)

    def density(signs):
        centres = np.array([sign * level for sign in signs for level in COHERENCES])
        return np.exp(-0.5 * ((s[:, None] - centres) / NOISE) ** 2).mean(1) / (NOISE * math.sqrt(2 * math.pi))

    def entropy(p):
        return -(p * np.log(np.maximum(p, 1e-300))).sum() * (s[1] - s[0])

    assert ceiling() == pytest.approx(entropy(density((1, -1))) - entropy(density((1,))), abs=1e-7)
    assert bits(ceiling()) == pytest.approx(0.7, abs=1e-3)
    context = task.variables["context"]
    counted = task.inputs[np.arange(len(task)), context] > 0
    assert (counted == task.variables["choice"]).mean() == pytest.approx(bayes_accuracy(), abs=0.01)
    assert task.information["choice"] == task.information["ignored"] == ceiling()


def test_another_seed_draws_other_trials_and_bad_options_are_refused(task):
    assert infoscope.data.task("moving_dots", seed=1).hashes != task.hashes
    assert infoscope.data.task("moving_dots").hashes == task.hashes
    for bad in ({"seed": -1}, {"noise": 0.0}):
        with pytest.raises(InputError, match=next(iter(bad))):
            infoscope.data.task("moving_dots", **bad)
