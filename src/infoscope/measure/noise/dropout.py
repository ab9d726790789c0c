"""Information through Gaussian dropout: Z = f(X) D, D ~ N(1, a²) on every unit, f(x) the outputs before it.

Given x, Z is Gaussian with mean f(x) and covariance diag((a f(x))²), so h(Z|X) = E sum_i ln(|f_i(X)| a sqrt(2 pi e)). A
unit that is exactly 0 stays 0, where that entropy is minus infinity and the information is not: it is certain from z
which units are 0, so inputs with other zeros are told apart for sure, and those with the same ones by the other units.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.shapes import Block, Indices, Matrix, Vector
from infoscope.kernels import draws
from infoscope.kernels.compiling import njit
from infoscope.measure.symbols import quantise as q

MOST_QUERIES = 2_000_000
MOST_ROUNDS = 16  # times the first draws


class Through(NamedTuple):
    """I(X;Z) in nats, its standard error, how many points were drawn, h(Z|X), and the share of exact zeros."""

    value: float
    error: float
    queries: int
    given: float
    zeros: float


@njit(nogil=True, cache=True, error_model="numpy")
def _told(f: Matrix, logs: Vector, e: Block, a: float, group: Indices, starts: Indices, out: Matrix) -> None:
    """out[j, x] = ln p(z|x) - ln sum over inputs with the same zeros of p(z|x'), with z = f(x) (1 + a e)."""
    draws, n, d = e.shape
    terms = np.empty(n)
    for j in range(draws):
        for x in range(n):
            first, last = starts[group[x]], starts[group[x] + 1]
            most = -np.inf
            for k in range(first, last):
                far = 0.0
                for i in range(d):
                    if f[k, i] != 0.0:
                        off = (f[x, i] * (1 + a * e[j, x, i]) / f[k, i] - 1) / a
                        far += off * off
                terms[k] = -0.5 * far - logs[k]
                most = max(most, terms[k])
            total = 0.0
            for k in range(first, last):
                total += math.exp(terms[k] - most)
            out[j, x] = terms[x] - most - math.log(total)


def through_dropout(f: np.ndarray, a: float, dataset: bool, tolerance: float, seed: int) -> Through:
    """Rows ``f [n, d]``: an integral where they are all there are (``dataset``); of a sample of inputs its mean lies
    at or below the information of their law (van den Oord et al. 2018).

    Raises
    ------
    InputError: a tolerance that would take more than 2e6 draws.
    """
    n, d = f.shape
    kinds = q.group(q.exact_keys((f == 0).astype(np.float64)))[0]
    order = np.argsort(kinds, kind="stable")
    f, group = np.ascontiguousarray(f[order], np.float64), np.ascontiguousarray(kinds[order])
    starts = np.searchsorted(group, np.arange(group[-1] + 2))
    sizes = np.log(np.abs(np.where(f == 0, 1.0, f)))
    logs = sizes.sum(axis=1)
    zeros = float((f == 0).mean())
    given = -math.inf if zeros else float(logs.mean()) + d * math.log(a * math.sqrt(2 * math.pi * math.e))
    found, rounds = np.empty((0, n)), max(2, math.ceil(d / (n * tolerance**2)))
    most = min(MOST_ROUNDS * rounds, MOST_QUERIES // n)
    while True:
        if rounds * n > MOST_QUERIES:
            raise InputError(
                f"tolerance={tolerance:g} asks for {rounds * n:.2g} draws, wanted at most {MOST_QUERIES:.2g}: raise it"
            )
        part = draws.dropout(seed, len(found))
        e = part.standard_normal((rounds - len(found), n, d))
        out = np.empty(e.shape[:2])
        _told(f, logs, e, a, group, starts, out)
        found = np.concatenate([found, out + math.log(n)])
        if dataset:
            error = math.sqrt(found.var(axis=0, ddof=1).mean() / found.size)
        else:
            error = float(found.mean(axis=0).std(ddof=1)) / math.sqrt(n)
        error = math.hypot(
            error, math.log(n) / found.size
        )  # as if a confusion that no draw met were worth all there is
        wanted = min(most, math.ceil(1.2 * rounds * (error / tolerance) ** 2))
        if error <= tolerance or wanted <= rounds or not dataset:
            return Through(float(found.mean()), error, found.size, given, zeros)
        rounds = wanted
