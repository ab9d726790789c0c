"""Figures of Goldfeld et al. 2019 beyond its tables: closed forms, and rules on made-up rows."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from rule_outcomes import outcomes

from infoscope.core.claim import Outcome
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019.continuous_inputs import ContinuousInputs

R, P, N, X = Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.NOT_TESTABLE


def bins_rows(change=None) -> Rows:
    """The figure's own rows, with the values of one kind of inputs changed."""
    parts = []
    for name, plan in ContinuousInputs().plan("smoke").items():
        own = plan.curves

        def curves(at, seeds, own=own, name=name, **arguments):
            for curve in own(at=at, seeds=seeds, **arguments):
                yield dataclasses.replace(curve, values=change(name, curve.values)) if change else curve

        parts.append(dataclasses.replace(plan, curves=curves).rows("made-up", name, [0]))
    return Rows.concat(parts)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (None, (R, R)),
        (lambda _, values: np.sqrt(values), (N, N)),  # grows, but ever more slowly
        (lambda _, values: np.minimum(values, math.log(4096)), (X, R)),
        (lambda name, values: values * (1 if name == "continuous" else 1.01), (R, N)),
    ],
)
def test_binned_information_is_infinite_or_constant(change, wanted):
    assert tuple(outcomes(ContinuousInputs(), bins_rows(change)).values()) == wanted


def test_wide_bins_see_both_kinds_of_inputs_alike():
    values = {
        name: next(iter(plan.curves(at=(1.0, 5.0), seeds=(), **plan.arguments))).values
        for name, plan in ContinuousInputs().plan("smoke").items()
    }
    np.testing.assert_allclose(values["continuous"], values["discrete"], atol=2e-3)
