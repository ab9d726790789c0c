"""What the report says in words and tables: verdicts, estimands, failures, provenance. Plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from infoscope.core.claim import ORIGINS, counted
from infoscope.core.estimate import Status
from infoscope.core.rows import Rows
from infoscope.core.units import in_unit, shown
from infoscope.show.plots._series import worded

#: Shapes, so that colour is never the only carrier of meaning.
SIGNS = {
    "reproduced": "✓",
    "partly": "◐",
    "not reproduced": "✗",
    "does not hold": "✗",
    "inconclusive": "?",
    "not testable here": "–",
    "holds": "✓",
    "fails": "✗",
    "unclear": "?",
    "missing": "–",
}
_BOUNDS = {"lower": "lower bound", "upper": "upper bound", "none": "not a bound"}
MOST_ROWS = 40


def minus(said: str) -> str:
    """``said`` with true minus signs before its numbers."""
    return re.sub(r"(?<![\w.)\]-])-(?=\.?\d)", "−", said)


def verdict(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A stored verdict with its numbers written out in the unit shown."""
    findings = _findings(stored.get("findings", []))
    without = stored["without"] and _judged(stored["without"]["outcome"], _findings(stored["without"]["findings"]))
    notes = [in_unit(note) for note in stored.get("notes", [])]
    origin = ORIGINS.get(stored["claim"]["origin"], ORIGINS[""])
    told = {"origin": origin, "without": without, "notes": notes}
    return {**stored, **_judged(stored["outcome"], findings), **told}


def _findings(stored: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            **finding,
            "shown": minus(shown(finding["value"], finding["unit"], finding.get("interval"))),
            "criterion": minus(finding["criterion"]),
            "note": in_unit(finding.get("note") or ""),
            "kind": _kind(finding["outcome"]),
            "sign": SIGNS.get(finding["outcome"], "–"),
        }
        for finding in stored
    ]


def _judged(outcome: str, findings: list[dict[str, Any]]) -> dict[str, Any]:
    """An outcome with its sign, its kind (the word without "(one seed)"), its findings and the one that decided."""
    headline = next((finding for finding in findings if finding.get("headline")), None)
    kind = _kind(outcome)
    return {
        "outcome": outcome, "kind": kind, "sign": SIGNS.get(kind, "–"), "findings": findings, "headline": headline,
    }  # fmt: skip


def _kind(outcome: str) -> str:
    """An outcome without "(one seed)"; "unknown" where it is none of ours."""
    kind = outcome.partition(" (")[0]
    return kind if kind in SIGNS else "unknown"


def tally(verdicts: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[tuple[str, str, str, int]]]]:
    """How often each outcome occurs, by who says the claims: ``(who, [(sign, kind, outcome, count)])``, best first.

    Outcomes of one seed are counted by themselves.
    """
    return [
        (
            ORIGINS[origin],
            [(SIGNS.get(_kind(outcome), "–"), _kind(outcome), outcome, count) for outcome, count in outcomes.items()],
        )
        for origin, outcomes in counted(verdicts).items()
    ]


