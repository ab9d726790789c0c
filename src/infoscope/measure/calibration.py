"""Calibration: the same estimator on problems with a known answer, drawn to resemble the one at hand.

A matched problem has the rows, the dimensions, the spectrum and about the strength of the data, so what goes wrong
there for want of samples or for too many dimensions goes wrong here too. It is Gaussian (or, for symbols, the data's
own table of counts mixed with its independent copy): what goes wrong because the data are *not* like that, it
cannot show.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, special

from infoscope.core import check
from infoscope.core.estimate import Calibration, Estimate, Status, remark
from infoscope.measure.bases.estimator import Estimator, is_labels

PAIR_CEILING = 5.0  # nats in one pair of canonical variables: a correlation of 0.99998
REPLICATES, REPLICATES_OF_A_SLOW_ONE = 20, 5


@dataclass(frozen=True)
class Matched:
    """A problem with a known answer: ``draw(rng)`` gives ``(x, y)`` and ``truth`` is their information in nats."""

    truth: float
    words: str
    draw: Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]


def calibrate(
    estimator: Estimator, x: Any, y: Any, estimate: Estimate, seed: int = 0, replicates: int | None = None
) -> Estimate:
    """``estimate`` with what ``estimator`` said on matched problems beside it; the value stays as it is.

    x ``[n, d]``, y: what ``estimate`` was made from, labels ``[n]`` or rows ``[n, e]``. replicates: how many problems
    are drawn; 20, or 5 for a slow estimator, where None.

    Raises
    ------
    InputError: fewer than 2 replicates.
    """
    if replicates is None:
        replicates = REPLICATES_OF_A_SLOW_ONE if estimator.slow else REPLICATES
    replicates = check.count(replicates, "replicates", least=2)
    problem = matched(estimator, x, y, estimate.value)
    answers = []
    for generator in np.random.default_rng(seed).spawn(replicates):
        drawn = [_like(original, values) for original, values in zip((x, y), problem.draw(generator), strict=True)]
        answers.append(estimator.mutual_information(*drawn))
    values = np.array([answer.value for answer in answers])
    found = Calibration(
        problem.truth, float(values.mean() - problem.truth), float(values.std(ddof=1)), replicates, problem.words
    )
    notes = [
        f"on {replicates} matched problems ({found.problem}) with a known {found.truth:.4g} nats the answers were off "
        f"by {found.bias:+.2g} nats on average, with a standard deviation of {found.spread:.2g} nats"
    ]
    flagged = [answer.status.name for answer in answers if answer.status is not Status.OK]
    if flagged:
        notes.append(
            f"{len(flagged)} of the {replicates} matched answers were {' or '.join(sorted(set(flagged)))} themselves"
        )
    if abs(problem.truth - estimate.value) > 0.05 * abs(estimate.value) + 0.02:
        notes.append(f"no such problem has {estimate.value:.4g} nats, {problem.truth:.4g} nats is the nearest")
    return dataclasses.replace(estimate, calibration=found).doubted(*map(remark, notes))


def matched(estimator: Estimator, x: Any, y: Any, strength: float) -> Matched:
    """The matched problem for these rows whose information is as near to ``strength`` nats as there is one."""
    if "real" not in estimator.first:
        return _table(check.symbols(x, "x"), check.symbols(y, "y"), strength)
    real = check.on_cpu(check.representation(x, "x"))
    if is_labels(y):
        return _mixture(real, check.labels(y, len(real)), strength)
    return _gaussian(real, check.on_cpu(check.representation(y, "y")), strength)


# --- two real variables ----------------------------------------------------------------------------------------------


class _Covariance:
    """The covariance of some rows: their mean, standard deviations along principal axes, and the axes."""

    def __init__(self, rows: np.ndarray) -> None:
        rows = rows.astype(np.float64)
        self.mean = rows.mean(0)
        u, s, axes = np.linalg.svd(rows - self.mean, full_matrices=False)
        real = s > 1e-10 * max(s.max(), 1e-300)
        self.scores, self.axes = u[:, real] * math.sqrt(len(rows)), axes[real]
        self.deviations = s[real] / math.sqrt(len(rows))

    def rows(self, whitened: np.ndarray) -> np.ndarray:
        """Rows of this covariance from standard normal ones ``[n, rank]``."""
        return self.mean + (whitened * self.deviations) @ self.axes


def _gaussian(x: np.ndarray, y: np.ndarray, strength: float) -> Matched:
    """Jointly Gaussian with the covariances of x and y, their canonical directions, and this information.

    The information is shared among the canonical pairs in the proportions of the sample's correlations, each rid of
    what chance alone gives for so many columns: 1 - rho² = (1 - r²)(n - 1)/(n - q - 1) (Wherry 1931).
    """
    n, spectra = len(x), (_Covariance(x), _Covariance(y))
    kept = [max(1, min(len(s.deviations), n // 20)) for s in spectra]  # leading axes that so many rows can relate
    scores = [s.scores[:, :k] for s, k in zip(spectra, kept, strict=True)]
    if not (scores[0].shape[1] and scores[1].shape[1]):  # one of them is constant
        return Matched(0.0, "constant as the data are", lambda _: (x, y))
    u, r, vt = np.linalg.svd(scores[0].T @ scores[1] / n)
    by_chance = max(scores[0].shape[1], scores[1].shape[1])
    left = np.minimum(1.0, (1 - np.minimum(r, 1) ** 2) * (n - 1) / max(n - by_chance - 1, 1))
    shares = -0.5 * np.log(np.maximum(left, math.exp(-2 * PAIR_CEILING)))
    shares = shares / shares.sum() if shares.sum() > 0 else np.eye(1, len(r))[0]
    pairs = np.minimum(shares * max(strength, 0.0), PAIR_CEILING)  # I of a pair = -ln(1 - rho²)/2
    rho = np.sqrt(-np.expm1(-2 * pairs))

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        a, b = (rng.standard_normal((n, len(s.deviations))) for s in spectra)
        k = len(rho)
        b[:, :k] = rho * a[:, :k] + np.sqrt(1 - rho**2) * b[:, :k]
        a[:, : len(u)] = a[:, : len(u)] @ u.T  # from canonical to principal axes
        b[:, : len(vt)] = b[:, : len(vt)] @ vt
        return spectra[0].rows(a), spectra[1].rows(b)

    words = f"Gaussian, {n} rows of {x.shape[1]}+{y.shape[1]} columns with the covariances of x and of y"
    return Matched(float(pairs.sum()), words, draw)


# --- real rows and labels --------------------------------------------------------------------------------------------


def _mixture(x: np.ndarray, y: np.ndarray, strength: float) -> Matched:
    """Gaussian classes of the data's frequencies and covariance, their means along the direction that parts them most.

    In units of the deviation inside a class the means are 0, g, 2g, …; g is such that the information is right.
    """
    n, spectrum = len(x), _Covariance(x)
    frequencies = np.bincount(y) / n
    if len(frequencies) < 2 or not len(spectrum.deviations):
        return Matched(0.0, "constant as the data are", lambda _: (x, y))
    direction = _direction(spectrum.scores[:, : max(1, n // 20)], y)
    gap = _gap(frequencies, strength)
    places = gap * np.arange(len(frequencies))
    middle = frequencies @ places
    size = math.sqrt(1 + frequencies @ (places - middle) ** 2)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        labels = rng.choice(len(frequencies), n, p=frequencies)
        a = rng.standard_normal((n, len(spectrum.deviations)))
        k = len(direction)
        along = a[:, :k] @ direction
        a[:, :k] += np.outer((along + places[labels] - middle) / size - along, direction)
        return spectrum.rows(a), labels

    words = (
        f"{len(frequencies)} Gaussian classes of the frequencies of y apart along one direction, "
        f"{n} rows of {x.shape[1]} columns with the covariance of x"
    )
    return Matched(_information_of_line(frequencies, gap), words, draw)


def _direction(scores: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The unit vector along which the class means of whitened ``scores`` lie furthest apart."""
    counts = np.bincount(y)
    means = np.stack([np.bincount(y, column) / counts for column in scores.T], axis=1)
    return np.linalg.svd(np.sqrt(counts)[:, None] * means, full_matrices=False)[2][0]


