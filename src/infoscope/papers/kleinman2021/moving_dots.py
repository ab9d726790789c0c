"""A second perceptual decision: moving coloured dots, of which a cue says whether motion or colour counts.

Paper: how relevant and irrelevant information is represented is asked of decision tasks from neuroscience, in the
plural (abstract); the one that was at hand is the checkerboard. Our sentences, fixed before the first run, ask of
another what kleinman2021/checkerboard asks: the choice stays readable in the last hidden layer, what the cue says to
ignore is encoded first and then discarded, and at the end there is all of the choice and nothing of what is ignored.

    infoscope run kleinman2021/moving_dots --preset laptop

Trials hold motion and colour of either sign, seen in noise, and the cue. What is ignored is motion where colour counts
and colour where motion does: its sign says nothing of the choice, and a linear probe of the inputs can read neither,
since both take the cue. Networks and probes of kleinman2021/checkerboard, plain SGD at rate 0.05 with batch 32, for 60
epochs. Hardware: 2 CPU cores. smoke: seconds (2 epochs; too short for a verdict). laptop: 24 seeds, about a minute;
paper: 50 seeds.

Deviations: the paper need not have this task; it is that of Mante et al. 2013 as a single glance without time, with
coherences and sizes of ours. All that the inputs hold of either variable is exact, by quadrature (0.700 bits). Whether
what is ignored is encoded and discarded is read by MLP probes, since a linear one is blind to it in the inputs; the
notes say what linear ones read. A seed has solved the task at 95 % of the accuracy of the Bayes rule (0.861); others
are left out, and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from infoscope.claim.figure import Figure
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.data.tasks._dots import bayes_accuracy, ceiling
from infoscope.papers.kleinman2021._checkerboard import (
    ARCHITECTURES,
    SEEDS,
    SOLVED,
    checkerboard_plan,
    discards,
    encodes,
    keeps,
    told,
)
from infoscope.papers.kleinman2021._joint import joint_curves, minimal_and_sufficient
from infoscope.scanning.plan import NetworkPlan, Preset

_EPOCHS = {"smoke": 2, "laptop": 60, "paper": 60}
_WHERE = "abstract, decision tasks (a task of ours)"


class _DotsTask(NamedTuple):
    """Moving dots as a decision with a relevant and an irrelevant variable."""

    name: str = "moving_dots"
    relevant: str = "choice"
    irrelevant: str = "ignored"
    sizes: tuple[int, int] = (4, 2)

    @property
    def ceiling(self) -> float:
        return ceiling()

    @property
    def solved(self) -> float:
        return SOLVED * bayes_accuracy()


DOTS = _DotsTask()
_LAST = {name: (name, architecture.last) for name, architecture in ARCHITECTURES.items()}
_KEEPS = Claim(
    id="kleinman2021/moving_dots/keeps-the-choice",
    origin="ours",
    paper="kleinman2021",
    where=_WHERE,
    sentence="In every network that solves the task a linear probe reads the choice from the last hidden layer.",
    parts=(keeps(DOTS, list(_LAST.values())),),
    published="the last layers come close to sufficient representations, in decision tasks",
)


def _discards(arm: str) -> Claim:
    parts = (*discards(DOTS, *_LAST[arm], probes=("mlp",)), *encodes(DOTS, *_LAST[arm], probes=("mlp",)))
    return Claim(
        id=f"kleinman2021/moving_dots/discards-{arm}",
        origin="ours",
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"The last hidden layer of {ARCHITECTURES[arm].words} first encodes some of what is to be ignored, "
        "then discards it.",
        parts=parts,
        headline=parts[0].name,
        published="irrelevant information is encoded in an early transient and later discarded, in decision tasks",
    )


def _minimal(arm: str) -> Claim:
    parts = minimal_and_sufficient(DOTS, [_LAST[arm]])
    words = ARCHITECTURES[arm].words
    return Claim(
        id=f"kleinman2021/moving_dots/minimal-and-sufficient-{arm}",
        origin="ours",
        paper="kleinman2021",
        where=_WHERE,
        sentence=f"{words[:1].upper()}{words[1:]} ends with all of the choice and nothing of what is to be ignored.",
        parts=parts,
        headline=parts[-1].name,
        published="minimal sufficient representations, in decision tasks",
    )


class MovingDotsLayers(Figure):
    """Motion or colour, as a cue says: the choice stays, what is ignored goes

    >>> from infoscope.papers.kleinman2021.moving_dots import MovingDotsLayers
    >>> {name: plan.network.widths for name, plan in MovingDotsLayers().plan("laptop").items()}
    {'relu': (4, 10, 7, 5, 4, 3, 2), 'tanh': (4, 10, 7, 5, 4, 3, 2), 'wide': (4, 100, 20, 20, 20, 2)}
    """

    title = "Moving dots, and a cue that says what counts"
    where = "abstract; decision tasks"
    seeds = SEEDS
    claims = (_KEEPS, *map(_discards, ARCHITECTURES), *map(_minimal, ARCHITECTURES))

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        return {
            name: checkerboard_plan(
                network.title, preset, seeds, activation=network.activation, widths=network.widths, task=DOTS,
                epochs=_EPOCHS[preset],
            )
            for name, network in ARCHITECTURES.items()
        }  # fmt: skip

    def derived(self, rows: Rows) -> Rows:
        return joint_curves(DOTS, list(_LAST.values()), rows)

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {f"discards-{name}": told(rows, DOTS, *place) for name, place in _LAST.items()}