def untrained(verdicts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The members of a run that did not train, a sentence a network: ``3 of 50 networks did not train: …``."""
    found: dict[tuple[str, str], set[int]] = {}
    for verdict in verdicts:
        for each in verdict["untrained"]:
            found.setdefault((each["network"], each["kind"]), set()).add(each["member"])
    seeds = max((verdict["seeds"] for verdict in verdicts), default=0)
    return [
        f"{len(members)} of {seeds} networks {kind}: {network}, member{'s' * (len(members) > 1)} "
        f"{', '.join(map(str, sorted(members)))}"
        for (network, kind), members in found.items()
    ]


def estimands(rows: Rows) -> tuple[list[dict[str, Any]], int]:
    """What each number truly estimates, with how many have which status; and how many further lines were left out."""
    keys = ["quantity", "variable", "estimator", "estimand", "bound", "interval_kind", "network", "status"]
    lines: dict[tuple[Any, ...], dict[str, Any]] = {}
    for quantity, variable, *what, network, status, count in _counts(rows, keys):
        if status == Status.FAILED.name:
            continue  # they have no estimand; their reasons have a table of their own
        line = lines.setdefault((quantity, *what), {"variables": {}, "networks": {}, "statuses": {}})
        line["variables"][variable] = True
        line["networks"][network] = True
        line["statuses"][status] = line["statuses"].get(status, 0) + count
    found = [
        {
            "quantity": worded(quantity),
            "variable": _few(list(line["variables"])),
            "estimator": estimator,
            "estimand": estimand,
            "bound": _BOUNDS.get(bound or "none", bound),
            "interval": interval,
            "networks": ", ".join(line["networks"]),
            "statuses": [(name, count, _meaning(name)) for name, count in line["statuses"].items()],
            "fine": set(line["statuses"]) == {Status.OK.name},
        }
        for (quantity, estimator, estimand, bound, interval), line in lines.items()
    ]
    found.sort(key=lambda line: line["fine"])
    return found[:MOST_ROWS], max(0, len(found) - MOST_ROWS)


def _meaning(status: str) -> str:
    return Status[status].sentence if status in Status.__members__ else "a status that this infoscope does not know"


def _few(names: Sequence[str]) -> str:
    """All of up to three names, else the first and the last: the cells of a histogram are many."""
    return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]} ({len(names)})"


def failures(rows: Rows) -> tuple[list[dict[str, Any]], int]:
    """The measurements without a number and their reasons; and how many further lines were left out."""
    keys = ["network", "site", "quantity", "estimator", "notes"]
    failed = _counts(rows.filter(status=Status.FAILED.name), keys)
    lines = [dict(zip([*keys, "count"], line, strict=True)) for line in failed[:MOST_ROWS]]
    return [{**line, "notes": in_unit(line["notes"])} for line in lines], max(0, len(failed) - MOST_ROWS)


def _counts(rows: Rows, keys: list[str]) -> list[tuple[Any, ...]]:
    """Each combination of these text columns with how many rows hold it, in order of first appearance."""
    if not len(rows):
        return []
    table = pa.table({key: pc.fill_null(rows.table[key].cast(pa.string()), "") for key in keys})
    groups = table.group_by(keys, use_threads=False).aggregate([([], "count_all")])
    return list(zip(*(groups[name].to_pylist() for name in (*keys, "count_all")), strict=True))


def provenance(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Where a run's numbers came from, as ``(label, text)``; what the run folder does not say is said to be missing."""
    commit = manifest.get("commit")
    changed = {True: ", with uncommitted changes", False: ", clean"}.get(manifest.get("dirty"), "")  # type: ignore[arg-type]
    lines = [
        ("started", manifest.get("started")),
        ("state", manifest.get("state")),
        ("figure", manifest.get("figure")),
        ("preset", manifest.get("preset")),
        ("seeds", _ranges(manifest.get("seeds") or [])),
        ("commit", f"{commit}{changed}" if commit else "not a git checkout; the version says what it can"),
        ("versions", _pairs(manifest.get("versions"))),
        ("machine", _pairs(manifest.get("machine"))),
        ("threads", _pairs(manifest.get("threads"))),
        ("data", _pairs(manifest.get("data"))),
        ("evaluation set", _pairs(manifest.get("evaluated"))),
        ("taken over from another run", _pairs(manifest.get("borrowed"))),
        ("rows taken over, of each network, by run", _pairs(manifest.get("borrowed rows"))),
    ]
    for name, network in (manifest.get("networks") or {}).items():
        lines.append(
            (f"network {name}", f"{network.get('title') or name}; sites {', '.join(network.get('sites') or [])}")
        )
        if network.get("recipe"):
            lines.append((f"training of {name}", _pairs(network["recipe"])))
        if network.get("arguments"):
            lines.append((f"computation of {name}", _pairs(network["arguments"])))
    return [(label, str(text)) for label, text in lines if text not in (None, "")]


def shared(all_lines: Sequence[Sequence[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Those lines of :func:`provenance` that several runs have alike, which are then told once."""
    if len(all_lines) < 2:
        return []
    return [line for line in all_lines[0] if all(line in lines for lines in all_lines[1:])]


def _ranges(seeds: Sequence[int]) -> str:
    """``0–49 (50 seeds)`` when they are consecutive, else all of them."""
    if not seeds:
        return ""
    consecutive = len(seeds) > 2 and list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    text = f"{seeds[0]}–{seeds[-1]}" if consecutive else ", ".join(map(str, seeds))
    return f"{text} ({len(seeds)} seed{'s' * (len(seeds) != 1)})"


def _pairs(content: Any) -> str:
    """Nested values on one line: ``python 3.11, torch 2.13``."""
    if isinstance(content, Mapping):
        said = ((key, _pairs(value)) for key, value in content.items() if value is not None)
        words = ((key, f"({text})" if isinstance(content[key], Mapping) else text) for key, text in said if text)
        return ", ".join(f"{key} {text}" for key, text in words)
    if isinstance(content, (list, tuple)):
        return (
            "–".join(map(str, content)) if all(isinstance(v, int) for v in content) else ", ".join(map(_pairs, content))
        )
    return "" if content is None else str(content)
