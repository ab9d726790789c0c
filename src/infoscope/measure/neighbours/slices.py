"""Projections of rows, and the information left in them: what the two sliced estimators share."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status, remark
from infoscope.core.shapes import AnyRows, Matrix
from infoscope.kernels import draws
from infoscope.kernels.compiling import njit
from infoscope.measure.symbols.labels import CEILING

RAW = 2.0**-64


def centred(values: AnyRows) -> np.ndarray:
    """``values [n, d]`` in float64 with column means 0, divided by one number so that nothing overflows."""
    z = np.asarray(check.on_cpu(values), np.float64)
    largest = float(np.abs(z).max())
    z = np.ldexp(z, -np.frexp(largest)[1]) if largest else z
    z = z - z.mean(axis=0)
    largest = float(np.abs(z).max())
    return np.where(z.max(axis=0) > z.min(axis=0), z / largest if largest else z, 0.0)


def normals(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Standard normal numbers from raw words, which NumPy keeps the same over its versions."""
    words = draws.stream(seed).random_raw(int(np.prod(shape)))
    return ndtri((words.astype(np.float64) + 0.5) * RAW).reshape(shape)


def frames(count: int, d: int, k: int, seed: int) -> np.ndarray:
    """``count`` uniformly random sets of ``k`` orthonormal directions in ``d`` dimensions: ``[count, d, k]``."""
    q, r = np.linalg.qr(normals((count, d, k), seed))
    return q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None, :]


def projected(z: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """``z [n, d]`` along ``directions [s, d]``, each slice with standard deviation 1 (or all zero): ``[s, n]``.

    Equal rows stay equal to the bit, which a matrix product does not promise.
    """
    out = np.zeros((len(directions), len(z)))
    _add(np.ascontiguousarray(z.T), directions, out)
    spread = out.std(axis=1, keepdims=True)
    return np.where(out.max(axis=1, keepdims=True) > out.min(axis=1, keepdims=True), out / (spread + (spread == 0)), 0)


@njit(nogil=True, cache=True, error_model="numpy")
def _add(columns: Matrix, directions: Matrix, out: Matrix):
    for s in range(len(directions)):
        for d in range(len(columns)):
            weight = directions[s, d]
            for i in range(columns.shape[1]):
                out[s, i] += weight * columns[d, i]


def enough(n: int, k: int, name: str) -> None:
    """Refuse fewer rows than the neighbours asked for."""
    if n <= k:
        raise InputError(f"{n} rows arrived, {name} with k={k} wants more than {k}: pass more samples or a smaller k")


def doubts(value: float, ceiling: float, alone: int) -> list[Doubt]:
    """Whether a neighbour estimate is at its ceiling, psi(n) - psi(k), and what else to say."""
    found = [remark(f"{alone} rows are alone in their class and count as no information")] if alone else []
    if value >= CEILING * ceiling:
        found.append(Doubt(Status.SATURATED, f"the ceiling is psi(n) - psi(k) = {ceiling:.4g} nats"))
    return found


def alone_in_class(y: np.ndarray) -> int:
    """How many rows no other row shares its label with; 0 for real y."""
    return int((np.bincount(y) == 1).sum()) if y.ndim == 1 else 0
