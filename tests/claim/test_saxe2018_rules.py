"""The rules of figures E1-E3 on made-up rows: every verdict each can give."""

from __future__ import annotations

import numpy as np
import pytest

from infoscope.claim.papers.saxe2018.mnist import MnistPlane
from infoscope.claim.papers.saxe2018.relu import ReluPlane
from infoscope.claim.papers.saxe2018.tanh import TanhPlane
from infoscope.core import registry
from infoscope.core.claim import Outcome, combine
from infoscope.core.rows import RowsBuilder
from infoscope.core.units import nats

HIDDEN = [f"hidden{i}" for i in range(1, 6)]


def bits_curve(*values: float) -> np.ndarray:
    return nats(1.0) * np.array(values)


def falling(drop_bits: float) -> np.ndarray:
    """Peaks at epoch 25 at 8 bits, then falls."""
    return bits_curve(5, 6, 7, 8, 8 - drop_bits / 2, 8 - drop_bits, 8 - drop_bits, 8 - drop_bits)


def late_peak(drop_bits: float) -> np.ndarray:
    return bits_curve(1, 2, 3, 4, 5, 6, 8, 8 - drop_bits)


def outcomes(figure, rows) -> dict[str, Outcome]:
    return {judged.claim.id.split("/")[-1]: combine(judged.findings) for judged in figure.judge(rows)}


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
        (late_peak(0.1), late_peak(0.1), 0.80, 0.01, Outcome.NOT_REPRODUCED),
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
    assert "tanh, for comparison" in judged.notes[0]
    assert "hidden4 2.00" in judged.notes[0]
    assert not any("tanh" in finding.name for finding in judged.findings)


def test_a_diverged_member_is_left_out_and_counted(made_up):
    from infoscope.core.rows import Place, Rows

    rows = tanh_rows(made_up, falling(5), falling(3.3))
    builder = RowsBuilder("made-up")
    place = Place("tanh", 0, "hidden5", 0, "input", "binned", member=99)
    builder.add_failure(place, "I(X;T)", "NaN in 3 rows", 4096)
    judged = TanhPlane().judge(Rows.concat([rows, builder.rows()]))[0]
    assert combine(judged.findings) is Outcome.REPRODUCED
    assert "1 of 13 members left out" in judged.findings[0].note


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
    for preset in ("smoke", "laptop", "paper"):
        plans = made.plan(preset)
        assert plans
        for plan in plans.values():
            assert len(plan.seeds) == made.seeds[preset]
            assert plan.epochs[0] == 0
            assert plan.epochs[-1] == plan.recipe.epochs
            assert list(plan.epochs) == sorted(set(plan.epochs))
            assert type(plan).from_json(plan.to_json()) == plan
    assert len(next(iter(made.plan("smoke", 5).values())).seeds) == 5
