"""The figures of coarse and fine labels: what they train, the statistics behind their claims, and every verdict."""

from __future__ import annotations

import json

import numpy as np
import pytest
from rule_outcomes import bits_curve, falling, outcomes
from scipy import stats

from infoscope.core.claim import Finding, Outcome
from infoscope.core.estimate import Status
from infoscope.core.folder import RunFolder
from infoscope.core.units import nats
from infoscope.papers.kleinman2021._beginnings import LENGTHS, apart_at_equal_accuracy, arm, kendall, on_the_task
from infoscope.papers.kleinman2021._convolutional import ARMS
from infoscope.papers.kleinman2021._digits import DECAY, DIGITS, HIDDEN, HIGH, LAST
from infoscope.papers.kleinman2021._images import EFFECT, REST, TRANSIENT, bounded, spearman
from infoscope.papers.kleinman2021._trainings import BATCHES, LONG, LONGEST, RATES, RATES_AT, TRAININGS, Training
from infoscope.papers.kleinman2021.fine_coarse import FineCoarse
from infoscope.papers.kleinman2021.fine_coarse_answers import FineCoarseAnswers
from infoscope.papers.kleinman2021.fine_coarse_attribution import FineCoarseAttribution
from infoscope.papers.kleinman2021.fine_coarse_batchnorm import FineCoarseBatchnorm
from infoscope.papers.kleinman2021.fine_coarse_convolutional import FineCoarseConvolutional
from infoscope.papers.kleinman2021.fine_coarse_groups import FineCoarseGroups
from infoscope.papers.kleinman2021.fine_coarse_order import BATCHES as ORDERED
from infoscope.papers.kleinman2021.fine_coarse_order import FineCoarseOrder
from infoscope.papers.kleinman2021.fine_coarse_products import FineCoarseProducts
from infoscope.papers.kleinman2021.perturbations import Perturbations
from infoscope.papers.kleinman2021.perturbations_inputs import PerturbationsInputs
from infoscope.scanning.plan import PRESETS
from infoscope.scanning.replay import EnsembleReplay

R, P, N, I = Outcome.REPRODUCED, Outcome.PARTLY, Outcome.NOT_REPRODUCED, Outcome.INCONCLUSIVE
MISSING = Outcome.NOT_TESTABLE
SCHEDULES = ("falling", "restarted", "steady")


class Chains:
    """Adds the three rows of a chain to made-up rows; curves in bits."""

    def __init__(self, made_up) -> None:
        self.made_up = made_up

    def rest(self, network, curve, site=LAST, spread=0.01):
        self.made_up.series(network, site, REST, curve, variable="digit|high", spread=spread, split="test",
                            estimator="usable_information")  # fmt: skip

    def relevant(self, network, end, site=LAST, spread=0.001):
        curve = bits_curve(*np.linspace(0.1, end, 8))
        self.made_up.series(network, site, "I_u(T;coarse)", curve, variable="high", spread=spread, split="test",
                            estimator="usable_information")  # fmt: skip

    def accuracy(self, network, end, places=8):
        self.made_up.series(network, "network", "accuracy", np.linspace(0.5, end, places), estimator="training",
                            unit="fraction", split="test", spread=0.001)  # fmt: skip

    def rows(self):
        return self.made_up.rows()


@pytest.fixture
def chains(made_up):
    return Chains(made_up)


def ending(bits, places=8):
    """Rises to ``bits`` and stays."""
    return bits_curve(*np.linspace(bits - 0.5, bits, places - 2), bits, bits)


