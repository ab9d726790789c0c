"""FC4-FC6: what makes a network discard fine information: learning rate, batch size, or weight decay.

Paper: SGD with a high learning rate and small batches helps to reach minimal sufficient representations; a sweep shows
less and less irrelevant information with higher rates (abstract and poster). Our sentences are the claims below: the
paper's on rate and batch, and four that ask what else might do it, since weights forget at the learning rate times the
weight decay: a higher rate forgets more in as many updates, whatever its noise does. Fixed before the first run.

    infoscope run kleinman2021/fine_coarse_attribution --preset laptop

The networks of kleinman2021/fine_coarse with weight decay 2e-3 and five rates (0.0125 to 0.2, each twice the one
before), without weight decay and the first and last of them, batch 32 and 128, 5800 updates each; and rate 0.05 with
decay for four times as long, which is as much rate times updates as rate 0.2 has. Batches are compared at matched
updates and at matched epochs; rates at matched updates (which with one batch size are matched epochs) and at matched
rate times updates. Hardware: 2 CPU cores. smoke: seconds (2 epochs; too short for a verdict). laptop: 8 seeds, about 5
minutes; paper: 50 seeds of the same. Networks that kleinman2021/fine_coarse has trained are taken over from it where
that lies in the same --out folder.

Deviations: those of kleinman2021/fine_coarse; a re-derivation and no replication. One half of the test rows fits the
probes and chooses their weight decay, the other half is scored, which is quicker. That weight decay would be needed was
known from the small trial behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import finding, of_means
from infoscope.claim.statistics import end_difference, last
from infoscope.core.claim import Claim, Criterion, Finding, Origin
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._digits import (
    DECAY,
    DIGITS,
    HIGH,
    LAST,
    SEEDS,
    digits_plan,
    epochs_of_training,
)
from infoscope.papers.kleinman2021._images import (
    EFFECT,
    FALLS_WITH,
    LEAST_EFFECT,
    NEW_ROWS,
    ONLY_THE_SIGN,
    REST,
    bounded,
    ends_in_words,
    spearman,
    transient,
)
from infoscope.papers.kleinman2021._quoted import REGULARISATION
from infoscope.papers.kleinman2021._trainings import BATCHES, LONG, RATES, RATES_AT, TRAININGS, Training
from infoscope.scanning.plan import NetworkPlan, Preset

_LEAST = 4  # rates that a rank correlation wants
_WHERE = "abstract and poster, learning rate and batch size (a re-derivation)"


_QUOTED: dict[str, str] = dict.fromkeys(
    ("rate-trend", "small-batch-matched-updates", "small-batch-matched-epochs", "rate-alone"), REGULARISATION
)


def _claim(name: str, origin: Origin, sentence: str, part: Part, published: str) -> Claim:
    where = f"kleinman2021/fine_coarse_attribution/{name}"
    revised = ONLY_THE_SIGN if name.startswith("small") else "" if name == "rate-trend" else LEAST_EFFECT
    quoted = _QUOTED.get(name, "")
    return Claim(where, "kleinman2021", _WHERE, sentence, (part,), origin, published, quoted, revised)


def _rest(training: Training) -> Series:
    return DIGITS.rest(training.name, LAST)


def _drop(rate: float, decay: float) -> Part:
    return transient([_rest(Training(rate, decay, batch)) for batch in BATCHES])


def _ends_at(rows: Rows, other: Rows) -> Rows:
    """The rows at the epoch at which ``other`` ends."""
    return rows.filter(epoch=set(other.column("epoch")[-1:].tolist()))


def _at_its_end(name: str, criterion: Criterion, large: Rows, small: Rows) -> Finding:
    return finding(name, criterion, end_difference, _ends_at(large, small), small)


_BATCHES = "rate 0.2 with weight decay, batch 128 less batch 32,"


def _batches(how: str, statistic: Statistic) -> Part:
    name = f"{REST} at the end, batch {BATCHES[1]} minus batch {BATCHES[0]}"
    small, large = (_rest(Training(batch=batch)) for batch in BATCHES)
    return Part(name, {how: (large, small)}, statistic, EFFECT)


def _trend(name: str, criterion: Criterion, *series: Rows) -> Finding:
    """The rank correlation over the rates at which the network has learned its task."""
    rests, relevant = series[: len(RATES)], series[len(RATES) :]
    solved = [k for k, rows in enumerate(relevant) if DIGITS.suffices(rows)]
    if len(solved) < _LEAST:
        note = f"{len(solved)} of {len(RATES)} rates have I_u(T;coarse) ≥ 0.85 H(coarse), wanted {_LEAST}"
        return Finding(name, criterion, None, note=note)
    return bounded(finding(name, criterion, spearman([RATES[k] for k in solved]), *(rests[k] for k in solved)))


def _over_rates(batch: int) -> list[Series]:
    trainings = [Training(rate, DECAY, batch) for rate in RATES]
    return [*map(_rest, trainings), *(DIGITS.relevant(training.name, LAST) for training in trainings)]


def _with_less_without(*curves: np.ndarray) -> np.ndarray:
    """The effect of the rate with weight decay less that without."""
    low, high, low_without, high_without = map(last, curves)
    return (low - high) - (low_without - high_without)


def _four(batch: int) -> list[Series]:
    return [_rest(Training(rate, decay, batch)) for decay in RATES_AT for rate in (RATES[0], HIGH)]


_TREND = _claim(
    "rate-trend",
    "published",
    "The higher the learning rate, the less fine information is left in the last layer.",
    Part(
        f"rank correlation of rate and {REST} at the end",
        {f"batch {batch}": _over_rates(batch) for batch in BATCHES},
        Statistic(
            "Spearman's correlation of the rate with {} of the mean curve at the end, with weight decay and matched "
            "updates, over the rates with I_u(T;coarse) ≥ 0.85 H(coarse) (four of them at least),",
            _trend,
        ),
        FALLS_WITH,
    ),
    "less irrelevant information with a higher learning rate (abstract, poster)",
)
_MATCHED = _claim(
    "rate-beyond-rate-times-updates",
    "ours",
    "A high rate discards more than a quarter of it in four times as many updates.",
    Part(
        f"{REST} at the end",
        {"rate 0.05 for four times as long minus rate 0.2": (_rest(LONG), _rest(Training()))},
        of_means("{} at the end, batch 32 with weight decay, first less second,", end_difference),
        EFFECT,
    ),
    "not at hand",
)
_BATCH_UPDATES = _claim(
    "small-batch-matched-updates",
    "published",
    "After as many updates, small batches leave less fine information than large ones.",
    _batches("matched updates", of_means(f"{{}} at the end, {_BATCHES}", end_difference)),
    "small batches help to reach minimal representations (abstract)",
)
_BATCH_EPOCHS = _claim(
    "small-batch-matched-epochs",
    "published",
    "After as many epochs, small batches leave less fine information than large ones.",
    _batches(
        "matched epochs",
        Statistic(f"{{}} at the epoch at which batch 32 ends, {_BATCHES}", _at_its_end),
    ),
    "small batches help to reach minimal representations (abstract)",
)
_RATE_ALONE = _claim(
    "rate-alone",
    "published",
    "A high learning rate discards without weight decay.",
    _drop(HIGH, 0.0),
    "the learning rate, without a word on weight decay (abstract)",
)
_DECAY_ALONE = _claim(
    "decay-alone",
    "ours",
    "Weight decay discards at a low learning rate.",
    _drop(RATES[0], DECAY),
    "not at hand",
)
_TOGETHER = _claim(
    "rate-needs-decay",
    "ours",
    "What the learning rate takes away at the end, it takes together with weight decay.",
    Part(
        f"{REST} at the end, low minus high rate, with minus without weight decay",
        {f"batch {batch}": _four(batch) for batch in BATCHES},
        of_means("{} at the end, rate 0.0125 less rate 0.2, with weight decay less without,", _with_less_without),
        EFFECT,
    ),
    "not at hand",
)


class FineCoarseAttribution(Figure):
    """Learning rate x weight decay x batch size on digits: what makes fine information go (FC4-6)

    >>> from infoscope.papers.kleinman2021.fine_coarse_attribution import FineCoarseAttribution
    >>> recipes = [plan.recipe for plan in FineCoarseAttribution().plan("laptop").values()]
    >>> sorted({recipe.learning_rate for recipe in recipes}), sorted({recipe.batch for recipe in recipes})
    ([0.0125, 0.025, 0.05, 0.1, 0.2], [32, 128])
    """

    title = "What makes fine information go"
    where = "abstract, on learning rate and batch size"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (_TREND, _MATCHED, _BATCH_UPDATES, _BATCH_EPOCHS, _RATE_ALONE, _DECAY_ALONE, _TOGETHER)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            one.name: digits_plan(
                one.title, preset, seeds, rate=one.rate, weight_decay=one.decay, batch=one.batch,
                epochs=round(one.longer * epochs_of_training(preset, one.batch)),
                also=(epochs_of_training(preset, 32),),
            )
            for one in (*TRAININGS, LONG)
        }  # fmt: skip

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"rate-trend": tuple(_ends(rows))}


def _ends(rows: Rows) -> Iterator[str]:
    """Where every training ends, in words."""
    for decay, batch in product(RATES_AT, BATCHES):
        series = [(f"rate {rate:g}:", _rest(Training(rate, decay, batch)).of(rows)) for rate in RATES_AT[decay]]
        yield from ends_in_words(f"{REST} at the end, weight decay {decay:g}, batch {batch}", "nats", series)
