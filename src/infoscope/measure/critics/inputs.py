"""What a critic sees: normal scores of each column, and the canonical coordinates of the Gaussian that fits them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from scipy.special import ndtri
from torch import Tensor

from infoscope.kernels.ranks import ranks

PARTS = 5  # of the fitted rows, to see what a canonical correlation is worth on rows it was not fitted to
SHRINKAGES = (1e-3, 0.1, 0.5)  # of each covariance towards a multiple of the identity; the parts choose
COMPONENTS = 128  # principal components that the canonical coordinates are sought in
LARGEST = 1 - 1e-4  # of a squared correlation: 4.6 nats a pair, the limit of float32 scores
LEAST = 1e-3  # of a squared correlation worth keeping


def normal_scores(z: np.ndarray) -> np.ndarray:
    """Each column of ``z [n, d]`` through the increasing map that makes it standard normal; ties share their rank.

    A one-to-one map of each column leaves the information alone. A constant column becomes zeros. float64.
    """
    scores = ndtri((ranks(z) - 0.5) / len(z))
    scores -= scores.mean(axis=0)
    spread = scores.std(axis=0)
    varies = z.max(axis=0) > z.min(axis=0)
    return np.where(varies, scores / np.where(varies, spread, 1.0), 0.0)


def one_hot(labels: np.ndarray) -> np.ndarray:
    """Labels ``0..k-1`` as ``[n, k]``, classes in the order they first appear, so that their names do not matter."""
    first = np.unique(labels, return_index=True)[1]
    place = np.empty(len(first), np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    return np.eye(len(first))[place[labels]]


def with_length(scores: np.ndarray) -> np.ndarray:
    """``scores [n, d]`` and, beside several columns, the logarithm of each row's mean square: float32.

    What depends on the length of a row (spirals, heavy tails, a classifier's confidence) is a long way for a small
    network that sees the columns only.
    """
    if scores.shape[1] == 1:
        return scores.astype(np.float32)
    length = np.log(np.mean(scores**2, axis=1) + 1e-3)
    length -= length.mean()
    return np.column_stack([scores, length / (length.std() or 1.0)]).astype(np.float32)


class CanonicalDirections(NamedTuple):
    """Pairs of directions in X and Y, most correlated first: coordinates ``(z - mean) @ directions``.

    ``u_directions [p, r]``, ``u_mean [p]``, the same for v, and ``correlations [r]`` as rows outside the fit show them.
    """

    u_directions: Tensor
    u_mean: Tensor
    v_directions: Tensor
    v_mean: Tensor
    correlations: Tensor


def components(scores: np.ndarray) -> Tensor:
    """``scores [n, d]`` along their first principal components, at most COMPONENTS: float64."""
    z = torch.from_numpy(np.ascontiguousarray(scores))
    if z.shape[1] <= COMPONENTS:
        return z
    if z.shape[1] <= len(z):
        return z @ torch.linalg.eigh(z.T @ z)[1][:, -COMPONENTS:]
    values, vectors = torch.linalg.eigh(z @ z.T)
    return vectors[:, -COMPONENTS:] * values[-COMPONENTS:].clamp(min=0).sqrt()


def canonical(x: Tensor, y: Tensor, rows: Tensor) -> CanonicalDirections:
    """Regularised canonical correlations of ``x [n, p]`` and ``y [n, q]`` over ``rows``.

    The rows are cut into parts; each pair of directions is refitted without a part and its correlation taken on that
    part. Their means replace the correlations of the fit, which are too large by about (p + q) / n each, and choose
    the shrinkage. So the Gaussian made of them is worth on new rows what it says.
    """
    p, z = x.shape[1], torch.cat([x, y], dim=1)[rows]
    parts = z[: len(z) // PARTS * PARTS].reshape(PARTS, -1, z.shape[1])
    sums, moments = parts.sum(1), parts.transpose(1, 2) @ parts
    rest = len(parts[0]) * (PARTS - 1)
    outside = _covariance(moments, sums, len(parts[0]))
    inside = _covariance(moments.sum(0) - moments, sums.sum(0) - sums, rest)
    best, found = -1.0, None
    for shrinkage in SHRINKAGES:
        u, v = _directions(inside, p, shrinkage)
        seen = _correlations(outside, p, u, v).mean(0).clamp(0, LARGEST**0.5)
        gain = float(-0.5 * torch.log1p(-seen * seen).sum())
        if gain > best:
            best, found = gain, (shrinkage, seen)
    assert found is not None
    whole = _covariance((z.T @ z)[None], z.sum(0)[None], len(z))
    u, v = (directions[0] for directions in _directions(whole, p, found[0]))
    mean = z.mean(0)
    strong = found[1] ** 2 > LEAST
    return CanonicalDirections(u[:, strong], mean[:p], v[:, strong], mean[p:], found[1][strong])


def _covariance(moments: Tensor, sums: Tensor, n: int) -> Tensor:
    mean = sums / n
    return moments / n - mean[:, :, None] * mean[:, None, :]


def _whitening(covariance: Tensor, shrinkage: float) -> Tensor:
    """``W [b, p, p]`` with ``WᵀCW`` the identity for the shrunken covariance C, zero where there is no variance."""
    p = covariance.shape[-1]
    size = covariance.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    values, vectors = torch.linalg.eigh((1 - shrinkage) * covariance + shrinkage * size * torch.eye(p).to(covariance))
    return vectors * values.clamp(min=1e-12).rsqrt()[:, None, :] * (values > 1e-10)[:, None, :]


def _directions(covariance: Tensor, p: int, shrinkage: float) -> tuple[Tensor, Tensor]:
    """Canonical directions ``[b, p, r]`` and ``[b, q, r]``, scaled to coordinates of unit variance."""
    wx, wy = _whitening(covariance[:, :p, :p], shrinkage), _whitening(covariance[:, p:, p:], shrinkage)
    left, _, right = torch.linalg.svd(wx.transpose(1, 2) @ covariance[:, :p, p:] @ wy, full_matrices=False)
    u, v = wx @ left, wy @ right.transpose(1, 2)
    return u / _spread(covariance[:, :p, :p], u)[:, None], v / _spread(covariance[:, p:, p:], v)[:, None]


def _spread(covariance: Tensor, directions: Tensor) -> Tensor:
    variance = ((covariance @ directions) * directions).sum(1)
    return torch.where(variance > 1e-12, variance, torch.inf).sqrt()


def _correlations(covariance: Tensor, p: int, u: Tensor, v: Tensor) -> Tensor:
    shared = ((covariance[:, :p, p:] @ v) * u).sum(1)
    return shared / (_spread(covariance[:, :p, :p], u) * _spread(covariance[:, p:, p:], v))