def fine_coarse_rows(chains, high=1.0, low=0.0, first=8.0, fine=0.0, relevant=(0.95, 0.95), shuffled=0.0, spread=0.01,
                     untrained=5.0):  # fmt: skip
    """``high``, ``low`` and ``fine``: drops in bits from a peak of 8; ``first``: where the first layer ends."""
    for network, drop in (("high", high), ("low", low), ("fine", fine)):
        curve = falling(drop)
        curve[:3] = np.maximum(curve[:3], nats(untrained)) if network == "high" else curve[:3]
        chains.rest(network, curve, spread=spread)
    chains.rest("high", ending(first), HIDDEN[0])
    chains.rest("high", ending(8.0), HIDDEN[1])
    for network, end in zip(("high", "low"), relevant, strict=True):
        chains.relevant(network, end)
        chains.accuracy(network, 0.97)
    for site in HIDDEN:
        chains.made_up.series("high", site, "I(T;Y)", bits_curve(shuffled, 0.0), variable="digit", spread=0.001,
                              split="test", estimator="usable_information")  # fmt: skip
    return chains.rows()


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ({}, {"transient": R, "no-transient-at-low-rate": R, "sufficient": R, "early-layers-keep": R,
              "fine-label-control": R, "decoder-control": R}),
        ({"high": 0.02}, {"transient": P, "early-layers-keep": N}),
        ({"high": 0.1}, {"transient": R, "early-layers-keep": R}),
        ({"untrained": 8.0}, {"transient": P}),  # forgets what random weights passed on
        ({"untrained": 8.0, "high": 0.02}, {"transient": N}),
        ({"untrained": 7.95}, {"transient": I}),
        ({"first": 7.05, "spread": 0.1}, {"early-layers-keep": I}),
        ({"low": 0.3}, {"no-transient-at-low-rate": N}),
        ({"low": 0.1}, {"no-transient-at-low-rate": R}),
        ({"relevant": (0.95, 0.88)}, {"sufficient": P}),
        ({"relevant": (0.95, 0.80)}, {"sufficient": P}),
        ({"relevant": (0.60, 0.60)}, {"sufficient": P}),
        ({"first": 6.0}, {"early-layers-keep": N}),
        ({"fine": 0.3}, {"fine-label-control": N}),
        ({"shuffled": 0.1}, {"decoder-control": P}),
        ({"shuffled": -0.2}, {"decoder-control": P}),
    ],
)  # fmt: skip
def test_every_verdict_of_coarse_and_fine_labels(chains, made, wanted):
    found = outcomes(FineCoarse(), fine_coarse_rows(chains, **made))
    assert {claim: found[claim] for claim in wanted} == wanted


def test_the_note_says_what_an_untrained_network_holds(chains):
    notes = FineCoarse().judge(fine_coarse_rows(chains))[0].notes
    assert notes == (f"{REST} before training: hidden1 7.5 bits, hidden2 7.5 bits, hidden3 5 bits",)


def test_probes_of_a_fixed_weight_decay_decide_nothing(chains):
    chains.made_up.series("high", LAST, REST, falling(2.0), variable="digit|high", split="test",
                          options='{"probe":"linear(weight_decay=0.01)"}')  # fmt: skip
    transient = FineCoarse().judge(fine_coarse_rows(chains, high=0.1))[0]
    assert transient.findings[1].value == pytest.approx(nats(0.1), abs=0.02)
    assert "without a pass mark, the drop is high 2" in transient.notes[1]


def test_probes_that_did_not_converge_are_counted(made_up):
    made_up.series("high", LAST, REST, falling(1.0), variable="digit|high", status=Status.NOT_CONVERGED)
    note = TRANSIENT.find("drop", EFFECT, DIGITS.rest("high", LAST).of(made_up.rows())).note
    assert note == "96 of 96 values are of probes that did not converge, which read too little"


def attribution_rows(chains, end, drop=lambda one: 0.0, relevant=lambda one: 0.95, long=2.0, short=None):
    """``end(one)``: where one ends in bits; ``short``: where batch 128 is when batch 32 ends, which is earlier."""
    for one in TRAININGS:
        places = 8 if one.batch == BATCHES[1] else 7
        curve = ending(end(one), places)
        curve[3] = nats(end(one) + drop(one))
        if short is not None and places == 8:
            curve[6] = nats(short)
        chains.rest(one.name, curve)
        chains.relevant(one.name, relevant(one))
    chains.rest(LONG.name, ending(long))
    return chains.rows()


