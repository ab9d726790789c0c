"""The choice names who answers the question, follows the measured numbers, punishes warnings, and knows "none"."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.benchmark import choosing, results
from infoscope.benchmark.cases import Subject, ours
from infoscope.benchmark.choosing import Question, choose, question_of, rank
from infoscope.core import grammar
from infoscope.core.errors import InputError
from infoscope.data.source import find_source
from infoscope.measure.bases import estimator as _base
from infoscope.measure.questions.information import mutual_information

A, B, C = "bivariate-normal", "swiss-roll", "dense-5x5"
WIDE = "wide-classes-64"


@pytest.fixture
def measured(made_row, monkeypatch):
    """``measured((name, source, n, error), …)`` are the results that the package carries."""

    def use(*entries):
        rows = [made_row("ours", name, source, n, error=error, **more) for name, source, n, error, more in entries]
        found = results.source_results(rows)
        monkeypatch.setattr(choosing, "load", lambda: (found, {}))
        return found

    return use


def test_how_many_problems_were_comparable_is_said_by_its_older_name_too(measured):
    measured(("ksg", A, 1000, 0.1, {}), ("ksg", A, 5000, 0.1, {}))
    found = choose(n=1000, dx=1, dy=1)
    assert found.to_json()["problems"] == found.problems > 0
    with pytest.warns(FutureWarning, match=r"Choice\.tasks is now Choice\.problems"):
        assert found.tasks == found.problems


# --- who is named -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [True, False])
def test_only_who_answers_the_question_or_bounds_it_is_named(measured, labels):
    """Were everybody perfect everywhere, whose number is of something else would still not be named."""
    source = WIDE if labels else A
    asked = [s for s in ours() if source_takes(s, source)]
    measured(*((s.name, source, 1000, 0.0, {"options": s.options}) for s in asked))
    found = choose(n=1000, dx=64 if labels else 1, discrete_y=labels)
    named = {candidate.subject for candidate in found.candidates}
    assert named == {s for s in asked if grammar.make("estimators", s.name).answers != "another question"}
    assert {s.name for s in asked} - {s.name for s in named}, "somebody was left out"
    for candidate in found.candidates:
        assert candidate.answers in _base.ANSWERS
        assert (candidate.answers in candidate.label) == ("bound" in candidate.answers)
        again = grammar.make("estimators", candidate.subject.label)
        assert candidate.subject.make().options == again.options, "a name to pass on"


def source_takes(subject, source):
    return subject.takes(find_source(source))


VARIANTS = [s for s in ours() if s.options != "{}" and s.answers != "another question"]


@pytest.mark.parametrize("subject", VARIANTS, ids=[s.label for s in VARIANTS])
def test_who_is_named_with_options_is_on_the_truth_or_on_its_side_too(subject):
    """The contract tests hold each estimator to this as it is by default."""
    assert subject.answers in ("the question", "a lower bound")
    for source in (find_source(name) for name in ("scaled-classes", "noisy-tanh-labels-20", A)):
        if subject.takes(source):
            found = subject.make().mutual_information(*source.sample(1000, seed=1))
            low, high = found.interval
            if source.name != "noisy-tanh-labels-20":
                assert found.status.name == "OK"
                assert found.value > source.truth / 2
            assert low - 3 / np.sqrt(1000) <= source.truth
            if subject.answers == "the question" and found.status.name == "OK":
                assert source.truth <= high + 3 / np.sqrt(1000)


def test_everybody_who_could_be_named_is_ranked_or_said_not_to_be(measured):
    measured(*(("mixed_ksg", s, 1000, 0.1, {}) for s in ("wide-classes-64", "glyph-label", "noisy-clusters-50")))
    found = choose(n=1000, dx=64, discrete_y=True)
    able = {s for s in ours() if source_takes(s, WIDE) and s.answers != "another question"}
    assert {c.subject for c in found.candidates} | {u.subject for u in found.unmeasured} == able
    assert Subject("ours", "usable_information") in able, "probes are candidates for labels"
    assert {s.options for s in able} >= {'{"probe":"knn"}', '{"probe":"mlp"}', '{"probe":"ladder"}'}
    assert "usable_information met none" in found.why


def test_the_least_error_near_by_wins(measured):
    measured(
        ("ksg", A, 1000, 0.01, {}), ("mixed_ksg", A, 1000, 0.2, {}), ("ksg", C, 1000, 0.9, {}),
        ("mixed_ksg", C, 1000, 0.01, {}),
    )  # fmt: skip
    low, high = choose(n=1000, dx=1), choose(n=1000, dx=5, dy=5)
    assert (low.estimator, high.estimator) == ("ksg", "mixed_ksg")
    assert (low.nearest.source, high.nearest.source) == (A, C)
    assert "just as asked" in low.why
    assert "next is mixed_ksg, with" in str(low)


def test_a_warning_costs_as_much_as_saying_nothing(measured):
    found = measured(("ksg", A, 1000, 0.01, {"status": "SATURATED"}), ("mixed_ksg", A, 1000, 0.2, {}))
    best, last = rank(found, Question(1000, 1))
    assert (best.subject.name, last.subject.name) == ("mixed_ksg", "ksg")
    assert (last.loss, last.trusted) == (pytest.approx(1.0), 0.0)
    found = measured(("ksg", A, 1000, None, {"status": "REFUSED"}), ("mixed_ksg", A, 1000, -2.0, {}))
    best, last = rank(found, Question(1000, 1))
    assert (best.subject.name, best.loss) == ("ksg", pytest.approx(1.0))
    assert last.loss == pytest.approx(choosing.WORST), "a wild answer without a warning is worse than none"


def test_a_poor_best_is_called_poor(measured):
    truth = find_source(A).truth
    measured(("ksg", A, 1000, 0.6 * truth, {}))
    assert "That is poor" in choose(n=1000, dx=1).why
    measured(("ksg", A, 1000, 0.4 * truth, {}))
    assert "poor" not in choose(n=1000, dx=1).why


def test_who_met_only_easy_problems_is_not_the_better_for_it(measured):
    """ksg is a tenth better wherever both were measured; infonce alone met the hard problem too."""
    easy, hard = (A, "bivariate-uniform"), "wiggly"
    truth = find_source(A).truth
    met = [("infonce", s, 1000, 0.3 * truth, {}) for s in easy] + [
        ("mixed_ksg", s, 1000, 0.2 * truth, {}) for s in easy
    ]
    found = measured(*met, ("infonce", hard, 1000, 0.8 * truth, {}))
    best, last = rank(found, Question(1000, 1))
    assert (best.subject.name, best.met, last.subject.name, last.met) == ("mixed_ksg", 2, "infonce", 3)
    assert last.loss == pytest.approx((0.3 + 0.3 + 0.8) / 3, rel=1e-6)
    assert best.loss == pytest.approx(last.loss - 0.1, rel=1e-6)


def test_who_met_too_few_is_said_not_to_be_ranked(measured):
    sources = (A, "bivariate-uniform", "wiggly")
    measured(*(("ksg", s, 1000, 0.1, {}) for s in sources), ("infonce", A, 1000, 0.0, {}))
    found = choose(n=1000, dx=1)
    assert [candidate.subject.name for candidate in found.candidates] == ["ksg"]
    met = {one.subject.name: one.met for one in found.unmeasured}
    assert (met["infonce"], met["smile"]) == (1, 0)
    assert "too few of the 3" in found.why
    assert "infonce met 1" in found.why


def test_rows_that_repeat_are_measured_on_problems_whose_rows_do(measured):
    measured(
        ("ksg", A, 1000, 0.01, {}), ("mixed_ksg", A, 1000, 0.2, {}), ("ksg", "rectified-pair", 1000, 0.9, {}),
        ("mixed_ksg", "rectified-pair", 1000, 0.01, {}),
    )  # fmt: skip
    assert choose(n=1000, dx=1).estimator == "ksg"
    assert choose(n=1000, dx=1, ties=True).estimator == "mixed_ksg"
    measured(("ksg", A, 1000, 0.01, {}))
    assert "Rows of yours repeat and none of its rows" in choose(n=1000, dx=1, ties=True).why


def test_kinds_are_kept_apart(measured):
    measured(("ksg", A, 1000, 0.1, {}), ("mixed_ksg", "dense-2x2", 1000, 0.1, {}))
    for other in ({"discrete_y": True}, {"discrete_x": True}):
        found = choose(n=1000, dx=1, **other)
        assert found.estimator is None
        assert "no problem of this kind was measured" in found.why


# --- none -------------------------------------------------------------------------------------------------------------


def test_far_beyond_what_was_measured_none_is_named(measured):
    measured(("ksg", A, 1000, 0.1, {}))
    near, far = choose(n=600, dx=2), choose(n=10, dx=100)
    assert near.estimator == "ksg"
    assert "its rows are 1000 where you have 600, its columns of X 1 where you have 2" in near.why
    assert (far.estimator, far.best) == (None, None)
    assert "nothing was measured on so few rows (10) of so many columns (100 and 1)" in far.why
    assert "More rows help, or fewer columns" in str(far)
    assert choose(n=64_000, dx=64).estimator == "ksg", "six doublings of rows pay for six of columns"
    with pytest.raises(InputError, match="no estimator was chosen to measure with: nothing was measured on so few"):
        far.measure(np.zeros((10, 100)), np.zeros(10))


def test_where_the_best_is_no_better_than_saying_nothing_none_is_named(measured):
    measured(("ksg", A, 1000, 0.01, {"status": "UNDERSAMPLED"}))
    assert choose(n=1000, dx=1).estimator is None
    assert "ksg, is no better there than saying nothing (loss 100%)" in choose(n=1000, dx=1).why


def test_who_answers_something_else_is_not_better_than_none(measured):
    measured(("binned", A, 1000, 0.0, {}))
    assert choose(n=1000, dx=1).estimator is None
    assert "nobody who answers the question met enough" in choose(n=1000, dx=1).why


# --- the data ---------------------------------------------------------------------------------------------------------


def test_numbers_and_kinds_are_read_from_the_data():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), rng.normal(size=(400, 2))
    words = np.where(y[:, 0] > 0, "a", "b")
    assert question_of(x, y) == Question(400, 3, 2)
    assert question_of(x[:, 0], words) == Question(400, 1, 1, discrete_y=True)
    assert question_of(x, (y[:, :1] > 0)) == Question(400, 3, 1, discrete_y=True)
    assert question_of(words, words) == Question(400, 1, 1, discrete_y=True, discrete_x=True)
    assert question_of(np.arange(400), words) == Question(400, 1, 1, discrete_y=True), "whole numbers, not few"
    assert question_of(np.maximum(x[:, :1], 0), y) == Question(400, 1, 2, ties=True)
    assert question_of(x, np.round(y)) == Question(400, 3, 2, ties=True)
    assert question_of(np.tile(x[:200], (2, 1)), words) == Question(400, 3, 1, discrete_y=True, ties=True)


def test_what_is_chosen_measures():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=1000)
    x = rng.normal(size=(1000, 2)) + 2 * y[:, None]
    chosen = choose(x, y)
    assert chosen.question == Question(1000, 2, 1, discrete_y=True)
    estimate = chosen.measure(x, y)
    assert estimate.value == mutual_information(x, y, chosen.estimator).value
    assert chosen.measure(x, y, strict=True).status.name == "OK"
    assert estimate.value == pytest.approx(0.4938, abs=0.1)  # two normals sqrt(8) apart, by quadrature


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n": 1, "dx": 1}, "n is 1, wanted a whole number of at least 2"),
        ({"n": 100, "dx": 0}, "dx is 0, wanted a whole number of at least 1"),
        ({"n": 100, "dx": 1, "dy": -1}, "dy is -1"),
        ({"n": 100}, "n or dx is missing"),
        ({"n": 100, "dx": 1, "dy": 3, "discrete_y": True}, "dy is 3 and y a label, wanted one column"),
        ({"x": 5000, "y": 64}, "numbers by name, as in"),
        ({"x": np.zeros((3, 1))}, "wanted choose"),
        ({"x": np.zeros((3, 1)), "y": np.zeros(3), "n": 3}, "wanted choose"),
        ({"x": np.zeros((3, 1)), "y": np.zeros(4)}, "x has 3 rows and y has 4"),
    ],
)
def test_impossible_questions_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        choose(**arguments)


# --- the results that the package carries -----------------------------------------------------------------------------


@pytest.mark.parametrize("question", [(5000, 64, 1, True), (1000, 1, 1, False), (10000, 25, 25, False)])
def test_the_results_in_the_package_answer(question):
    n, dx, dy, labels = question
    found = choose(n=n, dx=dx, dy=dy, discrete_y=labels)
    assert found.candidates == tuple(sorted(found.candidates, key=lambda one: (one.loss, one.cpu_seconds or 0)))
    assert found.estimator in found.why
    assert found.nearest.kind == ("labels" if labels else "real")
    assert found.nearest.source in found.why


def test_the_results_in_the_package_are_of_what_there_is():
    found, about = results.load()
    assert about["preset"]
    assert about["versions"]
    for each in found:
        assert each.error is None or each.error >= 0
        assert each.made in about["made"], "which code answered is said"
        each.subject.make()


def test_the_readme_example_is_answered_from_the_right_side():
    """5000 rows of 64 columns about one of two labels: 0.793 bits, by quadrature; `kde` and `sliced` are not named."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=5000)
    x = rng.normal(size=(5000, 64))
    x[:, 0] += 3 * y
    x[:, 1] += y
    chosen = choose(x, y)
    assert chosen.best.answers != "another question"
    found = chosen.measure(x, y)
    assert found.status.name == "OK"
    assert 0.7 < found.bits < 0.7929 + 0.03
    assert choose(n=10, dx=100).estimator is None
