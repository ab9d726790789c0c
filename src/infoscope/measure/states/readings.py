"""What sums of rows say: directions in use, classes, and how two places go together, exact but for rounding.

Products are float32 within a block, so that a direction with less than 1e-7 of the largest variance is rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import chdtri

from infoscope.core.estimate import Doubt, Status, remark
from infoscope.measure.intervals.student import standard_errors
from infoscope.measure.moments.canonical import log_wishart
from infoscope.measure.moments.class_means import RARE, off_simplex
from infoscope.measure.moments.spectra import effective, participation
from infoscope.measure.states.sums import BucketSums, Pooled

ROUNDING = 1e-7
HELD = 1 << 22  # numbers, one for each row of a part and each class
#: Eigenvalues of which the power law is told: from the third on, as Stringer et al. 2019 do, and no more than so many.
FIRST, LAST, LEAST = 2, 100, 8
FULL = 1e-5  # 1 - ρ² of a canonical pair below this is rounding
SCALES = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5])

SPECTRUM = ("effective_rank", "participation_ratio", "rankme", "alpha_req")
CLASSES = ("between_class_share", "nc1_variability", "nc2_norms", "nc2_angles")
PAIR = ("CKA(X,Y)", "I(X;Y)")


def shares(products: np.ndarray) -> np.ndarray:
    """Of the variance along principal directions, largest first."""
    found = np.linalg.eigvalsh(products)[::-1]
    found = found[found > ROUNDING * max(found[0], 0.0)]
    return found / found.sum() if len(found) else np.ones(1)


def spectrum(one: Pooled) -> np.ndarray:
    """The four of :data:`SPECTRUM`; the last is 0 where too few eigenvalues are left for a slope."""
    centred = shares(one.products)
    plain = shares(one.products + one.n * np.outer(one.mean, one.mean))
    return np.array([effective(centred), participation(centred), effective(plain), slope(centred)])


def slope(found: np.ndarray) -> float:
    """α of λ_i ~ i^-α: least squares of log λ on log i, weighted by 1/i."""
    tail = found[FIRST:LAST]
    if len(tail) < LEAST:
        return 0.0
    i = np.arange(FIRST + 1, FIRST + 1 + len(tail), dtype=np.float64)
    weights, x, y = 1 / i, np.log(i), np.log(tail)
    x = x - weights @ x / weights.sum()
    return -float(weights @ (x * y) / (weights @ (x * x)))


def within(one: Pooled, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of the classes that there are: counts ``[k]``, means ``[k, d]`` about the mean; and the products about them."""
    counts, sums = one.classes[name]
    there = counts > 0
    counts, sums = counts[there], sums[there]
    means = sums / counts[:, None]
    return counts, means, one.products - means.T @ sums


def classes(one: Pooled, name: str) -> np.ndarray:
    """The four of :data:`CLASSES`."""
    counts, means, inside = within(one, name)
    k, total = len(counts), float(np.trace(one.products))
    between = float(counts @ np.square(means).sum(axis=1)) / total if total > 0 else 0.0
    centred = means - means.mean(axis=0)
    _, size, directions = np.linalg.svd(centred / math.sqrt(k), full_matrices=False)
    kept = size > math.sqrt(ROUNDING) * size[0]
    if total == 0 or k < 2 or not size[0] > 1e-7 * math.sqrt(total / one.n):
        return np.array([between, 0.0, 0.0, 0.0])
    along = np.einsum("jd,de,je->j", directions[kept], inside, directions[kept])
    norms = np.linalg.norm(centred, axis=1)
    nc1 = float((along / size[kept] ** 2).sum()) / one.n / k
    return np.array([between, nc1, norms.std() / norms.mean(), off_simplex(centred)])


