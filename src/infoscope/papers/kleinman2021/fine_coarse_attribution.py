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

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import finding
from infoscope.claim.statistics import last
from infoscope.core.claim import Claim, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._cells import BATCHES, CELLS, LONG, RATES, RATES_AT, Cell
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
    NEW_ROWS,
    REST,
    SIGN,
    bounded,
    end_difference,
    ends_in_words,
    spearman,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_LEAST = 4  # rates that a rank correlation wants
_WHERE = "abstract and poster, learning rate and batch size (a re-derivation)"
_INTERVAL = "with its whole 95 % interval over seeds"


def _claim(name: str, sentence: str, rule: str, published: str) -> Claim:
    return Claim(f"kleinman2021/fine_coarse_attribution/{name}", "kleinman2021", _WHERE, sentence, rule, published)


_TREND = _claim(
    "rate-trend",
    "The higher the learning rate, the less fine information is left in the last layer.",
    "with weight decay, at each batch size: Spearman's correlation of the rate with I_u(T;fine|coarse) of the mean "
    "curve at the end ≤ -0.8, over the rates with I_u(T;coarse) ≥ 0.85 H(coarse) (four of them at least); matched "
    "updates; " + _INTERVAL,
    "less irrelevant information with a higher learning rate (abstract, poster)",
)
_MATCHED = _claim(
    "rate-beyond-rate-times-updates",
    "A high rate discards more than a quarter of it in four times as many updates.",
    "batch 32, with weight decay: I_u(T;fine|coarse) at the end, rate 0.05 after four times as many updates minus rate "
    "0.2, ≥ 0.5 bits (shown wrong at ≤ 0.2 bits); " + _INTERVAL,
    "not at hand",
)
_BATCH_UPDATES = _claim(
    "small-batch-matched-updates",
    "After as many updates, small batches leave less fine information than large ones.",
    "rate 0.2, with weight decay: I_u(T;fine|coarse) at the end, batch 128 minus batch 32, ≥ 0; " + _INTERVAL,
    "small batches help to reach minimal representations (abstract)",
)
_BATCH_EPOCHS = _claim(
    "small-batch-matched-epochs",
    "After as many epochs, small batches leave less fine information than large ones.",
    "the same with batch 128 read at the epoch at which batch 32 ends; " + _INTERVAL,
    "small batches help to reach minimal representations (abstract)",
)
_RATE_ALONE = _claim(
    "rate-alone",
    "A high learning rate discards without weight decay.",
    "rate 0.2, weight decay 0, at each batch size: I_u(T;fine|coarse) ends ≥ 0.5 bits below the peak of its mean curve "
    "(shown wrong at ≤ 0.2 bits), corrected for choosing the peak; " + _INTERVAL,
    "the learning rate, without a word on weight decay (abstract)",
)
_DECAY_ALONE = _claim(
    "decay-alone",
    "Weight decay discards at a low learning rate.",
    "rate 0.0125, weight decay 2e-3, at each batch size: the same drop ≥ 0.5 bits (shown wrong at ≤ 0.2 bits); "
    + _INTERVAL,
    "not at hand",
)
_TOGETHER = _claim(
    "rate-needs-decay",
    "What the learning rate takes away at the end, it takes together with weight decay.",
    "batch 32 and 128: I_u(T;fine|coarse) at the end, rate 0.0125 minus rate 0.2, with weight decay minus without, "
    "≥ 0.5 bits (shown wrong at ≤ 0.2 bits); " + _INTERVAL,
    "not at hand",
)


