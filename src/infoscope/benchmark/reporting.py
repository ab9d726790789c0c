"""The results of a benchmark, and of a choice, for a person: headers and lines of tables, and sentences."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from infoscope.benchmark.choosing import Candidate, Choice

Table = Callable[[list[str], list[list[str]]], None]
LINE = ["", "estimator", "sources", "median error", "worst", "on", "worst unflagged", "flagged", "covered", "CPU s"]
LONGEST = 10  # lines of a list of single cases


def show(found: dict[str, Any], table: Table) -> None:
    """Print what :func:`infoscope.benchmark.running.bench` returned; ``table`` prints headers and lines."""
    for n in dict.fromkeys(line["n"] for line in found["table"]):
        print(f"\nn = {n}: errors in nats over the sources, each the mean absolute error of its replicates")
        here = [line for line in found["table"] if line["n"] == n]
        table(LINE, [_line(line) for line in here])
    if found["coverage"]:
        print("\nCoverage: the share of samples whose stated interval held the truth")
        headers = ["estimator", "source", "n", "samples", "covered", "bias", "deviation"]
        table(headers, [_covered(one) for one in found["coverage"]])
    if found["speed"]:
        print("\nKSG with k=3, n = 10000: CPU seconds, the best of the runs; ours include the interval and the checks")
        headers = ["problem", "ours", "peers", "fastest peer / ours", "away from the definition"]
        table(headers, [_speed(one) for one in found["speed"]])
    _accuracy(found["accuracy"])
    if found["first_names"]["judged"]:
        print(first_names_text(found["first_names"]))
    for one in found["broken"][:LONGEST]:
        print(f"{one['estimator']} {one['options']} on {one['source']}, n={one['n']}: {one['status']}, {one['notes']}")
    if len(found["broken"]) > LONGEST:
        print(f"… {len(found['broken'])} such cases in all")
    for name, reason in found["skipped"].items():
        print(f"{name} was skipped: {reason}")
    done = f"{found['answers']} of {found['planned']} cases answered"
    print(f"{done} in {found['minutes']:.1f} minutes: {found['folder']}")
    if "saved" in found:
        print(f"results: {found['saved']}")


def _covered(one: dict[str, Any]) -> list[str]:
    spread = f"{one['bias']:+.4f}", f"{one['deviation']:.4f}"
    return [one["label"], one["source"], str(one["n"]), str(one["replicates"]), _share(one["covered"]), *spread]


def _speed(one: dict[str, Any]) -> list[str]:
    ratio, away = _number(one["ratio"], ".1f"), _number(one["from_definition"], ".1e")
    return [one["source"], _seconds_of(one["ours"]), _seconds_of(one["peers"]), ratio, away]


def _line(line: dict[str, Any]) -> list[str]:
    return [
        line["who"],
        line["label"],
        f"{line['sources'] - line['unanswered']} of {line['sources']}" if line["unanswered"] else str(line["sources"]),
        _number(line["median_error"], ".4f"),
        _number(line["worst_error"], ".3g"),
        line["worst_source"] or "",
        _number(line["worst_trusted_error"], ".3g"),
        _share(line["flagged"]),
        _share(line["covered"]),
        _number(line["median_cpu_seconds"], ".3g"),
    ]


def peers_text(accuracy: dict[str, Any]) -> str:
    """How the best of ours, and the one chosen, compare with the best peer, in a sentence or two."""
    text = (
        f"The best of ours, picked knowing the truth, is at or under the best peer's error on "
        f"{_share(accuracy['share'])} of {accuracy['tasks']} tasks (goal {_share(accuracy['goal'])})."
    )
    if accuracy["chosen_tasks"]:
        text += (
            f" The one that `choose` names without having seen the source is so on {_share(accuracy['chosen_share'])} "
            f"of {accuracy['chosen_tasks']}."
        )
    return text


def _accuracy(accuracy: dict[str, Any]) -> None:
    if not accuracy["tasks"]:
        return
    print(f"\n{peers_text(accuracy)}")
    for one in accuracy["lost"][:LONGEST]:
        at = f"{one['source']} n={one['n']} (truth {one['truth']:.3f})"
        print(f"  lost: {at}: {one['ours']} off by {one['error']:.4f}, {one['peer']} by {one['peer_error']:.4f}")
    if len(accuracy["lost"]) > LONGEST:
        print(f"  … {len(accuracy['lost'])} lost in all")


KEY = (
    "Key: loss: mean error as a share of the truth (of .1 nats where the truth is less), nearer problems counting "
    "more; an answer with a warning counts as 100 %, as saying 0 does. met: on how many comparable problems it was "
    "measured. unflagged: answers without a warning. covered: stated 95 % intervals that held I(X;Y), which those of a "
    "lower bound need not do. CPU s: for one answer."
)


def show_choice(choice: Choice, table: Table, command: str) -> None:
    """Print a choice: the reasons, a command line to copy, the candidates and what the columns mean."""
    if choice.best is None:
        print(choice.why)
    else:
        print(f"use {choice.why}\n\n  {command}\n")
        table(*choice_lines(choice))
        print(KEY)


def first_names_text(found: dict[str, Any]) -> str:
    """How good the first names of ``choose`` are on problems of labels, in a sentence."""
    return (
        "The first name of `choose` for a problem of labels, chosen without that problem's own family of sources, is "
        f"within 1.25 times the least error of anybody, or .02 nats, on {_share(found['share'])} of {found['judged']} "
        f"(none is named on {found['none']}; on {found['problems'] - found['judged']} more the name was not measured)."
    )


def choice_command(choice: Choice, x: str, y: str) -> str:
    """The command line that measures with the estimator chosen, or "" where none is."""
    if choice.estimator is None:
        return ""
    return " ".join(
        ["infoscope mutual-information", *map(shlex.quote, (x, y)), "--estimator", shlex.quote(choice.estimator)]
    )


def choice_lines(choice: Choice) -> tuple[list[str], list[list[str]]]:
    """Headers and lines: the candidates, the best first, then who was not ranked."""
    headers = ["estimator", "answers", "loss", "met", "median error, nats", "unflagged", "covered", "CPU s"]
    lines = [_candidate(one, choice.tasks) for one in choice.candidates]
    for one in choice.unmeasured:
        lines.append([one.subject.label, one.answers, "not ranked", f"{one.met} of {choice.tasks}", "", "", "", ""])
    return headers, lines


def _candidate(one: Candidate, tasks: int) -> list[str]:
    return [
        one.subject.label,
        one.answers,
        _share(one.loss),
        f"{one.met} of {tasks}",
        _number(one.median_error, ".4f"),
        _share(one.trusted),
        _share(one.covered),
        _number(one.cpu_seconds, ".3g"),
    ]


def choice_values(choice: Choice) -> dict[str, Any]:
    """A choice as plain values; ``estimator`` is None where none is named."""
    near = choice.nearest
    return {
        "estimator": choice.estimator,
        "why": choice.why,
        "question": choice.question._asdict(),
        "tasks": choice.tasks,
        "nearest": near and {name: getattr(near, name) for name in ("source", "n", "dx", "dy", "kind")},
        "candidates": [{**one._asdict(), "subject": one.subject._asdict()} for one in choice.candidates],
        "unmeasured": [{**one._asdict(), "subject": one.subject._asdict()} for one in choice.unmeasured],
    }


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _number(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _seconds_of(times: dict[str, float]) -> str:
    return ", ".join(f"{label} {seconds:.2g}" for label, seconds in sorted(times.items(), key=lambda item: item[1]))
