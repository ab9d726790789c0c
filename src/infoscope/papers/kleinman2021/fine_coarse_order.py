"""FC4 and FC5 in order: five learning rates and three batch sizes on the digits, one after another.

Paper: SGD with a high learning rate and small batches helps to reach minimal sufficient representations; the poster
orders several learning rates (abstract and poster). Our sentences are the claims below, fixed before the first run:
what is left of the fine information falls with the rate at each of three batch sizes, and rises with the batch size at
each of the two highest rates, from the least to the most.

    infoscope run kleinman2021/fine_coarse_order --preset laptop

The networks of kleinman2021/fine_coarse with weight decay 2e-3; rates 0.0125, 0.025, 0.05, 0.1, 0.2, batch 8, 32 and
128, 5800 updates each (5763 with batch 8); batches are compared after as many updates and after as many epochs (51).
Hardware: 2 CPU cores. smoke: seconds (1 to 7 epochs; too short for a verdict). laptop: 8 seeds, about 4 minutes; paper:
50 seeds of the same. What kleinman2021/fine_coarse_attribution has trained is taken over from it.

Deviations: those of kleinman2021/fine_coarse_attribution, its probes included; a re-derivation and no replication. An
order holds where Spearman's correlation over the whole interval is at least 0.8 on the right side: of three batch sizes
all have to be in order, of five rates two neighbours may change places. The poster's own rates were not at hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import finding
from infoscope.core.claim import Claim, Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._digits import DIGITS, EPOCHS, LAST, SEEDS, digits_plan, epochs_of_training
from infoscope.papers.kleinman2021._images import FALLS_WITH, NEW_ROWS, REST, bounded, ends_in_words, spearman
from infoscope.papers.kleinman2021._quoted import REGULARISATION
from infoscope.papers.kleinman2021._trainings import RATES, Training
from infoscope.scanning.plan import NetworkPlan, Preset

BATCHES = (8, 32, 128)
_RISES_WITH = Criterion(">=", 0.8, "rank correlation")
_HIGHEST = RATES[-2:]
_WHERE = "abstract and poster, learning rate and batch size (a re-derivation)"


def _rest(rate: float, batch: int, until: float) -> Series:
    return DIGITS.rest(Training(rate, batch=batch).name, LAST, until=until)


def _ordered(values: Sequence[float]):
    """The rank correlation of where the mean curves end with ``values``."""

    def find(name: str, criterion: Criterion, *series: Rows) -> Finding:
        return bounded(finding(name, criterion, spearman(values), *series))

    return find


def _over_batches(rate: float, until: float = math.inf) -> list[Series]:
    return [_rest(rate, batch, until) for batch in BATCHES]


_RATES = Claim(
    id="kleinman2021/fine_coarse_order/rates",
    origin="published",
    quoted=REGULARISATION,
    paper="kleinman2021",
    where=_WHERE,
    sentence="At each batch size, the higher the learning rate, the less fine information is left.",
    parts=(
        Part(
            f"rank correlation of rate and {REST} at the end",
            {f"batch {batch}": [_rest(rate, batch, math.inf) for rate in RATES] for batch in BATCHES},
            Statistic(
                "Spearman's correlation of the five rates with {} of the mean curve at the end, after as many updates,",
                _ordered(RATES),
            ),
            FALLS_WITH,
        ),
    ),
    published="less irrelevant information with a higher learning rate (abstract, poster)",
)
_BATCHES = Claim(
    id="kleinman2021/fine_coarse_order/batches",
    origin="published",
    quoted=REGULARISATION,
    paper="kleinman2021",
    where=_WHERE,
    sentence="At high learning rates, the smaller the batch, the less fine information is left.",
    parts=tuple(
        Part(
            f"rank correlation of batch size and {REST}, {when}",
            {f"rate {rate:g}": _over_batches(rate, until) for rate in _HIGHEST},
            Statistic(f"Spearman's correlation of the three batch sizes with {{}} of the mean curve, {when},",
                      _ordered(BATCHES)),
            _RISES_WITH,
        )
        for when, until in (("after as many updates", math.inf), ("after as many epochs", float(EPOCHS[BATCHES[0]])))
    ),
    headline=f"rank correlation of batch size and {REST}, after as many updates",
    published="small batches help to reach minimal representations (abstract)",
)  # fmt: skip


class FineCoarseOrder(Figure):
    """Five learning rates and three batch sizes in order, digits (FC4, FC5)

    >>> from infoscope.papers.kleinman2021.fine_coarse_order import FineCoarseOrder
    >>> recipes = [plan.recipe for plan in FineCoarseOrder().plan("laptop").values()]
    >>> len(recipes), {recipe.batch: recipe.epochs for recipe in recipes}
    (15, {8: 51, 32: 200, 128: 725})
    """

    title = "Learning rates and batch sizes in order"
    where = "abstract and poster, on learning rate and batch size"
    seeds = SEEDS
    presupposes = NEW_ROWS
    claims = (_RATES, _BATCHES)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        ends = tuple(epochs_of_training(preset, batch) for batch in BATCHES)
        for one in (Training(rate, batch=batch) for batch in BATCHES for rate in RATES):
            few = (0, epochs_of_training(preset, one.batch)) if preset == "smoke" else ()  # probes are what takes time
            plans[one.name] = digits_plan(
                one.title, preset, seeds, rate=one.rate, batch=one.batch, at=few, also=() if few else ends
            )
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {"rates": tuple(_ends(rows))}


def _ends(rows: Rows) -> Iterator[str]:
    """Where every training ends, in words."""
    for batch in BATCHES:
        series = [(f"rate {rate:g}:", _rest(rate, batch, math.inf).of(rows)) for rate in RATES]
        yield from ends_in_words(f"{REST} at the end, batch {batch}", "nats", series)
