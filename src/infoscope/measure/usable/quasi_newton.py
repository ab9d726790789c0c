"""Limited-memory quasi-Newton descents (Nocedal 1980) that go on side by side, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from infoscope.core.shapes import Block, Indices, Matrix, Vector
from infoscope.kernels.compiling import njit

MEMORY = 10
TINY = 1e-300
SUFFICIENT = 1e-4  # Armijo's constant
SHORTEST = 2.0**-29  # of a full step
PATIENCE = 20  # iterations without progress before a descent is left alone
ORDERED = {"reassoc", "contract", "nsz"}  # leaves infinities and NaN alone: they are worse than any number


class Objective(Protocol):
    """f ``[q]`` and its gradient ``[q, k w]`` at ``theta [q, k w]``, which it rounds to where it is exact."""

    def __call__(self, theta: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...

    def inverse(self, theta: np.ndarray, which: int) -> np.ndarray:
        """About that of the k blocks ``[k, w, w]`` of the Hessian at ``theta [k w]``."""
        ...


class Descents:
    """Where each of p descents is: theta ``[p, k w]``, f, the largest entry of its gradient, done, stuck, iterations.

    Parameters are k rows of w. No step changes the sum of the rows: the gradient's is zero, as for logits of k classes.
    inverse ``[p, k, w]``: a diagonal to which, but for that sum, the inverse Hessian is taken to be proportional;
    after ``patient`` iterations the objective is asked for blocks. spread ``[w]``: weights of the squares of a step,
    whose sum the next step must keep within 1 where a descent is done. most: iterations of each.
    """

    def __init__(self, theta: np.ndarray, inverse: np.ndarray, spread: np.ndarray, patient: int, most: int) -> None:
        p, self.k, _ = theta.shape
        self.theta, self.inverse = theta.reshape(p, -1), inverse.reshape(p, -1)
        self.spread, self.patient, self.most = np.tile(spread, self.k), patient, most
        self.f, self.gradient = np.full(p, np.inf), np.full(p, np.inf)
        self.done, self.stuck, self.iterations = np.zeros(p, bool), np.zeros(p, bool), np.zeros(p, np.int64)

    def go(self, objective: Objective, tolerance: float, noise: float) -> None:
        """Until every gradient is within ``tolerance``, or rounding or ``most`` iterations end it.

        noise: of 1 + f, what the objective cannot tell.
        """
        blocks = self.k if self.patient < self.most else 0
        state = _Descents.at(self.theta, self.inverse, self.iterations, blocks)
        first, going = self.iterations.copy(), np.arange(len(self.theta))
        while len(going):
            candidates = state.candidate[going]
            value, gradient = objective(candidates, going)
            state.candidate[going] = candidates
            going = going[_advance(state, self.k, self.spread, self.most, going, value, gradient, tolerance, noise)]
            for own in going[self.iterations[going] - first[going] == self.patient + 1]:
                if not state.blocks[own, 0, 0, 0]:
                    state.blocks[own] = objective.inverse(self.theta[own], int(own))
                    _forget(state, self.k, own)
        self.f, self.gradient, self.done, self.stuck = state.f, state.gradient, state.done, state.stuck


class _Descents(NamedTuple):
    """Of each descent; the step that is tried is ``length`` (zero: none yet) times the direction to the candidate."""

    theta: Any
    g: Any
    direction: Any
    candidate: Any
    inverse: Any
    f: Any
    gradient: Any
    slope: Any
    length: Any
    least_f: Any
    least_gradient: Any
    waited: Any
    count: Any
    iterations: Any
    done: Any
    stuck: Any
    steps: Any
    changes: Any
    rho: Any
    blocks: Any

    @classmethod
    def at(cls, theta: np.ndarray, inverse: np.ndarray, iterations: np.ndarray, k: int) -> _Descents:
        q, d = theta.shape
        w = d // k if k else 0
        g, direction = np.zeros((2, q, d))
        slope, length = np.zeros((2, q))
        f, gradient, least_f, least_gradient = np.full((4, q), np.inf)
        waited, count = np.zeros((2, q), np.int64)
        done, stuck = np.zeros((2, q), bool)
        return cls(
            theta, g, direction, theta.copy(), inverse, f, gradient, slope, length, least_f, least_gradient,
            waited, count, iterations, done, stuck,
            np.zeros((q, MEMORY, d)), np.zeros((q, MEMORY, d)), np.zeros((q, MEMORY)),
            np.zeros((q, max(k, 1), max(w, 1), max(w, 1))),
        )  # fmt: skip


@njit(nogil=True, cache=True, fastmath=ORDERED)
def _advance(
    state: _Descents,
    k: int,
    spread: Vector,
    most: int,
    at: Indices,
    value: Vector,
    gradient: Matrix,
    tolerance: float,
    noise: float,
) -> Any:
    """Take or halve the steps of descents ``at [q]``, by f and its gradient at their candidates; which still go on."""
    going = np.zeros(len(at), np.bool_)
    for i in range(len(at)):
        own = at[i]
        f, length = state.f[own], state.length[own]
        theta, candidate, direction, g = state.theta[own], state.candidate[own], state.direction[own], state.g[own]
        good = length == 0
        if not good:
            flatter = abs(_dot(gradient[i], direction)) <= 0.9 * abs(state.slope[own])
            slack = noise * (1 + abs(f)) if flatter else 0.0  # a decrease no larger than rounding
            good = value[i] <= f + SUFFICIENT * length * state.slope[own] + slack  # not so where it is not finite
            if not good and length > SHORTEST:
                state.length[own] = 0.5 * length
                for j in range(len(theta)):
                    candidate[j] = theta[j] + 0.5 * length * direction[j]
                going[i] = True
                continue
            if good:
                _remember(state, own, gradient[i])
            elif state.count[own]:
                state.count[own] = 0
            else:
                state.waited[own] = PATIENCE
        if good:
            state.f[own] = value[i]
            for j in range(len(theta)):  # a copy of slices would compile the words of an error
                theta[j] = candidate[j]
                g[j] = gradient[i, j]
        largest = 0.0
        for j in range(len(g)):
            largest = max(largest, abs(g[j]))
        state.gradient[own] = largest
        progress = state.f[own] < state.least_f[own] - noise * (1 + abs(state.f[own]))
        progress |= largest < 0.9 * state.least_gradient[own]
        state.waited[own] = 0 if progress else state.waited[own] + 1
        state.least_f[own] = min(state.least_f[own], state.f[own])
        state.least_gradient[own] = min(state.least_gradient[own], largest)
        while True:  # what is called is put here, so that it is called at one place
            _aim(state, k, own)
            state.done[own] = largest <= tolerance and _size(spread, direction) <= 1
            if not state.done[own] or state.blocks[own, 0, 0, 0] <= 0:
                break
            state.blocks[own] = 0  # those of a steeper place
        state.stuck[own] = state.waited[own] > PATIENCE
        going[i] = not (state.done[own] or state.stuck[own]) and state.iterations[own] < most
        if going[i]:
            state.iterations[own] += 1
            _begin(state, own)
    return going


@njit(nogil=True, cache=True, fastmath=ORDERED)
def _forget(state: _Descents, k: int, own: int) -> None:
    """Begin the step again without the memory."""
    state.count[own] = 0
    _aim(state, k, own)
    _begin(state, own)


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _begin(state: _Descents, own: int) -> None:
    theta, candidate, direction = state.theta[own], state.candidate[own], state.direction[own]
    state.slope[own], state.length[own] = _dot(state.g[own], direction), 1.0
    for j in range(len(theta)):
        candidate[j] = theta[j] + direction[j]


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _dot(a: Vector, b: Vector) -> float:
    total = 0.0
    for j in range(len(a)):
        total += a[j] * b[j]
    return total


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _size(spread: Vector, step: Vector) -> float:
    total = 0.0
    for j in range(len(step)):
        total += spread[j] * step[j] * step[j]
    return total


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _scale(q: Vector, inverse: Vector, blocks: Block, k: int) -> None:
    """The blocks, or else the diagonal, times ``q [k w]``, in place, without the means over the k before and after."""
    _centre(q, k)
    if blocks[0, 0, 0] > 0:
        w = len(q) // k
        out = np.empty(w)
        for c in range(k):
            line = q[c * w : (c + 1) * w]
            for a in range(w):
                out[a] = _dot(blocks[c, a], line)
            for a in range(w):
                line[a] = out[a]
    else:
        for j in range(len(q)):
            q[j] *= inverse[j]
    _centre(q, k)


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _centre(q: Vector, k: int) -> None:
    w = len(q) // k
    mean = np.zeros(w)
    for c in range(k):
        line = q[c * w : (c + 1) * w]
        for j in range(w):
            mean[j] += line[j] / k
    for c in range(k):
        line = q[c * w : (c + 1) * w]
        for j in range(w):
            line[j] -= mean[j]


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _remember(state: _Descents, own: int, gradient: Vector) -> None:
    """The step to the candidate and what the gradient changed by."""
    slot = state.count[own] % MEMORY
    theta, candidate, g = state.theta[own], state.candidate[own], state.g[own]
    step, change, product = state.steps[own, slot], state.changes[own, slot], 0.0
    for j in range(len(g)):
        step[j] = candidate[j] - theta[j]
        change[j] = gradient[j] - g[j]
        product += step[j] * change[j]
    state.rho[own, slot] = 1 / product if product > TINY else 0.0  # a pair without curvature is passed over
    state.count[own] += 1


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _aim(state: _Descents, k: int, own: int) -> None:
    """The direction: minus the inverse Hessian times the gradient."""
    weights = np.empty(MEMORY)
    q, g, inverse, count = state.direction[own], state.g[own], state.inverse[own], state.count[own]
    first = max(0, count - MEMORY)
    for j in range(len(q)):
        q[j] = -g[j]
    for age in range(count - 1, first - 1, -1):
        slot = age % MEMORY
        step, change = state.steps[own, slot], state.changes[own, slot]
        weight = _dot(step, q) * state.rho[own, slot]
        weights[slot] = weight
        for j in range(len(q)):
            q[j] -= weight * change[j]
    _scale(q, inverse, state.blocks[own], k)
    gamma = _gamma(state, k, own)
    for j in range(len(q)):
        q[j] *= gamma
    for age in range(first, count):
        slot = age % MEMORY
        step, change = state.steps[own, slot], state.changes[own, slot]
        weight = weights[slot] - _dot(change, q) * state.rho[own, slot]
        for j in range(len(q)):
            q[j] += weight * step[j]


@njit(nogil=True, cache=True, fastmath=ORDERED, forceinline=True)
def _gamma(state: _Descents, k: int, own: int) -> float:
    """What the inverse Hessian is of what it is taken to be proportional to, along the last change of the gradient."""
    count = state.count[own]
    for age in range(count - 1, max(0, count - MEMORY) - 1, -1):
        slot = age % MEMORY
        if state.rho[own, slot] > 0:
            change = state.changes[own, slot]
            scaled = change.copy()
            _scale(scaled, state.inverse[own], state.blocks[own], k)
            size = _dot(change, scaled)
            if size > TINY:
                return 1 / (state.rho[own, slot] * size)
    return 1.0
