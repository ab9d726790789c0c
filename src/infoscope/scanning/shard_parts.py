"""Which rows of a scan in shards one state is of: those of a place, of the variables that have a label there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infoscope.core.measurement import Measurement
from infoscope.measure.states.reservoir import hashes, mixed
from infoscope.record.evaluated import Evaluated
from infoscope.record.layout import WHOLE, Chosen
from infoscope.record.together import Together
from infoscope.record.variables import is_quantity, known, read_by
from infoscope.scanning.cut import Shard, within
from infoscope.scanning.from_states import of_rows


@dataclass(frozen=True, eq=False)
class RowNames:
    """Which rows belong together: by the group of each sample ``[n]`` or position ``[n, positions]``, by their sample
    (``by_sample``), or each row by itself."""

    groups: np.ndarray | None = None
    by_sample: bool = False

    @classmethod
    def of(cls, evaluated: Evaluated, chosen: Chosen, copies: bool) -> RowNames:
        """As :class:`infoscope.record.together.Together` has it of the rows of a place; copies: whether equal inputs
        count."""
        groups: NDArray[Any] | None = evaluated.groups
        inputs = evaluated.together.inputs if copies else None
        if groups is not None and groups.ndim == 2 and bool((chosen.position == WHOLE).any()):
            groups = groups[:, 0]
        if inputs is None:
            return cls(groups, groups is None and chosen.several)
        if groups is None:
            return cls(inputs)
        each = np.repeat(inputs, groups.size // len(groups))
        joined = Together(groups.size, np.ravel(groups), each).joined
        assert joined is not None
        return cls(np.reshape(joined, groups.shape))

    @property
    def none(self) -> bool:
        """Whether each row stands alone."""
        return self.groups is None and not self.by_sample

    def at(self, sample: np.ndarray, position: np.ndarray) -> np.ndarray | None:
        """The name ``[N]`` of each row; None where each stands alone."""
        if self.by_sample:
            return sample
        if self.groups is None:
            return None
        return self.groups[sample] if self.groups.ndim == 1 else self.groups[sample, position]


@dataclass(frozen=True, eq=False)
class StatePart:
    """One state: rows of ``place`` that have a label of each of ``variables`` (classes by name).

    of_rows: whether what is said of the rows alone is read from it. names: which rows belong together. rows: how many
    there are before each shard, and in all. least: of the sample, see :meth:`infoscope.OnePass.expecting`.
    """

    place: str
    columns: int
    variables: Mapping[str, int]
    of_rows: bool
    names: RowNames
    rows: tuple[int, ...]
    least: int


def parts_of(
    evaluated: Evaluated,
    chosen: Mapping[str, Chosen],
    widths: Mapping[str, int],
    measurements: Sequence[Measurement],
    shards: Sequence[Shard],
    sample: int,
) -> list[StatePart]:
    """All that is to be read, place by place. widths: columns by place. sample: rows that each state keeps."""
    found: list[StatePart] = []
    alike: dict[int, list[StatePart]] = {}  # of places that have the same rows
    for site, rows in chosen.items():
        if id(rows) not in alike:
            alike[id(rows)] = _parts(evaluated, site, rows, measurements, shards, sample)
        found += [
            StatePart(site, widths[site], one.variables, one.of_rows, one.names, one.rows, one.least)
            for one in alike[id(rows)]
        ]
    return found


def _parts(
    evaluated: Evaluated,
    site: str,
    chosen: Chosen,
    measurements: Sequence[Measurement],
    shards: Sequence[Shard],
    sample: int,
) -> list[StatePart]:
    there = evaluated.rows(site, chosen)
    labels = {name: y for name, y in there.labels.items() if not is_quantity(y)}
    classes = {name: evaluated.variables[name].classes for name in labels}
    asked: set[str] = set()
    alone_too = any(map(of_rows, measurements))
    for measurement in measurements:
        asked |= set(measurement.about(read_by(measurement, there.labels))) & set(labels)
    copies = there.together.copies
    kinds: dict[tuple[bytes, bool], list[str]] = {(b"", copies()): []} if alone_too else {}
    masks: dict[bytes, np.ndarray] = {}
    for name in labels:
        if name in asked:
            mask = known(labels[name])
            key = b"" if mask.all() else np.packbits(mask).tobytes()
            masks[key] = mask
            kinds.setdefault((key, copies(classes[name])), []).append(name)
    found: list[StatePart] = []
    for (key, joined), variables in kinds.items():
        index = np.flatnonzero(masks[key]) if key else np.arange(len(chosen))
        names = RowNames.of(evaluated, chosen, joined)
        edges = [within(chosen, shard.samples) for shard in shards]
        rows = [int(np.searchsorted(index, edge)) for edge in (*(first for first, _ in edges), len(chosen))]
        named = names.at(chosen.sample[index], chosen.position[index])
        own = {name: classes[name] for name in variables}
        alone = alone_too and (key, joined) == (b"", copies())
        found.append(StatePart("", 0, own, alone, names, tuple(rows), _least(named, len(index), sample)))
    return found


def _least(names: np.ndarray | None, n: int, sample: int) -> int:
    """The smallest priority of a group that has no room among ``sample`` of ``n`` rows; 0 while all have."""
    if n <= sample:
        return 0
    hashed = mixed(np.arange(n).astype(np.uint64)) if names is None else hashes(names)
    return int(np.partition(mixed(hashed), sample)[sample])


def shared(chosen: Mapping[str, Chosen]) -> dict[str, Chosen]:
    """The same, places with equal rows sharing one object: of many places the rows are known once."""
    seen: dict[tuple[bytes, bytes], Chosen] = {}
    found: dict[str, Chosen] = {}
    for site, each in chosen.items():
        same = seen.setdefault((_digest(each.sample), _digest(each.position)), each)
        alike = each.word is None and each.pieces is None and each.mask is None
        found[site] = same if alike and same.word is None and same.pieces is None and same.mask is None else each
    return found


def _digest(values: np.ndarray) -> bytes:
    import hashlib

    return hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16).digest()


def places(parts: Iterable[StatePart]) -> list[str]:
    """The places that are read, each once."""
    return list(dict.fromkeys(part.place for part in parts))
