"""What the figures on convolutional networks with BatchNorm share: five trainings, and the rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import BETWEEN, finding, of_means
from infoscope.claim.statistics import end_difference
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._images import (
    BOTH_SIDES,
    EFFECT,
    FALL_ALONE,
    LEAST_EFFECT,
    NEW_ROWS,
    NO_TRANSIENT,
    ONLY_THE_SIGN,
    QUICK,
    REST,
    LabelChain,
    accuracy,
    alike,
    encoded,
    ends_in_words,
    sufficient,
    transient,
)
from infoscope.papers.kleinman2021._quoted import DISCARDED, REGULARISATION
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import NetworkPlan, Preset
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
    """A task and a network on it. first: the site after the first block. rows: for training, None for ``all_rows``.

    test_rows: that are measured, None for all.
    """

    task: str
    labels: LabelChain
    network: Convolutional
    first: str
    epochs: int
    all_rows: int
    rows: int | None = None
    test_rows: int | None = None
    augmentation: tuple[Augmentation, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.task}_{self.network.architecture}"

    def of(self, arm: str) -> str:
        """The name of one training."""
        return f"{self.name}_{arm}"

    def plans(self, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        """The five trainings."""
        return {self.of(name): self._plan(arm, seeds) for name, arm in ARMS.items()}

    def _plan(self, arm: Arm, seeds: tuple[int, ...]) -> NetworkPlan:
        recipe = Recipe(
            self.epochs, arm.rate, arm.batch, "sgd", train_rows=self.rows, momentum=0.9, weight_decay=arm.decay,
            schedule="exponential", decay=0.97, augmentation=self.augmentation,
        )  # fmt: skip
        rows = self.rows or self.all_rows  # which say when batches have had as many updates
        large = dataclasses.replace(recipe, batch=_LARGE).updates(self.epochs, rows)
        small = dataclasses.replace(recipe, batch=_SMALL).updates(1, rows)
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


#: name -> (sentence, what is published)
_CLAIMS = {
    "transient": (
        "Without weight decay a high learning rate makes the last layer encode fine information and discard it.",
        "irrelevant information is encoded early in training and discarded later (abstract)",
        DISCARDED,
    ),
    "transient-with-decay": (
        "With weight decay a high learning rate makes the last layer encode fine information and discard it.",
        "irrelevant information is encoded early in training and discarded later (abstract)",
        DISCARDED,
    ),
    "no-transient-at-low-rate": (
        "At a low learning rate nothing is discarded.",
        "a high learning rate helps to reach minimal representations (abstract)",
        REGULARISATION,
    ),
    "sufficient": (
        "At both rates the last layer holds what the task needs, and as much of it.",
        "minimal sufficient representations (abstract)",
        REGULARISATION,
    ),
    "rate-alone": (
        "Without weight decay a high learning rate leaves less fine information than a low one.",
        "less irrelevant information with a higher learning rate (abstract, poster)",
        REGULARISATION,
    ),
    "small-batch-matched-epochs": (
        "After as many epochs, small batches leave less fine information than large ones, without weight decay.",
        "small batches help to reach minimal representations (abstract)",
        REGULARISATION,
    ),
    "small-batch-matched-updates": (
        "After as many updates, small batches leave less fine information than large ones, without weight decay.",
        "small batches help to reach minimal representations (abstract)",
        REGULARISATION,
    ),
    "early-layers-keep": (
        "What the last layer discards, the first block keeps.",
        "layers are swept; which layer keeps how much was not at hand",
        "",
    ),
}


class Arenas(Figure):
    """Base of the figures that ask the same of different arenas.

    arenas: at each preset; one that is the same but smaller has the same name.
    """

    arenas: ClassVar[Mapping[Preset, Sequence[Arena]]]
    presupposes = NEW_ROWS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {name: plan for arena in self.arenas[preset] for name, plan in arena.plans(seeds).items()}

    def asked(self, rows: Rows) -> Sequence[Claim]:
        return claims(self.claims[0].id.rpartition("/")[0], run_of(rows, judged(self.arenas)))

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"transient": ends(rows, judged(self.arenas))}


def judged(arenas: Mapping[Preset, Sequence[Arena]]) -> list[Arena]:
    """Those that a verdict may be about, `laptop`'s first."""
    return list({arena.name: arena for preset in ("laptop", "paper") for arena in arenas[preset]}.values())


def claims(figure: str, arenas: Sequence[Arena]) -> tuple[Claim, ...]:
    """The claims of ``figure``, each on all ``arenas``."""
    parts = _parts(arenas)
    where = "abstract and poster; images with coarse and fine labels (a re-derivation)"
    return tuple(
        Claim(
            f"{figure}/{name}",
            "kleinman2021",
            where,
            sentence,
            parts[name],
            "published" if quoted else "ours",
            published,
            quoted,
            revised=_revised(name),
            headline=parts[name][0].name,
        )
        for name, (sentence, published, quoted) in _CLAIMS.items()
    )


