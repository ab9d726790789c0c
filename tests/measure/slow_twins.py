"""The estimators once more, as plainly as NumPy can say them: oracles for the fast versions."""

import numpy as np


def entropy_of(counts):
    p = np.asarray(counts) / np.sum(counts)
    return float(-(p * np.log(p)).sum())


def rows_entropy(codes):
    """Plug-in entropy of the rows of ``codes [n, d]`` in nats."""
    return entropy_of(np.unique(codes, axis=0, return_counts=True)[1])


def interval_codes(t, bins, low, high):
    """Left-closed bins, the last one closed; 0 below and bins + 1 above."""
    edges = np.array([low + k * (high - low) / bins for k in range(bins + 1)])
    codes = np.searchsorted(edges, np.asarray(t, np.float64), side="right")
    codes[t == edges[-1]] = bins
    return codes


def peers_codes(t, bins, low, high):
    return np.digitize(np.asarray(t, np.float64), np.linspace(low, high, bins))


def width_codes(t, width):
    return np.floor(np.asarray(t, np.float64) / width)


def plane_of_codes(codes, y):
    """H(Bin(T)) and H(Bin(T)) - sum_y p(y) H(Bin(T)|y)."""
    y = np.asarray(y)
    h = rows_entropy(codes)
    given = sum((y == c).mean() * rows_entropy(codes[y == c]) for c in np.unique(y))
    return h, h - given


def kde_bound(t, s2, scale):
    """-mean_i ln (1/n) sum_j exp(-D_ij / (scale s2)): scale 2 gives I_up, 8 gives I_lo."""
    t = np.asarray(t, np.float64)
    squared = ((t[:, None] - t[None]) ** 2).sum(-1)
    return float(-np.log(np.exp(-squared / (scale * s2)).mean(1)).mean())


def kde_plane(t, y, s2):
    """(I_lo, I_up) of the input, then the published I(T;Y) from upper bounds and its certified bracket."""
    y = np.asarray(y)
    low, up = kde_bound(t, s2, 8), kde_bound(t, s2, 2)
    shares = [(y == c).mean() for c in np.unique(y)]
    low_y = sum(p * kde_bound(t[y == c], s2, 8) for p, c in zip(shares, np.unique(y), strict=True))
    up_y = sum(p * kde_bound(t[y == c], s2, 2) for p, c in zip(shares, np.unique(y), strict=True))
    return (low, up), up - up_y, (low - up_y, up - low_y)


def quantile_codes(t, bins):
    """How many of the column's inner quantiles, which are values of the sample, each value reaches."""
    codes = np.zeros(t.shape, int)
    for k, column in enumerate(t.T.tolist()):
        edges = [sorted(column)[j * len(column) // bins] for j in range(1, bins)]
        codes[:, k] = [sum(value >= edge for edge in edges) for value in column]
    return codes


def level_codes(t, bins):
    """How many of the inner quantiles of the distinct values of all columns each value reaches."""
    levels = sorted(set(t.ravel().tolist()))
    edges = [levels[j * len(levels) // bins] for j in range(1, bins)]
    return np.array([[sum(value >= edge for edge in edges) for value in row] for row in t.tolist()])


def mixture_sums(centres, noise, classes, own, z):
    """Logarithms of sums of Gaussian terms around queries ``centres[own] + z [j, m, d]``, relative to the own one."""
    centres = np.asarray(centres, np.float64)
    apart = centres[own][:, None] - centres
    exponent = -((apart**2).sum(-1) + 2 * np.einsum("jmd,mnd->jmn", z, apart)) / (2 * noise**2)
    exponent[:, np.arange(len(own)), own] = -np.inf

    def total(kept):
        return np.logaddexp.reduce(np.where(kept, exponent, -np.inf), axis=2)

    same = [(y[own][:, None] == y)[None] for y in classes]
    kin, strangers = (np.array([total(kept) for kept in which]) for which in (same, [~s for s in same]))
    return total(True), np.logaddexp.reduce(2 * exponent, axis=2), kin, strangers
