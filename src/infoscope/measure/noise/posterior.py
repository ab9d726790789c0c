"""What Gaussians fitted to other replicas of each input say of a noisy layer's output: whose it is, and how likely.

For any laws r(t|x), E ln r(t|x) - ln mean_x' r(t|x') is at most I(X;T) where the inputs are all there are (Barber &
Agakov 2003, as mean_x' r normalises the posterior) and where they are a sample (van den Oord et al. 2018), and
-E ln mean_x' r(t|x') is at least h(T), as long as r does not depend on the replica that t was drawn around. Where the
noise is small against the curvature of the layers before, the law of a replica is nearly Gaussian and both are tight.
"""

from __future__ import annotations

import math

import numpy as np

from infoscope.core.shapes import Block, Matrix
from infoscope.kernels.compiling import njit
from infoscope.measure.noise.mixture import FAR, LOG2E, fold, grouped

FOLDS = 4  # a replica is judged by Gaussians fitted to the replicas outside its fold
FEWEST = 2 * FOLDS  # replicas
FULL = 32  # up to so many units with covariances; beyond that, with variances only
ROWS = 128


class ReplicaMoments:
    """Sums over the replicas of each input of ``s [n, R, d]``, fold by fold, around the input's mean."""

    def __init__(self, s: np.ndarray) -> None:
        n, replicas, d = s.shape
        self.means = s.mean(axis=1)
        self.counts = np.bincount(np.arange(replicas) % FOLDS, minlength=FOLDS)
        self.sums = np.empty((FOLDS, n, d))
        self.squares = np.empty((FOLDS, n, d, d) if d <= FULL else (FOLDS, n, d))
        for x in np.array_split(np.arange(n), min(n, 1 + n * replicas * d // 2**18)):
            dev = s[x] - self.means[x][:, None]
            for k in range(FOLDS):
                part = np.ascontiguousarray(dev[:, k::FOLDS])
                self.sums[k, x] = part.sum(axis=1)
                wide = d > FULL
                self.squares[k, x] = np.einsum("xrd,xrd->xd", part, part) if wide else part.transpose(0, 2, 1) @ part

    def without(self, fold: int) -> tuple[int, np.ndarray, np.ndarray]:
        """Number, means ``[n, d]`` and scatter around them of the replicas outside ``fold``."""
        count = int(self.counts.sum() - self.counts[fold])
        off = (self.sums.sum(axis=0) - self.sums[fold]) / count
        scatter = self.squares.sum(axis=0) - self.squares[fold]
        product = off * off if scatter.ndim == 2 else off[:, :, None] * off[:, None, :]
        return count, self.means + off, scatter - count * product


class Judges:
    """Gaussians of the inputs with their noise, fitted without the replicas of one ``fold``.

    Covariances are drawn towards the mean of all inputs' by d + 1 replicas' worth.
    """

    def __init__(self, moments: ReplicaMoments, fold: int, noise: float) -> None:
        count, means, scatter = moments.without(fold)
        d = means.shape[1]
        weight = d + 1.0
        pooled = scatter.mean(axis=0) / (count - 1)
        spread = (1 + 1 / count) * (scatter + weight * pooled) / (count - 1 + weight)
        self._middle = means.mean(axis=0)
        means -= self._middle
        if d > FULL:
            spread += noise**2
            precise, sizes = 1 / spread, np.log(spread).sum(axis=1)
            pull = precise * means
            squares = -0.5 * precise
        else:
            spread += noise**2 * np.eye(d)
            precise, sizes = np.linalg.inv(spread), np.linalg.slogdet(spread)[1]
            pull = np.einsum("nde,ne->nd", precise, means)
            rows, columns = np.triu_indices(d)
            squares = precise[:, rows, columns] * np.where(rows == columns, -0.5, -1.0)
        constant = -0.5 * (np.einsum("nd,nd->n", pull, means) + sizes + d * math.log(2 * math.pi))
        weights = np.concatenate([squares, pull, constant[:, None]], axis=1)
        #: From the features of a point to minus the binary logarithm of each Gaussian's density.
        self._weights = -LOG2E * weights.T

    def log_densities(self, t: np.ndarray, own: np.ndarray, kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of the own Gaussian's density ``[m]`` and of sums ``[1 + v, m]``: of all, and of the own class's.

        t: points ``[m, d]`` of the inputs ``own [m]``. kinds: classes ``[v, n]`` of the inputs.
        """
        import torch

        m, d = t.shape
        n, v = self._weights.shape[1], len(kinds)
        order, group, starts, table = grouped(kinds, n)
        place = np.empty(n, np.int64)
        place[order] = np.arange(n)
        weights, mine = torch.from_numpy(np.ascontiguousarray(self._weights[:, order])), np.empty(m)
        room = torch.empty(ROWS * n, dtype=torch.float64)
        low, sums = np.full(m, FAR), np.zeros((2 + 2 * v, m))
        pairs = np.triu_indices(d) if d <= FULL else (np.arange(d), np.arange(d))
        nobody = np.full(ROWS, -1)
        for a in range(0, m, ROWS):
            block = slice(a, min(a + ROWS, m))
            at, whose = t[block] - self._middle, own[block]
            features = np.concatenate([at[:, pairs[0]] * at[:, pairs[1]], at, np.ones((len(at), 1))], axis=1)
            exponents = room[: len(at) * n].view(len(at), n)
            exponents = torch.mm(torch.from_numpy(features), weights, out=exponents).numpy()
            mine[block] = exponents[np.arange(len(at)), place[whose]]
            here_low, here = np.full(len(at), FAR), np.zeros((2 + 2 * v, len(at)))
            classes = np.ascontiguousarray(kinds[:, whose])
            fold(exponents, 0, nobody[: len(at)], classes, group, starts, table, here_low, here)
            low[block], sums[:, block] = here_low, here
        with np.errstate(divide="ignore"):
            logs = np.log(sums[[0, *range(2, 2 + 2 * v, 2)]]) - low * math.log(2)
        return -mine * math.log(2), logs


@njit(nogil=True, cache=True, error_model="numpy")
def _own(s: Block, turn: int, z: Block, scale: float, out: Matrix) -> None:
    draws, n, d = z.shape
    replicas = s.shape[1]
    exponents = np.empty(replicas)
    for j in range(draws):
        for x in range(n):
            most = -np.inf
            for r in range(replicas):
                far = 0.0
                for k in range(d):
                    gap = s[x, turn, k] - s[x, r, k]
                    far += gap * (gap + 2 * z[j, x, k])
                exponents[r] = -far * scale
                if r != turn:
                    most = max(most, exponents[r])
            total = 0.0
            for r in range(replicas):
                if r != turn and exponents[r] > most - 700:
                    total += math.exp(exponents[r] - most)
            out[j, x] = most + math.log(total)


def own_sums(s: np.ndarray, turn: int, z: np.ndarray, noise: float) -> np.ndarray:
    """For queries ``s[:, turn] + z``, ``z [j, n, d]``: logarithms of the sums of Gaussian terms over the *other*
    replicas of the same input, relative to the term of the own replica ``[j, n]``."""
    out = np.empty(z.shape[:2])
    _own(s, turn, np.ascontiguousarray(z), 1 / (2 * noise**2), out)
    return out
