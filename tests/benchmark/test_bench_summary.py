"""The figures of a benchmark, recomputed by hand from made-up rows."""

from __future__ import annotations

import pytest

from infoscope.benchmark import results, summary
from infoscope.benchmark.cases import HEADLINE
from infoscope.benchmark.summary import summarise
from infoscope.cli import bench
from infoscope.core.errors import RunFolderError

A, B = "bivariate-normal", "swiss-roll"


def test_a_source_at_an_n_puts_replicates_together(made_row):
    rows = [
        made_row("ours", "ksg", A, seed=0, error=0.1, low=0.0, high=9.0, level=0.95, cpu_seconds=1.0),
        made_row("ours", "ksg", A, seed=1, error=-0.3, low=8.0, high=9.0, level=0.95, cpu_seconds=3.0),
        made_row("ours", "ksg", A, seed=2, error=0.5, status="SATURATED", cpu_seconds=2.0),
        made_row("ours", "ksg", A, seed=3, error=None, status="REFUSED", cpu_seconds=9.0),
        made_row("ours", "ksg", A, seed=9, error=7.0, purpose="coverage"),
    ]
    (found,) = results.source_results(rows)
    assert found.replicates == 4
    assert found.error == pytest.approx(0.3)
    assert found.bias == pytest.approx(0.1)
    assert found.worst == pytest.approx(0.5)
    assert (found.trusted, found.worst_trusted) == (0.5, pytest.approx(0.3))
    assert (found.intervals, found.covered) == (2, 1)
    assert found.cpu_seconds == pytest.approx(2.5)


def test_a_certified_bracket_is_not_judged_as_an_interval(made_row):
    assert results.held([made_row("ours", "kde", A, low=0.0, high=9.0, level=1.0)]) == []


def test_a_line_is_over_the_sources(made_row):
    rows = [
        made_row("ours", "ksg", A, error=0.1),
        made_row("ours", "ksg", B, error=-0.5, status="UNDERSAMPLED"),
        made_row("ours", "ksg", "bivariate-uniform", error=None, status="REFUSED"),
        made_row("peer", "ennemi", A, n=5000, error=0.2),
    ]
    ours, peer = summary.lines(results.source_results(rows))
    assert (ours["n"], ours["label"], ours["sources"], ours["unanswered"]) == (1000, "ksg", 3, 1)
    assert (ours["median_error"], ours["worst_error"]) == (pytest.approx(0.3), pytest.approx(0.5))
    assert (ours["worst_source"], ours["worst_trusted_error"]) == (B, pytest.approx(0.1))
    assert ours["flagged"] == pytest.approx(2 / 3)
    assert ours["covered"] is None
    assert (peer["n"], peer["who"], peer["median_error"]) == (5000, "peer", pytest.approx(0.2))


def test_nobody_answering_is_a_line_too(made_row):
    (line,) = summary.lines(results.source_results([made_row("ours", "ksg", A, error=None, status="BROKEN")]))
    assert line["median_error"] is line["worst_error"] is line["worst_trusted_error"] is None
    assert (line["flagged"], line["unanswered"]) == (1.0, 1)


def test_the_goal_counts_the_problems_on_which_ours_is_at_or_under_the_best_peer(made_row):
    rows = [
        made_row("ours", "ksg", A, error=0.2),
        made_row("ours", "kde", A, error=-0.1),
        made_row("peer", "ennemi", A, error=0.1),  # equal is reached
        made_row("peer", "scipy_tree", A, error=0.9),
        made_row("ours", "ksg", B, error=0.3),
        made_row("peer", "scipy_tree", B, error=-0.2),
        made_row("ours", "ksg", "bivariate-uniform", error=9.0),  # no peer answered: not counted
        made_row("peer", "ennemi", "bivariate-uniform", error=None, status="BROKEN"),
    ]
    found = summary.accuracy(results.source_results(rows))
    assert (found["problems"], found["share"], found["reached"]) == (2, 0.5, False)
    (lost,) = found["lost"]
    assert (lost["source"], lost["ours"], lost["peer"]) == (B, "ksg", "scipy_tree")
    assert (lost["error"], lost["peer_error"]) == (pytest.approx(0.3), pytest.approx(0.2))
    better = summary.accuracy(results.source_results(rows[:4]))
    assert (better["share"], better["reached"], better["lost"]) == (1.0, True, [])


