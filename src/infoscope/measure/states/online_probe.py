"""Linear readers that are asked before they learn: discriminants and softmax regressions, mixed by what they have cost.

Every reader says a probability for each row out of rows that came before. A mixture by the product of what they said so
far is a code, too (Bayes), which costs no more than the best of them and the logarithm of how many there are; with a
share of every reader's weight given to all (fixed share, Herbster & Warmuth 1998) it may change its mind as rows come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from infoscope.measure.states.reservoir import mixed
from infoscope.measure.usable.standardiser import within
from infoscope.measure.usable.temperature import smoothed
from infoscope.measure.usable.walks import PATH_GAP
from infoscope.measure.usable.wide_softmax import Descent, WideRegression

RIDGES = (0.1, 0.5, 3.0)  # of discriminants, to the covariance of standardised columns within classes
DECAYS = (0.003, 0.03, 0.3)  # of softmax regressions
SHARPNESS = (0.3, 0.6, 1.0)  # of what either says
STEPS = 60  # of a regression, at most, from where it was
SHARED = 0.02  # of the weights
CHUNK = 128  # rows after which weights change
NUMBERS = 1 << 22  # of log-probabilities that are held at once


class OnlineProbe:
    """Readers of ``k`` classes from ``d`` columns, and what they have seen.

    room: how many rows are kept for regressions to be fitted to, taken by a hash of their number; moments are of all.
    """

    def __init__(self, d: int, k: int, room: int) -> None:
        self.k, self.room, self.n = k, room, 0
        self.mean, self.products = np.zeros(d), np.zeros((d, d))
        self.counts, self.sums = np.zeros(k, np.int64), np.zeros((k, d))  # about the mean
        self.rows, self.labels, self.numbers = (
            np.zeros((0, d), np.float32),
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
        )
        self.scale, self.readers = np.ones(d), list[Any]()
        self.outward: dict[float, np.ndarray] = {}
        self.weights = np.zeros(1)

    @property
    def null(self) -> np.ndarray:
        """ln of the frequencies of classes ``[k]``, half a row added to each."""
        return np.log(smoothed(self.counts))

    def cost(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Nats of each of ``rows [m, d]`` with labels ``y [m]`` by the mixture, whose weights go on changing."""
        said, found = self._said(rows, y), np.empty(len(y))
        for start in range(0, len(y), CHUNK):
            here = said[:, start : start + CHUNK]
            found[start : start + CHUNK] = -np.logaddexp.reduce(self.weights[:, None] + here, axis=0)
            after = self.weights + here.sum(axis=1)
            after = np.exp(after - np.logaddexp.reduce(after))
            self.weights = np.log((1 - SHARED) * after + SHARED / len(after))
        return found

    def learn(self, rows: np.ndarray, y: np.ndarray) -> None:
        """Take in ``rows [m, d]`` with labels ``y [m]``, and fit every reader anew."""
        self._add(rows.astype(np.float64), y)
        numbers = np.arange(self.n - len(y), self.n)
        self.rows, self.labels, self.numbers = (
            np.concatenate(pair)
            for pair in ((self.rows, rows.astype(np.float32)), (self.labels, y), (self.numbers, numbers))
        )
        if len(self.labels) > self.room:
            kept = np.sort(np.argsort(mixed(self.numbers.astype(np.uint64)), kind="stable")[: self.room])
            self.rows, self.labels, self.numbers = self.rows[kept], self.labels[kept], self.numbers[kept]
        before, variance = len(self.readers), np.diagonal(self.products) / self.n
        constant = variance <= 1e-14 * np.square(self.mean)
        self.scale = np.where(constant, 0.0, 1 / np.sqrt(np.where(constant, 1.0, variance)))
        self.readers = [*self._discriminants(), *self._regressions()]
        if not before:
            experts = 1 + len(self.readers) * len(SHARPNESS)
            self.weights = np.full(experts, -np.log(experts))

    def _add(self, rows: np.ndarray, y: np.ndarray) -> None:
        m, mean = len(rows), rows.mean(axis=0)
        centred, n = rows - mean, self.n + m
        size = float(np.abs(centred).max()) or 1.0  # squares stay within float32
        own = torch.from_numpy((centred / size).astype(np.float32))
        apart = mean - self.mean
        self.products += (own.T @ own).numpy() * size**2 + np.outer(apart, apart) * (self.n * m / n)
        moved = apart * (m / n)
        counts, sums = np.bincount(y, minlength=self.k), np.zeros_like(self.sums)
        np.add.at(sums, y, centred)
        self.sums += sums - self.counts[:, None] * moved + counts[:, None] * (apart - moved)
        self.mean, self.counts, self.n = self.mean + moved, self.counts + counts, n

    def _discriminants(self) -> list[Any]:
        """Parameters ``[k, 1 + d]`` of standardised rows, for each ridge: what they add to the null's logits."""
        means = self.sums / np.maximum(self.counts, 1)[:, None]
        inside = (self.products - means.T @ self.sums) * self.scale * self.scale[:, None] / self.n
        about, found = torch.from_numpy((means * self.scale).astype(np.float32)), []
        for ridge in RIDGES:
            matrix = torch.from_numpy(inside.astype(np.float32))
            matrix.diagonal().add_(ridge)
            factor, failed = torch.linalg.cholesky_ex(matrix)
            w = torch.cholesky_solve(about.T, factor).T if not failed else torch.zeros_like(about)
            found.append(torch.cat([-0.5 * (about * w).sum(1, keepdim=True), w], 1))
        return found

    def _regressions(self) -> list[Any]:
        """The same of softmax regressions on the rows that are kept, each from where it was."""
        x, found = self._standard(self.rows), []
        curvature = torch.from_numpy((self.products * self.scale * self.scale[:, None] / self.n).astype(np.float32))
        regression = WideRegression(x, self.labels, self.k, curvature)
        for decay in DECAYS:
            begin = regression.null(decay)
            if decay in self.outward:
                inner = self.outward[decay][:, 1:]
                back = np.divide(1, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)
                begin.theta[:, 1:] = torch.from_numpy(inner * back)
                begin.theta[:, 0] = torch.from_numpy(self.outward[decay][:, 0] + inner @ self.mean)
            done = regression.solved(Descent(begin.theta, decay), PATH_GAP, STEPS).theta
            w = done[:, 1:].double().numpy() * self.scale
            self.outward[decay] = np.column_stack([done[:, 0].double().numpy() - w @ self.mean, w])
            beyond = done.clone()
            beyond[:, 0] -= torch.from_numpy(self.null).float()
            found.append(beyond)
        return found

    def _standard(self, rows: np.ndarray) -> Any:
        return within(torch.from_numpy(((rows - self.mean) * self.scale).astype(np.float32)))

    def _said(self, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
        """ln of what each reader says of each row's own label, ``[readers, m]``, the null first."""
        null = self.null
        found = np.empty((len(self.weights), len(y)))
        found[0] = null[y]
        step = max(1, NUMBERS // max(self.k, rows.shape[1]))
        for start in range(0, len(y), step):
            here = slice(start, start + step)
            x, own, prior = self._standard(rows[here]), torch.from_numpy(y[here])[None], torch.from_numpy(null).float()
            for i, theta in enumerate(self.readers):
                beyond = torch.addmm(theta[:, :1], theta[:, 1:], x.T)
                for j, sharpness in enumerate(SHARPNESS):
                    log_q = (prior[:, None] + sharpness * beyond).log_softmax(0)
                    found[1 + i * len(SHARPNESS) + j, here] = log_q.gather(0, own)[0].double().numpy()
        return found
