"""FC1-FC3 and FC7-FC9: trained on which half of the digits, a network picks up which digit it is and drops it again.

Paper: information that is meaningful and irrelevant to the task is encoded early in training and discarded later, so
that the last layer of a network trained by SGD with a high learning rate comes to hold little but what the task needs
(abstract; shown for coarse and fine labels of CIFAR images). Our sentences are the claims below, fixed before the
first run.

    infoscope run kleinman2021/fine_coarse --preset laptop

64-128-64-32-2, ReLU, plain SGD with batch 32 and weight decay 2e-3 (kleinman2021/fine_coarse_attribution asks what each
of them does), half of the 8 x 8 digits to train on and the other half to measure on. Two rates, 0.2 for 200 epochs and
0.0125 for 3200, which is as much rate times updates; and a third network trained on the digits themselves. Hardware: 2
CPU cores. smoke: seconds (2 and 32 epochs; too short for a verdict). laptop: 8 seeds, 3 minutes; paper: 50 seeds of the
same, since this task is nobody's published one; kleinman2021/fine_coarse_convolutional is about published networks.

Probes: linear softmax on standardised features, weight decay chosen on validation rows, 3-fold cross-fitted over rows
that are new to the network; one probe of the digit gives all three rows, so coarse and rest add up to fine. No noise is
added to the features. What a linear probe cannot read it does not see: a drop is one of what is easy to read. Probes of
one fixed weight decay, which hide what lies in directions of little variance, are shown beside them.

Deviations: this is a re-derivation and no replication. The paper's text was not at hand, only its abstract and poster;
task, network, rates, decay, batch and probes are ours. A small trial of four seeds, read by probes of one fixed weight
decay, had shown a fall of a bit with this network. Intervals are over seeds, all of which share one split.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import end_difference, lowest
from infoscope.core.claim import NOTHING, Claim, Criterion
from infoscope.core.quantity import USABLE
from infoscope.core.rows import Rows
from infoscope.core.units import nats, shown
from infoscope.papers.kleinman2021._digits import (
    CLASSES,
    DIGITS,
    HIDDEN,
    HIGH,
    LAST,
    LOW,
    SEEDS,
    digits_plan,
    epochs_of_training,
)
from infoscope.papers.kleinman2021._images import (
    BOTH_SIDES,
    EFFECT,
    FALL,
    FALL_ALONE,
    LEAST_EFFECT,
    NEW_ROWS,
    NO_TRANSIENT,
    PROBES,
    REST,
    TRANSIENT,
    accuracy,
    alike,
    encoded,
    ends_in_words,
    sufficient,
    transient,
)
from infoscope.papers.kleinman2021._quoted import DISCARDED, REGULARISATION
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_WHERE = "abstract; images with coarse and fine labels (a re-derivation)"


def _chosen(rows: Rows) -> Rows:
    """Those of probes that choose their weight decay, not of one fixed one."""
    return rows.filter(options=[options for options in rows.unique("options") if "weight_decay" not in options])


def _fixed(rows: Rows) -> Rows:
    return rows.filter(options=[options for options in rows.unique("options") if "weight_decay" in options])


_RATES_IN_WORDS = {"high": "at rate 0.2", "low": "at rate 0.0125", "fine": "at rate 0.2, trained on the digit,"}


def _rest(network: str, site: str = LAST) -> Series:
    return DIGITS.rest(network, site, words=_RATES_IN_WORDS[network], narrowed=_chosen)


def _relevant(network: str) -> Series:
    return DIGITS.relevant(network, LAST, narrowed=_chosen)


def _shuffled(site: str) -> Series:
    return Series(USABLE, "high", site, narrowed=_chosen)


def _highest(curve: np.ndarray) -> np.ndarray:
    return curve.max(-1)


_RATES = ("high", "low")
_TRANSIENT = Claim(
    id="kleinman2021/fine_coarse/transient",
    origin="published",
    quoted=DISCARDED,
    paper="kleinman2021",
    where=_WHERE,
    sentence="At a high learning rate the last layer first encodes which digit of its half it sees, then discards it.",
    parts=(encoded([_rest("high")]), transient([_rest("high")])),
    headline=FALL,
    revised=FALL_ALONE,
    published="irrelevant information is encoded early in training and discarded later (abstract)",
)
_NO_TRANSIENT = Claim(
    id="kleinman2021/fine_coarse/no-transient-at-low-rate",
    origin="published",
    quoted=REGULARISATION,
    paper="kleinman2021",
    where=_WHERE,
    sentence="At a low learning rate nothing is discarded, after as much rate times updates.",
    parts=(transient([_rest("low")], NO_TRANSIENT),),
    revised="at first the low rate was read after as many updates as the high one, which is a sixteenth of its rate "
    "times updates: it had not been trained long enough to discard anything",
    published="a high learning rate helps to reach minimal representations (abstract)",
)
_SUFFICIENT = Claim(
    id="kleinman2021/fine_coarse/sufficient",
    origin="published",
    quoted=REGULARISATION,
    paper="kleinman2021",
    where=_WHERE,
    sentence="At both rates the last layer holds what the task needs, and as much of it.",
    parts=(
        sufficient(dict.fromkeys(_RATES, DIGITS.entropy), [_relevant(network) for network in _RATES]),
        alike("I_u(T;coarse) at the end, high and low", {"": (_relevant("high"), _relevant("low"))}),
    ),
    headline="I_u(T;coarse) at the end over H(coarse)",
    revised=BOTH_SIDES,
    published="minimal sufficient representations (abstract)",
)
_DEPTH = Claim(
    id="kleinman2021/fine_coarse/early-layers-keep",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="What the last hidden layer discards, the first one keeps.",
    parts=(
        Part(
            f"{REST} at the end, {HIDDEN[0]} minus {LAST}",
            {"high": (_rest("high", HIDDEN[0]), _rest("high"))},
            of_means("{} at the end, first hidden layer less the last,", end_difference),
            EFFECT,
        ),
    ),
    revised=LEAST_EFFECT,
    published="layers are swept; which layer keeps how much was not at hand",
)
_CONTROL = Claim(
    id="kleinman2021/fine_coarse/fine-label-control",
    origin="ours",
    paper="kleinman2021",
    where="control",
    sentence="A network trained on the digits themselves, all else equal, does not discard them.",
    parts=(transient([_rest("fine")], Criterion("<=", nats(0.1), "nats")),),
    published="not at hand",
)
_DECODER = Claim(
    id="kleinman2021/fine_coarse/decoder-control",
    origin="ours",
    paper="kleinman2021",
    where="control",
    sentence="Probes of these sizes read nothing of shuffled labels, from the first layer or the last, early or late.",
    parts=(
        Part(
            "highest point of the mean curve of I_u(T;shuffled)",
            {site: _shuffled(site) for site in HIDDEN},
            of_means(
                "highest point of the mean curve of I_u(T;shuffled), the digits shuffled over the rows,", _highest
            ),
            Criterion("<=", nats(0.02), "nats"),
        ),
        Part(
            "lowest point of the mean curve of I_u(T;shuffled)",
            {site: _shuffled(site) for site in HIDDEN},
            of_means("lowest point of the mean curve of I_u(T;shuffled)", lowest),
            Criterion(">=", nats(-0.05), "nats"),
        ),
    ),
    headline="highest point of the mean curve of I_u(T;shuffled)",
    published="not at hand",
    presupposes=NOTHING,
)
_RIDGE = {**PROBES, "probe": "linear(weight_decay=0.01)"}


class FineCoarse(Figure):
    """Digits, trained on their half: fine information rises, then falls at a high learning rate (FC1-3, FC7-9)

    >>> from infoscope.papers.kleinman2021.fine_coarse import FineCoarse
    >>> {name: (plan.recipe.learning_rate, plan.trained_on) for name, plan in FineCoarse().plan("laptop").items()}
    {'high': (0.2, ''), 'low': (0.0125, ''), 'fine': (0.2, 'digit')}
    """

    title = "Coarse and fine labels of digits"
    where = "abstract, on coarse and fine labels"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (_TRANSIENT, _NO_TRANSIENT, _SUFFICIENT, _DEPTH, _CONTROL, _DECODER)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plan, epochs = partial(digits_plan, preset=preset, seeds=seeds, probes=PROBES), epochs_of_training(preset, 32)
        plans = {
            "high": plan("rate 0.2"),
            "low": plan("rate 0.0125", rate=LOW, epochs=round(HIGH / LOW) * epochs, also=(epochs,)),
            "fine": plan("rate 0.2, trained on the digit", trained_on=DIGITS.fine, outputs=CLASSES),
        }
        ends = {name: (0, plan.recipe.epochs) for name, plan in plans.items()}
        early = {name: DIGITS.measure(HIDDEN[:-1], PROBES, epochs=both) for name, both in ends.items()}
        ridge = DIGITS.measure((LAST,), _RIDGE)
        shuffled = {**PROBES, "variables": (DIGITS.fine,), "shuffled": True}
        control = MeasurePlan("usable_information", shuffled, HIDDEN, epochs=ends["high"])
        more = {"high": (ridge, control), "low": (ridge,), "fine": ()}
        return {
            name: dataclasses.replace(plan, measures=(*plan.measures, early[name], *more[name]))
            for name, plan in plans.items()
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        ends = [(name, accuracy(name).of(rows)) for name in _RATES]
        return {
            "transient": (*_untrained(rows), *_by_ridge(rows)),
            "sufficient": ends_in_words("test accuracy", "fraction", ends),
        }


def _untrained(rows: Rows) -> tuple[str, ...]:
    """What the networks hold before the first update, at every layer: a network that saw nothing says a lot."""
    series = [(site, _rest("high", site).of(rows)) for site in HIDDEN]
    return ends_in_words(f"{REST} before training", "nats", series, place=0)


def _by_ridge(rows: Rows) -> tuple[str, ...]:
    """The drops that probes of a fixed weight decay see, in words: they decide nothing."""
    fixed = {network: DIGITS.rest(network, LAST, narrowed=_fixed).of(rows) for network in _RATES}
    drops = [(network, TRANSIENT.find("", EFFECT, series)) for network, series in fixed.items()]
    said = [
        f"{network} {shown(drop.value, 'nats', drop.interval)}" for network, drop in drops if drop.value is not None
    ]
    return (f"by {_RIDGE['probe']}, without a pass mark, the drop is {', '.join(said)}",) if said else ()
