"""The memory of many limited-memory quasi-Newton descents that go on side by side (Nocedal 1980), compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

MEMORY = 10
TINY = 1e-300


class Memory:
    """Of each of p descents in d dimensions, the last steps and what the gradient changed by; starts from nothing.

    inverse: ``[p, d]``, a diagonal to which the inverse Hessian is taken to be proportional.
    """

    def __init__(self, inverse: np.ndarray) -> None:
        p, d = inverse.shape
        self.inverse, self.gamma, self.count = inverse, np.ones(p), 0
        self.steps, self.changes = np.zeros((p, MEMORY, d)), np.zeros((p, MEMORY, d))
        self.rho = np.zeros((p, MEMORY))

    def directions(self, at: np.ndarray, g: np.ndarray) -> np.ndarray:
        """Minus the inverse Hessian times the gradients ``g [q, d]`` of descents ``at [q]``."""
        out = np.empty_like(g)
        _directions(at, g, self.inverse, self.gamma, self.steps, self.changes, self.rho, self.count, out)
        return out

    def add(self, at: np.ndarray, step: np.ndarray, change: np.ndarray) -> None:
        """Remember the ``step [q, d]`` of descents ``at [q]`` and the ``change`` of their gradients."""
        slot = self.count % MEMORY
        _add(at, step, change, self.inverse, self.gamma, self.steps, self.changes, self.rho, slot)
        self.count += 1


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _directions(
    at: Any, g: Any, inverse: Any, gamma: Any, steps: Any, changes: Any, rho: Any, count: int, out: Any
) -> None:
    weights = np.empty(MEMORY)
    first = max(0, count - MEMORY)
    for i in range(len(at)):
        own, q = at[i], out[i]
        for j in range(len(q)):
            q[j] = -g[i, j]
        for age in range(count - 1, first - 1, -1):
            slot = age % MEMORY
            step, change, total = steps[own, slot], changes[own, slot], 0.0
            for j in range(len(q)):
                total += step[j] * q[j]
            weights[slot] = total * rho[own, slot]
            for j in range(len(q)):
                q[j] -= weights[slot] * change[j]
        diagonal = inverse[own]
        for j in range(len(q)):
            q[j] *= gamma[own] * diagonal[j]
        for age in range(first, count):
            slot = age % MEMORY
            step, change, total = steps[own, slot], changes[own, slot], 0.0
            for j in range(len(q)):
                total += change[j] * q[j]
            weight = weights[slot] - total * rho[own, slot]
            for j in range(len(q)):
                q[j] += weight * step[j]


@njit(nogil=True, cache=True, fastmath={"reassoc", "contract", "nsz"})
def _add(
    at: Any, step: Any, change: Any, inverse: Any, gamma: Any, steps: Any, changes: Any, rho: Any, slot: int
) -> None:
    for i in range(len(at)):
        own, product, size = at[i], 0.0, 0.0
        s, y, diagonal = step[i], change[i], inverse[own]
        for j in range(len(s)):
            product += s[j] * y[j]
            size += y[j] * diagonal[j] * y[j]
        useful = product > TINY and size > TINY
        rho[own, slot] = 1 / product if useful else 0.0  # a pair that says nothing about the curvature is passed over
        if useful:
            gamma[own] = product / size
        for j in range(len(s)):
            steps[own, slot, j] = s[j]
            changes[own, slot, j] = y[j]
