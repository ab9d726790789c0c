from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from infoscope.core import check
from infoscope.core.measurement import Cost
from infoscope.core.shapes import TensorMembers, TensorRows
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import several
from infoscope.measure.bases.probe import Probe
from infoscope.measure.usable.fitted import calibrated, scaling
from infoscope.measure.usable.readings import Expected, ProbeSplit, Reading, Readings, SplitLabels, Target
from infoscope.measure.usable.softmax_regression import HELD
from infoscope.measure.usable.standardiser import Standardiser
from infoscope.measure.usable.temperature import Tempered, cross_entropy
from infoscope.measure.usable.wide_rows import WideRows, is_wide, outward

# Where the path of weight decays is left: on the largest entry of the gradient, and on the root mean square by which
# the next step may still move a logit. The same one is chosen as by exact solutions but where two are as good.
PATH_TOLERANCE, PATH_SHIFT = 1e-3, 3e-2


@dataclass(frozen=True)
class LinearProbe(Probe):
    """Base of probes that are softmax regressions on standardised columns: on all of them, or on a few.

    The paths of targets of as many classes are solved side by side; the chosen probe is solved again with the
    validation rows among the fitted ones, and keeps the calibration.
    """

    weight_decay: float | tuple[float, ...] = (1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)
    calibrate: bool = True
    tolerance: float = 1e-6
    iterations: int = 1000

    def cost(self, n: int, d: int, k: int) -> Cost:
        decays = len(several(self.weight_decay))
        seconds = 8e-3 + 9e-10 * decays * n * d * k + 2.3e-10 * n * d * d + 3.6e-10 * d**3  # passes, products, axes
        if is_wide(n, d, k):  # blocks of columns, and products of columns for some decays where rows are more
            return Cost(seconds, d * (8.7 * n + 4500) + (96.0 * d * d if n > d else 0.0))
        held = k * decays * min(n, d) ** 2  # blocks of the Hessian, which larger problems do without
        rows = 20.0 * n * d if n > d else d * (8.5 * n + 4500)
        return Cost(seconds, rows + 8.0 * n * decays * k + (20.0 * held if held <= HELD else 0.0))

    def _check(self) -> None:
        for decay in self._path:
            check.positive(decay, "weight_decay")
        check.positive(self.tolerance, "tolerance")
        check.count(self.iterations, "iterations")

    @property
    def _path(self) -> tuple[float, ...]:
        return self.weight_decay if isinstance(self.weight_decay, tuple) else (self.weight_decay,)

    @property
    def walk(self) -> Any:
        """How these options go about labels that are read from many columns."""
        from infoscope.measure.usable.walks import Walk

        return Walk(self._path, self.tolerance, self.iterations, self.calibrate)

    @property
    def words(self) -> str:
        return "linear softmax probes"

    @property
    def words_of_means(self) -> str:
        return "linear probes"

    def _read(
        self, z: TensorMembers, targets: Sequence[Target], splits: Sequence[ProbeSplit], seed: int
    ) -> list[Readings]:
        cells = [(m, s) for m in range(len(z)) for s in range(len(splits))]
        jobs = [partial(self._cell, z[m], targets, splits[s]) for m, s in cells]
        work = z[0].numel() * len(cells) * 1e-6
        found = parallel.run(jobs, 1 if z.device.type != "cpu" else parallel.cores(work))
        of = dict(zip(cells, found, strict=True))
        return [[[of[m, s][t] for s in range(len(splits))] for t in range(len(targets))] for m in range(len(z))]

    def _expect(self, z: Any, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> list[Expected]:
        """Ridge regression, mean square / 2 + weight_decay/2 |W|², its path in closed form along the principal axes."""
        found = []
        for split in splits:
            rows = _Turned.of(z, split, single=False)
            tried = [_ridge(rows.train, rows.x_train, y[split.train], decay) for decay in self._path]
            guesses = [mean + _product(rows.x_validation, weights) for mean, weights in tried]
            best = int(np.argmin([np.square(guess - y[split.validation]).sum() for guess in guesses]))
            mean, weights = _ridge(rows.known, rows.x_known, y[split.known], self._path[best])
            scored, known = (mean + _product(x, weights) for x in (rows.x_scored, rows.x_known))
            found.append(Expected(guesses[best], scored, known, True, f"weight decay {self._path[best]:.2g}"))
        return found

    def _kept(
        self, z: Any, target: Target, splits: Sequence[ProbeSplit], seed: int
    ) -> tuple[dict[str, np.ndarray], str]:
        """The weight decay with the least loss on the validation rows of all splits; the calibration is chosen on rows
        scored by probes that never saw them, and the weights are those of a fit to all rows."""
        from infoscope.measure.usable.softmax_regression import COARSE, Regression, solve

        k, single = target.k, self.tolerance >= COARSE
        if single and self._reads_all and is_wide(len(z), z.shape[1], k):
            wide = partial(self._kept_wide, z, target, splits[0])
            return parallel.run([wide], 1)[0]  # as it is read, so that its bits do not hang on threads
        losses, turned = np.zeros(len(self._path)), []
        for split in splits:
            columns = self._columns(z[split.train], target.y[split.train], k)
            rows = _Turned.of(z if columns is None else z[:, columns], split, single)
            problems = [Regression(target.y[split.train], decay) for decay in self._path]
            tried = solve(rows.x_train, rows.train.variances, problems, k, self.tolerance, self.iterations)
            said = _log_softmax(tried, slice(None), rows.x_validation)
            losses += [cross_entropy(log_q, target.y[split.validation]) for log_q in said]
            turned.append(rows)
        decay = self._path[int(np.argmin(losses))]
        apart: list[np.ndarray] = []
        for split, rows in zip(splits, turned, strict=True):
            problem = [Regression(target.y[split.known], decay)]
            found = solve(rows.x_known, rows.known.variances, problem, k, self.tolerance, self.iterations)
            apart.append(_log_softmax(found, slice(None), rows.x_scored)[0])
        scored, prior = np.concatenate([split.scored for split in splits]), target.prior(np.arange(len(z)))
        calibration = Tempered.none(prior, len(z))
        if self.calibrate:
            calibration = Tempered.chosen(np.concatenate(apart), target.y[scored], prior, len(z))
        columns = self._columns(z, target.y, k)
        z = z if columns is None else z[:, columns]
        every = Standardiser.of(z).rotated(z)
        whole = [Regression(target.y, decay)]
        fit = solve(every(z, single), every.variances, whole, k, self.tolerance, self.iterations)
        weights = fit.weights[0]
        tensors = {
            **scaling(every),
            "weight0": every.outward(weights[1:])[None],
            "bias0": weights[:1],
            **calibrated(calibration),
        }
        if columns is not None:
            tensors["read"] = np.asarray(columns, np.int64)
        return tensors, f"weight decay {decay:.2g}, {calibration.words}"

    def _kept_wide(self, z: Any, target: Target, split: ProbeSplit) -> tuple[dict[str, np.ndarray], str]:
        """As test rows are read that come after ``z``: the first fold is chosen by, and all rows are fitted to."""
        import torch

        split = ProbeSplit(np.sort(split.known), split.scored, split.scored[:0])
        rows = WideRows.of(z, split, turning=True)
        named, number = target.by_appearance()  # as whoever asks it does, so that nothing hangs on names of classes
        found = self.walk.gone(rows, SplitLabels.of(named, split), target.k)
        theta = found.final.theta.double()[torch.from_numpy(number).to(z.device)]
        calibration = replace(found.calibration, prior=found.calibration.prior[number])
        columns, weights = outward(z, torch.as_tensor(split.known, device=z.device), rows, theta[:, 1:].T)
        tensors = {
            **scaling(columns),
            "weight0": weights.cpu().numpy()[None],
            "bias0": theta[:, 0].cpu().numpy()[None],
            **calibrated(calibration),
        }
        return tensors, found.words

    @property
    def _reads_all(self) -> bool:
        """Hook: whether all columns are read."""
        return True

    def _columns(self, z: TensorRows, y: np.ndarray, k: int) -> np.ndarray | None:
        """Hook: which columns of ``z [n, d]`` are read, for labels ``y [n]``; None means all."""
        return None

    def _cell(self, z: TensorRows, targets: Sequence[Target], split: ProbeSplit) -> list[Reading]:
        """Every target read from one member on one split; those of as many classes are solved at once."""
        from infoscope.measure.usable.softmax_regression import COARSE

        single, readings = self.tolerance >= COARSE, dict[int, Reading]()
        many = [t for t, target in enumerate(targets) if single and is_wide(len(split.known), z.shape[1], target.k)]
        if many:
            wide = WideRows.of(z, split)
            readings = {t: self.walk.read(wide, SplitLabels.of(targets[t], split), targets[t].k) for t in many}
        if len(many) < len(targets):
            rows = _Turned.of(z, split, single)
            for k in sorted({target.k for t, target in enumerate(targets) if t not in readings}):
                places = [t for t, target in enumerate(targets) if target.k == k and t not in readings]
                labels = [SplitLabels.of(targets[t], split) for t in places]
                readings |= zip(places, self._solved(rows, labels, k), strict=True)
        return [readings[t] for t in range(len(targets))]

    def _solved(self, rows: _Turned, labels: list[SplitLabels], k: int) -> list[Reading]:
        """For each target's labels: the whole path, then the best of it with more rows."""
        from infoscope.measure.usable.softmax_regression import Regression, solve

        path = self._path
        problems = [Regression(y.train, decay) for y in labels for decay in path]
        # Only the order of their losses is wanted of these; the chosen one is solved exactly.
        coarse = max(self.tolerance, PATH_TOLERANCE) if len(path) > 1 else self.tolerance
        tried = solve(rows.x_train, rows.train.variances, problems, k, coarse, self.iterations, shift=PATH_SHIFT)
        best: list[int] = []
        for i, y in enumerate(labels):
            of = _log_softmax(tried, slice(i * len(path), (i + 1) * len(path)), rows.x_validation)
            best.append(int(np.argmin([cross_entropy(log_q, y.validation) for log_q in of])))
        problems = [Regression(y.train, path[j]) for y, j in zip(labels, best, strict=True)]
        starts = [tried.weights[i * len(path) + j] for i, j in enumerate(best)]
        chosen = solve(rows.x_train, rows.train.variances, problems, k, self.tolerance, self.iterations, starts)
        validations = _log_softmax(chosen, slice(None), rows.x_validation)
        starts = [rows.train.carried(weights, rows.known) for weights in chosen.weights]
        problems = [Regression(y.known, path[j]) for y, j in zip(labels, best, strict=True)]
        final = solve(rows.x_known, rows.known.variances, problems, k, self.tolerance, self.iterations, starts)
        readings = []
        for i, (y, log_q) in enumerate(zip(labels, validations, strict=True)):
            choose = Tempered.chosen(log_q, y.validation, y.prior, len(y.train)) if self.calibrate else None
            calibration = choose or Tempered.none(y.prior, len(y.known))
            scored, fitted = (_log_softmax(final, slice(i, i + 1), x)[0] for x in (rows.x_scored, rows.x_known))
            readings.append(
                Reading(
                    calibration(scored),
                    cross_entropy(calibration(log_q), y.validation),
                    cross_entropy(calibration(fitted), y.known),
                    bool(final.converged[i]) and bool(chosen.converged[i]),
                    f"weight decay {path[best[i]]:.2g}, {calibration.words}",
                )
            )
        return readings


class _Turned(NamedTuple):
    """One representation on one split: rows ``[n, r]`` along the principal axes of those a probe is fitted to."""

    train: Standardiser
    x_train: Any
    x_validation: Any
    known: Standardiser
    x_known: Any
    x_scored: Any

    @classmethod
    def of(cls, z: Any, split: ProbeSplit, single: bool) -> _Turned:
        train, known = z[split.train], z[split.known]
        first, second = Standardiser.of(train).rotated(train), Standardiser.of(known).rotated(known)
        return cls(
            first, first(train, single), first(z[split.validation], single),
            second, second(known, single), second(z[split.scored], single),
        )  # fmt: skip


def _ridge(columns: Standardiser, x: TensorRows, y: np.ndarray, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """The mean of ``y [n, e]`` and the weights ``[r, e]`` of rows ``x [n, r]``, for a target of unit variance."""
    mean = y.mean(0)
    moments = _product(x.T, y - mean) / len(x)
    if columns.axes is None and columns.span is None:
        return mean, np.linalg.solve(_product(x.T, x) / len(x) + decay * np.eye(x.shape[1]), moments)
    return mean, moments / (columns.variances.cpu().numpy() + decay)[:, None]


def _product(a: Any, b: Any) -> np.ndarray:
    """That of two matrices, the first a float64 tensor, found where it lies."""
    if a.device.type == "cpu":
        return a.numpy() @ np.asarray(b)
    import torch

    return (a @ torch.as_tensor(b).to(a)).cpu().numpy()


def _log_softmax(found: Any, problems: slice, x: TensorRows) -> np.ndarray:
    """Log-probabilities, float64 ``[problems, n, k]``."""
    return found.logits(problems, x).double().log_softmax(-1).cpu().numpy()
