"""The compression score on made-up curves whose drop is known: bias, coverage and width beside simpler ways.

    python bench/compression_score.py [replicates]

Curves of 60 steps, noise of one standard deviation a seed and step: independent, wandering (autocorrelation 0.9, an
offset a seed), a random walk, and wandering with a spread that differs between seeds. Ways: the drop of the mean curve
with the bootstrap's interval; the same less the bias that the bootstrap finds; leave one out (each seed measured at
the peak of all others); and the score. Coverages are those of 95 % intervals.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from infoscope.claim.statistics import OverSeeds, _bootstrap, compression, drop, over_seeds, peak, student

STEPS = 60
MEMBERS = (4, 8, 16, 50)
T = np.arange(STEPS)
_rise = np.minimum(T / 15, 1)
SHAPES = {
    "flat": 0.0 * T,
    "peak, falls by 1": _rise - np.clip((T - 15) / 20, 0, 1),
    "peak, falls by 5": 5 * (_rise - np.clip((T - 15) / 20, 0, 1)),
    "plateau, falls by 1": _rise - np.clip((T - 45) / 14, 0, 1),
    "still rising": T / (STEPS - 1),
}


def wandering(rng: np.random.Generator, members: int) -> np.ndarray:
    steps = rng.normal(size=(members, STEPS))
    for t in range(1, STEPS):
        steps[:, t] = 0.9 * steps[:, t - 1] + np.sqrt(1 - 0.9**2) * steps[:, t]
    return steps


NOISE: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "independent": lambda rng, m: rng.normal(size=(m, STEPS)),
    "wandering": lambda rng, m: wandering(rng, m) + rng.normal(size=(m, 1)),
    "walk": lambda rng, m: rng.normal(size=(m, STEPS)).cumsum(1) / np.sqrt(STEPS),
    "unequal": lambda rng, m: wandering(rng, m) * rng.exponential(size=(m, 1)),
}


def less_bias(curves: np.ndarray) -> OverSeeds:
    half, resampled = _bootstrap(drop, curves)
    value = 2 * float(drop(curves.mean(0))) - resampled
    return OverSeeds(value, (value - half, value + half), len(curves))


def leave_one_out(curves: np.ndarray) -> OverSeeds:
    m = len(curves)
    peaks = (curves.sum(0) - curves).argmax(1)
    falls = curves[np.arange(m), peaks] - curves[:, -1]
    half = student(m) * falls.std(ddof=1) / np.sqrt(m)
    return OverSeeds(falls.mean(), (falls.mean() - half, falls.mean() + half), m)


WAYS: dict[str, Callable[[np.ndarray], OverSeeds]] = {
    "sample's own": lambda curves: over_seeds(drop, curves),
    "less bias": less_bias,
    "leave one out": leave_one_out,
    "score": compression,
}


def main(replicates: int) -> None:
    for shape, mean in SHAPES.items():
        truth, peaks = float(drop(mean)), np.flatnonzero(mean == mean.max())
        print(f"\n{shape}: bias / coverage / half width; last the coverage of the peak's interval")
        print("| noise | seeds | " + " | ".join(WAYS) + " | peak |\n|" + "---|" * (3 + len(WAYS)))
        for kind, noise in NOISE.items():
            for members in MEMBERS:
                rng = np.random.default_rng(1)
                found, held = {way: [] for way in WAYS}, []
                for _ in range(replicates):
                    curves = mean + noise(rng, members)
                    for way, score in WAYS.items():
                        value, interval, _ = score(curves)
                        low, high = interval or (value, value)
                        found[way].append((value - truth, low <= truth <= high, (high - low) / 2))
                    low, high = peak(curves, T).interval or (0, 0)
                    held.append(bool(((peaks >= low) & (peaks <= high)).any()))
                cells = [" / ".join(f"{x:.2f}" for x in np.mean(found[way], axis=0)) for way in WAYS]
                print(f"| {kind} | {members} | " + " | ".join(cells) + f" | {np.mean(held):.2f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
