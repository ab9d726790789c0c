"""Write a report: rows, verdicts and manifests of run folders in, one self-contained HTML file out."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import accumulate, count
from pathlib import Path
from typing import Any

from infoscope.core import text
from infoscope.core.errors import InputError, RunFolderError, warn
from infoscope.core.files import atomic, sweep_beside
from infoscope.core.folder import RunFolder
from infoscope.core.manifest import told
from infoscope.core.provenance import fingerprint
from infoscope.core.rows import TRAINING, Rows
from infoscope.core.units import showing
from infoscope.show._kept import kept
from infoscope.show._renderer import renderer
from infoscope.show.figures import Drawing
from infoscope.show.plots._style import Spec
from infoscope.show.reading import Shown
from infoscope.show.report import _embedding, _findings, _words
from infoscope.show.report._cards import DERIVED, EXAMPLES, Card, Panel, PanelGroup, Section, sections, why

MOST_OPEN, MOST_FIGURES = 6, 24  # panels of one way of measuring that are open, and figures in them; the rest unfolds
LONGEST_SLUG = 200  # bytes: with a number, a suffix and what a half-written file adds still the name of one
_HERE = Path(__file__).parent


def write_report(folders: Sequence[RunFolder], path: Path, *, with_command: bool = False) -> Path:
    """One HTML file at ``path`` of one run or of several; it opens offline. Returns ``path``.

    with_command: also the command that made each run, without its secrets. It names files and people, so a page that
    is passed on does without it.

    Networks stand side by side. Where that would be more than four, of several figures of papers, each figure has a
    section of its own with its verdicts, below a table of all verdicts.

    Raises
    ------
    InputError: without any folder. RunFolderError: a damaged run folder, or a full disk.
    """
    if not folders:
        raise InputError("a report needs at least one run, none was given: pass run folders")
    page = render(folders, with_command=with_command)
    with atomic(Path(path)) as temporary:
        temporary.write_text(page, encoding="utf-8")
    sweep_beside(Path(path))  # what a killed report left, which no writer of the run may come for
    return Path(path)


def write_figures(folders: Sequence[RunFolder], folder: Path) -> list[Path]:
    """Every figure of the report as PNG and SVG in ``folder``; returns what was written.

    A figure that cannot be drawn is told in a warning, and the others are written.

    Raises
    ------
    RunFolderError: a damaged run folder, or a full disk. OSError: ``folder`` cannot be written to.
    """
    shown = [Shown(run) for run in folders]
    written: list[Path] = []
    for section in sections(shown, [run.told_rows() for run in shown]):
        for block in section.blocks:
            for panel in block.panels:
                for card in panel.cards:
                    path = _free(Path(folder) / _name(block, panel, card), written)
                    try:
                        if card.spec is not None:
                            written += [Drawing(card.spec).save(Path(f"{path}{s}")) for s in (".png", ".svg")]
                    except (OSError, RunFolderError):
                        raise
                    except Exception as reason:
                        card = replace(card, failed=why(reason))
                    if card.failed:
                        warn(f"infoscope: {path.name} could not be drawn: {card.failed}")
    return written


def _free(path: Path, taken: Sequence[Path]) -> Path:
    """``path``, with a number where a figure of this name is written already."""
    found = path
    for number in count(2):
        if Path(f"{found}.png") not in taken:
            return found
        found = path.with_name(f"{path.name}-{number}")
    raise AssertionError("numbers do not end")


def _name(block: PanelGroup, panel: Panel, card: Card) -> str:
    """What a figure is called as a file and as a place on the page, told apart where the runs have different ids."""
    number = str(block.number + 1) if block.number else ""
    parts = (card.column.run, card.column.network, block.estimator, number, panel.plot, *panel.narrowing.values())
    return _slug(*parts)


def _slug(*parts: str) -> str:
    slug = "-".join(filter(None, (re.sub(r"\W+", "_", part).strip("_") for part in parts)))
    if len(slug.encode()) <= LONGEST_SLUG:
        return slug
    mark = fingerprint(slug)
    return slug.encode()[: LONGEST_SLUG - len(mark) - 1].decode(errors="ignore") + f"-{mark}"


def render(folders: Sequence[RunFolder], *, with_command: bool = False) -> str:
    """The report as HTML text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    renderer()  # which may be refused: before the work
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    shown = content(folders)
    figures: list[Spec] = shown.pop("figures")
    _lay_out(shown["sections"], figures)
    style, player = ((_HERE / name).read_text(encoding="utf-8") for name in ("style.css", "player.js"))
    style += "".join(f".high{high} {{ min-height: {high}px; }}\n" for high in _heights(shown["sections"]))
    vega = javascript() if figures else ""
    return environment.get_template("report.html").render(
        policy=policy([vega, player], [style]),
        **shown,
        with_command=with_command,
        figures=_embedding.packed(figures) if figures else "",
        style=style,
        player=player,
        licences=(_HERE / "licences.txt").read_text(encoding="utf-8"),
        vega=vega,
    )