def published(one):
    """Less with a higher rate, and with smaller batches, with weight decay or without."""
    return 2.0 - 0.3 * RATES.index(one.rate) - 0.1 * (one.batch == 32)


def decays(one):
    """Less with a higher rate, where there is weight decay."""
    return published(one) if one.decay else 2.0


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            {"end": published, "drop": lambda one: 1.0 if one.rate == RATES[-1] else 0.0},
            {"rate-trend": R, "rate-beyond-rate-times-updates": R, "small-batch-matched-updates": R,
             "small-batch-matched-epochs": R, "rate-alone": R, "decay-alone": N, "rate-needs-decay": N},
        ),
        (
            {"end": decays, "drop": lambda one: 1.0 if one.decay else 0.0, "short": 0.5},
            {"rate-trend": R, "small-batch-matched-epochs": N, "rate-alone": N, "decay-alone": R,
             "rate-needs-decay": R},
        ),
        ({"end": lambda one: -published(one), "long": -0.9},
         {"rate-trend": N, "rate-beyond-rate-times-updates": N, "small-batch-matched-updates": N}),
        ({"end": lambda one: 2.0 + (0.3 if one.batch == 32 else -0.3) * RATES.index(one.rate)}, {"rate-trend": P}),
        ({"end": published, "long": 0.7 + 0.05}, {"rate-beyond-rate-times-updates": I}),
        ({"end": published, "drop": lambda one: 0.2}, {"rate-alone": R, "decay-alone": R}),
        ({"end": published, "relevant": lambda one: 0.95 if one.rate > RATES[1] else 0.5}, {"rate-trend": MISSING}),
        ({"end": published, "relevant": lambda one: 0.95 if one.rate > RATES[0] else 0.5}, {"rate-trend": R}),
    ],
)  # fmt: skip
def test_every_verdict_of_the_attribution(chains, made, wanted):
    found = outcomes(FineCoarseAttribution(), attribution_rows(chains, **made))
    assert {claim: found[claim] for claim in wanted} == wanted


def test_the_note_says_where_every_training_ends(chains):
    notes = FineCoarseAttribution().judge(attribution_rows(chains, published))[0].notes
    assert len(notes) == len(RATES_AT) * len(BATCHES)
    assert notes[1].startswith(f"{REST} at the end, weight decay 0.002, batch 128: rate 0.0125: 2 bits")


def product_rows(chains, ends, drops):
    """``ends`` and ``drops`` in bits, by the name of a training."""
    for name in FineCoarseProducts().plan("laptop"):
        curve = ending(ends.get(name, 1.0))
        curve[3] = nats(ends.get(name, 1.0) + drops.get(name, 0.0))
        chains.rest(name, curve)
    return chains.rows()


@pytest.mark.parametrize(
    ("ends", "drops", "wanted"),
    [
        ({}, {LONGEST.name: 0.8}, (R, R, R)),
        ({LONG.name: 1.6}, {}, (P, N, R)),  # a lower rate leaves more: one side fails
        ({LONGEST.name: 0.65}, {LONGEST.name: 0.3}, (I, R, R)),
        ({}, {Training(HIGH / 2, 0.0, longer=8).name: 0.6}, (R, N, N)),
    ],
)
def test_every_verdict_of_decay_times_rate_times_updates(chains, ends, drops, wanted):
    found = outcomes(FineCoarseProducts(), product_rows(chains, ends, drops))
    assert tuple(found.values()) == wanted


