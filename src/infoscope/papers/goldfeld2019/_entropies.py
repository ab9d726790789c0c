"""Four estimates of h(S+Z) from samples: what knows the noise (the plug-in) and what does not, side by side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.core import grammar
from infoscope.core.quantity import Quantity
from infoscope.measure.noise.mixture import Mixture
from infoscope.measure.questions.noisy import noisy_layer
from infoscope.scanning.plan import Preset

ERROR = Quantity("error", "nats", "Error of the estimate", "error")
#: Multiples of Silverman's bandwidth, which is made for Gaussian densities.
BANDWIDTHS = (0.5, 1.0, 2.0)
ESTIMATES = ("sample propagation", "neighbours", *(f"KDE, {factor:g} × Silverman" for factor in BANDWIDTHS))

_SIZES: dict[Preset, tuple[int, ...]] = {
    "smoke": (250, 500),
    "laptop": (500, 1000, 2000, 4000),
    "paper": (500, 1000, 2000, 4000, 8000, 16_000),
}


def against_the_truth(
    title: str, curves: Callable[..., Iterable[Curve]], preset: Preset, seeds: tuple[int, ...], **arguments: Any
) -> Computation:
    """What :func:`errors` says over the sample sizes of ``preset``, by ``curves`` with ``arguments``."""
    at = tuple(map(float, _SIZES[preset]))
    return Computation(title, curves, ESTIMATES, at, "samples", seeds, arguments)


def plug_in(s: np.ndarray, noise: float, seed: int) -> float:
    """Sample propagation: the entropy in nats of the Gaussian mixture around clean samples ``s [n, d]``."""
    return noisy_layer(s, noise, "sample", seed=seed).t.value


def kernel_density(t: np.ndarray, bandwidth: float) -> float:
    """Minus the mean log-density in nats at each of ``t [n, d]`` under Gaussian kernels around the others."""
    n, d = t.shape
    rest = Mixture(t, bandwidth).around(np.arange(n), np.zeros((1, n, d))).others[0]
    return float(-(rest - math.log(n - 1)).mean() + d / 2 * math.log(2 * math.pi * bandwidth**2))


def silverman(t: np.ndarray) -> float:
    """(4 / (n (d + 2)))^(1/(d+4)) times the root mean square of the columns' standard deviations."""
    n, d = t.shape
    return float((4 / (n * (d + 2))) ** (1 / (d + 4)) * np.sqrt(t.var(axis=0).mean()))


def all_of(s: np.ndarray, noise: float, generator: np.random.Generator, seed: int) -> list[float]:
    """Each of :data:`ESTIMATES` of h(S+Z): the first from clean samples, the others from noisy ones, one of each."""
    t = s + noise * generator.standard_normal(s.shape)
    around = [kernel_density(t, factor * silverman(t)) for factor in BANDWIDTHS]
    return [plug_in(s, noise, seed), grammar.make("estimators", "kozachenko_leonenko").entropy(t).value, *around]


def errors(
    at: Sequence[float],
    seeds: Sequence[int],
    draw: Callable[[int, np.random.Generator], np.ndarray],
    noise: float,
    truth: float,
    what: str,
) -> Iterator[Curve]:
    """How far each estimate from ``at`` samples is off, for every seed; sites are :data:`ESTIMATES`."""
    found = np.empty((len(ESTIMATES), len(seeds), len(at)))
    for m, seed in enumerate(seeds):
        for k, n in enumerate(at):
            generator = np.random.default_rng([0xE57, seed, int(n)])
            found[:, m, k] = all_of(draw(int(n), generator), noise, generator, seed)
    for site, values in zip(ESTIMATES, found, strict=True):
        estimator = {"sample propagation": "noisy", "neighbours": "kozachenko_leonenko"}.get(site, "kde")
        yield Curve(
            site=site,
            quantity=ERROR,
            values=values - truth,
            estimand=f"estimate of h(S+N(0, {noise:g}² I)) less the truth, {what}",
            n=int(max(at)),
            estimator=estimator,
            options={"noise": noise},
        )
