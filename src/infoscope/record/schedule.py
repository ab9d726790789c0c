"""When to look: a schedule is anything that answers ``step in schedule`` (a tuple, a set, a ``range``).

A trainer that knows its length takes a tuple of epochs; a watched loop of unknown length takes any container of steps.
Step (or epoch) ``k`` means *after* ``k`` updates (or epochs), so 0 is the network as initialised.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError

LONGEST = 10**12  # more updates than anybody takes


def log_spaced(epochs: int, points: int = 400) -> tuple[int, ...]:
    """The schedule of the 12-bit task's published code: evenly spaced on a logarithmic axis, from 0 to ``epochs``.

    The distinct integer parts of ``points`` log-spaced values from 1 to ``epochs``, minus 1 (274 values for 8000
    epochs, 279 for 10000: Saxe et al. 2018), which end at ``epochs - 1`` because that code counts epochs from 0. Here
    ``epochs`` itself is added as the last element, so that the trained network is always looked at (275 and 280).

    Raises
    ------
    InputError: ``epochs`` or ``points`` is not a whole number of at least 1.
    """
    check.count(epochs, "epochs")
    check.count(points, "points")
    published = np.unique(np.geomspace(1, epochs, points).astype(np.int64)) - 1
    return (*published.tolist(), epochs)


def thinning(
    epochs: int, spacing: Sequence[tuple[int, int]] = ((20, 1), (100, 5), (200, 10)), then: int = 100
) -> tuple[int, ...]:
    """Dense at first, sparser in stages: ``(until, every)`` pairs, and every ``then`` after the last of them.

    The default is the MNIST schedule of Saxe et al. 2018: every epoch below 20, every 5th below 100, every 10th below
    200, every 100th after; 144 values below 10000. ``epochs`` itself is added as the last element (145).

    Raises
    ------
    InputError: ``epochs``, ``then`` or a spacing is not a whole number of at least 1, or a stage ends before it starts.
    """
    check.count(epochs, "epochs")
    check.count(then, "then")
    found: list[int] = []
    start = 0
    for until, step in spacing:
        check.count(step, "the spacing")
        if until < start:
            raise InputError(f"a stage ends at {until}, before it starts at {start}: sort the stages by where they end")
        found += _multiples(step, start, min(until, epochs))
        start = until
    return (*found, *_multiples(then, start, epochs), epochs)


def _multiples(of: int, start: int, stop: int) -> range:
    return range(-(-start // of) * of, stop, of)


def every(k: int) -> range:
    """Steps 0, k, 2k, … without end; membership is a division, nothing is stored.

    Raises
    ------
    InputError: ``k`` is not a whole number of at least 1.
    """
    return range(0, sys.maxsize, check.count(k, "k"))


def per_decade(points: int = 20) -> tuple[int, ...]:
    """Step 0 and about ``points`` steps in every factor of ten, for a loop whose length nobody knows.

    Whole numbers are sparse at first, so early decades have fewer: 20 a decade gives 0 to 11, 13, 14, 16, 18, 20, 22 …

    Raises
    ------
    InputError: ``points`` is not a whole number of at least 1.
    """
    check.count(points, "points")
    decades: int = round(np.log10(LONGEST))
    return (0, *np.unique(np.round(np.logspace(0, decades, points * decades + 1)).astype(np.int64)).tolist())