@pytest.mark.parametrize(
    ("end", "wanted"),
    [
        (lambda rate, batch: 2.0 - 0.3 * rate + 0.1 * batch, (R, R)),
        (lambda rate, batch: 2.0 - 0.3 * rate - 0.1 * batch, (R, N)),
        (lambda rate, batch: 2.0 + 0.3 * rate + 0.1 * batch, (N, R)),
        (lambda rate, batch: 2.0 + (0.3 if batch else -0.3) * rate + 0.1 * batch, (P, R)),
    ],
)
def test_every_verdict_of_rates_and_batches_in_order(chains, end, wanted):
    for i, rate in enumerate(RATES):
        for j, batch in enumerate(ORDERED):
            chains.rest(Training(rate, batch=batch).name, ending(end(i, j), 4 + j))  # the largest batch ends last
    rows = chains.rows()
    found = outcomes(FineCoarseOrder(), rows)
    assert found["rates"] is wanted[0]
    (updates, epochs) = FineCoarseOrder().judge(rows)[1].claim.parts
    assert {each.outcome for each in updates.found(rows).values()} == {"holds" if wanted[1] is R else "fails"}
    assert all(each.value is not None for each in epochs.found(rows).values())


def group_rows(chains, drop=1.0, low=1.6, group=0.96, first=2.0):
    for name, end in (("high", 1.0), ("low", low)):
        for site, where in (("features", end), ("block1", first)):
            curve = ending(where)
            curve[3] = nats(where + (drop if (name, site) == ("high", "features") else 0.0))
            chains.made_up.series(name, site, REST, curve, variable="superclass|made", split="test",
                                  estimator="usable_information")  # fmt: skip
        relevant = bits_curve(0.1, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8 * group)
        chains.made_up.series(name, "features", "I_u(T;coarse)", relevant, variable="made", split="test",
                              estimator="usable_information", spread=0.001)  # fmt: skip
        chains.accuracy(name, 0.9)
    return chains.rows()


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        ({}, (R, R, R, R)),
        ({"drop": 0.02}, (P, R, R, R)),
        ({"low": 0.9}, (R, N, R, R)),
        ({"low": 1.05}, (R, I, R, R)),
        ({"group": 0.8}, (R, R, N, R)),
        ({"first": 0.9}, (R, R, R, N)),
    ],
)
def test_every_verdict_of_two_groups_of_photographs(chains, made, wanted):
    assert tuple(outcomes(FineCoarseGroups(), group_rows(chains, **made)).values()) == wanted


def test_both_rates_have_as_much_rate_times_updates():
    for preset, product in (("long", 6.0), ("paper", 3.0)):
        plans = FineCoarseGroups().plan(preset)
        assert {round(plan.recipe.learning_rate * plan.recipe.epochs, 6) for plan in plans.values()} == {product}
        assert len({plan.recipe.train_rows for plan in plans.values()}) == 1


def perturbed_rows(chains, longer=0.3, other=0.5, base=1.0, spread=0.01):
    """``longer``: bits that each longer beginning with the digit adds; ``other``: what other labels add."""
    for schedule in ("falling", "steady"):
        chains.rest(arm(schedule), ending(base, 7), spread=spread)
        chains.accuracy(arm(schedule), 0.95, places=7)
    for schedule in SCHEDULES:
        for k, length in enumerate(LENGTHS, 1):
            chains.rest(arm(schedule, "digit", length), ending(base + k * longer), spread=spread)
            chains.accuracy(arm(schedule, "digit", length), 0.95)
    for labels in ("regrouped", "random"):
        chains.rest(arm("restarted", labels), ending(base + other), spread=spread)
        chains.accuracy(arm("restarted", labels), 0.95)
    return chains.rows()


@pytest.mark.parametrize(
    ("made", "lasts", "apart"),
    [
        ({}, R, R),
        ({"longer": -0.3}, N, R),
        ({"longer": 0.0, "spread": 0.3}, I, P),
        ({"longer": 0.0, "spread": 0.0}, N, P),  # all alike
        ({"other": 0.02}, R, P),
        ({"other": 0.07, "longer": 0.025, "spread": 0.0}, P, I),  # in order, and hardly apart
        ({"other": 0.0, "longer": 0.01}, None, N),
    ],
)
def test_every_verdict_of_other_labels(chains, made, lasts, apart):
    found = outcomes(Perturbations(), perturbed_rows(chains, **made))
    assert found["apart-at-equal-accuracy"] in (apart, I if made.get("spread") else apart)
    if lasts:
        assert {found[f"lasts-with-{schedule}-rate"] for schedule in SCHEDULES} == {lasts}


