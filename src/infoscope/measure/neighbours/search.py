"""Exact neighbours of every row, and how many rows lie within their reach in parts of the space.

The columns come in *blocks*. The distance of two rows in a block is the largest difference of a column (norm
``"max"``) or the Euclidean length of the difference; in several blocks it is the largest of theirs (Kraskov et al.
2004, eq. 7). A *subspace* is some of the blocks. Labels are a block too: :func:`label_block`.

Differences within ``tie`` count as equal, so that ties in the data stay ties whatever the scale of a column.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from infoscope.core.shapes import Device
from infoscope.kernels import parallel
from infoscope.measure.neighbours import brute as brute
from infoscope.measure.neighbours import leaves as leaves
from infoscope.measure.neighbours import line
from infoscope.measure.neighbours import trees as trees
from infoscope.measure.symbols import quantise as q

Norm = Literal["max", "euclidean"]
FAR = 2.0**40  # between two labels: beyond every difference of standardised numbers, and exact in float32
#: From as many copies of a row on average it is searched for once, and its copies are counted.
COPIES = 16
SAMPLE = np.sort(np.random.default_rng(0).random(512))  # places in 0..1 at which rows are looked at
#: In up to so many columns a tree is always the faster way.
FLAT = 8
#: In more columns, fewer rows than this are compared pair by pair unless trees were faster for more rows of their kind;
#: else up to so many leaves try the tree, one of so many at most, and no more once it is this many times slower, or two
#: say that it is the square of that times faster.
FEW, PROBES, ONE_OF, PLAINLY = 2000, 8, 8, 2.0


@dataclass(frozen=True)
class Balls:
    """The ball around each of n rows that reaches its k-th neighbour, itself not counted anywhere.

    distances, nearest: ``[n, k]``, the k nearest rows in the space of all blocks, nearest first.
    inside: ``[n]``, how many rows the closed ball holds: k, or more where several are at its surface.
    tied: ``[n]``, whether several are, or the radius is zero.
    counts: ``[s, n]``, how many rows are inside in each subspace: nearer than the radius, where a ball is tied nearer
        or at it. With ``rectangle``: not farther than any row of the closed ball.
    """

    distances: np.ndarray
    nearest: np.ndarray
    inside: np.ndarray
    tied: np.ndarray
    counts: np.ndarray


@dataclass
class Way:
    """What searches among rows of one kind learn from each other.

    seconds: by the bit length of how many rows, how long a tree is about to take; infinity where pairs are faster.
    """

    seconds: dict[int, float] = field(default_factory=dict)

    @property
    def trees(self) -> bool:
        """Whether a tree has been the faster way for some."""
        return any(map(math.isfinite, self.seconds.values()))


def label_block(labels: np.ndarray) -> np.ndarray:
    """A block in which rows with the same label ``0..k-1`` are at distance zero and others out of reach."""
    return labels.astype(np.float64)[:, None] * FAR


def _size(points: np.ndarray) -> float:
    """The largest number in ``points [n, d]``, labels left aside."""
    largest = max(float(points.max(initial=0.0)), -float(points.min(initial=0.0)))
    if largest < FAR / 2:
        return largest
    sizes = np.abs(points).max(axis=0, initial=0.0)
    return float(sizes[sizes < FAR / 2].max(initial=0.0))


def tie_of(blocks: Sequence[np.ndarray]) -> float:
    """Up to what difference two distances in ``blocks`` are equal: what rounding leaves of equal ones."""
    return 2.0**-44 * (1 + max(_size(block) for block in blocks))


def pass_seconds(n: int, d: int) -> float:
    """About how long the balls of ``[n, d]`` take on one thread when every pair is compared."""
    return n * n * (4.4e-10 + 4.1e-11 * d)


def tree_seconds(n: int, d: int, nodes: float, looked: float) -> float:
    """The same by a tree whose rows look at ``nodes`` and leaves; subspaces look at about as many again."""
    return 2 * n * (5e-8 + 2e-8 * nodes + (1.5e-8 + 6e-9 * d) * looked)


def nearest_seconds(n: int, d: int) -> float:
    """About how long the nearest rows of ``[n, d]`` that fill all their columns take on one thread, the faster way."""
    growth = max(1.0, n / 1e4) ** max(0.0, (d - 6) / 10)
    return min(pass_seconds(n, d), n * (2e-7 + 2e-7 * d) * growth)


def balls(
    blocks: Sequence[np.ndarray],
    k: int | np.ndarray,
    subspaces: Sequence[tuple[int, ...]] = (),
    norm: Norm = "max",
    rectangle: bool = False,
    device: Device | None = None,
    tie: float | None = None,
    way: Way | None = None,
) -> Balls:
    """The balls of all rows of ``blocks``, each ``[n, d]`` of real numbers of size about one.

    k: how many neighbours, of all rows alike or ``[n]``, less than n; equal rows have the same. subspaces: the blocks
    of each, by index. device: a torch device to work on instead of this machine's processor. tie: up to what
    difference two distances are equal, where these are not all rows. way: of searches among rows of the same kind;
    what is found does not depend on it.
    """
    points = np.concatenate(blocks, axis=1, dtype=np.float64)
    n = len(points)
    ks = np.full(n, k, np.int64) if np.ndim(k) == 0 else np.asarray(k, np.int64)
    starts, members = _layout(tuple(block.shape[1] for block in blocks), tuple(subspaces))
    tie = tie_of([points]) if tie is None else tie
    most = int(ks.max())
    found = Balls(
        np.full((n, most), np.inf), np.zeros((n, most), np.int32), np.zeros(n, np.int64), np.zeros(n, np.bool_),
        np.zeros((len(members), n), np.int64),
    )  # fmt: skip
    where = (found.distances, found.nearest, found.inside, found.tied, found.counts)
    euclidean = norm == "euclidean"
    if device is not None:
        from infoscope.measure.neighbours import on_torch

        on_torch.every_pair(points, starts, members, ks, tie, euclidean, rectangle, device, *where)
        return found
    given = (points, starts, members, ks, tie, euclidean, rectangle)
    copies = _copies(points)
    if copies is not None:
        _by_copies(given, *copies, where)
    elif not _by_trees(blocks, given, where, way or Way()):
        _by_pairs(given, 2.0**-22 * max(_size(points), 1e-9), where)  # not 0: infinity times it is a limit
    return found


@lru_cache(maxsize=64)
def _layout(widths: tuple[int, ...], subspaces: tuple[tuple[int, ...], ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where blocks so wide begin among the columns ``[b + 1]``, and which of them each subspace has ``[s, b]``."""
    members = [[b in one for b in range(len(widths))] for one in subspaces]
    return np.cumsum([0, *widths]), np.array(members, np.bool_).reshape(-1, len(widths))


