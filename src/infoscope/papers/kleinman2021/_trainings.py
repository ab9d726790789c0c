"""The trainings of the figures on digits that vary how one trains: learning rate x weight decay x batch size."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

from infoscope.papers.kleinman2021._digits import DECAY, HIGH, LOW

RATES = (LOW, 2 * LOW, 4 * LOW, 8 * LOW, HIGH)
BATCHES = (32, 128)


class Training(NamedTuple):
    """One training; ``longer``: for how many times as many epochs as the others, which may be a part."""

    rate: float = HIGH
    decay: float = DECAY
    batch: int = 32
    longer: float = 1

    @property
    def name(self) -> str:
        """As a network of the run: ``rate0.2_decay0.002_batch32``."""
        return f"rate{self.rate:g}_decay{self.decay:g}_batch{self.batch}" + f"_times{self.longer:g}" * (
            self.longer != 1
        )

    @property
    def title(self) -> str:
        """For people."""
        long = f", {self.longer:g} times as long" * (self.longer != 1)
        return f"rate {self.rate:g}, weight decay {self.decay:g}, batch {self.batch}{long}"


#: Rates by weight decay: without it, the ends of the range.
RATES_AT = {DECAY: RATES, 0.0: (LOW, HIGH)}
TRAININGS = tuple(
    Training(rate, decay, batch) for decay, rates in RATES_AT.items() for rate, batch in product(rates, BATCHES)
)
#: As much rate times updates as the highest rate has.
LONG = Training(HIGH / 4, longer=4)
LONGEST = Training(LOW, longer=HIGH / LOW)
