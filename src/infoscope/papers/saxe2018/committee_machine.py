"""Another rule than the symmetric one: a committee machine on 12 bits, of Shwartz-Ziv and Tishby (2017).

Paper: on a non-symmetric committee machine networks show the same two phases as on the rotation-invariant rule (their
section 4 and figure 8). Our sentences are the two claims below, fixed before the first run: a tanh network fits and
then compresses in its late layers, and a ReLU network of the same task does not in its hidden ones, as Saxe et al.
found of the other rule.

    infoscope run saxe2018/committee_machine --preset laptop

Five perceptrons with weights drawn once vote on each of the 4096 patterns (the task ``committee``); networks, training
and bins are those of figures 1A and 1B. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict).
laptop: 16 seeds, about 2 minutes of CPU; paper: 50 seeds, 275 recorded epochs, about 10.

Deviations: their committee, its size and weights, their network and their epochs are not known to us; Adam at 4e-4 and
a softmax, as in figure 1A. The claim about ReLU is ours.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.curves import LAST
from infoscope.core.claim import Claim, Criterion
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan, relu_bins, tanh_bins
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    DROP_OF_INFORMATION,
    FLAT,
    accuracy,
    drops,
    information,
    lasting_fall,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_WHERE = "Shwartz-Ziv and Tishby 2017, section 4 and figure 8"
_LATE = [information("tanh", layer) for layer in ("hidden5", "output")]
_PHASES = Claim(
    id="saxe2018/committee_machine/two-phases",
    origin="recalled",
    paper="saxe2018",
    where=_WHERE,
    sentence="A tanh network that learns a committee's vote fits and then compresses: its late layers lose I(X;T).",
    parts=(
        drops(_LATE, COMPRESS),
        lasting_fall(_LATE),
        Part("final test accuracy", {"": accuracy("tanh")}, LAST, Criterion(">=", 0.9, "fraction")),
    ),
    headline=DROP_OF_INFORMATION,
    published="the same two phases as on the symmetric rule (recalled from a reader's note)",
)
_RELU = Claim(
    id="saxe2018/committee_machine/relu-no-compression",
    origin="ours",
    paper="saxe2018",
    where=_WHERE,
    sentence="A ReLU network that learns the same vote does not compress in its hidden layers.",
    parts=(drops([information("relu", layer) for layer in HIDDEN], FLAT),),
    published="shown for the symmetric rule (Saxe et al. 2018, figure 1B)",
)


class CommitteeMachine(Figure):
    """Tanh and ReLU networks that learn how a committee of perceptrons votes: the same phases on another rule

    >>> from infoscope.papers.saxe2018.committee_machine import CommitteeMachine
    >>> {name: (plan.task, plan.network.activation) for name, plan in CommitteeMachine().plan("laptop").items()}
    {'tanh': ('committee', 'tanh'), 'relu': ('committee', 'relu')}
    """

    title = "A committee machine"
    where = _WHERE
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 16, "paper": 50}
    claims = (_PHASES, _RELU)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = {"tanh": (tanh_bins(),), "relu": relu_bins()}
        plans = {name: boolean12_plan(name, preset, seeds, measures) for name, measures in bins.items()}
        return {name: dataclasses.replace(plan, task="committee") for name, plan in plans.items()}
