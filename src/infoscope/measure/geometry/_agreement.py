"""How much two partitions of the same rows agree."""

from __future__ import annotations

import numpy as np

from infoscope.core.shapes import Labels
from infoscope.measure.symbols import quantise as q


def adjusted_rand_index(one: Labels, other: Labels) -> float:
    """How much two partitions of the same rows, numbered from 0, agree: 1 is the same groups, 0 as by chance.

    Of pairs of rows, in exact numbers (Hubert & Arabie 1985). scikit-learn's says the same, and warns where most rows
    have a label of their own.
    """
    cells = q.group(q.joint(one, other))[1]
    together, in_one, in_other = (int((counts**2).sum()) for counts in (cells, np.bincount(one), np.bincount(other)))
    both, first, second = together - len(one), in_one - together, in_other - together
    apart = len(one) ** 2 - first - second - together
    if not first and not second:
        return 1.0
    chance = (both + first) * (first + apart) + (both + second) * (second + apart)
    return 2 * (both * apart - first * second) / chance
