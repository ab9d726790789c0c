"""Usable information beside bins and a kernel density: the 12-bit networks of the information-plane papers, all three.

Paper: usable information is put in place of estimates of I(X;T) and I(T;Y) by bins or densities, which say of
deterministic networks what their bins or noise say (poster, on why another quantity is wanted). Our sentences, fixed
before the first run: bins see the input go in the tanh network and not in the ReLU network, and no such difference is
in what can be read of the label; and bins and density do not agree with one another on how much of the input is left.

    infoscope run kleinman2021/twelve_bits --preset laptop

The networks of saxe2018/tanh and saxe2018/relu: 12-10-7-5-4-3-2, Adam at 4e-4, batch 256. I(X;T) with 30 bins on [-1,
1] (tanh) and 100 bins up to the largest recorded activity (ReLU), as the papers have them, and by KDE with noise
variance 0.1 (its upper bound); I_u(T;label) by linear probes and an MLP of 64 units, on half of the 4096 patterns.
Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 16 seeds, 8000 epochs, about 5
minutes; paper: 50 seeds of the same.

Deviations: ours beside the paper, which does not have this task. Probes read the patterns that the network was trained
on, too: 80 % of them, as the information planes do. The label is all that the task has, so what is usable of the input
beyond it is not asked.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import DROP, LESS
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION, USABLE
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.saxe2018._boolean12 import HIDDEN, boolean12_plan, relu_bins, tanh_bins
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

_LAST = HIDDEN[-1]
_POINTS = 20  # recorded epochs, about
_PROBES = {"linear": "linear", "mlp": "mlp(networks=1)"}
_WORDS = {"linear": "by a linear probe", "mlp": "by an MLP"}
_KEPT = Criterion("<=", nats(0.05), "nats", fails_at=nats(0.1))
_FALLS = Criterion(">=", nats(0.5), "nats", fails_at=nats(0.3))  # what counts as compression in saxe2018
_STAYS = Criterion("<=", nats(0.3), "nats", fails_at=nats(0.5))
_APART = Criterion(">=", nats(1.0), "nats", fails_at=nats(0.5))


def _input(network: str, estimator: str, words: str, **columns: Any) -> Series:
    return Series(INPUT_INFORMATION, network, _LAST, words, estimator=estimator, **columns)


def _binned(network: str) -> Series:
    return _input(network, "binned", "by bins")


def _label(network: str, probe: str) -> Series:
    def of_probe(rows: Rows) -> Rows:
        texts = rows.unique("options")
        return rows.filter(options=[text for text in texts if json.loads(text).get("probe") == _PROBES[probe]])

    return Series(USABLE, network, _LAST, _WORDS[probe], variable="label", narrowed=of_probe)


_BESIDE = Claim(
    id="kleinman2021/twelve_bits/bins-see-what-cannot-be-read",
    origin="ours",
    paper="kleinman2021",
    where="poster, on why another quantity is wanted (the 12-bit task is ours here)",
    sentence="Bins see the input go in a tanh network and not in a ReLU network, and the label can be read alike.",
    parts=(
        Part("drop of I(X;T) after its peak, tanh", [_binned("tanh")], DROP, _FALLS),
        Part("drop of I(X;T) after its peak, ReLU", [_binned("relu")], DROP, _STAYS),
        Part(
            "drop of I_u(T;label) after its peak",
            {f"{network} {_WORDS[probe]}": _label(network, probe) for network in ("tanh", "relu") for probe in _PROBES},
            DROP,
            _KEPT,
        ),
        Part(
            "I_u(T;label) at the end, tanh less ReLU",
            {_WORDS[probe]: (_label("tanh", probe), _label("relu", probe)) for probe in _PROBES},
            LESS,
            Criterion("within", nats(0.05), "nats", fails_at=nats(0.1)),
        ),
    ),
    headline="drop of I_u(T;label) after its peak",
    published="estimates by bins depend on the bins; usable information is about what can be read",
)
_DISAGREE = Claim(
    id="kleinman2021/twelve_bits/bins-and-density-disagree",
    origin="ours",
    paper="kleinman2021",
    where="poster, on why another quantity is wanted (the 12-bit task is ours here)",
    sentence="Of one and the same layer, bins say that more of the input is left than a kernel density says.",
    parts=(
        Part(
            "I(X;T) at the end, by bins less by KDE",
            {
                network: (_binned(network), _input(network, "kde", "by KDE, noise variance 0.1"))
                for network in ("tanh", "relu")
            },
            LESS,
            _APART,
        ),
    ),
    published="estimates by bins or densities depend on their parameters",
)


class TwelveBits(Figure):
    """Usable information, bins and a kernel density side by side on the 12-bit networks

    >>> from infoscope.papers.kleinman2021.twelve_bits import TwelveBits
    >>> [measure.estimator for measure in TwelveBits().plan("laptop")["tanh"].measures]
    ['binned', 'kde', 'usable_information', 'usable_information']
    """

    title = "Usable information beside bins and KDE, 12 bits"
    where = "poster, on why another quantity is wanted"
    seeds = {"smoke": 2, "laptop": 16, "paper": 50}  # noqa: RUF012 - a fact, read from the syntax tree
    claims = (_BESIDE, _DISAGREE)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        bins = {"tanh": (tanh_bins(),), "relu": relu_bins()}
        return {network: _plan(network, preset, seeds, measures) for network, measures in bins.items()}


def _plan(network: str, preset: Preset, seeds: tuple[int, ...], bins: tuple[MeasurePlan, ...]) -> NetworkPlan:
    plan = boolean12_plan(network, preset, seeds, ())
    at = tuple(epoch for epoch in log_spaced(plan.recipe.epochs, _POINTS) if epoch in plan.epochs)
    usable = [
        MeasurePlan("usable_information", {"probe": probe, "test_fraction": 0.5}, HIDDEN, epochs=at)
        for probe in _PROBES.values()
    ]
    slow = MeasurePlan("kde", {"noise_variance": 0.1, "bound": "upper"}, (_LAST,), epochs=at)
    return dataclasses.replace(plan, measures=(*bins, slow, *usable))
