"""Figures of Goldfeld et al. 2019 beyond its tables: closed forms, and rules on made-up rows."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from rule_outcomes import outcomes

from infoscope.core import grammar
from infoscope.core.claim import Outcome
from infoscope.core.rows import Rows, options_text
from infoscope.papers.goldfeld2019.continuous_inputs import ContinuousInputs
from infoscope.papers.goldfeld2019.noise_proxy import DETERMINISTIC, LAYERS, NoiseProxy
from infoscope.papers.goldfeld2019.noisy_models import MODELS, NoisyModels
from infoscope.papers.goldfeld2019.orthonormality import STRENGTHS, Orthonormality
from infoscope.papers.goldfeld2019.random_labels import LABELS, NoisyOnRandomLabels

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


def proxy_rows(made_up, right=0.98, much=0.9, cosine=0.97, start=0.5, far=0.6, ratio=0.3):
    def end(network, quantity, value, site="network", **more):
        made_up.series(network, site, quantity, np.full(8, value), spread=0.0005, **more)

    of_training = {"estimator": "training", "unit": "fraction", "split": "test", "variable": "label"}
    end(DETERMINISTIC, "accuracy", 0.98, **of_training)
    for noise, accuracy in ((0.005, right), (0.2, much)):
        end(f"noise_{noise:g}", "noisy_accuracy", accuracy, **of_training)
    for network, value in ((DETERMINISTIC, 0.3), ("noise_0.005", ratio)):
        end(network, "distance_ratio", value, "hidden5", estimator="class_distances", unit="ratio", variable="label")
    for network, value, members in (
        ("noise_0.005", cosine, "same"), ("noise_0.2", far, "same"), (DETERMINISTIC, start, "start"),
    ):  # fmt: skip
        made = grammar.make("geometries", "cosine_similarity", against=DETERMINISTIC, members=members)
        for layer in LAYERS:
            end(network, "cosine_median", value, layer, estimator="cosine_similarity", unit="ratio",
                options=options_text(made.options))  # fmt: skip
    return made_up.rows()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, (R, R, R)),
        ({"right": 0.9}, (P, R, R)),
        ({"ratio": 0.5, "cosine": 0.95, "start": 0.9}, (P, P, R)),
        ({"much": 0.98, "far": 0.95}, (R, R, N)),
    ],
)
def test_the_noisy_network_as_a_proxy(made_up, changes, wanted):
    assert tuple(outcomes(NoiseProxy(), proxy_rows(made_up, **changes)).values()) == wanted


def test_the_proxy_s_networks_differ_in_nothing_but_their_noise():
    plans = list(NoiseProxy().plan("laptop").values())
    assert len({dataclasses.replace(plan.network, noise=0.0) for plan in plans}) == 1
    assert len({(plan.recipe, plan.seeds, plan.epochs) for plan in plans}) == 1


def held_rows(made_up, drops, losses):
    for strength, drop, loss in zip(STRENGTHS, drops, losses, strict=True):
        curve = np.array([4, 5, 5.5, 6, 6 - drop, *[6 - drop] * 3])
        name = f"strength_{strength:g}"
        made_up.series(name, "hidden5", "H(Bin(T))", curve, estimator="binned_entropy", spread=0.001)
        made_up.series(name, "network", "loss", np.full(8, loss), estimator="training", split="test", spread=0.0005)
    return made_up.rows()


@pytest.mark.parametrize(
    ("drops", "losses", "wanted"),
    [
        ((3, 2.5, 2, 1, 0.1), (0.2, 0.2, 0.2, 0.1, 0.1), (R, R)),
        ((3, 2.5, 2, 1, 0.1), (0.1, 0.1, 0.1, 0.2, 0.2), (R, N)),
        ((1, 2, 2.5, 3, 3.5), (0.2, 0.2, 0.2, 0.1, 0.1), (N, R)),
        ((3, 2.9, 2.8, 2.7, 2.6), (0.2, 0.2, 0.2, 0.1, 0.1), (P, R)),  # in order, and hardly less
    ],
)
def test_orthonormal_weights_over_their_strength(made_up, drops, losses, wanted):
    assert tuple(outcomes(Orthonormality(), held_rows(made_up, drops, losses)).values()) == wanted


@pytest.mark.parametrize(
    ("falls", "wanted"),
    [
        ({}, (R, R, R, R, R)),
        ({"wide": 0.0}, (P, R, R, R, R)),
        ({"relu": 0.0, "linear": 0.0}, (R, N, N, R, R)),
        ({"relu_relative": 0.0, "linear_relative": 0.0}, (R, R, R, N, N)),
    ],
)
def test_noisy_models(made_up, falls, wanted):
    for name in MODELS:
        fall = falls.get(name, 2.0)
        made_up.series(
            name, "hidden5", "I(X;T)", np.array([3, 4, 4, 5, 5, 5, 5 - fall / 2, 5 - fall]), estimator="noisy"
        )
    assert tuple(outcomes(NoisyModels(), as_points(made_up.rows())).values()) == wanted


def as_points(rows: Rows) -> Rows:
    """The rows with brackets that are points."""
    table = rows.table.set_column(rows.table.schema.get_field_index("low"), "low", rows.table["value"])
    return Rows(table.set_column(table.schema.get_field_index("high"), "high", rows.table["value"]))


@pytest.mark.parametrize(
    ("memorised", "closer", "right", "wanted"),
    [
        ((2.0, 2.0), 0.5, 0.51, (R, R, R)),
        ((0.0, 2.0), 0.5, 0.51, (N, R, R)),  # only the rule's network compresses: it is about the other
        ((2.0, 0.0), 0.5, 0.51, (X, R, R)),  # nothing to be as
        ((2.0, 2.0), 0.0, 0.51, (R, P, R)),
        ((2.0, 2.0), 0.5, 0.83, (R, R, N)),
    ],
)
def test_random_labels_beside_the_rule_s(made_up, memorised, closer, right, wanted):
    of_training = {"estimator": "training", "unit": "fraction", "split": "test", "spread": 0.0005}
    for network, fall, ratio, accuracy in (
        ("memorised", memorised[0], closer, right), ("learned", memorised[1], 0.5, 0.85),
    ):  # fmt: skip
        information = np.array([3, 4, 4, 4.5, 4.5, 4.5, 4.5 - fall / 2, 4.5 - fall])
        made_up.series(network, "hidden5", "I(X;T)", information, estimator="noisy")
        for variable in LABELS.values():  # of the other variable's classes nothing is asked
            mine = ratio if variable == LABELS[network] else 0.0
            made_up.series(network, "hidden5", "distance_ratio", np.linspace(1, 1 - mine, 8), unit="ratio",
                           estimator="class_distances", variable=variable)  # fmt: skip
        made_up.series(network, "network", "accuracy", np.full(8, accuracy), variable=LABELS[network], **of_training)
    assert tuple(outcomes(NoisyOnRandomLabels(), as_points(made_up.rows())).values()) == wanted
