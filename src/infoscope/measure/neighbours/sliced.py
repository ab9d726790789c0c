"""Neighbour estimates of the information between two single columns, by sorting, for many slices at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
from scipy.special import digamma

from infoscope.core.shapes import Indices, Vector
from infoscope.kernels import parallel
from infoscope.kernels.compiling import njit
from infoscope.measure.intervals.groups import Groups

GROUP = 8  # slices a job
_compiled = njit(nogil=True, cache=True, error_model="numpy")


def local_information(
    u: np.ndarray, v: np.ndarray, k: int, threads: int = 1, groups: Groups | None = None
) -> np.ndarray:
    """What each row contributes to I(u_s; v_s) of every slice s: ``[s, n]``, whose mean over rows is the estimate.

    u: ``[s, n]``. v: ``[s, n]``, or labels ``[n]``. Kraskov et al. 2004, eq. 8, and for labels Ross 2014, eq. 5; where
    the k-th neighbour is at distance zero all rows there are counted instead, and logarithms take the place of digamma
    functions (as Gao et al. 2017): for symbols that is the plug-in estimate. A row
    alone in its class contributes nothing (0). Rows of the same group are neither neighbours nor counted; and a ball
    with more rows at its surface than its k-th, as copies of a sample bring, is counted with its surface.
    """
    s, n = u.shape
    psi = digamma(np.arange(n + 1, dtype=np.float64))
    psi[0] = 0.0
    out = np.zeros((s, n))
    if groups is not None:
        jobs = [
            partial(_slices_apart, u[some], v if v.ndim == 1 else v[some], psi, k, groups, out[some])
            for some in (slice(at, at + GROUP) for at in range(0, s, GROUP))
        ]
    elif v.ndim == 1:
        order = np.argsort(v, kind="stable")
        starts = np.concatenate([[0], np.cumsum(np.bincount(v))])
        fill: Callable[..., None] = partial(_labelled_slices, order=order, starts=starts)
        jobs = [partial(fill, u[at : at + GROUP], psi, k, out[at : at + GROUP]) for at in range(0, s, GROUP)]
    else:
        jobs = [
            partial(_real_slices, u[at : at + GROUP], v[at : at + GROUP], psi, k, out[at : at + GROUP])
            for at in range(0, s, GROUP)
        ]
    parallel.run(jobs, threads)
    return out


def _real_slices(u: np.ndarray, v: np.ndarray, psi: np.ndarray, k: int, out: np.ndarray) -> None:
    for s in range(len(u)):
        order = np.argsort(u[s], kind="stable")
        _real(u[s][order], v[s][order], np.sort(v[s]), order, psi, k, out[s])


def _slices_apart(u: np.ndarray, v: np.ndarray, psi: np.ndarray, k: int, groups: Groups, out: np.ndarray) -> None:
    starts = np.concatenate([[0], np.cumsum(groups.sizes)])
    for s in range(len(u)):
        order = np.argsort(u[s], kind="stable")
        of_v = v.astype(np.float64) if v.ndim == 1 else v[s]
        ids = groups.ids[order]
        members = np.argsort(ids, kind="stable")
        _apart(u[s][order], of_v[order], np.sort(of_v), order, ids, members, starts, psi, k, v.ndim == 1, out[s])


def _labelled_slices(
    u: np.ndarray, psi: np.ndarray, k: int, out: np.ndarray, order: np.ndarray, starts: np.ndarray
) -> None:
    for s in range(len(u)):
        grouped = np.empty(len(order), np.int64)
        for a, b in pairwise(starts):
            grouped[a:b] = order[a:b][np.argsort(u[s][order[a:b]], kind="stable")]
        _labelled(u[s][grouped], starts, np.sort(u[s]), grouped, psi, k, out[s])


@_compiled
def _inside(values: Vector, x: float, radius: float):
    """How many of the sorted ``values`` are nearer to ``x`` than ``radius``, or at it where it is zero."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        gap = x - values[middle]
        if gap < radius or gap <= 0.0:
            high = middle
        else:
            low = middle + 1
    first, high = low, len(values)
    while low < high:
        middle = (low + high) // 2
        gap = values[middle] - x
        if gap < radius or gap <= 0.0:
            low = middle + 1
        else:
            high = middle
    return low - first


