"""Sources whose information is known, for every estimator: far-apart patterns of ±1 seen through an exact channel.

Every row of T is one of k patterns at mutual distance 8 or more (Hadamard codes in 32 columns, inside [-1, 1]), so
bins, moderate noise and neighbours all tell the patterns apart, and I(T;Y) is that of the k x c table of counts.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import hadamard


@dataclass(frozen=True)
class Source:
    """Rows ``t [n, d]``, labels ``y [n]`` and the true I(T;Y) in nats."""

    name: str
    t: np.ndarray
    y: np.ndarray
    truth: float
    patterns: float  # ln k, the entropy of the pattern


def _from_table(name, table):
    """A source whose counts of (pattern, class) are exactly ``table [k, c]``."""
    table = np.asarray(table)
    pattern, y = (np.repeat(axis.ravel(), table.ravel()) for axis in np.indices(table.shape))
    order = np.random.default_rng(7).permutation(len(y))
    p = table / table.sum()
    outer = p.sum(1, keepdims=True) * p.sum(0, keepdims=True)
    seen = p > 0
    truth = float((p[seen] * np.log(p[seen] / outer[seen])).sum())
    rows = p.sum(1)
    codes = hadamard(32)[1 : len(table) + 1].astype(np.float64)
    return Source(name, codes[pattern][order], y[order], truth, float(-(rows * np.log(rows)).sum()))


def sources():
    """Every source."""
    return [
        _from_table("independent", [[40, 40, 40]] * 4),
        _from_table("copied", np.eye(4, dtype=int) * 100),
        _from_table("two patterns a class", [[90, 0], [90, 0], [0, 90], [0, 90]]),
        _from_table("binary symmetric channel", [[180, 20], [20, 180]]),
        _from_table("unequal classes", [[300, 10], [0, 40]]),
    ]


def transformed(source):
    """The source under transforms that leave the truth alone: order of rows, of units, reflection."""
    order = np.random.default_rng(3).permutation(len(source.y))
    yield Source(source.name + ", rows permuted", source.t[order], source.y[order], source.truth, source.patterns)
    yield Source(source.name + ", units permuted", source.t[:, ::-1], source.y, source.truth, source.patterns)
    yield Source(source.name + ", reflected", -source.t, source.y, source.truth, source.patterns)


def tolerance(n):
    """Three standard errors of a mean of n numbers of size one."""
    return 3 / math.sqrt(n)