def doubts_of_classes(one: Pooled, name: str) -> dict[str, list[Doubt]]:
    """Whether classes differ by more than so few rows of each do by chance; and what two means cannot say."""
    counts, means, inside = within(one, name)
    k, n, trace = len(counts), one.n, float(np.trace(inside))
    if k < 2 or float(np.trace(one.products)) == 0:
        note = "one class" if k < 2 else "all rows are the same"
        return {of: [Doubt(Status.DEGENERATE, note)] for of in CLASSES}
    found: list[Doubt] = []
    if trace > 0 and n > k:
        ratio = float(counts @ np.square(means).sum(axis=1)) / (k - 1) / (trace / (n - k))
        freedom = (k - 1) * max(1.0, trace**2 / float(np.square(inside).sum()))
        least = max(2.0, float(chdtri(freedom, RARE)) / freedom)
        if ratio < least:
            note = f"the class means differ {ratio:.2g} times as much as chance makes them, wanted at least {least:.2g}"
            found = [Doubt(Status.UNDERSAMPLED, note)]
    shape = found
    if k == 2:
        shape = [Doubt(Status.DEGENERATE, "the centred means of two classes are always opposite and of equal length")]
    elif k > len(one.mean) + 1:
        shape = [*found, remark(f"{k} means form no simplex in {len(one.mean)} columns: 0 is out of reach")]
    return {"between_class_share": found, "nc1_variability": found, "nc2_norms": shape, "nc2_angles": shape}


def aligned(one: Pooled, columns: tuple[slice, slice], places: tuple[int, int]) -> float:
    """The unbiased covariance of two linear kernels (Song et al. 2012, eq. 5), times n(n - 3), by sums over rows alone.

    Rows about the mean have kernels whose rows sum to 0 with their diagonals, so that what is left of a row of the one
    without its diagonal is less its own squared length.
    """
    n, (x, y), both = one.n, columns, float(one.squares[places])
    traces = float(np.trace(one.products[x, x])) * float(np.trace(one.products[y, y]))
    off_diagonal = float(np.square(one.products[x, y]).sum()) - both
    return off_diagonal + traces / ((n - 1) * (n - 2)) - 2 * both / (n - 2)


def pair(one: Pooled, x: slice, y: slice, places: tuple[int, int]) -> np.ndarray:
    """The two of :data:`PAIR`: debiased linear alignment, 0 where a place is constant, and -½ Σ ln(1 - ρ²) less its
    bias."""
    own = [one.products[some, some] for some in (x, y)]
    cross = one.products[x, y]
    if one.n < 4 or any(not products.any() for products in own):
        return np.zeros(2)
    variances = [aligned(one, (some, some), (at, at)) for some, at in zip((x, y), places, strict=True)]
    covariance = aligned(one, (x, y), places)
    alignment = covariance / math.sqrt(math.prod(variances)) if min(variances) > 0 else 0.0
    white = []
    for products in own:
        values, vectors = np.linalg.eigh(products)
        kept = values > ROUNDING * values[-1]
        white.append(vectors[:, kept] / np.sqrt(values[kept]))
    squared = np.minimum(np.linalg.svd(white[0].T @ cross @ white[1], compute_uv=False) ** 2, 1 - FULL)
    dx, dy, dof = white[0].shape[1], white[1].shape[1], one.n - 1
    bias = 0.0
    if dof > dx + dy:
        bias = 0.5 * (log_wishart(dof, dx) + log_wishart(dof, dy) - log_wishart(dof, dx + dy))
    plain = -0.5 * float(np.log1p(-squared).sum())
    return np.array([alignment, plain - bias])


def shrunk(products: np.ndarray, n: int) -> np.ndarray:
    """With d/n of the mean variance added to every direction, which vanishes as rows outnumber columns."""
    return products + np.eye(len(products)) * float(np.trace(products)) / n


