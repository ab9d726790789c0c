"""The evidence of moving dots, and what can at best be told from it."""

from __future__ import annotations

from functools import cache

from infoscope.data.tasks import _evidence

COHERENCES = (0.05, 0.15, 0.3, 0.5)
NOISE = 0.1


@cache
def ceiling(noise: float = NOISE) -> float:
    """I(input; choice) = I(input; ignored) in nats: the cue is seen without noise, so either is one sign in noise."""
    return _evidence.information(noise, COHERENCES)


@cache
def bayes_accuracy(noise: float = NOISE) -> float:
    """The greatest possible share of right answers."""
    return _evidence.best_accuracy(noise, COHERENCES)
