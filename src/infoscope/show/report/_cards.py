"""What the report draws, from registry facts: blocks (one way of measuring), panels (one plot), cards (one network)."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from infoscope.core import registry, text
from infoscope.core.errors import InfoscopeError
from infoscope.core.folder import RunFolder
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.registry import Entry
from infoscope.core.rows import Rows, options_in_words
from infoscope.show.examples import HEADING, described, examples
from infoscope.show.plots import _relevance
from infoscope.show.plots._series import alike, quantities, quoted, worded
from infoscope.show.plots._style import Spec

_ABOUT = ("", INPUT_INFORMATION, LABEL_INFORMATION)
EXAMPLES = "examples"  # a heading beside those of estimators
DERIVED = frozenset(("score", "effect", "swept score"))  # kinds computed from other rows
MOST_WAYS = 4  # of measuring with one estimator that are drawn in full where scores say what all come to
_LEAST_SPAN = 0.25  # of the widest range of panels on other variables, from which on theirs is shared
MOST_WORDS = 60  # characters of options in a heading
MOST_BESIDE = 4  # networks of several papers' figures that can still be compared at a glance
Narrowing = dict[str, str]  # columns and the value that a panel holds them to


@dataclass(frozen=True)
class Column:
    """One network of one run: the report's unit of comparison.

    recipe: what it was trained with. ceilings: the most there is to read of its task's variables, in nats.
    """

    run: str
    network: str
    title: str
    task: str
    rows: Rows
    recipe: Mapping[str, Any] = field(default_factory=dict)
    ceilings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One plot of one network. ``spec`` is None where the network has no such rows, or where drawing it ``failed``."""

    column: Column
    spec: Spec | None
    estimands: tuple[str, ...] = ()  # "I(X;T): what it truly is"
    trust: tuple[str, ...] = ()  # "I(X;T): 820 VACUOUS", nothing when all is OK
    failed: str = ""  # why there is no figure of rows that are there


@dataclass(frozen=True)
class Panel:
    """One plot of all networks, side by side."""

    plot: str
    heading: str
    narrowing: Narrowing
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class PanelGroup:
    """All panels of one way of measuring; ``number`` tells apart several options of one estimator.

    kinds: of what was measured. left_out: how many further ways of the same estimator are not drawn, because their
    scores are. said: the options that tell this way from the others.
    """

    estimator: str
    number: int
    panels: tuple[Panel, ...]
    kinds: frozenset[str] = frozenset()
    left_out: int = 0
    said: str = ""


@dataclass(frozen=True)
class Section:
    """Runs whose networks stand side by side: those of one ``figure`` of a paper, or all of the report."""

    figure: str
    folders: tuple[RunFolder, ...]
    all_rows: tuple[Rows, ...]
    columns: tuple[Column, ...]
    blocks: tuple[PanelGroup, ...]


def why(reason: Exception) -> str:
    """Why a figure could not be drawn, in a sentence for its place."""
    said = str(reason) if isinstance(reason, InfoscopeError) else f"{type(reason).__name__}: {reason}"
    return text.sentence(said, 300)


def sections(folders: Sequence[RunFolder], all_rows: Sequence[Rows]) -> list[Section]:
    """One section for all runs, or one a figure of a paper where they have more than ``MOST_BESIDE`` networks."""
    apart = len(columns(folders, all_rows)) > MOST_BESIDE
    figures = [str(folder.manifest().get("figure") or "") if apart else "" for folder in folders]
    found = []
    for figure in dict.fromkeys(figures):
        mine = tuple(folder for folder, its in zip(folders, figures, strict=True) if its == figure)
        rows = tuple(held for held, its in zip(all_rows, figures, strict=True) if its == figure)
        beside = columns(mine, rows)
        found.append(Section(figure, mine, rows, tuple(beside), (*blocks(beside), *_examples(mine, beside))))
    return found


def columns(folders: Sequence[RunFolder], all_rows: Sequence[Rows]) -> list[Column]:
    """Every network of every run, in the order of the run's manifest."""
    found = []
    for folder, rows in zip(folders, all_rows, strict=True):
        manifest = folder.manifest()
        networks, ceilings = manifest.get("networks") or {}, manifest.get("ceilings") or {}
        for name in dict.fromkeys([*networks, *rows.unique("network")]):
            about = networks.get(name) or {}
            title = text.sentence(str(about.get("title") or name), text.LONGEST_NAME)
            task = about.get("task") or ""
            known = about.get("recipe") or {}, ceilings.get(task) or {}
            found.append(Column(folder.id, name, title, task, rows.filter(network=name), *known))
    return found


