from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.core.estimate import Doubt, Status
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import Labels, NumpyRows
from infoscope.measure.bases.geometry import Geometry

LEAST = 20  # rows of a class, below which its shares say little


@dataclass(frozen=True)
class Confusion(Geometry):
    """What a network answers to each class: the share of its rows whose largest column is each of the columns.

    answered_share: one for each class of a label and each column, under the *variable* ``"digit 3, answer 1"``; classes
    and columns count from 0. Rows are those of the output, a column a class that may be answered; of a finer label than
    the one that is trained on, it is told which fine classes are answered wrongly, and when. Of several largest columns
    the first counts.

    UNDERSAMPLED for a class with fewer than 20 rows. DEGENERATE where all rows are alike, and so all answers.

    Example
    -------
    >>> y = np.arange(300) % 3
    >>> found = iscope.geometry(np.stack([y == 0, y > 0], axis=1), y, measure="confusion")
    >>> print(found["answered_share y 2, answer 1"])
    answered_share = 100 %, share of the rows of class 2...
    """

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("answered_share", "fraction", "What is answered to each class", "confusion"),
    )
    second: ClassVar[str] = "labels"
    invariant: ClassVar[tuple[str, ...]] = ("scale",)

    def cost(self, n: int, d: int, k: int) -> Cost:
        return Cost(1e-4 + n * d * 2e-9, 40.0 * n + 800.0 * k * d)

    def _of(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return self._told(np.argmax(t, axis=1), t.shape[1], labels, [])

    def _constant(self, t: NumpyRows, labels: dict[str, Labels]) -> Iterable[Measured]:
        return self._told(np.argmax(t, axis=1), t.shape[1], labels, [Doubt(Status.DEGENERATE)])

    def _told(
        self, answers: np.ndarray, columns: int, labels: dict[str, Labels], doubts: list[Doubt]
    ) -> Iterable[Measured]:
        for name, y in labels.items():
            classes = int(y.max()) + 1
            table = np.bincount(y * columns + answers, minlength=classes * columns).reshape(classes, columns)
            for which, counts in enumerate(table):
                n = int(counts.sum())
                few = [Doubt(Status.UNDERSAMPLED, f"{n} rows of this class")] if n < LEAST and not doubts else []
                for answer, count in enumerate(counts.tolist()):
                    words = f"share of the rows of class {which} of {name} whose largest column is {answer}"
                    said = self._say("answered_share", count / max(n, 1), words, n, [*doubts, *few])
                    yield Measured(f"{name} {which}, answer {answer}", said)