def test_the_chosen_one_is_chosen_without_its_source(made_row):
    """ksg is best on A and B, kde on the held-out problem: choosing there must name ksg, and lose."""
    rows = [made_row("ours", "ksg", s, error=0.01) for s in (A, B)] + [
        made_row("ours", "kde", s, error=0.3) for s in (A, B)
    ]
    rows += [
        made_row("ours", "ksg", "bivariate-uniform", error=0.3),
        made_row("ours", "kde", "bivariate-uniform", error=0.01),
        made_row("peer", "ennemi", "bivariate-uniform", error=0.1),
    ]
    found = summary.accuracy(results.source_results(rows))
    assert (found["share"], found["chosen_problems"], found["chosen_share"]) == (1.0, 1, 0.0)
    assert found["chosen_lost"][0]["ours"] == "ksg"


def test_first_names_are_chosen_without_the_family(made_row):
    """mixed_ksg is best on the classes, so it is named elsewhere, where it is good, near the best, or neither."""

    def asked(error, best):
        here = {"ksg": None, "mixed_ksg": error, "infonce": best}
        rows = [made_row("ours", "mixed_ksg", s, error=0.01) for s in ("two-classes", "uneven-classes")]
        rows += [made_row("ours", "infonce", s, error=0.1) for s in ("two-classes", "uneven-classes")]
        rows += [made_row("ours", n, "noisy-tanh-label", error=e) for n, e in here.items() if e is not None]
        found = summary.first_names(results.source_results(rows))
        return found, [one for one in found["missed"] if one["source"] == "noisy-tanh-label"]

    found, missed = asked(0.2, 0.1)
    assert (found["problems"], found["none"]) == (3, 0)
    (one,) = missed
    assert (one["named"], one["error"], one["best"]) == ("mixed_ksg", pytest.approx(0.2), "infonce")
    assert one["best_error"] == pytest.approx(0.1)
    assert asked(0.12, 0.1)[1] == [], "within 1.25 times the best"
    assert asked(0.019, 0.001)[1] == [], "within .02 nats"
    assert len(asked(0.021, 0.001)[1]) == 1
    found, missed = asked(None, 0.1)
    assert (found["problems"], found["judged"], missed) == (3, 2, []), "the name was not measured there"
    assert found["share"] == 1 - len(found["missed"]) / 2


def test_where_none_is_named_nothing_is_good(made_row):
    rows = [made_row("ours", "mixed_ksg", "two-classes", error=0.0)]
    found = summary.first_names(results.source_results(rows))
    assert (found["judged"], found["none"], found["share"]) == (1, 1, 0.0)
    assert found["missed"][0]["named"] is None
    assert "on 0% of 1 (none is named on 1; on 0 more" in found["words"]


def test_coverage_is_counted_for_each_source(made_row):
    inside = {"low": 0.0, "high": 9.0, "level": 0.95, "interval_kind": "kind", "purpose": "coverage"}
    rows = [made_row("ours", "ksg", A, seed=k, error=0.1, **inside) for k in range(9)]
    rows.append(made_row("ours", "ksg", A, seed=9, error=-0.1, **{**inside, "low": 8.0}))
    (found,) = summary.coverage(rows)
    assert (found["replicates"], found["covered"], found["kind"]) == (10, 0.9, "kind")
    assert found["bias"] == pytest.approx(0.08)
    assert found["deviation"] == pytest.approx(0.06)


def test_speed_is_the_best_of_the_runs_against_the_fastest_peer(made_row):
    k3 = {"purpose": "headline", "n": 10000, "options": '{"k":3}'}
    rows = [
        made_row("ours", "ksg", HEADLINE[0], seed=0, error=0.1, cpu_seconds=2.0, **k3),
        made_row("ours", "ksg", HEADLINE[0], seed=1, error=0.2, cpu_seconds=1.0, **k3),
        made_row("peer", "scipy_tree", HEADLINE[0], seed=0, error=0.1 + 1e-7, cpu_seconds=8.0, **k3),
        made_row("peer", "scipy_tree", HEADLINE[0], seed=1, error=0.2 - 1e-5, cpu_seconds=9.0, **k3),
        made_row("peer", "npeet_plus", HEADLINE[0], seed=0, error=0.1, cpu_seconds=6.0, **k3),
        made_row("peer", "npeet_plus", HEADLINE[1], seed=0, error=0.1, cpu_seconds=6.0, **k3),
    ]
    first, second = summary.speed(rows)
    assert first["ours"] == {"ksg(k=3)": 1.0}
    assert first["peers"] == {"scipy_tree(k=3)": 8.0, "npeet_plus(k=3)": 6.0}
    assert (first["ratio"], first["from_definition"]) == (6.0, pytest.approx(1e-5, rel=1e-3))
    assert (second["ours"], second["ratio"], second["from_definition"]) == ({}, None, None)


