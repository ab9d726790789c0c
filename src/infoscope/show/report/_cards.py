"""What the report draws, from registry facts: blocks (one way of measuring), panels (one plot), cards (one network)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from infoscope.core import registry
from infoscope.core.folder import RunFolder
from infoscope.core.registry import Entry
from infoscope.core.rows import Rows
from infoscope.show.plots._series import alike, distinct

Spec = dict[str, Any]
SCORE = "score"  # rows computed from other rows
MOST_WAYS = 4  # of measuring with one estimator that are drawn in full where scores say what all come to
MOST_BESIDE = 4  # networks of several papers' figures that can still be compared at a glance
Narrowing = dict[str, str]  # columns and the value that a panel holds them to


@dataclass(frozen=True)
class Column:
    """One network of one run: the report's unit of comparison."""

    run: str
    network: str
    title: str
    task: str
    rows: Rows


@dataclass(frozen=True)
class Card:
    """One plot of one network. ``spec`` is None where the network has no such rows."""

    column: Column
    spec: Spec | None
    estimands: tuple[str, ...] = ()  # "I(X;T): what it truly is"
    trust: tuple[str, ...] = ()  # "I(X;T): 820 VACUOUS", nothing when all is OK


@dataclass(frozen=True)
class Panel:
    """One plot of all networks, side by side."""

    plot: str
    heading: str
    narrowing: Narrowing
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Block:
    """All panels of one way of measuring; ``number`` tells apart several options of one estimator.

    left_out: how many further ways of the same estimator are not drawn, because their scores are.
    """

    estimator: str
    number: int
    panels: tuple[Panel, ...]
    left_out: int = 0


@dataclass(frozen=True)
class Section:
    """Runs whose networks stand side by side: those of one ``figure`` of a paper, or all of the report."""

    figure: str
    folders: tuple[RunFolder, ...]
    all_rows: tuple[Rows, ...]
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]


def sections(folders: Sequence[RunFolder], all_rows: Sequence[Rows]) -> list[Section]:
    """One section for all runs, or one a figure of a paper where they have more than ``MOST_BESIDE`` networks."""
    apart = len(columns(folders, all_rows)) > MOST_BESIDE
    figures = [str(folder.manifest().get("figure") or "") if apart else "" for folder in folders]
    found = []
    for figure in dict.fromkeys(figures):
        mine = tuple(folder for folder, its in zip(folders, figures, strict=True) if its == figure)
        rows = tuple(held for held, its in zip(all_rows, figures, strict=True) if its == figure)
        beside = columns(mine, rows)
        found.append(Section(figure, mine, rows, tuple(beside), tuple(blocks(beside))))
    return found


def columns(folders: Sequence[RunFolder], all_rows: Sequence[Rows]) -> list[Column]:
    """Every network of every run, in the order of the run's manifest."""
    found = []
    for folder, rows in zip(folders, all_rows, strict=True):
        networks = folder.manifest().get("networks") or {}
        for name in dict.fromkeys([*networks, *rows.unique("network")]):
            about = networks.get(name) or {}
            title, task = about.get("title") or name, about.get("task") or ""
            found.append(Column(folder.id, name, title, task, rows.filter(network=name)))
    return found


def blocks(all_columns: Sequence[Column]) -> list[Block]:
    """Everything the registered plots can draw of these networks; information first, then training."""
    series: dict[tuple[str, int], dict[int, Rows]] = {}
    left_out: dict[str, int] = {}
    for place, column in enumerate(all_columns):
        for estimator in column.rows.unique("estimator"):
            mine = column.rows.filter(estimator=estimator)
            ways = [mine] if estimator == SCORE else alike(mine)  # scores of all ways of measuring share a figure
            most = MOST_WAYS if SCORE in column.rows.unique("estimator") else len(ways)
            left_out[estimator] = max(left_out.get(estimator, 0), len(ways) - most)
            for number, rows in enumerate(ways[:most]):
                series.setdefault((estimator, number), {})[place] = rows
    plots = sorted(registry.entries("plots").values(), key=lambda entry: entry.facts["order"])
    found = []
    for (estimator, number), rows in series.items():
        held = [(column, rows.get(place, _no_rows(column.rows))) for place, column in enumerate(all_columns)]
        if estimator == SCORE:  # most networks have none, and nobody misses them
            held = [(column, mine) for column, mine in held if len(mine)]
        panels = [panel for plot in plots for panel in _panels(plot, held)]
        if panels:
            found.append(Block(estimator, number, tuple(panels), left_out[estimator]))
    order = {plot.id: plot.facts["order"] for plot in plots}
    return sorted(found, key=lambda block: (order[block.panels[0].plot], block.number))


