"""What a preset asks of whom, and what changes the answers' worth."""

from __future__ import annotations

import pytest

from infoscope.benchmark import cases
from infoscope.benchmark.cases import PRESETS, Subject, fingerprint, plan, rung
from infoscope.core import grammar, registry
from infoscope.core.errors import DataMissingError, InputError, UnknownNameError
from infoscope.core.rows import options_text
from infoscope.data.source import all_sources, find_source
from infoscope.measure.bases import estimator

NORMAL, ROLL = "bivariate-normal", "swiss-roll"


def of(planned, name, purpose="sources"):
    return [case for case in planned.cases if case.subject.name == name and case.purpose == purpose]


def test_every_estimator_of_mutual_information_is_judged_by_being_there():
    planned = plan("smoke")
    wanted = {name for name, e in registry.entries("estimators").items() if "mutual_information" in e.facts["offers"]}
    assert {case.subject.name for case in planned.cases if case.subject.who == "ours"} <= wanted
    met = {case.subject.name for case in plan("laptop").cases if case.subject.who == "ours"}
    assert met == wanted
    kinds = {find_source(case.source).kind for case in planned.cases}
    assert kinds == {"real", "labels"}


def test_the_preset_of_labels_asks_everybody_who_can_be_named_for_them_and_every_probe():
    planned = plan("labels", with_peers=False)
    asked = {case.subject for case in planned.cases}
    facts = {name: entry.facts for name, entry in registry.entries("estimators").items()}
    wanted = {
        name
        for name, fact in facts.items()
        if fact.get("answers") in estimator.ANSWERS[:3] and "labels" in fact.get("second", ("labels",))
    }
    assert {subject.name for subject in asked} == wanted
    probes = {entry.id for entry in registry.entries("probes").values() if entry.id != "prior"}
    read = [subject.make().probe for subject in asked if subject.name == "usable_information"]
    assert sorted(read) == sorted(probes)
    assert {find_source(case.source).kind for case in planned.cases} == {"labels"}
    rungs = {rung(find_source(case.source))[1] for case in planned.cases if case.n == 300}
    assert rungs == {0, 1, 2, 3, 4}
    families = [find_source(case.source).family for case in planned.cases if case.subject.name == "infonce"][:8]
    assert len(set(families)) == 8, "families take turns"


def test_a_label_can_be_passed_on():
    asked = ({"k": 5}, {"norm": "euclidean"}, {"margins": "normal"}, {})
    for subject in (Subject("ours", "ksg", options_text(options)) for options in asked):
        assert grammar.make("estimators", subject.label) == subject.make()
    several = Subject("ours", "binned", '{"bins":10,"range":[-3,3],"width":null}')
    assert several.label == "binned(bins=10, range=-3,3, width=none)"
    assert grammar.make("estimators", several.label) == several.make()


def test_each_subject_meets_what_it_takes():
    for case in plan("laptop").cases:
        source, facts = find_source(case.source), case.subject.facts
        assert source.kind in facts.get("second", ("labels",))
        if facts.get("first") == ("symbols",):
            assert "discrete" in source.tags
        if facts.get("columns") == 1:
            assert (source.dx, source.dy) == (1, 1)


def test_all_sources_come_before_the_next_replicate():
    seeds = [case.seed for case in of(plan("laptop"), "binned") if case.n == 1000]
    assert seeds == sorted(seeds)
    assert set(seeds) == set(range(PRESETS["laptop"].replicates))
    first = [case.source for case in of(plan("laptop"), "binned") if (case.n, case.seed) == (1000, 0)]
    assert first != sorted(first), "an order by name would put a family together"
    assert set(first) <= set(all_sources())


def test_names_narrow_it():
    planned = plan("laptop", ["binned"], [NORMAL, ROLL], [50, 70], {"bins": "10", "range": "-3,3"})
    assert {case.subject for case in planned.cases} == {Subject("ours", "binned", '{"bins":"10","range":"-3,3"}')}
    assert {(case.source, case.n) for case in planned.cases} == {(s, n) for s in (NORMAL, ROLL) for n in (50, 70)}
    assert planned.cases[0].subject.label == "binned(bins=10, range=-3,3)"
    assert planned.cases[0].subject.make().bins == 10
    alone, all_of_them = (plan("laptop", names).preset.budget["sources"] for names in (["binned"], []))
    assert alone < all_of_them == PRESETS["laptop"].budget["sources"]
    assert plan("paper", ["binned"]).preset.budget["sources"] is None


