"""Write a report: rows, verdicts and manifests of run folders in, one self-contained HTML file out."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder, atomic
from infoscope.core.rows import Rows
from infoscope.show.figures import Figure
from infoscope.show.report import _words
from infoscope.show.report._cards import Block, Card, Column, Panel, Spec, blocks, columns

_HERE = Path(__file__).parent


def write_report(folders: Sequence[RunFolder], path: Path) -> Path:
    """One HTML file at ``path`` of one run, or of several side by side; it opens offline. Returns ``path``.

    Raises
    ------
    InputError: without any folder. RunFolderError: a damaged run folder, or a full disk.
    """
    if not folders:
        raise InputError("a report needs at least one run, none was given: pass run folders")
    page = render(folders)
    with atomic(Path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return Path(path)


def write_figures(folders: Sequence[RunFolder], folder: Path) -> list[Path]:
    """Every figure of the report as PNG and SVG in ``folder``; returns what was written."""
    written = []
    for block in blocks(columns(folders, [run.rows() for run in folders])):
        for panel in block.panels:
            for card in panel.cards:
                if card.spec is not None:
                    name = _file_name(block, panel, card)
                    written += [Figure(card.spec).save(Path(folder) / f"{name}{suffix}") for suffix in (".png", ".svg")]
    return written


def _file_name(block: Block, panel: Panel, card: Card) -> str:
    number = str(block.number + 1) if block.number else ""
    parts = (card.column.run, card.column.network, block.estimator, number, panel.plot, *panel.narrowing.values())
    return "-".join(filter(None, (re.sub(r"\W+", "_", part).strip("_") for part in parts)))


def render(folders: Sequence[RunFolder]) -> str:
    """The report as HTML text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    rows = [folder.rows() for folder in folders]
    all_columns = columns(folders, rows)
    found = blocks(all_columns)
    figures: list[Spec] = []
    shown_blocks = [_block(block, found, figures) for block in found]  # collects the figures
    verdicts = [_words.verdict(verdict) for folder in folders for verdict in folder.verdicts()]
    return environment.get_template("report.html").render(
        title=_title(folders),
        runs=[_run(folder, held) for folder, held in zip(folders, rows, strict=True)],
        verdicts=verdicts,
        tally=_words.tally(verdicts),
        columns=all_columns,
        blocks=shown_blocks,
        figures=_embedded(figures),
        style=(_HERE / "style.css").read_text(encoding="utf-8"),
        player=(_HERE / "player.js").read_text(encoding="utf-8"),
        licences=(_HERE / "licences.txt").read_text(encoding="utf-8"),
        vega=_javascript() if figures else "",
    )


@cache
def _javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that loads nothing (a second to bundle)."""
    import vl_convert

    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").replace("</script", "<\\/script")


def _title(folders: Sequence[RunFolder]) -> str:
    titles = [str(folder.manifest().get("title") or folder.id) for folder in folders]
    if len(titles) == 1:
        return titles[0]
    # more than three are listed right below, each with its facts
    return f"{len(titles)} runs side by side" + (f": {'; '.join(titles)}" if len(titles) <= 3 else "")


def _run(folder: RunFolder, rows: Rows) -> dict[str, Any]:
    manifest = folder.manifest()
    listed, unlisted = _words.estimands(rows)
    failed, unlisted_failures = _words.failures(rows)
    return {
        "id": folder.id,
        "title": manifest.get("title") or folder.id,
        "command": manifest.get("command"),
        "missing": _missing(folder, manifest, rows),
        "facts": _facts(manifest, rows),
        "estimands": listed,
        "unlisted": unlisted,
        "failures": failed,
        "unlisted_failures": unlisted_failures,
        "provenance": _words.provenance(manifest),
    }


def _facts(manifest: dict[str, Any], rows: Rows) -> str:
    if not len(rows):
        return "no rows"
    steps, members = len(rows.unique("step")), len(rows.unique("member"))
    networks = list(manifest.get("networks") or rows.unique("network"))
    said = [
        f"{len(networks)} network{'s' * (len(networks) != 1)}" + (f" ({', '.join(networks)})" if networks else ""),
        f"{members} member{'s' * (members != 1)} each",
        f"{steps} recorded step{'s' * (steps != 1)}",
        f"{len(rows):,} rows",
    ]
    if manifest.get("preset"):
        said.insert(0, f"preset {manifest['preset']}")
    return " · ".join(said)


def _missing(folder: RunFolder, manifest: dict[str, Any], rows: Rows) -> list[str]:
    """What a reader would look for and this run does not have."""
    state = manifest.get("state")
    out = []
    if manifest.get("missing"):
        out.append(f"this figure was not run: {manifest['missing']}")
    elif state and state != "done":
        out.append(f"this run is not finished (state: {state}), so what follows may still change")
    if not len(rows):
        out.append("this run holds no rows yet, so there is nothing to draw")
    if not folder.verdicts():
        why = (
            "no claim was judged"
            if manifest.get("figure")
            else "it belongs to no paper's figure, so no claim was judged"
        )
        out.append(f"this run has no verdicts: {why}")
    return out


def _block(block: Block, all_blocks: Sequence[Block], figures: list[Spec]) -> dict[str, Any]:
    several = sum(other.estimator == block.estimator for other in all_blocks) > 1
    training = block.estimator == "training"
    return {
        "id": f"{block.estimator}-{block.number}",
        "heading": "Training"
        if training
        else f"Measured with {block.estimator}" + (f", set {block.number + 1}" if several else ""),
        "panels": [_panel(panel, figures) for panel in block.panels],
    }


def _panel(panel: Panel, figures: list[Spec]) -> dict[str, Any]:
    absent = [f"{card.column.title} (run {card.column.run})" for card in panel.cards if card.spec is None]
    return {"heading": panel.heading, "cards": [_card(card, figures) for card in panel.cards], "absent": absent}


def _card(card: Card, figures: list[Spec]) -> dict[str, Any]:
    column: Column = card.column
    out: dict[str, Any] = {"run": column.run, "title": column.title, "figure": None, "caption": ""}
    out.update(estimands=card.estimands, trust=card.trust)
    if card.spec is not None:
        out["figure"] = len(figures)
        spec, out["caption"] = for_page(card.spec)
        figures.append(spec)
    return out


def for_page(spec: Spec) -> tuple[Spec, str]:
    """A figure as wide as its place on the page, without its own title and slider; and its remarks as a caption."""
    spec = copy.deepcopy(spec)
    del spec["$schema"]  # the page's own Vega-Lite may be newer, and would warn of it
    heading = spec.pop("title", {})
    caption = " ".join(heading.get("subtitle", []))
    spec["description"] = f"{heading.get('text', '')}. {caption}"
    spec["width"] = "container"
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    if "params" in spec:  # the page's own slider drives all planes
        last = spec["usermeta"]["recorded"][-1][0]
        spec["params"] = [{"name": "step", "value": last}]
    return spec, caption


def _embedded(figures: Sequence[Spec]) -> str:
    """JSON that can stand inside a script element; a NaN would be a defect and raises."""
    text = json.dumps(figures, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
