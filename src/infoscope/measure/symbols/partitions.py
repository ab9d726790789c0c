"""Ways to cut the real line into cells, and the symbols that rows get from one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import numpy as np


@dataclass(frozen=True)
class Partition:
    """One way to cut the real line, applied to every column.

    kind: ``"edges"`` (cells between the edges, closed on the left; ``closed`` closes the last one on the right too),
    ``"width"`` (cells floor(h / width)), ``"quantiles"`` (``bins`` cells a column with as many rows in each as ties
    allow), ``"adaptive"`` (``bins`` cells, the same for every column, with as many of all columns' distinct values in
    each) or ``"exact"`` (equal floats only). words: for the estimand.
    """

    kind: Literal["edges", "width", "quantiles", "adaptive", "exact"]
    words: str
    edges: tuple[float, ...] = ()
    closed: bool = True
    width: float = 0.0
    bins: int = 0


@dataclass(frozen=True)
class Symbols:
    """One member under one partition: ``keys [n]``, and how many of its values lay below and above the bins."""

    keys: np.ndarray
    below: int = 0
    above: int = 0


@lru_cache(maxsize=256)
def even_edges(bins: int, low: float, high: float) -> tuple[float, ...]:
    """``bins + 1`` edges, each the float nearest to its exact place, so that nested grids share edges to the bit."""
    start, step = Fraction(low), (Fraction(high) - Fraction(low)) / bins
    return tuple(float(start + k * step) for k in range(bins + 1))


def interval(bins: int, low: float, high: float) -> Partition:
    """``bins`` equal bins on [low, high]."""
    return Partition("edges", f"{bins} bins on [{low:g}, {high:g}]", even_edges(bins, low, high))


def peers(bins: int, low: float, high: float) -> Partition:
    """What the published codes do with "30 bins": ``linspace(low, high, 30)`` as *edges*, hence 29 bins and a further
    symbol for h >= high, which holds a float32 tanh of exactly 1.0 (and every ReLU unit above ``high``)."""
    words = f"{bins} edges on [{low:g}, {high:g}] as in the published codes ({bins - 1} bins + 1)"
    return Partition("edges", words, tuple(np.linspace(low, high, bins).tolist()), closed=False)


def widths(width: float) -> Partition:
    """Cells [k width, (k+1) width), anchored at 0 and unbounded."""
    return Partition("width", f"bins of width {width:g}", width=width)


def quantiles(bins: int) -> Partition:
    """``bins`` cells of equal mass: each column is cut at its own quantiles, anew in every representation."""
    return Partition("quantiles", f"{bins} bins of equal mass, cut at each unit's own quantiles", bins=bins)


def adaptive(bins: int) -> Partition:
    """``bins`` cells of as many distinct values each: all units are cut alike, anew in every representation."""
    return Partition("adaptive", f"{bins} bins of as many of all units' distinct values each", bins=bins)


def exact() -> Partition:
    """Rows are alike only when every float is equal (machine precision); 0.0 and -0.0 are equal."""
    return Partition("exact", "exact float equality")


def base(partition: Partition, d: int) -> int:
    """The base in which ``d`` symbols pack exactly into 64 bits, or 0 when they do not fit."""
    symbols = len(partition.edges) + 1
    return symbols if d * math.log2(symbols) <= 63.99 else 0
