"""Softmax regressions on one or several representations, all solved at once to their exact optimum.

The problems on the same rows (a weight decay and a target each) stand side by side in one wide matrix, so that one pass
over the rows is two matrix products for all of them. Each is a limited-memory quasi-Newton iteration (Nocedal 1980)
that starts from the inverse of the bound of Böhning & Lindsay (1988) on the Hessian, which along the principal axes of
the rows is diagonal. Rows are passed over in float32, sums of passes and everything else are float64; only where
float32 is too coarse for the tolerance do the last iterations pass over float64 rows.
"""

# Shapes: w is 1 for the bias and r axes, k classes, p problems, q of them still running. Parameters are [k, w], flat.
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from infoscope.measure.probes._quasi_newton import Memory
from infoscope.measure.probes._softmax import MOST, residuals

SUFFICIENT = 1e-4  # Armijo's constant
HALVINGS = 30
ROUNDING = {np.float32: 1e-8, np.float64: 1e-13}  # of 1 + the objective: what a pass over the rows cannot tell
COARSE = 1e-7  # largest entry of a gradient that float32 passes still resolve
SHIFT = 3e-4  # root mean square by which the next step may still change the logits of fitted rows
PATIENCE = 20  # iterations without progress before a problem is left alone
BLOCK = 1 << 18  # numbers in a block of rows and their logits: stays in cache
BLOCK_ON_DEVICE = 1 << 26
LOG2_E, LN_2 = 1.4426950408889634, 0.6931471805599453


class Problem(NamedTuple):
    """Mean cross-entropy (nats) of ``y [n]`` in 0..k-1 on the rows of one cell + decay/2 |W|², the bias free."""

    cell: int
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
        """``[problems, n, k]`` for rows ``x [n, r]`` of the cell of these problems."""
        weights = torch.as_tensor(self.weights[problems]).to(x)
        return x @ weights[:, 1 : 1 + x.shape[1]] + weights[:, :1]


class Sums(NamedTuple):
    """Over rows: cross-entropies in bits ``[q]``, residuals ``[q k]``, and residuals times the rows ``[q k, r]``."""

    bits: np.ndarray
    residuals: np.ndarray
    moments: np.ndarray