def content(folders: Sequence[RunFolder]) -> dict[str, Any]:
    """What a page on these runs says, as plain values: its sections with runs, verdicts and blocks of figures.

    ``figures`` are the figures, as the page draws them (:func:`_embedding.for_page`); a card names its own by number.

    Raises
    ------
    RunFolderError: a damaged run folder.
    """
    with showing("bits"):  # as the figures are
        return _content([Shown(folder) for folder in folders])


def _content(folders: Sequence[Shown]) -> dict[str, Any]:
    told = [_without_data(folder) for folder in folders]
    absent = list(dict.fromkeys(filter(None, told)))
    folders = [folder for folder, text in zip(folders, told, strict=True) if not text] or folders
    found = sections(folders, [folder.told_rows() for folder in folders])
    alone = len(found) == 1
    figures: list[Spec] = []
    shown = [_section(section, figures, alone=alone) for section in found]
    verdicts = [verdict for section in shown for verdict in section["verdicts"]]
    return {
        "title": _title(folders) if alone else _title_of_sections(found),
        "runs": [run for section in shown for run in section["runs"]],
        "sections": shown,
        "absent": absent if len(told) > 1 else [],
        "verdicts": verdicts,
        "tally": _words.tally(verdicts),
        "shared": _words.shared([run["provenance"] for section in shown for run in section["runs"]]),
        "figures": figures,
    }


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """The page's Content-Security-Policy: nothing is loaded, and only these very scripts and styles count.

    Whatever else stands in the page as a script, an event handler or a style is not run, should it ever get past the
    escaping of text. Vega needs no ``'unsafe-eval'``, since its interpreter walks expressions in place of compiling
    them.
    """

    def hashes(texts: Sequence[str]) -> str:
        digests = (hashlib.sha256(each.encode()).digest() for each in texts)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def cards(sections: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every card of these sections of :func:`content`."""
    blocks = [block for section in sections for block in section["blocks"]]
    panels = [panel for block in blocks for panel in (*block["panels"], *block["more"])]
    return [card for panel in panels for card in panel["cards"]]


def _lay_out(sections: Sequence[Mapping[str, Any]], figures: list[Spec]) -> None:
    """Say of each card how high its figure is, or why it cannot be laid out; that figure is none then."""
    for card in cards(sections):
        if card["figure"] is not None:
            try:
                card["height"] = _embedding.height(figures[card["figure"]])
            except Exception as reason:
                figures[card["figure"]] = {}
                card.update(figure=None, failed=why(reason))
    _embedding.HEIGHTS.keep()


def _heights(sections: Sequence[Mapping[str, Any]]) -> list[int]:
    """The heights of all figures, each once."""
    return sorted({card["height"] for card in cards(sections) if card["height"]})


@cache
def javascript() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script that loads nothing (a second to bundle)."""
    bundled = kept("vega.js", "window.vegaEmbed = vegaEmbed;", lambda asked: renderer().javascript_bundle(asked))
    return bundled.replace("</script", "<\\/script")


def _title(folders: Sequence[RunFolder]) -> str:
    titles = [_titled(folder) for folder in folders]
    if len(titles) == 1:
        return titles[0]
    # more than three are listed right below, each with its facts
    return f"{len(titles)} runs side by side" + (f": {'; '.join(titles)}" if len(titles) <= 3 else "")


def _titled(folder: RunFolder) -> str:
    return text.sentence(str(folder.manifest().get("title") or folder.id), text.LONGEST_NAME)


def _title_of_sections(found: Sequence[Section]) -> str:
    """``saxe2018: 10 figures``."""
    figures = [figure for section in found if (figure := section.figure)]
    papers = dict.fromkeys(figure.partition("/")[0] for figure in figures)
    others = " and other runs" if len(figures) < len(found) else ""
    return f"{', '.join(papers)}: {len(figures)} figure{'s' * (len(figures) != 1)}{others}"


def _section(section: Section, figures: list[Spec], *, alone: bool) -> dict[str, Any]:
    """The template's values of one section; ``figures`` collects what it draws."""
    first = section.folders[0].manifest()
    anchor = "" if alone else _slug(section.figure or "other runs")
    same = section.figure or len(section.folders) == 1
    return {
        "id": anchor,
        "title": _titled(section.folders[0]) if same else "Other runs",
        "source": f"{section.figure.partition('/')[0]}, {first.get('where')}" if first.get("where") else "",
        "runs": [_run(folder, rows) for folder, rows in zip(section.folders, section.all_rows, strict=True)],
        "single": len(section.columns) == 1,
        "verdicts": [_verdict(stored) for folder in section.folders for stored in folder.verdicts()],
        "so_what": _findings.so_what(section.columns),
        "blocks": [_block(block, section.blocks, anchor, figures) for block in section.blocks],
    }


def _verdict(stored: dict[str, Any]) -> dict[str, Any]:
    told = _words.verdict(stored)
    return {**told, "found": _findings.of_claim(told), "id": _slug("claim", stored["run"], stored["claim"]["id"])}


def _run(folder: RunFolder, rows: Rows) -> dict[str, Any]:
    manifest = folder.manifest()
    listed, unlisted = _words.estimands(rows)
    failed, unlisted_failures = _words.failures(rows)
    return {
        "id": folder.id,
        "anchor": _slug("estimands", folder.id),
        "title": _titled(folder),
        "command": manifest.get("command"),
        "evaluation": (folder.path / "evaluation.safetensors").exists(),
        "missing": _missing(folder, manifest, rows),
        "untrained": _words.untrained(folder.verdicts()),
        "facts": _facts(manifest, rows),
        "networks": len(_networks(manifest, rows)),
        "estimands": listed,
        "unlisted": unlisted,
        "failures": failed,
        "unlisted_failures": unlisted_failures,
        "provenance": _words.provenance(manifest),
    }


def _networks(manifest: dict[str, Any], rows: Rows) -> dict[str, Any]:
    return manifest.get("networks") or {name: {} for name in rows.unique("network")}


def _facts(manifest: dict[str, Any], rows: Rows) -> str:
    if not len(rows):
        return "no rows"
    steps, members = len(rows.unique("step")), len(rows.unique("member"))
    networks = _networks(manifest, rows)
    computed = bool(networks) and all(about.get("computed") for about in networks.values())
    what, where = "computation" if computed else "network", "recorded step"
    said = [
        f"{len(networks)} {what}{'s' * (len(networks) != 1)}" + (f" ({', '.join(networks)})" if networks else ""),
        f"{members} member{'s' * (members != 1)} each",
        f"{steps} {where}{'s' * (steps != 1)}",
        f"{len(rows):,} rows",
    ]
    if computed and not manifest.get("seeds"):
        said[1:3] = ["closed form", f"{steps} places on the axis"]
    if manifest.get("preset"):
        said.insert(0, f"preset {manifest['preset']}")
    return " · ".join(said)


def _without_data(folder: RunFolder) -> str:
    """Why a figure of a paper was never run, if its data was not to be had."""
    manifest = folder.manifest()
    return str(manifest.get("missing")) if manifest.get("state") == "no data" and not len(folder.rows()) else ""


def _missing(folder: RunFolder, manifest: dict[str, Any], rows: Rows) -> list[str]:
    """What a reader would look for and this run does not have."""
    state = manifest.get("state")
    out = []
    if manifest.get("missing"):
        out.append(f"this figure was not run: {manifest['missing']}")
        if not len(rows):
            return out
    elif state and state != "done":
        out.append(f"this run is not finished (state: {state}), so what follows may still change")
    out += [f"lost, and gone on without: {what}" for what in manifest.get("lost", ())]
    out += told(manifest)
    if not len(rows):
        out.append("this run holds no rows yet, so there is nothing to draw")
    if manifest.get("figure") and not folder.verdicts():
        out.append("this run has no verdicts: no claim was judged")
    return out


def _block(block: PanelGroup, all_blocks: Sequence[PanelGroup], section: str, figures: list[Spec]) -> dict[str, Any]:
    several = sum(other.estimator == block.estimator for other in all_blocks) > 1
    heading = _heading(block)
    said = f": {block.said}" if block.said else ""
    drawn = list(accumulate(len(panel.cards) for panel in block.panels))
    unfolded = max(1, min(MOST_OPEN, sum(count <= MOST_FIGURES for count in drawn)))
    left_out = f" ({block.left_out} more are only scored)" if block.left_out else ""
    return {
        "id": _slug(section, block.estimator, str(block.number)),
        "heading": heading + (f", set {block.number + 1}{said}{left_out}" if several else ""),
        "panels": [_panel(block, panel, figures) for panel in block.panels[:unfolded]],
        "more": [_panel(block, panel, figures) for panel in block.panels[unfolded:]],
    }


def _heading(block: PanelGroup) -> str:
    if "usable" in block.kinds and block.kinds <= {"usable", "naming", "control"}:
        return "What probes can read"
    if block.kinds and DERIVED.issuperset(block.kinds):
        return "Compression scores"
    known = {TRAINING: "Training", "exact": "Computed exactly", EXAMPLES: "Examples"}
    return known.get(block.estimator, f"Measured with {block.estimator}")


def _panel(block: PanelGroup, panel: Panel, figures: list[Spec]) -> dict[str, Any]:
    runs = {card.column.run for card in panel.cards}
    missing = [card.column for card in panel.cards if card.spec is None and not card.failed]
    absent = [column.title + (f" (run {column.run})" if len(runs) > 1 else "") for column in missing]
    cards = [_card(card, _name(block, panel, card), figures) for card in panel.cards if card.spec or card.failed]
    return {"heading": panel.heading, "cards": cards, "absent": absent}


def _card(card: Card, name: str, figures: list[Spec]) -> dict[str, Any]:
    """The template's values of one figure, which joins ``figures``."""
    drawn: dict[str, Any] = {"failed": card.failed, "caption": "", "figure": None, "height": 0}
    if card.spec and not card.failed:
        try:
            spec, drawn["caption"] = _embedding.for_page(card.spec)
            drawn["figure"] = len(figures)
            figures.append(spec)
        except Exception as reason:
            drawn["failed"] = why(reason)
    return {
        "id": name,
        "run": card.column.run,
        "anchor": _slug("estimands", card.column.run),
        "title": card.column.title,
        "estimands": card.estimands,
        "trust": card.trust,
        **drawn,
    }
