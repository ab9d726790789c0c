"""The 12-bit task's label as Shwartz-Ziv and Tishby made it, noisy by a steep sigmoid, and how near a layer's own
encoder is to the bottleneck's (their equation 12)."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq, minimize_scalar  # pyright: ignore[reportMissingTypeStubs]  # scipy ships no types
from scipy.special import expit, logit, logsumexp, rel_entr, xlogy

from infoscope.core.units import nats
from infoscope.data import task
from infoscope.data.tasks._icosahedron import counts
from infoscope.papers.saxe2018._bottleneck import bottleneck

INFORMATION_BITS = 0.99  # I(X;Y), about, as the paper says; it decides the sigmoid's slope
_THRESHOLD = 429.5  # no pattern lies between 427 and 432
_SURE = 1e-9  # no label is certain, so that no divergence is without end
_LOG_BETA = (-1.0, 7.0)  # of 10


class SoftLabel(NamedTuple):
    """Which of 64 classes each of the 4096 patterns is in, and p(class, label) ``[64, 2]``."""

    classes: np.ndarray
    joint: np.ndarray


class BottleneckFit(NamedTuple):
    """Of one layer, in nats: I(X;T), I(T;Y), and what is left of the divergence at the beta that fits best."""

    about_x: float
    about_y: float
    divergence: float
    beta: float


@cache
def soft_label() -> SoftLabel:
    """The label y = 1 with probability sigmoid(slope · (f(x) - threshold)), f as in the released rule."""
    k, e, a = counts(task("boolean12").inputs.astype(int))
    _, first, classes = np.unique(np.stack([k, e, a], 1), axis=0, return_index=True, return_inverse=True)
    classes = classes.reshape(-1)
    score = (24 * e - 12 * a + 114 * k - 11 * k**2)[first] - _THRESHOLD
    share = np.bincount(classes) / len(classes)

    def joint(slope: float) -> np.ndarray:
        right = expit(slope * score).clip(_SURE, 1 - _SURE)
        return share[:, None] * np.stack([1 - right, right], 1)

    def missing(log_slope: float) -> float:
        return information(joint(float(np.exp(log_slope)))) - nats(INFORMATION_BITS)

    root: Any = brentq(missing, -8.0, 2.0)
    return SoftLabel(classes, joint(float(np.exp(root))))


def information(joint: np.ndarray) -> float:
    """The mutual information in nats of p(row, column)."""
    return float(rel_entr(joint, joint.sum(1, keepdims=True) * joint.sum(0)).sum())


def fit(codes: np.ndarray) -> BottleneckFit:
    """How near the deterministic encoder ``codes [4096]``, one whole number a pattern, is to the bottleneck's.

    The bottleneck's encoder of the layer's own decoder is p(t|x) = p(t) exp(-beta KL(p(y|x) || p(y|t))) / Z(x), and
    beta is the one that makes the mean over x of KL(p(t|x) of the layer || p(t|x) of the bottleneck) least. At beta 0
    the latter is p(t), so that the divergence is I(X;T); 0 is an encoder that the bottleneck could not better.
    """
    classes, joint = soft_label()
    share, given = joint.sum(1), joint / joint.sum(1, keepdims=True)
    _, t = np.unique(codes, return_inverse=True)
    t = t.reshape(-1)
    n = len(t)
    pt = np.bincount(t) / n
    decoder = np.stack([np.bincount(t, given[classes, y], minlength=len(pt)) for y in (0, 1)], 1) / (n * pt[:, None])
    about_x = -float(xlogy(pt, pt).sum())
    about_y = information(pt[:, None] * decoder)
    # of t with one decoder only their whole probability matters to Z
    _, kind, which = np.unique(np.round(logit(decoder[:, 1]), 9), return_index=True, return_inverse=True)
    kinds, mass = decoder[kind, 1], np.bincount(which.reshape(-1), pt)
    far = rel_entr(given[:, None], np.stack([1 - kinds, kinds], 1)[None]).sum(-1)  # [class, kind]
    own = far[classes, which.reshape(-1)[t]].mean()

    def divergence(log_beta: float) -> float:
        beta = 10.0**log_beta
        return float(about_x + beta * own + share @ logsumexp(np.log(mass) - beta * far, axis=1))

    best: Any = minimize_scalar(divergence, bounds=_LOG_BETA, method="bounded")
    return BottleneckFit(about_x, about_y, float(best.fun), float(10.0**best.x))


@cache
def curve() -> tuple[np.ndarray, np.ndarray]:
    """The bottleneck curve of the soft label: I(X;T) and I(T;Y) in nats, from (0, 0) to all of the label."""
    joint = soft_label().joint
    weights = np.geomspace(1.5, 0.01, 12)
    points = np.array([(0.0, 0.0), *(bottleneck(joint, float(weight)) for weight in weights)])
    share = joint.sum(1)
    points = np.vstack([points, (-float(xlogy(share, share).sum()), information(joint))])
    points = points[points[:, 0].argsort()]
    return points[:, 0], np.maximum.accumulate(points[:, 1])


def below_the_curve(about_x: float, about_y: float) -> float:
    """How far in nats a layer lies below the curve at its own I(X;T)."""
    x, y = curve()
    return float(np.interp(about_x, x, y)) - about_y
