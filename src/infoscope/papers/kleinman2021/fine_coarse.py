"""FC1-FC3 and FC7-FC9: trained on which half of the digits, a network picks up which digit it is and drops it again.

Paper: information that is meaningful and irrelevant to the task is encoded early in training and discarded later, so
that the last layer of a network trained by SGD with a high learning rate comes to hold little but what the task needs
(abstract; shown for coarse and fine labels of CIFAR images). Our sentences are the claims below, fixed before the
first run.

    infoscope run kleinman2021/fine_coarse --preset laptop

64-128-64-32-2, ReLU, plain SGD with batch 32 and weight decay 2e-3 (kleinman2021/fine_coarse_attribution asks what each
of them does), half of the 8 x 8 digits to train on and the other half to measure on. Two rates; and a third network
trained on the digits themselves. Hardware: 2 CPU cores. smoke: seconds (2 epochs; too short for a verdict). laptop: 8
seeds, 200 epochs, 3 minutes; paper: 50 seeds of the same, since this task is nobody's published one;
kleinman2021/fine_coarse_convolutional is about published networks.

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

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.claim.statistics import lowest
from infoscope.core.claim import NOTHING, Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.core.units import nats, shown
from infoscope.papers.kleinman2021._digits import CLASSES, DIGITS, HIDDEN, LAST, LOW, SEEDS, digits_plan
from infoscope.papers.kleinman2021._images import (
    EFFECT,
    NEW_ROWS,
    NO_TRANSIENT,
    PROBES,
    REST,
    accuracy,
    alike_findings,
    end_difference,
    ends_in_words,
)
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_WHERE = "abstract; images with coarse and fine labels (a re-derivation)"
_TRANSIENT = Claim(
    id="kleinman2021/fine_coarse/transient",
    paper="kleinman2021",
    where=_WHERE,
    sentence="At a high learning rate the last layer first encodes which digit of its half it sees, then discards it.",
    rule="last hidden layer, rate 0.2: I_u(T;fine|coarse) ends ≥ 0.5 bits below the peak of its mean curve (shown "
    "wrong at ≤ 0.2 bits), the peak chosen by half of the seeds and measured in the others; with its whole 95 % "
    "interval over seeds",
    published="irrelevant information is encoded early in training and discarded later (abstract)",
)
_NO_TRANSIENT = Claim(
    id="kleinman2021/fine_coarse/no-transient-at-low-rate",
    paper="kleinman2021",
    where=_WHERE,
    sentence="At a low learning rate nothing is discarded.",
    rule="the same drop at rate 0.0125 ≤ 0.15 bits, with its whole 95 % interval over seeds",
    published="a high learning rate helps to reach minimal representations (abstract)",
)
_SUFFICIENT = Claim(
    id="kleinman2021/fine_coarse/sufficient",
    paper="kleinman2021",
    where=_WHERE,
    sentence="At both rates the last layer holds what the task needs, and as much of it.",
    rule="last hidden layer at the end: I_u(T;coarse) ≥ 0.85 H(coarse) at both rates, and within 0.05 bits of each "
    "other; each with its whole 95 % interval over seeds",
    published="minimal sufficient representations (abstract)",
)
_DEPTH = Claim(
    id="kleinman2021/fine_coarse/early-layers-keep",
    paper="kleinman2021",
    where=_WHERE,
    sentence="What the last hidden layer discards, the first one keeps.",
    rule="rate 0.2 at the end: I_u(T;fine|coarse) of the first minus the last hidden layer ≥ 0.5 bits (shown wrong at "
    "≤ 0.2 bits), with its whole 95 % interval over seeds",
    published="layers are swept; which layer keeps how much was not at hand",
)
_CONTROL = Claim(
    id="kleinman2021/fine_coarse/fine-label-control",
    paper="kleinman2021",
    where="control",
    sentence="A network trained on the digits themselves, all else equal, does not discard them.",
    rule="the same drop in the network trained on the fine label ≤ 0.1 bits, with its whole 95 % interval over seeds",
    published="not at hand",
)
_DECODER = Claim(
    id="kleinman2021/fine_coarse/decoder-control",
    paper="kleinman2021",
    where="control",
    sentence="Probes of these sizes read nothing of shuffled labels, from the first layer or the last, early or late.",
    rule="digits shuffled over the rows: the mean curve of I_u(T;shuffled) is nowhere below -0.05 or above 0.02 bits, "
    "in every hidden layer at rate 0.2; each with its whole 95 % interval over seeds",
    published="not at hand",
    presupposes=NOTHING,
)
_NOTHING_BELOW = Criterion(">=", nats(-0.05), "nats")
_NOTHING_ABOVE = Criterion("<=", nats(0.02), "nats")
_RIDGE = {**PROBES, "probe": "linear(weight_decay=0.01)"}
_KEEPS = Criterion("<=", nats(0.1), "nats")


class FineCoarse(Figure):
    """Digits, trained on their half: fine information rises, then falls at a high learning rate (FC1-3, FC7-9)"""

    title = "Coarse and fine labels of digits"
    where = "abstract, on coarse and fine labels"
    seeds = SEEDS
    presupposes = NEW_ROWS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plan = partial(digits_plan, preset=preset, seeds=seeds, probes=PROBES)
        plans = {
            "high": plan("rate 0.2"),
            "low": plan("rate 0.0125", rate=LOW),
            "fine": plan("rate 0.2, trained on the digit", trained_on=DIGITS.fine, outputs=CLASSES),
        }
        ends = (0, plans["high"].recipe.epochs)
        early = DIGITS.measure(HIDDEN[:-1], PROBES, epochs=ends)
        ridge = DIGITS.measure((LAST,), _RIDGE)
        shuffled = {**PROBES, "variables": (DIGITS.fine,), "shuffled": True}
        control = MeasurePlan("usable_information", shuffled, HIDDEN, epochs=ends)
        more = {"high": (early, ridge, control), "low": (early, ridge), "fine": (early,)}
        return {name: dataclasses.replace(plan, measures=(*plan.measures, *more[name])) for name, plan in plans.items()}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        fixed = [options for options in rows.unique("options") if "weight_decay" in options]
        ridge, rows = rows.filter(options=fixed), rows.filter(options=set(rows.unique("options")) - set(fixed))
        relevant = [DIGITS.relevant(rows, network, LAST) for network in ("high", "low")]
        sufficient = [DIGITS.sufficient_finding(rows, network, LAST) for network in ("high", "low")]
        kept = [DIGITS.rest(rows, "high", site) for site in (HIDDEN[0], LAST)]
        depth = finding(f"{REST} at the end, {HIDDEN[0]} minus {LAST}, high", EFFECT, end_difference, *kept)
        return [
            Judged(_TRANSIENT, (DIGITS.transient_finding(rows, "high", LAST),), (*_untrained(rows), *_by_ridge(ridge))),
            Judged(_NO_TRANSIENT, (DIGITS.transient_finding(rows, "low", LAST, NO_TRANSIENT),)),
            Judged(
                _SUFFICIENT,
                (*sufficient, *alike_findings("I_u(T;coarse) at the end, high and low", *relevant)),
                ends_in_words("test accuracy", "fraction", [(name, accuracy(rows, name)) for name in ("high", "low")]),
            ),
            Judged(_DEPTH, (depth,)),
            Judged(_CONTROL, (DIGITS.transient_finding(rows, "fine", LAST, _KEEPS),)),
            Judged(_DECODER, _decoder_findings(rows)),
        ]


def _untrained(rows: Rows) -> tuple[str, ...]:
    """What the networks hold before the first update, at every layer: a network that saw nothing says a lot."""
    series = [(site, DIGITS.rest(rows, "high", site)) for site in HIDDEN]
    return ends_in_words(f"{REST} before training", "nats", series, place=0)


def _by_ridge(rows: Rows) -> tuple[str, ...]:
    """The drops that probes of a fixed weight decay see, in words: they decide nothing."""
    drops = [(network, DIGITS.transient_finding(rows, network, LAST)) for network in ("high", "low")]
    said = [
        f"{network} {shown(drop.value, 'nats', drop.interval)}" for network, drop in drops if drop.value is not None
    ]
    return (f"by {_RIDGE['probe']}, without a pass mark, the drop is {', '.join(said)}",) if said else ()


def _decoder_findings(rows: Rows) -> tuple[Finding, ...]:
    found = []
    for site in HIDDEN:
        series = rows.filter(network="high", site=site, quantity="I(T;Y)")
        name = f"of the mean curve of I_u(T;shuffled), {site}"
        found.append(finding(f"lowest point {name}", _NOTHING_BELOW, lowest, series))
        found.append(finding(f"highest point {name}", _NOTHING_ABOVE, _highest, series))
    return tuple(found)


def _highest(curve: np.ndarray) -> np.ndarray:
    return curve.max(-1)
