"""I(X;T) along a trajectory by an estimator of two sets of real rows: each representation beside the inputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.measurement import Measured, takes_groups
from infoscope.measure.bases.estimator import Estimator, make

WITH, INPUT = "with", "input"  # the option that asks for it, which its rows carry


@dataclass(frozen=True)
class WithInput:
    """The information between ``inputs [n, d]`` and a representation of them, by ``estimator``.

    An estimator that takes two sets of real rows asks by itself, along a trajectory, only for what a representation
    says of labels. Of a deterministic network I(X;T) is H(X) or infinite; an estimand that is neither (projections,
    compressed variables) is what the estimate is of.
    """

    estimator: Estimator
    inputs: np.ndarray

    @property
    def id(self) -> str:
        return self.estimator.id

    @property
    def tells(self) -> dict[str, str]:
        return {"I(X;T)": "nats"}

    @property
    def options(self) -> dict[str, Any]:
        return {**self.estimator.options, WITH: INPUT}

    def measure(
        self, t: Any, variables: Mapping[str, np.ndarray], groups: np.ndarray | None = None
    ) -> list[list[Measured]]:
        """One estimate of I(X;T) for each member of ``t [m, n, e]``; ``variables`` are not looked at."""
        ask: Any = self.estimator.mutual_information
        told = {"groups": groups} if takes_groups(ask) else {}
        found = [ask(self.inputs, member, **told) for member in t]
        return [[Measured(INPUT, dataclasses.replace(estimate, quantity="I(X;T)"))] for estimate in found]


def asked(options: Mapping[str, Any]) -> bool:
    """Whether ``options`` of a plan ask for the information about the inputs."""
    return options.get(WITH) == INPUT


def estimator_of(name: str, options: Mapping[str, Any]) -> Estimator:
    """The estimator called ``name`` with all but that option.

    Raises
    ------
    InputError, UnknownNameError: no such estimator or option, or one that does not take two sets of real rows.
    """
    made = make(name, **{key: value for key, value in options.items() if key != WITH})
    if "mutual_information" not in made.offers or "real" not in made.second:
        raise InputError(
            f"{name} does not take two sets of real rows, so it cannot say what a layer holds of the inputs: "
            "leave out with=input, or use an estimator that does (sliced, lossy_compression, ksg)"
        )
    return made


def with_input(name: str, options: Mapping[str, Any], inputs: Any) -> WithInput:
    """The measurement that a plan with this option asks for; ``inputs``: the evaluation set, rows first."""
    rows = check.on_cpu(inputs)
    return WithInput(estimator_of(name, options), rows.reshape(len(rows), -1))
