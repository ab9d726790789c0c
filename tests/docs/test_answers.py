"""The page of answers: fresh, about claims that there are, and each sentence as the verdict has it."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from infoscope.core import registry
from infoscope.core.errors import InputError
from infoscope.core.units import shown

ROOT = Path(__file__).resolve().parents[2]


def module(path: Path):
    spec = importlib.util.spec_from_file_location(f"infoscope_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


sys.path.append(str(ROOT / "docs"))  # answers.py takes its sentences from beside it
answers, results = module(ROOT / "docs" / "answers.py"), module(ROOT / "scripts" / "results.py")
TOLD = [told for question in answers.QUESTIONS for sentence in question.sentences for told in sentence]


def part(name: str, outcome: str, headline: bool = False, value: float | None = 1.0) -> dict:
    return {"name": name, "part": name, "value": value, "interval": [0.5, 1.5], "unit": "nats", "outcome": outcome,
            "criterion": "≥ 0.5 bits", "seeds": 8, "note": f"of {name}", "headline": headline}  # fmt: skip


def kept(claim: str, said: str, *parts: dict, reason: str = "") -> dict:
    """What is kept of a figure of one claim."""
    verdict = {"id": claim, "paper": claim.split("/")[0], "origin": "published", "outcome": said, "said": said,
               "reason": reason, "parts": list(parts or [part("drop", "holds", headline=True)])}  # fmt: skip
    return {"figure": claim.rpartition("/")[0], "command": "infoscope run x", "seeds": 8, "date": "2026-01-01",
            "commit": "0123456789", "dirty": False, "infoscope": "0.2.0", "verdicts": [verdict]}  # fmt: skip


def test_the_page_is_fresh():
    page = (ROOT / "docs" / "answers.md").read_text(encoding="utf-8")
    assert page == answers.page(answers.stored()), "docs/answers.md is stale: run python docs/pages.py"


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told.claim)
def test_every_sentence_is_about_a_claim_that_there_is(told):
    assert told.claim in [claim.id for claim in registry.load("figures", told.figure)().claims]


_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_ONE = {"half a": 0.5, "half an": 0.5, "a": 1.0, "an": 1.0, "a quarter of an": 0.25}
_TIME = re.compile(r"(?:about |under )?(a quarter of an|half an?|an?|\d+) (second|minute|hour)s?\b")


def seconds_told(figure: str, preset: str) -> float | None:
    """What a figure's docstring says that a run at ``preset`` takes; None where it has no time of its own."""
    said = " ".join((sys.modules[registry.load("figures", figure).__module__].__doc__ or "").split())
    at = re.search(rf"\b{preset}(?: and \w+)?(?:, 2 CPU cores)?: (.*?)(?:\b(?:laptop|long|paper): |$)", said)
    found = _TIME.search(at[1]) if at else None
    return (_ONE.get(found[1]) or float(found[1])) * _UNITS[found[2]] if found else None


def test_docstrings_tell_about_the_time_that_was_used():
    """Within a factor of three, of what took half a minute or more (imports and compiling are in it): of the preset's
    seeds, where more of them were kept."""
    told = 0
    for name, content in answers.stored().items():
        cost = content.get("cost", {})  # without seconds where networks were taken over from another figure's run
        share = registry.load("figures", name)().seeds.get(content["preset"], content["seeds"]) / max(
            content["seeds"], 1
        )
        used = max(30.0, share * cost.get("CPU seconds", 0.0))
        said = seconds_told(name, content["preset"]) if "CPU seconds" in cost and content["seeds"] else None
        if said is not None:
            told += 1
            assert used / 3 <= max(said, 30.0) <= 3 * used, f"{name} took {used:.0f} CPU seconds, and says {said:.0f}"
    assert told > 40


