"""The variational estimators: critics trained on some folds of the rows and read on the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from infoscope.core import check
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import INFORMATION, LABEL_INFORMATION, Quantity
from infoscope.core.shapes import AnyRows, Labels, Members, RowsOrLabels
from infoscope.kernels import parallel
from infoscope.measure.bases.cross_fitted import NOT_FINITE, QUANTILE, VALIDATION, CrossFitted, first_doubts
from infoscope.measure.critics.bounds import (
    WILD,
    Critic,
    CriticObjective,
    CriticReading,
    held_out,
    log_partition,
    objective,
    read,
)
from infoscope.measure.critics.inputs import (
    LARGEST,
    canonical,
    components,
    normal_scores,
    one_hot,
    with_length,
)
from infoscope.measure.critics.networks import Concatenated, CriticInputs, PairScores, Separable, gaussian_part, rows_of
from infoscope.measure.critics.training import fit, random_numbers, split
from infoscope.measure.intervals.groups import Groups, scatter
from infoscope.measure.intervals.jackknife import followed
from infoscope.measure.intervals.uncertainties import CRITICS_FIXED
from infoscope.measure.symbols.labels import CEILING

VALIDATION_BLOCKS = 4  # of at most a batch, whose pairs are looked at
MODELS = 12  # in one stack
SCALES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a trained critic, for the validation rows to choose from


@dataclass(frozen=True)
class Reached:
    """What one critic said of its fold.

    rows: of the fold, to which ``influence`` belongs. gap: the value on rows it was trained on, less ``value``.
    at_limit: whether a canonical correlation is as close to one as a critic may believe.
    """

    rows: np.ndarray
    value: float
    influence: np.ndarray
    wildness: float
    partners: int
    gap: float
    scale: float
    late: float
    broken: bool
    at_limit: bool


def _in_order(folds: Sequence[Reached], n: int) -> np.ndarray:
    """The influence of each row ``[n]``, in the order of the rows."""
    each = np.empty(n)
    for fold in folds:
        each[fold.rows] = fold.influence
    return each


@dataclass(frozen=True)
class Critics(CrossFitted):
    """Base of the estimators that train critics f(x, y).

    Each column of x and y goes through normal scores (a one-to-one map, fitted without the other variable). Rows are
    dealt to ``folds``; the critic of a fold is trained on the other folds, less a share of them on which training is
    stopped and the critic's scale chosen, and the bound is read on the fold. So no row is judged by a critic that was
    fitted to it, and on average over samples a lower bound stays one. Every fold, and every member of a trajectory,
    trains in one stacked program.
    """

    critic: Literal["separable", "concatenated"] = "separable"

    least_batch: ClassVar[int] = 4

    objective: ClassVar[CriticObjective] = "infonce"
    reading: ClassVar[CriticReading] = "infonce"
    words: ClassVar[str] = "InfoNCE"

    def cost(self, n: int, d: int, k: int) -> Cost:
        folds = self._folds(n)
        sample = min(len(SCALES) * self.batch, n - n / folds)  # every pair of it chooses the scale of each fold
        return super().cost(n, d, k)._replace(bytes=2e5 + 21.0 * folds * sample**2 + 56.0 * n * d)

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels, groups: Groups | None = None) -> Estimate:
        return self._informations(x[None], y, INFORMATION, groups)[0]

    def _members(self, t: Any, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        found = {name: self._informations(t, y, LABEL_INFORMATION, groups) for name, y in labels.items()}
        return [[Measured(name, estimates[m]) for name, estimates in found.items()] for m in range(len(t))]

    def _informations(self, t: Members, y: RowsOrLabels, quantity: Quantity, groups: Groups | None) -> list[Estimate]:
        """I of every member of ``t [m, n, d]`` with ``y``, labels ``[n]`` or rows ``[n, e]``."""
        n = t.shape[1]
        self._must_be_enough(n, groups)
        device = t.device if check.is_tensor(t) else torch.device("cpu")
        t, y = (check.on_cpu(z) for z in (t, y))
        of_y = normal_scores(one_hot(y) if y.ndim == 1 else y)
        of_t = [normal_scores(member) for member in t]
        alive = [m for m, scores in enumerate(of_t) if scores.any() and of_y.any()]
        together = max(1, MODELS // self._folds(n, groups))
        stacks = [alive[k : k + together] for k in range(0, len(alive), together)]
        jobs = [partial(self._reach, [of_t[m] for m in stack], of_y, device, groups) for stack in stacks]
        threads = parallel.cores() if device.type == "cpu" else 1
        reached = dict(zip(alive, (r for stack in parallel.run(jobs, threads) for r in stack), strict=True))
        dense_y = len(np.unique(of_y, axis=0)) > n / 2
        labels, estimates = y if y.ndim == 1 else None, []
        for m in range(len(t)):
            dense = dense_y and len(np.unique(of_t[m], axis=0)) > n / 2
            folds = reached.get(m)
            estimate = self._estimate(folds, n, quantity, dense, groups)
            if folds is not None and groups is None:
                estimate = followed(estimate, _in_order(folds, n), labels, (of_t[m], of_y))
            estimates.append(estimate)
        return estimates

    def _reach(
        self, x: Sequence[np.ndarray], y: np.ndarray, device: torch.device, groups: Groups | None
    ) -> list[list[Reached]]:
        """What the critic of each fold says, for the normal scores of each member ``x [n, d]`` and of ``y [n, e]``."""
        with torch.inference_mode(False), torch.enable_grad():
            return self._train_and_read(x, y, device, groups)

    def _train_and_read(
        self, x: Sequence[np.ndarray], y: np.ndarray, device: torch.device, groups: Groups | None
    ) -> list[list[Reached]]:
        n, folds, members = len(y), self._folds(len(y), groups), len(x)
        generator = random_numbers(self.seed)
        parts = split(n, folds, VALIDATION, generator, groups)
        train = parts.train.repeat(members, 1).to(device)
        block = min(parts.validation.shape[1], self.batch)
        used = min(parts.validation.shape[1] // block, VALIDATION_BLOCKS) * block
        validation = parts.validation[:, :used].repeat(members, 1).to(device)

        of_y, of_x = components(y), [components(one) for one in x]
        pairs = [canonical(one, of_y, rest) for one in of_x for rest in parts.rests]
        u, v = gaussian_part(pairs, [one for one in of_x for _ in parts.rests], of_y)
        inputs = rows_of([with_length(one) for one in x], with_length(y), device)
        rows = CriticInputs(
            *inputs, torch.arange(members, device=device).repeat_interleave(folds), u.to(device), v.to(device)
        )

        make = Separable if self.critic == "separable" else Concatenated
        critic: Critic = make(inputs[0].shape[2], inputs[1].shape[1], [self.width] * self.depth)
        initial = [p.repeat(members, 1, 1).to(device) for p in critic.initial(folds, generator)]
        sample = torch.cat([validation, train], 1)[:, : len(SCALES) * self.batch]
        rows = self._calibrated(rows, sample)
        goal = self._goal(critic, rows)

        def judged(parameters: list[Tensor], scale: float = 1.0) -> Tensor:
            with torch.no_grad():
                left, right = critic.embed(parameters, rows, validation)
                blocks = range(0, validation.shape[1], block)
                batches = [(scale * left[:, at : at + block], right[:, at : at + block]) for at in blocks]
                return torch.stack(
                    [objective(self.objective, critic.training_pairs(parameters, *one)) for one in batches]
                ).mean(0)

        fitted = fit(initial, goal, judged, train, self._schedule, folds)
        worth = torch.stack([judged(fitted.parameters, scale) for scale in SCALES])
        scales = np.array(SCALES)[worth.nan_to_num(-math.inf).argmax(0).cpu().numpy()]
        found = []
        for m in range(members * folds):
            one = CriticInputs(rows.x, rows.y, rows.member[m : m + 1], rows.u[m : m + 1], rows.v[m : m + 1])
            mine = [p[m : m + 1] for p in fitted.parameters]
            scores = partial(held_out, critic, mine, one, scale=float(scales[m]), clip=self._clip)
            constant = scores(validation[m]).log_partition if self.reading == "nwj" else 0.0
            test = parts.tests[m % folds].to(device)
            seen = scores(test)
            value, influence = read(self.reading, seen, constant)
            trained, _ = read(self.reading, scores(train[m, : len(test)]), constant)
            found.append(
                Reached(
                    parts.tests[m % folds].numpy(),
                    value,
                    influence,
                    seen.wildness,
                    seen.partners,
                    trained - value,
                    float(scales[m]),
                    float(fitted.late[m]),
                    bool(fitted.broken[m]),
                    bool((pairs[m].correlations ** 2 > LARGEST - 1e-9).any()),
                )
            )
        return [found[m * folds : (m + 1) * folds] for m in range(members)]

    def _calibrated(self, rows: CriticInputs, sample: Tensor) -> CriticInputs:
        """``rows`` with the Gaussian part of every model times the scale, plus the constant, that serve it best.

        Far from Gaussian (x one of few patterns, say) it is much too sure of itself. One number is no overfit, so the
        rows to be trained on may choose it.
        """
        with torch.no_grad():
            _, _, u, v = rows.take(sample)
            every = u @ v.transpose(1, 2)
            own = torch.eye(every.shape[1], dtype=torch.bool, device=every.device)
            worth, constants = [], []
            for scale in SCALES:
                pairs = PairScores(scale * every.diagonal(dim1=1, dim2=2), scale * every, own)
                constants.append(-log_partition(pairs))
                shift = constants[-1][:, None]
                worth.append(
                    objective(self.objective, PairScores(pairs.joint + shift, pairs.every + shift[:, None], own))
                )
            best = torch.stack(worth).argmax(0)[None]
            scale = torch.tensor(SCALES, device=u.device)[best[0]]
            u = rows.u * scale[:, None, None]
            u[:, :, -2] += torch.stack(constants).gather(0, best)[0][:, None]
        return replace(rows, u=u)

    def _goal(self, critic: Critic, rows: CriticInputs) -> Any:
        """What one update raises: parameters and rows ``[m, b]`` to values ``[m]``."""

        def goal(parameters: list[Tensor], chosen: Tensor) -> Tensor:
            left, right = critic.embed(parameters, rows, chosen)
            return objective(self.objective, critic.training_pairs(parameters, left, right))

        return goal

    @property
    def _clip(self) -> float | None:
        return None

    def _ceiling(self, n: int, partners: int) -> tuple[float, str]:
        """Where the value stops telling, and its name."""
        return math.log(n), "log n: more takes exponentially many samples (McAllester & Stratos 2020)"

    def _estimate(
        self, folds: list[Reached] | None, n: int, quantity: Quantity, dense: bool, groups: Groups | None
    ) -> Estimate:
        hidden = "-".join([str(self.width)] * self.depth)
        estimand = f"{self.words}, {self.critic} critic {hidden}, {self._folds(n, groups)} folds"
        bound: Any = self.bounds.get(INFORMATION, "none")
        if folds is None:
            constant = Doubt(Status.DEGENERATE, "x or y is constant")
            return Estimate(0.0, quantity, estimand, n, bound=bound).doubted(constant)
        sizes = np.array([len(fold.influence) for fold in folds])
        value = float(np.average([fold.value for fold in folds], weights=sizes))
        if groups is None:
            half = QUANTILE * math.sqrt(sum(float((fold.influence**2).sum()) for fold in folds)) / n
        else:
            half = scatter(_in_order(folds, n), groups).half()
        estimate = Estimate(value, quantity, estimand, n, bound=bound)
        estimate = estimate.within((value - half, value + half), CRITICS_FIXED.over(groups))
        return estimate.doubted(*self._doubts(folds, value, half, n, dense))

    def _doubts(self, folds: list[Reached], value: float, half: float, n: int, dense: bool) -> list[Doubt]:
        gap = float(np.mean([fold.gap for fold in folds]))
        wild = max(fold.wildness for fold in folds)
        late = float(np.mean([fold.late for fold in folds]))
        ceiling, name = self._ceiling(n, min(fold.partners for fold in folds))
        still = sum(fold.scale == 0 for fold in folds)
        doubts = first_doubts(value, late, gap)
        if value - half <= 0:
            zero = "not told from zero: independence, or a dependence that these critics do not find in so few rows"
            of_them = f" (in {still} of {len(folds)} folds none beat a constant one)" if still else ""
            doubts.append(remark(zero + of_them))
        if value >= CEILING * ceiling:
            doubts.append(Doubt(Status.SATURATED, f"the ceiling is {ceiling:.4g} nats, {name}"))
        if dense and all(fold.at_limit for fold in folds):
            agree = "a direction of x and one of y agree to 1 %: the information may be without limit"
            doubts.append(Doubt(Status.SATURATED, agree))
        if self.reading != "infonce" and wild > WILD:
            few = f"few pairs hold most of the partition function (relative standard error {wild:.2g})"
            doubts.append(Doubt(Status.NOT_CONVERGED, few))
        if any(fold.broken for fold in folds):
            doubts.append(NOT_FINITE)
        return doubts
