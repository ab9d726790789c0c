"""Softmax regressions on many columns, one after the other along weight decays: the Gram matrix stands for the Hessian.

The Hessian of equal logits is G ⊗ (I - 11ᵀ/k)/k, G the Gram matrix of the rows over their number; what changes as rows
are told apart is above all its size. So a descent is limited-memory quasi-Newton (Nocedal 1980) from (c G + decay)⁻¹,
with c the mean curvature where it begins. Logits are carried along: a direction costs one product with the rows forward
and one backward, and the search along it only another softmax. The next weight decay begins where the last one ended,
with what that one has learnt of the Hessian, in which only the decay differs.

Rows, logits and weights are float32, sums over rows float64. Everything lies where the rows do.
"""

# Shapes: n rows x, r columns, k classes; parameters are [k, 1 + r], the bias first; logits are [k, n].
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from infoscope.core.shapes import TensorMatrix

MEMORY = 10
FLATTER = 0.25  # of the slope at which a line is searched: where it is left
SEARCHES = 12  # at most, along a line
LEAST = 1e-6  # of the curvature of equal logits: less is rounding
FLOOR = 1e-8  # nats: what is left of an objective that float32 rows tell
ROWS = 1 << 14  # of a product that is added up in float64
TALL = 256  # columns of a tile of a symmetric product
PSEUDO = 0.5  # rows of each class at the mean of all rows


def gram(x: TensorMatrix) -> Any:
    """xᵀx / n of rows ``x [n, r]``, in float32 of sums in float64."""
    n, r = x.shape
    found = torch.zeros(r, r, dtype=torch.float64, device=x.device)
    for start in range(0, n, ROWS):
        rows = x[start : start + ROWS]
        for first in range(0, r, TALL):
            last = min(first + TALL, r)
            found[first:last, :last] += rows[:, first:last].T @ rows[:, :last]
    found = found.tril().add_(found.tril(-1).T)
    return found.div_(n).float()


@dataclass
class Descent:
    """Where a regression is: ``theta [1 + r by k]`` as ``[k, 1 + r]``, of a weight decay, and what it remembers.

    gap: nats of the objective that the next step would still gain. converged: whether that is no more than was asked.
    """

    theta: Any
    decay: float
    steps: list[Any] = field(default_factory=list)
    changes: list[Any] = field(default_factory=list)
    gap: float = float("inf")
    converged: bool = False
    passes: int = 0

    def logits(self, x: TensorMatrix) -> Any:
        """``[k, n]`` of rows ``x [n, r]``."""
        return torch.addmm(self.theta[:, :1], self.theta[:, 1:], x.T)

    def at(self, decay: float) -> Descent:
        """The same place as the beginning of a regression with another weight decay."""
        more, changes = decay - self.decay, [change.clone() for change in self.changes]
        for step, change in zip(self.steps, changes, strict=True):
            change[:, 1:] += more * step[:, 1:]
        return Descent(self.theta.clone(), decay, list(self.steps), changes)


