"""Upper bounds on entropies of noisy rows from Gaussians fitted to *other* rows, in nats above the noise's own.

The cross-entropy of any law q is at least the entropy, whatever q is, as long as q does not depend on the row that it
judges. The entropy of a Gaussian with the sample covariance of the same rows is not such a bound: it is too small by
about d²/4n nats on average, because log det is concave.
"""

from __future__ import annotations

import numpy as np

FULL = 512  # up to so many columns with covariances; beyond that, with variances only
HELD_OUT = 4  # replicas of each input that are judged
FOLDS = 10


def exact(s: np.ndarray, noise: float) -> float:
    """h of the Gaussian with the covariance of rows ``s [n, d]`` plus noise, above h of the noise: their law's cap."""
    if s.shape[1] > FULL:
        return float(0.5 * np.log1p(s.var(axis=0) / noise**2).sum())
    spread = np.linalg.eigvalsh(_covariance(s))
    return float(0.5 * np.log1p(np.maximum(spread, 0) / noise**2).sum())


def _covariance(rows: np.ndarray) -> np.ndarray:
    dev = rows - rows.mean(axis=0)
    return dev.T @ dev / len(rows)


def _above_noise(gap: np.ndarray, spread: np.ndarray, noise: float) -> np.ndarray:
    """E[-ln q(gap + Z)] - h(Z) with q = N(0, diag(spread) + b² I), in the axes where that is diagonal."""
    ratio = np.maximum(spread, 0) / noise**2 + 1
    return 0.5 * (np.log(ratio) + 1 / ratio - 1 + (gap / noise) ** 2 / ratio).sum(axis=-1)


def held_out(s: np.ndarray, fold: np.ndarray, noise: float) -> np.ndarray:
    """For each row of ``s [n, d]`` the cross-entropy under the Gaussian of the rows of all other folds."""
    found = np.empty(len(s))
    for k in np.unique(fold):
        rest, mine = s[fold != k], s[fold == k]
        gap, share = mine - rest.mean(axis=0), 1 + 1 / len(rest)
        if s.shape[1] > FULL:
            found[fold == k] = _above_noise(gap, share * rest.var(axis=0), noise)
            continue
        spread, axes = np.linalg.eigh(share * _covariance(rest))
        found[fold == k] = _above_noise(gap @ axes, spread, noise)
    return found


def held_out_replicas(s: np.ndarray, noise: float) -> np.ndarray:
    """``[held out, n]``: cross-entropies of replicas ``s [n, R, d]`` under the Gaussian of the other replicas of the
    same input, its covariance drawn towards that of the other inputs' replicas."""
    n, replicas, d = s.shape
    found = np.empty((min(replicas, HELD_OUT), n))
    weight, total = d + 1.0, _total(s)
    for x in np.array_split(np.arange(n), min(n, 1 + n * d * min(d, FULL) // 2**22)):
        pooled = (total - _scatter(s[x] - s[x].mean(axis=1, keepdims=True))) / ((n - 1) * (replicas - 1))
        for j in range(len(found)):
            rest = np.delete(s[x], j, axis=1)
            centre = rest.mean(axis=1, keepdims=True)
            gap, dev, share = s[x, j] - centre[:, 0], rest - centre, replicas / (replicas - 1)
            spread = share * (_scatter(dev) + weight * pooled) / (replicas - 2 + weight)
            if d > FULL:
                found[j, x] = _above_noise(gap, spread, noise)
                continue
            values, axes = np.linalg.eigh(spread)
            found[j, x] = _above_noise(np.einsum("xd,xde->xe", gap, axes), values, noise)
    return found


def _scatter(dev: np.ndarray) -> np.ndarray:
    """Sums of squares and products ``[x, d, d]`` of deviations ``[x, r, d]``; of squares only, ``[x, d]``, if wide."""
    return np.einsum("xrd,xrd->xd", dev, dev) if dev.shape[2] > FULL else dev.transpose(0, 2, 1) @ dev


def _total(s: np.ndarray) -> np.ndarray:
    """The scatter of all inputs' replicas around their own means, summed."""
    dev = (s - s.mean(axis=1, keepdims=True)).reshape(1, -1, s.shape[2])
    return _scatter(dev)[0]