def _revised(name: str) -> str:
    if name.startswith("transient"):
        return FALL_ALONE
    if name.startswith("small-batch"):
        return ONLY_THE_SIGN
    return {"sufficient": BOTH_SIDES, "rate-alone": LEAST_EFFECT, "early-layers-keep": LEAST_EFFECT}.get(name, "")


def run_of(rows: Rows, arenas: Sequence[Arena]) -> list[Arena]:
    """Those of ``arenas`` that were run, or the first where none was."""
    run = set(rows.unique("network"))
    return [arena for arena in arenas if arena.of("high") in run] or list(arenas[:1])


def _rest(arena: Arena, arm: str, site: str = LAST) -> Series:
    rate, decay, batch = ARMS[arm]
    words = f"at rate {rate:g}, weight decay {decay:g}, batch {batch}"
    return arena.labels.rest(arena.of(arm), site, words=words)


def _relevant(arena: Arena, arm: str) -> Series:
    return arena.labels.relevant(arena.of(arm), LAST)


_DEEPER = of_means("{} at the end, first block less the layer before the output,", end_difference)


def _parts(arenas: Sequence[Arena]) -> dict[str, tuple[Part, ...]]:
    def less(what: str, first: str, second: str, statistic: Statistic = BETWEEN) -> tuple[Part, ...]:
        pairs = {f"{arena.name}, {what}": (_rest(arena, first), _rest(arena, second)) for arena in arenas}
        return (Part(f"{REST} at the end", pairs, statistic, EFFECT),)

    def drop(arm: str, criterion: Criterion = EFFECT) -> tuple[Part, ...]:
        return (transient([_rest(arena, arm) for arena in arenas], criterion),)

    def transients(arm: str) -> tuple[Part, ...]:
        return (*drop(arm), encoded([_rest(arena, arm) for arena in arenas]))

    both = {arena.name: (_relevant(arena, "high"), _relevant(arena, "low")) for arena in arenas}
    depth = {
        f"{arena.name}, {arena.first} minus {LAST}": (_rest(arena, "high", arena.first), _rest(arena, "high"))
        for arena in arenas
    }
    return {
        "transient": transients("high"),
        "transient-with-decay": transients("high_decay"),
        "no-transient-at-low-rate": drop("low", NO_TRANSIENT),
        "sufficient": (
            _sufficient(arenas),
            alike("I_u(T;coarse) at the end, high and low", both),
        ),
        "rate-alone": less("low minus high rate", "low", "high"),
        "small-batch-matched-epochs": less("batch 256 minus 32", "large", "high"),
        "small-batch-matched-updates": less(
            "batch 256 minus 32, matched updates", "large", "high",
            Statistic("{} at its end less {} at as many updates,", _at_as_many_updates),
        ),
        "early-layers-keep": (Part(f"{REST} at the end", depth, _DEEPER, EFFECT),),
    }  # fmt: skip


def _sufficient(arenas: Sequence[Arena]) -> Part:
    entropies = {arena.of(arm): arena.labels.entropy for arena in arenas for arm in ("high", "low")}
    series = [_relevant(arena, arm) for arena in arenas for arm in ("high", "low")]
    return sufficient(entropies, series)


def _at_as_many_updates(name: str, criterion: Criterion, large: Rows, small: Rows) -> Finding:
    return finding(name, criterion, end_difference, large, _nearest(small, large))


def _nearest(rows: Rows, other: Rows) -> Rows:
    """The rows at the recorded step nearest to that at which ``other`` ends."""
    if not (len(rows) and len(other)):
        return rows
    steps, end = rows.unique("step"), other.column("step").max()
    return rows.filter(step=min(steps, key=lambda step: abs(step - end)))


def ends(rows: Rows, arenas: Sequence[Arena]) -> list[str]:
    """What the untrained networks hold at every site, and where every arm ends, in words."""
    return [text for arena in run_of(rows, arenas) for text in _ends(rows, arena)]


def _ends(rows: Rows, arena: Arena) -> list[str]:
    first = rows.filter(network=arena.of("high"))
    sites = [site for site in first.sites() if site != "network"]
    untrained = [(site, _rest(arena, "high", site).of(rows)) for site in sites]
    rest = [(f"{arm}:", _rest(arena, arm).of(rows)) for arm in ARMS]
    relevant = [(f"{arm}:", _relevant(arena, arm).of(rows)) for arm in ARMS]
    right = [(f"{arm}:", accuracy(arena.of(arm)).of(rows)) for arm in ARMS]
    return [
        *ends_in_words(f"{arena.name}, {REST} before training", "nats", untrained, place=0),
        *ends_in_words(f"{arena.name}, {REST} at the end", "nats", rest),
        *ends_in_words(f"{arena.name}, I_u(T;coarse) at the end", "nats", relevant),
        *ends_in_words(f"{arena.name}, test accuracy", "fraction", right),
    ]
