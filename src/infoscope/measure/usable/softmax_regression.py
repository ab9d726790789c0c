"""Softmax regressions on the same rows, solved side by side to their exact optima.

The problems (a weight decay and a target each) stand side by side in one wide matrix, so that one pass over the rows is
two matrix products for all of them. Each is a limited-memory quasi-Newton descent (Nocedal 1980). It takes the Hessian
to be c Λ + decay at first: along the principal axes of the rows Λ is diagonal, and over classes c is the geometric mean
of their shares, with which it is the Hessian of equal logits, and of 1/k, because the curvature evens out as rows are
told apart. A descent that goes on for long then has each class's own block of the Hessian, estimated from the rows with
the most curvature. Rows are passed over in float32, sums of blocks of them and everything else are float64; only where
float32 is too coarse for the tolerance do the last iterations pass over float64 rows.
"""

# Shapes: w is 1 for the bias and r axes, k classes, p problems, q of them still running. Parameters are [k, w], flat.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoscope.measure.usable.quasi_newton import Descents
from infoscope.measure.usable.softmax import MOST, blocks, passed

ROUNDING = {np.float32: 1e-8, np.float64: 1e-13}  # of 1 + the objective: what a pass over the rows cannot tell
COARSE = 1e-7  # largest entry of a gradient that float32 passes still resolve
SHIFT = 3e-4  # root mean square by which the next step may still change the logits of fitted rows
PATIENT = 8  # iterations before blocks of the Hessian are worth finding, more where that costs more passes
PER_AXIS = 16  # rows from which they are estimated
LEAST = 0.01  # of the mean curvature: added to them, for classes and axes that those rows say little of
HELD = 1 << 25  # numbers of them at most
BLOCK_ON_DEVICE = 1 << 26  # numbers in a block of rows and their logits


class Regression(NamedTuple):
    """Mean cross-entropy (nats) of ``y [n]`` in 0..k-1 + decay/2 |W|², the bias free."""

    y: np.ndarray
    decay: float


@dataclass(frozen=True)
class Solution:
    """weights ``[p, w, k]``, the bias first; objective, gradient (its largest entry) and converged ``[p]``."""

    weights: np.ndarray
    objective: np.ndarray
    gradient: np.ndarray
    converged: np.ndarray
    iterations: int

    def logits(self, problems: slice, x: Tensor) -> Tensor:
        """``[problems, n, k]`` for rows ``x [n, r]``."""
        weights = torch.as_tensor(self.weights[problems]).to(x)
        return x @ weights[:, 1:] + weights[:, :1]


