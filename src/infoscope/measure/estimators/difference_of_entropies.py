from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import INFORMATION
from infoscope.core.shapes import AnyRows, RowsOrLabels
from infoscope.kernels import parallel
from infoscope.measure.bases.cross_fitted import GAP, NOT_FINITE, QUANTILE, VALIDATION, CrossFitted, first_doubts
from infoscope.measure.critics.inputs import components, normal_scores, with_length
from infoscope.measure.critics.mixture_heads import MixtureHeads, coordinates, rank
from infoscope.measure.critics.training import fit, random_numbers, split
from infoscope.measure.intervals.groups import Groups, scatter
from infoscope.measure.intervals.jackknife import followed
from infoscope.measure.intervals.uncertainties import CRITICS_FIXED

AT_FLOOR = 0.5  # share of the scales of q(y given x) that cannot shrink further
REPEATED = 0.5  # share of rows of y that are there more than once


def _repeated(values: np.ndarray) -> float:
    """The share of ``values`` that are there more than once."""
    counts = np.unique(values, return_counts=True)[1]
    return float(counts[counts > 1].sum() / len(values))


@dataclass(frozen=True)
class DifferenceOfEntropies(CrossFitted):
    """H(Y) - H(Y|X) with fitted densities of Y and of Y given X: no ceiling at log n, and no side of the truth.

    Each term is the cross-entropy of held-out rows under a mixture of ``parts`` Gaussians (McAllester & Stratos 2020,
    section 4), so each is too large by what the density misses, and their difference can err either way: more so
    upwards when q(y) is the poorer one. y's columns go through normal scores and are turned to canonical coordinates,
    in which q(y given x) starts from the linear Gaussian prediction; a network of x adds what it finds. Training,
    stopping and reading are cross-fitted as for the critics. Takes densities only: on labels or repeated values of y
    the number is that of the smallest scale (TIED). UNRESOLVED where the rows trained on have more by over the width of
    the interval (and .1 nats): the densities then follow the rows, and the interval knows nothing of that.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "difference_of_entropies"))
    I(X;Y) = 0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "the question"
    second: ClassVar[tuple[str, ...]] = ("real",)
    invariant: ClassVar[tuple[str, ...]] = ("shift", "scale", "monotone")
    suits: ClassVar[tuple[str, ...]] = ("smooth", "gaussian")
    slow: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 20, "folds": 2, "width": 16}

    parts: int = 4
    learning_rate: float = 0.003

    def _check(self) -> None:
        check.count(self.parts, f"parts of {self.id}")
        super()._check()

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels, groups: Groups | None = None) -> Estimate:
        n, folds = len(x), self._folds(len(x), groups)
        self._must_be_enough(n, groups)
        device = x.device if check.is_tensor(x) else torch.device("cpu")
        x, y = (normal_scores(check.on_cpu(z)) for z in (x, y))
        estimand = (
            f"H(Y) - H(Y|X) as held-out cross-entropies, mixtures of {self.parts} Gaussians, "
            f"network {'-'.join([str(self.width)] * self.depth)}, {folds} folds"
        )
        if not x.any() or not y.any():
            constant = Doubt(Status.DEGENERATE, "x or y is constant")
            return Estimate(0.0, INFORMATION, estimand, n).doubted(constant)
        with torch.inference_mode(False), torch.enable_grad():
            terms, gap, at_floor, late, broken = parallel.run([lambda: self._terms(x, y, folds, device, groups)], 1)[0]
        value, half = float(terms.mean()), QUANTILE * float(terms.std()) / math.sqrt(n)
        if groups is not None:
            half = scatter(terms, groups).half()
        doubts = first_doubts(value, late, gap)
        if gap > max(GAP, 2 * half):
            doubts.append(Doubt(Status.UNRESOLVED))  # trained on and held out, answers are further apart than this
        if at_floor > AT_FLOOR:
            narrow = "the density of y given x is as narrow as it may be: y is a function of x, or nearly"
            doubts.append(Doubt(Status.SATURATED, narrow))
        repeated = float(np.mean([_repeated(column) for column in y.T]))
        if repeated > REPEATED:
            tied = f"{repeated:.0%} of the values of y are there more than once in their column: no density"
            doubts.append(Doubt(Status.TIED, tied))
        if broken:
            doubts.append(NOT_FINITE)
        estimate = Estimate(value, INFORMATION, estimand, n).doubted(*doubts)
        estimate = estimate.within((value - half, value + half), CRITICS_FIXED.over(groups))
        return followed(estimate, terms, None, (x, y)) if groups is None else estimate

    def _terms(
        self, x: np.ndarray, y: np.ndarray, folds: int, device: torch.device, groups: Groups | None
    ) -> tuple[np.ndarray, float, float, float, bool]:
        """ln q(y|x) - ln q(y) of every row by the fold that held it out ``[n]``, the gap between trained and held-out
        rows, the share of scales at their floor, what the last updates added, and whether training broke."""
        generator = random_numbers(self.seed)
        parts = split(len(x), folds, VALIDATION, generator, groups)
        of_x, of_y = components(x), torch.from_numpy(y)
        width = max(rank(of_y, rest) for rest in parts.rests)
        found = [coordinates(of_x, of_y, rest, width) for rest in parts.rests]
        targets, centres = (torch.stack([getattr(one, name) for one in found]).to(device) for name in ("y", "centre"))
        log_scale = torch.stack([one.log_scale for one in found])[:, None].to(device)
        inputs = torch.from_numpy(with_length(x)).to(device)
        heads = MixtureHeads(inputs.shape[1], width, [self.width] * self.depth, self.parts)
        model = torch.arange(folds, device=device)[:, None]

        def densities(parameters: list[Tensor], rows: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return heads.log_densities(parameters, inputs[rows], targets[model, rows], centres[model, rows], log_scale)

        def goal(parameters: list[Tensor], rows: Tensor) -> Tensor:
            given, alone, _ = densities(parameters, rows)
            return given.mean(1) + alone.mean(1)

        train, validation = parts.train.to(device), parts.validation.to(device)
        with torch.no_grad():
            initial = [p.to(device) for p in heads.initial(folds, generator)]

        def judged(parameters: list[Tensor]) -> Tensor:
            with torch.no_grad():
                return goal(parameters, validation)

        fitted = fit(initial, goal, judged, train, self._schedule, folds)
        terms, gaps, floors = np.empty(len(x)), [], []
        longest = max(len(test) for test in parts.tests)
        with torch.no_grad():
            tests = torch.stack([torch.cat([test, test[:1].expand(longest - len(test))]) for test in parts.tests])
            given, alone, at_floor = densities(fitted.parameters, tests.to(device))
            for k, test in enumerate(parts.tests):
                terms[test.numpy()] = (given - alone)[k, : len(test)].double().cpu().numpy()
            given, alone, _ = densities(fitted.parameters, train)
            gaps = (given - alone).mean(1).double().cpu().numpy()
            floors = at_floor.double().cpu().numpy()
        gap, late = float(gaps.mean()) - float(terms.mean()), float(fitted.late.mean())
        return terms, gap, float(floors.mean()), late, bool(fitted.broken.any())
