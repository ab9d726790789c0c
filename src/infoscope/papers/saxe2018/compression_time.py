"""T1, a claim of Shwartz-Ziv and Tishby (2017) on the networks of figure 1A: compression takes most of the training.

Paper: fitting takes few epochs, and most of the training time goes into compression. Our sentence: in the layers of
figure 1A that compress (the 3-unit layer and the output) at least half of the epochs until 90 % of the drop of I(X;T)
is done come after the peak; in other words, compression takes at least as long as fitting.

    infoscope run saxe2018/compression_time --preset laptop

Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 2 minutes; paper:
275 recorded epochs, about 5. The networks are those of saxe2018/tanh, and are taken over from its run where that lies
in the same --out folder.

Deviations: those of figure 1A. The paper says "most" without a number and shows snapshots; the peak and the 90 % are
ours. Time is counted in epochs, and a peak can only be found at a recorded one.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import epochs_of
from infoscope.core.claim import Claim, Criterion
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._findings import COMPRESS, drop_finding, information
from infoscope.papers.saxe2018._peaks import timing_finding
from infoscope.papers.saxe2018._phases import compressing_share, phases_in_words
from infoscope.scanning.plan import NetworkPlan, Preset

_LAYERS = ("hidden5", "output")
_MOST_OF_IT = Claim(
    id="saxe2018/compression_time/most-of-training",
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="Compression takes longer than fitting.",
    rule="3-unit layer and output: I(X;T) drops by ≥ 0.5 bits after the peak of the mean curve (shown wrong at ≤ 0.3 "
    "bits), and ≥ 50 % of the epochs until 90 % of that drop is done come after the peak; each with its whole 95 % "
    "interval over seeds",
    published="most of the training epochs are spent on compression",
)
_HALF = Criterion(">=", 0.5, "fraction")


class CompressionTime(Figure):
    """How long fitting and compression take on the 12-bit task, tanh (T1)"""

    title = "Fitting and compression in time"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {"tanh": boolean12_plan("tanh", preset, seeds, (tanh_bins(),))}

    def judge(self, rows: Rows) -> Sequence[Judged]:
        findings, notes = [], []
        for layer in _LAYERS:
            of_layer = information(rows, "tanh", layer)
            share = compressing_share(epochs_of(of_layer))
            findings.append(drop_finding(rows, "tanh", layer, COMPRESS))
            name = f"share of the epochs spent on compression, {layer}"
            findings.append(timing_finding(name, _HALF, share, of_layer))
            if found := phases_in_words(of_layer):
                peak, over = found
                notes.append(
                    f"{layer}: the mean curve peaks at epoch {peak}, and 90 % of its drop is done at epoch {over}"
                )
        return [Judged(_MOST_OF_IT, tuple(findings), tuple(notes))]
