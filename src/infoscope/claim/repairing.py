"""Make anew what was lost of a run: trained, measured and judged again, to the same bits; the rest is said."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from infoscope.claim.figure import Figure
from infoscope.claim.running import carry_out, plan_of
from infoscope.core import registry
from infoscope.core.folder import DAMAGED, VERDICTS, RunFolder
from infoscope.core.snapshots import step_of
from infoscope.record.checking import Checked, Fault, checked

_ANEW = ("rows", "snapshots", VERDICTS)  # what the run of a paper's figure is made of


def repair(folder: RunFolder, device: str = "cpu", *, accept_loss: bool = False) -> Checked:
    """Make the lost files of a run anew where that can be done; what was found then, with what was ``remade``.

    A paper's figure is trained, measured and judged again where something is missing, on the layout that was recorded,
    and a snapshot that comes out with other weights than it was written with is refused. Damaged files are moved into
    the folder ``damaged`` of the run. Where a file cannot be read, nothing is done, since it may be whole.

    accept_loss: go on without what cannot be made anew, such as the snapshots of a run that was watched; the run keeps
        a record of it.

    Raises
    ------
    RunFolderError: another process writes here, ``run.json`` itself is damaged, or training anew gave other weights.
    """
    with folder.writing():
        found = checked(folder)
        if not all(fault.lost for fault in found.faults):
            return found
        figure = folder.manifest().get("figure")
        anew = [each for each in found.faults if figure and each.path.relative_to(folder.path).parts[0] in _ANEW]
        rest = [each for each in found.faults if each not in anew] if accept_loss else []
        for fault in anew:
            _taken_out(folder, fault.path)
        for fault in rest:
            _give_up(folder, fault)
        if anew:
            _make_anew(folder, sum(fault.rows for fault in anew), device)
        return dataclasses.replace(checked(folder), remade=tuple(str(fault.path) for fault in anew))


def _make_anew(folder: RunFolder, rows: int, device: str) -> None:
    manifest = folder.manifest()
    figure: Figure = registry.load("figures", manifest["figure"])()
    planned = figure.plan(manifest["preset"], len(manifest["seeds"]) or None)
    networks = manifest["networks"]
    plans = {
        name: planned[name] if content.get("computed") else plan_of(folder, name) for name, content in networks.items()
    }
    before = len(folder.rows())
    carry_out(folder, figure, plans, device)
    short = rows - (len(folder.rows()) - before)
    if short > 0:
        _record(folder, [f"up to {short} rows that were measured beyond the figure's own plan: measure them again"])


def _give_up(folder: RunFolder, fault: Fault) -> None:
    _taken_out(folder, fault.path)
    about = fault.path.relative_to(folder.path)
    if (step := step_of(fault.path)) is not None:
        folder.unlist_snapshot(fault.path.parent.name, step)
    _record(folder, [f"{about}" + (f" with {fault.rows} rows" if fault.rows else "")])


def _record(folder: RunFolder, lost: Sequence[str]) -> None:
    folder.update({"lost": [*folder.manifest().get("lost", ()), *lost]})


def _taken_out(folder: RunFolder, path: Path) -> None:
    """Move a damaged file out of the way, nothing where it is missing; a part of rows leaves the list with it."""
    if path.exists():
        aside = folder.path / DAMAGED / path.relative_to(folder.path)
        aside.parent.mkdir(parents=True, exist_ok=True)
        path.replace(aside)
    if path.parent in (folder.rows_path, folder.shares_path):
        folder.unlist_part(path.name, path.parent.name)
