"""Parts of a claim as data: what is read off which rows, and what it has to be. The rule in words is written from them.

A claim is a sentence and its parts; a part is a name, the series it reads, a statistic and a criterion. Each of them
says itself in words, so that a rule and what the code does cannot differ.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from infoscope.core.claim import Asked, Criterion, Finding
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Rows

OVER_SEEDS = "with the whole 95 % interval over seeds"


@dataclass(frozen=True)
class Series:
    """The rows of one quantity at one place of one network.

    words: how the quantity is read, beside its symbol: ``"by KDE"``. until, since: the epochs at either end. columns:
    what other columns of the rows hold. narrowed: what else of those rows is left out.

    >>> Series("I(X;T)", "tanh", "hidden5", "by KDE", estimator="kde").reads
    'I(X;T) by KDE'
    """

    quantity: str
    network: str = ""
    site: str = ""
    words: str = ""
    until: float = math.inf
    since: float = -math.inf
    columns: Mapping[str, Any] = field(default_factory=dict[str, Any])
    narrowed: Callable[[Rows], Rows] | None = None

    def __init__(
        self, quantity: str, network: str = "", site: str = "", words: str = "", *, until: float = math.inf,
        since: float = -math.inf, narrowed: Callable[[Rows], Rows] | None = None, **columns: Any,
    ) -> None:  # fmt: skip
        given = (quantity, network, site, words, until, since, columns, narrowed)
        for each, value in zip(dataclasses.fields(self), given, strict=True):
            object.__setattr__(self, each.name, value)

    @property
    def reads(self) -> str:
        """What is read, in words."""
        span = [f"until epoch {self.until:g}"] if self.until < math.inf else []
        span += [f"from epoch {self.since:g} on"] if self.since > -math.inf else []
        return " ".join(filter(None, (_said(self.quantity), self.words, *span)))

    @property
    def place(self) -> str:
        """Where, in words."""
        return " ".join(filter(None, (self.network, self.site)))

    def of(self, rows: Rows) -> Rows:
        """The rows of this series among ``rows``."""
        wanted: dict[str, Any] = {"quantity": str(self.quantity), "network": self.network, "site": self.site}
        found = rows.filter(**{name: value for name, value in wanted.items() if value}, **self.columns)
        if self.narrowed is not None:
            found = self.narrowed(found)
        if (self.since, self.until) != (-math.inf, math.inf):
            epochs = found.column("epoch")
            there = (epochs >= self.since) & (epochs <= self.until)
            found = found.filter(step=set(found.column("step")[there].tolist()))
        return found


@dataclass(frozen=True)
class Statistic:
    """How a number is made of series, and its words.

    words: with ``{}`` for what each series reads, in their order. find: called with the finding's name, the criterion
    and the rows of each series. surely: what of it has to meet the criterion.
    """

    words: str
    find: Callable[..., Finding]
    surely: str = OVER_SEEDS


def _said(quantity: str) -> str:
    """The symbol of an information or an entropy; of anything else, what it is."""
    if not isinstance(quantity, Quantity) or quantity.kind in _SYMBOLS:
        return quantity
    return quantity.words[:1].lower() + quantity.words[1:]


_SYMBOLS = ("information", "entropy", "differential entropy", "usable")
#: Where a part is asked, in words, and the series that it is read from there.
Places = tuple[tuple[str, tuple[Series, ...]], ...]


@dataclass(frozen=True, init=False)
class Part:
    """One measurable part of a claim, asked at one place or at several alike.

    series: by the place in words; a bare series is at its own place. given: the part, by name, that has to hold at a
    place for this one to be asked there.

    >>> from infoscope.claim.reading.curves import DROP
    >>> layers = [Series("I(X;T)", "relu", layer) for layer in ("hidden1", "hidden2")]
    >>> Part("drop of I(X;T)", layers, DROP, Criterion("<=", 0.3, "norm", fails_at=0.5)).words
    'drop of I(X;T) after the peak of its mean curve ≤ 0.3 (shown wrong at ≥ 0.5), for hidden1 and hidden2 of relu'
    """

    name: str
    series: Places
    statistic: Statistic
    criterion: Criterion
    given: str = ""

    def __init__(
        self, name: str, series: Mapping[str, Series | Sequence[Series]] | Sequence[Series],
        statistic: Statistic, criterion: Criterion, given: str = "",
    ) -> None:  # fmt: skip
        given_values = (name, _places(series), statistic, criterion, given)
        for each, value in zip(dataclasses.fields(self), given_values, strict=True):
            object.__setattr__(self, each.name, value)

    @property
    def words(self) -> str:
        """What is asked, where."""
        reads = [each.reads for each in self.series[0][1]]
        said = f"{self.statistic.words.format(*reads)} {self.criterion.words}"
        places = _listed([place for place, _ in self.series if place])
        asked = f"{said}, for {places}" if places else said
        return f"where that holds, {asked}" if self.given else asked

    @property
    def surely(self) -> str:
        return self.statistic.surely

    @property
    def asked(self) -> int:
        """At how many places."""
        return len(self.series)

    def found(self, rows: Rows) -> dict[str, Finding]:
        """What was found, by place."""
        out: dict[str, Finding] = {}
        for place, series in self.series:
            name = f"{self.name}, {place}" if place else self.name
            read = self.statistic.find(name, self.criterion, *(each.of(rows) for each in series))
            networks = read.networks or tuple(dict.fromkeys(each.network for each in series if each.network))
            out[place] = dataclasses.replace(read, part=self.name, networks=networks)
        return out


def findings_of(parts: Iterable[Asked], rows: Rows) -> tuple[Finding, ...]:
    """What was found for each part at each of its places; where a part is not asked, nothing."""
    found: dict[str, dict[str, Finding]] = {}
    for part in parts:
        here = part.found(rows)
        if part.given:
            here = {place: one for place, one in here.items() if found[part.given][place].outcome == "holds"}
        found[part.name] = here
    return tuple(one for here in found.values() for one in here.values())


def _places(series: Mapping[str, Series | Sequence[Series]] | Sequence[Series]) -> Places:
    if isinstance(series, Sequence):
        return tuple((each.place, (each,)) for each in series)
    return tuple((at, (each,) if isinstance(each, Series) else tuple(each)) for at, each in series.items())


def _listed(places: Sequence[str]) -> str:
    """``hidden1 and hidden2 of tanh and relu``: what places have in common is said once."""
    for apart, joined in ((" ", "{1} of {0}"), (", ", "{0}, {1}")):
        halves = [tuple(place.split(apart)) for place in places]
        if all(len(half) == 2 for half in halves):
            heads: dict[str, list[str]] = {}
            for head, tail in halves:
                heads.setdefault(head, []).append(tail)
            if len({tuple(tails) for tails in heads.values()}) == 1:
                return joined.format(_and(list(heads)), _and(next(iter(heads.values()))))
            return _and([joined.format(head, _and(tails)) for head, tails in heads.items()])
    return _and(places)


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
