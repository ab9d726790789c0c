"""The rules of the figures on made-up rows: every verdict each can give."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from rule_outcomes import bits_curve, falling, late, outcomes

from infoscope.claim.computation import Computation
from infoscope.core import registry
from infoscope.core.claim import Outcome, combine
from infoscope.core.estimate import Status
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import RowsBuilder
from infoscope.core.units import nats
from infoscope.papers.saxe2018.few_samples import FewSamples
from infoscope.papers.saxe2018.full_batch import FullBatch
from infoscope.papers.saxe2018.gradient_noise import GradientNoise
from infoscope.papers.saxe2018.kde_activations import KdeActivations
from infoscope.papers.saxe2018.machine_precision import MachinePrecision
from infoscope.papers.saxe2018.mnist import MnistPlane
from infoscope.papers.saxe2018.relu import ReluPlane
from infoscope.papers.saxe2018.sigmoid import Sigmoid
from infoscope.papers.saxe2018.tanh import TanhPlane
from infoscope.scanning.plan import PRESETS

HIDDEN = [f"hidden{i}" for i in range(1, 6)]


HUMPS = bits_curve(5, 6, 7, 7.5, 6.3, 7.4, 4, 2)


def tanh_rows(made_up, hidden5, output, accuracy=0.98, spread=0.01):
    for site, curve in (("hidden5", hidden5), ("output", output)):
        made_up.series("tanh", site, "I(X;T)", curve, spread=spread)
    accuracies = np.full(8, accuracy)
    return made_up.series(
        "tanh", "network", "accuracy", accuracies, estimator="training", unit="fraction", split="test", spread=0.001
    ).rows()


@pytest.mark.parametrize(
    ("hidden5", "output", "accuracy", "spread", "wanted"),
    [
        (falling(5), falling(3.3), 0.98, 0.01, Outcome.REPRODUCED),
        (falling(5), falling(1.0), 0.98, 0.01, Outcome.PARTLY),
        (falling(5), falling(3.3), 0.80, 0.01, Outcome.PARTLY),
        (late(0.1), late(0.1), 0.80, 0.01, Outcome.NOT_REPRODUCED),
        (late(5.0), late(5.0), 0.98, 0.01, Outcome.PARTLY),  # falls at last, from epoch 2000 on
        (HUMPS, falling(3.3), 0.98, 0.01, Outcome.REPRODUCED),  # the higher hump is early, the lasting fall from 400 on
        (HUMPS, falling(3.3), 0.98, 0.30, Outcome.REPRODUCED),  # which of both is the peak is not sure
        (falling(5), falling(2.0), 0.98, 0.50, Outcome.INCONCLUSIVE),
    ],
)
def test_tanh(made_up, hidden5, output, accuracy, spread, wanted):
    rows = tanh_rows(made_up, hidden5, output, accuracy, spread)
    assert outcomes(TanhPlane(), rows) == {"compresses": wanted}


def relu_rows(made_up, hidden, output, spread=0.01):
    for site, curve in zip([*HIDDEN, "output"], [*hidden, output], strict=True):
        made_up.series("relu", site, "I(X;T)", curve, spread=spread)
    return made_up.rows()


@pytest.mark.parametrize(
    ("hidden", "output", "spread", "wanted"),
    [
        ([falling(0.1)] * 5, falling(2.6), 0.01, Outcome.REPRODUCED),
        ([falling(0.1)] * 4 + [falling(0.8)], falling(2.6), 0.01, Outcome.PARTLY),
        ([falling(0.8)] * 5, falling(0.1), 0.01, Outcome.NOT_REPRODUCED),
        ([falling(0.4)] * 5, falling(2.6), 0.01, Outcome.INCONCLUSIVE),
    ],
)
def test_relu(made_up, hidden, output, spread, wanted):
    assert outcomes(ReluPlane(), relu_rows(made_up, hidden, output, spread)) == {"no-compression": wanted}


def mnist_rows(made_up, relu=0.1, snr=0.1, growth=1.0, width=0.5):
    layers = ("hidden1", "hidden2", "hidden3", "hidden4", "output")
    for network in ("tanh", "relu"):
        for layer in layers:
            curve = falling(relu if network == "relu" else 2.0)
            made_up.series(network, layer, "I(X;T)", curve, estimator="kde", width=width, members=3, split="test")
            ratio = np.array([3, 2, 2, 1, 0.5, 2 * snr, 2 * snr, 2 * snr])
            made_up.series(
                network, layer, "gradient_snr", ratio, estimator="training", unit="ratio", spread=0.001, members=3
            )
            norms = np.linspace(5, 5 + growth, 8)
            made_up.series(
                network, layer, "weight_norm", norms, estimator="training", unit="norm", spread=0.001, members=3
            )
    return made_up.rows()


@pytest.mark.parametrize(
    ("early", "late", "wanted"),
    [
        (bits_curve(*[12] * 8), bits_curve(12, 12, 12, 12, 12, 12, 11, 4), Outcome.REPRODUCED),
        (bits_curve(*[12] * 8), bits_curve(12, 12, 12, 12, 11, 11, 11, 4), Outcome.PARTLY),
        (bits_curve(*[11] * 8), bits_curve(12, 12, 12, 12, 11, 11, 11, 4), Outcome.NOT_REPRODUCED),
        (bits_curve(*[11.9] * 8), bits_curve(12, 12, 12, 12, 12, 12, 11, 4), Outcome.INCONCLUSIVE),
    ],
)
def test_machine_precision(made_up, early, late, wanted):
    for layer in HIDDEN[:3]:
        made_up.series("tanh", layer, "I(X;T)", early)
    made_up.series("tanh", "hidden5", "I(X;T)", late)
    assert outcomes(MachinePrecision(), made_up.rows()) == {"stays": wanted}


@pytest.mark.parametrize(
    ("drops", "softplus_end", "wanted"),
    [
        ({"tanh": 2, "softsign": 1, "relu": 0.1, "softplus": 0.1}, 9.0, (Outcome.REPRODUCED, Outcome.REPRODUCED)),
        ({"tanh": 2, "softsign": 3, "relu": 0.1, "softplus": 0.1}, 9.0, (Outcome.PARTLY, Outcome.REPRODUCED)),
        ({"tanh": 1, "softsign": 2, "relu": 3, "softplus": 4}, 1.0, (Outcome.NOT_REPRODUCED, Outcome.NOT_REPRODUCED)),
        ({"tanh": 2, "softsign": 2, "relu": 0.1, "softplus": 0.1}, 9.0, (Outcome.INCONCLUSIVE, Outcome.REPRODUCED)),
    ],
)
def test_kde_activations(made_up, drops, softplus_end, wanted):
    options = {"estimator": "kde", "options": '{"bound":"upper","noise_variance":0.1}', "spread": 0.05}
    for network, drop_bits in drops.items():
        for layer in HIDDEN:
            curve = falling(drop_bits)
            if layer != "hidden5" and network == "softplus":
                curve = np.full(8, nats(softplus_end))
            made_up.series(network, layer, "I(X;T)", curve, **options)
    for layer in HIDDEN:  # measured beside it with the other noise, where everything is the other way round: ignored
        beside = {**options, "options": '{"bound":"upper","noise_variance":0.001}'}
        for network in drops:
            made_up.series(network, layer, "I(X;T)", falling(5 - drops[network]), **beside)
    found = outcomes(KdeActivations(), made_up.rows())
    assert (found["order"], found["softplus-keeps"]) == wanted


@pytest.mark.parametrize(
    ("drop_bits", "lost", "wanted"),
    [
        (5, 0.05, Outcome.REPRODUCED),
        (5, 0.0, Outcome.PARTLY),
        (1, 0.0, Outcome.NOT_REPRODUCED),
        (5, 0.02, Outcome.INCONCLUSIVE),
    ],
)
def test_few_samples(made_up, drop_bits, lost, wanted):
    made_up.series("tanh_few", "hidden5", "I(X;T)", falling(drop_bits))
    for network, accuracy in (("tanh", 0.98), ("tanh_few", 0.98 - lost)):
        curve = np.full(8, accuracy)
        made_up.series(
            network, "network", "accuracy", curve, estimator="training", unit="fraction", split="test", spread=0.002
        )
    assert outcomes(FewSamples(), made_up.rows()) == {"still-compresses": wanted}


@pytest.mark.parametrize(
    ("full", "relu", "wanted"),
    [
        (3.0, 0.1, Outcome.REPRODUCED),
        (1.0, 0.1, Outcome.PARTLY),
        (1.0, 0.8, Outcome.NOT_REPRODUCED),
        (3.0, 0.4, Outcome.INCONCLUSIVE),
    ],
)
def test_full_batch(made_up, full, relu, wanted):
    made_up.series("tanh", "hidden5", "I(X;T)", falling(4))
    made_up.series("tanh_full", "hidden5", "I(X;T)", falling(full)[1:])  # recorded at other epochs
    for network in ("relu", "relu_full"):
        for layer in HIDDEN:
            made_up.series(network, layer, "I(X;T)", falling(relu))
    assert outcomes(FullBatch(), made_up.rows()) == {"not-sgd": wanted}


def gradient_rows(made_up, late, growth):
    for network in ("tanh", "relu"):
        for layer in [*HIDDEN, "output"]:
            ratio = np.array([3, 4, 2, 1, 4 * late, 4 * late, 4 * late, 4 * late])
            options = {"estimator": "training", "spread": 0.01}
            made_up.series(network, layer, "gradient_snr", ratio, unit="ratio", **options)
            norms = np.linspace(5, 5 + growth, 8)
            made_up.series(network, layer, "weight_norm", norms, unit="norm", **options)
    return made_up.rows()


@pytest.mark.parametrize(
    ("late", "growth", "wanted"),
    [
        (0.1, 1.0, (Outcome.REPRODUCED, Outcome.REPRODUCED)),
        (0.9, -1.0, (Outcome.NOT_REPRODUCED, Outcome.NOT_REPRODUCED)),
        (0.5, 0.0, (Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE)),
    ],
)
def test_gradient_noise(made_up, late, growth, wanted):
    found = outcomes(GradientNoise(), gradient_rows(made_up, late, growth))
    assert (found["falls"], found["norms-grow"]) == wanted


@pytest.mark.parametrize(
    ("sigmoid", "shift", "wanted"),
    [
        (0.1, 0.0, (Outcome.REPRODUCED, Outcome.REPRODUCED)),
        (2.0, 0.0, (Outcome.NOT_REPRODUCED, Outcome.REPRODUCED)),
        (0.4, 0.0, (Outcome.INCONCLUSIVE, Outcome.REPRODUCED)),
        (0.1, 1.0, (Outcome.REPRODUCED, Outcome.NOT_REPRODUCED)),
    ],
)
def test_sigmoid(made_up, sigmoid, shift, wanted):
    for layer in [*HIDDEN, "output"]:
        made_up.series("sigmoid", layer, "I(X;T)", falling(sigmoid))
        for network, by in (("tanh", 0.0), ("scaled_sigmoid", shift)):
            made_up.series(network, layer, "I(X;T)", falling(3) + by, spread=0.001)
    found = outcomes(Sigmoid(), made_up.rows())
    assert (found["no-compression"], found["rescaled-is-tanh"]) == wanted


def test_mnist_when_everything_is_as_published(made_up):
    found = outcomes(MnistPlane(), mnist_rows(made_up))
    assert set(found.values()) == {Outcome.REPRODUCED}
    assert set(found) == {"relu-no-compression", "snr-falls", "norms-grow", "bounds"}


@pytest.mark.parametrize(
    ("change", "claim", "wanted"),
    [
        ({"relu": 0.9}, "relu-no-compression", Outcome.NOT_REPRODUCED),
        ({"relu": 0.4}, "relu-no-compression", Outcome.INCONCLUSIVE),
        ({"snr": 0.9}, "snr-falls", Outcome.NOT_REPRODUCED),
        ({"growth": -1.0}, "norms-grow", Outcome.NOT_REPRODUCED),
        ({"width": -0.5}, "bounds", Outcome.PARTLY),
    ],
)
def test_mnist_when_one_thing_is_not(made_up, change, claim, wanted):
    found = outcomes(MnistPlane(), mnist_rows(made_up, **change))
    assert found[claim] is wanted


def test_mnist_reports_tanh_without_judging_it(made_up):
    judged = MnistPlane().judge(mnist_rows(made_up))[0]
    assert judged.notes[0].startswith(
        "for comparison and without a pass mark: drop of I(X;T) after its peak: tanh hidden1"
    )
    assert judged.notes[0].endswith("tanh hidden4 2 bits")
    assert not any("tanh" in finding.name for finding in judged.findings)


def test_a_diverged_member_is_left_out_and_counted(made_up):
    from infoscope.core.rows import Place, Rows

    rows = tanh_rows(made_up, falling(5), falling(3.3))
    builder = RowsBuilder("made-up")
    place = Place("tanh", 0, "hidden5", 0, "input", "binned", member=99)
    builder.add_failure(place, INPUT_INFORMATION, "NaN in 3 rows", 4096)
    judged = TanhPlane().judge(Rows.concat([rows, builder.rows()]))[0]
    assert combine(judged.findings) is Outcome.REPRODUCED
    assert "1 of 13 members left out" in judged.findings[0].note


def test_a_curve_at_its_ceiling_is_said_to_be_there(made_up):
    made_up.series("relu", "hidden1", "I(X;T)", falling(0.1), status=Status.SATURATED)
    finding = ReluPlane().judge(made_up.rows())[0].findings[0]
    assert finding.outcome == "unclear"  # what stays at its ceiling shows no fall, and is no evidence of none
    assert "100% of the values are at their ceiling" in finding.note
    assert "a curve at its ceiling throughout cannot show a fall" in finding.note


def test_one_seed_is_judged_by_its_value_and_says_so(made_up):
    made_up.series("relu", "hidden1", "I(X;T)", falling(0.1), members=1)
    finding = ReluPlane().judge(made_up.rows())[0].findings[0]
    assert finding.interval is None
    assert finding.outcome == "holds"
    assert "one seed, so no interval" in finding.note


@pytest.mark.parametrize("figure", registry.entries("figures"))
def test_every_figure_says_not_testable_without_rows(figure):
    for judged in registry.load("figures", figure)().judge(RowsBuilder("empty").rows()):
        assert combine(judged.findings) is Outcome.NOT_TESTABLE


@pytest.mark.parametrize("figure", registry.entries("figures"))
def test_every_figure_states_its_facts_and_plans_every_preset(figure):
    made = registry.load("figures", figure)()
    module = __import__(registry.find("figures", figure).module, fromlist=["_"])
    for word in ("Paper:", "Our sentence", "infoscope run", "Hardware", "Deviations", "smoke", "laptop", "paper"):
        assert word in " ".join(module.__doc__.split()), word
    assert ("long" in made.seeds) == bool(made.long) == bool(re.search(r"\blong:", module.__doc__))
    for preset in PRESETS:
        plans = made.plan(preset)
        assert plans
        drawn = made.seeds[made.preset(preset)]
        for plan in plans.values():
            if isinstance(plan, Computation):
                assert len(plan.seeds) in (0, drawn)
                assert list(plan.at) == sorted(set(plan.at))
                assert json.loads(json.dumps(plan.to_json()))["sites"] == list(plan.sites)
                continue
            assert len(plan.seeds) == drawn
            assert plan.epochs[0] in (0, 1)  # as initialised, or after one epoch where that is what was published
            assert plan.epochs[-1] <= plan.recipe.epochs
            assert list(plan.epochs) == sorted(set(plan.epochs))
            assert type(plan).from_json(plan.to_json()) == plan
    for plan in made.plan("smoke", 5).values():
        assert len(plan.seeds) == (5 if made.seeds["smoke"] and plan.seeds else 0)