def _information_of_line(frequencies: np.ndarray, gap: float) -> float:
    """I(X;Y) of unit normals at 0, gap, 2 gap, … by quadrature: h(X) - h(X|Y)."""
    places = gap * np.arange(len(frequencies))
    grid = np.linspace(-9.0, places[-1] + 9.0, 200 + math.ceil(10 * places[-1]))
    joint = np.log(frequencies) - 0.5 * (grid[:, None] - places) ** 2 - 0.5 * math.log(2 * math.pi)
    log_p = np.asarray(special.logsumexp(joint, axis=1))
    entropy = -float(np.exp(log_p) @ log_p) * (grid[1] - grid[0])  # the trapezoidal rule is exact to rounding here
    return entropy - 0.5 * math.log(2 * math.pi * math.e)


def _gap(frequencies: np.ndarray, strength: float) -> float:
    """The gap at which the information is ``strength``; at 12 neighbours are confused once in a thousand million."""
    return _where(lambda gap: _information_of_line(frequencies, gap), strength, 12.0)


# --- symbols ---------------------------------------------------------------------------------------------------------


def _table(x: np.ndarray, y: np.ndarray, strength: float) -> Matched:
    """The table of counts of x and y mixed with the product of its margins, so that the information is right."""
    n = len(x)
    _, a = np.unique(x, axis=0, return_inverse=True)
    _, b = np.unique(y, axis=0, return_inverse=True)
    cells, counts = np.unique(np.stack([a.reshape(-1), b.reshape(-1)]), axis=1, return_counts=True)
    joint = counts / n
    apart = (np.bincount(a.reshape(-1)) / n)[cells[0]] * (np.bincount(b.reshape(-1)) / n)[cells[1]]

    def information(share: float) -> float:
        """Of ``share`` times the table plus ``1 - share`` times the product; unseen cells all have one ratio."""
        seen = share * joint + (1 - share) * apart
        unseen = max(0.0, 1 - float(apart.sum())) * (1 - share)
        return float(seen @ np.log(seen / apart)) + (unseen * math.log1p(-share) if unseen > 0 else 0.0)

    share = _where(information, strength, 1.0)

    def draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        first = rng.integers(n, size=n)
        second = np.where(rng.random(n) < share, first, rng.integers(n, size=n))
        drawn = y[second]
        return x[first], drawn[:, 0] if drawn.shape[1] == 1 else drawn

    words = f"the table of x and y, {share:.3g} of it as counted and the rest independent, {n} rows"
    return Matched(information(share), words, draw)


# --- shared ----------------------------------------------------------------------------------------------------------


def _where(rising: Callable[[float], float], wanted: float, last: float) -> float:
    """The place in [0, last] where ``rising`` is ``wanted``, or the end that comes nearest."""
    if wanted <= rising(0.0):
        return 0.0
    if wanted >= rising(last):
        return last
    return optimize.brentq(lambda at: rising(at) - wanted, 0.0, last)  # pyright: ignore[reportReturnType]


def _like(original: Any, values: np.ndarray) -> Any:
    """``values`` in the precision of ``original`` and, where that is on an accelerator, beside it."""
    original = check.array(original, "x")
    if check.is_tensor(original):
        import torch

        dtype = original.dtype if original.is_floating_point() else None
        return torch.as_tensor(values, dtype=dtype).to(original.device)
    return values.astype(original.dtype) if original.dtype.kind == "f" else values
