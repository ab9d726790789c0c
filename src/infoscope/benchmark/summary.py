"""What the rows of a benchmark say: a line for each subject and n, the comparison with the peers, coverage, speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from infoscope.benchmark.cases import HEADLINE, Subject
from infoscope.benchmark.choosing import Choice, Question, answer, rank
from infoscope.benchmark.records import Row
from infoscope.benchmark.results import SourceResult, held, source_results
from infoscope.data.source import find_source

EQUAL = 1e-6  # nats: two answers closer than this are the same answer
NEAR_BEST, NEAR_TRUTH = 1.25, 0.02  # an error is good up to so many times the best one, or so many nats
GOAL = 0.9  # of the problems (a source at an n) on which the best of ours should be at or under the best peer's error


def lines(found: Sequence[SourceResult]) -> list[dict[str, Any]]:
    """One line for each subject and n: the errors over sources, seconds, coverage, and how often it warned."""
    groups: dict[Any, list[SourceResult]] = defaultdict(list)
    for each in found:
        groups[each.n, each.subject].append(each)
    content = []
    for (n, subject), here in groups.items():
        answered = [each for each in here if each.error is not None]
        worst = max(answered, key=lambda each: each.worst or 0, default=None)
        intervals = sum(each.intervals for each in here)
        errors = [each.error for each in answered if each.error is not None]
        trusted = [each.worst_trusted for each in here if each.worst_trusted is not None]
        seconds = [each.cpu_seconds for each in here if each.cpu_seconds is not None]
        content.append(
            {
                "n": n,
                "who": subject.who,
                "estimator": subject.name,
                "options": subject.options,
                "label": subject.label,
                "sources": len(here),
                "replicates": sum(each.replicates for each in here),
                "unanswered": len(here) - len(answered),
                "median_error": float(np.median(errors)) if errors else None,
                "worst_error": worst.worst if worst else None,
                "worst_source": worst.source if worst else None,
                "worst_trusted_error": max(trusted, default=None),
                "flagged": 1 - float(np.mean([each.trusted for each in here])),
                "intervals": intervals,
                "covered": sum(each.covered for each in here) / intervals if intervals else None,
                "median_cpu_seconds": float(np.median(seconds)) if seconds else None,
            }
        )
    return sorted(content, key=lambda line: (line["n"], line["who"], _last_if_none(line["median_error"])))


def families(found: Sequence[SourceResult]) -> list[dict[str, Any]]:
    """One line for each family of sources, subject and n: the median and the worst of the errors over its sources."""
    groups: dict[Any, list[float]] = defaultdict(list)
    for each in found:
        if each.error is not None:
            groups[each.n, find_source(each.source).family, each.subject].append(each.error)
    return [
        {"n": n, "family": family, "who": subject.who, "label": subject.label, "sources": len(errors),
         "median_error": float(np.median(errors)), "worst_error": max(errors)}
        for (n, family, subject), errors in sorted(groups.items(), key=lambda item: (*item[0][:2], item[0][2].label))
    ]  # fmt: skip


def _last_if_none(number: float | None) -> float:
    return float("inf") if number is None else number


def accuracy(found: Sequence[SourceResult]) -> dict[str, Any]:
    """How often the best of ours is at or under the absolute error of the best peer, on problems that a peer answered.

    ``chosen`` is the harder question: the one estimator that ``choose`` names from the results on all other sources.
    """
    ours, theirs = (_errors(found, who) for who in ("ours", "peer"))
    common = [each for each in theirs if each in ours]
    lost, chosen_lost, judged = [], [], 0
    sources = {each.source: each for each in found}
    for source, n in common:
        (peer_error, peer), (error, subject) = min(theirs[source, n]), min(ours[source, n])
        about = {"source": source, "n": n, "truth": sources[source].truth, "peer": peer.label, "peer_error": peer_error}
        if error > peer_error + EQUAL:
            lost.append({**about, "ours": subject.label, "error": error})
        ranked = rank([each for each in found if each.source != source], _question(sources[source], n))
        measured = {named: mistake for mistake, named in ours[source, n]}
        named = next((candidate.subject for candidate in ranked if candidate.subject in measured), None)
        if named is not None:
            judged += 1
            if measured[named] > peer_error + EQUAL:
                chosen_lost.append({**about, "ours": named.label, "error": measured[named]})
    share = 1 - len(lost) / len(common) if common else None
    content = {
        "problems": len(common),
        "share": share,
        "goal": GOAL,
        "reached": share is not None and share >= GOAL,
        "lost": sorted(lost, key=lambda one: one["peer_error"] - one["error"]),
        "chosen_problems": judged,
        "chosen_share": 1 - len(chosen_lost) / judged if judged else None,
        "chosen_lost": sorted(chosen_lost, key=lambda one: one["peer_error"] - one["error"]),
    }
    return {**content, "words": _peers_text(content)}


def first_names(
    found: Sequence[SourceResult],
    kind: str = "labels",
    choose: Callable[[Sequence[SourceResult], Question], Choice] = answer,
) -> dict[str, Any]:
    """How good the first name is that ``choose`` gives for each measured (source, n) of a kind, chosen from the results
    on all other families of sources.

    It is good where its error there is at most 1.25 times the least of anybody of ours, or .02 nats; ``missed`` says
    where it is not. ``share`` is of the problems on which the name was itself measured, ``judged`` of ``problems``;
    where none is named, nothing is good.
    """
    errors = _errors([each for each in found if each.kind == kind], "ours")
    about = {(each.source, each.n): each for each in found}
    judged, none, missed = 0, 0, []
    for (source, n), here in errors.items():
        family = find_source(source).family
        others = [each for each in found if find_source(each.source).family != family]
        best = choose(others, _question(about[source, n], n)).best
        error = next((error for error, subject in here if best and subject == best.subject), None)
        if best and error is None:
            continue
        judged += 1
        none += best is None
        least, by = min(here)
        if error is None or error > max(NEAR_BEST * least, NEAR_TRUTH):
            one = {"source": source, "n": n, "truth": about[source, n].truth, "named": best and best.subject.label}
            missed.append({**one, "error": error, "best": by.label, "best_error": least})
    content = {
        "problems": len(errors),
        "judged": judged,
        "none": none,
        "share": 1 - len(missed) / judged if judged else None,
        "missed": sorted(missed, key=lambda one: (one["source"], one["n"])),
    }
    return {**content, "words": _first_names_text(content)}


def _question(each: SourceResult, n: int) -> Question:
    """What ``choose`` is asked about the problem behind one."""
    return Question(n, each.dx, each.dy, each.kind == "labels", "discrete" in each.tags, each.ties)


def _errors(found: Sequence[SourceResult], who: str) -> dict[tuple[str, int], list[tuple[float, Subject]]]:
    errors: dict[tuple[str, int], list[tuple[float, Subject]]] = defaultdict(list)
    for each in found:
        if each.who == who and each.error is not None:
            errors[each.source, each.n].append((each.error, each.subject))
    return errors


def coverage(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Of many samples of a source, the share whose interval held the truth, for each estimator and source."""
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row["purpose"] == "coverage":
            groups[Subject(row["who"], row["estimator"], row["options"]), row["source"]].append(row)
    content = []
    for (subject, source), here in sorted(groups.items()):
        if kept := held(here):
            errors = [row["value"] - row["truth"] for row in here if row.get("value") is not None]
            content.append(
                {
                    "label": subject.label,
                    "source": source,
                    "n": here[0]["n"],
                    "replicates": len(kept),
                    "covered": sum(kept) / len(kept),
                    "bias": float(np.mean(errors)),
                    "deviation": float(np.std(errors)),
                    "kind": here[0]["interval_kind"],
                }
            )
    return content


