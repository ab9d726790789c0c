"""What passes over pairs find, for rows that lie on an accelerator: strips of rows against all of them, where they lie.

Squared distances are float64: of few columns from differences squared one by one, of more from products of centred
rows, as on the CPU. Each pair is met twice, in both orders, which costs less there than looking for the other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from infoscope.core.shapes import TensorMatrix, TensorRows, TensorVector
from infoscope.measure.pairs.distances import NARROW

PAIRS = 2**22  # at once: a block of 32 MB, and a few like it


def strips(n: int) -> Iterator[slice]:
    """Stretches of ``n`` rows against all of which a block of pairs is looked at."""
    step = max(1, PAIRS // n)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def unit(x: TensorRows) -> tuple[TensorRows, float]:
    """What :func:`infoscope.kernels.scaling.unit` makes of rows ``[n, d]``."""
    most = float(x.abs().max()) or 1.0
    alike = bool((x == x[:1]).all())
    x = x.double() / most
    x -= x.mean(0)
    size = math.sqrt(2 * float(x.square().sum()) / len(x))
    if alike or size == 0:
        return x, 0.0
    return x.div_(size), size * most


def squared(x: TensorRows, norms: TensorVector, rows: slice) -> TensorMatrix:
    """Squared distances ``[rows, n]`` of some of the centred float64 rows ``x [n, d]`` to all; 0 of each to itself."""
    import torch

    if x.shape[1] <= NARROW:
        return torch.cdist(x[rows], x, compute_mode="donot_use_mm_for_euclid_dist").square_()
    found = torch.addmm(norms, x[rows], x.T, alpha=-2).add_(norms[rows, None]).clamp_(min=0)
    found.diagonal(rows.start).zero_()
    return found


def kernel_moments(
    x: TensorRows, y: TensorRows, kind: int, width: float, rbf: int
) -> tuple[list[float], np.ndarray, np.ndarray]:
    """Σ K L, Σ K K and Σ L L over all pairs, and the row sums of K and of L ``[n]``, for kernels of the distances of
    centred float64 rows: exp(-distance² / 2 width²) where ``kind`` is ``rbf``, else the distance itself."""
    import torch

    pair = [(z, z.square().sum(1)) for z in (x, y)]
    products, sums = (
        torch.zeros(3, dtype=torch.float64, device=x.device),
        [torch.zeros_like(norms) for _, norms in pair],
    )
    for rows in strips(len(x)):
        blocks = [squared(z, norms, rows) for z, norms in pair]
        k, l = (block.mul_(-0.5 / width**2).exp_() if kind == rbf else block.sqrt_() for block in blocks)
        for into, block in zip(sums, (k, l), strict=True):
            into[rows] = block.sum(1)
        products += torch.stack([(k * l).sum(), k.square().sum(), l.square().sum()])
    k, l = (each.cpu().numpy() for each in sums)
    return products.tolist(), k, l


def counted_by_class(t: TensorRows, labels: list[np.ndarray], cells: int, cut: int, first: int) -> list[np.ndarray]:
    """Every pair i < j of the centred float64 rows ``t [n, d]`` by its squared distance: ``counts [2, cells]`` within
    and between classes for each of ``labels [n]``. The cell of a distance is its leading bits, all but ``cut``, less
    ``first``."""
    import torch

    norms = t.square().sum(1)
    classes = [torch.as_tensor(y, device=t.device) for y in labels]
    counts = [torch.zeros(2 * cells, dtype=torch.int64, device=t.device) for _ in labels]
    everyone = torch.arange(len(t), device=t.device)
    for rows in strips(len(t)):
        later = everyone > everyone[rows, None]
        cell = squared(t, norms, rows).view(torch.int64).bitwise_right_shift_(cut).sub_(first).clamp_(0, cells - 1)
        for y, into in zip(classes, counts, strict=True):
            apart = (y != y[rows, None]) * cells
            into += torch.bincount((cell + apart)[later], minlength=2 * cells)
    return [each.view(2, cells).cpu().numpy() for each in counts]