def blocks(all_columns: Sequence[Column]) -> list[PanelGroup]:
    """Everything the registered plots can draw of these networks; information first, then training."""
    series: dict[tuple[str, int], dict[int, Rows]] = {}
    whole: dict[str, dict[int, Rows]] = {}  # all ways of measuring, for plots whose lines they are
    left_out: dict[str, int] = {}
    for place, column in enumerate(all_columns):
        for estimator in column.rows.unique("estimator"):
            mine = column.rows.filter(estimator=estimator)
            ways = [mine] if _derived(mine) else alike(mine)  # scores of all ways of measuring share a figure
            most = MOST_WAYS if DERIVED.intersection(column.rows.unique("kind")) else len(ways)
            left_out[estimator] = max(left_out.get(estimator, 0), len(ways) - most)
            whole.setdefault(estimator, {})[place] = mine
            for number, rows in enumerate(ways[:most]):
                series.setdefault((estimator, number), {})[place] = rows
    plots = sorted(registry.entries("plots").values(), key=lambda entry: entry.facts["order"])
    across = [plot for plot in plots if plot.facts["by"] == "options"]
    found = []
    for (estimator, number), rows in series.items():
        held = _held(all_columns, rows)
        kinds = frozenset(kind for mine in rows.values() for kind in mine.unique("kind"))
        if DERIVED.issuperset(kinds):  # most networks have none, and nobody misses them
            held = [(column, mine) for column, mine in held if len(mine)]
        panels = [panel for plot in plots if plot not in across for panel in _panels(plot, held)]
        if number == 0:
            panels += [panel for plot in across for panel in _panels(plot, _held(all_columns, whole[estimator]))]
        if panels:
            said = _said(estimator, number, series)
            found.append(PanelGroup(estimator, number, tuple(panels), kinds, left_out[estimator], said))
    order = {plot.id: plot.facts["order"] for plot in plots}
    return sorted(found, key=lambda block: (order[block.panels[0].plot], block.number))


def _derived(rows: Rows) -> bool:
    """Whether all of these rows were computed from other rows."""
    return DERIVED.issuperset(rows.unique("kind"))


def _held(all_columns: Sequence[Column], rows: Mapping[int, Rows]) -> list[tuple[Column, Rows]]:
    return [(column, rows.get(place, _no_rows(column.rows))) for place, column in enumerate(all_columns)]


def _said(estimator: str, number: int, series: Mapping[tuple[str, int], Mapping[int, Rows]]) -> str:
    """What tells one way of measuring from the others with the same estimator, where that is short."""
    numbers = [n for name, n in series if name == estimator]
    if len(numbers) < 2:
        return ""
    first = [next(iter(series[estimator, n].values())).unique("options")[0] for n in numbers]
    said = options_in_words(first)[numbers.index(number)]
    return said if len(said) <= MOST_WORDS else ""


def _examples(folders: Sequence[RunFolder], beside: Sequence[Column]) -> list[PanelGroup]:
    """The pictures that ``infoscope examples`` left in the run folders; one panel for each variable, site and step."""
    if not beside:
        return []
    panels: dict[tuple[str, ...], list[Card]] = {}
    for folder in folders:
        for path, read in folder.examples():
            table = read()
            try:
                about = described(table)
                where = (about["variable"], about["site"], str(about["step"]), about["probe"])
                network, pictures = about["network"], bool(about["shape"])
            except Exception as reason:  # a table of something else
                card = Card(beside[0], None, failed=f"{text.name(path.name)}: {why(reason)}")
                panels.setdefault(("?", "?", "?", "?"), []).append(card)
                continue
            column = next((c for c in beside if (c.run, c.network) == (folder.id, network)), None)
            if column is None or not pictures:
                continue
            card = _card(column, lambda table=table: examples(table).spec, (f"I_u(T;Y): {about['estimand']}",))
            panels.setdefault(where, []).append(card)
    drawn = [
        Panel(EXAMPLES, f"{HEADING}: about {where[0]} at {where[1]}, step {where[2]}",
              dict(zip(("variable", "site", "step", "probe"), where, strict=True)), tuple(cards))
        for where, cards in panels.items()
    ]  # fmt: skip
    return [PanelGroup(EXAMPLES, 0, tuple(drawn))] if drawn else []


def _panels(plot: Entry, held: Sequence[tuple[Column, Rows]]) -> list[Panel]:
    """The panels of one plot; rows that it cannot even be asked about are one panel, which says why."""
    try:
        return _drawn_panels(plot, held)
    except Exception as reason:
        cards = tuple(Card(column, None, failed=why(reason)) for column, rows in held if len(_drawable(plot, rows)))
        return [Panel(plot.id, plot.facts["heading"], {}, cards)]


