"""Criteria decide by whole intervals, claims combine their parts, and a verdict knows which part decided it."""

import dataclasses
import json
import math
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infoscope.core.claim import Claim, Criterion, Finding, Outcome, Verdict, check_outcome, combine, completed, counted

NUMBERS = st.floats(-1e6, 1e6)


def criteria():
    gap = st.one_of(st.none(), st.floats(1e-3, 1e3))

    def build(relation, threshold, gap):
        sign = -1 if relation == ">=" else 1
        return Criterion(relation, threshold, "bits", None if gap is None else threshold + sign * gap)

    return st.builds(build, st.sampled_from(["<=", ">="]), NUMBERS, gap)


def intervals():
    return st.tuples(NUMBERS, NUMBERS).map(lambda pair: (min(pair), max(pair)))


@pytest.mark.parametrize(
    ("relation", "fails_at", "interval", "wanted"),
    [
        (">=", None, (2.0, 3.0), "holds"),
        (">=", None, (1.9, 3.0), "unclear"),
        (">=", None, (1.0, 2.0), "unclear"),
        (">=", None, (1.0, 1.9), "fails"),
        (">=", 1.0, (1.0, 1.9), "unclear"),
        (">=", 1.0, (0.5, 1.0), "fails"),
        (">=", 1.0, (0.5, 1.1), "unclear"),
        ("<=", None, (1.0, 2.0), "holds"),
        ("<=", None, (1.0, 2.1), "unclear"),
        ("<=", None, (2.0, 3.0), "unclear"),
        ("<=", None, (2.1, 3.0), "fails"),
        ("<=", 3.0, (2.1, 3.0), "unclear"),
        ("<=", 3.0, (3.0, 4.0), "fails"),
    ],
)
def test_a_criterion_at_2_by_hand(relation, fails_at, interval, wanted):
    assert Criterion(relation, 2.0, "bits", fails_at).decide(sum(interval) / 2, interval) == wanted


@pytest.mark.parametrize(
    ("relation", "value", "wanted"),
    [(">=", 2.0, "holds"), (">=", 1.99, "fails"), ("<=", 2.0, "holds"), ("<=", 2.01, "fails")],
)
def test_without_an_interval_the_value_alone_decides(relation, value, wanted):
    assert Criterion(relation, 2.0, "bits").decide(value, None) == wanted


@given(criteria(), intervals())
def test_holding_and_failing_exclude_each_other_under_shrinking(criterion, interval):
    """What a whole interval decides, every point inside decides alike; nothing both holds and fails."""
    low, high = interval
    decided = criterion.decide((low + high) / 2, interval)
    inside = {criterion.decide(point, None) for point in (low, (low + high) / 2, high)}
    if decided != "unclear":
        assert inside == {decided}
    assert decided in ("holds", "fails", "unclear")


@given(criteria(), intervals())
def test_the_two_relations_are_mirror_images(criterion, interval):
    low, high = interval
    other = "<=" if criterion.relation == ">=" else ">="
    fails_at = None if criterion.fails_at is None else -criterion.fails_at
    mirrored = Criterion(other, -criterion.threshold, "bits", fails_at)
    assert mirrored.decide(-low, (-high, -low)) == criterion.decide(low, interval)


@given(st.sampled_from(["<=", ">="]), NUMBERS, NUMBERS)
def test_without_a_gap_a_bare_value_is_never_unclear(relation, threshold, value):
    assert Criterion(relation, threshold, "bits").decide(value, None) in ("holds", "fails")


def test_a_criterion_prints_information_in_bits():
    assert str(Criterion(">=", 2 * math.log(2), "nats")) == "≥ 2 bits"
    assert str(Criterion("<=", 0.3, "accuracy")) == "≤ 0.3 accuracy"


def finding(kind: str, name: str = "") -> Finding:
    value, interval = {
        "holds": (3.0, (2.5, 3.5)),
        "fails": (1.0, (0.5, 1.5)),
        "unclear": (2.0, (1.5, 2.5)),
        "missing": (None, None),
    }[kind]
    return Finding(name or kind, Criterion(">=", 2.0, "bits"), value, interval, seeds=5)


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [
        ((), Outcome.NOT_TESTABLE),
        (("missing",), Outcome.NOT_TESTABLE),
        (("holds", "missing"), Outcome.NOT_TESTABLE),
        (("fails", "missing"), Outcome.NOT_TESTABLE),
        (("holds",), Outcome.REPRODUCED),
        (("holds", "holds"), Outcome.REPRODUCED),
        (("fails",), Outcome.NOT_REPRODUCED),
        (("fails", "unclear"), Outcome.NOT_REPRODUCED),
        (("fails", "holds"), Outcome.PARTLY),
        (("fails", "holds", "unclear"), Outcome.PARTLY),
        (("unclear",), Outcome.INCONCLUSIVE),
        (("holds", "unclear"), Outcome.INCONCLUSIVE),
    ],
)
def test_combine(kinds, outcome):
    for order in (kinds, kinds[::-1]):
        assert combine([finding(kind) for kind in order]) is outcome


