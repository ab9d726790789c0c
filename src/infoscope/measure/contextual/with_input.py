"""I(X;T) along a trajectory by an estimator of two sets of real rows: each representation beside the inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Measurement, Need
from infoscope.measure.bases.estimator import Estimator


@dataclass(frozen=True)
class WithInput(Measurement):
    """The information between the inputs and a representation of them, by ``estimator``.

    An estimator that takes two sets of real rows asks by itself, along a trajectory, only for what a representation
    says of labels. Of a deterministic network I(X;T) is H(X) or infinite; an estimand that is neither (projections,
    compressed variables) is what the estimate is of.

    >>> from infoscope.core.measurement import Given
    >>> inputs = np.random.default_rng(0).normal(size=(500, 3))
    >>> measurement = iscope.measurement("sliced(with=input)")
    >>> ((found,),) = measurement.measure(np.tanh(inputs[None, :, :1]), {}, Given(inputs=inputs))
    >>> print(found.estimate)
    I(X;T) = 0.4... bits [...] (over projections and rows), sliced information (not I(X;Y)), 128 random
    projections...
    """

    asked_by: ClassVar[tuple[str, str]] = ("with", "input")

    estimator: Estimator

    @classmethod
    def around(cls, name: str, options: Mapping[str, Any]) -> WithInput:
        """By the estimator called ``name``.

        Raises
        ------
        InputError, UnknownNameError: no such estimator or option, or one that does not take two sets of real rows.
        """
        made: Estimator = grammar.make("estimators", name, **options)
        if "mutual_information" not in made.offers or "real" not in made.second:
            raise InputError(
                f"{name} does not take two sets of real rows, so it cannot say what a layer holds of the inputs: "
                "leave out with=input, or use an estimator that does (sliced, lossy_compression, ksg)"
            )
        return cls(made)

    @property
    def id(self) -> str:
        return self.estimator.id

    @property
    def options(self) -> dict[str, Any]:
        return {**self.estimator.options, **dict([self.asked_by])}

    @property
    def needs(self) -> tuple[Need, ...]:
        return ("inputs", "groups")

    def cost(self, n: int, d: int, k: int) -> Cost:
        return self.estimator.cost(n, d, n)  # every row is a class of its own

    def measure(self, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING) -> list[list[Measured]]:
        """One estimate of I(X;T) for each member of ``t [m, n, e]``; ``variables`` are not looked at."""
        rows = check.on_cpu(given.inputs)
        inputs, ask = rows.reshape(len(rows), -1), self.estimator.mutual_information
        found = [ask(inputs, member, groups=given.groups) for member in t]
        (quantity,) = self.tells
        return [[Measured("input", dataclasses.replace(estimate, quantity=quantity))] for estimate in found]
