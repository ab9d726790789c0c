"""Exact information in a linear layer of Gaussian inputs: T = W X + noise, X ~ N(0, diag C), noise ~ N(0, s² I)."""

from __future__ import annotations

import numpy as np


def layer_entropy(weights: np.ndarray, variances: np.ndarray, noise: float = 1.0) -> np.ndarray:
    """H(T) in nats without its constant, (h / 2) log(2 π e s²), ``[e]``; so it is I(X;T) = 1/2 log|W C Wᵀ/s² + I|.

    weights: ``[e, h, i]``. variances: the diagonal of C ``[i]``. noise: s, added for the analysis alone.
    """
    return 0.5 * np.linalg.slogdet(_covariance(weights, variances, noise) / noise**2)[1]


def information_about(part: np.ndarray, weights: np.ndarray, variances: np.ndarray, noise: float = 1.0) -> np.ndarray:
    """I(X_a;T) = H(T) - H(T|X_a) in nats ``[e]`` for the inputs where ``part [i]`` is true; the others act as noise."""
    given = layer_entropy(weights, np.where(part, 0.0, variances), noise)
    return layer_entropy(weights, variances, noise) - given


def label_information(
    weights: np.ndarray, variances: np.ndarray, teacher: np.ndarray, label_noise: float, noise: float = 1.0
) -> np.ndarray:
    """I(T;Y) in nats ``[e]`` where Y = teacher · X + N(0, label_noise²): -1/2 log(1 - cᵀ S⁻¹ c / var Y)."""
    shared = (weights * variances) @ teacher
    solved = np.linalg.solve(_covariance(weights, variances, noise), shared[..., None])[..., 0]
    explained = (shared * solved).sum(-1) / ((teacher**2 * variances).sum() + label_noise**2)
    return -0.5 * np.log1p(-explained)


def _covariance(weights: np.ndarray, variances: np.ndarray, noise: float) -> np.ndarray:
    return (weights * variances) @ weights.swapaxes(1, 2) + noise**2 * np.eye(weights.shape[1])
