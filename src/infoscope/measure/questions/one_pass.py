"""What one pass over rows says, however many there are and whoever has read which of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.files import atomic
from infoscope.core.shapes import Array, ArrayLike
from infoscope.kernels import draws, parallel
from infoscope.kernels.devices import full_precision, read_there
from infoscope.measure.bases.linear import LinearProbe
from infoscope.measure.states import on_torch
from infoscope.measure.states import reservoir as rs
from infoscope.measure.states.blocks import Tree
from infoscope.measure.states.histograms import Histograms
from infoscope.measure.states.sums import BUCKETS, BucketSums, ClassSums, Lengths
from infoscope.measure.states.telling import PassReading, Telling, in_order
from infoscope.measure.usable.accounts import Usable

#: Rows of a block. What it is of is the number of a row, so that all who share in a pass must have the same.
BLOCK = 4096
#: So many of the least hashes of groups are remembered, from which it is told how many groups there are.
REMEMBERED = 4096

#: Rows that follow each other: the number of the first, rows by place, labels by variable, the hash of each group.
Piece = tuple[int, Mapping[str, Array], Mapping[str, np.ndarray], np.ndarray]


class OnePass:
    """Moments, class sums and a sample of rows that are read once: fed, merged, saved, and told as estimates.

    classes: how many classes each variable has, e.g. ``{"label": 10}``; its labels are whole numbers from 0 on.
    sketch: the most columns of a place that are kept; of more, a random orthonormal projection to so many, which is
        then what estimates are of (512 of 2048 columns may lose half of the bits). 0 keeps all.
    sample: how many rows are kept, whole groups, for what moments cannot say. seed: of the projections.
    histograms: also count how often each column takes which values, for :meth:`quantiles`: 25 kB a column as it is
        given, sketched or not.

    Rows are cut into blocks of 4096 by their number in the whole data set, and blocks are merged in one fixed order: so
    many states, each fed with a stretch of rows and merged in any order, are one state fed with all, to the bit, on
    like machines. A state holds (2 + log2 of its blocks) times twenty squares of its columns in float64, whatever the
    number of rows: 84 MB for each of 512 columns, a quarter of that for 256. Intervals leave each of twenty buckets of
    groups out in turn.

    Example
    -------
    >>> rng, state = np.random.default_rng(0), iscope.OnePass({"label": 2})
    >>> for first in range(0, 20_000, 5000):
    ...     y = rng.integers(2, size=5000)
    ...     state.update(rng.normal(size=(5000, 4)) + y[:, None], {"label": y}, first=first)
    >>> for reading in state.finish():
    ...     print(reading.about, reading.estimate)
    input effective_rank = 3.6...
    """

    def __init__(
        self,
        classes: Mapping[str, int] | None = None,
        *,
        sketch: int = 512,
        sample: int = 20_000,
        seed: int = 0,
        histograms: bool = False,
    ) -> None:
        """See the class."""
        for name, k in (classes or {}).items():
            check.count(k, f"classes[{name!r}]", 2)
        self.classes = dict(classes or {})
        self.sketch, self.sample, self.seed = (
            check.count(sketch, "sketch", 0), check.count(sample, "sample", 0), check.count(seed, "seed", 0)
        )  # fmt: skip
        self._columns: dict[str, int] = {}  # of each place, as it is given
        self._tree, self._reservoir = Tree(), None
        self._pending: dict[int, list[Piece]] = {}
        self.histograms = bool(histograms)
        self._counted: dict[str, Histograms] = {}
        self._groups = np.zeros(0, np.uint64)  # the least hashes
        self._next, self._least = 0, 0
        self._unit: BucketSums | None = None  # of blocks that others have cut

    def update(
        self,
        t: ArrayLike | Mapping[str, ArrayLike],
        variables: Mapping[str, ArrayLike] | None = None,
        *,
        groups: ArrayLike | None = None,
        first: int | None = None,
    ) -> OnePass:
        """Add rows.

        t: rows ``[n, d]``, or those of several places by name, of the same samples. variables: class labels ``[n]`` by
            name. groups: a name ``[n]`` a row, the same for a group wherever it is read; each row by itself where None.
        first: the number of the first of these rows in the whole data set; by default they follow those before.

        Raises
        ------
        InputError: rows that are there already, other places, columns or variables than before, a label too large.
        """
        given = t if isinstance(t, Mapping) else {"": t}
        rows = {name: rows_of(value, name or "t") for name, value in given.items()}
        n = len(next(iter(rows.values())))
        labels = {name: self._labels(name, y, n) for name, y in (variables or {}).items()}
        self._same(rows, labels, n)
        start = self._next if first is None else check.count(first, "first", 0)
        numbers = np.arange(start, start + n)
        if groups is None:
            names = rs.mixed(numbers.astype(np.uint64))
        else:
            names = rs.hashes(check.on_cpu(check.array(groups, "groups")))
            if names.shape != (n,):
                raise InputError(f"groups has shape {names.shape} for {n} rows, wanted one name a row")
        pieces: dict[int, list[Piece]] = {}
        for block in range(start // BLOCK, (start + n - 1) // BLOCK + 1):
            here = slice(max(block * BLOCK - start, 0), min((block + 1) * BLOCK - start, n))
            piece = (
                start + here.start, {name: _copied(value[here]) for name, value in rows.items()},
                {name: y[here] for name, y in labels.items()}, names[here],
            )  # fmt: skip
            pieces[block] = [piece]
        self._check(pieces)
        self._columns = {name: value.shape[1] for name, value in rows.items()}
        self._remember(names)
        if self.histograms:
            self._count({name: Histograms.of(check.on_cpu(value)) for name, value in rows.items()})
        self._take(pieces)
        self._next = start + n
        return self

    def merge(self, other: OnePass) -> OnePass:
        """Add what ``other`` has read, which stays as it is.

        Raises
        ------
        InputError: other options, places or variables, or rows that are in both.
        """
        mine, theirs = ((one.classes, one.sketch, one.sample, one.seed, one.histograms) for one in (self, other))
        if mine != theirs or (self._columns and other._columns and self._columns != other._columns):
            raise InputError(
                "the two states differ in classes, sketch, sample, seed, histograms or places, wanted the same in both"
            )
        self._check(other._pending)
        for block in self._pending:
            if other._tree.holds(block):
                raise InputError(f"block {block} is in both, wanted states of different rows: give each row to one")
        self._tree.merge(other._tree)
        self._columns = self._columns or dict(other._columns)
        self._keep(other._reservoir)
        self._count(other._counted)
        self._remember(other._groups)
        self._next = max(self._next, other._next)
        self._take(other._pending)
        return self

    def save(self, path: str | Path) -> Path:
        """Write the state to one file of arrays, replacing it as a whole; :meth:`load` reads it."""
        from safetensors.numpy import save_file

        arrays, about = self.arrays()
        with atomic(Path(path)) as temporary:
            save_file(arrays, temporary, {"infoscope": json.dumps(about)})
        return Path(path)

    def arrays(self) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """What :meth:`save` writes: arrays by name, and what JSON can hold; :meth:`of_arrays` makes a state of them."""
        arrays: dict[str, np.ndarray] = {"groups": self._groups}
        for (level, i), sums in self._tree.nodes.items():
            arrays |= {f"node {level} {i} {key}": value for key, value in _flat(sums).items()}
        for block, pieces in self._pending.items():
            for at, (start, rows, labels, names) in enumerate(pieces):
                arrays |= {f"rows {block} {at} {start} {name}": check.on_cpu(value) for name, value in rows.items()}
                arrays |= {f"labels {block} {at} {start} {name}": value for name, value in labels.items()}
                arrays[f"names {block} {at} {start} "] = names
        if (kept := self._reservoir) is not None:
            arrays |= {f"sample {name}": getattr(kept, name) for name in ("numbers", "groups", "rows")}
            arrays |= {f"sample of {name}": y for name, y in kept.labels.items()}
        arrays |= {f"counted {place}": found.counts for place, found in self._counted.items()}
        about = {
            "classes": self.classes, "sketch": self.sketch, "sample": self.sample, "seed": self.seed,
            "histograms": self.histograms, "columns": self._columns, "next": self._next,
            "least": 0 if kept is None else kept.least,
        }  # fmt: skip
        return {key: np.ascontiguousarray(value) for key, value in arrays.items()}, about

    @classmethod
    def load(cls, path: str | Path) -> OnePass:
        """The state that :meth:`save` wrote.

        Raises
        ------
        InputError: there is none at ``path``.
        """
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(str(path), "numpy") as file:
                about = json.loads((file.metadata() or {})["infoscope"])
                arrays = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        except (OSError, KeyError, SafetensorError) as error:
            raise InputError(f"{path} is no saved state ({error}): pass a file that OnePass.save wrote") from None
        return cls.of_arrays(arrays, about, str(path))

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any], path: str = "it") -> OnePass:
        """The state of which :meth:`arrays` were taken; path: where they lay, for a refusal.

        Raises
        ------
        InputError: they are those of an older infoscope.
        """
        made = cls(about["classes"], sketch=about["sketch"], sample=about["sample"], seed=about["seed"])
        made.histograms = about.get("histograms", False)
        made._columns, made._next, made._groups = dict(about["columns"]), about["next"], arrays["groups"]
        nodes: dict[tuple[int, int], dict[str, np.ndarray]] = {}
        pieces: dict[tuple[int, int, int], dict[str, dict[str, np.ndarray]]] = {}
        for key, value in arrays.items():
            what, *rest = key.split(" ", 3)
            if what == "counted":
                made._counted[key.partition(" ")[2]] = Histograms(value)
            elif what == "node":
                nodes.setdefault((int(rest[0]), int(rest[1])), {})[rest[2]] = value
            elif what in ("rows", "labels", "names"):
                start, _, name = rest[2].partition(" ")
                kinds = pieces.setdefault(
                    (int(rest[0]), int(rest[1]), int(start)), {"rows": {}, "labels": {}, "names": {}}
                )
                kinds[what][name] = value
        places = tuple(made._slices.values())
        if any("cubes" not in flat for flat in nodes.values()):
            raise InputError(f"{path} was saved before lengths of rows were kept, so read its rows again")
        made._tree.nodes = {node: _unflat(flat, places) for node, flat in nodes.items()}
        for (block, _, start), kinds in sorted(pieces.items()):
            piece = (start, kinds["rows"], kinds["labels"], kinds["names"][""])
            made._pending.setdefault(block, []).append(piece)
        if "sample numbers" in arrays:
            labels = {name: arrays[f"sample of {name}"] for name in made.classes}
            numbers, names, rows = (arrays[f"sample {name}"] for name in ("numbers", "groups", "rows"))
            made._reservoir = rs.Reservoir(made.sample, numbers, names, rows, labels, about["least"])
        return made

    def expecting(self, columns: Mapping[str, int], least: int = 0) -> OnePass:
        """The same state, which now knows how many columns each place has, and the ``least`` priority of a group that
        has no room in the sample of all rows, so that none is kept for nothing."""
        self._columns, self._least = dict(columns), least
        return self

    def take_block(
        self, first: int, t: Mapping[str, ArrayLike], variables: Mapping[str, np.ndarray], groups: np.ndarray | None
    ) -> None:
        """Add a block of rows that somebody else has cut, the same for all who share in a pass; :meth:`end_unit` says
        what it is part of. As of :meth:`update`; labels are those of :class:`infoscope.record.variables.Variable`."""
        rows = {name: rows_of(value, name) for name, value in t.items()}
        n = len(next(iter(rows.values())))
        labels = {name: self._labels(name, y, n) for name, y in variables.items()}
        self._same(rows, labels, n)
        names = rs.mixed(np.arange(first, first + n).astype(np.uint64)) if groups is None else rs.hashes(groups)
        self._remember(names)
        sums, kept = self._of_block([(first, rows, labels, names)])
        self._unit = sums if self._unit is None else self._unit.plus(sums)
        self._keep(kept)
        self._next = max(self._next, first + n)

    def end_unit(self, number: int) -> None:
        """All blocks of the unit of this number have been taken, in their order: units are merged in one fixed tree, as
        blocks of 4096 rows are by :meth:`update`. One without rows counts as well."""
        places = tuple(self._slices.values())
        nothing = np.zeros((0, places[-1].stop))
        labels = {name: np.zeros(0, np.int64) for name in self.classes}
        sums = self._unit or BucketSums.of(nothing, np.zeros(0, np.int64), labels, self.classes, places)
        self._tree.merge(Tree({(0, number): sums}))
        self._unit = None

    def rows(self, place: str = "") -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
        """The sampled rows ``[m, d]`` of a place (projected where it is sketched), their labels and groups ``[m]``."""
        _, kept = self._all()
        return in_order(kept, self._slices[place])

    def quantiles(self, shares: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95), place: str = "") -> np.ndarray:
        """The values ``[d, q]`` of each column of a place below which these ``shares`` of all rows lie.

        From counts in cells, 32 to each doubling of a value's size from 2^-24 to 2^24: within 3.2 % of it. Merged
        states count as one does, to the bit, in any order.

        Raises
        ------
        InputError: the state does not count (``histograms=True``), no such place, no rows, or a share outside [0, 1].
        """
        if place not in self._counted:
            known = "no histograms were asked for: pass histograms=True" if not self.histograms else "no rows were read"
            if self._counted:
                known = f"known: {sorted(self._counted)}"
            raise InputError(f"quantiles of place {place!r} were asked for, and {known}")
        for share in shares:
            if not 0 <= share <= 1:
                raise InputError(f"a share of the rows is {share!r}, wanted a number from 0 to 1")
        return self._counted[place].quantiles(slice(None), shares)

    def _count(self, more: Mapping[str, Histograms]) -> None:
        for place, found in more.items():
            self._counted[place] = found if place not in self._counted else self._counted[place].plus(found)

    def finish(self) -> list[PassReading]:
        """All estimates from what has been read so far; the state stays as it is and may be added to.

        Of each place: effective rank, participation ratio, RankMe, α-ReQ. Of each place and variable: the share of the
        variance between classes, NC1 and NC2, what a linear map predicts by least squares, and the usable information
        of a linear discriminant, a lower side since it is scored on sampled rows that it has not seen. Of two places:
        linear CKA (debiased, exact from what is kept) and the information that Gaussian rows of their covariance share.

        Raises
        ------
        InputError: fewer than four rows, or rows missing before others.
        """
        told, found = self.telling(), list[PassReading]()
        places = list(told.columns)
        for place in places:
            found += [PassReading(place, "input", one) for one in told.spectrum(place).values()]
            for name in self.classes:
                more = [told.least_squares(place, name), told.discriminant(place, name)]
                estimates = [*told.classes_at(place, name).values(), *(one for one in more if one is not None)]
                found += [PassReading(place, name, one) for one in estimates]
        for i, x in enumerate(places):
            for y in places[i + 1 :]:
                found += [PassReading(x, y, one) for one in told.pair(x, y)]
        return found

    def telling(self) -> Telling:
        """All that has been read, as what says one estimate at a time.

        Raises
        ------
        InputError: fewer than four rows, or rows missing before others.
        """
        sums, kept = self._all()
        if sums is None or sums.n < 4:
            raise InputError(
                f"{0 if sums is None else sums.n} rows have been read, wanted at least 4: call update first"
            )
        sketched = {
            place: f", of a random {self.sketch}-wide projection of {d} columns"
            for place, d in self._columns.items()
            if self._projections[place] is not None
        }
        return Telling(sums, kept, self._slices, sketched, self.groups, self.classes)

    def usable_information(self, variable: str, place: str = "", probe: str = "linear", **options: Any) -> Usable:
        """What a linear probe reads of a variable at a place, nats, each sampled row scored once by probes that never
        saw its bucket.

        Scales and curvature (the Gram matrix) are those of all rows that have been read but the scored buckets', and a
        descent begins with their discriminant; the probe itself is fitted to the sample. So the value is that of
        :func:`infoscope.usable_information` of as many rows as the sample holds. Where it does not hold all, probes of
        half of it are scored on the same rows: what they read less says how much more all rows would give, by the
        slower of the usual laws, 1/√rows. UNRESOLVED where that is more than .01 bits: raise ``sample``.

        probe: ``"linear"`` with its ``options``. The 95 % interval is that of :func:`infoscope.usable_information`,
        over sampled rows, or groups where there are any.

        Raises
        ------
        InputError: no such variable or place, fewer than 200 sampled rows, one class, rows missing before others.
        """
        if variable not in self.classes or place not in self._columns:
            known = f"variables {sorted(self.classes)} and places {sorted(self._columns)}"
            raise InputError(f"variable {variable!r} at place {place!r} was asked for, wanted one of the {known}")
        reader = grammar.make("probes", probe, **options)
        if not isinstance(reader, LinearProbe):
            raise InputError(f"probe is {probe!r}, wanted 'linear': what one pass keeps is for linear probes")
        return self.telling().usable(place, variable, reader.walk, reader.words)[0]

    @cached_property
    def _projections(self) -> dict[str, np.ndarray | None]:
        found: dict[str, np.ndarray | None] = {}
        for place, d in self._columns.items():
            if not self.sketch or d <= self.sketch:
                found[place] = None
                continue
            normal = draws.normals(self.seed, sorted(self._columns).index(place)).standard_normal((d, self.sketch))
            found[place] = np.linalg.qr(normal)[0].astype(np.float32)
        return found

    @property
    def _slices(self) -> dict[str, slice]:
        """Where the columns of each place stand among those that are kept."""
        widths = [min(d, self.sketch or d) for d in self._columns.values()]
        ends = np.cumsum([0, *widths]).tolist()
        return {place: slice(ends[i], ends[i + 1]) for i, place in enumerate(self._columns)}

    def _labels(self, name: str, y: ArrayLike, n: int) -> np.ndarray:
        out = check.on_cpu(check.array(y, name))
        if out.shape != (n,) or out.dtype.kind not in "iub":
            raise InputError(
                f"{name} has shape {out.shape} and dtype {out.dtype}, wanted [{n}] whole numbers from 0 on"
            )
        k = self.classes.get(name, 0)
        if n and not 0 <= int(out.min()) <= int(out.max()) < k:
            low, high = int(out.min()), int(out.max())
            raise InputError(
                f"{name} has labels {low} to {high}, wanted 0 to {k - 1}: say classes={{{name!r}: {high + 1}}}"
            )
        return out.astype(np.int64)

    def _same(self, rows: Mapping[str, Array], labels: Mapping[str, np.ndarray], n: int) -> None:
        if set(labels) != set(self.classes):
            raise InputError(f"variables are {sorted(labels)}, wanted {sorted(self.classes)}, as classes= says")
        for name, value in rows.items():
            if len(value) != n:
                raise InputError(f"{name} has {len(value)} rows and another place {n}, wanted the same samples")
        widths = {name: value.shape[1] for name, value in rows.items()}
        if self._columns and widths != self._columns:
            raise InputError(f"columns by place are {widths}, wanted {self._columns} as before")

    def _remember(self, names: np.ndarray) -> None:
        self._groups = np.unique(np.concatenate([self._groups, names]))[:REMEMBERED]

    @property
    def groups(self) -> int:
        """How many groups there are: counted to 4095, then told from the least hashes, to about 2 %."""
        if len(self._groups) < REMEMBERED:
            return len(self._groups)
        return round((REMEMBERED - 1) / (float(self._groups[-1]) / 2.0**64))

    def _check(self, more: Mapping[int, list[Piece]]) -> None:
        """Refuse rows that are there already."""
        for block, pieces in more.items():
            both = sorted([*self._pending.get(block, []), *pieces], key=_start)
            twice = [b[0] for a, b in pairwise(both) if b[0] < a[0] + len(a[3])]
            if twice or self._tree.holds(block):
                row = twice[0] if twice else both[0][0]
                raise InputError(f"row {row} is there already, wanted each row once: say first= for every stretch")

    def _take(self, more: Mapping[int, list[Piece]]) -> None:
        """Add rows, and take in every block whose rows are all there."""
        for block, pieces in more.items():
            here = sorted([*self._pending.pop(block, []), *pieces], key=_start)
            if sum(len(names) for *_, names in here) < BLOCK:
                self._pending[block] = here
                continue
            sums, kept = self._of_block(here)
            self._tree.merge(Tree({(0, block): sums}))
            self._keep(kept)

    def _of_block(self, pieces: list[Piece]) -> tuple[BucketSums, rs.Reservoir]:
        labels = {name: np.concatenate([piece[2][name] for piece in pieces]) for name in self.classes}
        names = np.concatenate([piece[3] for piece in pieces])
        numbers = np.concatenate([np.arange(piece[0], piece[0] + len(piece[3])) for piece in pieces])
        with full_precision():
            rows = _joined(
                [self._kept(_joined([piece[1][name] for piece in pieces]), name) for name in self._columns], 1
            )
            buckets = (rs.mixed(~names) % np.uint64(BUCKETS)).astype(np.int64)
            of = on_torch.bucket_sums if check.is_tensor(rows) else BucketSums.of
            sums = of(cast(Any, rows), buckets, labels, self.classes, tuple(self._slices.values()))
        kept = rs.Reservoir(self.sample, numbers, names, check.on_cpu(rows).astype(np.float32), labels, self._least)
        return sums, kept.cut()

    def _kept(self, rows: Array, place: str) -> Array:
        """The columns that are kept of rows ``[n, d]``."""
        projection = self._projections[place]
        if projection is None:
            return rows
        if check.is_tensor(rows):
            return on_torch.sketched(rows, projection)
        mean = rows.mean(axis=0, dtype=np.float64)
        import torch

        centred, by = torch.from_numpy((rows - mean).astype(np.float32)), torch.from_numpy(projection)
        (found,) = parallel.run([lambda: centred @ by], 1)
        return found.numpy().astype(np.float64) + mean @ projection

    def _keep(self, more: rs.Reservoir | None) -> None:
        if more is not None:
            self._reservoir = more if self._reservoir is None else self._reservoir.plus(more)

    def _all(self) -> tuple[BucketSums | None, rs.Reservoir | None]:
        """Sums and sample of everything, the last short block too."""
        blocks, total = self._tree.total()
        if len(self._pending) > 1 or (self._pending and min(self._pending) != blocks):
            raise InputError(f"rows of block {blocks} are missing: merge the states of all rows first")
        if not self._pending:
            return total, self._reservoir
        pieces = self._pending[blocks]
        end = blocks * BLOCK
        for start, _, _, names in pieces:
            if start != end:
                raise InputError(f"rows {end} to {start - 1} are missing: merge the states of all rows first")
            end += len(names)
        sums, kept = self._of_block(pieces)
        return (
            sums if total is None else total.plus(sums),
            kept if self._reservoir is None else self._reservoir.plus(kept),
        )


def rows_of(value: ArrayLike, name: str) -> Array:
    """``value`` as rows ``[n, d]``, where they lie; one alone is enough here."""
    out = check.array(value, name)
    if len(out) == 1:
        return check.on_cpu(check.representation(np.repeat(check.on_cpu(out), 2, axis=0), name, place=True))[:1]
    rows = check.representation(out, name, place=True)
    return read_there(rows) if check.is_tensor(rows) else rows


def _copied(rows: Array) -> Array:
    return rows.clone() if check.is_tensor(rows) else rows.copy()


def _joined(parts: Sequence[Any], axis: int = 0) -> Array:
    """As one array: a tensor where all of them are, which a state that was fed from several devices has not."""
    if not all(map(check.is_tensor, parts)):
        return np.concatenate([check.on_cpu(part) for part in parts], axis=axis)
    import torch

    return torch.cat([part.to(parts[0]) for part in parts], axis)


def _start(piece: Piece) -> int:
    return piece[0]


def _flat(sums: BucketSums) -> dict[str, np.ndarray]:
    flat = {name: getattr(sums, name) for name in ("counts", "means", "products")}
    for name, one in sums.classes.items():
        flat |= {f"counts of {name}": one.counts, f"sums of {name}": one.sums}
    return {**flat, "cubes": sums.lengths.cubes, "squares": sums.lengths.squares}


def _unflat(flat: Mapping[str, np.ndarray], places: tuple[slice, ...]) -> BucketSums:
    names = [key.removeprefix("sums of ") for key in flat if key.startswith("sums of ")]
    classes = {name: ClassSums(flat[f"counts of {name}"], flat[f"sums of {name}"]) for name in names}
    lengths = Lengths(flat["cubes"], flat["squares"], places)
    return BucketSums(flat["counts"], flat["means"], flat["products"], classes, lengths)
