"""What a notebook shows of a run and of its verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infoscope.core.folder import RunFolder
from infoscope.core.markup import faint, said, table
from infoscope.core.units import in_unit, shown
from infoscope.show.reading import Shown
from infoscope.show.report._cards import columns
from infoscope.show.report._findings import so_what
from infoscope.show.report._words import SIGNS, minus, untrained


class Verdicts(list[dict[str, Any]]):
    """Stored verdicts: a list of plain values, information in nats, that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        if not self:
            return faint("no verdicts")
        return table(["verdict", "claim", "number", "wanted", "at"], map(_line, self))


def _line(verdict: Mapping[str, Any]) -> Sequence[str]:
    head = next((finding for finding in verdict["findings"] if finding["headline"]), None)
    sign = SIGNS.get(verdict["outcome"].partition(" (")[0], "–")
    number, wanted = in_unit(verdict["reason"]) or "nothing was measured", ""
    if head is not None and head["value"] is not None and not verdict["reason"]:
        number = f"{head['name']}: {shown(head['value'], head['unit'], head['interval'])}"
        wanted = head["criterion"]
    seeds = verdict["seeds"]
    at = f"{verdict['preset']}, " + (f"{seeds} seed{'s' * (seeds != 1)}" if seeds else "exact")
    return f"{sign} {verdict['said']}", verdict["claim"]["sentence"], minus(number), minus(wanted), at


def run_html(folder: RunFolder) -> str:
    """A run's title and state, what was found in it, and its verdicts."""
    folder = Shown(folder)
    manifest, rows = folder.manifest(), folder.told_rows()
    facts = [
        manifest.get("state") or "",
        ", ".join(rows.unique("network")),
        f"{len(rows.unique('step'))} recorded steps, {len(rows):,} rows",
    ]
    found = [*untrained(folder.verdicts()), *so_what(columns([folder], [rows]))]
    listed = "".join(f"<li>{said(each)}</li>" for each in found)
    verdicts = Verdicts(folder.verdicts())
    return (
        f"<div><strong>{said(manifest.get('title') or folder.id)}</strong> {faint(' · '.join(filter(None, facts)))}"
        f"<ul>{listed}</ul>{verdicts._repr_html_() if verdicts else ''}</div>"
    )
