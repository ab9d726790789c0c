"""A measurement is told which rows belong together where it takes that, and says where it does not."""

import numpy as np

from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Given, Measured, adapted, measured
from infoscope.core.quantity import Quantity

T, GROUPS = np.zeros((1, 4, 2)), np.array([0, 0, 1, 1])


class Plain:
    id, options = "plain", {}

    def measure(self, t, variables):
        return [[Measured("input", Estimate(1.0, Quantity.of("q", "nats"), "a number", 4))]]


class Grouped(Plain):
    def measure(self, t, variables, groups=None):
        found = None if groups is None else len(set(groups.tolist()))
        return [[Measured("input", Estimate(1.0, Quantity.of("q", "nats"), "a number", 4, groups=found))]]


def test_groups_reach_a_measurement_that_takes_them():
    (((_, estimate, *_),),) = measured(adapted(Grouped()), T, {}, Given(groups=GROUPS))
    assert (estimate.groups, estimate.notes) == (2, ())


def test_one_that_does_not_take_them_says_so():
    (((_, estimate, *_),),) = measured(adapted(Plain()), T, {}, Given(groups=GROUPS))
    assert "counts rows as independent" in estimate.notes[0]


def test_without_groups_nothing_is_said():
    assert measured(adapted(Plain()), T, {}) == Plain().measure(T, {})
    assert measured(adapted(Grouped()), T, {}) == Plain().measure(T, {})
