"""Probe speed: grids of linear and of small MLP probes, CPU seconds of one thread, against a user's loops.

    python bench/probes.py [cells] [--json FILE]

Linear: ``cells`` representations of 10 000 rows, 64 correlated ReLU-like columns, 10 classes, weight decay 1e-4; and a
path of eight weight decays on an eighth of them. The peer is scikit-learn's ``LogisticRegression`` (lbfgs, tolerance
1e-6) after ``StandardScaler``, in a loop, at the same optimum: the largest gaps of the objective and of the loss on
5000 other rows are printed. Ours includes standardising and rotating to principal axes. The limit is what the passes
over the rows cost at least: two float32 matrix products, at the rate of a large one on this machine in the same run,
and one exponential a class and row, for as many passes as were made.

MLP: ``cells`` probes with 32 hidden units on 8 columns, 300 updates of 200 rows, against a PyTorch loop of ``Linear``,
``AdamW`` and autograd, which looks at no validation rows; ours does every 20 updates. Beside it the stack of all probes
as one program of torch, which trains on accelerators. The limit is the multiply-adds of forward and backward at the
same rate. Ours and the peers take turns, so that other work on the machine meets both.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch.nn import functional

from _machine import multiply_rate
from infoscope.measure.critics.training import Fit, TrainingSchedule
from infoscope.measure.usable import softmax_regression
from infoscope.measure.usable.mlp_training import Stack, outputs
from infoscope.measure.usable.softmax_regression import Regression, Solution, solve
from infoscope.measure.usable.standardiser import Standardiser

ROWS, TEST, COLUMNS, CLASSES = 10_000, 5000, 64, 10
DECAY, PATH = 1e-4, tuple(10.0 ** (-5 + 5 * i / 7) for i in range(8))
TOLERANCE = 1e-6  # the default of `linear`
SMALL, HIDDEN, UPDATES, BATCH = 8, 32, 300, 200
T = TypeVar("T")


def representation(cell: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``[ROWS + TEST, COLUMNS]`` whose classes are ever further apart, correlated and cut at zero."""
    rng = np.random.default_rng(cell)
    y = rng.integers(CLASSES, size=ROWS + TEST)
    apart = 0.2 * 40 ** (cell / max(1, cells - 1))
    rows = rng.normal(size=(len(y), COLUMNS)) + apart * rng.normal(size=(CLASSES, COLUMNS))[y] / COLUMNS**0.5
    mixed = rows @ rng.normal(size=(COLUMNS, COLUMNS)) / COLUMNS**0.5 + 0.3
    return np.maximum(mixed, 0).astype(np.float32), y


def seconds(call: Callable[[], T]) -> tuple[float, T]:
    start = time.process_time()
    result = call()
    return time.process_time() - start, result


class Linear:
    """Runs of both on the same cells, and how far apart their optima are."""

    def __init__(self, decays: Sequence[float]) -> None:
        self.decays = decays
        self.ours = self.theirs = self.objective_gap = self.loss_gap = 0.0
        self.fits = 0
        self.losses: list[float] = []

    def run(self, z: np.ndarray, y: np.ndarray) -> None:
        spent, found = seconds(lambda: self._ours(z[:ROWS], y[:ROWS]))
        self.ours += spent
        spent, fits = seconds(lambda: self._theirs(z[:ROWS], y[:ROWS]))
        self.theirs += spent
        self._compare(found, fits, z, y)

    def _ours(self, z: np.ndarray, y: np.ndarray) -> tuple[Standardiser, Solution]:
        fitted = torch.from_numpy(z)
        columns = Standardiser.of(fitted).rotated(fitted)
        rows = columns(fitted, single=True)
        problems = [Regression(y, decay) for decay in self.decays]
        return columns, solve(rows, columns.variances, problems, CLASSES, TOLERANCE, 1000)

    def _theirs(self, z: np.ndarray, y: np.ndarray) -> tuple[StandardScaler, list[LogisticRegression]]:
        scaler = StandardScaler()
        x = scaler.fit_transform(z.astype(np.float64))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fits = [LogisticRegression(C=1 / (d * ROWS), tol=1e-6, max_iter=5000).fit(x, y) for d in self.decays]
        return scaler, fits

    def _compare(
        self,
        found: tuple[Standardiser, Solution],
        fits: tuple[StandardScaler, list[LogisticRegression]],
        z: Any,
        y: Any,
    ) -> None:
        columns, solution = found
        scaler, models = fits
        ours = solution.logits(slice(None), columns(torch.from_numpy(z))).log_softmax(-1).numpy()
        every = np.arange(len(y))
        for i, (decay, model) in enumerate(zip(self.decays, models, strict=True)):
            theirs = model.predict_log_proba(scaler.transform(z.astype(np.float64)))
            penalty = 0.5 * decay * float((model.coef_**2).sum())
            objective = penalty - theirs[every, y][:ROWS].mean()
            gap = float(solution.objective[i]) - objective
            tested = [-log_p[every, y][ROWS:].mean() / np.log(2) for log_p in (ours[i], theirs)]
            self.objective_gap = max(self.objective_gap, abs(gap))
            self.loss_gap = max(self.loss_gap, abs(tested[0] - tested[1]))
            self.losses.append(tested[1])
            self.fits += 1


