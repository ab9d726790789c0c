"""The checkerboard figures: their rules on made-up rows, every verdict each can give, and who is left out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rule_outcomes import bits_curve, outcomes

from infoscope.core.claim import Outcome, combine
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Place, options_text
from infoscope.core.units import bits, nats
from infoscope.data.tasks._checkerboard import ceiling
from infoscope.papers.kleinman2021 import _checkerboard
from infoscope.papers.kleinman2021._checkerboard import (
    MEDIUM,
    TWO,
    CheckerboardColours,
    checkerboard_plan,
    layer,
    solving,
    told,
    usable,
)
from infoscope.papers.kleinman2021.checkerboard import CheckerboardLayers
from infoscope.papers.kleinman2021.checkerboard_batch import CheckerboardBatch
from infoscope.papers.kleinman2021.checkerboard_initial import CheckerboardInitial
from infoscope.papers.kleinman2021.checkerboard_learning_rate import CheckerboardLearningRate
from infoscope.papers.kleinman2021.checkerboard_many import CheckerboardMany
from infoscope.papers.kleinman2021.checkerboard_minimal import CheckerboardMinimal
from infoscope.papers.kleinman2021.checkerboard_raw import RawInput, _reader
from infoscope.papers.kleinman2021.moving_dots import DOTS, MovingDotsLayers
from infoscope.scanning.plan import PRESETS, NetworkPlan

R, P, N, I, X = (
    Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.INCONCLUSIVE, Outcome.NOT_TESTABLE
)  # fmt: skip
FIGURES = (
    CheckerboardLayers,
    CheckerboardLearningRate,
    CheckerboardBatch,
    CheckerboardInitial,
    CheckerboardMany,
    CheckerboardMinimal,
    MovingDotsLayers,
    RawInput,
)
EPOCHS = (0, 1, 5, 25, 100)  # those of the made-up rows
TEXT = {probe: json.dumps({"probe": probe, "test_fraction": 0.5}) for probe in ("linear", "mlp(networks=1)")}


class Made:
    """Rows of networks whose last layer holds so many bits at epochs 0, 1, 5, 25, …"""

    def __init__(self, made_up) -> None:
        self.made_up = made_up

    def usable(self, network, site, variable, curve, *, probes=TEXT, spread=0.001, members=12, wavers=0.0):
        """``wavers``: by how many bits more every second member ends above the curve, and the others below."""
        for probe in probes:
            self.made_up.series(
                network, site, "I(T;Y)", bits_curve(*curve), estimator="usable_information", options=TEXT[probe],
                variable=variable, split="test", spread=spread, members=members,
            )  # fmt: skip
            if wavers:  # a later row of the same place stands in for the first, as in a run
                for member in range(members):
                    value = nats(curve[-1] + wavers * (-1) ** member)
                    self._again(network, site, variable, len(curve) - 1, member, value, TEXT[probe])
        return self

    def _again(self, network, site, variable, at, member, value, options):
        epoch = int(EPOCHS[at])
        place = Place(
            network, epoch * 13, site, 0, variable, "usable_information", member, member, float(epoch), "test", options
        )
        self.made_up.builder.add(place, Estimate(value, LABEL_INFORMATION, "made up", 4096))

    def accuracy(self, network, curve, *, members=12, spread=0.0):
        self.made_up.series(
            network, "network", "accuracy", np.array(curve), estimator="training", unit="fraction", split="test",
            variable="label", members=members, spread=spread,
        )  # fmt: skip
        return self

    def rows(self):
        return self.made_up.rows().latest()


@pytest.fixture
def made(made_up):
    return Made(made_up)


@pytest.mark.parametrize("figure", FIGURES)
def test_figures_plan_at_every_preset_and_judge_nothing_without_rows(figure, made_up):
    one = figure()
    for preset in PRESETS:
        for plan in one.plan(preset).values():
            if isinstance(plan, NetworkPlan):
                assert NetworkPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
                assert plan.evaluate == "test"
    assert {combine(judged.findings) for judged in one.judge(made_up.rows())} == {X}


@pytest.mark.parametrize("figure", [CheckerboardLearningRate, CheckerboardBatch, CheckerboardInitial, CheckerboardMany])
def test_arms_start_from_the_same_weights(figure):
    """The seeds, the network and nothing else decide initial weights."""
    plans = figure().plan("laptop")
    assert len({plan.seeds for plan in plans.values()}) == 1
    assert len(next(iter(plans.values())).seeds) >= 24
    for first, second in zip(list(plans)[::2], list(plans)[1::2], strict=True):
        assert plans[first].network == plans[second].network


def test_the_compared_arms_match_in_what_they_are_to_match():
    rates = CheckerboardLearningRate().plan("laptop")
    spent = {name: plan.recipe.learning_rate * plan.recipe.epochs for name, plan in rates.items()}
    assert spent["relu_high"] == pytest.approx(spent["relu_low"]) == pytest.approx(spent["tanh_low"])
    batches = CheckerboardBatch().plan("laptop")
    updates = {name: plan.recipe.updates(plan.recipe.epochs, 9000) for name, plan in batches.items()}
    assert set(updates.values()) == {8460}
    many = CheckerboardMany().plan("paper")
    for colours, trials in ((10, 36_000), (20, 144_000)):
        base, large = (
            plan.recipe.updates(plan.recipe.epochs, trials)
            for plan in (many[f"colours{colours}_base"], many[f"colours{colours}_large_batch"])
        )
        assert base <= large <= 1.003 * base
        end = many[f"colours{colours}_base"].recipe.epochs
        for arm in ("low_rate", "large_batch"):
            plan = many[f"colours{colours}_{arm}"]
            assert all(end in (measure.epochs or plan.epochs) for measure in plan.measures)
            assert end in plan.epochs
    for plan in CheckerboardInitial().plan("laptop").values():
        first = plan.recipe.beginning.epochs if plan.recipe.beginning else 0
        assert plan.recipe.epochs - first == 30
        assert {0, first, first + 1, first + 30} <= set(plan.epochs)
        assert [first + 30 in (measure.epochs or plan.epochs) for measure in plan.measures] == [True, True]


def test_the_network_fits_the_task():
    plan = checkerboard_plan("any", "smoke", (0,), widths=MEDIUM, task=CheckerboardColours(10))
    assert plan.network.widths == (20, 100, 20, 20, 20, 10)
    assert plan.task == "checkerboard10"


SOLVED = (0.5, 0.9, 0.94, 0.94)


def layers(made, end, *, direction=0.83, mlp_end=None, wavers=0.0, accuracy=SOLVED, untrained=0.2):
    for network, count in (("relu", 5), ("tanh", 5), ("wide", 4)):
        last = f"hidden{count}"
        made.accuracy(network, accuracy)
        made.usable(network, last, "direction", (0.1, 0.8, 0.82, direction), probes=["linear"])
        for probe, ends in (("linear", end), ("mlp(networks=1)", end if mlp_end is None else mlp_end)):
            made.usable(network, last, "colour", (untrained, 0.4, 0.4, ends), probes=[probe], wavers=wavers)
        made.usable(network, "hidden1", "colour", (0.8, 0.8, 0.8, 0.8), probes=["linear"])
    return made.rows()


@pytest.mark.parametrize(
    ("made_of", "discards", "depth"),
    [
        ({"end": 0.2}, R, R),
        ({"end": 0.2, "mlp_end": 0.5}, P, R),  # a linear probe reads less, an MLP more
        ({"end": 0.37}, P, R),  # surely a fall, and too small
        ({"end": 0.55}, P, N),
        ({"end": 0.3, "wavers": 0.3}, I, R),
        ({"end": 0.352, "wavers": 0.3}, I, I),  # a mean under the least effect, of which nothing is sure, fails nothing
        ({"end": 0.47, "wavers": 0.3}, I, I),
        ({"end": 0.2, "untrained": 0.5}, P, R),  # forgets what random weights passed on: it encodes nothing
        ({"end": 0.38, "untrained": 0.5}, N, R),
        ({"end": 0.2, "untrained": 0.35}, I, R),  # a rise of just the least effect
    ],
)
def test_layers(made, made_of, discards, depth):
    found = outcomes(CheckerboardLayers(), layers(made, **made_of))
    for arm in ("relu", "tanh", "wide"):
        assert found[f"discards-{arm}"] is discards
        assert found[f"depth-{arm}"] is depth
    assert found["keeps-the-direction"] is R


def test_the_rise_is_of_members_that_have_solved_the_task(made):
    made.accuracy("relu", SOLVED, members=9).usable("relu", "hidden5", "colour", (0.1, 0.5, 0.5, 0.2), members=9)
    dead = Made(type(made.made_up)())
    dead.accuracy("relu", (0.5,) * 4, members=9).usable("relu", "hidden5", "colour", (0.1, 0.5, 0.5, 0.2), members=9)
    part = _checkerboard.encodes(TWO, "relu", "hidden5")[0]
    (rise,) = part.found(made.rows()).values()
    assert (bits(rise.value), rise.seeds) == (pytest.approx(0.4, abs=0.01), 9)
    (none,) = part.found(dead.rows()).values()
    assert (none.outcome, none.note[:23]) == ("missing", "9 of 9 members left out")


@pytest.mark.parametrize(("share", "wanted"), [(0.96, R), (0.94, N)])
def test_every_solved_seed_is_to_keep_the_direction(made, share, wanted):
    rows = layers(made, 0.2, direction=share * bits(ceiling()) + 0.005)
    findings = CheckerboardLayers().judge(rows)[0].findings
    assert combine(findings) is wanted
    assert findings[0].interval is None
    assert "the least of these members" in findings[0].note


def test_members_that_have_not_solved_the_task_are_left_out_and_counted(made):
    made.accuracy("relu", SOLVED, members=9).usable("relu", "hidden5", "colour", (0.5, 0.4, 0.4, 0.2), members=9)
    rows = made.rows()
    members, note = solving(TWO, [(rows.filter(network="relu"), 25.0)])
    assert (members, note) == (set(range(9)), "")
    dead = Made(type(made.made_up)())
    dead.accuracy("relu", (0.5, 0.5, 0.5, 0.5), members=9)
    members, note = solving(TWO, [(dead.rows(), 25.0)])
    assert not members
    assert note == "9 of 9 members left out: not solved in this arm (test accuracy under 0.901)"
    findings = (
        CheckerboardLayers().judge(layers(Made(type(made.made_up)()), 0.2, accuracy=(0.5, 0.6, 0.7, 0.8)))[1].findings
    )
    assert {finding.outcome for finding in findings} == {"missing"}
    assert "12 of 12 members left out" in findings[0].note


def test_a_member_is_left_out_of_both_arms(made):
    """Accuracies spread about the threshold in one arm: only those above it count, in either arm."""
    made.accuracy("relu_high", SOLVED).accuracy("relu_low", (0.5, 0.6, 0.7, 0.9008), spread=0.01)
    for network, end in (("relu_high", 0.2), ("relu_low", 0.4)):
        made.usable(network, "hidden5", "colour", (0.5, 0.4, 0.4, end))
    rows = made.rows()
    members, note = solving(TWO, [(rows.filter(network=network), 25.0) for network in ("relu_high", "relu_low")])
    assert 0 < len(members) < 12
    assert f"{12 - len(members)} of 12 members left out: not solved in every arm" in note
    finding = CheckerboardLearningRate().judge(rows)[0].findings[0]
    assert finding.seeds == len(members)
    assert bits(finding.value) == pytest.approx(0.2, abs=0.002)
    assert finding.note == note


def two_arms(made, first, second, difference, *, short, long, spread=0.001):
    """``first`` ends so many bits above ``second`` by the MLP and the linear probe, at both of its ends."""
    both = dict(zip(("mlp(networks=1)", "linear"), difference, strict=True))
    made.accuracy(first, SOLVED[:short] + (0.94,) * (long - short)).accuracy(second, SOLVED[:short])
    for probe, more in both.items():
        made.usable(first, "hidden5", "colour", (0.5,) * (short - 1) + (0.3 + more,) * (long - short + 1),
                    probes=[probe], spread=spread)  # fmt: skip
        made.usable(second, "hidden5", "colour", (0.5,) * (short - 1) + (0.3,), probes=[probe], spread=spread)


DIFFERENCES = [((0.1, 0.1), 0.001, R), ((0.1, -0.1), 0.001, P), ((-0.1, -0.1), 0.001, N), ((0.1, 0.1), 0.4, I)]


@pytest.mark.parametrize(("difference", "spread", "wanted"), DIFFERENCES)
@pytest.mark.parametrize(
    ("figure", "first", "second", "ids"),
    [
        (CheckerboardLearningRate, "low", "high", ("same-epochs", "same-rate-times-updates")),
        (CheckerboardBatch, "large", "small", ("same-epochs", "same-updates")),
    ],
)
def test_rates_and_batches(made, figure, first, second, ids, difference, spread, wanted):
    for activation in ("relu", "tanh"):
        two_arms(made, f"{activation}_{first}", f"{activation}_{second}", difference, short=3, long=5, spread=spread)
    found = outcomes(figure(), made.rows())
    assert found == {f"{activation}-{end}": wanted for activation in ("relu", "tanh") for end in ids}


@pytest.mark.parametrize(("difference", "spread", "wanted"), DIFFERENCES)
def test_colour_first(made, difference, spread, wanted):
    """The perturbed arm is read at its own end, which is later."""
    two_arms(made, "tanh_colour_first", "tanh_random", difference, short=3, long=4, spread=spread)
    found = outcomes(CheckerboardInitial(), made.rows())
    assert {name: found[f"colour-first-{name}"] for name in ("relu", "tanh", "wide")} == {
        "relu": X, "tanh": wanted, "wide": X
    }  # fmt: skip
    assert {outcome for name, outcome in found.items() if name.startswith("beyond")} == {X}


@pytest.mark.parametrize("labels", ["direction", "random"])
@pytest.mark.parametrize(("difference", "spread", "wanted"), DIFFERENCES)
def test_colour_first_against_as_much_training_on_something_else(made, labels, difference, spread, wanted):
    """Both arms have a beginning, and end together."""
    two_arms(made, "tanh_colour_first", f"tanh_{labels}_first", difference, short=4, long=4, spread=spread)
    found = outcomes(CheckerboardInitial(), made.rows())
    assert {name for name, outcome in found.items() if outcome is not X} == {f"beyond-{labels}-first-tanh"}
    assert found[f"beyond-{labels}-first-tanh"] is wanted


def test_every_beginning_is_as_long_and_of_the_labels_it_is_called_by():
    plans = CheckerboardInitial().plan("laptop")
    begun = {name: plan.recipe.beginning for name, plan in plans.items()}
    assert {each.epochs for each in begun.values() if each} == {20}
    assert {name: each.labels if each else "" for name, each in begun.items() if name.startswith("relu")} == {
        "relu_random": "", "relu_colour_first": "colour", "relu_direction_first": "direction",
        "relu_random_first": "random",
    }  # fmt: skip


def shares(made, figure, task, relevant, irrelevant, wavers=0.0):
    """Every network ends with these shares of what the inputs hold."""
    most = bits(task.ceiling)
    for name, plan in figure.plan("laptop").items():
        site = plan.network.layers[-2]
        made.accuracy(name, SOLVED)
        made.usable(name, site, task.relevant, (0.1, 0.2, 0.3, relevant * most))
        made.usable(name, site, task.irrelevant, (0.1, 0.3, 0.2, irrelevant * most), wavers=wavers)
    return made.rows()


@pytest.mark.parametrize(
    ("relevant", "irrelevant", "wavers", "wanted"),
    [(0.98, 0.01, 0.0, R), (0.98, 0.3, 0.0, P), (0.8, 0.3, 0.0, N), (0.98, 0.07, 0.0, I), (0.98, 0.01, 0.3, I)],
)
@pytest.mark.parametrize(("figure", "task"), [(CheckerboardMinimal(), TWO), (MovingDotsLayers(), DOTS)])
def test_minimal_and_sufficient_is_one_verdict(made, figure, task, relevant, irrelevant, wavers, wanted):
    found = outcomes(figure, shares(made, figure, task, relevant, irrelevant, wavers))
    whole = [claim.id.rpartition("/")[2] for claim in figure.claims if "choice" not in claim.id]
    assert {found[name] for name in whole if not name.startswith("discards")} == {wanted}


def test_the_joint_curve_is_the_lesser_of_both_shares(made):
    rows = shares(made, CheckerboardMinimal(), TWO, 0.9, 0.25)
    found = CheckerboardMinimal().derived(rows)
    assert set(found.unique("quantity")) == {"minimal_and_sufficient"}
    assert set(found.unique("network")) == set(CheckerboardMinimal().plan("laptop"))
    curve = found.filter(network="tanh_decay").curves()[2].mean(0)
    most = bits(ceiling())
    assert curve == pytest.approx([0.1 / most, 0.2 / most, 0.3 / most, 0.75], abs=0.01)
    assert len(CheckerboardMinimal().derived(made.made_up.rows().filter(network="none"))) == 0


def test_notes_tell_means_and_standard_errors_since_the_beginning(made):
    two_arms(made, "tanh_colour_first", "tanh_random", (0.1, 0.1), short=3, long=4, spread=0.2)
    rows = made.rows()
    (note,) = told(rows, TWO, "tanh_random", "hidden5")
    assert note.startswith(
        "tanh_random hidden5, I_u(T;colour), mean (standard error) of 12 solved of 12: MLP epoch 0 0.5 "
    )
    assert "epoch 5 0.3 bits (0.0" in note
    assert told(rows, TWO, "wide_random", "hidden4") == ()


def test_many_colours_are_judged_by_their_own_ceiling_and_accuracy(made):
    ten = CheckerboardColours(10)
    assert ten.solved == pytest.approx(0.714, abs=0.002)
    assert CheckerboardColours(20).solved == pytest.approx(0.654, abs=0.002)
    assert bits(ten.ceiling) == pytest.approx(2.212, abs=0.01)
    for arm in ("base", "low_rate", "large_batch", "colour_first"):
        network = f"colours10_{arm}"
        made.accuracy(network, (0.1, 0.5, 0.7, 0.73))
        more = {"base": 0.0, "colour_first": -0.2}.get(arm, 0.1)
        made.usable(network, "hidden4", "colour", (1.0, 1.6, 1.2, 1.0 + more))
    made.usable("colours10_base", "hidden4", "direction", (0.1, 1.5, 2.0, 2.15), probes=["linear"])
    made.usable("colours10_base", "hidden1", "colour", (2, 2, 2, 2.1), probes=["linear"])
    found = outcomes(CheckerboardMany(), made.rows())
    assert {name: outcome for name, outcome in found.items() if name.startswith("10")} == {
        "10-keeps-the-direction": R,
        "10-discards": R,
        "10-depth": R,
        "10-low-rate-same-epochs": R,
        "10-low-rate-longer": R,
        "10-large-batch-same-epochs": R,
        "10-large-batch-longer": R,
        "10-colour-first": N,
    }
    assert {outcome for name, outcome in found.items() if name.startswith("20")} == {X}


@pytest.mark.parametrize(
    ("linear", "mlp", "spread", "wanted"),
    [(0.0, 0.83, 0.001, R), (0.1, 0.83, 0.001, P), (0.1, 0.5, 0.001, N), (0.0, 0.83, 0.2, I)],
)
def test_raw_input(made_up, linear, mlp, spread, wanted):
    for probe, value in (("linear", linear), ("mlp", mlp)):
        made_up.series(
            "raw_input", "input", "I(T;Y)", bits_curve(0.9, value, 0.6, 0.5), variable="direction", spread=spread,
            estimator="usable_information", options=options_text(_reader(probe).options),
        )  # fmt: skip
    assert outcomes(RawInput(), made_up.rows()) == {"depends-on-the-reader": wanted}


def test_raw_input_is_computed_and_judged():
    plan = RawInput().plan("smoke", 1)["raw_input"]
    rows = plan.rows("run", "raw_input", [0])
    outcome = outcomes(RawInput(), rows)["depends-on-the-reader"]
    assert outcome is R
    exact = rows.filter(estimator="exact", variable="colour").column("value")
    found = rows.filter(estimator="usable_information", variable="colour").column("value")
    assert len(found) == 2 * len(exact)
    assert (found < np.tile(exact, 2) + nats(0.05)).all()


def test_probes_are_told_apart_by_their_name_whatever_their_options(made):
    made.usable("relu", "hidden5", "colour", (0.5, 0.4), probes=["linear"])
    made.usable("relu", "hidden5", "colour", (0.6, 0.7), probes=["mlp(networks=1)"])
    rows = made.rows()
    here = layer("relu", "hidden5").of(rows)
    assert bits(np.mean(list(usable(here, "colour", "linear", 1.0).values()))) == pytest.approx(0.4)
    assert bits(np.mean(list(usable(here, "colour", "mlp", 1.0).values()))) == pytest.approx(0.7)
    assert usable(here, "direction", "mlp", 1.0) == {}


def test_the_threshold_of_solving_is_that_of_the_bayes_rule():
    assert TWO.solved == pytest.approx(0.95 * 0.9482, abs=1e-3)
    assert TWO.ceiling == ceiling()
    assert _checkerboard.SOLVED == 0.95