def speed(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """KSG over dimensions: the least CPU seconds of everyone, and how far our answers are from the definition's."""
    best: dict[str, dict[Subject, float]] = defaultdict(dict)
    values: dict[str, dict[Any, float]] = defaultdict(dict)
    for row in rows:
        if row["purpose"] == "headline" and row.get("value") is not None:
            subject = Subject(row["who"], row["estimator"], row["options"])
            before = best[row["source"]].get(subject, float("inf"))
            best[row["source"]][subject] = min(before, row["cpu_seconds"])
            values[row["source"]][subject.name, row["seed"]] = row["value"]
    content = []
    for source in HEADLINE:
        ours = {s.label: t for s, t in best[source].items() if s.who == "ours"}
        theirs = {s.label: t for s, t in best[source].items() if s.who == "peer"}
        if ours or theirs:
            apart = [
                abs(value - values[source]["scipy_tree", seed])
                for (name, seed), value in values[source].items()
                if name == "ksg" and ("scipy_tree", seed) in values[source]
            ]
            content.append(
                {
                    "source": source,
                    "truth": find_source(source).truth,
                    "ours": ours,
                    "peers": theirs,
                    "ratio": min(theirs.values()) / min(ours.values()) if ours and theirs else None,
                    "from_definition": max(apart, default=None),
                }
            )
    return content


def _peers_text(accuracy: dict[str, Any]) -> str:
    """How the best of ours, and the one chosen, compare with the best peer, in a sentence or two."""
    text = (
        f"The best of ours, picked knowing the truth, is at or under the best peer's error on "
        f"{_share(accuracy['share'])} of {accuracy['problems']} problems (goal {_share(accuracy['goal'])})."
    )
    if accuracy["chosen_problems"]:
        text += (
            f" The one that `choose` names without having seen the source is so on {_share(accuracy['chosen_share'])} "
            f"of {accuracy['chosen_problems']}."
        )
    return text


def _first_names_text(found: dict[str, Any]) -> str:
    """How good the first names of ``choose`` are on problems of labels, in a sentence."""
    return (
        "The first name of `choose` for a problem of labels, chosen without that problem's own family of sources, is "
        f"within 1.25 times the least error of anybody, or .02 nats, on {_share(found['share'])} of {found['judged']} "
        f"(none is named on {found['none']}; on {found['problems'] - found['judged']} more the name was not measured)."
    )


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Everything above, as plain values."""
    found = source_results(rows)
    return {
        "table": lines(found),
        "families": families(found),
        "accuracy": accuracy(found),
        "first_names": first_names(found),
        "coverage": coverage(rows),
        "speed": speed(rows),
        "broken": [
            {k: row[k] for k in ("who", "estimator", "options", "source", "n", "seed", "status", "notes")}
            for row in rows
            if row["status"] in ("BROKEN", "TOO LONG", "DIED")
        ],
    }