def counted() -> list[int]:
    """Counts the passes over rows that the solver makes from now on, one a problem."""
    passes, original = [0], softmax_regression._CrossEntropy.__call__

    def call(self, theta, which):
        passes[0] += len(which)
        return original(self, theta, which)

    softmax_regression._CrossEntropy.__call__ = call
    return passes


def per_exponential() -> float:
    """CPU seconds of one float32 exponential."""
    numbers = torch.rand(20_000) - 1
    return min(seconds(lambda: [numbers.exp() for _ in range(20)])[0] for _ in range(30)) / 20 / numbers.numel()


def linear(cells: int, decays: Sequence[float], passes: list[int]) -> dict[str, float]:
    run = Linear(decays)
    z, y = representation(1, 2)  # far apart, so that all of the solver is met
    run._ours(z[:ROWS], y[:ROWS])  # compiles
    passes[0] = 0
    for cell in range(cells):
        run.run(*representation(cell, cells))
    limit = passes[0] * ROWS * CLASSES * (2 * COLUMNS / multiply_rate() + per_exponential())
    return {
        "fits": run.fits, "ours_s": run.ours, "scikit_learn_s": run.theirs, "ratio": run.theirs / run.ours,
        "limit_s": limit, "times_limit": run.ours / limit, "passes_per_fit": passes[0] / run.fits,
        "objective_gap_nats": run.objective_gap, "test_loss_gap_bits": run.loss_gap,
        "test_loss_bits_least": min(run.losses), "test_loss_bits_most": max(run.losses),
    }  # fmt: skip


def mlps(cells: int) -> dict[str, float]:
    """Batches of the same rows and the same number of updates; the mean losses that come out."""
    rng = np.random.default_rng(0)
    y = torch.from_numpy(rng.integers(CLASSES, size=(cells, 4000)))
    x = torch.from_numpy(rng.normal(size=(cells, 4000, SMALL)).astype(np.float32))
    x += torch.randn(CLASSES, SMALL, generator=torch.Generator().manual_seed(0))[y]
    first = torch.randn(cells, SMALL, HIDDEN) * (2 / SMALL) ** 0.5
    second = torch.randn(cells, HIDDEN, CLASSES) * 0.1 * (1 / HIDDEN) ** 0.5
    own, every = torch.arange(cells), torch.arange(4000)[None]
    stack = Stack(x, own, own, torch.zeros_like(own), every, every[:, :1000], y)
    schedule = TrainingSchedule(5e-3, BATCH, UPDATES, UPDATES, 1e-2, 0)

    def trained(fit: Callable[[list[torch.Tensor], TrainingSchedule], Fit]) -> torch.Tensor:
        parameters = [first.clone(), torch.zeros(cells, 1, HIDDEN), second.clone(), torch.zeros(cells, 1, CLASSES)]
        logits = outputs(fit(parameters, schedule).parameters, x)
        return -functional.cross_entropy(logits.transpose(1, 2), y, reduction="none").mean(1).detach()

    def loop() -> torch.Tensor:
        losses = []
        for cell in range(cells):
            net = torch.nn.Sequential(torch.nn.Linear(SMALL, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
            optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-2)
            for update in range(UPDATES):
                start = update * BATCH % 4000
                rows = slice(start, start + BATCH)
                optimiser.zero_grad()
                functional.cross_entropy(net(x[cell, rows]), y[cell, rows]).backward()
                optimiser.step()
            losses.append(-functional.cross_entropy(net(x[cell]), y[cell]).detach())
        return torch.stack(losses)

    trained(stack.fit)  # compiles
    ours, mine = seconds(lambda: trained(stack.fit))
    stacked, twin = seconds(lambda: trained(stack.batched))
    theirs, peer = seconds(loop)
    multiply_adds = 3 * (SMALL * HIDDEN + HIDDEN * CLASSES) - SMALL * HIDDEN  # nothing asks for a gradient by the rows
    limit = cells * UPDATES * BATCH * multiply_adds / multiply_rate()
    return {
        "fits": cells, "ours_s": ours, "one_torch_program_s": stacked, "loop_s": theirs, "ratio": theirs / ours,
        "limit_s": limit, "times_limit": ours / limit,
        "mean_loss_ours_nats": -float(mine.mean()), "mean_loss_torch_program_nats": -float(twin.mean()),
        "mean_loss_loop_nats": -float(peer.mean()),
    }  # fmt: skip


def main() -> None:
    cells = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else 64
    torch.set_num_threads(1)
    passes = counted()
    found = {
        "linear, one weight decay": linear(cells, (DECAY,), passes),
        "linear, path of eight": linear(max(1, cells // 8), PATH, passes),
        "MLP, 8-32-10": mlps(cells),
    }
    for name, values in found.items():
        print(name)
        for what, value in values.items():
            print(f"  {what:24} {value:.4g}")
    if "--json" in sys.argv:
        with open(sys.argv[sys.argv.index("--json") + 1], "w", encoding="utf-8") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
