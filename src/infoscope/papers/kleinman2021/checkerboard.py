"""CB2-CB4: trained on direction alone, a network keeps the direction and discards the colour, layer by layer.

Paper: meaningful but irrelevant information is encoded in an early transient and discarded later, so that the last
layers come close to minimal sufficient representations (abstract; checkerboard decision task). Our sentences are the
claims below, for a narrow ReLU network, a narrow tanh network, and a wide one.

    infoscope run kleinman2021/checkerboard --preset laptop

10-7-5-4-3 ("FC Small") with ReLU and with tanh, and 100-20-20-20 ("FC Medium") with ReLU; plain SGD, rate 0.05, batch
32, 9000 trials, 30 epochs. A network has solved the task at a test accuracy of 95 % of the Bayes rule's (0.901);
others, of which narrow ReLU networks have some, are left out and counted. Hardware: 2 CPU cores. smoke: seconds (2
epochs; too short for a verdict). laptop: 24 seeds, about 2 minutes; paper: 50 seeds.

Probes: linear softmax with a path of weight decays, and an MLP with one hidden layer of 64 units, on standardised
columns of 8000 held-out trials, half to fit and choose and half to score; no noise is added. An untrained network holds
colour too: the notes say where it starts, and what an MLP of three times 64 units reads at the end, which is the size
of the decoder in the authors' companion code (there with dropout; here it is stopped early on validation rows).

Deviations: a re-derivation and no replication. The paper's text was not at hand, only its abstract, poster and a
third-party extract; rate, batch, number of samples and the name FC Small are from there, the widths and the number of
epochs are not. Thresholds were fixed after a pilot of the same design with other probes and before the first run of
this code: the pilot had discarding barely (0.08 and 0.10 bits by an MLP) and none in the wide network. Two things
were changed after first runs, and each claim says so: a fall counts where its whole interval is at least 0.05 bits, and
what is discarded has to have been encoded, by a rise over the untrained network. All seeds
share one training set; the intervals are over initial weights and batch orders.
"""

from __future__ import annotations

from collections.abc import Sequence

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    ARCHITECTURES,
    ONCE_A_MEAN,
    SEEDS,
    TWO,
    checkerboard_plan,
    depth,
    discards,
    encodes,
    hidden,
    keeps,
    told,
)
from infoscope.papers.kleinman2021._quoted import DISCARDED, REGULARISATION
from infoscope.scanning.plan import NetworkPlan, Preset

_WHERE = "abstract and poster, checkerboard task (a re-derivation)"
_RELEVANT = Claim(
    id="kleinman2021/checkerboard/keeps-the-direction",
    origin="published",
    quoted=REGULARISATION,
    paper="kleinman2021",
    where=_WHERE,
    sentence="In every network that solves the task a linear probe reads the direction from the last hidden layer.",
    parts=(keeps(TWO, [(name, architecture.last) for name, architecture in ARCHITECTURES.items()]),),
    published="the last layers come close to sufficient representations",
)


def _discards(arm: str) -> Claim:
    architecture = ARCHITECTURES[arm]
    parts = (*discards(TWO, arm, architecture.last), *encodes(TWO, arm, architecture.last))
    return Claim(
        id=f"kleinman2021/checkerboard/discards-{arm}",
        origin="published",
        quoted=DISCARDED,
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"The last hidden layer of {architecture.words} first encodes some of the colour, then discards it.",
        parts=parts,
        headline=parts[0].name,
        published="irrelevant information is encoded in an early transient and later discarded",
        revised=ONCE_A_MEAN,
    )


def _depth(arm: str) -> Claim:
    return Claim(
        id=f"kleinman2021/checkerboard/depth-{arm}",
        origin="recalled",
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"In {ARCHITECTURES[arm].words} the deeper layers hold less about colour than the first.",
        parts=(depth(TWO, arm, hidden(ARCHITECTURES[arm].widths)),),
        published="irrelevant information falls with depth",
    )


class CheckerboardLayers(Figure):
    """Trained on direction: the direction stays, the colour goes, over epochs and layers (CB2-CB4)

    >>> from infoscope.papers.kleinman2021.checkerboard import CheckerboardLayers
    >>> plans = CheckerboardLayers().plan("laptop")
    >>> {name: (plan.network.activation, plan.network.widths) for name, plan in plans.items()}
    {'relu': ('relu', (4, 10, 7, 5, 4, 3, 2)), 'tanh': ('tanh', (4, 10, 7, 5, 4, 3, 2)), 'wide': ('relu', (4, 100,
    20, 20, 20, 2))}
    """

    title = "What trained networks hold of direction and colour"
    where = "checkerboard task"
    seeds = SEEDS
    claims = (_RELEVANT, *map(_discards, ARCHITECTURES), *map(_depth, ARCHITECTURES))

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            name: checkerboard_plan(
                architecture.title,
                preset,
                seeds,
                activation=architecture.activation,
                widths=architecture.widths,
                every_layer=True,
            )
            for name, architecture in ARCHITECTURES.items()
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            f"discards-{name}": told(rows, TWO, name, architecture.last) for name, architecture in ARCHITECTURES.items()
        }
