"""In what two runs differ, place by place: checkpoints, fine-tunes, quantisations, another rate; out of stored rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from infoscope.core import grammar, markup
from infoscope.core import shares as kept
from infoscope.core.errors import InputError, unknown_name
from infoscope.core.estimate import LEVEL, PRECEDENCE, Status
from infoscope.core.folder import RunFolder
from infoscope.core.rows import Rows
from infoscope.core.units import counted, shown
from infoscope.measure.intervals import differences
from infoscope.measure.intervals.differences import Differing

FEWEST_SEEDS = 3  # that are drawn anew where rows could be as well
MOST = 5  # parts that gained and lost most
COMPARED = ("information", "usable", "differential entropy", "entropy", "dependence", "geometry", "training")
_LINE = ("site", "variable", "split", "quantity", "estimator", "options")


@dataclass(frozen=True, slots=True)
class Difference:
    """One place of two runs: the second less the first.

    steps: of each. first, second: the answers, means over members; ``value`` their difference, in ``unit``. interval,
    p: over draws of ``over``, see :class:`infoscope.measure.intervals.differences.Differing`. adjusted: ``p`` by Holm,
    over all differences that were looked at; ``found``: whether it is at most 5 %. status: the gravest of both.
    gained, lost: of parts of the rows, those to whose answer most was added and from whose most was taken, with how
    much in ``unit``: the number of a group, or of a row, as they first appear in the evaluation set.
    """

    network: str
    place: str
    variable: str
    quantity: str
    measure: str
    split: str
    steps: tuple[int, int]
    first: float
    second: float
    value: float
    unit: str
    interval: tuple[float, float] | None
    p: float | None
    adjusted: float | None
    found: bool
    over: str
    drawn: int
    paired: bool
    status: str
    gained: tuple[tuple[int, float], ...] = ()
    lost: tuple[tuple[int, float], ...] = ()

    def __str__(self) -> str:
        about = "" if self.variable == "input" else f" about {self.variable}"
        return f"{self.quantity}{about} at {self.place}: {shown(self.value, self.unit, self.interval)}"


@dataclass(frozen=True, repr=False)
class Comparison:
    """What :func:`infoscope.compare` found: ``differences`` in the order of the network, and what to know of them."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[Difference, ...]:
        """The differences that are surely there, all at once."""
        return tuple(each for each in self.differences if each.found)

    @property
    def sentences(self) -> list[str]:
        """What was found, in words."""
        tested = [each for each in self.differences if each.p is not None]
        if not tested:
            return ["nothing says how sure these differences are: measure groups of rows (scores=true) or more seeds"]
        head = f"{len(self.found)} of {counted(len(tested), 'difference')} surely there (all at once, 5 %, Holm)"
        lost = sorted((each for each in self.found if each.value < 0), key=lambda each: each.value)
        gained = sorted((each for each in self.found if each.value > 0), key=lambda each: -each.value)
        told = [f"{word}: {some[0]}" for word, some in (("most lost", lost), ("most gained", gained)) if some]
        return ["; ".join([head, *told])]

    def to_json(self) -> dict[str, Any]:
        """Plain values; information in nats."""
        lines = [asdict(each) for each in self.differences]
        return {"first": self.first, "second": self.second, "differences": lines, "sentences": self.sentences,
                "notes": list(self.notes)}  # fmt: skip

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Headings and cells for a person, one line a difference, in bits."""
        told = _measures([each.measure for each in self.differences])
        columns: dict[str, list[str]] = {
            "network": [each.network for each in self.differences],
            "step": [str(each.steps[1]) for each in self.differences],
            "measure": [told[each.measure] for each in self.differences],
            "split": [each.split for each in self.differences],
        }
        apart = {name: cells for name, cells in columns.items() if len(set(cells)) > 1}
        lines: list[list[str]] = []
        for at, each in enumerate(self.differences):
            about = "" if each.variable == "input" else f" about {each.variable}"
            sure = "–" if each.adjusted is None else f"{each.adjusted:.2g}{' *' if each.found else ''}"
            over = f"{each.drawn} {each.over}{'' if each.paired else ', not paired'}" if each.over else "–"
            answers = (shown(each.first, each.unit), shown(each.second, each.unit))
            lines.append([
                *(cells[at] for cells in apart.values()), each.place, each.quantity + about, *answers,
                shown(each.value, each.unit, each.interval), sure, over, each.status,
            ])  # fmt: skip
        heads = [*apart, "place", "quantity", self.first, self.second, "difference", "p (Holm)", "over", "status"]
        return heads, lines

    def shown(self) -> dict[str, Any]:
        """What a page shows: headings, lines with whether each is sure of itself and found, sentences and notes."""
        columns, lines = self.table()
        told = [
            {"cells": cells, "sure": each.p is not None, "found": each.found}
            for cells, each in zip(lines, self.differences, strict=True)
        ]
        return {"columns": columns, "lines": told, "sentences": self.sentences, "notes": list(self.notes)}

    def __str__(self) -> str:
        columns, lines = self.table()
        widths = [max(map(len, column)) for column in zip(columns, *lines, strict=True)]
        told = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
                for line in (columns, *lines)]  # fmt: skip
        return "\n".join([*told, *self.sentences, *self.notes])

    def __repr__(self) -> str:
        number = counted(len(self.differences), "difference")
        return f"Comparison({self.first} and {self.second}: {number}, {len(self.found)} surely there; print it)"

    def _repr_html_(self) -> str:
        under = [*self.sentences, *self.notes]
        return markup.table(*self.table()) + "<br>".join(map(markup.faint, under))


class _Answers(NamedTuple):
    """The rows of one line at one step of one run."""

    values: dict[int, float]  # by seed; by member where seeds are not told apart
    status: str
    unit: str
    grouped: bool  # whether rows that belong together count once


def compare(
    first: RunFolder,
    second: RunFolder,
    steps: tuple[int, int] | Literal["all"] | None = None,
    *,
    places: Sequence[str] = (),
    variables: Sequence[str] = (),
    quantities: Sequence[str] = (),
    network: str | None = None,
) -> Comparison:
    """See :func:`infoscope.compare`."""
    measured = [folder.rows() for folder in (first, second)]
    pairs = list(_networks(measured, network))
    found: list[Difference] = []
    notes: list[str] = []
    rows = [_asked(held, places, variables, quantities) for held in measured]
    alike = _one_evaluation_set(first, second)
    tables = [folder.shares() if alike else folder.shares().slice(0, 0) for folder in (first, second)]
    if not alike:
        notes.append("the runs were read on different evaluation sets, so their rows are not paired")
    for one, other in pairs:
        mine = [held.filter(network=name) for held, name in zip(rows, (one, other), strict=True)]
        lone = 0
        for at in _steps(mine, steps, (first, second)):
            lines = [_lines(held.filter(step=step)) for held, step in zip(mine, at, strict=True)]
            parts = [_parts(table, name, step) for table, name, step in zip(tables, (one, other), at, strict=True)]
            if at[0] != at[1]:
                notes.append(f"{one}: step {at[1]} of the second run less step {at[0]} of the first")
            lone += len(lines[0].keys() ^ lines[1].keys())
            for key in lines[0]:
                if key in lines[1]:
                    found.append(_difference(one, key, at, [each[key] for each in lines], [p.get(key) for p in parts]))
        if lone:
            notes.append(f"{one}: {counted(lone, 'answer')} of one run alone, left out")
    if not found:
        raise InputError(
            f"{first.path} and {second.path} have no place, variable and measure in common that was asked for: measure "
            "both alike (`infoscope measure RUN --estimator …`)"
        )
    if any(each.over not in ("", "seeds") for each in found):
        notes.append(
            "over rows, blocks of them or groups: drawn anew for both runs together, with probes as they were fitted"
        )
    return Comparison(*_called(first, second), _adjusted(found), tuple(dict.fromkeys(notes)))


def _called(first: RunFolder, second: RunFolder) -> tuple[str, str]:
    """What the runs are called beside each other."""
    return (first.id, second.id) if first.id != second.id else ("first", "second")


def _networks(measured: Sequence[Rows], network: str | None) -> Iterator[tuple[str, str]]:
    """Networks of one name; the only one of each run whatever its name."""
    names = [held.unique("network") for held in measured]
    if network is None and len(names[0]) == len(names[1]) == 1:
        yield names[0][0], names[1][0]
        return
    both = [name for name in names[0] if name in names[1]]
    if network is not None and network not in both:
        raise unknown_name("network of both runs", network, both)
    if not both:
        raise InputError(
            f"the runs have no network of one name ({', '.join(names[0])}; {', '.join(names[1])}): wanted one in common"
        )
    for name in both if network is None else [network]:
        yield name, name


def _asked(rows: Rows, places: Sequence[str], variables: Sequence[str], quantities: Sequence[str]) -> Rows:
    wanted: dict[str, Sequence[str]] = {"site": places, "variable": variables, "quantity": quantities}
    for column, names in wanted.items():
        if names:
            known = rows.unique(column)
            for name in names:
                if name not in known:
                    raise unknown_name(column.replace("site", "place"), name, known)
            rows = rows.filter(**{column: list(names)})
    return rows if quantities else rows.filter(kind=COMPARED)


def _steps(
    rows: Sequence[Rows], steps: tuple[int, int] | Literal["all"] | None, folders: tuple[RunFolder, RunFolder]
) -> list[tuple[int, int]]:
    there = [sorted(held.unique("step")) for held in rows]
    for known, folder in zip(there, folders, strict=True):
        if not known:
            raise InputError(f"{folder.path} holds no numbers of what was asked for, wanted some of both runs")
    if steps is None:
        return [(there[0][-1], there[1][-1])]
    if steps == "all":
        if common := [(step, step) for step in there[0] if step in there[1]]:
            return common
        raise InputError(f"{folders[0].path} and {folders[1].path} have no step in common: say which of each")
    for step, known, folder in zip(steps, there, folders, strict=True):
        if step not in known:
            raise InputError(
                f"step {step} of {folder.path} was not measured, wanted one of {', '.join(map(str, known))}"
            )
    return [steps]


def _lines(rows: Rows) -> dict[tuple[str, ...], _Answers]:
    """The answers by what they are of; failed ones are none."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows.table.select(
        [*_LINE, "seed", "member", "value", "unit", "status", "site_index", "groups"]
    ).to_pylist():
        if row["value"] is not None:
            found.setdefault(tuple(row[name] for name in _LINE), []).append(row)
    return {
        key: _Answers(
            {row[_apart(some)]: row["value"] for row in some},
            _gravest(row["status"] for row in some),
            some[0]["unit"],
            some[0]["groups"] is not None,
        )
        for key, some in sorted(found.items(), key=lambda item: item[1][0]["site_index"])
    }


