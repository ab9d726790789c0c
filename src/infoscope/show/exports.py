"""Runs as tables of somebody else's: rows as CSV and Parquet, verdicts and values as Markdown and LaTeX, citations."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infoscope.core.errors import InputError
from infoscope.core.estimate import PRECEDENCE, Status
from infoscope.core.files import atomic
from infoscope.core.folder import RunFolder
from infoscope.core.rows import Rows
from infoscope.core.units import NATS_PER_BIT, ShownUnit, in_unit, showing, shown, unit_shown
from infoscope.show.citations import bibtex
from infoscope.show.reading import Shown
from infoscope.show.report import _words

_OF = ("run", "network", "site", "variable", "split", "quantity", "estimator", "options")
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "|": r"\textbar{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "≥": r"$\geq$", "≤": r"$\leq$", "±": r"$\pm$", "≠": r"$\neq$", "≈": r"$\approx$",
    "−": r"$-$", "–": "--", "×": r"$\times$", "√": r"$\surd$", "²": r"\textsuperscript{2}", "·": r"$\cdot$",
}  # fmt: skip


def _rows(folders: Sequence[Shown]) -> pa.Table:
    """All rows; information in the unit shown, as the column of that name says."""
    table = Rows.concat(folder.rows() for folder in folders).table
    names = [field.name for field in table.schema]
    table = table.cast(
        pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in table.schema])
    )
    if unit_shown() == "bits":
        nats = np.asarray(table["unit"].to_pylist()) == "nats"
        for name in ("value", "low", "high"):
            values = table[name].to_numpy(zero_copy_only=False)
            scaled = np.where(nats, values / NATS_PER_BIT, values)
            table = table.set_column(names.index(name), name, pa.array(scaled, from_pandas=True))
        said = {name: table[name].to_pylist() for name in ("unit", "notes")}
        told = {
            "unit": ["bits" if each == "nats" else each for each in said["unit"]],
            "notes": list(map(in_unit, said["notes"])),
        }
        for name, cells in told.items():
            table = table.set_column(names.index(name), name, pa.array(cells, pa.string()))
    return table


def _csv(folders: Sequence[Shown]) -> str:
    table, written = _rows(folders), io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(table.column_names)
    for line in zip(*(column.to_pylist() for column in table.columns), strict=True):
        lines.writerow(["" if cell is None else _harmless(cell) for cell in line])
    return written.getvalue()


def _harmless(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _parquet(folders: Sequence[Shown]) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(_rows(folders), buffer, compression="zstd")
    return buffer.getvalue().to_pybytes()


def verdicts(folders: Sequence[Shown]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of the verdicts, one line a claim."""
    lines: list[list[str]] = []
    for folder in folders:
        for stored in folder.verdicts():
            told = _words.verdict(stored)
            head = told["headline"]
            ours = head["shown"] if head else "not measured"
            seeds = f"{told['seeds']} seeds" if told["seeds"] else "exact"
            where = f"{told['claim']['paper']}, {told['claim']['where']}"
            lines.append([
                told["outcome"], told["claim"]["sentence"], where, told["claim"]["published"] or "–", ours,
                head["criterion"] if head else "–", f"{told['preset']}, {seeds}",
            ])  # fmt: skip
    return ["verdict", "claim", "where", "published", "ours", "wanted", "at"], lines


def values(folders: Sequence[Shown]) -> tuple[list[str], list[list[str]]]:
    """Headings and cells of what was measured at the last step, one line an answer: of one member its own interval, of
    several their mean and standard deviation."""
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for folder in folders:
        rows = folder.rows()
        for network in rows.unique("network"):
            mine = rows.filter(network=network)
            for row in mine.filter(step=max(mine.unique("step"))).table.to_pylist():
                if row["value"] is not None:
                    found.setdefault(tuple(row[name] for name in _OF), []).append({**row, "run": folder.id})
    lines: list[list[str]] = []
    for some in sorted(found.values(), key=lambda some: (some[0]["run"], some[0]["network"], some[0]["site_index"])):
        first, numbers = some[0], [row["value"] for row in some]
        if len(some) == 1:
            interval = None if first["low"] is None else (first["low"], first["high"])
            told = shown(first["value"], first["unit"], interval)
        else:
            spread = shown(statistics.stdev(numbers), first["unit"])
            told = f"{shown(math.fsum(numbers) / len(numbers), first['unit'])} (sd {spread})"
        status = min((Status[row["status"]] for row in some), key=PRECEDENCE.index).name
        about = "" if first["variable"] in ("", "input") else f" about {first['variable']}"
        lines.append([
            first["run"], first["network"], str(first["step"]), first["site"], first["quantity"] + about,
            first["estimator"], first["split"], told, str(len(some)), status,
        ])  # fmt: skip
    heads = ["run", "network", "step", "place", "quantity", "measure", "rows", "value", "members", "status"]
    return _without_constants(heads, lines, ("run", "network", "rows"))


def _without_constants(
    heads: list[str], lines: list[list[str]], maybe: Sequence[str]
) -> tuple[list[str], list[list[str]]]:
    """Without those of some columns that say the same in every line."""
    kept = [at for at, head in enumerate(heads) if head not in maybe or len({line[at] for line in lines}) > 1]
    return [heads[at] for at in kept], [[line[at] for at in kept] for line in lines]


_TABLES = (("Verdicts", verdicts), ("Values at the last step", values))


def _markdown(folders: Sequence[Shown]) -> str:
    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    told: list[str] = []
    for title, made in _TABLES:
        heads, lines = made(folders)
        if lines:
            told += [f"## {title}", "", line(heads), line(["---"] * len(heads)), *map(line, lines), ""]
    return "\n".join(told)


def _latex(folders: Sequence[Shown]) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(sign, sign) for sign in cell) for cell in cells) + r" \\"

    told = [r"% needs \usepackage{booktabs,longtable}"]
    for title, made in _TABLES:
        heads, lines = made(folders)
        if lines:
            told += [
                rf"\begin{{longtable}}{{{'l' * len(heads)}}}", rf"\caption{{{title}}}\\", r"\toprule", line(heads),
                r"\midrule", r"\endhead", *map(line, lines), r"\bottomrule", r"\end{longtable}",
            ]  # fmt: skip
    return "\n".join(told) + "\n"


FORMATS: dict[str, Callable[[Sequence[Shown]], str | bytes]] = {
    "csv": _csv,
    "parquet": _parquet,
    "latex": _latex,
    "markdown": _markdown,
    "bibtex": bibtex,
}
SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "latex": ".tex", "markdown": ".md", "bibtex": ".bib"}


def export(folders: Sequence[RunFolder], to: str, unit: ShownUnit = "bits") -> str | bytes:
    """The runs in one of :data:`FORMATS`.

    Raises
    ------
    InputError: an unknown unit, or runs without any rows. RunFolderError: a damaged run folder.
    """
    if unit not in ("bits", "nats"):
        raise InputError(f"unit is {unit!r}, wanted bits or nats")
    cleaned = [Shown(folder) for folder in folders]
    if not any(len(folder.rows()) for folder in cleaned):
        raise InputError(f"{folders[0].path} holds no rows yet, so there is nothing to export")
    with showing(unit):
        return FORMATS[to](cleaned)


def write(content: str | bytes, path: Path) -> Path:
    """Write what :func:`export` gave; returns where."""
    with atomic(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