def test_what_broke_is_told(made_row):
    rows = [made_row("ours", "ksg", A), made_row("ours", "kde", A, error=None, status="BROKEN", notes="IndexError: 9")]
    (broken,) = summarise(rows)["broken"]
    assert (broken["estimator"], broken["notes"]) == ("kde", "IndexError: 9")


def test_a_summary_is_shown_in_words(made_row, capsys, monkeypatch):
    k3 = {"purpose": "headline", "n": 10000, "options": '{"k":3}'}
    inside = {"low": 0.0, "high": 9.0, "level": 0.95, "interval_kind": "kind"}
    rows = [
        made_row("ours", "ksg", A, error=0.2, **inside),
        made_row("ours", "ksg", A, error=0.2, purpose="coverage", **inside),
        made_row("peer", "ennemi", A, error=0.1),
        made_row("ours", "ksg", HEADLINE[0], error=0.1, **k3),
        made_row("peer", "scipy_tree", HEADLINE[0], error=0.1, **k3),
        *(made_row("ours", "kde", A, seed=k, error=None, status="BROKEN", notes="oh") for k in range(12)),
    ]
    tables = []
    content = {**summarise(rows), "skipped": {"x": "why"}, "answers": 5, "planned": 6, "minutes": 1.25, "folder": "f"}
    monkeypatch.setattr(bench, "table", lambda headers, lines: tables.append((headers, lines)))
    bench.print_results(content)
    text = capsys.readouterr().out
    for words in (
        "n = 1000: errors in nats",
        "at or under the best peer's error on 0% of 1 problems (goal 90%)",
        "lost: bivariate-normal n=1000 (truth 0.413): ksg off by 0.2000, ennemi by 0.1000",
        "kde {} on bivariate-normal, n=1000: BROKEN, oh",
        "12 such cases in all",
        "x was skipped: why",
        "5 of 6 cases answered in 1.2 minutes: f",
    ):
        assert words in text
    assert all(len(line) == len(headers) for headers, lines in tables for line in lines)
    assert len(tables) == 3


def test_new_results_stand_beside_those_that_were_not_asked_again(made_row, tmp_path):
    path = tmp_path / "results.parquet"
    old = [made_row("ours", "ksg", s, error=0.1) for s in (A, B)] + [made_row("peer", "ennemi", A, error=0.2)]
    results.merge(results.source_results(old), {"preset": "laptop", "commit": "one"}, path)
    gone = results.source_results([made_row("ours", "ksg", B, error=0.1)])[0]._replace(made="one", estimator="no_more")
    found, about = results.load(path)
    results.save([*found, gone], about, path)
    results.load.cache_clear()
    results.merge(
        results.source_results([made_row("ours", "ksg", A, error=0.3)]), {"preset": "labels", "commit": "two"}, path
    )
    found, about = results.load(path)
    assert {(t.estimator, t.source): (t.error, t.made) for t in found} == {
        ("ksg", A): (pytest.approx(0.3), "two"),
        ("ksg", B): (pytest.approx(0.1), "one"),
        ("ennemi", A): (pytest.approx(0.2), "one"),
    }, "who is no more there is left out"
    assert {commit: one["preset"] for commit, one in about["made"].items()} == {"one": "laptop", "two": "labels"}


def test_whose_rows_repeat_is_told(made_row):
    names = {"patterns-copied": True, "rectified-pair": True, "relu-sign-5": False, A: False, "two-classes": False}
    found = results.source_results([made_row("ours", "mixed_ksg", name) for name in names])
    assert {each.source: each.ties for each in found} == names


def test_results_survive_the_file(made_row, tmp_path):
    found = results.source_results([made_row("ours", "ksg", A, error=0.1), made_row("peer", "ennemi", B, error=None)])
    path = results.save(found, {"preset": "smoke"}, tmp_path / "results.parquet")
    again, about = results.load(path)
    assert again == found
    assert about == {"preset": "smoke"}
    with pytest.raises(RunFolderError, match="run `infoscope bench --save-results` first"):
        results.load(tmp_path / "none.parquet")