def _apart(rows: Sequence[Mapping[str, Any]]) -> str:
    """The column that tells members apart, if possible so that those of another run can be found by it."""
    return "seed" if len({row["seed"] for row in rows}) == len(rows) else "member"


def _gravest(statuses: Iterable[str]) -> str:
    return min((Status[name] for name in statuses), key=PRECEDENCE.index).name


class _Parts(NamedTuple):
    sums: np.ndarray  # [members, G]
    counts: np.ndarray  # [G]


def _parts(table: pa.Table, network: str, step: int) -> dict[tuple[str, ...], _Parts]:
    """What parts of the rows add to each answer; only where all members have the same parts."""
    lines: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for line in kept.among(table, network=[network]).to_pylist():
        if line["step"] == step:
            lines.setdefault(tuple(line[name] for name in _LINE), []).append(line)
    found: dict[tuple[str, ...], _Parts] = {}
    for key, some in lines.items():
        if len({tuple(line["counts"]) for line in some}) == 1:
            found[key] = _Parts(np.array([line["sums"] for line in some]), np.array(some[0]["counts"]))
    return found


def _one_evaluation_set(first: RunFolder, second: RunFolder) -> bool:
    """Whether rows of one run are rows of the other: the evaluation sets are the same, or the tasks and their data."""
    about = [folder.manifest() for folder in (first, second)]
    said = [each.get("evaluation") or json.dumps(each.get("data"), sort_keys=True) for each in about]
    return said[0] == said[1]