def _panels(plot: Entry, held: Sequence[tuple[Column, Rows]]) -> list[Panel]:
    wanted = [narrowing for _, rows in held for narrowing in _narrowings(plot, rows)]
    different = list({tuple(n.items()): n for n in wanted}.values())
    return [_panel(plot, narrowing, held, len(different) > 1) for narrowing in different]


def _narrowings(plot: Entry, rows: Rows) -> Iterable[Narrowing]:
    """What tells this plot's panels apart: quantity, variable and split, but for what its lines are."""
    apart = tuple(name for name in ("variable", "split") if name != plot.facts["by"])
    quantities = plot.facts["quantities"]
    if not plot.facts["together"]:
        names = ("quantity", *apart)
        found = distinct(rows.filter(quantity=quantities), *names)
        found.sort(key=lambda values: quantities.index(values[0]))
        return [dict(zip(names, values, strict=True)) for values in found]
    if not all(len(rows.filter(quantity=quantity)) for quantity in quantities):
        return []
    return [dict(zip(apart, values, strict=True)) for values in distinct(rows.filter(quantity=quantities[-1]), *apart)]


def _narrow(plot: Entry, narrowing: Narrowing, rows: Rows) -> Rows:
    rows = rows.filter(quantity=plot.facts["quantities"])
    for name, value in narrowing.items():
        both = name == "variable" and plot.facts["together"]  # I(X;T) stands beside I(T;Y) of this variable
        rows = rows.filter(**{name: (value, "input") if both else value})
    return rows


def _panel(plot: Entry, narrowing: Narrowing, held: Sequence[tuple[Column, Rows]], several: bool) -> Panel:
    draw = plot.load()
    cards = []
    for column, rows in held:
        rows = _narrow(plot, narrowing, rows)
        cards.append(Card(column, draw(rows) if len(rows) else None, _estimands(rows), _trust(rows)))
    share_axes(cards)
    heading = _heading(plot, [rows for _, rows in held]) + (_apart(narrowing) if several else "")
    return Panel(plot.id, heading, narrowing, tuple(cards))


def _heading(plot: Entry, all_rows: Sequence[Rows]) -> str:
    """The plot's heading; a curve that runs over something else is not along training."""
    axes = {axis for rows in all_rows for axis in rows.unique("axis")} or {"epoch"}
    heading = plot.facts["heading"]
    return heading if "epoch" in axes else heading.replace("along training", f"against {' and '.join(sorted(axes))}")


def _apart(narrowing: Narrowing) -> str:
    """What tells this panel from its neighbours: ``": I(T;Y) about label"``."""
    quantity, variable, split = (narrowing.get(name, "") for name in ("quantity", "variable", "split"))
    about = f"about {variable}" if variable not in ("", "input") and quantity in ("", "I(T;Y)", "I(X;T)") else ""
    said = [quantity.replace("_", " "), about, f"on {split}" if split not in ("", "all") else ""]
    return ": " + " ".join(filter(None, said))


def _estimands(rows: Rows) -> tuple[str, ...]:
    found = distinct(rows, "quantity", "estimand")
    return tuple(f"{quantity.replace('_', ' ')}: {text}" for quantity, text in found if text)


def _trust(rows: Rows) -> tuple[str, ...]:
    """How many rows of each quantity have which status, where they are not all OK."""
    said = []
    for quantity in rows.unique("quantity"):
        counts = Counter(rows.filter(quantity=quantity).column("status").tolist())
        if set(counts) != {"OK"}:
            said.append(f"{quantity}: " + ", ".join(f"{count:,} {name}" for name, count in counts.most_common()))
    return tuple(said)


def share_axes(cards: Sequence[Card]) -> None:
    """Give figures of networks on the same task the same ranges, so that they can be compared by eye."""
    for channel in ("x", "y"):
        scales: dict[str, list[Spec]] = {}
        for card in cards:
            encoding = (card.spec or {}).get("encoding", {}).get(channel, {})
            if encoding.get("field") != "time" and "domain" in encoding.get("scale", {}):
                scales.setdefault(card.column.task, []).append(encoding["scale"])
        for same in scales.values():
            lows, highs = zip(*(scale["domain"] for scale in same), strict=True)
            for scale in same:
                scale["domain"] = [min(lows), max(highs)]


def _no_rows(rows: Rows) -> Rows:
    return Rows(rows.table.slice(0, 0))