@pytest.mark.parametrize(
    ("blur", "flip", "wanted"),
    [
        (0.8, 0.95, (R, R)),
        (0.95, 0.8, (N, N)),
        (0.95, 1.1, (N, N)),
        (0.92, 0.92, (N, R)),
        (None, None, (MISSING, MISSING)),
    ],
)
def test_every_verdict_of_other_images(chains, blur, flip, wanted):
    for schedule in SCHEDULES:
        if schedule != "restarted":
            chains.relevant(arm(schedule), 0.95)
        for kind, end in (("blur", blur), ("flip", flip), ("noise", 0.9)):
            if end is not None:
                chains.relevant(arm(schedule, kind), end)
    found = outcomes(PerturbationsInputs(), chains.rows())
    for schedule in SCHEDULES:
        assert (found[f"blur-with-{schedule}-rate"], found[f"flip-with-{schedule}-rate"]) == wanted


def test_an_uncertain_loss_is_inconclusive(chains):
    chains.relevant(arm("falling"), 0.95, spread=0.05)
    chains.relevant(arm("falling", "blur"), 0.89, spread=0.2)
    assert outcomes(PerturbationsInputs(), chains.rows())["blur-with-falling-rate"] is I


def convolutional_rows(chains, drop=(0.0, 0.0, 0.0), end=(1.0, 1.0, 1.0), early=1.0, first=1.0, relevant=0.95):
    """drop: of high, high_decay and low; end: of high, low and large; early: high after as many updates as large."""
    drops = dict(zip(("high", "high_decay", "low"), drop, strict=True))
    ends = dict(zip(("high", "low", "large"), end, strict=True))
    for arm_ in ARMS:
        name, where = f"digits_small_resnet_{arm_}", ends.get(arm_, 1.0)
        curve = ending(where, 7 if arm_ == "large" else 8)
        curve[3] = nats(where + drops.get(arm_, 0.0))
        if arm_ == "high":
            curve[6] = nats(early)
        chains.rest(name, curve, "features")
        chains.relevant(name, relevant, "features")
        chains.accuracy(name, 0.97)
    chains.rest("digits_small_resnet_high", ending(first), "block1")
    return chains.rows()


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (
            {"drop": (1.0, 1.0, 0.0), "end": (0.5, 1.5, 0.8), "early": 0.6, "first": 2.0},
            {"transient": R, "transient-with-decay": R, "no-transient-at-low-rate": R, "sufficient": R, "rate-alone": R,
             "small-batch-matched-epochs": R, "small-batch-matched-updates": R, "early-layers-keep": R},
        ),
        (
            {"drop": (0.02, 0.35, 0.3), "relevant": 0.7, "end": (1.0, 1.0, 0.8), "early": 1.03},
            {"transient": P, "transient-with-decay": R, "no-transient-at-low-rate": N, "sufficient": P, "rate-alone": N,
             "small-batch-matched-epochs": N, "small-batch-matched-updates": N, "early-layers-keep": N},
        ),
        ({"end": (1.0, 1.35, 1.1), "early": 1.2, "first": 1.35},
         {"rate-alone": R, "small-batch-matched-epochs": R, "small-batch-matched-updates": N, "early-layers-keep": R}),
    ],
)  # fmt: skip
def test_every_verdict_of_networks_with_batchnorm(chains, made, wanted):
    found = outcomes(FineCoarseBatchnorm(), convolutional_rows(chains, **made))
    assert {claim: found[claim] for claim in wanted} == wanted


