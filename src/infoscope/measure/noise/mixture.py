"""Log-densities under a mixture of n equal Gaussians, for queries drawn around its own centres, with no m x n buffer.

Everything is relative to the query's own centre (own-centre form, Goldfeld et al. 2019's estimator rewritten): with
q = c_i + z the term of centre k over that of centre i is exp(-(|c_i - c_k|² + 2 z.(c_i - c_k)) / 2b²), exactly 1 for
the own centre and for its copies, so that the log-ratio needs no subtraction of large numbers and the terms of others
can be told from one's own, however small they are.

Sums are kept against a running largest term, and terms below 2^-500 of it (2^-60 in float32) count as zero: an
exponential that underflows costs up to forty times as much as one that does not. Such a zero makes a leave-one-out
bound looser, never wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.shapes import Array, IndexTable, Indices, Matrix, TensorMatrix, Vector
from infoscope.kernels import parallel
from infoscope.kernels.compiling import njit
from infoscope.kernels.vector_math import exp2_negative
from infoscope.kernels.vector_width import use_whole_vectors
from infoscope.measure.pairs.distances import NARROW

ROWS, COLS = 128, 1024
#: Up to so many centres float64 costs less than thinking about float32.
ALWAYS_DOUBLE = 10_000
#: Rounding of one log-density, in nats, that float32 and a matrix multiply in float64 may cause.
SINGLE_ERROR, DOUBLE_ERROR = 1e-3, 1e-6
LOG2E = math.log2(math.e)
FAR, FAR_SINGLE = 1e308, 1e38  # exponents that stand for no term at all

#: From the first column and the number of columns to what writes each draw's block.
Fill = Callable[[int, int], list[Callable[[np.ndarray], None]]]


@dataclass(frozen=True)
class MixtureSums:
    """For j draws around each of m centres, logarithms of sums of terms relative to the own centre's.

    others [j, m]: over all centres but the own. squares [j, m]: of the squared terms of the same.
    kin [v, j, m]: over the centres of the own class in each variable, but the own. strangers [v, j, m]: over all other
    classes. Minus infinity where there are none, or none within reach.
    """

    others: np.ndarray
    squares: np.ndarray
    kin: np.ndarray
    strangers: np.ndarray


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _direct(rows: Matrix, z: Matrix, ct: Matrix, c0: int, scale: np.floating | float, out: Matrix) -> None:
    """out[i, j] = scale (|a|² + 2 z_i.a) with a = rows_i - c_j; ``ct [d, n]`` holds the centres in columns."""
    use_whole_vectors()
    d = ct.shape[0]
    m, cols = out.shape
    two = out.dtype.type(2)
    for i in range(m):
        line = out[i]
        line[:] = 0
        k = 0
        while k + 2 <= d:
            a, b, za, zb = rows[i, k], rows[i, k + 1], two * z[i, k], two * z[i, k + 1]
            at, bt = ct[k, c0 : c0 + cols], ct[k + 1, c0 : c0 + cols]
            for j in range(cols):
                p, q = a - at[j], b - bt[j]
                line[j] += p * (p + za) + q * (q + zb)
            k += 2
        if k < d:
            a, za, at = rows[i, k], two * z[i, k], ct[k, c0 : c0 + cols]
            for j in range(cols):
                p = a - at[j]
                line[j] += p * (p + za)
        for j in range(cols):
            line[j] *= scale


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _finish(norms: Vector, half: Vector, c0: int, scale: np.floating | float, out: Matrix) -> None:
    """out = scale |a|² with a = rows_i - c_j, where ``out`` holds the products and the norms are halved squares."""
    use_whole_vectors()
    m, cols = out.shape
    across = half[c0 : c0 + cols]
    for i in range(m):
        mine, line = norms[i], out[i]
        for j in range(cols):
            line[j] = 2 * scale * max(mine + across[j] - line[j], 0.0)  # rounding reaches below zero


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def fold(
    block: Matrix,  # [r, c] exponents: a term is 2^-block; overwritten
    c0: int,
    own: Indices,  # [r] the own centre, or -1
    classes: IndexTable,  # [v, r] class of each query in each variable
    group: Indices,  # [n] the centres are sorted by group: a group shares every class
    starts: Indices,  # [g + 1] first centre of each group
    table: IndexTable,  # [v, g] class of each group in each variable
    low: Vector,  # [r] smallest exponent so far
    sums: Matrix,  # [2 + 2 v, r] of terms, of squared terms, then of kin and strangers in each variable
) -> None:
    """Adds a block of terms to running ``sums``, which are kept against the largest term so far."""
    use_whole_vectors()
    rows, cols = block.shape
    one = block.dtype.type(1)
    most = block.dtype.type(500 if block.itemsize == 8 else 60)
    least = one / block.dtype.type(2) ** most
    huge = block.dtype.type(FAR if block.itemsize == 8 else FAR_SINGLE)
    variables, last = table.shape[0], c0 + cols
    for i in range(rows):
        line = block[i]
        if c0 <= own[i] < last:
            line[own[i] - c0] = huge
        smallest = line[0]
        for j in range(cols):
            smallest = min(smallest, line[j])
        if smallest < low[i]:
            shrink = 2.0 ** max(smallest - low[i], -2000.0)
            low[i] = smallest
            sums[:, i] *= shrink
            sums[1, i] *= shrink
        base = block.dtype.type(low[i])
        total = squares = block.dtype.type(0)
        for j in range(cols):
            term = exp2_negative(min(line[j] - base, most)) - least
            line[j] = term
            total += term
            squares += term * term
        sums[0, i] += total
        sums[1, i] += squares
        for v in range(variables):
            mine = classes[v, i]
            g = group[c0]
            first = c0
            while first < last:  # runs of groups that are all of the own class, or all not
                kin = table[v, g] == mine
                g += 1
                while g < table.shape[1] and starts[g] < last and (table[v, g] == mine) == kin:
                    g += 1
                end = min(starts[g], last)
                part = line[first - c0 : end - c0]
                total = block.dtype.type(0)
                for j in range(end - first):
                    total += part[j]
                sums[2 + 2 * v + (0 if kin else 1), i] += total
                first = end


def grouped(classes: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """An order of ``n`` rows with ``classes [v, n]`` in which rows that share every class stand together, and as
    :func:`fold` wants them in that order: the group of each row, the first row of each group, and its classes."""
    joint = np.zeros(n, np.int64)
    for labels in classes:
        joint = np.unique(joint * (labels.max() + 1) + labels, return_inverse=True)[1].reshape(-1)
    order = np.argsort(joint, kind="stable")
    group = joint[order]
    starts = np.searchsorted(group, np.arange(group[-1] + 2))
    return order, group, starts, np.ascontiguousarray(classes[:, order][:, starts[:-1]])


class Mixture:
    """Equal Gaussians of standard deviation ``noise`` in every direction around ``centres [n, d]``.

    classes [v, n]: the class of each centre in v variables (numbers from 0), for the sums of kin and strangers.

    Raises
    ------
    InputError: when squared distances in units of the noise would overflow.
    """

    def __init__(self, centres: Array, noise: float, classes: np.ndarray | None = None) -> None:
        self.n, self.d = centres.shape
        self.noise = noise
        classes = np.zeros((0, self.n), np.int64) if classes is None else np.asarray(classes, np.int64)
        order, self._group, self._starts, self._table = grouped(classes, self.n)
        self._position = np.empty(self.n, np.int64)  # of each centre, after sorting
        self._position[order] = np.arange(self.n)
        self._classes = classes
        self.tensor = None
        if check.is_tensor(centres):
            self.tensor = centres.double() if centres.device.type != "mps" else centres.float()
            self.tensor = self.tensor[np.asarray(order)]
            size = float(self.tensor.abs().max())
        else:
            size = float(np.abs(centres).max())
        if not max(size, size / noise) < 1e153 / math.sqrt(self.d):
            raise InputError(
                f"the rows reach {size:.3g} in size, wanted values whose squares stay finite in units of the noise "
                f"{noise:g}: rescale them, or find where the network diverged"
            )
        if self.tensor is None:
            self._prepare(np.asarray(centres)[order])

    def _prepare(self, centres: np.ndarray) -> None:
        self._mean = centres.mean(axis=0, dtype=np.float64)
        centred = centres - self._mean
        with np.errstate(over="ignore"):
            reach = float(np.sqrt(np.einsum("nd,nd->n", centred, centred).max())) / self.noise
        # Rounding in nats: of the own-centre form 4 u sqrt(d) |c|/b, of a plain matrix multiply 4 u |c|²/b².
        single = 2.0**-22 * math.sqrt(self.d) * reach < SINGLE_ERROR
        multiply = 2.0**-50 * reach**2 < DOUBLE_ERROR
        self.dtype = np.dtype(
            np.float32 if centres.dtype == np.float32 and self.n > ALWAYS_DOUBLE and single else np.float64
        )
        self.narrow = self.d <= NARROW or not multiply
        self._centres = np.ascontiguousarray(centred)
        self._half = np.einsum("nd,nd->n", centred, centred) / 2
        if self.narrow:
            self._columns = np.ascontiguousarray(centred.T.astype(self.dtype))
            return
        import torch

        self._double = _aligned(centred, torch.float64)
        self._working = self._double.float() if self.dtype == np.float32 else self._double

    def around(self, own: np.ndarray, z: np.ndarray, threads: int | None = None) -> MixtureSums:
        """Sums for the queries ``c_own + z``: ``own [m]`` numbers of centres, ``z [j, m, d]`` shifts, j a centre.

        Fields of the answer are ``[j, m]`` and ``[v, j, m]``, the same to the bit for any number of ``threads``.
        """
        j, m, _ = z.shape
        if j > 1 and (self.tensor is not None or self.narrow or m < ROWS):  # draws share nothing: as one round of all
            flat = self.around(np.tile(own, j), z.reshape(1, j * m, self.d), threads)
            found = (flat.others, flat.squares, flat.kin, flat.strangers)
            return MixtureSums(*(one.reshape(*one.shape[:-2], j, m) for one in found))
        place, classes = self._position[own], self._classes[:, own]
        if self.tensor is not None:
            return self._on_device(self.tensor[place], z, place, classes)
        return self._on_cpu(self._centres[place], z, place, classes, threads)

    def log_densities(self, queries: np.ndarray, threads: int | None = None) -> np.ndarray:
        """Log-density in nats at each of ``queries [m, d]``, which belong to no centre."""
        m, nobody = len(queries), np.full(len(queries), -1)
        classes, still = np.zeros((0, m), np.int64), np.zeros((1, *queries.shape))
        if self.tensor is not None:
            import torch

            there = torch.as_tensor(queries, dtype=self.tensor.dtype, device=self.tensor.device)
            found = self._on_device(there, still, nobody, classes)
        else:
            found = self._on_cpu(queries - self._mean, still, nobody, classes, threads)
        return found.others[0] - math.log(self.n) - self.d / 2 * math.log(2 * math.pi * self.noise**2)

    def _on_cpu(
        self, rows: np.ndarray, z: np.ndarray, place: np.ndarray, classes: np.ndarray, threads: int | None
    ) -> MixtureSums:
        j, m, v = len(z), len(rows), len(classes)
        low, sums = np.full((j, m), FAR), np.zeros((j, 2 + 2 * v, m))
        strips = [slice(a, min(a + ROWS, m)) for a in range(0, m, ROWS)]
        jobs = [partial(self._strip, s, rows[s], z[:, s], place[s], classes[:, s], low, sums) for s in strips]
        parallel.run(jobs, parallel.cores(seconds(j * m, self.n, self.d)) if threads is None else threads)
        with np.errstate(divide="ignore"):
            logs = np.moveaxis(np.log(sums), 1, 0) - low * math.log(2)
        logs[1] -= low * math.log(2)
        return MixtureSums(logs[0], logs[1], logs[2::2], logs[3::2])

    def _strip(
        self,
        strip: slice,
        rows: np.ndarray,
        z: np.ndarray,
        place: np.ndarray,
        classes: np.ndarray,
        low: np.ndarray,
        sums: np.ndarray,
    ) -> None:
        """Writes ``low [j, strip]`` and ``sums [j, 2 + 2 v, strip]``."""
        size, classes = len(rows), np.ascontiguousarray(classes)
        layout = (place, classes, self._group, self._starts, self._table[: len(classes)])
        here_low, here = np.full((len(z), size), FAR), np.zeros((len(z), sums.shape[1], size))
        room, late = np.empty(size * COLS, self.dtype), np.zeros((len(z), size))
        if self.narrow:
            fill = self._narrow(rows, z)
        else:
            fill = self._wide(rows, z)
            late = LOG2E / self.noise**2 * np.einsum("jmd,md->jm", z, rows)
        for c0 in range(0, self.n, COLS):
            cols = min(COLS, self.n - c0)
            block = room[: size * cols].reshape(size, cols)
            for j, write in enumerate(fill(c0, cols)):
                write(block)
                fold(block, c0, *layout, here_low[j], here[j])
        low[:, strip], sums[:, :, strip] = here_low + late, here

    def _narrow(self, rows: np.ndarray, z: np.ndarray) -> Fill:
        """Differences squared one by one: exact for copies of a centre, whatever the size of the numbers."""
        rows, z = np.ascontiguousarray(rows, self.dtype), np.ascontiguousarray(z, self.dtype)
        scale = self.dtype.type(LOG2E / (2 * self.noise**2))

        def fill(c0: int, _cols: int) -> list[Callable[[np.ndarray], None]]:
            return [partial(_direct, rows, shift, self._columns, c0, scale) for shift in z]

        return fill

    def _wide(self, rows: np.ndarray, z: np.ndarray) -> Fill:
        """One multiply in float64 for the distances of centres, then one a draw for z.c; z.c_own is added late."""
        import torch

        norms, scale = np.einsum("nd,nd->n", rows, rows) / 2, LOG2E / (2 * self.noise**2)
        double, draws = _aligned(rows, torch.float64), [_aligned(one, self._working.dtype) for one in z]
        room = torch.empty(len(rows) * COLS, dtype=torch.float64)
        apart = torch.empty(len(rows) * COLS, dtype=self._working.dtype)

        def fill(c0: int, cols: int) -> list[Callable[[np.ndarray], None]]:
            products = room[: len(rows) * cols].view(len(rows), cols)
            torch.mm(double, self._double[c0 : c0 + cols].T, out=products)
            _finish(norms, self._half, c0, scale, products.numpy())
            distances = apart[: len(rows) * cols].view(len(rows), cols).copy_(products)
            centres = self._working[c0 : c0 + cols].T

            def write(shift: TensorMatrix, out: np.ndarray) -> None:
                torch.addmm(distances, shift, centres, alpha=-2 * scale, out=torch.from_numpy(out))

            return [partial(write, shift) for shift in draws]

        return fill

    def _on_device(self, rows: TensorMatrix, z: np.ndarray, place: np.ndarray, classes: np.ndarray) -> MixtureSums:
        """The same where the centres live. No matrix multiply, which on an accelerator may silently run in TF32."""
        import torch

        assert self.tensor is not None
        device, dtype = self.tensor.device, self.tensor.dtype
        table = [torch.as_tensor(one, device=device) for one in self._table[: len(classes), self._group]]
        m, out = len(rows), np.full((2 + 2 * len(table), len(z), len(rows)), -np.inf)
        columns, everyone = self.tensor.T, torch.arange(self.n, device=device)
        step = max(1, 2**24 // self.n)
        with torch.no_grad():
            for j, start in product(range(len(z)), range(0, m, step)):
                mine = slice(start, min(start + step, m))
                shift = torch.as_tensor(z[j, mine], dtype=dtype, device=device)
                own = torch.as_tensor(place[mine], device=device)[:, None]
                exponent = torch.zeros((len(own), self.n), dtype=dtype, device=device)
                for centre, column, s in zip(rows[mine].T, columns, shift.T, strict=True):
                    gap = centre[:, None] - column
                    exponent.addcmul_(gap, gap + 2 * s[:, None])
                exponent *= -1 / (2 * self.noise**2)
                exponent.masked_fill_(own == everyone, -torch.inf)
                out[0, j, mine] = exponent.logsumexp(1).cpu()
                out[1, j, mine] = (2 * exponent).logsumexp(1).cpu()
                for v, y in enumerate(table):
                    same = torch.as_tensor(classes[v, mine], device=device)[:, None] == y
                    for which, excluded in enumerate((~same, same)):
                        kept = exponent.masked_fill(excluded, -torch.inf)
                        out[2 + 2 * v + which, j, mine] = kept.logsumexp(1).cpu()
        return MixtureSums(out[0], out[1], out[2::2], out[3::2])


def seconds(queries: int, centres: int, columns: int) -> float:
    """About how long one thread takes."""
    return queries * centres * (2e-9 + 2e-10 * columns)


def _aligned(rows: np.ndarray, dtype: Any) -> TensorMatrix:
    """A tensor aligned to 64 bytes: without that MKL's sums depend on where NumPy put the array."""
    import torch

    return torch.empty(rows.shape, dtype=dtype).copy_(torch.from_numpy(np.ascontiguousarray(rows)))