def _drawn_panels(plot: Entry, held: Sequence[tuple[Column, Rows]]) -> list[Panel]:
    if plot.facts["by"] == "network":
        return _of_whole_runs(plot, held)
    least = plot.facts.get("least", 1)
    asked = [n for _, rows in held for n in _narrowings(plot, rows) if _drawn(plot, n, rows) >= least]
    if "wants" in plot.facts:
        asked = [n for n in asked if any(plot.facts["wants"] in _narrow(plot, n, r).unique("kind") for _, r in held)]
    different = list({tuple(n.items()): n for n in asked}.values())
    named = len({narrowing.get("variable") for narrowing in different}) > 1
    panels = [
        _panel(plot, narrowing, held, _apart(narrowing, named, _parts(held)) if len(different) > 1 else "")
        for narrowing in different
    ]
    alike: dict[str, list[Card]] = {}  # panels on different variables stand beside each other to be compared
    for panel in panels:
        about = f"I(T;{panel.narrowing['variable']})" if "variable" in panel.narrowing else ""
        quantity = panel.narrowing.get("quantity", "").replace("I_u", "I")
        alike.setdefault("usable" if quantity == about else quantity, []).extend(panel.cards)
    for name, cards in alike.items():
        if name:
            share_axes(cards, _LEAST_SPAN)
    return panels


def _drawn(plot: Entry, narrowing: Narrowing, rows: Rows) -> int:
    """How many lines the panel would have."""
    return len(_narrow(plot, narrowing, rows).unique(plot.facts["by"]))


def _narrowings(plot: Entry, rows: Rows) -> Iterable[Narrowing]:
    """What tells this plot's panels apart: quantity, variable and split, but for what its lines are."""
    apart = tuple(name for name in ("variable", "split") if name != plot.facts["by"])
    rows, axes = _drawable(plot, rows), plot.facts.get("axes")
    if not axes:
        names = plot.facts.get("panels", ("quantity", *apart))
        found = rows.distinct(*names)
        if "quantity" in names:
            order = quantities(rows, plot.facts["kinds"])
            found.sort(key=lambda values: order.index(values[names.index("quantity")]))
        return [dict(zip(names, values, strict=True)) for values in found]
    if not all(len(rows.filter(quantity=quantity)) for quantity in axes):
        return []
    return [dict(zip(apart, values, strict=True)) for values in rows.filter(quantity=axes[-1]).distinct(*apart)]


def _drawable(plot: Entry, rows: Rows) -> Rows:
    """Those of ``rows`` that the report draws with this plot."""
    rows = rows.filter(kind=plot.facts.get("reported", plot.facts["kinds"]))
    if "unit" in plot.facts:
        rows = rows.filter(unit=plot.facts["unit"])
    return rows.filter(quantity=plot.facts["axes"]) if "axes" in plot.facts else rows


def _narrow(plot: Entry, narrowing: Narrowing, rows: Rows) -> Rows:
    rows = _drawable(plot, rows)
    for name, value in narrowing.items():
        both = name == "variable" and "axes" in plot.facts  # I(X;T) stands beside I(T;Y) of this variable
        rows = rows.filter(**{name: (value, "input") if both else value})
    return rows


def _panel(plot: Entry, narrowing: Narrowing, held: Sequence[tuple[Column, Rows]], apart: str) -> Panel:
    draw = plot.load()
    cards = []
    for column, rows in held:
        rows = _narrow(plot, narrowing, rows)
        known = {"ceilings": column.ceilings} if "ceilings" in inspect.signature(draw).parameters else {}
        said = () if plot.facts["by"] == "quantity" else _estimands(rows)  # many of one kind, which the figure names
        cards.append(_card(column, partial(draw, rows, **known) if len(rows) else None, said, _trust(rows)))
    share_axes(cards)
    heading = _heading(plot, [rows for _, rows in held]) + apart
    return Panel(plot.id, heading, narrowing, tuple(cards))


def _card(
    column: Column, drawn: Callable[[], Spec] | None, estimands: tuple[str, ...], trust: tuple[str, ...] = ()
) -> Card:
    """A card with what ``drawn`` gives; whatever ends it takes this figure and no other."""
    try:
        return Card(column, drawn() if drawn else None, estimands, trust)
    except Exception as reason:
        return Card(column, None, estimands, trust, why(reason))