class WideRegression:
    """Mean cross-entropy (nats) of ``y [n]`` given rows ``x [n, r]`` + decay/2 |W|², the bias free, but for half a row
    of each class at the mean of all rows: the bias of a class that no row has would go on for ever.

    curvature: xᵀx/n ``[r, r]`` of about these rows, or its diagonal ``[r]`` where they lie along their principal axes.
    """

    def __init__(self, x: TensorMatrix, y: np.ndarray, k: int, curvature: Any) -> None:
        self.x, self.k, self.n, self.curvature = x, k, len(x), curvature
        self.y = torch.as_tensor(y, dtype=torch.long, device=x.device)
        self.counts = torch.bincount(self.y, minlength=k).double()

    def null(self, decay: float) -> Descent:
        """Where nothing is read: the classes as often as they are there."""
        theta = torch.zeros(self.k, 1 + self.x.shape[1], device=self.x.device)
        theta[:, 0] = (self.counts + PSEUDO).log().float()
        return Descent(theta, decay)

    def solved(self, begin: Descent, gap: float, most: int) -> Descent:
        """Descend until a step would gain no more than ``gap`` nats, or ``most`` times.

        Where the objective is less than a nat, ``gap`` is a share of it: rows that can all be told leave little.
        """
        at = begin
        logits = at.logits(self.x)
        p = logits.softmax(0)
        precondition = self._preconditioner(p, at.decay)
        f, gradient = self._told(at, p)
        while True:
            direction = _two_loops(at, gradient, precondition)
            slope = float(_dot(gradient, direction))
            if not slope < 0 and at.steps:  # what is remembered is of another place
                at.steps, at.changes = [], []
                continue
            at.gap = -slope / 2
            at.converged = at.gap <= max(gap * min(f, 1.0), FLOOR)
            if at.converged or at.passes >= most or not slope < 0:
                return at
            length, p = self._searched(at, logits, direction, slope)
            if length == 0:
                if not at.steps:
                    return at
                at.steps, at.changes, p = [], [], logits.softmax(0)
                continue
            step = direction.mul_(length)
            at.theta += step
            f, after = self._told(at, p)
            at.steps = [*at.steps, step][-MEMORY:]
            at.changes = [*at.changes, after - gradient][-MEMORY:]
            gradient, at.passes = after, at.passes + 1

    def _preconditioner(self, p: TensorMatrix, decay: float) -> Callable[[Any], Any]:
        """θ ↦ (c G + decay)⁻¹ θ, the bias by 1/c."""
        uncertain = 1 - float(p.square().sum(dtype=torch.float64)) / self.n
        c = max(uncertain / (self.k - 1), LEAST / self.k)
        bias = c * (1 + PSEUDO * self.k / self.n)
        if self.curvature.ndim == 1:
            inverse = 1 / (c * self.curvature + decay)
            across: Callable[[Any], Any] = lambda w: w * inverse  # noqa: E731
        else:
            factor = _factor(c * self.curvature, decay)
            across = lambda w: torch.cholesky_solve(w.T, factor).T  # noqa: E731

        def apply(theta: Any) -> Any:
            out = torch.empty_like(theta)
            out[:, 0], out[:, 1:] = theta[:, 0] / bias, across(theta[:, 1:])
            return out

        return apply

    def _told(self, at: Descent, p: TensorMatrix) -> tuple[float, Any]:
        """The objective, less the half rows, and its gradient, from ``p [k, n]``, which become residuals."""
        own = p.gather(0, self.y[None]).clamp_(min=1e-30).log_()
        pulled = at.decay / 2 * _dot(at.theta[:, 1:], at.theta[:, 1:])
        f = pulled - float(own.sum(dtype=torch.float64)) / self.n
        residual = p.scatter_add_(0, self.y[None], p.new_full((1, self.n), -1.0))
        out = torch.zeros(self.k, 1 + self.x.shape[1], dtype=torch.float64, device=p.device)
        for start in range(0, self.n, ROWS):
            part = residual[:, start : start + ROWS]
            out[:, 1:] += part @ self.x[start : start + ROWS]
        out[:, 0] = residual.sum(1, dtype=torch.float64)
        out[:, 0] += PSEUDO * (self.k * at.theta[:, 0].softmax(0) - 1)
        out /= self.n
        out[:, 1:] += at.decay * at.theta[:, 1:]
        return f, out.float()

    def _searched(self, at: Descent, logits: TensorMatrix, direction: Any, slope: float) -> tuple[float, Any]:
        """How far to go along a direction, and the probabilities there; ``logits`` are moved there.

        The objective is convex: its slope is followed to less than a quarter by Newton's method between two ends.
        """
        along = torch.addmm(direction[:, :1], direction[:, 1:], self.x.T)
        own = float(along.gather(0, self.y[None]).sum(dtype=torch.float64)) / self.n
        bias, shift = at.theta[:, 0].double(), direction[:, 0].double()
        pull = at.decay * _dot(at.theta[:, 1:], direction[:, 1:])
        pulled = at.decay * _dot(direction[:, 1:], direction[:, 1:])
        length, low, high, p = 1.0, 0.0, float("inf"), logits
        for _ in range(SEARCHES):
            p = torch.add(logits, along, alpha=length).softmax(0)
            q = (bias + length * shift).softmax(0)
            each = (p * along).sum(0)
            mean = float(each.sum(dtype=torch.float64)) / self.n
            pseudo = PSEUDO / self.n * float(self.k * (q @ shift) - shift.sum())
            here = mean - own + pseudo + pull + length * pulled
            if abs(here) <= FLATTER * -slope:
                logits.add_(along, alpha=length)
                return length, p
            low, high = (length, high) if here < 0 else (low, length)
            square = float((p * along).mul_(along).sum(dtype=torch.float64)) - float(
                each.square_().sum(dtype=torch.float64)
            )
            spread = PSEUDO * self.k / self.n * float(q @ shift.square() - (q @ shift) ** 2)
            bend = square / self.n + spread + pulled
            length -= here / max(bend, 1e-30)
            if not low < length < min(high, 10 * max(low, 1.0)):
                length = (low + high) / 2 if high < float("inf") else 4 * low
        return 0.0, p


def _factor(matrix: TensorMatrix, decay: float) -> Any:
    """The Cholesky factor of ``matrix [r, r]`` + decay, and of as little more as rounding of float32 wants."""
    diagonal = matrix.diagonal()
    more, mean = decay, float(diagonal.mean())
    while True:
        diagonal += more
        factor, failed = torch.linalg.cholesky_ex(matrix)
        if not failed:
            return factor
        more = max(10 * more, 1e-6 * mean)


def _dot(a: TensorMatrix, b: TensorMatrix) -> float:
    return float((a * b).sum(dtype=torch.float64))


def _two_loops(at: Descent, gradient: TensorMatrix, precondition: Callable[[Any], Any]) -> Any:
    """Minus the inverse Hessian, as it is remembered, times the gradient."""
    q, pairs = -gradient, []
    for step, change in zip(reversed(at.steps), reversed(at.changes), strict=True):
        rho = 1 / max(_dot(step, change), 1e-30)
        weight = rho * _dot(step, q)
        q = q - weight * change
        pairs.append((step, change, rho, weight))
    q = precondition(q)
    for step, change, rho, weight in reversed(pairs):
        q = q + (weight - rho * _dot(change, q)) * step
    return q