def _difference(
    network: str,
    key: tuple[str, ...],
    steps: tuple[int, int],
    lines: Sequence[_Answers],
    parts: Sequence[_Parts | None],
) -> Difference:
    site, variable, split, quantity, estimator, options = key
    found, moved = _differing(lines, parts)
    first, second = (float(np.mean(list(line.values.values()))) for line in lines)
    return Difference(
        network, site, variable, quantity, _measure(estimator, options), split, steps, first, second, found.value,
        lines[0].unit, found.interval, found.p, None, False, found.over, found.drawn, found.paired,
        _gravest(line.status for line in lines), *_most(moved),
    )  # fmt: skip


def _differing(lines: Sequence[_Answers], parts: Sequence[_Parts | None]) -> tuple[Differing, np.ndarray | None]:
    """How sure the difference is, and by how much each part of the rows moved where that is known."""
    one, other = parts
    moved = None
    if one is not None and other is not None and np.array_equal(one.counts, other.counts):
        moved = (other.sums.mean(0) - one.sums.mean(0)) / np.maximum(one.counts, 1)
    seeds = sorted(lines[0].values.keys() & lines[1].values.keys())
    paired = len(seeds) == len(lines[0].values) == len(lines[1].values)
    fewest = min(len(line.values) for line in lines)
    if moved is not None and one is not None and other is not None and fewest < FEWEST_SEEDS:
        over = "groups" if lines[0].grouped else "rows" if (one.counts == 1).all() else "blocks of rows"
        return differences.over_parts(one.sums.mean(0), other.sums.mean(0), one.counts, over), moved
    first, second = (
        np.array([line.values[seed] for seed in (seeds if paired else sorted(line.values))]) for line in lines
    )
    found = differences.over_seeds(first, second, paired=paired)
    return (found if found.p is not None else Differing(found.value)), moved


