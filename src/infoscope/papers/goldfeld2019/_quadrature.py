"""Entropies of one noisy number by quadrature: the truth that estimates are held against."""

from __future__ import annotations

import math

import numpy as np

REACH = 10.0  # standard deviations beyond the outermost point; a normal variable lies beyond with probability 1e-23
FINE = 16  # grid points a standard deviation: of so smooth a function the trapezoid rule errs by less than 1e-12


def grid(low: float, high: float, noise: float) -> np.ndarray:
    return np.arange(low - REACH * noise, high + (REACH + 1 / FINE) * noise, noise / FINE)


def entropy(density: np.ndarray, places: np.ndarray) -> float:
    """-∫ p ln p of values ``density`` on an even grid, in nats."""
    p = density[density > 0]
    return float(-(p * np.log(p)).sum() * (places[1] - places[0]))


def densities(points: np.ndarray, places: np.ndarray, noise: float) -> np.ndarray:
    """The density of each point plus noise ``[points, places]``."""
    scaled = (places - np.asarray(points)[:, None]) / noise
    return np.exp(-0.5 * scaled**2) / (noise * math.sqrt(2 * math.pi))


def of_noise(noise: float) -> float:
    """h(Z) of one normal number in nats."""
    return 0.5 * math.log(2 * math.pi * math.e * noise**2)


def information(points: np.ndarray, noise: float) -> float:
    """I(X; s(X) + Z) in nats for equally likely ``points`` s(x) on the line and Z ~ N(0, noise²)."""
    points = np.asarray(points, float)
    places = grid(points.min(), points.max(), noise)
    return entropy(densities(points, places, noise).mean(0), places) - of_noise(noise)
