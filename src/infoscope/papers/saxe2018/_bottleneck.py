"""The information bottleneck curve of a discrete joint, by the self-consistent equations of the squared Lagrangian.

Tishby, Pereira and Bialek (1999): max I(T;Y) - I(X;T) / beta is solved where p(t|x) is proportional to
p(t) exp(-beta KL(p(y|x) || p(y|t))). Where y is a function of x the curve is straight and that Lagrangian finds its
ends only; Kolchinsky, Tracey and Van Kuyk (2019) put I(X;T)² in its place, whose solution has
beta = 1 / (2 weight I(X;T)) and reaches every point.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp, rel_entr

MOST_ROUNDS = 20_000
TOLERANCE = 1e-11


def bottleneck(joint: np.ndarray, weight: float) -> tuple[float, float]:
    """(I(X;T), I(T;Y)) in nats of the best T for I(T;Y) - ``weight`` · I(X;T)², ``joint [x, y]`` being p(x, y).

    T has as many values as X and starts almost as a copy of it, each value leaning towards one x.
    """
    px = joint.sum(1)
    given = joint / px[:, None]
    encoder = np.full((len(px), len(px)), 0.1 / len(px)) + 0.9 * np.eye(len(px))  # p(t|x) [x, t]
    before, about_x, about_y = np.inf, 0.0, 0.0
    for _ in range(MOST_ROUNDS):
        pt = px @ encoder
        about_x, about_y, decoder = _informations(joint, px, pt, encoder)
        objective = about_y - weight * about_x**2
        if abs(objective - before) < TOLERANCE:
            break
        before = objective
        beta = 1 / (2 * weight * max(about_x, 1e-12))
        with np.errstate(divide="ignore"):
            divergence = rel_entr(given[:, None], decoder[None]).sum(-1)  # KL(p(y|x) || p(y|t)) [x, t]
            scores = np.log(pt) - beta * divergence
        encoder = np.exp(scores - logsumexp(scores, 1, keepdims=True))
    return about_x, about_y


def _informations(
    joint: np.ndarray, px: np.ndarray, pt: np.ndarray, encoder: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """I(X;T), I(T;Y) and p(y|t) ``[t, y]``."""
    both = encoder.T @ joint
    decoder = both / np.maximum(pt, 1e-300)[:, None]
    about_x = rel_entr(px[:, None] * encoder, px[:, None] * pt).sum()
    about_y = rel_entr(both, pt[:, None] * joint.sum(0)).sum()
    return float(about_x), float(about_y), decoder
