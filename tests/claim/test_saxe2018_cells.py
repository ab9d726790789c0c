"""The figures that hold compression against something else, by made-up rows: every verdict each can give."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from rule_outcomes import bits_curve, falling, outcomes

import infoscope
from infoscope.core.claim import Outcome
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import ACCURACY, INPUT_INFORMATION
from infoscope.core.rows import Place
from infoscope.papers.saxe2018._boolean12 import boolean12_plan
from infoscope.papers.saxe2018.adaptive_bins import AdaptiveBins
from infoscope.papers.saxe2018.committee_machine import CommitteeMachine
from infoscope.papers.saxe2018.description_length import LENGTH, DescriptionLengths
from infoscope.papers.saxe2018.dissociation import Dissociation
from infoscope.papers.saxe2018.irrelevant_bits import IrrelevantBits
from infoscope.papers.saxe2018.sigmoid_corners import OUTPUTS, RATES, SigmoidCorners
from infoscope.papers.saxe2018.single_example import ROWS, SingleExample
from infoscope.train.ensemble import Ensemble
from infoscope.train.training import train

R, P, N, I, X = (
    Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.INCONCLUSIVE, Outcome.NOT_TESTABLE
)  # fmt: skip
HIDDEN = [f"hidden{i}" for i in range(1, 6)]


EPOCHS = (0, 1, 5, 25, 100, 400, 2000, 8000)


def one(made_up, network, site, quantity, member, curve, estimator="binned", split="all"):
    for epoch, value in zip(EPOCHS, curve, strict=True):
        place = Place(network, epoch * 13, site, 0, "input", estimator, member, member, float(epoch), split)
        made_up.builder.add(place, Estimate(float(value), quantity, "made up", 4096))


def cells(made_up, few_drop=5.0, relu=0.1, few_right=0.90, together=0.0):
    """together: how far drop and accuracy go together over the 24 seeds of each network."""
    apart = np.random.default_rng(1).permutation(np.linspace(-1, 1, 24))
    for name, drop, right in (
        ("tanh", 5.0, 0.98), ("tanh_few", few_drop, few_right), ("relu", relu, 0.96), ("relu_few", relu, few_right),
    ):  # fmt: skip
        for member, more in enumerate(np.linspace(-1, 1, 24)):
            for layer in HIDDEN if "relu" in name else ["hidden5"]:
                one(made_up, name, layer, INPUT_INFORMATION, member, falling(drop + 0.05 * more))
            accuracy = right + 0.005 * (together * more + (1 - abs(together)) * apart[member])
            curve = [*[0.5] * 4, *[accuracy] * 4]
            one(made_up, name, "network", ACCURACY, member, curve, "training", "test")
    return made_up.rows()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, R),
        ({"few_drop": 0.1}, P),  # nothing compresses without generalising
        ({"relu": 3.0}, P),
        ({"relu": 3.0, "few_drop": 0.1, "few_right": 0.99}, P),  # tanh on all data compresses still
        ({"few_right": 0.955}, P),
    ],
)
def test_every_cell_of_compression_against_generalisation(made_up, changes, wanted):
    rows = cells(made_up, **changes)
    assert outcomes(Dissociation(), rows)["every-cell"] is wanted


def test_the_table_counts_seeds(made_up):
    (told,) = Dissociation().judge(cells(made_up))[0].notes
    assert "tanh (24 compression and ≥ 95%, 0 compression and < 95%, 0 no compression and ≥ 95%" in told
    assert "tanh_few (0 compression and ≥ 95%, 24 compression and < 95%" in told
    assert "relu_few (0 compression and ≥ 95%, 0 compression and < 95%, 0 no compression and ≥ 95%, 24" in told


@pytest.mark.parametrize(("together", "wanted"), [(-0.9, R), (0.4, I), (1.0, N)])
def test_seeds_that_compress_more_and_generalise_better_speak_against_it(made_up, together, wanted):
    assert outcomes(Dissociation(), cells(made_up, together=together))["not-seed-by-seed"] is wanted


def arms(made_up, full=5.0, single=5.0, relu=0.1):
    for arm, drop in (("single", single), ("mini", 5.0), ("full", full)):
        made_up.series(f"tanh_{arm}", "hidden5", "I(X;T)", falling(drop))
        for layer in HIDDEN:
            made_up.series(f"relu_{arm}", layer, "I(X;T)", falling(relu))
    return made_up.rows()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [({}, R), ({"full": 1.0}, P), ({"relu": 1.0}, P), ({"full": 0.1, "single": 4.0, "relu": 1.0}, P)],
)
def test_single_examples(made_up, changes, wanted):
    assert outcomes(SingleExample(), arms(made_up, **changes)) == {"not-sgd": wanted}


@pytest.mark.parametrize("preset", ["laptop", "long"])
def test_the_arms_have_as_much_rate_times_updates(preset):
    plans = SingleExample().plan(preset)
    spent = [plan.recipe.learning_rate * plan.recipe.updates(plan.recipe.epochs, ROWS) for plan in plans.values()]
    assert spent == pytest.approx([spent[1]] * 6, rel=0.01)


RISES = bits_curve(0.2, 0.25, 0.3, 0.4, 0.7, 1, 1, 1)


def halves(made_up, tanh=(1, 2, 3, 4, 2, 1, 1, 1), relu=(1, 2, 3, 4, 2, 1, 1, 1), total=0.0):
    for name, curve in (("tanh", tanh), ("relu", relu)):
        made_up.series(name, "hidden5", "I(T;Y)", bits_curve(*curve), variable="irrelevant", spread=0.001)
        made_up.series(name, "hidden5", "I(T;Y)", RISES, variable="label", spread=0.001)
        made_up.series(name, "hidden5", "I(X;T)", falling(total), spread=0.001)
    return made_up.rows()


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, (R, R, R)),
        ({"tanh": (1, 2, 3, 4, 4, 4, 2, 1)}, (R, R, N)),  # falls after the fit
        ({"relu": (1, 2, 3, 4, 4, 4, 4, 4)}, (P, P, R)),
        ({"total": 3.0}, (R, P, R)),
        ({"tanh": (4, 4, 3, 3, 2, 1, 1, 1)}, (P, R, R)),  # forgets only, encodes nothing
    ],
)
def test_irrelevant_bits(made_up, changes, wanted):
    found = outcomes(IrrelevantBits(), halves(made_up, **changes))
    assert tuple(found.values()) == wanted


@pytest.mark.parametrize(
    ("slow", "fast", "wanted"), [(0.1, 3.0, R), (0.1, 0.1, P), (3.0, 3.0, P), (3.0, 0.1, N), (0.4, 3.0, I)]
)
def test_sigmoid_in_its_corners(made_up, slow, fast, wanted):
    names = [f"{optimiser}_{{}}{behind}" for behind, _, _ in OUTPUTS.values() for optimiser in RATES]
    for name in names:
        made_up.series(name.format("fast"), "hidden5", "I(X;T)", falling(fast))
        for layer in HIDDEN:
            made_up.series(name.format("slow"), layer, "I(X;T)", falling(slow))
    claims = ("adam", "sgd", "adam-two-sigmoids", "sgd-two-sigmoids")
    assert outcomes(SigmoidCorners(), made_up.rows()) == dict.fromkeys(claims, wanted)


def test_each_output_is_judged_by_its_own_networks(made_up):
    for optimiser in RATES:
        for behind, drop in (("", 3.0), ("_two", 0.1)):
            made_up.series(f"{optimiser}_fast{behind}", "hidden5", "I(X;T)", falling(drop))
            for layer in HIDDEN:
                made_up.series(f"{optimiser}_slow{behind}", layer, "I(X;T)", falling(0.1))
    found = outcomes(SigmoidCorners(), made_up.rows())
    assert found == {"adam": R, "sgd": R, "adam-two-sigmoids": P, "sgd-two-sigmoids": P}
    plans = SigmoidCorners().plan("laptop")
    assert {name: plan.network.head for name, plan in plans.items() if plan.network.head != "softmax"} == {
        f"{optimiser}_{speed}_two": "sigmoids" for optimiser in RATES for speed in ("slow", "fast")
    }


@pytest.mark.parametrize(
    ("tanh", "relu", "decay", "wanted"),
    [
        (3.0, 3.0, 1.0, (R, R, R)),
        (3.0, 0.1, 1.0, (R, N, R)),
        (3.0, 3.0, 0.0, (R, R, N)),
        (0.1, 3.0, 0.2, (N, R, I)),  # more than nothing, and less than counts
    ],
)
def test_bins_that_adapt_to_a_layer(made_up, tanh, relu, decay, wanted):
    for name, drop in (("tanh", tanh), ("relu", relu)):
        made_up.series(name, "hidden5", "I(X;T)", falling(drop))
        made_up.series(f"{name}_decay", "hidden5", "I(X;T)", falling(drop + decay))
    assert tuple(outcomes(AdaptiveBins(), made_up.rows()).values()) == wanted


@pytest.mark.parametrize(
    ("tanh", "right", "relu", "wanted"),
    [(3.0, 0.97, 0.1, (R, R)), (3.0, 0.7, 0.1, (P, R)), (0.1, 0.97, 3.0, (P, N)), (3.0, 0.97, 0.4, (R, I))],
)
def test_a_committee_s_vote(made_up, tanh, right, relu, wanted):
    for layer in ("hidden5", "output"):
        made_up.series("tanh", layer, "I(X;T)", falling(tanh))
    made_up.series("tanh", "network", "accuracy", np.full(8, right), estimator="training", unit="fraction",
                   split="test", spread=0.001)  # fmt: skip
    for layer in HIDDEN:
        made_up.series("relu", layer, "I(X;T)", falling(relu))
    assert tuple(outcomes(CommitteeMachine(), made_up.rows()).values()) == wanted


@pytest.mark.parametrize(
    ("shorter", "tanh", "relu", "wanted"),
    [((0.8, 0.8), 3.0, 0.1, R), ((0.8, 0.1), 3.0, 0.1, P), ((0.8, 0.8), 0.1, 3.0, P), ((0.1, 0.1), 0.1, 3.0, N)],
)
def test_labels_are_compressed_whether_inputs_are_or_not(made_up, shorter, tanh, relu, wanted):
    for name, by, drop in (("tanh", shorter[0], tanh), ("relu", shorter[1], relu)):
        made_up.series(name, "hidden5", LENGTH, np.log(2) * np.linspace(1, 1 - by, 8), variable="label")
        made_up.series(name, "hidden5", "I(X;T)", falling(drop))
    assert outcomes(DescriptionLengths(), made_up.rows()) == {"labels-are-compressed-in-both": wanted}


def test_the_code_of_a_label_is_that_of_the_layer_after_as_many_epochs():
    plan = DescriptionLengths().plan("smoke")["tanh"]
    rows = plan.rows("made", "tanh", [0, 1])
    of_length = rows.filter(quantity=LENGTH)
    _, epochs, values = of_length.curves()
    assert epochs.tolist() == list(plan.at)
    assert values[0, 0] == pytest.approx(np.log(2), rel=0.12)  # an untrained layer says little of the label
    trained = boolean12_plan("tanh", "paper", (1,), ())
    task = infoscope.data.task("boolean12")
    labels = task.variables["label"]
    ensemble = Ensemble(trained.network, trained.recipe, task.inputs, labels.astype(np.int32),
                        task.resplit(1).train[None], (1,))  # fmt: skip
    *_, state = train(ensemble, (0, round(plan.at[-1])))
    t = trained.network.representations(state.parameters, torch.tensor(task.inputs), ["hidden5"])["hidden5"][0]
    alone = infoscope.description_length(t, labels, seed=1).value / 4096
    assert values[1, -1] == pytest.approx(alone, rel=1e-4)
    binned = infoscope.plane(t, labels, "binned", bins=30)
    assert rows.filter(quantity="I(X;T)", member=1).curves()[2][0, -1] == pytest.approx(binned.xt.value, abs=1e-3)