def test_each_outcome_has_its_own_sentence():
    assert len({outcome.sentence for outcome in Outcome}) == len(Outcome)


class Said(NamedTuple):
    """A part, as far as a claim knows it."""

    name: str
    words: str = "drop ≥ 2 bits"
    surely: str = "with the whole interval"
    asked: int = 1


def verdict(*findings: Finding) -> Verdict:
    claim = Claim("E1", "saxe2018", "Fig. 1A", "A tanh network compresses.", (Said("drop"),), "published")
    return Verdict(claim, combine(findings), findings, run="r", preset="smoke", seeds=5, notes=("earned at smoke",))


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        (("holds", "unclear", "fails", "missing"), "missing"),
        (("holds", "unclear", "fails"), "fails"),
        (("holds", "unclear"), "unclear"),
    ],
)
def test_the_headline_is_the_part_that_decided(kinds, wanted):
    assert verdict(*(finding(kind) for kind in kinds)).headline.outcome == wanted


def test_the_headline_of_what_holds_is_the_part_nearest_its_threshold():
    near = Finding("near", Criterion(">=", 2.0, "bits"), 9.0, (2.1, 16.0))
    far = Finding("far", Criterion("<=", 2.0, "bits"), 1.0, (0.9, 1.1))
    assert verdict(far, near).headline is near
    assert verdict(far, Finding("bare", Criterion(">=", 2.0, "bits"), 2.0)).headline.name == "bare"


def test_the_headline_is_of_the_part_that_the_claim_names_though_another_is_nearer_its_threshold():
    """E1 spoke of what late layers lose and showed its test accuracy, the part with the least margin."""
    accuracy, drop = (dataclasses.replace(finding("holds", name), part=name) for name in ("accuracy", "drop"))
    near = dataclasses.replace(accuracy, interval=(2.001, 3.0))
    assert verdict(near, drop).headline is drop
    failed = dataclasses.replace(finding("fails", "drop, output"), part="drop")
    assert verdict(near, drop, failed).headline is failed
    assert verdict(near).headline is near  # an older finding knows of no part


def test_partly_says_which_parts_held_and_which_failed():
    def found(part, *places):
        return [dataclasses.replace(finding(kind, f"{part}, {at}"), part=part) for at, kind in places]

    drops = found("drop", ("a", "holds"), ("b", "fails"), ("c", "holds"), *((f"d{i}", "fails") for i in range(7)))
    unclear = dataclasses.replace(finding("unclear", "accuracy"), part="accuracy")
    said = verdict(*drops, unclear).sentence
    assert said.endswith("held: drop (a, c); failed: drop (b, d0, d1, d2, d3, d4, 2 more); unclear: accuracy")
    assert verdict(drops[0]).sentence == Outcome.REPRODUCED.sentence
    assert verdict(drops[0], unclear).sentence == f"{Outcome.INCONCLUSIVE.sentence}: held: drop (a); unclear: accuracy"


def test_a_rule_is_written_from_its_parts():
    one, other = Said("a", "a ≥ 1"), Said("b", "b ≤ 2", "")
    claim = Claim("E1", "p", "w", "s", (one, other), "ours", headline="a")
    assert claim.rule == "a ≥ 1, with the whole interval; b ≤ 2"
    assert dataclasses.replace(claim, parts=(one, Said("c", "c ≥ 3"))).rule == "a ≥ 1; c ≥ 3, with the whole interval"
    assert claim.to_json()["rule"] == claim.rule
    assert Claim("E1", "p", "w", "s", (other,), "ours").headline == "b"
    for parts, headline in (((one, other), ""), ((one, other), "c"), ((one, one), "a"), ((), "")):
        with pytest.raises(AssertionError, match="headline"):
            Claim("E1", "p", "w", "s", parts, "ours", headline=headline)


@pytest.mark.parametrize(
    ("criterion", "words"),
    [
        (Criterion(">=", 2 * math.log(2), "nats", fails_at=math.log(2)), "≥ 2 bits (shown wrong at ≤ 1 bits)"),
        (Criterion("<=", 0.1, "fraction", fails_at=0.2), "≤ 10 % (shown wrong at ≥ 20 %)"),
        (Criterion("<=", 0.0, "nats"), "≤ 0 bits"),
        (Criterion("<=", 1e-12, "ratio"), "≤ 1e-12"),
        (Criterion("<=", 1e-9, "nats"), "≤ 1e-09 nats"),
    ],
)
def test_a_criterion_in_words_says_where_it_is_shown_wrong_and_no_threshold_as_0_that_is_not(criterion, words):
    assert criterion.words == words


def test_no_finding_has_no_headline():
    assert verdict().headline is None


