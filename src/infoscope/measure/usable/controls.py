"""What is held beside a reading: labels that say nothing, a random label for each type, and what the type alone says.

A probe that reads labels of its own making as well as the true ones has learned them by heart; a layer of which no more
can be read than of the token itself holds the token (Hewitt & Liang 2019).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.core.errors import InputError
from infoscope.core.quantity import (
    INPUT_ACCURACY,
    OF_INPUT,
    OF_TYPE,
    SELECTIVITY,
    SELECTIVITY_ACCURACY,
    SHUFFLED,
    SHUFFLED_ACCURACY,
    TYPE_ACCURACY,
    TYPE_CONTROL,
    TYPE_CONTROL_ACCURACY,
    Quantity,
)
from infoscope.kernels import draws
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable.readings import ProbeSplit, Reading, Target
from infoscope.measure.usable.temperature import cross_entropy

#: What each control tells of every variable, in nats and as an accuracy.
TOLD: dict[str, tuple[tuple[Quantity, Quantity], ...]] = {
    "shuffled": ((SHUFFLED, SHUFFLED_ACCURACY),),
    "type": ((TYPE_CONTROL, TYPE_CONTROL_ACCURACY), (SELECTIVITY, SELECTIVITY_ACCURACY), (OF_TYPE, TYPE_ACCURACY)),
    "input": ((OF_INPUT, INPUT_ACCURACY),),
}
#: Rows of the null probe that count as rows of each type, out of which the validation rows choose.
SMOOTHING = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
OF_TYPES = "label frequencies of each type"


def shuffled(y: np.ndarray, groups: Groups | None, seed: int) -> np.ndarray:
    """The labels ``y [n]`` of other rows; of other groups where all rows of each group have one label."""
    if groups is not None and groups.count < len(y) and groups.constant(y):
        return y[groups.firsts][draws.fold_order(groups.count, seed + 1)][groups.ids]
    return y[draws.fold_order(len(y), seed + 1)]


def of_types(y: np.ndarray, k: int, types: np.ndarray, seed: int) -> np.ndarray:
    """A random label for each of the ``types [n]``, as often as the labels ``y [n]`` in 0..k-1 are there.

    It is decided by the number of the type and the seed alone, so that it is the same at every step and place.
    """
    shares = np.cumsum(np.bincount(y, minlength=k) / len(y))
    return np.minimum(np.searchsorted(shares, _uniform(types, seed), "right"), y.max())


def _uniform(numbers: np.ndarray, seed: int) -> np.ndarray:
    """A number in [0, 1) for each whole number, by the mixing of Steele, Lea & Flood (2014, SplitMix64)."""
    with np.errstate(over="ignore"):
        x = numbers.astype(np.int64).view(np.uint64) + np.uint64(0x9E3779B97F4A7C15) * np.uint64(seed + 1)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(31))
    return (x >> np.uint64(11)) * 2.0**-53


def checked_types(types: np.ndarray | None, n: int) -> np.ndarray:
    """One whole number a row.

    Raises
    ------
    InputError: there are none, another number of them, or others than whole numbers.
    """
    if types is None:
        raise InputError(
            "controls=type arrived for rows whose types nobody says, wanted rows of tokens: read a place such as "
            "'transformer.h.*@tokens' of a model that takes token ids, or leave the control out"
        )
    found = np.asarray(types)
    if found.shape != (n,) or found.dtype.kind not in "iub":
        raise InputError(
            f"types of shape {found.shape} and dtype {found.dtype} arrived for {n} rows, wanted one whole number a row"
        )
    return found.astype(np.int64)


def of_the_type(target: Target, types: np.ndarray, splits: Sequence[ProbeSplit]) -> list[Reading]:
    """What one who knows nothing but the type of a row says of its label, for each split.

    The frequencies of the labels among the rows of that type that may be known, the null probe's counted in as so many
    rows as the validation rows choose. The loss on known rows leaves each row out.
    """
    number = np.unique(types, return_inverse=True)[1].reshape(-1)
    found = []
    for split in splits:
        tried = _TypeTable(target, number, split.train)
        losses = [cross_entropy(tried(split.validation, more), target.y[split.validation]) for more in SMOOTHING]
        best = int(np.argmin(losses))
        table = _TypeTable(target, number, split.known)
        own = table(split.known, SMOOTHING[best], out=True)
        found.append(
            Reading(
                table(split.scored, SMOOTHING[best]), losses[best], cross_entropy(own, target.y[split.known]),
                chosen=f"{SMOOTHING[best]:g} rows of the null probe a type",
            )
        )  # fmt: skip
    return found


class _TypeTable:
    """How often each label is there among the ``rows`` of each type, whose ``number [n]`` is from 0 on."""

    def __init__(self, target: Target, number: np.ndarray, rows: np.ndarray) -> None:
        self._y, self._number, self._prior = target.y, number, target.prior(rows)
        flat = np.bincount(number[rows] * target.k + target.y[rows], minlength=(int(number.max()) + 1) * target.k)
        self._counts = flat.reshape(-1, target.k)

    def __call__(self, rows: np.ndarray, more: float, *, out: bool = False) -> np.ndarray:
        """ln q(label | type) ``[rows, k]``. out: ``rows`` are counted themselves, and each is left out of its own."""
        counts = self._counts[self._number[rows]].astype(float)
        if out:
            counts[np.arange(len(rows)), self._y[rows]] -= 1
        counts += more * self._prior
        return np.log(counts / counts.sum(1, keepdims=True))