class _Objective:
    """f and its gradient for problems on cells ``x[c] [n, r]`` of one precision."""

    def __init__(self, x: Sequence[Tensor], problems: Sequence[Problem], k: int) -> None:
        self.x, self.k = x, k
        self.cells = np.array([problem.cell for problem in problems])
        self.decay = np.array([problem.decay for problem in problems])
        self.width = 1 + max(cell.shape[1] for cell in x)
        self.dtype = np.float32 if x[0].dtype == torch.float32 else np.float64
        self.labels = []  # of each cell, its different targets [targets, n]
        self.target = np.zeros(len(problems), np.int64)
        for c in range(len(x)):
            own = [i for i, problem in enumerate(problems) if problem.cell == c]
            different = {id(problems[i].y): problems[i].y for i in own}
            self.target[own] = [list(different).index(id(problems[i].y)) for i in own]
            self.labels.append(np.stack(list(different.values())).astype(np.int32))

    def rounded(self, theta: np.ndarray) -> np.ndarray:
        """The nearest parameters that logits can be computed from exactly: to base 2, in the precision of the rows."""
        return (theta * LOG2_E).astype(self.dtype).astype(np.float64) / LOG2_E

    def __call__(self, theta: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """f ``[q]`` and its gradient ``[q, k w]`` at ``theta [q, k w]`` for problems ``which [q]``, in order."""
        k = self.k
        theta = theta.reshape(len(which), k, self.width)
        wide = (theta * LOG2_E).astype(self.dtype)
        f, gradient = np.zeros(len(which)), np.zeros_like(theta)
        for c, own in self._by_cell(which):
            x, q = self.x[c], own.stop - own.start
            n, r = x.shape
            weights = torch.from_numpy(np.ascontiguousarray(wide[own, :, 1 : 1 + r]).reshape(q * k, r))
            bias = np.ascontiguousarray(wide[own, :, 0]).reshape(q * k)
            passed = self._compiled if x.device.type == "cpu" else self._on_device
            total, sums, moments = passed(x, weights, bias, self.labels[c], self.target[which[own]])
            f[own] = total * (LN_2 / n)
            gradient[own, :, 0] = sums.reshape(q, k) / n
            gradient[own, :, 1 : 1 + r] = moments.reshape(q, k, r) / n
        pull = self.decay[which, None, None] * theta[:, :, 1:]
        f += 0.5 * (pull * theta[:, :, 1:]).sum((1, 2))
        gradient[:, :, 1:] += pull
        return f, gradient.reshape(len(which), -1)

    def _by_cell(self, which: np.ndarray) -> Iterator[tuple[int, slice]]:
        start = 0
        for cell, group in groupby(self.cells[which].tolist()):
            stop = start + len(list(group))
            yield cell, slice(start, stop)
            start = stop

    def _compiled(self, x: Tensor, weights: Tensor, bias: np.ndarray, labels: np.ndarray, target: np.ndarray) -> Sums:
        heads, r = weights.shape
        found = Sums(np.zeros(len(target)), np.zeros(heads), np.zeros((heads, r)))
        rows = max(64, BLOCK // (heads + r))
        for start in range(0, len(x), rows):
            block, own = x[start : start + rows], labels[:, start : start + rows]
            logits = weights @ block.T
            residuals(logits.numpy(), self.k, bias, own, target, MOST[self.dtype], found.bits, found.residuals)
            np.add(found.moments, (logits @ block).numpy(), out=found.moments)
        return found

    def _on_device(self, x: Tensor, weights: Tensor, bias: np.ndarray, labels: np.ndarray, target: np.ndarray) -> Sums:
        """The same in large blocks where the rows lie."""
        heads, r = weights.shape
        weights, offset = weights.to(x.device), torch.from_numpy(bias).to(x.device)[:, None]
        bits, sums, moments = (
            x.new_zeros(*shape, dtype=torch.float64) for shape in ((len(target),), (heads,), (heads, r))
        )
        y = torch.as_tensor(labels[target], dtype=torch.long, device=x.device)
        rows = max(64, BLOCK_ON_DEVICE // (heads + r))
        for start in range(0, len(x), rows):
            block, own = x[start : start + rows], y[:, None, start : start + rows]
            log_p = (weights @ block.T).add_(offset).mul_(LN_2).view(len(target), self.k, -1).log_softmax(1)
            bits -= log_p.gather(1, own).sum((1, 2), dtype=torch.float64) / LN_2
            p = log_p.exp_().scatter_add_(1, own, -torch.ones_like(own, dtype=log_p.dtype)).view(heads, -1)
            sums += p.sum(1, dtype=torch.float64)
            moments += p @ block
        return Sums(*(one.cpu().numpy() for one in (bits, sums, moments)))


def solve(
    x: Sequence[Tensor],
    variances: Sequence[Tensor],
    problems: Sequence[Problem],
    k: int,
    tolerance: float,
    most: int,
    starts: Sequence[np.ndarray] | None = None,
) -> Solution:
    """Minimise every problem; those of a cell stand together, in the order of the cells.

    x: of each cell, rows ``[n, r]``, best along their principal axes, with ``variances [r]``. tolerance: on the largest
    entry of the gradient; where the objective is so flat that it says little, the next step must be small as well.
    most: iterations. starts: weights ``[w, k]`` of each problem from which to descend.
    """
    p, width = len(problems), 1 + max(cell.shape[1] for cell in x)
    decays = np.array([problem.decay for problem in problems])
    spread = np.zeros((p, width))
    spread[:, 0] = 1
    for i, problem in enumerate(problems):
        of = variances[problem.cell]
        spread[i, 1 : 1 + len(of)] = of.cpu().numpy()
    curvature = 0.5 * spread
    curvature[:, 1:] += decays[:, None]
    theta = np.zeros((p, k, width))
    if starts is None:  # class frequencies as the bias, half a row added where a class is missing
        theta[:, :, 0] = [np.log((np.bincount(problem.y, minlength=k) + 0.5) / len(problem.y)) for problem in problems]
    else:
        for own, start in zip(theta, starts, strict=True):
            own[:, : len(start)] = start.T
    run = _Descent(theta.reshape(p, -1), np.tile(1 / curvature, k), np.tile(spread, k) / k, most)
    run.go(_Objective([cell.float() for cell in x], problems, k), max(tolerance, COARSE))
    if tolerance < COARSE and x[0].dtype == torch.float64:
        run.go(_Objective(x, problems, k), tolerance)
    # Where rounding ends the descent the optimum is reached to within it, if the gradient is small as well.
    converged = run.done | (run.stuck & (run.gradient <= 100 * tolerance))
    weights = np.ascontiguousarray(run.theta.reshape(p, k, width).transpose(0, 2, 1))
    return Solution(weights, run.f, run.gradient, converged, run.iterations)


class _Descent:
    """Where each problem is: theta ``[p, k w]``, f, the largest entry of its gradient, whether it is done or stuck.

    inverse, spread ``[p, k w]``: of the bound on the Hessian; what the square of a parameter adds to that of a logit.
    """

    def __init__(self, theta: np.ndarray, inverse: np.ndarray, spread: np.ndarray, most: int) -> None:
        self.theta, self.inverse, self.spread, self.most = theta, inverse, spread, most
        self.f, self.gradient = np.full(len(theta), np.inf), np.full(len(theta), np.inf)
        self.done, self.stuck = np.zeros(len(theta), bool), np.zeros(len(theta), bool)
        self.iterations = 0

    def go(self, objective: _Objective, tolerance: float) -> None:
        """Descend until every gradient is within ``tolerance``, or rounding or ``most`` iterations end it."""
        noise = ROUNDING[objective.dtype]
        memory = Memory(self.inverse)
        self.theta = objective.rounded(self.theta)
        at = np.arange(len(self.theta))  # the problems still running
        self.f, g = objective(self.theta, at)
        self.gradient = np.abs(g).max(1)
        least_f, least_g, waited = self.f.copy(), self.gradient.copy(), np.zeros(len(at), int)
        while len(at) and self.iterations < self.most:
            direction = memory.directions(at, g)
            shift = np.einsum("qd,qd,qd->q", self.spread[at], direction, direction)
            self.done[at] = (self.gradient[at] <= tolerance) & (shift <= SHIFT**2)
            self.stuck[at] = waited[at] > PATIENCE
            going = ~(self.done[at] | self.stuck[at])
            at, g, direction = at[going], g[going], direction[going]
            if not len(at):
                return
            self.iterations += 1
            now, f = self.theta[at], self.f[at]
            new, new_f, new_g = _step(objective, now, f, g, direction, at, noise)
            memory.add(at, new - now, new_g - g)
            g, largest = new_g, np.abs(new_g).max(1)
            self.theta[at], self.f[at], self.gradient[at] = new, new_f, largest
            progress = (new_f < least_f[at] - noise * (1 + np.abs(new_f))) | (largest < 0.9 * least_g[at])
            waited[at] = np.where(progress, 0, waited[at] + 1)
            least_f[at], least_g[at] = np.minimum(new_f, least_f[at]), np.minimum(largest, least_g[at])


def _step(
    objective: _Objective,
    theta: np.ndarray,
    f: np.ndarray,
    g: np.ndarray,
    direction: np.ndarray,
    at: np.ndarray,
    noise: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Halve each problem's step until it decreases enough, or as far as rounding lets it be seen."""
    new_theta, new_f, new_g = theta.copy(), f.copy(), g.copy()
    slope = np.einsum("qd,qd->q", g, direction)
    trying, length = np.arange(len(f)), 1.0
    for _ in range(HALVINGS):
        candidate = objective.rounded(theta[trying] + length * direction[trying])
        value, gradient = objective(candidate, at[trying])
        flatter = np.abs(np.einsum("qd,qd->q", gradient, direction[trying])) <= 0.9 * np.abs(slope[trying])
        slack = np.where(flatter, noise * (1 + np.abs(f[trying])), 0.0)
        good = value <= f[trying] + SUFFICIENT * length * slope[trying] + slack  # not so where it is not finite
        took = trying[good]
        new_theta[took], new_f[took], new_g[took] = candidate[good], value[good], gradient[good]
        trying = trying[~good]
        if not len(trying):
            break
        length *= 0.5
    return new_theta, new_f, new_g
