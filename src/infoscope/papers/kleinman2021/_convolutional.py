"""What the figures on convolutional networks with BatchNorm share: five trainings, and the rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from infoscope.claim.figure import Judged
from infoscope.claim.findings import finding
from infoscope.core.claim import Claim, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._images import (
    EFFECT,
    NO_TRANSIENT,
    QUICK,
    REST,
    SIGN,
    Labels,
    accuracy,
    alike_findings,
    end_difference,
    ends_in_words,
)
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import NetworkPlan
from infoscope.train.networks.convolutional import Convolutional
from infoscope.train.recipe import Augmentation, Recipe

LAST = "features"
POINTS = 11  # recorded epochs, about
_SMALL, _LARGE = 32, 256


class Arm(NamedTuple):
    """One training: a learning rate at the start, a weight decay, a batch size."""

    rate: float = 0.1
    decay: float = 0.0
    batch: int = _SMALL


ARMS = {
    "high": Arm(),
    "low": Arm(rate=0.003),
    "large": Arm(batch=_LARGE),
    "high_decay": Arm(decay=5e-4),
    "low_decay": Arm(rate=0.003, decay=5e-4),
}


@dataclass(frozen=True)
class Arena:
    """A task and a network on it. first: the site after the first block. rows: for training, None for all.

    test_rows: that are measured, None for all.
    """

    task: str
    labels: Labels
    network: Convolutional
    first: str
    epochs: int
    rows: int | None = None
    test_rows: int | None = None
    augmentation: tuple[Augmentation, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.task}_{self.network.architecture}"

    def of(self, arm: str) -> str:
        """The name of one training."""
        return f"{self.name}_{arm}"

    def plans(self, seeds: tuple[int, ...], train_rows: int) -> dict[str, NetworkPlan]:
        """The five trainings. train_rows: how many there are, which says when batches have had as many updates."""
        return {self.of(name): self._plan(arm, seeds, train_rows) for name, arm in ARMS.items()}

    def _plan(self, arm: Arm, seeds: tuple[int, ...], train_rows: int) -> NetworkPlan:
        recipe = Recipe(
            self.epochs, arm.rate, arm.batch, "sgd", train_rows=self.rows, momentum=0.9, weight_decay=arm.decay,
            schedule="exponential", decay=0.97, augmentation=self.augmentation,
        )  # fmt: skip
        large = dataclasses.replace(recipe, batch=_LARGE).updates(self.epochs, train_rows)
        small = dataclasses.replace(recipe, batch=_SMALL).updates(1, train_rows)
        early = max(1, round(large / small))
        ends = (0, self.epochs)
        others = tuple(site for site in self.network.layers if site not in (LAST, "output"))
        return NetworkPlan(
            title=f"{self.name}, rate {arm.rate:g}, weight decay {arm.decay:g}, batch {arm.batch}",
            task=self.task,
            network=self.network,
            recipe=recipe,
            seeds=seeds,
            epochs=tuple(sorted({*log_spaced(self.epochs, POINTS), early})),
            measures=(self.labels.measure((LAST,), QUICK), self.labels.measure(others, QUICK, epochs=ends)),
            evaluate="test",
            evaluate_rows=self.test_rows,
        )


_INTERVAL = "each with its whole 95 % interval over seeds"
_RULES = {
    "transient": (
        "Without weight decay a high learning rate makes the last layer encode fine information and discard it.",
        "layer before the output, rate 0.1, weight decay 0: I_u(T;fine|coarse) ends ≥ 0.5 bits below the peak of its "
        "mean curve (shown wrong at ≤ 0.2 bits), corrected for choosing the peak; ",
        "irrelevant information is encoded early in training and discarded later (abstract)",
    ),
    "transient-with-decay": (
        "With weight decay a high learning rate makes the last layer encode fine information and discard it.",
        "the same drop at rate 0.1 with weight decay 5e-4 ≥ 0.5 bits (shown wrong at ≤ 0.2 bits); ",
        "irrelevant information is encoded early in training and discarded later (abstract)",
    ),
    "no-transient-at-low-rate": (
        "At a low learning rate nothing is discarded.",
        "the same drop at rate 0.003 without weight decay ≤ 0.15 bits; ",
        "a high learning rate helps to reach minimal representations (abstract)",
    ),
    "sufficient": (
        "At both rates the last layer holds what the task needs, and as much of it.",
        "without weight decay: I_u(T;coarse) at the end ≥ 0.85 H(coarse) at both rates, and within 0.05 bits of each "
        "other; ",
        "minimal sufficient representations (abstract)",
    ),
    "rate-alone": (
        "Without weight decay a high learning rate leaves less fine information than a low one.",
        "without weight decay, matched updates: I_u(T;fine|coarse) at the end, rate 0.003 minus rate 0.1, ≥ 0.5 bits "
        "(shown wrong at ≤ 0.2 bits); ",
        "less irrelevant information with a higher learning rate (abstract, poster)",
    ),
    "small-batch-matched-epochs": (
        "After as many epochs, small batches leave less fine information than large ones, without weight decay.",
        "rate 0.1, weight decay 0: I_u(T;fine|coarse) at the end, batch 256 minus batch 32, ≥ 0; ",
        "small batches help to reach minimal representations (abstract)",
    ),
    "small-batch-matched-updates": (
        "After as many updates, small batches leave less fine information than large ones, without weight decay.",
        "the same with batch 32 read at the recorded epoch nearest to as many updates as batch 256 takes in all; ",
        "small batches help to reach minimal representations (abstract)",
    ),
    "early-layers-keep": (
        "What the last layer discards, the first block keeps.",
        "rate 0.1, weight decay 0, at the end: I_u(T;fine|coarse) of the first block minus that of the last layer "
        "≥ 0.5 bits (shown wrong at ≤ 0.2 bits); ",
        "layers are swept; which layer keeps how much was not at hand",
    ),
}  # fmt: skip


def judged(figure: str, rows: Rows, arenas: Sequence[Arena]) -> list[Judged]:
    """The claims of ``figure``: each on those of ``arenas`` that were run, or on the first where none was."""
    run = set(rows.unique("network"))
    found = [arena for arena in arenas if arena.of("high") in run] or list(arenas[:1])
    parts: dict[str, list[Finding]] = {name: [] for name in _RULES}
    notes: list[str] = []
    for arena in found:
        for name, findings in _findings(rows, arena).items():
            parts[name] += findings
        notes += _in_words(rows, arena)
    said = {"transient": tuple(notes)}
    return [Judged(_claim(figure, name), tuple(parts[name]), said.get(name, ())) for name in _RULES]


def _claim(figure: str, name: str) -> Claim:
    sentence, rule, published = _RULES[name]
    where = "abstract and poster; images with coarse and fine labels (a re-derivation)"
    return Claim(f"{figure}/{name}", "kleinman2021", where, sentence, rule + _INTERVAL, published)


def _findings(rows: Rows, arena: Arena) -> dict[str, list[Finding]]:
    """The parts of every claim on one task and network."""
    labels, name = arena.labels, arena.of
    rest = {arm: labels.rest(rows, name(arm), LAST) for arm in ARMS}
    relevant = [labels.relevant(rows, name(arm), LAST) for arm in ("high", "low")]
    first = labels.rest(rows, name("high"), arena.first)
    ends = f"{REST} at the end, {arena.name}"
    early = _nearest(rest["high"], rest["large"])
    return {
        "transient": [labels.transient_finding(rows, name("high"), LAST)],
        "transient-with-decay": [labels.transient_finding(rows, name("high_decay"), LAST)],
        "no-transient-at-low-rate": [labels.transient_finding(rows, name("low"), LAST, NO_TRANSIENT)],
        "sufficient": [
            *(labels.sufficient_finding(rows, name(arm), LAST) for arm in ("high", "low")),
            *alike_findings(f"I_u(T;coarse) at the end, {arena.name}, high and low", *relevant),
        ],
        "rate-alone": [finding(f"{ends}, low minus high rate", EFFECT, end_difference, rest["low"], rest["high"])],
        "small-batch-matched-epochs": [
            finding(f"{ends}, batch 256 minus 32", SIGN, end_difference, rest["large"], rest["high"])
        ],
        "small-batch-matched-updates": [
            finding(f"{ends}, batch 256 minus 32, matched updates", SIGN, end_difference, rest["large"], early)
        ],
        "early-layers-keep": [
            finding(f"{ends}, {arena.first} minus {LAST}", EFFECT, end_difference, first, rest["high"])
        ],
    }


def _nearest(rows: Rows, other: Rows) -> Rows:
    """The rows at the recorded step nearest to that at which ``other`` ends."""
    if not (len(rows) and len(other)):
        return rows
    steps, end = rows.unique("step"), other.column("step").max()
    return rows.filter(step=min(steps, key=lambda step: abs(step - end)))


def _in_words(rows: Rows, arena: Arena) -> list[str]:
    """What the untrained network holds at every site, and where every arm ends."""
    first = rows.filter(network=arena.of("high"))
    sites = [site for site in first.sites() if site != "network"]
    untrained = [(site, arena.labels.rest(rows, arena.of("high"), site)) for site in sites]
    rest = [(f"{arm}:", arena.labels.rest(rows, arena.of(arm), LAST)) for arm in ARMS]
    relevant = [(f"{arm}:", arena.labels.relevant(rows, arena.of(arm), LAST)) for arm in ARMS]
    return [
        *ends_in_words(f"{arena.name}, {REST} before training", "nats", untrained, place=0),
        *ends_in_words(f"{arena.name}, {REST} at the end", "nats", rest),
        *ends_in_words(f"{arena.name}, I_u(T;coarse) at the end", "nats", relevant),
        *ends_in_words(
            f"{arena.name}, test accuracy", "fraction", [(f"{arm}:", accuracy(rows, arena.of(arm))) for arm in ARMS]
        ),
    ]