def _most(moved: np.ndarray | None) -> tuple[tuple[tuple[int, float], ...], tuple[tuple[int, float], ...]]:
    if moved is None:
        return (), ()
    order = np.argsort(moved, kind="stable")
    lost = tuple((int(part), float(moved[part])) for part in order[:MOST] if moved[part] < 0)
    gained = tuple((int(part), float(moved[part])) for part in order[::-1][:MOST] if moved[part] > 0)
    return gained, lost


def _measure(estimator: str, options: str) -> str:
    return grammar.spelled(estimator, json.loads(options))


def _measures(spelled: Sequence[str]) -> dict[str, str]:
    """What ways of measuring are called beside each other: by their estimators, where these tell them apart."""
    names = {each: each.partition("(")[0] for each in spelled}
    alone = Counter(names.values())
    return {each: name if alone[name] == 1 else each for each, name in names.items()}


def _adjusted(found: Sequence[Difference]) -> tuple[Difference, ...]:
    """With what each p comes to where all are looked at."""
    adjusted = iter(differences.holm([each.p for each in found if each.p is not None]))
    out: list[Difference] = []
    for each in found:
        p = None if each.p is None else next(adjusted)
        out.append(replace(each, adjusted=p, found=p is not None and p <= 1 - LEVEL))
    return tuple(out)


def examples(first: pa.Table, second: pa.Table) -> pa.Table:
    """Which examples gained and lost most, of two tables of :func:`infoscope.scanning.examples.pointwise`.

    One line an example of both, the greatest loss first: ``row``, ``label``, ``first_nats``, ``second_nats`` and
    ``difference_nats``.

    Raises
    ------
    InputError: the tables have no example in common, or labels that differ.
    """
    one = {row: (label, value) for row, label, value in _columns(first)}
    both = [(row, *one[row], label, value) for row, label, value in _columns(second) if row in one]
    if not both:
        raise InputError("the runs have no example in common, wanted two that were read on the same evaluation set")
    if wrong := [row for row, before, _, after, _ in both if before != after]:
        raise InputError(f"example {wrong[0]} has another label in each run, wanted the same evaluation set in both")
    both.sort(key=lambda line: (line[4] - line[2], line[0]))
    return pa.table(
        {
            "row": [line[0] for line in both],
            "label": [line[1] for line in both],
            "first_nats": [line[2] for line in both],
            "second_nats": [line[4] for line in both],
            "difference_nats": [line[4] - line[2] for line in both],
        }
    )


def _columns(table: pa.Table) -> Iterator[tuple[Any, Any, float]]:
    return zip(*(table[name].to_pylist() for name in ("row", "label", "pvi_nats")), strict=True)
