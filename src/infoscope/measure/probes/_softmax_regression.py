"""Softmax regressions on the same rows, all solved at once to their exact optimum.

The problems (a weight decay and a target each) stand side by side in one wide matrix, so that one pass over the rows
is two matrix products for all of them. Each is a limited-memory quasi-Newton iteration (Nocedal 1980) that starts from
the inverse of the bound of Böhning & Lindsay (1988) on the Hessian, which along the principal axes of the rows is
diagonal.
"""

# Shapes: r axes and one for the bias, k classes, p problems; parameters are [(r + 1) k, p], problems contiguous.
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

MEMORY = 10
SUFFICIENT = 1e-4  # Armijo's constant
HALVINGS = 30
ROUNDING = 1e-13  # of the objective: less is no decrease
BLOCK = 1 << 18  # numbers in a block of logits: stays in cache
BLOCK_ON_DEVICE = 1 << 26


@dataclass(frozen=True)
class Solution:
    """weights ``[p, r + 1, k]``, the bias last; objective, gradient (its largest entry) and converged ``[p]``."""

    weights: Tensor
    objective: Tensor
    gradient: Tensor
    converged: Tensor
    iterations: int

    def logits(self, x: Tensor) -> Tensor:
        """``[p, n, k]`` for rows ``x [n, r]``."""
        return x @ self.weights[:, :-1] + self.weights[:, -1:]


