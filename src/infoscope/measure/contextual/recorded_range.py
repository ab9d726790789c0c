"""Bins between the least and the largest value that each member took during training: train first, then bin."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from infoscope.core import grammar
from infoscope.core.errors import InputError
from infoscope.core.estimate import remark
from infoscope.core.grammar import plain
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Measurement, Need
from infoscope.core.quantity import Quantity
from infoscope.measure.bases.estimator import Estimator

BINNED = "binned"


@dataclass(frozen=True)
class RecordedRange(Measurement):
    """``binned`` on the range that each member's values had at the measured sites over all recorded steps.

    Rescales each member's values to [0, 1] and bins them there.

    >>> from infoscope.core.measurement import Given
    >>> t = np.random.default_rng(0).uniform(-1, 1, (1, 500, 2))  # one network, at one of its recorded steps
    >>> measurement = iscope.measurement("binned(bins=4, range=recorded)")
    >>> ((found,),) = measurement.measure(t, {}, Given(span=(np.array([-2.0]), np.array([2.0]))))
    >>> print(found.estimate)  # half of the range of all steps: two of the four bins of each column
    I(X;T) = 1.98... bits, H(Bin(T)), 4 bins on this member's recorded range, n=500, VACUOUS...
    >>> found.options
    {'bins': 4, 'range': 'recorded'}
    """

    asked_by: ClassVar[tuple[str, str]] = ("range", "recorded")

    binned: Estimator  # on [0, 1]

    @classmethod
    def around(cls, name: str, options: Mapping[str, Any]) -> RecordedRange:
        """With as many bins as ``options`` say.

        Raises
        ------
        InputError: another estimator than ``binned``, or other options than ``bins``.
        """
        if name != BINNED:
            raise InputError(f"a recorded range is for the estimator {BINNED!r}, not {name!r}")
        if other := sorted(set(options) - {"bins"}):
            raise InputError(
                f"a recorded range came with {', '.join(other)}, wanted bins and nothing else: leave it out"
            )
        return cls(grammar.make("estimators", BINNED, **options, range=(0.0, 1.0)))

    @property
    def id(self) -> str:
        return self.binned.id

    @property
    def options(self) -> dict[str, Any]:
        return self._options(self.binned.options["bins"])

    def _options(self, bins: Any) -> dict[str, Any]:
        return {"bins": plain(bins), **dict([self.asked_by])}

    @property
    def needs(self) -> tuple[Need, ...]:
        return (*self.binned.needs, "recorded range")

    @property
    def tells(self) -> tuple[Quantity, ...]:
        return self.binned.tells

    def about(self, names: Sequence[str]) -> list[str]:
        return self.binned.about(names)

    def refused(self, names: Sequence[str]) -> list[tuple[str, Quantity]]:
        return self.binned.refused(names)

    def cost(self, n: int, d: int, k: int) -> Cost:
        return self.binned.cost(n, d, k)

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        if given.span is None:
            raise InputError(
                "a recorded range arrived without the range of each member, wanted Given(span=(low, high))"
            )
        low, high = given.span
        width = np.maximum(high - low, np.finfo(np.float32).tiny)
        scaled = (np.asarray(t) - low[:, None, None]) / width[:, None, None]
        found = self.binned.measure(scaled, variables, dataclasses.replace(given, span=None))
        return [[self._say(one, *ends) for one in member] for member, *ends in zip(found, low, high, strict=True)]

    def _say(self, one: Measured, low: float, high: float) -> Measured:
        estimate = one.estimate
        here = estimate.estimand.replace("on [0, 1]", "on this member's recorded range")
        said = dataclasses.replace(estimate, estimand=here).doubted(remark(f"range [{low:.4g}, {high:.4g}]"))
        options = self._options((one.options or self.options)["bins"])
        return one._replace(estimate=said, options=options)
