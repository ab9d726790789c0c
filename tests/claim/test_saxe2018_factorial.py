"""The factorial's and the sweep's rules on made-up rows, and the rows that are derived from them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rule_outcomes import outcomes

from infoscope.claim.scores import sweeps
from infoscope.core.claim import Outcome
from infoscope.core.rows import options_text
from infoscope.core.units import bits, nats
from infoscope.papers.saxe2018._factors import ACTIVATIONS, BINS, CELLS, FACTORS, Cell, effects, network_of
from infoscope.papers.saxe2018.estimator_sweep import EstimatorSweep
from infoscope.papers.saxe2018.factorial import Factorial

SATURATING = {name for name, has in ACTIVATIONS.items() if has.saturates}
CENTRED = {name for name, has in ACTIVATIONS.items() if has.centred}
STEEP = {name for name, has in ACTIVATIONS.items() if has.steep}


def curve(drop_bits: float, early_bits: float = 0.0) -> np.ndarray:
    """Peaks at epoch 25 at 8 bits, has lost ``early_bits`` by epoch 400 and ``drop_bits`` at epoch 8000."""
    return nats(1.0) * np.array([5, 6, 7, 8, 8, 8 - early_bits, 8 - drop_bits, 8 - drop_bits])


def factorial_rows(made_up, drops, layers=("hidden5",), spread=0.01):
    """``drops(cell) -> (drop at the end, drop by epoch 1000)`` in bits, for every cell of both lengths at once."""
    for cell in CELLS:
        if cell.long:
            for layer in layers:
                site = layer + ".linear" * (cell.bins == "in net input")
                network = network_of(cell.activation, cell.large)
                options = {"options": BINS[cell.bins], "spread": spread}
                made_up.series(network, site, "I(X;T)", curve(*drops(cell)), **options, members=4)
    return made_up.rows()


def compressing(names, bins=("recorded range", "on [-1, 1]"), large=True):
    """Two bits for these activations under these bins, nothing else."""
    return lambda cell: (2.0 if cell.activation in names and cell.bins in bins and cell.large <= large else 0.0, 0.0)


@pytest.mark.parametrize(
    ("names", "candidate", "others"),
    [
        (SATURATING, "saturation-decides", ("centring-decides", "slope-decides")),
        (CENTRED, "centring-decides", ("saturation-decides", "slope-decides")),
        (STEEP, "slope-decides", ("saturation-decides", "centring-decides")),
    ],
)
def test_the_property_that_decides_is_found_and_the_others_are_not(made_up, names, candidate, others):
    found = outcomes(Factorial(), factorial_rows(made_up, compressing(names)))
    assert found[candidate] is Outcome.REPRODUCED
    assert all(found[other] is Outcome.PARTLY for other in others)


REPRODUCED, PARTLY, NOT, UNCLEAR = Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("drops", "wanted"),
    [
        (
            compressing(SATURATING),
            {"scale-does-not-decide": REPRODUCED, "bins-decide": PARTLY, "time-decides": REPRODUCED,
             "saturation-raises": REPRODUCED, "centring-raises": NOT, "slope-raises": NOT},
        ),
        (compressing(SATURATING, large=False), {"scale-does-not-decide": PARTLY}),
        (compressing(set(ACTIVATIONS) - SATURATING), {"saturation-decides": NOT, "scale-does-not-decide": NOT}),
        (compressing(set(ACTIVATIONS) - CENTRED), {"centring-decides": NOT}),
        (compressing(set(ACTIVATIONS) - STEEP), {"slope-decides": NOT}),
        (compressing(CENTRED), {"centring-raises": REPRODUCED}),
        (compressing(STEEP), {"slope-raises": REPRODUCED}),
        (compressing({"linear"}), {"saturation-raises": NOT}),
        (compressing({"tanh", "sigmoid"}), {"centring-raises": PARTLY, "slope-raises": PARTLY}),
        (lambda cell: (2.0, 2.0), {"time-decides": NOT}),
        (lambda cell: (2.0, 2.0 if cell.activation == "tanh" else 0.0), {"time-decides": PARTLY}),
        (lambda cell: (2.0, 1.6), {"time-decides": UNCLEAR}),
        (
            lambda cell: (0.4, 0.0),
            {"saturation-decides": UNCLEAR, "centring-decides": UNCLEAR, "slope-decides": UNCLEAR,
             "scale-does-not-decide": UNCLEAR, "bins-decide": UNCLEAR},
        ),
    ],
)  # fmt: skip
def test_every_verdict_of_the_factorial(made_up, drops, wanted):
    found = outcomes(Factorial(), factorial_rows(made_up, drops))
    assert {claim: found[claim] for claim in wanted} == wanted


def test_a_difference_between_the_thresholds_is_inconclusive(made_up):
    drops = {"tanh": 0.8, "hard_tanh": 0.4, "centred_sigmoid": 0.4, "shifted_tanh": 0.4}
    found = outcomes(Factorial(), factorial_rows(made_up, lambda cell: (drops.get(cell.activation, 0.0), 0.0)))
    assert {found[claim] for claim in ("saturation-raises", "centring-raises", "slope-raises")} == {UNCLEAR}


def test_bins_that_turn_both_verdicts_decide(made_up):
    turned = {("tanh", "recorded range"), ("relu", "on [-1, 1]")}
    rows = factorial_rows(made_up, lambda cell: (2.0 if (cell.activation, cell.bins) in turned else 0.0, 0.0))
    assert outcomes(Factorial(), rows)["bins-decide"] is Outcome.REPRODUCED
    other = factorial_rows(type(made_up)(), lambda cell: (0.0 if (cell.activation, cell.bins) in turned else 2.0, 0.0))
    assert outcomes(Factorial(), other)["bins-decide"] is Outcome.NOT_REPRODUCED


def test_the_note_says_what_the_networks_learned(made_up):
    accuracy = {"estimator": "training", "unit": "fraction", "split": "test", "spread": 0.0}
    rows = made_up.series("gelu", "network", "accuracy", np.linspace(0.5, 0.9, 8), **accuracy).rows()
    assert Factorial().judge(rows)[0].notes == ("final test accuracy: gelu 90.0 %",)


def test_effects_recover_a_linear_model():
    """Scores made of known effects give them back, whatever the number of cells of each level."""
    truth = dict(zip(FACTORS, np.linspace(-1, 1, len(FACTORS)), strict=True))
    scores = np.array([3 + sum(effect * FACTORS[name](cell) for name, effect in truth.items()) for cell in CELLS])
    found = {name: float(weights @ scores) for name, weights in effects(CELLS).items()}
    assert found == pytest.approx(truth)
    some = [cell for cell in CELLS if cell.bins == "recorded range" and cell.long]
    assert not {name for name in effects(some) if "bins" in name or "epoch" in name}  # what does not vary has no effect


def test_scores_and_effects_become_rows(made_up):
    rows = Factorial().derived(factorial_rows(made_up, compressing(SATURATING), layers=("hidden5", "hidden4")))
    scores = rows.filter(quantity="compression")
    assert len(scores) == 2 * len(CELLS)
    reference = scores.filter(split="hidden5, weights as published, all epochs", options='{"cells":"recorded range"}')
    tanh = reference.filter(site="tanh")
    assert bits(tanh.column("value")[0]) == pytest.approx(2.0, abs=0.02)
    assert tanh.column("low")[0] <= tanh.column("value")[0] <= tanh.column("high")[0]
    assert tanh.column("n")[0] == 4
    assert bits(reference.filter(site="relu").column("value")[0]) == pytest.approx(0.0, abs=0.02)
    effect = rows.filter(quantity="effect on compression", split="hidden5", site="saturates on both sides")
    by_cells = {
        json.loads(o)["cells"]: bits(v) for o, v in zip(effect.column("options"), effect.column("value"), strict=True)
    }
    assert by_cells["recorded range, all epochs"] == pytest.approx(2.0, abs=0.02)
    assert by_cells["in net input, all epochs"] == pytest.approx(0.0, abs=0.02)
    assert by_cells["all cells"] == pytest.approx(0.5, abs=0.05)  # in half of the bins, after the late half of training


def test_a_run_that_is_not_finished_has_no_effects(made_up):
    made_up.series("tanh", "hidden5", "I(X;T)", curve(2.0), options=BINS["recorded range"])
    assert len(Factorial().derived(made_up.rows())) == 0


def test_every_cell_is_told_from_every_other():
    assert len(set(CELLS)) == len(ACTIVATIONS) * 16
    assert Cell("tanh") in CELLS


def sweep_rows(made_up, drops):
    """``drops(network, way, value) -> bits``, where a way is "fixed", "recorded", "net input", "mass" or "noise"."""
    from infoscope.papers.saxe2018.estimator_sweep import _BINS, _NOISE

    ways = {
        "fixed": ("hidden5", lambda n: {"bins": n, "form": "interval", "range": [-1.0, 1.0]}, _BINS),
        "recorded": ("hidden5", lambda n: {"bins": n, "range": "recorded"}, _BINS),
        "net input": ("hidden5.linear", lambda n: {"bins": n, "range": "recorded"}, _BINS),
        "mass": ("hidden5", lambda n: {"bins": n, "form": "quantiles"}, _BINS),
        "noise": ("hidden5", lambda s2: {"noise_variance": s2, "bound": "upper"}, _NOISE),
    }
    for network in ("tanh", "relu"):
        for way, (site, options, values) in ways.items():
            for value in values:
                made_up.series(
                    network, site, "I(X;T)", curve(drops(network, way, value)), members=5,
                    options=options_text(options(value)), estimator="kde" if way == "noise" else "binned",
                )  # fmt: skip
    return made_up.rows()


def as_published(network, way, value):
    return 2.0 if network == "tanh" and way in ("fixed", "recorded", "noise") else 0.0


@pytest.mark.parametrize(
    ("drops", "wanted"),
    [
        (as_published, Outcome.REPRODUCED),
        (lambda network, way, value: 2.0 - as_published(network, way, value), Outcome.NOT_REPRODUCED),
        (lambda network, way, value: 0.4, Outcome.INCONCLUSIVE),
    ],
)
def test_every_verdict_of_the_sweep(made_up, drops, wanted):
    assert set(outcomes(EstimatorSweep(), sweep_rows(made_up, drops)).values()) == {wanted}


def test_one_value_that_disagrees_makes_a_claim_of_the_sweep_partly_true(made_up):
    rows = sweep_rows(
        made_up,
        lambda network, way, value: (
            2.0 - as_published(network, way, value)
            if value in (30, 0.1) and way != "mass"
            else as_published(network, way, value)
        ),
    )
    found = outcomes(EstimatorSweep(), rows)
    assert found.pop("tanh-net-input") is Outcome.NOT_REPRODUCED
    assert found.pop("tanh-equal-mass") is Outcome.REPRODUCED  # its fault is not the paper's
    assert set(found.values()) == {Outcome.PARTLY}


def test_the_sweep_has_a_score_for_each_way_of_measuring(made_up):
    rows = sweeps(sweep_rows(made_up, as_published))
    assert sorted(rows.unique("quantity")) == ["compression by bins", "compression by noise variance"]
    fixed = rows.filter(network="tanh", options='{"estimator":"binned","form":"interval","range":[-1.0,1.0]}')
    assert fixed.unique("axis") == ["bins"]
    assert fixed.column("epoch").tolist() == [4, 6, 8, 10, 15, 20, 30, 60, 120, 240, 480, 960]
    assert bits(fixed.column("value")) == pytest.approx(np.full(12, 2.0), abs=0.02)
    assert len(rows) == 2 * (4 * 12 + 8)
