"""The choice follows the measured numbers, punishes warnings, and says how far it had to look."""

from __future__ import annotations

import pytest

from infoscope.benchmark import choosing, results
from infoscope.benchmark.choosing import Question, choose, rank
from infoscope.core.errors import InputError

A, B, C = "bivariate-normal", "swiss-roll", "dense-5x5"


@pytest.fixture
def measured(made_row, monkeypatch):
    """``measured((name, source, n, error), …)`` are the results that the package carries."""

    def use(*entries):
        rows = [made_row("ours", name, source, n, error=error, **more) for name, source, n, error, more in entries]
        found = results.tasks(rows)
        monkeypatch.setattr(choosing, "load", lambda: (found, {}))
        return found

    return use


def test_the_least_error_near_by_wins(measured):
    measured(
        ("ksg", A, 1000, 0.01, {}), ("kde", A, 1000, 0.2, {}), ("ksg", C, 1000, 0.9, {}), ("kde", C, 1000, 0.01, {})
    )
    low, high = choose(1000, 1), choose(1000, 5, 5)
    assert (low.estimator, high.estimator) == ("ksg", "kde")
    assert (low.nearest.source, low.distance, high.nearest.source) == (A, 0.0, C)
    assert "just as asked" in low.why
    assert "next is kde" in str(low)


def test_a_warning_costs_as_much_as_saying_nothing(measured):
    found = measured(("ksg", A, 1000, 0.01, {"status": "SATURATED"}), ("kde", A, 1000, 0.2, {}))
    best, last = rank(found, Question(1000, 1))
    assert (best.subject.name, last.subject.name) == ("kde", "ksg")
    assert (last.loss, last.trusted) == (1.0, 0.0)
    found = measured(("ksg", A, 1000, None, {"status": "REFUSED"}), ("kde", A, 1000, -2.0, {}))
    best, last = rank(found, Question(1000, 1))
    assert (best.subject.name, best.loss) == ("ksg", 1.0)
    assert last.loss == choosing.WORST, "a wild answer without a warning is worse than none"
    assert "so nothing that was measured is of use there" in choose(1000, 1).why


def test_a_task_not_met_counts_as_the_middling_answer(measured):
    uniform, errors = "bivariate-uniform", {"binned": 0.1, "kde": 0.2, "ksg": 0.3}
    met = [(name, source, 1000, error, {}) for name, error in errors.items() for source in (A, uniform, B)]
    found = measured(*met, *(("plugin", source, 1000, 0.15, {}) for source in (A, uniform)))
    by_name = {candidate.subject.name: candidate for candidate in rank(found, Question(1000, 1))}
    weighted = (1 * 0.15 + 1 * 0.15 + 0.5 * 0.2) / 2.5  # B has two columns of X, one doubling away
    assert by_name["plugin"].loss == pytest.approx(weighted / found[0].truth, rel=1e-6)
    assert (by_name["plugin"].met, by_name["ksg"].met) == (2, 3)


def test_who_met_too_few_is_not_ranked(measured):
    sources = (A, "bivariate-uniform", "wiggly")
    found = measured(*(("kde", s, 1000, 0.1, {}) for s in sources), ("ksg", A, 1000, 0.0, {}))
    assert [candidate.subject.name for candidate in rank(found, Question(1000, 1))] == ["kde"]


def test_kinds_are_kept_apart(measured):
    measured(("ksg", A, 1000, 0.1, {}), ("kde", "dense-2x2", 1000, 0.1, {}))
    with pytest.raises(InputError, match="no problem of this kind was measured"):
        choose(1000, 1, discrete_y=True)
    with pytest.raises(InputError, match="no problem of this kind was measured"):
        choose(1000, 1, discrete_x=True)


def test_a_far_problem_is_called_far(measured):
    measured(("ksg", A, 1000, 0.1, {}))
    far = choose(1000, 512)
    assert far.distance == 9.0
    assert "9.0 doublings of n, dx and dy away, which is far: check the answer with calibrate=True" in far.why


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((1, 1), "n is 1, wanted a whole number of at least 2"),
        ((100, 0), "dx is 0, wanted a whole number of at least 1"),
        ((100, 1, -1), "dy is -1"),
    ],
)
def test_impossible_numbers_are_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        choose(*arguments)


def test_labels_have_one_column():
    with pytest.raises(InputError, match="dy is 3 and y a label, wanted one column"):
        choose(100, 1, 3, discrete_y=True)


@pytest.mark.parametrize("question", [(5000, 64, 1, True), (1000, 1, 1, False), (10000, 25, 25, False)])
def test_the_results_in_the_package_answer(question):
    n, dx, dy, labels = question
    found = choose(n, dx, dy, discrete_y=labels)
    assert found.candidates == tuple(sorted(found.candidates, key=lambda one: (one.loss, one.cpu_seconds or 0)))
    assert found.estimator in found.why
    assert found.nearest.kind == ("labels" if labels else "real")
    assert found.nearest.source in found.why


def test_the_results_in_the_package_are_of_what_there_is():
    found, about = results.load()
    assert about["preset"]
    assert about["versions"]
    for task in found:
        assert task.error is None or task.error >= 0
        task.subject.make()