def _of_whole_runs(plot: Entry, held: Sequence[tuple[Column, Rows]]) -> list[Panel]:
    """One card a run, and for each number in which its networks' recipes differ, coloured by it.

    There is a panel for each variable that the networks do not need; controls, trained on another one, are left out.
    """
    draw = plot.load()
    runs = {
        run: [(c, rows) for c, rows in held if c.run == run and len(rows)]
        for run in dict.fromkeys(c.run for c, _ in held)
    }
    panels: dict[str, list[Card]] = {}
    for run, networks in runs.items():
        trained = _relevance.trained_on(Rows.concat(column.rows for column, _ in networks))
        networks = [pair for pair in networks if _relevance.trained_on(pair[0].rows) == trained]
        rows = _drawable(plot, Rows.concat(rows for _, rows in networks))
        recipes = {column.network: column.recipe for column, _ in networks}
        for variable in _relevance.others(rows, trained) if trained in rows.unique("variable") else ():
            for colour in _relevance.differing(list(recipes.values())) or [""]:
                told = {"relevant": trained, "irrelevant": variable, "recipes": recipes, "colour": colour}
                first = networks[0][0]
                title = f"by {colour.replace('_', ' ')}" if colour else "every network"
                column = Column(run, colour, title, first.task, rows)
                panels.setdefault(variable, []).append(
                    _card(column, partial(draw, rows, ceilings=first.ceilings, **told), _estimands(rows), _trust(rows))
                )
    several = len(panels) > 1
    return [
        Panel(plot.id, plot.facts["heading"] + (_apart({"variable": variable}, True, ()) if several else ""),
              {"variable": variable}, tuple(cards))
        for variable, cards in panels.items()
    ]  # fmt: skip


def _heading(plot: Entry, all_rows: Sequence[Rows]) -> str:
    """The plot's heading; a curve that runs over something else is not along training."""
    axes = {axis for rows in all_rows for axis in rows.unique("axis")} or {"epoch"}
    heading = plot.facts["heading"]
    return heading if "epoch" in axes else heading.replace("along training", f"against {' and '.join(sorted(axes))}")


def _parts(held: Sequence[tuple[Column, Rows]]) -> Sequence[str]:
    """The quantities that say in their symbol which variable probes read."""
    usable = dict.fromkeys(name for _, rows in held for name in rows.filter(kind="usable").unique("quantity"))
    return [name for name in usable if name != LABEL_INFORMATION]


def _apart(narrowing: Narrowing, named: bool, parts: Sequence[str]) -> str:
    """What tells this panel from its neighbours: ``": I(T;Y) about label"``; ``named``: they are about several ones.

    parts: quantities of :func:`_parts`, for whom their variable is said.
    """
    quantity, variable, split = (narrowing.get(name, "") for name in ("quantity", "variable", "split"))
    told = named or quantity in parts or quantity in _ABOUT
    about = f"about {quoted(variable)}" if variable not in ("", "input") and told else ""
    site = f"at {narrowing['site']}" if "site" in narrowing else ""
    where = f"on {split}" if split not in ("", "all") else ""
    said = ["" if quantity in parts else worded(quantity), about, site, where]
    return ": " + " ".join(filter(None, said))


def _estimands(rows: Rows) -> tuple[str, ...]:
    said: dict[str, list[str]] = {}
    for quantity, estimand in rows.distinct("quantity", "estimand"):
        said.setdefault(estimand, []).append(worded(quantity))
    return tuple(f"{', '.join(quantities)}: {estimand}" for estimand, quantities in said.items() if estimand)


def _trust(rows: Rows) -> tuple[str, ...]:
    """How many rows of each quantity have which status, where they are not all OK."""
    said = []
    for quantity in rows.unique("quantity"):
        counts = Counter(rows.filter(quantity=quantity).column("status").tolist())
        if set(counts) != {"OK"}:
            said.append(f"{quantity}: " + ", ".join(f"{count:,} {name}" for name, count in counts.most_common()))
    return tuple(said)


def share_axes(cards: Sequence[Card], least: float = 0.0) -> None:
    """Give figures of networks on the same task the same ranges, so that they can be compared by eye.

    least: of the widest range; a figure whose own is narrower keeps it, since nothing could be seen in it.
    """
    for channel in ("x", "y"):
        scales: dict[str, list[Spec]] = {}
        for card in cards:
            encoding = (card.spec or {}).get("encoding", {}).get(channel, {})
            if encoding.get("field") != "time" and "domain" in encoding.get("scale", {}):
                scales.setdefault(card.column.task, []).append(encoding["scale"])
        for same in scales.values():
            lows, highs = zip(*(scale["domain"] for scale in same), strict=True)
            widest = max(high - low for low, high in zip(lows, highs, strict=True))
            for scale, low, high in zip(same, lows, highs, strict=True):
                if high - low >= least * widest:
                    scale["domain"] = [min(lows), max(highs)]


def _no_rows(rows: Rows) -> Rows:
    return Rows(rows.table.slice(0, 0))
