"""T1, a claim of Shwartz-Ziv and Tishby (2017) on the networks of figure 1A: compression takes most of the training.

Paper: fitting takes few epochs, and most of the training time goes into compression. Our sentence: in the layers of
figure 1A that compress (the 3-unit layer and the output) at least half of the epochs until 90 % of the drop of I(X;T)
is done come after the peak; in other words, compression takes at least as long as fitting.

    infoscope run saxe2018/compression_time --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, a minute; paper: 275
recorded epochs, about 2. The networks are those of saxe2018/tanh, and are taken over from its run where that lies
in the same --out folder.

Deviations: those of figure 1A. The paper says "most" without a number and shows snapshots; the peak and the 90 % are
ours. Time is counted in epochs, and a peak can only be found at a recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.claim.reading.peaks import of_timing
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._parts import (
    COMPRESS,
    by_site,
    drops,
    information,
)
from infoscope.papers.saxe2018._phases import compressing_share, phases_in_words
from infoscope.papers.saxe2018._quoted import MOST_OF_TRAINING
from infoscope.scanning.plan import NetworkPlan, Preset

_LAYERS = ("hidden5", "output")
_LATE = [information("tanh", layer) for layer in _LAYERS]
_MOST_OF_IT = Claim(
    id="saxe2018/compression_time/most-of-training",
    origin="published",
    quoted=MOST_OF_TRAINING,
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="Compression takes longer than fitting.",
    parts=(
        drops(_LATE, COMPRESS),
        Part(
            "share of the epochs spent on compression",
            by_site(_LATE),
            of_timing(
                "share of the epochs until 90 % of the drop of {} is done that come after its peak", compressing_share
            ),
            Criterion(">=", 0.5, "fraction"),
        ),
    ),
    headline="share of the epochs spent on compression",
    published="most of the training epochs are spent on compression",
)


class CompressionTime(Figure):
    """How long fitting and compression take on the 12-bit task, tanh (T1)

    >>> from infoscope.papers.saxe2018.compression_time import CompressionTime
    >>> [(part.name, str(part.criterion)) for part in CompressionTime.claims[0].parts]
    [('drop of I(X;T) after its peak', '≥ 0.5 bits'), ('share of the epochs spent on compression', '≥ 50 %')]
    """

    title = "Fitting and compression in time"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS
    claims = (_MOST_OF_IT,)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),))}

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        said = []
        for layer in _LATE:
            if found := phases_in_words(layer.of(rows)):
                peak, over = found
                said.append(
                    f"{layer.site}: the mean curve peaks at epoch {peak}, and 90 % of its drop is done at epoch {over}"
                )
        return {"most-of-training": said}
