"""FC2 and FC6 once more: is it weight decay times rate times updates that decides how much fine information is left?

Paper: SGD with a high learning rate helps to reach minimal sufficient representations (abstract). Weights forget what
the loss does not hold them to at the rate times the weight decay, update by update. Our sentences, fixed before the
first run of this code, after a run by other code in which the low rate of kleinman2021/fine_coarse discarded as much as
the high one after as many times rate: the product decides, and not the rate; without decay nothing goes.

    infoscope run kleinman2021/fine_coarse_products --preset laptop

The networks of kleinman2021/fine_coarse, batch 32, at one product of decay, rate and updates (2e-3 x 0.2 x 5800): a
quarter of the rate for four times as long, a sixteenth for sixteen times, a quarter of the decay for four times, four
times the decay for a quarter; and rate 0.1 without decay for eight times as long, which is four times the rate times
updates. Hardware: 2 CPU cores. smoke: seconds (1 to 32 epochs; too short for a verdict). laptop: 8 seeds, about 4
minutes; paper: 50 seeds of the same. What kleinman2021/fine_coarse_attribution has trained is taken over from it.

Deviations: those of kleinman2021/fine_coarse_attribution, its probes included; a re-derivation and no replication. Two
ends count as alike within a quarter of a bit, half of what counts as an effect elsewhere on this task, and as different
from half a bit on: seeds differ by some tenths.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import LESS
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.kleinman2021._digits import (
    DECAY,
    DIGITS,
    EPOCHS,
    HIGH,
    LAST,
    SEEDS,
    SMOKE,
    digits_plan,
)
from infoscope.papers.kleinman2021._images import (
    EFFECT,
    NEW_ROWS,
    NO_TRANSIENT,
    REST,
    accuracy,
    ends_in_words,
    transient,
)
from infoscope.papers.kleinman2021._trainings import LONG, LONGEST, Training
from infoscope.scanning.plan import NetworkPlan, Preset

_BASE = Training()
_TIMES = 4
#: All of one product of decay, rate and updates, the base's: what differs, by the training.
_ALIKE = {
    "a quarter of the rate": LONG,
    "a sixteenth of the rate": LONGEST,
    "a quarter of the decay": Training(decay=DECAY / _TIMES, longer=_TIMES),
    "four times the decay": Training(decay=_TIMES * DECAY, longer=1 / _TIMES),
}
_WITHOUT = Training(HIGH / 2, 0.0, longer=2 * _TIMES)
_NEAR = Criterion("within", nats(0.25), "nats", fails_at=nats(0.5))
_WHERE = "abstract, on the learning rate; a question of ours (a re-derivation)"


def _rest(training: Training) -> Series:
    return DIGITS.rest(training.name, LAST)


_PAIRS = {f"{words} and the base": (_rest(training), _rest(_BASE)) for words, training in _ALIKE.items()}
_PRODUCT = Claim(
    id="kleinman2021/fine_coarse_products/product-decides",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="At one product of weight decay, rate and updates as much fine information is left, whatever the rate.",
    parts=(Part(f"difference of {REST} at the end", _PAIRS, LESS, _NEAR),),
    published="the learning rate, without a word on weight decay (abstract)",
)
_DISCARDS = Claim(
    id="kleinman2021/fine_coarse_products/low-rate-discards",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="A sixteenth of the rate discards as the high rate does, trained for as much rate times updates.",
    parts=(transient([_rest(LONGEST)], EFFECT),),
    published="a high learning rate helps to reach minimal representations (abstract)",
)
_NOTHING = Claim(
    id="kleinman2021/fine_coarse_products/nothing-without-decay",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="Without weight decay nothing is discarded, after four times the rate times updates.",
    parts=(transient([_rest(_WITHOUT)], NO_TRANSIENT),),
    published="the learning rate, without a word on weight decay (abstract)",
)


class FineCoarseProducts(Figure):
    """Decay x rate x updates held fast on digits: is as much fine information left? (FC2, FC6)

    >>> from infoscope.papers.kleinman2021.fine_coarse_products import FineCoarseProducts
    >>> recipes = [plan.recipe for plan in FineCoarseProducts().plan("laptop").values()]
    >>> {round(recipe.learning_rate * recipe.weight_decay * recipe.epochs, 6) for recipe in recipes}
    {0.08, 0.0}
    """

    title = "Weight decay times rate times updates"
    where = "abstract, on the learning rate"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (_PRODUCT, _DISCARDS, _NOTHING)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        whole = (SMOKE if preset == "smoke" else EPOCHS)[_BASE.batch]
        return {
            one.name: digits_plan(
                one.title, preset, seeds, rate=one.rate, weight_decay=one.decay, batch=one.batch,
                epochs=max(1, round(one.longer * whole)), also=(whole,),
            )
            for one in (_BASE, *_ALIKE.values(), _WITHOUT)
        }  # fmt: skip

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        trainings = {"the base": _BASE, **_ALIKE, "no decay": _WITHOUT}
        rest = [(f"{words}:", _rest(one).of(rows)) for words, one in trainings.items()]
        right = [(f"{words}:", accuracy(one.name).of(rows)) for words, one in trainings.items()]
        return {
            "product-decides": (
                *ends_in_words(f"{REST} at the end", "nats", rest),
                *ends_in_words("test accuracy", "fraction", right),
            )
        }