class _Objective:
    """f = mean cross-entropy + decay/2 |W|², the bias free, for p problems on the rows ``x [n, r + 1]``."""

    def __init__(self, x: Tensor, y: Sequence[np.ndarray], k: int, decay: Tensor) -> None:
        self.x, self.k = x, k
        n, width = x.shape
        self.decay = decay.expand(width, k, -1).clone()
        self.decay[-1] = 0
        moments = []
        for labels in y:
            onehot = torch.nn.functional.one_hot(torch.as_tensor(labels, dtype=torch.long), k)
            moments.append(x.T @ onehot.to(x) / n)
        self.moments = torch.stack(moments, 2)  # [r + 1, k, p]: labels are never gathered again
        numbers = BLOCK if x.device.type == "cpu" else BLOCK_ON_DEVICE
        self.rows = max(32, numbers // (k * len(y)))

    def __call__(self, theta: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """f ``[q]`` and its gradient ``[(r + 1) k, q]`` for problems ``which [q]``."""
        n, width = self.x.shape
        q = theta.shape[1]
        wide = theta.reshape(width, self.k * q)
        total = torch.zeros(q, dtype=theta.dtype, device=theta.device)
        gradient = torch.zeros_like(wide)
        for start in range(0, n, self.rows):
            block = self.x[start : start + self.rows]
            logits = (block @ wide).view(-1, self.k, q)
            top = logits.amax(1, keepdim=True)
            p = logits.sub_(top).exp_()
            norm = p.sum(1, keepdim=True)
            total += (top + norm.log()).sum((0, 1))
            p.div_(norm)
            gradient.addmm_(block.T, p.view(len(block), -1))
        theta = theta.view(width, self.k, q)
        moments, decay = self.moments[:, :, which], self.decay[:, :, which]
        f = total / n - (theta * moments).sum((0, 1)) + 0.5 * (decay * theta * theta).sum((0, 1))
        return f, (gradient.view(width, self.k, q) / n - moments + decay * theta).reshape(width * self.k, q)


def solve(
    x: Tensor, variances: Tensor, y: Sequence[np.ndarray], k: int, decay: Sequence[float], tolerance: float, most: int
) -> Solution:
    """Minimise mean cross-entropy (nats) + decay/2 |W|² for each pair of labels ``y[i] [n]`` and ``decay[i]`` > 0.

    x: float64 ``[n, r]``, best along its principal axes, with ``variances [r]``. tolerance: on the largest entry of the
    gradient. most: iterations.
    """
    n, r = x.shape
    x = torch.cat([x, x.new_ones(n, 1)], 1)
    decays = torch.tensor(decay, dtype=x.dtype, device=x.device)
    objective = _Objective(x, y, k, decays)
    curvature = torch.cat([0.5 * variances[:, None] + decays, torch.full_like(decays[None], 0.5)])
    inverse = (1 / curvature).repeat_interleave(k, 0)  # [(r + 1) k, p]
    theta = torch.zeros((r + 1) * k, len(y), dtype=x.dtype, device=x.device)
    # Class frequencies as the first bias, half a row added where a class is missing.
    counts = np.stack([np.bincount(labels, minlength=k) for labels in y], 1)
    theta[-k:] = torch.as_tensor(np.log((counts + 0.5) / n)).to(x)
    at = torch.arange(len(y), device=x.device)  # the problems still running
    f, g = objective(theta, at)
    done_theta, done_f, done_g = theta.clone(), f.clone(), g.abs().amax(0)
    now, inv = theta, inverse
    gamma = torch.ones_like(f)
    pairs: list[tuple[Tensor, Tensor, Tensor]] = []
    stuck = torch.zeros(len(y), dtype=torch.bool, device=x.device)
    iterations = 0
    while len(at) and iterations < most:
        iterations += 1
        direction = -_times_inverse(g, inv, gamma, pairs)
        slope = (g * direction).sum(0)
        new_theta, new_f, new_g, moved = _step(objective, now, f, g, direction, slope, at)
        s, change = new_theta - now, new_g - g
        sy = (s * change).sum(0)
        useful = sy > 1e-300
        rho = torch.where(useful, 1 / torch.where(useful, sy, torch.ones_like(sy)), torch.zeros_like(sy))
        size = (change * inv * change).sum(0)
        gamma = torch.where(useful & (size > 0), sy / torch.where(size > 0, size, torch.ones_like(size)), gamma)
        pairs = [*pairs[-(MEMORY - 1) :], (s, change, rho)]
        now, f, g = new_theta, new_f, new_g
        largest = g.abs().amax(0)
        done_theta[:, at], done_f[at], done_g[at] = now, f, largest
        stuck[at] = ~moved
        going = (largest > tolerance) & moved
        if not bool(going.all()):
            at, f, gamma = at[going], f[going], gamma[going]
            now, g, inv = now[:, going], g[:, going], inv[:, going]
            pairs = [(a[:, going], b[:, going], c[going]) for a, b, c in pairs]
    weights = done_theta.view(r + 1, k, len(y)).permute(2, 0, 1).contiguous()
    # Where rounding ends the descent the optimum is reached to within it, if the gradient is small as well.
    converged = (done_g <= tolerance) | (stuck & (done_g <= 100 * tolerance))
    return Solution(weights, done_f, done_g, converged, iterations)


def _times_inverse(g: Tensor, inverse: Tensor, gamma: Tensor, pairs: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The inverse Hessian times ``g``, by the two loops over the remembered pairs."""
    q = g.clone()
    weights = []
    for s, change, rho in reversed(pairs):
        weight = rho * (s * q).sum(0)
        q -= weight * change
        weights.append(weight)
    q = q * inverse * gamma
    for (s, change, rho), weight in zip(pairs, reversed(weights), strict=True):
        q += s * (weight - rho * (change * q).sum(0))
    return q


def _step(
    objective: _Objective, theta: Tensor, f: Tensor, g: Tensor, direction: Tensor, slope: Tensor, at: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Halve each problem's step until it decreases enough; which of them ``moved``."""
    new_theta, new_f, new_g = theta.clone(), f.clone(), g.clone()
    moved = torch.zeros_like(f, dtype=torch.bool)
    length = torch.ones_like(f)
    trying = torch.arange(len(f), device=f.device)
    for _ in range(HALVINGS):
        candidate = theta[:, trying] + length[trying] * direction[:, trying]
        value, gradient = objective(candidate, at[trying])
        wanted = f[trying] + SUFFICIENT * length[trying] * slope[trying]
        good = (value <= wanted + ROUNDING * f[trying].abs()) & value.isfinite()
        took = trying[good]
        new_theta[:, took], new_f[took], new_g[:, took] = candidate[:, good], value[good], gradient[:, good]
        moved[took] = True
        trying = trying[~good]
        if not len(trying):
            break
        length[trying] *= 0.5
    return new_theta, new_f, new_g, moved