class _CrossEntropy:
    """f and its gradient for problems on rows ``x [n, r]`` passed over in one precision."""

    def __init__(self, x: Tensor, variances: Tensor, problems: Sequence[Regression], k: int, dtype: type) -> None:
        self.k, self.n, self.dtype = k, len(x), dtype
        self.x, self.variances = x, variances
        self.decay = np.array([problem.decay for problem in problems])
        different = {id(problem.y): problem.y for problem in problems}
        self.target = np.array([list(different).index(id(problem.y)) for problem in problems])
        self.labels = np.stack(list(different.values())).astype(np.int32)
        self.rows = x.to(torch.float32 if dtype is np.float32 else torch.float64) if x.device.type != "cpu" else None
        self.blocks = blocks(x.numpy(), dtype, len(self.labels) * k) if self.rows is None else None

    def __call__(self, theta: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f ``[q]`` and its gradient ``[q, k w]`` at ``theta [q, k w]``, which it rounds, of problems ``which [q]``."""
        parameters = theta.reshape(len(which), self.k, -1)
        target, decay = self.target[which], self.decay[which]
        if self.rows is not None:
            f, gradient = self._on_device(self.rows, parameters, target, decay)
        else:
            f, gradient = np.empty(len(which)), np.empty_like(parameters)
            assert self.blocks is not None
            passed(self.blocks, self.n, parameters, self.labels, target, decay, MOST[self.dtype], f, gradient)
        return f, gradient.reshape(len(which), -1)

    def inverse(self, theta: np.ndarray, which: int) -> np.ndarray:
        """That of each class's block of the Hessian ``[k, w, w]`` at ``theta [k w]`` for problem ``which``."""
        parameters = torch.from_numpy(theta.reshape(self.k, -1)).to(self.x)
        p = torch.addmm(parameters[:, :1], parameters[:, 1:], self.x.T).softmax(0)
        curvature = (1 - p.square().sum(0)).double().clamp_(min=1e-12)
        # Rows are taken in proportion to it and weighted by the inverse; in order, so that it is not left to chance.
        chance, wanted = torch.ones_like(curvature), PER_AXIS * parameters.shape[1]
        if wanted < self.n:
            chance = curvature * (wanted / curvature.sum())
            for _ in range(3):
                chance = chance.clamp_(max=1).mul_(wanted / chance.sum()).clamp_(max=1)
        ends = chance.cumsum(0) + 0.5
        rows = (ends.floor() > (ends - chance).floor()).nonzero()[:, 0]
        x, p = self.x[rows], p[:, rows]
        x = torch.cat([x.new_ones(len(x), 1), x], 1)  # there may be no column beside it
        weights = (p * (1 - p) / (chance[rows] * self.n)).to(x)
        blocks, weighted = x.new_empty(self.k, x.shape[1], x.shape[1]), torch.empty_like(x)
        for c in range(self.k):
            torch.mul(x, weights[c][:, None], out=weighted)
            torch.mm(weighted.T, x, out=blocks[c])
        blocks = blocks.double()
        diagonal = blocks.diagonal(dim1=1, dim2=2)
        least = LEAST * curvature.mean() / self.k
        diagonal[:, 0] += least
        diagonal[:, 1:] += least * self.variances + self.decay[which]
        factor, failed = torch.linalg.cholesky_ex(blocks)
        factor[failed > 0] = torch.diag_embed(diagonal.sqrt())[failed > 0]
        return torch.cholesky_inverse(factor).cpu().numpy()

    def _on_device(
        self, x: Tensor, theta: np.ndarray, target: np.ndarray, decay: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the compiled pass finds, in large blocks where the rows lie."""
        theta[:] = theta.astype(self.dtype)
        heads = theta.shape[0] * self.k
        parameters = torch.from_numpy(theta).to(x).view(heads, -1)
        weights, bias = parameters[:, 1:], parameters[:, :1]
        f, sums, moments = (
            x.new_zeros(*shape, dtype=torch.float64) for shape in ((len(target),), (heads, 1), tuple(weights.shape))
        )
        y = torch.as_tensor(self.labels[target], dtype=torch.long, device=x.device)
        rows = max(64, BLOCK_ON_DEVICE // (heads + x.shape[1]))
        for start in range(0, self.n, rows):
            block, own = x[start : start + rows], y[:, None, start : start + rows]
            log_p = torch.addmm(bias, weights, block.T).view(len(target), self.k, -1).log_softmax(1)
            f -= log_p.gather(1, own).sum((1, 2), dtype=torch.float64)
            p = log_p.exp_().scatter_add_(1, own, -torch.ones_like(own, dtype=log_p.dtype)).view(heads, -1)
            sums += p.sum(1, keepdim=True, dtype=torch.float64)
            moments += p @ block
        value = f.cpu().numpy() / self.n
        gradient = torch.cat([sums, moments], 1).view(theta.shape).cpu().numpy() / self.n
        pull = decay[:, None, None] * theta[:, :, 1:]
        gradient[:, :, 1:] += pull
        return value + 0.5 * (pull * theta[:, :, 1:]).sum((1, 2)), gradient


def solve(
    x: Tensor,
    variances: Tensor,
    problems: Sequence[Regression],
    k: int,
    tolerance: float,
    most: int,
    starts: Sequence[np.ndarray] | None = None,
    shift: float = SHIFT,
) -> Solution:
    """Minimise every problem.

    x: rows ``[n, r]``, best along their principal axes, with ``variances [r]``. tolerance: on the largest entry of the
    gradient; where the objective is so flat that it says little, the next step must be small as well. most: iterations.
    starts: weights ``[w, k]`` of each problem from which to descend. shift: root mean square by which the next step may
    still change the logits of fitted rows where the objective is so flat.
    """
    p, spread = len(problems), np.concatenate([[1.0], variances.cpu().numpy()])
    shares = np.array([np.bincount(problem.y, minlength=k) + 0.5 for problem in problems])  # none is zero
    shares /= shares.sum(1, keepdims=True)
    curvature = np.sqrt(shares / k)[:, :, None] * spread
    curvature[:, :, 1:] += np.array([problem.decay for problem in problems])[:, None, None]
    theta = np.zeros((p, k, len(spread)))
    if starts is None:
        theta[:, :, 0] = np.log(shares)
    else:
        theta[:] = [start.T for start in starts]
        theta[:, :, 1:] -= theta[:, :, 1:].mean(1, keepdims=True)  # the sum over classes costs and gives nothing
    n, w = len(x), len(spread)
    patient = max(PATIENT, min(n, PER_AXIS * w) * w // (2 * n)) if k * max(n, p * w**2) <= HELD else most
    run = Descents(theta, 1 / curvature, spread / (k * shift**2), patient, most)
    run.go(_CrossEntropy(x, variances, problems, k, np.float32), max(tolerance, COARSE), ROUNDING[np.float32])
    if tolerance < COARSE and x.dtype == torch.float64:
        run.go(_CrossEntropy(x, variances, problems, k, np.float64), tolerance, ROUNDING[np.float64])
    # Where rounding ends the descent the optimum is reached to within it, if the gradient is small as well.
    converged = run.done | (run.stuck & (run.gradient <= 100 * tolerance))
    weights = np.ascontiguousarray(run.theta.reshape(p, k, -1).transpose(0, 2, 1))
    return Solution(weights, run.f, run.gradient, converged, int(run.iterations.max()))
