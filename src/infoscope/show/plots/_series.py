"""From rows to lines over training: which rows belong together, in the unit shown, thinned, with nothing hidden."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.estimate import BRACKET
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION, LOSS, USABLE_COARSE, USABLE_FINE, USABLE_REST
from infoscope.core.rows import TRAINING, Rows, options_in_words
from infoscope.core.units import NATS_PER_BIT

#: What a reader looks for before other quantities of its kind, which come in the order of the rows.
_FIRST = tuple(map(str, (INPUT_INFORMATION, LABEL_INFORMATION, USABLE_REST, USABLE_COARSE, USABLE_FINE, LOSS)))
MOST_STEPS = 80
MOST_MEMBERS = 12
LONG_SITE = 18  # characters of a site that a figure has room for beside it
_SPLITS = (0, 4, 2, 7, 1, 5, 3, 6)  # places in the palette, the first of which lie far apart


@dataclass(frozen=True)
class Line:
    """One site (or split) over training. ``values``, ``low``, ``high``: ``[members, steps]``, NaN where not measured.

    Values are in the unit shown: bits for information, otherwise the rows' own.
    """

    name: str
    index: int  # its place from input to output
    members: np.ndarray  # their numbers
    steps: np.ndarray
    times: np.ndarray  # epochs, steps where no epochs were kept, or places on another axis
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def mean(self) -> np.ndarray:
        """``[steps]`` over all members that were measured there, NaN where none was."""
        return mean(self.values)


@dataclass
class Bundle:
    """Lines that were measured alike, and what a reader must know about them."""

    lines: list[Line]
    unit: str
    clock: str  # what `times` counts: epoch, step, or the rows' own axis
    members: int
    seeds: list[int]
    interval_kind: str
    closed_form: bool
    remarks: list[str] = field(default_factory=list)

    @property
    def last(self) -> float:
        return max((float(line.times.max()) for line in self.lines if len(line.times)), default=1.0)

    @property
    def training(self) -> bool:
        """Whether these are curves over training, and not over some other axis."""
        return self.clock in ("epoch", "step")


def mean(values: np.ndarray) -> np.ndarray:
    """Mean over the leading axis of what is not NaN, without NumPy's warning where all is."""
    seen = np.isfinite(values)
    count = seen.sum(axis=0)
    total = np.where(seen, values, 0.0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def percentiles(values: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Two percentiles over the leading axis, NaN in columns that hold nothing."""
    out = np.full((2, values.shape[1]), np.nan)
    some = np.isfinite(values).any(axis=0)
    whole = np.isfinite(values).all(axis=0)
    if whole.any():
        out[:, whole] = np.percentile(values[:, whole], [low, high], axis=0)
    if (gaps := some & ~whole).any():  # NumPy's version for NaN is a Python loop over columns
        out[:, gaps] = np.nanpercentile(values[:, gaps], [low, high], axis=0)
    return out[0], out[1]


def thin(steps: np.ndarray, most: int = MOST_STEPS) -> np.ndarray:
    """Indices of at most ``most`` of the sorted ``steps``, evenly spaced in log(1 + step); the ends always stay."""
    if len(steps) <= most:
        return np.arange(len(steps))
    place = np.log1p(steps - steps[0])
    wanted = np.linspace(0.0, place[-1], most)
    return np.unique(np.clip(np.searchsorted(place, wanted - 1e-12), 0, len(steps) - 1))


def reaches(times: np.ndarray) -> tuple[list[float], list[float]]:
    """From where to where a cell at each of the sorted ``times`` reaches: half way, as drawn, to its neighbours."""
    log = np.log1p(times)
    between = np.expm1((log[:-1] + log[1:]) / 2)
    edges = np.concatenate([times[:1], between, np.maximum(times[-1:], times[:1] + 1)]).tolist()
    return edges[:-1], edges[1:]


def drawn_members(count: int, most: int = MOST_MEMBERS) -> list[int]:
    """Positions of the members drawn as faint lines, evenly spread; one member alone is its own mean."""
    if count < 2:
        return []
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, most)).round()})


def alike(rows: Rows) -> list[Rows]:
    """Rows of one estimator, split into series: within one, each site was measured in a single way.

    Options that cover different sites (bins of their own for the output layer) belong to one series.
    """
    groups: list[dict[str, set[str]]] = []  # options -> sites
    sites: dict[str, set[str]] = {}
    for options, site in rows.distinct("options", "site"):
        sites.setdefault(options, set()).add(site)
    for options, covered in sites.items():
        free = (g for g in groups if not any(covered & taken for taken in g.values()))
        group = next(free, None)
        if group is None:
            groups.append(group := {})
        group[options] = covered
    return [rows.filter(options=tuple(group)) for group in groups]


def one_network(rows: Rows) -> Rows:
    """``rows`` when they are of at most one network and run."""
    for name in ("run", "network"):
        found = rows.unique(name)
        if len(found) > 1:
            raise InputError(
                f"these rows hold {len(found)} {name}s ({', '.join(found[:6])}), a plot shows one: "
                f"pass rows.filter({name}={found[0]!r})"
            )
    return rows


def quantities(rows: Rows, kinds: Sequence[str]) -> list[str]:
    """The quantities of these kinds that ``rows`` hold: by kind, those of ``_FIRST`` before others of theirs."""
    held = rows.filter(kind=kinds).distinct("kind", "quantity")
    places = {name: place for place, name in enumerate(_FIRST)}
    held.sort(key=lambda each: (kinds.index(each[0]), places.get(each[1], len(places))))
    return list(dict.fromkeys(name for _, name in held))


def one_quantity(rows: Rows, kinds: Sequence[str]) -> Rows:
    """The rows of one of the :func:`quantities`: of what is said about a label where there is such, else the first."""
    held = quantities(rows, kinds)
    return rows.filter(quantity=LABEL_INFORMATION if LABEL_INFORMATION in held else held[0] if held else ())


def quantity(rows: Rows) -> tuple[str, str, str]:
    """The kind, the words and the symbol of rows of one quantity."""
    return rows.distinct("kind", "words", "quantity")[0]  # type: ignore[return-value]


def titled(heading: str, rows: Rows) -> str:
    """``heading`` with the network and the estimator it is about; what probes read says so in words."""
    network = next(iter(rows.unique("network")), "")
    ways = rows.distinct("estimator", "kind")
    estimator = next((name for name, kind in ways if name != TRAINING and kind != "usable"), "")
    return heading + (f": {', '.join(filter(None, (network, estimator)))}" if network or estimator else "")


def first(rows: Rows, *names: str) -> tuple[Rows, list[str]]:
    """The rows of the first series, and a remark when there were others; ``names``: the columns held to one value."""
    remarks = []
    found = rows.distinct(*names)
    if found:
        rows = rows.filter(**dict(zip(names, found[0], strict=True)))
    series = alike(rows)
    if len(found) * len(series) > 1:
        held = [f"{name} {text}" for name, text in zip(names, found[0], strict=True) if text]
        options = [options_in_words([each.unique("options")[0] for each in series])[0]] if len(series) > 1 else []
        remarks.append(f"the first of several series: {', '.join(held + options)}")
    return (series[0] if series else rows), remarks


def read(rows: Rows, by: str = "site") -> Bundle:
    """Rows of one series as lines, one per value of the column ``by``, such as ``site``, ``variable`` or ``options``.

    Rows are of one quantity, but for lines by variable: one of its own for each quantity (see :func:`about`).
    """
    clock = _clock(rows)
    unit = rows.unit()
    if by == "options":
        texts = sorted(rows.unique("options"), key=_numbers)
        found = [(name, {"options": text}) for name, text in zip(options_in_words(texts), texts, strict=True)]
    elif by == "variable":
        ways = rows.distinct("variable", "quantity")
        twice = {variable for variable, times in Counter(variable for variable, _ in ways).items() if times > 1}
        found = [
            (
                about(variable) + (f", {quantity}" if variable in twice else ""),
                {"variable": variable, "quantity": quantity},
            )
            for variable, quantity in ways
        ]
    else:
        names = rows.sites() if by == "site" else [str(name) for name in rows.unique(by)]
        found = [(name, {by: name}) for name in names]
    lines = [_line(rows.filter(**where), name, place, by, clock) for place, (name, where) in enumerate(found)]
    failed = int((rows.column("status") == "FAILED").sum())
    kinds = [kind for kind in rows.unique("interval_kind") if kind]
    return Bundle(
        lines=lines,
        unit="bits" if unit == "nats" else unit,
        clock=clock,
        members=len(rows.unique("member")),
        seeds=rows.unique("seed"),
        interval_kind=BRACKET if BRACKET in kinds else kinds[0] if kinds else "",
        closed_form=rows.unique("n") == [0] and rows.unique("member") == [0],
        remarks=[f"{failed} of {len(rows)} measurements failed and are left out"] if failed else [],
    )


def short(sites: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sites as labels that fit beside a figure, and remarks that say what all of them share and the labels leave out.

    ``transformer.h.3@tokens`` becomes ``h.3``, "in transformer, a row a token"; what is still too long loses its
    beginning, which tells less than its end.
    """
    if len(sites) < 2 or max(map(len, sites)) <= LONG_SITE:
        return [_ending(site) for site in sites], []
    apart = [site.partition("@") for site in sites]
    rules = {rule for _, _, rule in apart}
    rule = rules.pop() if len(rules) == 1 else ""
    places = [place if rule else site for site, (place, _, _) in zip(sites, apart, strict=True)]
    words = [place.split(".") for place in places]
    shared = 0
    while all(len(each) > shared + 1 for each in words) and len({each[shared] for each in words}) == 1:
        shared += 1
    labels = [".".join(each[shared:]) for each in words]
    said = [f"places in {'.'.join(words[0][:shared])}"] if shared else []
    return [_ending(label) for label in labels], said + ([f"rows by @{rule}"] if rule else [])


def _ending(label: str) -> str:
    return label if len(label) <= LONG_SITE else f"…{label[1 - LONG_SITE :]}"


def _numbers(text: str) -> list[float]:
    """The numbers among options, by which they are put in order."""
    values = json.loads(text).values()
    return [float(value) for value in values if isinstance(value, (int, float))]


def worded(quantity: str) -> str:
    """A quantity in words; a formula stays as it is."""
    return quantity if "(" in quantity else quantity.replace("_", " ")


def about(variable: str) -> str:
    """A row's variable in words: ``fine|coarse`` is "fine given coarse"."""
    return variable.replace("|", " given ")


def quoted(variable: str) -> str:
    """The same in a sentence or a title, where a name of several words stands in quotes."""
    return about("|".join(f"“{name}”" if " " in name else name for name in variable.split("|")))


def _clock(rows: Rows) -> str:
    """The rows' axis; ``step`` where they moved in steps while their epoch stood still (a loop that counts none)."""
    still = len(rows.unique("epoch")) == 1 and len(rows.unique("step")) > 1
    return "step" if still else next(iter(rows.unique("axis")), "epoch")


def _line(rows: Rows, name: str, place: int, by: str, clock: str) -> Line:
    steps, epochs, values = rows.curves()
    low, high = (rows.curves(bound)[2] for bound in ("low", "high"))
    if rows.unit() == "nats":
        values, low, high = values / NATS_PER_BIT, low / NATS_PER_BIT, high / NATS_PER_BIT
    index = int(rows.column("site_index")[0]) if by == "site" else _SPLITS[place % len(_SPLITS)]
    times = steps.astype(float) if clock == "step" else epochs
    return Line(name, index, np.unique(rows.column("member")), steps, times, values, low, high)


def paired(x: Line, y: Line) -> tuple[Line, Line]:
    """Both coordinates at the members and steps that have both."""
    members, m, k = np.intersect1d(x.members, y.members, return_indices=True)
    steps, i, j = np.intersect1d(x.steps, y.steps, return_indices=True)
    at_x, at_y = np.ix_(m, i), np.ix_(k, j)
    both = np.isfinite(x.values[at_x]) & np.isfinite(y.values[at_y])
    common = {"members": members, "steps": steps, "times": x.times[i]}
    return (
        replace(x, **common, values=np.where(both, x.values[at_x], np.nan), low=x.low[at_x], high=x.high[at_x]),
        replace(y, **common, values=np.where(both, y.values[at_y], np.nan), low=y.low[at_y], high=y.high[at_y]),
    )


def said(series: Bundle, drawn: int, steps_drawn: int, steps: int) -> list[str]:
    """The remarks every figure makes about what it drew."""
    if series.closed_form:
        out = ["closed form"]
    elif series.members == 1:
        out = [f"one member (seed {series.seeds[0]})"]
    else:
        faint = f"{drawn} of them" if drawn < series.members else "each of them"
        out = [f"mean of {series.members} members"] + ([f"faint lines: {faint}"] if drawn else [])
    if steps_drawn < steps:
        out.append(f"{steps_drawn} of {steps} recorded steps drawn")
    return out + series.remarks


def widest(lines: Iterable[Line]) -> int:
    """The number of recorded steps of the line that has most."""
    return max((len(line.steps) for line in lines), default=0)
