from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from scipy.special import digamma
from torch import Tensor

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Cost
from infoscope.core.quantity import INFORMATION
from infoscope.core.shapes import AnyRows, Beside, Labels
from infoscope.kernels import draws, parallel
from infoscope.measure.bases.estimator import Estimator
from infoscope.measure.critics.inputs import PARTS, canonical, components, one_hot
from infoscope.measure.intervals.groups import LEAST, Groups, Scatter, left_out
from infoscope.measure.intervals.jackknife import followed, one_of_each, parts_of
from infoscope.measure.intervals.uncertainties import DIRECTIONS_FIXED
from infoscope.measure.neighbours import slices
from infoscope.measure.neighbours.sliced import local_information

QUANTILE = 1.959963984540054
BINS = 12  # of the smooth surrogate, on each projection's normal probabilities
SURROGATE_ROWS = 2000
LEARNING_RATE = 0.05
FROM_CANONICAL = 4  # starts along canonical directions; the others are random


@dataclass(frozen=True)
class MaxSliced(Estimator):
    """Max-sliced mutual information: what the best single projection of x says of the best one of y, held out.

    sup I(a·X; b·Y) over directions is at most I(X;Y) and not less than the sliced information (Tsur, Goldfeld &
    Greenewald 2023). In each half of the rows the directions are sought, from canonical and random ``starts``, by
    gradient ascent on the information of softly binned projections; neighbours then judge the best start there, and
    its information is read on the other half, so that the choice does not flatter the value. By data processing the
    value is a lower bound on I(X;Y), up to the bias of KSG-1 (Ross 2014 for labels) in two dimensions. The ascent may
    miss the best pair: the estimand is the information of the directions found.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "max_sliced"))
    I(X;Y) ≥ 0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "a lower bound"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    bounds: ClassVar[dict[str, str]] = {"I(X;Y)": "lower"}
    invariant: ClassVar[tuple[str, ...]] = ("names",)
    grouped: ClassVar[str] = "own"
    presses: ClassVar[bool] = True
    suits: ClassVar[tuple[str, ...]] = ("patterns",)
    slow: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 5, "starts": 4}

    starts: int = 16
    steps: int = 100
    k: int = 3
    seed: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        tries = self.starts * self.steps
        return Cost(
            4e-3 + tries * (4e-4 + n * (1.3e-7 + 4e-9 * d)), 5e4 + (450.0 if k > 1 else 850.0) * n + 48.0 * n * d
        )

    def _check(self) -> None:
        for name, least in (("starts", 1), ("steps", 0), ("k", 1), ("seed", 0)):
            check.count(getattr(self, name), f"{name} of {self.id}", least)

    def _mutual_information(self, x: AnyRows, y: Beside | Labels, groups: Groups | None = None) -> Estimate:
        n, least = len(x), 2 * max(self.k + 1, 2 * PARTS)
        x, y = slices.centred(x), check.on_cpu(y) if y.ndim == 1 else slices.centred(y)
        if groups is not None:
            rows = one_of_each((x, y), groups)
            x, y, groups = x[rows], y[rows], groups.part(rows)
        if len(x) < least:
            raise InputError(
                f"{len(x)} rows arrived, {self.id} with k={self.k} wants at least {least}: pass more samples"
            )
        sides = "x" if y.ndim == 1 else "x and y"
        estimand = (
            f"information of the best projections of {sides} found, {'KSG-1' if y.ndim > 1 else 'Ross'}, k={self.k}"
        )
        if not x.any() or not (y != y[:1]).any():
            constant = Doubt(Status.DEGENERATE, "x or y is constant")
            return Estimate(0.0, INFORMATION, estimand, n, bound="lower").doubted(constant)
        if groups is None:
            order = draws.order(n, self.seed)
            halves = np.sort(order[: n // 2]), np.sort(order[n // 2 :])
        else:
            halves = tuple(groups.deal(2, self.seed))
        local, trained, found = np.empty(len(x)), [], []
        for fitted, judged in (halves, halves[::-1]):
            of_fitted, of_judged = (None if groups is None else groups.part(rows) for rows in (fitted, judged))
            a, b, there = parallel.run([lambda rows=fitted, of=of_fitted: self._best(x[rows], y[rows], of)], 1)[0]
            trained.append(there)
            b = None if b is None else b[None]
            local[judged] = self._local(x[judged], y[judged], a[None], b, of_judged)[0]
            if groups is not None:
                found.append((judged, a[None], b))
        value = float(local.mean())
        if groups is None:
            half = QUANTILE * float(local.std(ddof=1)) / math.sqrt(n)
        else:
            half = self._left_out(x, y, groups, found).half() if groups.count >= LEAST else 0.0
        ceiling = float(digamma(len(x) // 2) - digamma(self.k))
        doubts = slices.doubts(value, ceiling, slices.alone_in_class(y))
        gap = float(np.mean(trained)) - value
        if gap > max(0.1, value):
            better = f"{gap:.2g} nats more on the rows the directions were sought in than on the others"
            doubts.append(Doubt(Status.UNDERSAMPLED, better))
        estimate = Estimate(value, INFORMATION, estimand, n, bound="lower").doubted(*doubts)
        estimate = estimate.within((value - half, value + half), DIRECTIONS_FIXED.over(groups))
        if groups is not None:
            return estimate
        real = (x, y) if y.ndim > 1 else (x,)
        return followed(estimate, local, y if y.ndim == 1 else None, real)

    def _left_out(self, x: np.ndarray, y: np.ndarray, groups: Groups, found: list[tuple[np.ndarray, ...]]) -> Scatter:
        """How the mean scatters over groups, along the directions ``found`` for the rows judged."""
        parts, without = parts_of(groups), []
        for part in range(parts.count):
            sums = rows = 0
            for judged, a, b in found:
                rest = judged[parts.ids[judged] != part]
                if len(rest) > self.k:
                    sums += self._local(x[rest], y[rest], a, b, groups.part(rest)).sum()
                    rows += len(rest)
            without.append(sums / max(rows, 1))
        return left_out(np.array(without), parts)[1]

    def _local(
        self, x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray | None, groups: Groups | None
    ) -> np.ndarray:
        """Local information ``[s, n]`` along the directions ``a [s, d]`` and ``b [s, e]``."""
        y = np.unique(y, return_inverse=True)[1] if b is None else slices.projected(y, b)
        return local_information(slices.projected(x, a), y, self.k, groups=groups)

    def _best(self, x: np.ndarray, y: np.ndarray, groups: Groups | None) -> tuple[np.ndarray, np.ndarray | None, float]:
        """The directions of the best start, for the rows as they are, and their information in these rows."""
        scale_x, scale_y = _spread(x), _spread(y) if y.ndim > 1 else None
        z = x / scale_x
        other = one_hot(np.unique(y, return_inverse=True)[1]) if scale_y is None else y / scale_y
        a, b = self._first(z, other)
        with torch.inference_mode(False), torch.enable_grad():
            a, b = self._ascend(z[:SURROGATE_ROWS], other[:SURROGATE_ROWS], a, b, scale_y is None)
        a = a / scale_x
        b = None if scale_y is None else b / scale_y
        there = self._local(x, y, a, b, groups).mean(axis=1)
        best = int(there.argmax())
        return a[best], None if b is None else b[best], float(there[best])

    def _first(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where to start from: canonical directions, then random ones: ``[starts, d]`` and ``[starts, e]``."""
        a, b = (
            slices.frames(self.starts, z.shape[1], 1, 2 * self.seed + side)[:, :, 0] for side, z in enumerate((x, y))
        )
        if x.shape[1] == components(x).shape[1] and y.shape[1] == components(y).shape[1]:
            found = canonical(torch.from_numpy(x), torch.from_numpy(y), torch.arange(len(x)))
            many = min(FROM_CANONICAL, self.starts, len(found.correlations))
            a[:many], b[:many] = found.u_directions.T[:many].numpy(), found.v_directions.T[:many].numpy()
        return a, b

    def _ascend(
        self, x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, labels: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both directions of every start after ``steps`` updates of Adam on the softly binned information."""
        tx, ty, ta, tb = (torch.from_numpy(np.ascontiguousarray(z)).float() for z in (x, y, a, b))
        given = ty.expand(len(ta), -1, -1) if labels else None
        directions = [torch.nn.functional.normalize(z, dim=1).requires_grad_() for z in (ta, tb)]
        first, second = ([torch.zeros_like(z) for z in directions] for _ in range(2))
        for step in range(1, self.steps + 1):
            along = _soft_bins(directions[0] @ tx.T)
            across = given if given is not None else _soft_bins(directions[1] @ ty.T)
            gain = _information(along.transpose(1, 2) @ across / len(tx)).sum()
            gradients = torch.autograd.grad(gain, directions, allow_unused=True)
            with torch.no_grad():
                for z, gradient, m1, m2 in zip(directions, gradients, first, second, strict=True):
                    if gradient is None:
                        continue
                    m1.lerp_(gradient, 0.1)
                    m2.lerp_(gradient**2, 0.01)
                    z += LEARNING_RATE * (m1 / (1 - 0.9**step)) / ((m2 / (1 - 0.99**step)).sqrt() + 1e-8)
                    z /= z.norm(dim=1, keepdim=True)
        found = [z.detach().double().numpy() for z in directions]
        return found[0], found[1]


def _spread(z: np.ndarray) -> np.ndarray:
    spread = z.std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _soft_bins(projection: Tensor) -> Tensor:
    """Share of each row ``[s, n]`` in BINS bins of its standardised value's normal probability: ``[s, n, BINS]``."""
    z = projection - projection.mean(1, keepdim=True)
    z = z / (z.square().mean(1, keepdim=True) + 1e-12).sqrt()
    place = torch.special.ndtr(z) * (BINS - 1)
    return (1 - (place[:, :, None] - torch.arange(BINS, dtype=z.dtype)).abs()).clamp(min=0)


def _information(joint: Tensor) -> Tensor:
    """Information ``[s]`` of the tables ``joint [s, a, b]``."""
    product = joint.sum(2, keepdim=True) * joint.sum(1, keepdim=True)
    return (joint * ((joint + 1e-9).log() - (product + 1e-9).log())).sum((1, 2))