def test_a_question_has_three_sentences_and_commands_for_its_figures():
    page = answers.page({})
    for question in answers.QUESTIONS:
        section = page.split(f"## {question.asked}\n")[1].split("\n## ")[0]
        assert section.count("\n- ") == 3
        for told in (one for sentence in question.sentences for one in sentence):
            assert f"infoscope run {told.figure}" in section


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("reproduced", "Networks fall (drop: NUMBER, wanted ≥ 0.5 bits; reproduced)"),
        ("reproduced (one seed)", "Networks fall (drop: NUMBER, wanted ≥ 0.5 bits; reproduced (one "
         "seed))"),
        ("not reproduced", "They rise (drop: NUMBER, wanted ≥ 0.5 bits; not reproduced)"),
        ("does not hold", "They rise (drop: NUMBER, wanted ≥ 0.5 bits; does not hold)"),
        ("partly", "It is only partly so that networks fall (drop: NUMBER, wanted ≥ 0.5 bits; "
         "partly)"),
        ("inconclusive", "It is open whether networks fall (drop: NUMBER, wanted ≥ 0.5 bits; "
         "inconclusive)"),
        ("not testable here", "These runs cannot tell whether networks fall (drop: NUMBER, wanted "
         "≥ 0.5 bits; not testable here)"),
    ],
)  # fmt: skip
def test_a_verdict_turns_its_sentence(said, wanted):
    told = answers.Told("p/f/c", "Networks fall", "They rise")
    content = kept("p/f/c", said)
    number = shown(1.0, "nats", (0.5, 1.5))
    assert answers._clause(told, {"p/f": content}) == wanted.replace("NUMBER", number)
    assert answers._clause(told, {}) == "Whether networks fall was not measured so far: `infoscope run p/f`"
    assert answers._clause(told, {"p/f": kept("p/f/other", said)}).startswith("Whether networks fall was not measured")


def test_the_number_is_that_of_the_part_that_decides():
    told = answers.Told("p/f/c", "I(X;T) falls", "It rises")
    drop, rise, end = part("drop", "holds", headline=True), part("rise", "unclear"), part("end", "fails")
    for said, parts, decides in (
        ("reproduced", [part("other", "holds"), drop], "drop"),
        ("inconclusive", [drop, rise], "rise"),
        ("inconclusive", [rise, {**drop, "outcome": "unclear"}], "drop"),
        ("partly", [drop, rise, end], "end"),
        ("does not hold", [rise, {**drop, "outcome": "fails"}, end], "drop"),
    ):
        number = f"{decides}: {shown(1.0, 'nats', (0.5, 1.5))}, wanted ≥ 0.5 bits"
        assert f"({number}; {said})" in answers._clause(told, {"p/f": kept("p/f/c", said, *parts)})
    assert answers._clause(told, {}).startswith("Whether I(X;T) falls was")


def test_a_reason_stands_in_place_of_a_number():
    told = answers.Told("p/f/c", "Networks fall", "They rise")
    content = kept("p/f/c", "not testable here", reason="training had not ended")
    assert answers._clause(told, {"p/f": content}) == (
        "These runs cannot tell whether networks fall (training had not ended; not testable here)"
    )


def test_open_claims_stand_with_what_decides_them():
    claim = next(each for each in registry.load("figures", "saxe2018/tanh")().claims if each.origin == "published")
    parts = [part("drop", "holds", headline=True), part("a|b", "unclear"), part("c", "unclear")]

    def line(content: dict) -> str:
        lines = [each for each in answers.undecided({"saxe2018/tanh": content}) if f"`{claim.id}`" in each]
        return lines[0].partition(f"(`{claim.id}`)")[2] if lines else ""

    number = shown(1.0, "nats", (0.5, 1.5))
    assert line(kept(claim.id, "inconclusive", *parts)) == (
        f" | inconclusive | 8 | a\\|b: {number}, wanted ≥ 0.5 bits (of a\\|b); 2 of 3 parts are unclear |"
    )
    assert line(kept(claim.id, "not testable here", reason="no room")) == " | not testable here | 8 | no room |"
    assert line(kept("saxe2018/tanh/other", "partly")) == " | not run so far | | `infoscope run saxe2018/tanh` |"
    assert line(kept(claim.id, "reproduced")) == ""


def test_every_claim_that_was_judged_has_its_place_on_the_page():
    kept_so_far = answers.stored()
    page = answers.page(kept_so_far)
    told = {one.claim for one in TOLD}
    for name, content in kept_so_far.items():
        for verdict in content["verdicts"]:
            asked = name in {each.rpartition("/")[0] for each in told}
            assert asked or f"`{verdict['id']}`" in page
    assert all(each["figure"] in page for each in kept_so_far.values())