def test_a_claim_is_about_every_published_network_that_was_run(chains):
    for arena in ("cifar10_resnet18", "cifar100_all_cnn"):
        fine = "label|group" if "10_" in arena else "fine|coarse"
        for arm_ in ARMS:
            chains.made_up.series(f"{arena}_{arm_}", "features", REST, falling(1.0), variable=fine, split="test")
    transient = FineCoarseConvolutional().judge(chains.rows())[0]
    assert [each.name.split(", ")[1].split()[0] for each in transient.findings] == [
        "cifar10_resnet18_high", "cifar100_all_cnn_high",
    ] * 2  # fmt: skip
    assert {each.outcome for each in transient.findings} == {"holds"}


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("figure", [FineCoarseBatchnorm, FineCoarseConvolutional])
def test_small_batches_are_read_after_as_many_updates_as_large_ones_take(figure, preset):
    plans = figure().plan(preset, 1)
    for name, plan in plans.items():
        if not name.endswith("_large"):
            continue
        rows = plan.recipe.train_rows or {"digits": 898}.get(plan.task, 50_000)
        wanted = plan.recipe.updates(plan.epochs[-1], rows)
        small = plans[name.removesuffix("large") + "high"]
        offered = [small.recipe.updates(epoch, rows) for epoch in small.epochs]
        assert min(abs(updates - wanted) for updates in offered) <= small.recipe.updates(1, rows) / 2
        assert plan.network.inputs == np.prod(plan.network.shape)


def test_rank_correlations_are_those_of_scipy():
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(5, 7, 3))
    rates = (0.1, 0.4, 0.2, 0.8, 1.6)
    wanted = [stats.spearmanr(rates, curves[:, member, -1]).statistic for member in range(7)]
    assert spearman(rates)(*curves) == pytest.approx(wanted)
    wanted = [stats.kendalltau(range(5), curves[:, member, -1]).statistic for member in range(7)]
    assert kendall(*curves) == pytest.approx(wanted)


def test_the_interval_of_a_correlation_stays_among_correlations(chains):
    trend = FineCoarseAttribution().judge(attribution_rows(chains, published))[0].findings[0]
    noisy = Finding("tau", trend.criterion, -1.0, (-1.3, -0.7), 8)
    assert bounded(noisy).interval == (-1.0, -0.7)
    assert bounded(noisy).outcome == noisy.outcome == "unclear"
    assert bounded(Finding("tau", trend.criterion, None)).interval is None
    assert trend.interval == (-1.0, pytest.approx(-1.0))


def test_arms_are_compared_where_they_are_equally_accurate():
    """Against a slow twin: the first place at which an arm reaches the lower of the two final accuracies."""
    rng = np.random.default_rng(0)
    curves = rng.normal(size=(4, 6, 9))
    curves[1::2] = np.sort(rng.uniform(size=(2, 6, 9)), -1)
    wanted = []
    for first, first_accuracy, second, second_accuracy in zip(*curves, strict=True):
        level = min(first_accuracy[-1], second_accuracy[-1])
        one, other = (next(i for i, a in enumerate(each) if a >= level) for each in (first_accuracy, second_accuracy))
        wanted.append(abs(first[one] - second[other]))
    assert apart_at_equal_accuracy(*curves) == pytest.approx(wanted)


def test_a_beginning_is_no_part_of_the_comparison(made_up):
    made_up.series("base", LAST, REST, bits_curve(1, 2, 3, 4))  # ends at epoch 25
    made_up.series("arm", LAST, REST, bits_curve(1, 2, 3, 4, 5))  # ends at epoch 100, so begins the task at 75
    its = made_up.rows().filter(network="base")
    mine = on_the_task(made_up.rows().filter(network="arm"), its)
    assert mine.unique("epoch") == [100.0]