class FineCoarseAttribution(Figure):
    """Learning rate x weight decay x batch size on digits: what makes fine information go (FC4-6)"""

    title = "What makes fine information go"
    where = "abstract, on learning rate and batch size"
    seeds = SEEDS
    presupposes = NEW_ROWS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            cell.name: digits_plan(
                cell.title, preset, seeds, rate=cell.rate, weight_decay=cell.decay, batch=cell.batch,
                epochs=cell.longer * epochs_of_training(preset, cell.batch), also=(epochs_of_training(preset, 32),),
            )
            for cell in (*CELLS, LONG)
        }  # fmt: skip

    def judge(self, rows: Rows) -> Sequence[Judged]:
        small, large = (_rest(rows, Cell(batch=batch)) for batch in BATCHES)
        short = _ends_at(large, small)
        return [
            Judged(_TREND, tuple(_trend(rows, batch) for batch in BATCHES), tuple(_ends(rows))),
            Judged(_MATCHED, (_difference("rate 0.05 for four times as long minus rate 0.2", rows, LONG, Cell()),)),
            Judged(_BATCH_UPDATES, (_batches("matched updates", large, small),)),
            Judged(_BATCH_EPOCHS, (_batches("matched epochs", short, small),)),
            Judged(_RATE_ALONE, tuple(_drop(rows, Cell(HIGH, 0.0, batch)) for batch in BATCHES)),
            Judged(_DECAY_ALONE, tuple(_drop(rows, Cell(RATES[0], DECAY, batch)) for batch in BATCHES)),
            Judged(_TOGETHER, tuple(_together(rows, batch) for batch in BATCHES)),
        ]


def _rest(rows: Rows, cell: Cell) -> Rows:
    return DIGITS.rest(rows, cell.name, LAST)


def _drop(rows: Rows, cell: Cell) -> Finding:
    return DIGITS.transient_finding(rows, cell.name, LAST)


def _difference(name: str, rows: Rows, first: Cell, second: Cell) -> Finding:
    return finding(f"{REST} at the end, {name}", EFFECT, end_difference, _rest(rows, first), _rest(rows, second))


def _batches(how: str, large: Rows, small: Rows) -> Finding:
    name = f"{REST} at the end, batch {BATCHES[1]} minus batch {BATCHES[0]}, {how}"
    return finding(name, SIGN, end_difference, large, small)


def _ends_at(rows: Rows, other: Rows) -> Rows:
    """The rows at the epoch at which ``other`` ends."""
    return rows.filter(epoch=set(other.column("epoch")[-1:].tolist()))


def _trend(rows: Rows, batch: int) -> Finding:
    """The rank correlation over the rates at which the network has learned its task."""
    name = f"rank correlation of rate and {REST} at the end, batch {batch}"
    cells = [Cell(rate, DECAY, batch) for rate in RATES]
    solved = [cell for cell in cells if DIGITS.suffices(rows, cell.name, LAST)]
    if len(solved) < _LEAST:
        note = f"{len(solved)} of {len(cells)} rates have I_u(T;coarse) ≥ 0.85 H(coarse), wanted {_LEAST}"
        return Finding(name, FALLS_WITH, None, note=note)
    series = [_rest(rows, cell) for cell in solved]
    return bounded(finding(name, FALLS_WITH, spearman([cell.rate for cell in solved]), *series))


def _together(rows: Rows, batch: int) -> Finding:
    """The effect of the rate with weight decay less that without."""

    def effect(*curves: np.ndarray) -> np.ndarray:
        low, high, low_without, high_without = map(last, curves)
        return (low - high) - (low_without - high_without)

    cells = [Cell(rate, decay, batch) for decay in RATES_AT for rate in (RATES[0], HIGH)]
    name = f"{REST} at the end, low minus high rate, with minus without weight decay, batch {batch}"
    return finding(name, EFFECT, effect, *(_rest(rows, cell) for cell in cells))


def _ends(rows: Rows) -> Iterator[str]:
    """Where every cell ends, in words."""
    for decay, batch in product(RATES_AT, BATCHES):
        series = [(f"rate {rate:g}:", _rest(rows, Cell(rate, decay, batch))) for rate in RATES_AT[decay]]
        yield from ends_in_words(f"{REST} at the end, weight decay {decay:g}, batch {batch}", "nats", series)
