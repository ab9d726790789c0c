"""How claims about noisy networks are read off rows: brackets of I(X;T), and a statistic of each seed by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from infoscope.claim.part import Series, Statistic
from infoscope.claim.reading.curves import epochs_of, settled
from infoscope.claim.statistics import over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.estimate import Status
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019._correlations import spearman


class Bracket(NamedTuple):
    """I(X;T) of one layer of one network: ``epochs [s]`` and ``[members, s]`` of the lower end, value and upper end."""

    epochs: np.ndarray
    low: np.ndarray
    value: np.ndarray
    high: np.ndarray

    def fall(self, start: np.ndarray) -> np.ndarray:
        """How far each member's curve surely falls from position ``start [m]`` to its end: lower end to upper end."""
        return self.low[np.arange(len(self.low)), start] - self.high[:, -1]


def noisy(network: str, layer: str, since: float = -math.inf) -> Series:
    """The noisy network's information of one layer."""
    return Series(INPUT_INFORMATION, network, layer, f"of the {network} network", since=since, estimator="noisy")


def bracket(found: Rows) -> Bracket | None:
    """The bracket of one series of :func:`noisy`; None where it was not measured, or nowhere for all members."""
    if not len(found):
        return None
    epochs, value = epochs_of(found), settled(found)
    low, high = settled(found, "low"), settled(found, "high")
    return Bracket(epochs, low, value, high) if np.isfinite([low, value, high]).all() else None


LATER = 100.0  # epochs, from when on the later of two peaks is looked for


def late_fall(rows: Rows) -> np.ndarray | None:
    """How far each member's I(X;T) surely falls from its highest point from epoch 100 on; None in a shorter run."""
    found = bracket(rows)
    if found is None or found.epochs[-1] < LATER:
        return None
    late = np.flatnonzero(found.epochs >= LATER)
    return found.fall(late[found.value[:, late].argmax(1)])


A_NUMBER_A_SEED = "a number a seed, its mean over seeds with the whole 95 % interval"


def of_seeds(words: str, number: Callable[..., np.ndarray | None]) -> Statistic:
    """``number`` of the rows of the series: one value a seed, None where it cannot be had: see :func:`each_seed`."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        networks = tuple(dict.fromkeys(network for rows in series for network in rows.unique("network")))
        return each_seed(name, criterion, number(*series), networks=networks)

    return Statistic(words, find, A_NUMBER_A_SEED)


def each_seed(
    name: str, criterion: Criterion, values: np.ndarray | None, note: str = "", networks: tuple[str, ...] = ()
) -> Finding:
    """The mean over seeds of one number a seed, with Student's interval, against ``criterion``; how many seeds pass.

    networks: that the numbers were read from.
    """
    if values is None or not len(values) or not np.isfinite(values).all():
        return Finding(name, criterion, None, note="not measured", networks=networks)
    found = over_seeds(lambda curve: curve[:, 0], np.asarray(values, float)[:, None])
    passing = sum(criterion.decide(float(one), None) == "holds" for one in values)
    notes = [f"{passing} of {len(values)} seeds pass by themselves", *([note] if note else [])]
    moves = tuple(enumerate(map(float, values)))
    return Finding(name, criterion, found.value, found.interval, found.seeds, "; ".join(notes), networks, moves=moves)


def curves(rows: Rows) -> np.ndarray | None:
    """The curves ``[members, s]`` of one series; None where values are missing."""
    if not len(rows):
        return None
    values = settled(rows)
    return values if values.shape[1] and np.isfinite(values).all() else None


def right_end(rows: Rows) -> np.ndarray | None:
    """The last value of each member's curve; None where values are missing."""
    found = curves(rows)
    return None if found is None else found[:, -1]


def rank_correlations(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """Spearman's correlation over time of two curves of each member; None where there are too few points."""
    if a is None or b is None or a.shape != b.shape or a.shape[1] < 4:
        return None
    return spearman(a, b)


def deepest_trough(curve: np.ndarray) -> np.ndarray:
    """How far ``curve [m, s]`` falls between two of its points at most and rises again: the lesser of the two."""
    before, after = np.maximum.accumulate(curve, axis=1), np.maximum.accumulate(curve[:, ::-1], axis=1)[:, ::-1]
    return (np.minimum(before, after) - curve).max(axis=1)


def violations(layers: Sequence[Rows], end: Callable[[Bracket, Bracket], np.ndarray]) -> np.ndarray | None:
    """By how much a layer surely says more than the one before it, at most for each seed; ``end``: of two layers."""
    found = [bracket(rows) for rows in layers]
    pairs = [(one, other) for one, other in pairwise(found) if one and other]
    if len(pairs) < len(layers) - 1:
        return None
    return np.max([end(before, after).max(axis=1) for before, after in pairs], axis=0)


def unresolved(rows: Rows) -> str:
    """How many brackets of noisy layers are wider than the tolerance."""
    found = rows.filter(quantity=INPUT_INFORMATION, estimator="noisy")
    found = found.filter(network=set(found.unique("network")) - {"authors"})  # whose way has no bracket
    wide = found.filter(status=Status.UNRESOLVED.name)
    widths = found.column("high") - found.column("low")
    if not len(found):
        return ""
    return (
        f"{len(wide)} of {len(found)} brackets of I(X;T) are wider than the tolerance; widths with standard errors: "
        f"median {np.median(widths):.2g}, at most {widths.max():.2g} nats"
    )
