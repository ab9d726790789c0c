"""What sums over rows say beyond measures that have a name of their own: the same of rows in memory and in shards."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Measurement, Need, affordable, timed
from infoscope.core.quantity import Quantity
from infoscope.measure.states.reservoir import Reservoir, hashes, mixed
from infoscope.measure.states.sums import BUCKETS, BucketSums
from infoscope.measure.states.telling import QUANTITIES, Telling

SAMPLE = 20_000
#: A quantity of its own, so that nobody takes its mean with what a trained probe reads.
DISCRIMINANT = Quantity("I_d(T;Y)", "nats", "Usable information of a linear discriminant", "usable")
OF_ROWS, OF_LABELS = ("rankme", "alpha_req"), ("between_class_share", "least_squares_share")


@dataclass(frozen=True)
class OnePassSums(Measurement):
    """What sums over rows say that has no measure of its own: spectra, spread between classes, linear readings.

    Of the rows RankMe and α-ReQ; of each variable the share of the variance between its classes, what a linear map
    predicts of it by least squares, and what a linear discriminant reads of it (a lower side). Intervals leave each of
    twenty buckets of groups out.

    The values are those of :class:`infoscope.OnePass`, which reads rows that fit into no memory; a scan in shards has
    them from its states. Discriminants are scored on up to 20 000 rows, in whole groups.

    >>> t = np.random.default_rng(0).normal(size=(1, 500, 3))
    >>> (found,) = iscope.measurement("one_pass").measure(t, {"sign": (t[0, :, 0] > 0).astype(int)})
    >>> [(each.variable, str(each.estimate.quantity)) for each in found[:3]]
    [('input', 'rankme'), ('input', 'alpha_req'), ('sign', 'between_class_share')]
    """

    @property
    def id(self) -> str:
        return "one_pass"

    @property
    def options(self) -> dict[str, Any]:
        return {}

    @property
    def needs(self) -> tuple[Need, ...]:
        return ("labels", "groups")

    @property
    def tells(self) -> tuple[Quantity, ...]:
        return (*(QUANTITIES[name] for name in (*OF_ROWS, *OF_LABELS)), DISCRIMINANT)

    def about(self, names: Sequence[str]) -> list[str]:
        return list(names)

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        of_labels = (*(QUANTITIES[name] for name in OF_LABELS), DISCRIMINANT)
        return [
            *(("input", QUANTITIES[name]) for name in OF_ROWS),
            *((name, quantity) for name in names for quantity in of_labels),
        ]

    def cost(self, n: int, d: int, k: int) -> Cost:
        seconds = 2e-3 + 2e-10 * n * d * d + 1.2e-8 * d**3 + 1e-8 * n * d
        return Cost(seconds, 8.0 * (2 * BUCKETS + 12) * d * d + 8.0 * BUCKETS * k * d + n * (24.0 * d + 60.0))

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        """Of each member of ``t [m, n, d]``.

        Raises
        ------
        InputError: fewer than four rows, or labels that cannot be used.
        """
        stack = check.on_cpu(check.representation(t, "t", stacked=True))
        n, d = stack.shape[1:]
        if n < 4:
            raise InputError(f"{n} rows have been read, wanted at least 4: pass more rows")
        labels = {name: check.labels(y, n, name).astype(np.int64) for name, y in variables.items()}
        classes = {name: int(y.max()) + 1 for name, y in labels.items()}
        affordable(self, n, d, max(classes.values(), default=1))
        names = mixed(np.arange(n).astype(np.uint64)) if given.groups is None else hashes(given.groups)
        buckets, count = (mixed(~names) % np.uint64(BUCKETS)).astype(np.int64), len(np.unique(names))

        def told(rows: np.ndarray) -> Telling:
            sums = BucketSums.of(rows, buckets, labels, classes, (slice(0, d),))
            kept = Reservoir(SAMPLE, np.arange(n), names, rows.astype(np.float32), labels).cut()
            return Telling(sums, kept, {"": slice(0, d)}, {}, count, classes)

        return timed(lambda: [list(self.of_telling(told(rows), "", list(labels))) for rows in stack])

    def of_telling(self, told: Telling, place: str, names: Sequence[str]) -> Iterator[Measured]:
        """The same of rows that have been read in one pass."""
        spectrum = told.spectrum(place)
        yield from (Measured("input", spectrum[name]) for name in OF_ROWS)
        for variable in names:
            yield Measured(variable, told.classes_at(place, variable)["between_class_share"])
            squares, read = told.least_squares(place, variable), told.discriminant(place, variable)
            if squares is not None:
                yield Measured(variable, squares)
            if read is not None:
                yield Measured(variable, dataclasses.replace(read, quantity=DISCRIMINANT))