def test_peers_can_be_left_out_or_asked_for_alone():
    assert {case.subject.who for case in plan("smoke", with_peers=False).cases} == {"ours"}
    assert {case.subject.name for case in plan("smoke", ["scipy_tree"]).cases} == {"scipy_tree"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("laptpo",), UnknownNameError, "did you mean 'laptop'"),
        (("smoke", ["bined"]), UnknownNameError, "no estimator or peer named 'bined': did you mean 'binned'"),
        (("smoke", [], ["bivariate-norml"]), UnknownNameError, "did you mean 'bivariate-normal'"),
        (("smoke", [], [], [1]), InputError, "n is 1, wanted a whole number of at least 2"),
        (("smoke", [], [], [], {"k": "3"}), InputError, "options came with 0 estimators, wanted them for one"),
    ],
)
def test_bad_names_and_numbers_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        plan(*arguments)


def test_coverage_asks_small_sources_that_the_estimator_suits():
    asked = [case for case in plan("laptop").cases if case.purpose == "coverage"]
    assert asked
    for case in asked:
        source = find_source(case.source)
        assert set(case.subject.facts["suits"]) & set(source.tags)
        assert source.dx + source.dy <= cases.COVERAGE_COLUMNS
    one = [case for case in asked if case.subject == asked[0].subject]
    assert len(one) == len(set(one)) == PRESETS["laptop"].coverage * len({case.source for case in one})


def test_the_headline_asks_everyone_for_the_same_neighbours():
    asked = [case for case in plan("laptop").cases if case.purpose == "headline"]
    assert {case.subject.options for case in asked} == {'{"k":3}'}
    assert {case.source for case in asked if case.subject.name == "scipy_tree"} == set(cases.HEADLINE)
    assert plan("laptop", ["binned"]).cases
    assert not [case for case in plan("laptop", ["binned"]).cases if case.purpose == "headline"]


def test_an_absent_package_and_absent_data_are_spoken_of(monkeypatch):
    monkeypatch.setattr(cases.peers.importlib.util, "find_spec", lambda name: None)
    planned = plan("smoke")
    assert planned.skipped["ennemi"] == "ennemi is not installed: pip install ennemi"
    alone = {name for name, entry in registry.entries("peers").items() if not entry.facts.get("package")}
    assert "scipy_tree" in alone
    assert {case.subject.name for case in planned.cases if case.subject.who == "peer"} == alone

    def absent(self, n, seed=0):
        raise DataMissingError("no images here")

    source = find_source(NORMAL)
    monkeypatch.setattr(type(source), "sample", absent)
    monkeypatch.setattr(cases, "find_source", lambda name: _needing(source))
    planned = plan("smoke", ["binned"], [NORMAL])
    assert (planned.cases, planned.skipped) == ((), {NORMAL: "no images here"})


def _needing(source):
    return type(source)(source.name, source.words, source.law, (*source.tags, "needs data"), source.family)


def test_changed_code_changes_the_fingerprint(tmp_path, monkeypatch):
    for folder in ("measure/estimators", "data/sources", "benchmark/peers"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data" / "source.py").write_text("")
    (tmp_path / "measure" / "estimators" / "one.py").write_text("class One: pass\n")
    (tmp_path / "benchmark" / "peers" / "other.py").write_text("class Other: pass\n")
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    registry.entries.cache_clear()
    try:
        seen = {fingerprint.__wrapped__("ours", "one"), fingerprint.__wrapped__("peer", "other")}
        (tmp_path / "measure" / "estimators" / "one.py").write_text("class One: x = 1\n")
        seen.add(fingerprint.__wrapped__("ours", "one"))
        seen.add(fingerprint.__wrapped__("peer", "other"))
        assert len(seen) == 3, "ours changed, the peer's did not"
        (tmp_path / "data" / "source.py").write_text("x = 1")
        seen |= {fingerprint.__wrapped__("ours", "one"), fingerprint.__wrapped__("peer", "other")}
        assert len(seen) == 5
    finally:
        registry.entries.cache_clear()