def _in_parts(call: Callable[[int, int], Any], n: int, seconds: float) -> None:
    """``call(begin, end)`` over all rows, a stretch a thread."""
    threads = parallel.cores(seconds)
    if threads == 1:
        call(0, n)
        return
    cuts = [n * thread // threads for thread in range(threads + 1)]
    parallel.run([partial(call, begin, end) for begin, end in pairwise(cuts)], threads)


def _by_pairs(given: tuple[Any, ...], blur: float, where: tuple[np.ndarray, ...]) -> None:
    points, *rest = given
    n, d = points.shape
    columns = np.full((d, -(-n // brute.GROUP) * brute.GROUP), FAR, np.float32)
    columns[:, :n] = points.T
    starts, members, ks, tie, euclidean, rectangle = rest

    def some(begin: int, end: int) -> None:
        brute.every_pair(
            points, columns, starts, members, ks, tie, blur, euclidean, rectangle, begin, end, *where
        )  # fmt: skip

    _in_parts(some, n, pass_seconds(n, d))


def _by_trees(blocks: Sequence[np.ndarray], given: tuple[Any, ...], where: tuple[np.ndarray, ...], way: Way) -> bool:
    """Whether a tree is the faster way, told from a few leaves where it is not plain; if so, the balls have been found.

    What is found does not depend on it.
    """
    points, starts, members, ks, tie, euclidean, rectangle = given
    n, d = points.shape
    told, alike = way.seconds.get(n.bit_length()), n.bit_length()
    if d == 0 or told == math.inf or (d > FLAT and n < FEW and not way.trees):
        return False
    shape, reaches = trees.grow(points), np.empty(n)
    count = len(shape[0])
    ask = partial(leaves.search, *shape, starts, ks, tie, euclidean)
    seconds, pairs = told or n * 1e-6, pass_seconds(n, d)
    if d > FLAT and told is None:
        nodes = looked = 0
        probes = min(PROBES, -(-count // ONE_OF)) if n >= FEW else 1
        for probed in range(1, probes + 1):
            at = (probed - 1) * (count - 1) // max(1, probes - 1)
            more = ask(at, at + 1, *where[:4], reaches)
            nodes, looked = nodes + more[0], looked + more[1]
            rows = probed * leaves.ROWS
            seconds = tree_seconds(n, d, nodes / rows, looked / rows)
            if seconds > PLAINLY * pairs or (probed > 1 and PLAINLY**2 * seconds < pairs):
                break
        way.seconds[alike] = seconds if seconds <= pairs else math.inf
        if seconds > pairs:
            return False
    _in_parts(lambda begin, end: ask(begin, end, *where[:4], reaches), count, seconds)
    within = _sides(shape, given, where, seconds) if rectangle else [reaches] * len(members)
    for s, member in enumerate(members):
        _count(blocks, member, within[s], euclidean, seconds, where[4][s])
    return True


def _sides(shape: tuple[Any, ...], given: tuple[Any, ...], where: tuple[np.ndarray, ...], seconds: float) -> np.ndarray:
    """Within what distance (squared when Euclidean) rows count in each subspace ``[s, n]`` where balls are rectangles.

    shape: the tree of the points given, by which ``where`` has been found.
    """
    points, starts, members, ks, tie, euclidean, _ = given
    widest = np.empty((len(members), len(points)))
    ask = partial(leaves.rectangles, *shape, starts, points, members, ks, tie, euclidean)
    _in_parts(lambda begin, end: ask(begin, end, *where[:3], widest), len(shape[0]), seconds)
    return (np.sqrt(widest) + tie) ** 2 if euclidean else widest + tie


def _count(
    blocks: Sequence[np.ndarray], member: np.ndarray, reaches: np.ndarray, euclidean: bool, seconds: float,
    counts: np.ndarray,
) -> None:  # fmt: skip
    """How many other rows are within ``reaches [n]`` (squares when Euclidean) in a subspace, into ``counts [n]``."""
    own = [block for block, there in zip(blocks, member.tolist(), strict=True) if there and block.shape[1]]
    if not own:  # what does not vary
        counts[:] = len(counts) - 1
        return
    points = np.ascontiguousarray(own[0] if len(own) == 1 else np.concatenate(own, axis=1), np.float64)
    if points.shape[1] == 1:
        order = np.argsort(points[:, 0])
        line.count(points[order, 0], np.array([0, len(order)]), order, reaches, euclidean, counts)
        return
    shape, cuts = trees.grow(points), np.cumsum([0, *(block.shape[1] for block in own)])
    ask = partial(leaves.count, *shape, cuts, reaches, euclidean)
    _in_parts(lambda begin, end: ask(begin, end, counts), len(shape[0]), seconds)


@lru_cache(maxsize=64)
def _looked_at(n: int) -> np.ndarray:
    """Some of ``n`` rows, in their order."""
    return np.unique((SAMPLE * n).astype(np.int64))


def _repeats(points: np.ndarray) -> bool:
    """Whether rows may repeat, told from some of them."""
    if len(points) < len(SAMPLE):
        return False
    seen = np.sort(points[_looked_at(len(points)), 0])
    return bool((seen[1:] == seen[:-1]).any())


def _copies(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Which of the different rows each is ``[n]``, and their numbers of copies and first rows; None where few repeat.

    What is found does not depend on it.
    """
    if not _repeats(points):
        return None
    ids, counts, firsts = q.group(q.exact_keys(points))
    return (ids, counts, firsts) if counts @ counts > COPIES * len(points) else None


def _by_copies(
    given: tuple[Any, ...], ids: np.ndarray, copies: np.ndarray, firsts: np.ndarray, where: tuple[np.ndarray, ...]
) -> None:
    """The balls where rows repeat: k + 2 copies of a row are enough to find its ball, which is then counted in all."""
    points, starts, members, ks, tie, euclidean, rectangle = given
    (n, d), distinct = points.shape, points[firsts]
    by_row = np.argsort(ids, kind="stable")
    ends = np.cumsum(copies)
    place = np.empty(n, np.int64)  # of each row among its copies
    place[by_row] = np.arange(n) - np.repeat(ends - copies, copies)
    kept = np.flatnonzero(place < ks[firsts][ids] + 2)
    rows, few = np.ascontiguousarray(points[kept]), ks[kept]
    shape = trees.grow(rows)
    m, most = len(kept), where[0].shape[1]
    distances, nearest = np.full((m, most), np.inf), np.zeros((m, most), np.int32)
    inside, tied, reaches = np.zeros(m, np.int64), np.zeros(m, np.bool_), np.empty(m)
    found = (distances, nearest, inside, tied)
    ask = partial(leaves.search, *shape, starts, few, tie, euclidean)
    seconds = m * (1.5e-6 + 100 * (1e-8 + 7e-9 * d))
    _in_parts(lambda begin, end: ask(begin, end, *found, reaches), len(shape[0]), seconds)
    of_rows = (rows, starts, members, few, tie, euclidean, rectangle)
    within = _sides(shape, of_rows, found, seconds) if rectangle else np.broadcast_to(reaches, (len(members), m))
    here = np.searchsorted(kept, firsts)  # the first copy of each row speaks for all
    radius = distances[here, ks[firsts] - 1] + tie
    everything = np.ones((1, members.shape[1]), np.bool_)
    reach = np.concatenate([(radius * radius if euclidean else radius)[None], within[:, here]])
    counts = [
        _weighed(distinct, starts, member, one, copies, euclidean, seconds)
        for member, one in zip(np.concatenate([everything, members]), reach, strict=True)
    ]
    own = np.where(place < ks[firsts][ids] + 2, np.searchsorted(kept, np.arange(n)), here[ids])
    where[0][:], where[1][:], where[3][:] = distances[own], kept[nearest[own]], tied[own]
    where[2][:] = np.where(tied[own], counts[0][ids], inside[own])
    for s in range(len(members)):
        where[4][s] = counts[s + 1][ids]


def _weighed(
    points: np.ndarray,
    starts: np.ndarray,
    member: np.ndarray,
    reaches: np.ndarray,
    copies: np.ndarray,
    euclidean: bool,
    seconds: float,
) -> np.ndarray:
    """How many other rows are within ``reaches`` of each of the different ``points`` in a subspace."""
    own = np.flatnonzero(np.repeat(member, np.diff(starts)))
    if not len(own):  # what does not vary
        return np.full(len(points), copies.sum() - 1)
    shape, cuts = trees.grow(np.ascontiguousarray(points[:, own])), np.cumsum([0, *np.diff(starts)[member]])
    before, counts = np.cumsum([0, *copies[shape[1]]]), np.empty(len(points), np.int64)
    count = partial(leaves.count, *shape, cuts, reaches, euclidean)
    _in_parts(lambda begin, end: count(begin, end, counts, before), len(shape[0]), seconds)
    return counts


def counted(blocks: Sequence[np.ndarray], reaches: np.ndarray, norm: Norm = "max") -> np.ndarray:
    """How many other rows are within ``reaches [n]`` of each row of ``blocks``, by a tree."""
    points = np.concatenate(blocks, axis=1, dtype=np.float64)
    starts, counts = np.cumsum([0, *(block.shape[1] for block in blocks)]), np.empty(len(points), np.int64)
    shape, euclidean = trees.grow(points), norm == "euclidean"
    reaches = reaches * np.abs(reaches) if euclidean else reaches
    leaves.count(*shape, starts, reaches, euclidean, 0, len(shape[0]), counts)
    return counts
