"""What the three papers' questions come to, written from the verdicts that are kept under docs/results.

Each question has three sentences (docs/questions.py). A sentence is about a claim and has a form for each way that it
may come out, so that a run that turns a verdict turns the sentence; its numbers are those of the part that decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from questions import QUESTIONS, G, K, Question, S, Told  # beside this file

from infoscope.core import registry
from infoscope.core.claim import deciding
from infoscope.core.units import shown

RESULTS = Path(__file__).resolve().parent / "results"
_OPEN = ("inconclusive", "not testable here")


def stored(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """What is kept, by figure."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.json")))
    return {each["figure"]: each for each in found}


def write(path: Path) -> None:
    """Write the page to ``path``."""
    path.write_text(page(stored()), encoding="utf-8")


def page(results: Mapping[str, Mapping[str, Any]]) -> str:
    """The page in Markdown."""
    lines = [
        "# Answers",
        "",
        "What the questions of the three papers come to, in three sentences each. The page is made by",
        "`python docs/pages.py` from the results that are kept in `docs/results`, so that a run that turns a verdict",
        "turns its sentence. In brackets: the number that decides, which is that of the claim where all of its parts",
        "hold, else of a part that does not; its 95 % interval over seeds; and the verdict, whose rule",
        "`infoscope report` has. What could not be decided is said to be open, and what was not run so far is said",
        "with the command that runs it.",
        "",
        *counted(results),
    ]
    for question in QUESTIONS:
        lines += ["", f"## {question.asked}", ""]
        lines += [_sentence(told, results) for told in question.sentences]
        lines += ["", *_sources(question, results)]
    lines += ["", *undecided(results), "", *other_figures(results)]
    return "\n".join(lines) + "\n"


def counted(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How the claims that somebody published came out, by paper; of those that there are, how many were not run."""
    words = ("reproduced", "partly", "not reproduced", "inconclusive", "not testable here")
    yield f"| published claims | {' | '.join(words)} | not run so far |"
    yield "|---" * (len(words) + 2) + "|"
    claims = [claim for name in registry.entries("figures") for claim in registry.load("figures", name).claims]
    for paper in (S, G, K):
        outcomes: list[str] = []
        for content in results.values():
            kept = (each for each in content["verdicts"] if (each["paper"], each["origin"]) == (paper, "published"))
            outcomes += [each["outcome"].partition(" (")[0] for each in kept]
        there = sum((claim.paper, claim.origin) == (paper, "published") for claim in claims)
        shares = " | ".join(_share(outcomes.count(word), len(outcomes)) for word in words)
        yield f"| {paper} | {shares} | {max(0, there - len(outcomes))} |"


def _share(count: int, of: int) -> str:
    return f"{count} ({100 * count / of:.0f} %)" if count else "0"


def _sentence(told: Sequence[Told], results: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [_clause(one, results) for one in told]
    return f"- {'; '.join(part if k == 0 else _lower(part) for k, part in enumerate(parts))}."


def _lower(sentence: str) -> str:
    """As it stands behind other words; a symbol, I(X;T), stays as it is."""
    return sentence if sentence[1:2] == "(" else f"{sentence[:1].lower()}{sentence[1:]}"


def _clause(told: Told, results: Mapping[str, Mapping[str, Any]]) -> str:
    """What one claim came to, with its number."""
    verdict = _verdict(told.claim, results)
    claim = _lower(told.holds)
    if verdict is None:
        return f"Whether {claim} was not measured so far: `infoscope run {told.figure}`"
    outcome = verdict["outcome"].partition(" (")[0]
    said = {"reproduced": told.holds, "not reproduced": told.fails, "does not hold": told.fails}.get(outcome)
    if said is None:
        word = {"partly": "It is only partly so that", "not testable here": "These runs cannot tell whether"}
        said = f"{word.get(outcome, 'It is open whether')} {claim}"
    return f"{said} ({'; '.join(filter(None, (_why(verdict), verdict['said'])))})"


def _why(verdict: Mapping[str, Any], noted: bool = False) -> str:
    """Why nothing can be told, else the number that decides: of the headline's part where that decides too.

    noted: with what is to be known of the part, such as who was left out, or that its curve stands at its ceiling.
    """
    if verdict["reason"]:
        return str(verdict["reason"])
    decides = deciding(verdict["parts"])
    if decides is None or decides["value"] is None:
        return ""
    interval = None if decides["interval"] is None else (decides["interval"][0], decides["interval"][1])
    number = shown(decides["value"], decides["unit"], interval)
    note = f" ({decides['note']})" if noted and decides["note"] else ""
    return f"{decides['name']}: {number}, wanted {decides['criterion']}{note}"


def undecided(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The published claims that are open, with the part that decides and how many others do, by paper."""
    yield "## What is open, and what decides it"
    yield ""
    yield "Claims that somebody published and that are neither shown nor refuted so far. More seeds shorten the"
    yield "interval of an inconclusive one; what is not testable here needs networks that have learned."
    yield ""
    yield "| claim | verdict | seeds | what decides it |"
    yield "|---|---|---|---|"
    for paper in (S, G, K):
        for name in (each for each in registry.entries("figures") if each.startswith(f"{paper}/")):
            published = (claim for claim in registry.load("figures", name).claims if claim.origin == "published")
            for claim in published:
                verdict = _verdict(claim.id, results)
                if verdict is None:
                    yield f"| {claim.sentence} (`{claim.id}`) | not run so far | | `infoscope run {name}` |"
                elif verdict["outcome"].partition(" (")[0] in _OPEN:
                    why = _cell(f"{_why(verdict, noted=True)}{_others(verdict)}")
                    yield f"| {claim.sentence} (`{claim.id}`) | {verdict['said']} | {results[name]['seeds']} | {why} |"


def other_figures(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The claims of figures that no sentence is about, but for those that stand among the open ones."""
    told = {one.figure for question in QUESTIONS for sentence in question.sentences for one in sentence}
    yield "## What else was judged"
    yield ""
    yield "The claims of the other figures, whoever says them."
    yield ""
    yield "| claim | who says it | verdict | what decides it |"
    yield "|---|---|---|---|"
    for name in (each for each in results if each not in told):
        for verdict in results[name]["verdicts"]:
            if verdict["origin"] != "published" or verdict["outcome"].partition(" (")[0] not in _OPEN:
                claim = f"{verdict['sentence']} (`{verdict['id']}`)"
                yield f"| {claim} | {verdict['origin']} | {verdict['said']} | {_cell(_why(verdict))} |"


def _others(verdict: Mapping[str, Any]) -> str:
    unclear = sum(part["outcome"] == "unclear" for part in verdict["parts"])
    return "" if verdict["reason"] or unclear < 2 else f"; {unclear} of {len(verdict['parts'])} parts are unclear"


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


def _verdict(claim: str, results: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    content = results.get(claim.rpartition("/")[0], {"verdicts": ()})
    return next((each for each in content["verdicts"] if each["id"] == claim), None)


def _sources(question: Question, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How the numbers came about, a line a figure."""
    for figure in dict.fromkeys(one.figure for told in question.sentences for one in told):
        content = results.get(figure)
        if content is None:
            yield f"    infoscope run {figure} --preset laptop   # not kept so far: scripts/results.py run {figure}"
            continue
        seeds = f"{content['seeds']} seeds" if content["seeds"] else "exact"
        at = f"{(content['commit'] or content['infoscope'])[:8]}{', changed' if content['dirty'] else ''}"
        yield f"    {content['command']}   # {seeds}, {content['date']}, commit {at}"