def least_squares(sums: BucketSums, columns: slice, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Squared errors of the classes of each bucket that holds rows: of a linear map, and of the shares of classes.

    Both are those of all other buckets, so that the second less the first is what columns say of rows never seen.
    """
    held, missed, null = np.flatnonzero(sums.counts), [], []
    for b in held:
        kept = (sums.counts > 0) & (np.arange(len(sums.counts)) != b)
        rest = sums.pooled(kept).of(columns)
        counts, about = rest.classes[name]
        shares_of, w = counts / rest.n, np.linalg.solve(shrunk(rest.products, rest.n), about.T)
        here = sums.classes[name].counts[b]
        n, apart = here.sum(), sums.means[b, columns] - rest.mean
        moved = sums.classes[name].sums[b][:, columns] + here[:, None] * apart
        alone = float(n - 2 * shares_of @ here + n * shares_of @ shares_of)
        cross = float((w.T * moved).sum()) - float(n * (apart @ w) @ shares_of)
        square = float((w * (sums.products[b][columns, columns] @ w)).sum()) + float(n * np.square(apart @ w).sum())
        missed.append(alone - 2 * cross + square)
        null.append(alone)
    return np.array(missed), np.array(null)


def discriminant(
    sums: BucketSums, columns: slice, name: str, rows: np.ndarray, buckets: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """What each of ``rows [m, d]`` of class ``y [m]`` gains over the shares of classes by a linear discriminant, nats.

    The discriminant of a row, and the shares, are those of all buckets but its own; by how much its scores are scaled
    is told from the sampled rows of the other buckets.
    """
    gains = np.empty((len(SCALES), len(rows)))
    for b in np.unique(buckets):
        rest = sums.pooled((sums.counts > 0) & (np.arange(len(sums.counts)) != b)).of(columns)
        counts, about = rest.classes[name]
        means = about / np.maximum(counts, 1)[:, None]
        inside = rest.products - means.T @ about
        w = np.linalg.solve(shrunk(inside, rest.n), means.T) * rest.n
        below = 0.5 * (means.T * w).sum(axis=0)
        priors = np.log((counts + 0.5) / (rest.n + 0.5 * len(counts)))
        for here in _blocks(np.flatnonzero(buckets == b), len(counts)):
            scores = (rows[here] - rest.mean) @ w - below
            scores[:, counts == 0] = 0.0
            own = np.arange(len(here)), y[here]
            for which, scale in enumerate(SCALES):
                gains[which, here] = _log_shares(priors + scale * scores)[own] - priors[y[here]]
    found = np.empty(len(rows))
    for b in np.unique(buckets):
        here, others = buckets == b, buckets != b
        found[here] = gains[int(gains[:, others].sum(axis=1).argmax()) if others.any() else 0, here]
    return found


def missed(sums: BucketSums, columns: slice, name: str, rows: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which of ``rows [m, d]`` of class ``y [m]`` are nearer to the mean of another class, means being those of all."""
    pooled = sums.pooled(np.ones(len(sums.counts), np.bool_)).of(columns)
    _, means, _ = within(pooled, name)
    there, squares, nearest = np.flatnonzero(pooled.classes[name][0] > 0), np.square(means).sum(axis=1), []
    for here in _blocks(np.arange(len(rows)), len(means)):
        apart = squares - 2 * (rows[here].astype(np.float64) - pooled.mean) @ means.T
        nearest.append(there[apart.argmin(axis=1)])
    return np.concatenate(nearest) != y


def _blocks(rows: np.ndarray, classes: int) -> Iterator[np.ndarray]:
    """``rows`` in parts, so that numbers for each of a part's rows and each class are :data:`HELD` at most."""
    at_once = max(1, HELD // classes)
    for first in range(0, len(rows), at_once):
        yield rows[first : first + at_once]


def _log_shares(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.max(axis=1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def buckets_off(values: Sequence[float] | np.ndarray, sizes: np.ndarray) -> float:
    """Half of a 95 % interval from values ``[b]`` without each bucket, which hold shares ``sizes`` of the rows.

    The jackknife for parts of unequal size (Busing, Meijer & van der Leeden 1999), with b - 1 degrees of freedom.
    """
    without = np.asarray(values)
    mean = float((1 - sizes) @ without) / (len(sizes) - 1)
    deviation = math.sqrt(float((1 - sizes) @ (without - mean) ** 2))
    return standard_errors(len(sizes) - 1) * deviation