@njit(nogil=True, error_model="numpy", inline="always")
def _outwards(u: Vector, v: Vector, ids: Indices | None, i: int, labelled: bool, nearest: Vector):
    """From row i outwards along u until the gap there alone passes the k-th distance: the distances ``nearest [k]``,
    how many rows at distance zero were met, and how many that may be neighbours.

    ids: groups, whose other rows may not be, nor with ``labelled`` those of another v.
    """
    n, k = len(u), len(nearest)
    nearest[:] = np.inf
    low, high, ties, met = i - 1, i + 1, 0, 0
    while True:
        below = u[i] - u[low] if low >= 0 else np.inf
        above = u[high] - u[i] if high < n else np.inf
        gap = min(below, above)
        if gap > nearest[k - 1] or (gap == nearest[k - 1] and gap > 0.0) or gap == np.inf:
            break
        j = low if below <= above else high
        low, high = (low - 1, high) if below <= above else (low, high + 1)
        if ids is not None and (ids[j] == ids[i] or (labelled and v[j] != v[i])):
            continue
        distance = gap if labelled else max(gap, abs(v[i] - v[j]))
        met += 1
        ties += distance == 0.0
        if distance < nearest[k - 1]:
            place = k - 1
            while place > 0 and nearest[place - 1] > distance:
                nearest[place] = nearest[place - 1]
                place -= 1
            nearest[place] = distance
    return ties, met


@_compiled
def _real(u: Vector, v: Vector, sorted_v: Vector, order: Indices, psi: Vector, k: int, out: Vector):
    """One slice, rows in the order of u."""
    n = len(u)
    nearest = np.empty(k)
    for i in range(n):
        ties, _ = _outwards(u, v, None, i, False, nearest)
        radius = nearest[k - 1]
        of_u, of_v = _inside(u, u[i], radius), _inside(sorted_v, v[i], radius)
        # The row itself is among those counted, so these are n_u + 1 and n_v + 1.
        if radius > 0.0:
            out[order[i]] = psi[k] + psi[n] - psi[of_u] - psi[of_v]
        else:
            out[order[i]] = np.log((ties + 1) * n / (of_u * of_v))


@_compiled
def _labelled(u: Vector, starts: Indices, everyone: Vector, order: Indices, psi: Vector, k: int, out: Vector):
    """One slice, rows grouped by class and sorted within: the k-th neighbour of its class is at the end of a window."""
    for c in range(len(starts) - 1):
        first, last = starts[c], starts[c + 1]
        own = u[first:last]
        size = last - first
        reach = min(k, size - 1)
        if reach == 0:
            continue
        for i in range(size):
            radius = np.inf
            for start in range(max(0, i - reach), min(i, size - 1 - reach) + 1):
                radius = min(radius, max(own[i] - own[start], own[start + reach] - own[i]))
            within = _inside(everyone, own[i], radius)
            if radius > 0.0:
                out[order[first + i]] = psi[reach] + psi[len(u)] - psi[size] - psi[within]
            else:
                out[order[first + i]] = np.log(_inside(own, own[i], radius) * len(u) / (size * within))


@_compiled
def _apart(
    u: Vector,
    v: Vector,
    sorted_v: Vector,
    order: Indices,
    ids: Indices,
    members: Indices,
    starts: Indices,
    psi: Vector,
    k: int,
    labelled: bool,
    out: Vector,
):
    """One slice, rows in the order of u, past rows of the same group or of another label."""
    n = len(u)
    nearest = np.empty(k)
    for i in range(n):
        ties, met = _outwards(u, v, ids, i, labelled, nearest)
        reach = min(k, met)
        if reach == 0:
            continue
        radius = nearest[reach - 1]
        held = _at_most(u, v, ids, i, radius, labelled)
        wide = np.nextafter(radius, np.inf) if held > reach else radius  # rows at the surface of a tied ball count
        along_v = 0.0 if labelled else wide
        of_u, of_v = _inside(u, u[i], wide), _inside(sorted_v, v[i], along_v)
        for place in range(starts[ids[i]], starts[ids[i] + 1]):
            j = members[place]
            if j != i:
                gap, other = abs(u[i] - u[j]), abs(v[i] - v[j])
                of_u -= gap < wide or gap <= 0.0
                of_v -= other < along_v or other <= 0.0
        among = n - (starts[ids[i] + 1] - starts[ids[i]]) + 1
        if radius > 0.0:
            out[order[i]] = psi[held + 1 if held > reach else reach] + psi[among] - psi[of_u] - psi[of_v]
        else:
            out[order[i]] = np.log((ties + 1) * among / (of_u * of_v))


@_compiled
def _at_most(u: Vector, v: Vector, ids: Indices, i: int, radius: float, labelled: bool):
    """How many rows that may be neighbours of row i are not farther than ``radius``."""
    held = 0
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(u) and abs(u[j] - u[i]) <= radius:
            near = v[j] == v[i] if labelled else abs(v[j] - v[i]) <= radius
            held += near and ids[j] != ids[i]
            j += step
    return held