def test_json_holds_all_that_is_needed_to_doubt_it():
    content = json.loads(json.dumps(verdict(finding("holds", "drop L4"), finding("fails", "drop L5")).to_json()))
    assert content["outcome"] == "partly"
    assert content["sentence"] == f"{Outcome.PARTLY.sentence}: held: drop L4; failed: drop L5"
    assert (content["run"], content["preset"], content["seeds"]) == ("r", "smoke", 5)
    assert content["claim"]["where"] == "Fig. 1A"
    assert content["notes"] == ["earned at smoke"]
    assert [f["headline"] for f in content["findings"]] == [False, True]
    assert content["findings"][0] == {
        "name": "drop L4", "value": 3.0, "interval": [2.5, 3.5], "unit": "bits", "relation": ">=", "threshold": 2.0,
            "fails_at": None, "blind": False,
        "criterion": "≥ 2 bits", "outcome": "holds", "seeds": 5, "note": "", "part": "", "headline": False,
    }  # fmt: skip


def stored(*headlines: bool) -> dict:
    """A verdict as infoscope stored it before claims had a headline: the finding that decided is marked."""
    findings = [
        {
            "name": f"drop, hidden{place}", "value": 3.0, "interval": None, "unit": "nats", "relation": ">=",
            "threshold": 2.0, "criterion": "≥ 2.885 bits", "outcome": "holds", "seeds": 1, "note": "",
            "headline": headline,
        }
        for place, headline in enumerate(headlines)
    ]  # fmt: skip
    claim = {"id": "p/f/c", "paper": "p", "where": "w", "sentence": "s", "rule": "drop ≥ 2 nats", "published": ""}
    return {
        "claim": claim, "outcome": "reproduced", "sentence": "every part holds", "run": "r", "preset": "laptop",
        "seeds": 1, "notes": [], "findings": findings,
    }  # fmt: skip


@pytest.mark.parametrize("headlines", [(True, False), (False, True)])
def test_a_stored_verdict_keeps_its_rule_its_words_and_the_headline_it_had(headlines):
    before, loaded = stored(*headlines), completed(stored(*headlines))
    assert [each["headline"] for each in loaded["findings"]] == list(headlines)
    assert {name: loaded[name] for name in before if name != "claim"} == {
        k: v for k, v in before.items() if k != "claim"
    }
    assert {name: loaded["claim"][name] for name in before["claim"]} == before["claim"]
    assert (loaded["said"], loaded["reason"], loaded["untrained"], loaded["without"]) == ("reproduced", "", [], None)
    assert (loaded["claim"]["headline"], loaded["claim"]["revised"]) == ("", "")
    assert (loaded["claim"]["origin"], loaded["claim"]["quoted"]) == ("", "")


@pytest.mark.parametrize("origin", ["published", "recalled", "ours"])
@pytest.mark.parametrize("kind", ["holds", "fails", "unclear"])
@pytest.mark.parametrize("seeds", [1, 5])
def test_what_nobody_published_does_not_hold_where_a_claim_of_others_is_not_reproduced(origin, kind, seeds):
    found = (dataclasses.replace(finding(kind), seeds=seeds),)
    claim = Claim("E1", "p", "w", "s", (Said("drop"),), origin)
    one = Verdict(claim, combine(found), found, "r", "laptop", seeds, without=found)
    wanted = {"holds": "reproduced", "unclear": "inconclusive"}.get(kind) or (
        "does not hold" if origin == "ours" else "not reproduced"
    )
    told = one.to_json()
    assert one.word == one.word_without == told["outcome"] == wanted + " (one seed)" * (seeds == 1)
    check_outcome(told)
    if kind == "fails":
        other = "published" if origin == "ours" else "ours"
        with pytest.raises(ValueError, match=r"says '(does not hold|not reproduced)"):
            check_outcome({**told, "claim": {**told["claim"], "origin": other}})
    with pytest.raises(ValueError, match="no origin that there is: 'rumoured'"):
        check_outcome({**told, "claim": {**told["claim"], "origin": "rumoured"}})


def test_an_older_failed_claim_of_ours_keeps_its_word_and_is_counted_by_itself():
    before = completed(stored(True)) | {"outcome": "not reproduced", "said": "not reproduced"}
    before["findings"] = [
        {**each, "value": 1.0, "outcome": "fails", "seeds": 2, "fails_at": None, "blind": False}
        for each in before["findings"]
    ]
    before["seeds"] = 2
    check_outcome(before)
    assert counted([before]) == {"": {"not reproduced": 1}}


def test_outcomes_are_counted_by_who_says_the_claim_best_first():
    verdicts = [
        {"claim": {"origin": origin}, "outcome": outcome}
        for origin, outcome in (
            ("ours", "does not hold"), ("published", "partly"), ("published", "reproduced (one seed)"),
            ("ours", "partly"), ("published", "partly"), ("published", "reproduced"), ("rumoured", "reproduced"),
        )
    ]  # fmt: skip
    found = counted(verdicts)
    assert [(origin, list(of.items())) for origin, of in found.items()] == [
        ("published", [("reproduced", 1), ("reproduced (one seed)", 1), ("partly", 2)]),
        ("ours", [("partly", 1), ("does not hold", 1)]),
        ("", [("reproduced", 1)]),
    ]