def test_batches_take_as_many_updates_and_every_comparison_finds_its_epoch(tmp_path):
    plans = FineCoarseAttribution().plan("laptop", 2)
    assert len(plans) == len(TRAININGS) + 1
    updates = {}
    for name, plan in plans.items():
        ensemble = EnsembleReplay(RunFolder(tmp_path), name, plan).ensemble
        updates[name] = ensemble.step(plan.epochs[-1])
        assert plan.recipe.weight_decay == float(name.split("_")[1].removeprefix("decay"))
    assert {updates[one.name] for one in TRAININGS} == {5800}
    assert updates[LONG.name] * LONG.rate == pytest.approx(5800 * RATES[-1])
    small, large = (plans[Training(batch=batch).name] for batch in BATCHES)
    assert small.epochs[-1] in large.epochs


def test_networks_that_two_figures_have_in_common_are_trained_once():
    plans, trainings = FineCoarse().plan("laptop"), FineCoarseAttribution().plan("laptop")
    assert plans["high"].training() == trainings[Training().name].training()
    products, order = FineCoarseProducts().plan("laptop"), FineCoarseOrder().plan("laptop")
    assert plans["low"].training() == products[LONGEST.name].training()
    assert products[LONG.name].training() == trainings[LONG.name].training()
    assert order[Training().name].task == trainings[Training().name].task
    labels, images = Perturbations().plan("laptop"), PerturbationsInputs().plan("laptop")
    for base in (arm("falling"), arm("steady")):
        assert labels[base].training() == images[base].training()


def test_members_train_on_no_row_that_is_measured(tmp_path):
    plan = FineCoarse().plan("smoke")["high"]
    replay = EnsembleReplay(RunFolder(tmp_path), "high", plan)
    assert not set(replay.measured.tolist()) & set(replay.ensemble.train.ravel().tolist())
    assert len(replay.measured) + replay.ensemble.train.shape[1] == len(replay.task)


@pytest.mark.parametrize("preset", PRESETS)
def test_arms_start_from_the_same_weights_and_train_as_long_on_the_task(preset):
    plans = {**Perturbations().plan(preset, 1), **PerturbationsInputs().plan(preset, 1)}
    assert len({plan.network for plan in plans.values()}) == 1
    clean = set()
    for name, plan in plans.items():
        beginning = plan.recipe.beginning
        begun = beginning.epochs if beginning else 0
        clean.add(plan.recipe.epochs - begun)
        assert begun in plan.epochs
        assert (beginning is None) == name.startswith("base")
        assert bool(beginning and beginning.restart) == name.endswith("restarted")
        steady = name.endswith("steady")
        assert plan.recipe.schedule == ("constant" if steady else "exponential")
        assert (plan.recipe.weight_decay, plan.recipe.decay) == (DECAY, 1.0 if steady else 0.97)
        restarts = begun if name.endswith("restarted") else 0
        assert plan.recipe.rate(begun) == pytest.approx(HIGH * (1.0 if steady else 0.97 ** (begun - restarts)))
    assert len(clean) == 1
    assert json.loads(json.dumps(plans[arm("falling", "blur")].to_json()))["recipe"]["beginning"]["inputs"] == "blur"


def test_a_chain_measures_both_labels_with_one_probe():
    (chain, *_) = FineCoarse().plan("laptop")["high"].measures
    assert chain.options["chain"] == "digit>high"
    assert chain.sites == (LAST,)
    assert DIGITS.entropy == nats(1.0)


@pytest.mark.parametrize(
    ("first", "end", "wanted"), [((0.2, 0.9), 0.95, (R, R)), ((0.9, 0.9), 0.7, (N, I)), ((0.9, 0.95), 0.95, (R, I))]
)
def test_every_verdict_of_what_is_answered(made_up, first, end, wanted):
    """``first``: the right answers to digits below five and from five on, after the first epoch."""
    for digit in range(10):
        curve = (0.5, first[digit >= 5], *(end,) * 6)
        variable = f"digit {digit}, answer {int(digit > 4)}"
        made_up.series("answering", "output", "answered_share", curve, variable=variable, estimator="confusion",
                       unit="fraction", split="test", spread=0.001)  # fmt: skip
    assert tuple(outcomes(FineCoarseAnswers(), made_up.rows()).values()) == wanted
