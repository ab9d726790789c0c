"""T4, a claim of Shwartz-Ziv and Tishby (2017): the more hidden layers, the shorter the compression.

Paper: with one to six hidden layers, deeper networks need fewer epochs, and above all their compression is shorter. Our
sentences are the two claims below: over 1 to 6 hidden layers the compression of the output, and the epochs until the
network generalises, get shorter with depth.

    infoscope run saxe2018/depth --preset laptop

The network with L hidden layers has the first L of the widths 10-7-5-4-3 (five of them are figure 1A), the one with six
12-10-7-5-4-3; the output is the one layer that all of them have and that compresses. Hardware: 2 CPU cores. smoke:
seconds (60 epochs; too short for a verdict). laptop: 50 seeds, about 12 minutes; paper: 275 recorded epochs, about 30.
The network with five hidden layers is taken over from a run of saxe2018/tanh where that lies in the same --out folder.

Deviations: those of figure 1A. The widths are ours; the paper does not give them for each depth. Durations are epochs
from the peak of the mean curve until 90 % of its final drop is done, so they are right only as far as compression is
over when training stops.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.findings import epochs_of, finding
from infoscope.claim.peaks import Peak
from infoscope.core.claim import Claim, Criterion, Learned
from infoscope.core.rows import Rows
from infoscope.papers.saxe2018._boolean12 import SEEDS, WIDTHS, boolean12_plan, tanh_bins
from infoscope.papers.saxe2018._findings import COMPRESS, drop_finding, information
from infoscope.papers.saxe2018._peaks import timing_finding
from infoscope.papers.saxe2018._phases import complete_curves, log_duration, log_first, phases_in_words
from infoscope.scanning.plan import NetworkPlan, Preset

_DEPTHS = (1, 2, 3, 4, 5, 6)
_LEARNED = 0.95
_SHORTER = Claim(
    id="saxe2018/depth/shortens-compression",
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="The more hidden layers a network has, the fewer epochs its compression takes.",
    rule="output, at each of 1 to 6 hidden layers: I(X;T) drops by ≥ 0.5 bits after the peak of the mean curve (shown "
    "wrong at ≤ 0.3 bits); slope of log10 of the epochs from that peak to 90 % of the drop against the number of "
    "hidden layers ≤ 0; each with its whole 95 % interval over seeds",
    published="added hidden layers shorten the compression phase",
)
_FASTER = Claim(
    id="saxe2018/depth/learns-sooner",
    paper="saxe2018",
    where="Shwartz-Ziv & Tishby 2017",
    sentence="The more hidden layers a network has, the fewer epochs it needs to generalise.",
    rule="slope of log10 of 1 + the first epoch with a mean test accuracy of ≥ 0.95 against the number of hidden "
    "layers (1 to 6) ≤ 0 with its whole 95 % interval over seeds; where 0.95 is never reached the last epoch stands",
    published="added hidden layers reduce the number of training epochs for good generalisation",
    presupposes=Learned(ended=False),
)
_FALLS = Criterion("<=", 0.0, "decades a layer")


def _slope(values: Sequence[np.ndarray]) -> np.ndarray:
    """The least-squares slope ``[r]`` of ``values`` against depth, ``[r]`` a depth."""
    centred = np.array(_DEPTHS) - np.mean(_DEPTHS)
    return centred @ np.stack(values) / (centred @ centred)


def _log_learned(epochs: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    return log_first(epochs, accuracy >= _LEARNED)


def _name(depth: int) -> str:
    return f"depth{depth}"


class Depth(Figure):
    """One to six hidden layers on the 12-bit task, tanh: how long compression takes (T4)"""

    title = "Depth and the length of compression"
    where = "Shwartz-Ziv & Tishby 2017"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            _name(depth): boolean12_plan("tanh", preset, seeds, (tanh_bins(),), widths=_widths(depth))
            for depth in _DEPTHS
        }

    def judge(self, rows: Rows) -> Sequence[Judged]:
        output = [information(rows, _name(depth), "output") for depth in _DEPTHS]
        accuracy = [rows.filter(network=_name(d), quantity="accuracy", split="test") for d in _DEPTHS]
        at_output, at_accuracy = ([epochs_of(each) for each in series] for series in (output, accuracy))

        def duration(peaks: Sequence[Peak], *means: np.ndarray) -> np.ndarray:
            return _slope([log_duration(*each) for each in zip(at_output, peaks, means, strict=True)])

        def sooner(*means: np.ndarray) -> np.ndarray:
            return _slope([_log_learned(*each) for each in zip(at_accuracy, means, strict=True)])

        shorter = [drop_finding(rows, _name(depth), "output", COMPRESS) for depth in _DEPTHS]
        shorter.append(timing_finding("slope of the log duration of compression, output", _FALLS, duration, *output))
        faster = finding("slope of the log epochs to a test accuracy of 0.95", _FALLS, sooner, *accuracy)
        return [
            Judged(_SHORTER, tuple(shorter), _durations(output)),
            Judged(_FASTER, (faster,), _learned(accuracy)),
        ]


def _widths(depth: int) -> tuple[int, ...]:
    inputs, *hidden, classes = WIDTHS
    chosen = hidden[:depth] if depth <= len(hidden) else [inputs, *hidden]
    return (inputs, *chosen, classes)


def _durations(output: Sequence[Rows]) -> tuple[str, ...]:
    """Peak and end of compression by depth in words."""
    said = []
    for depth, rows in zip(_DEPTHS, output, strict=True):
        if found := phases_in_words(rows):
            said.append(f"{depth}: {' to '.join(found)}")
    return (f"epochs of the output's compression by hidden layers: {', '.join(said)}",) if said else ()


def _learned(accuracy: Sequence[Rows]) -> tuple[str, ...]:
    said = []
    for depth, rows in zip(_DEPTHS, accuracy, strict=True):
        if (curves := complete_curves(rows)) is not None:
            mean = curves.mean(0)[None]
            reached = bool((mean >= _LEARNED).any())
            epoch = 10 ** _log_learned(epochs_of(rows), mean)[0] - 1
            said.append(f"{depth}: {epoch:.0f}" if reached else f"{depth}: never")
    return (f"first epoch with a mean test accuracy of 0.95 by hidden layers: {', '.join(said)}",) if said else ()
