"""What is to be measured where: a measurement, made and checked once, at some places and epochs of a trajectory."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from infoscope.core.measurement import Measurement, covered
from infoscope.core.rows import Rows
from infoscope.measure.bases.measurements import make_measurement


@dataclass(frozen=True)
class MeasurePlan:
    """One measurement by name with the options that were said, at some sites.

    epochs: those of the recorded epochs at which to measure, for one that is slow or has many values.

    Raises
    ------
    InputError, UnknownNameError: an unknown name or option, or one of the wrong kind.
    """

    estimator: str
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    sites: tuple[str, ...] = ()  # none means all
    epochs: tuple[int, ...] = ()  # none means all recorded

    def __post_init__(self) -> None:
        _ = self.measurement  # refused here, before anything is read

    @classmethod
    def of(cls, measurement: Measurement, sites: tuple[str, ...] = ()) -> MeasurePlan:
        """The plan of a measurement that is made already, which may be a user's own."""
        plan = object.__new__(cls)
        vars(plan).update(estimator=measurement.id, options=measurement.options, sites=sites, epochs=())
        vars(plan).update(measurement=measurement)
        return plan

    @cached_property
    def measurement(self) -> Measurement:
        """What the plan names."""
        return make_measurement(self.estimator, **self.options)

    def trained_with(self, noise: float) -> MeasurePlan:
        """The same for networks with noise of this standard deviation at every hidden layer, 0 for none.

        Raises
        ------
        InputError: what was said does not go with it.
        """
        ours = self.measurement.trained_with(noise, self.options)
        if ours is self.measurement:
            return self
        plan = copy.copy(self)
        vars(plan).update(options=ours.options, measurement=ours)  # a new plan would make it again, from its options
        return plan

    def rows(self, rows: Rows, network: str, marks: Mapping[str, Any] | None = None) -> Rows:
        """Those of ``rows`` that this asked for; ``marks``: what their options say beside its own."""
        found = rows.filter(network=network, estimator=self.measurement.id)
        return found.filter(options=covered({**self.measurement.options, **(marks or {})}, found.unique("options")))

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def completed(content: Any) -> Any:
    """A stored plan as this infoscope writes it: the recorded range was a field of its own before it was an option."""
    if not isinstance(content, dict) or "range_recorded" not in content:
        return cast(Any, content)
    stored = cast(dict[str, Any], content)
    kept = {name: value for name, value in stored.items() if name != "range_recorded"}
    return {**kept, "options": {**stored["options"], "range": "recorded"}} if stored["range_recorded"] else kept
