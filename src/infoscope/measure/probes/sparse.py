from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.measurement import Cost
from infoscope.core.shapes import TensorRows
from infoscope.measure.bases.estimator import several
from infoscope.measure.bases.linear import LinearProbe
from infoscope.measure.usable.pursuit import pursued, pursued_quantities
from infoscope.measure.usable.readings import Expected, ProbeSplit, Reading, Target
from infoscope.measure.usable.standardiser import Standardiser


@dataclass(frozen=True)
class Sparse(LinearProbe):
    """Softmax regression on the few columns that tell most: which coordinates hold a variable.

    Options
    -------
    k: how many columns, or several numbers from which validation chooses. Other options as of ``linear``.

    Columns are sought among the rows that a probe is fitted to, split by split, by orthogonal matching pursuit: next to
    what those that were found already say, each class's residual probability is correlated with every column, and the
    column with the largest sum of squares joins. The first is the one along which the class means differ most. Of more
    than 16, several join at once. The result names the columns of each split (``.columns``), counted from 0.

    Example
    -------
    >>> x = np.random.default_rng(0).normal(size=(1000, 20))
    >>> found = iscope.usable_information(x, x[:, 7] + x[:, 3] > 0, probe="sparse(k=2)")
    >>> found.columns[0]
    (3, 7)
    """

    k: int | tuple[int, ...] = 8

    def cost(self, n: int, d: int, k: int) -> Cost:
        most = max(self._numbers)
        once = super().cost(n, min(d, most), k)
        return Cost(
            len(self._numbers) * once.seconds + 2e-9 * min(most, 16) * n * d * k,
            max(once.bytes, super().cost(n, d, k).bytes),
        )

    def _check(self) -> None:
        super()._check()
        for k in self._numbers:
            check.count(k, "k")

    @property
    def _numbers(self) -> tuple[int, ...]:
        return several(self.k)

    @property
    def words(self) -> str:
        return f"linear softmax probes of {' or '.join(map(str, self._numbers))} columns"

    @property
    def words_of_means(self) -> str:
        return f"linear probes of {' or '.join(map(str, self._numbers))} columns"

    def _cell(self, z: TensorRows, targets: Sequence[Target], split: ProbeSplit) -> list[Reading]:
        rows = Standardiser.of(z[split.train])(z[split.train], single=True)
        found = []
        for target in targets:
            path = pursued(rows, target.y[split.train], target.k, max(self._numbers))
            tried = [self._of_columns(z, target, split, path[:k]) for k in self._different(len(path))]
            found.append(min(tried, key=lambda reading: reading.validation))
        return found

    def _of_columns(self, z: TensorRows, target: Target, split: ProbeSplit, columns: np.ndarray) -> Reading:
        columns = np.sort(columns)
        (reading,) = super()._cell(z[:, columns], [target], split)
        named = tuple(columns.tolist())
        chosen = f"columns {', '.join(map(str, named))}, {reading.chosen}"
        return dataclasses.replace(reading, columns=named, chosen=chosen)

    def _different(self, there: int) -> list[int]:
        """The numbers of columns to try, of which no more than are ``there`` can be had."""
        return list(dict.fromkeys(min(k, there) for k in self._numbers))

    def _expect(self, z: Any, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> list[Expected]:
        found = []
        for split in splits:
            rows = Standardiser.of(z[split.train])(z[split.train], single=True)
            path = pursued_quantities(rows, y[split.train], max(self._numbers))
            tried = [self._means(z[:, np.sort(path[:k])], y, split, seed) for k in self._different(len(path))]
            losses = [float(np.square(one.validation - y[split.validation]).sum()) for one in tried]
            found.append(tried[int(np.argmin(losses))])
        return found

    def _means(self, z: Any, y: np.ndarray, split: ProbeSplit, seed: int) -> Expected:
        (found,) = super()._expect(z, y, [split], seed)
        return found

    @property
    def _reads_all(self) -> bool:
        return False

    def _columns(self, z: TensorRows, y: np.ndarray, k: int) -> np.ndarray:
        return np.sort(pursued(Standardiser.of(z)(z, single=True), y, k, max(self._numbers)))

    def _kept(
        self, z: Any, target: Target, splits: Sequence[ProbeSplit], seed: int
    ) -> tuple[dict[str, np.ndarray], str]:
        if len(self._numbers) == 1:
            return super()._kept(z, target, splits, seed)
        ((readings,),) = self.read(z[None], [target], splits, seed)
        middle = int(np.median([len(reading.columns) for reading in readings]))
        return dataclasses.replace(self, k=middle)._kept(z, target, splits, seed)