def test_claims_that_somebody_published_are_counted_by_paper():
    one, other = kept("saxe2018/f/c", "reproduced (one seed)"), kept("kleinman2021/g/c", "partly")
    ours = kept("saxe2018/h/c", "does not hold")
    ours["verdicts"][0]["origin"] = "ours"
    found = list(answers.counted({each["figure"]: each for each in (one, other, ours)}))
    assert [line.rpartition(" | ")[0] for line in found[2:]] == [
        "| saxe2018 | 1 (100 %) | 0 | 0 | 0 | 0", "| goldfeld2019 | 0 | 0 | 0 | 0 | 0",
        "| kleinman2021 | 0 | 1 (100 %) | 0 | 0 | 0",
    ]  # fmt: skip
    left = [int(line.rpartition(" | ")[2].removesuffix(" |")) for line in found[2:]]
    none = [int(line.rpartition(" | ")[2].removesuffix(" |")) for line in list(answers.counted({}))[2:]]
    assert left == [none[0] - 1, none[1], none[2] - 1]


def test_what_is_kept_of_a_run_says_how_it_was_made_and_what_changed(tmp_path):
    from infoscope.claim import running

    folder = running.run_figure("saxe2018/minimal_model", "laptop", None, tmp_path / "runs")
    assert results.keep(folder, {"CPU seconds": 1}, tmp_path / "kept") == []
    path = tmp_path / "kept" / "saxe2018" / "minimal_model.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["command"] == "infoscope run saxe2018/minimal_model --preset laptop"
    assert content["cost"] == {"CPU seconds": 1}
    assert [each["id"] for each in content["verdicts"]] == [each["claim"]["id"] for each in folder.verdicts()]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", content["date"])
    content["verdicts"][0]["said"] = "partly"
    content["verdicts"].append({**content["verdicts"][0], "id": "saxe2018/minimal_model/gone"})
    path.write_text(json.dumps(content), encoding="utf-8")
    first = content["verdicts"][0]["id"]
    assert results.keep(folder, to=tmp_path / "kept") == [
        f"{first}: partly -> reproduced", "saxe2018/minimal_model/gone: partly -> no longer asked",
    ]  # fmt: skip
    assert answers.stored(tmp_path / "kept")["saxe2018/minimal_model"]["verdicts"][0]["said"] == "reproduced"


def test_a_smoke_run_is_not_kept(tmp_path):
    from infoscope.claim import running

    folder = running.run_figure("saxe2018/minimal_model", "smoke", None, tmp_path)
    with pytest.raises(InputError, match="at smoke, done, wanted a figure's run at laptop or more"):
        results.keep(folder, to=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_papers_and_figures_are_asked_for_by_name():
    assert "saxe2018/tanh" in results.figures(["saxe2018"])
    assert results.figures(["saxe2018/tanh", "saxe2018/tanh"]) == ["saxe2018/tanh"]
    assert results.main(["run", "saxe2019"]) == 2


def test_what_is_kept_is_of_claims_that_there_are():
    for figure, content in answers.stored().items():
        claims = {claim.id for claim in registry.load("figures", figure)().claims}
        for verdict in content["verdicts"]:
            assert verdict["id"] in claims, f"{verdict['id']} is asked no longer: run scripts/results.py anew"
            assert verdict["parts"] or verdict["outcome"] == "not testable here"
        assert content["preset"] in ("laptop", "long", "paper")


@pytest.mark.parametrize(
    ("name", "preset", "seeds", "wanted"),
    [
        ("saxe2018/tanh", "laptop", 4, "run saxe2018/tanh --preset laptop --out OUT --seeds 4"),
        ("saxe2018/tanh", "long", None, "run saxe2018/tanh --preset laptop --out OUT"),  # has no longer training
        ("saxe2018/mnist", "long", None, "run saxe2018/mnist --preset long --out OUT"),
        ("saxe2018/minimal_model", "laptop", 4, "run saxe2018/minimal_model --preset laptop --out OUT"),  # exact
    ],
)
def test_a_figure_is_run_as_the_command_line_runs_it(monkeypatch, tmp_path, name, preset, seeds, wanted):
    said = []

    def ran(command, **how):
        said.append(" ".join(command[3:]).replace(str(tmp_path), "OUT"))
        assert how["env"]["PYTHONPATH"] == str(ROOT / "src")
        return results.subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(results.subprocess, "run", ran)
    with pytest.raises(results.InfoscopeError, match="ended with 7"):
        results.run(name, preset, seeds, tmp_path)
    assert said == [wanted]
