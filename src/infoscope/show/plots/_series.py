"""From rows to lines over training: which rows belong together, in the unit shown, thinned, with nothing hidden."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from infoscope.core.errors import InputError
from infoscope.core.rows import Rows
from infoscope.core.units import NATS_PER_BIT

MOST_STEPS = 80
MOST_MEMBERS = 12
_SPLITS = (0, 4, 2, 7)  # places in the palette that lie far apart


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
class Series:
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


def drawn_members(count: int, most: int = MOST_MEMBERS) -> list[int]:
    """Positions of the members drawn as faint lines, evenly spread; one member alone is its own mean."""
    if count < 2:
        return []
    return sorted({int(i) for i in np.linspace(0, count - 1, min(count, most)).round()})


def distinct(rows: Rows, *names: str) -> list[tuple[str, ...]]:
    """The combinations of these text columns, in order of first appearance."""
    if not len(rows):
        return []
    table = pa.table({name: rows.table[name].cast(pa.string()) for name in names})
    groups = table.group_by(list(names), use_threads=False).aggregate([])
    return list(zip(*(groups[name].to_pylist() for name in names), strict=True))


def alike(rows: Rows) -> list[Rows]:
    """Rows of one estimator, split into series: within one, each site was measured in a single way.

    Options that cover different sites (bins of their own for the output layer) belong to one series.
    """
    groups: list[dict[str, set[str]]] = []  # options -> sites
    sites: dict[str, set[str]] = {}
    for options, site in distinct(rows, "options", "site"):
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


def titled(heading: str, rows: Rows) -> str:
    """``heading`` with the network and the estimator it is about."""
    network = next(iter(rows.unique("network")), "")
    estimator = next((name for name in rows.unique("estimator") if name != "training"), "")
    return heading + (f": {', '.join(filter(None, (network, estimator)))}" if network or estimator else "")


def first(rows: Rows, *names: str) -> tuple[Rows, list[str]]:
    """The rows of the first series, and a remark when there were others; ``names``: the columns held to one value."""
    remarks = []
    found = distinct(rows, *names)
    if found:
        rows = rows.filter(**dict(zip(names, found[0], strict=True)))
    series = alike(rows)
    if len(found) * len(series) > 1:
        held = [f"{name} {text}" for name, text in zip(names, found[0], strict=True) if text]
        options = [f"options {' '.join(series[0].unique('options'))}"] if len(series) > 1 else []
        remarks.append(f"the first of several series: {', '.join(held + options)}")
    return (series[0] if series else rows), remarks


def read(rows: Rows, by: str = "site") -> Series:
    """Rows of one quantity and one series as lines, one per value of the column ``by`` (``site`` or ``split``)."""
    clock = _clock(rows)
    unit = next(iter(rows.unique("unit")), "")
    names = rows.sites() if by == "site" else [str(name) for name in rows.unique(by)]
    lines = [_line(rows.filter(**{by: name}), name, place, by, clock) for place, name in enumerate(names)]
    failed = int((rows.column("status") == "FAILED").sum())
    kinds = [kind for kind in rows.unique("interval_kind") if kind]
    return Series(
        lines=lines,
        unit="bits" if unit == "nats" else unit,
        clock=clock,
        members=len(rows.unique("member")),
        seeds=rows.unique("seed"),
        interval_kind=kinds[0] if kinds else "",
        closed_form=rows.unique("n") == [0] and rows.unique("member") == [0],
        remarks=[f"{failed} of {len(rows)} measurements failed and are left out"] if failed else [],
    )


def _clock(rows: Rows) -> str:
    """The rows' axis; ``step`` where they moved in steps while their epoch stood still (a loop that counts none)."""
    still = len(rows.unique("epoch")) == 1 and len(rows.unique("step")) > 1
    return "step" if still else next(iter(rows.unique("axis")), "epoch")


def _line(rows: Rows, name: str, place: int, by: str, clock: str) -> Line:
    steps, epochs, values = rows.curves()
    low, high = (rows.curves(bound)[2] for bound in ("low", "high"))
    if rows.unique("unit") == ["nats"]:
        values, low, high = values / NATS_PER_BIT, low / NATS_PER_BIT, high / NATS_PER_BIT
    index = int(rows.column("site_index")[0]) if by == "site" else _SPLITS[place % len(_SPLITS)]
    times = steps.astype(float) if clock == "step" else epochs
    return Line(name, index, np.unique(rows.column("member")), steps, times, values, low, high)


def said(series: Series, drawn: int, steps_drawn: int, steps: int) -> list[str]:
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
