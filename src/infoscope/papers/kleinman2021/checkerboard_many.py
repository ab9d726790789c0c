"""CB8: with ten and twenty colours: what is kept and discarded, and what rate, batch and beginning have to do with it.

Paper: the checkerboard task is varied in the number of colours and targets. Our sentences are those of CB2 to CB7 (see
kleinman2021/checkerboard and the three after it), with ten and with twenty colours and the same thresholds in bits.

    infoscope run kleinman2021/checkerboard_many --preset laptop

Direction, colour and target configuration have as many values as there are colours; any two of them are independent.
ReLU, plain SGD, rate 0.05, batch 32. Ten colours: 100-20-20-20, 36 000 trials, 120 epochs; twenty, which are learnt
slowly: 100-40-40-40, 144 000 trials, 80 epochs. The low rate is a quarter and the large batch is four times as large;
either trains four times as long for the second comparison (with batch 128 that is 0.3 % more updates). Colour first: 20
epochs. Seeds that have not solved the task (95 % of the Bayes rule's accuracy: 0.714 and 0.654) in either arm of a
comparison are left out of both and counted. The information that the inputs hold is a mean over draws here, with a
standard error of 0.2 %.

Hardware: 2 CPU cores. smoke: under a minute (1 and 4 epochs of 3600 trials; too few for a verdict). laptop: 24 seeds,
about 50 minutes (an hour of CPU); of twenty colours only the base and colour first, so what compares rates and batches
is not testable there. paper: 50 seeds and every arm.

Deviations: a re-derivation and no replication. How the paper generalises the task was not at hand: the generator,
sizes of networks and all thresholds are ours. The rules were fixed before the first run, the networks were not: in a
first run, 30 epochs with ten colours and 100-20-20-20 on 36 000 trials for 120 epochs with twenty, no seed of the low
rate or the large batch had solved ten colours by the epoch of the comparison, and none of any arm twenty (0.60, and at
most 0.66 with four times the trials). What it could tell of ten colours: the direction kept 0.912 at worst, colour rose
by 0.08 bits, depth reproduced, colour first reproduced (0.21 and 0.34 bits), both longer comparisons within 0.12 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part
from infoscope.core.claim import Claim
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    BATCH,
    LEAST_EFFECT,
    MEDIUM,
    ONCE_A_MEAN,
    RATE,
    SEEDS,
    CheckerboardColours,
    checkerboard_plan,
    depth,
    differences,
    discards,
    encodes,
    hidden,
    keeps,
    last_hidden,
    told,
)
from infoscope.scanning.plan import NetworkPlan, Preset

_SMOKE_ROWS = 3600  # trials for training
_FIRST = {"smoke": 1, "laptop": 20, "paper": 20}  # epochs on the colour
_TIMES = 4  # lower rate, larger batch, longer training
_ARMS = ("base", "low_rate", "large_batch", "colour_first")
_QUICK_ARMS = ("base", "colour_first")  # what `laptop` has time for with twenty colours


class _Size(NamedTuple):
    """The hidden layers for a number of colours, and how long they train beyond `smoke`."""

    task: CheckerboardColours
    widths: tuple[int, ...]
    epochs: int

    @property
    def last(self) -> str:
        return last_hidden(self.widths)


_SIZES = (_Size(CheckerboardColours(10), MEDIUM, 120), _Size(CheckerboardColours(20), (100, 40, 40, 40), 80))
_ARMS_IN_WORDS = {
    "low_rate": f"a rate of {RATE / _TIMES:g}",
    "large_batch": f"batch {_TIMES * BATCH}",
    "colour_first": "20 epochs on colour first",
}
#: What is claimed: name -> sentence; the names with an arm and the longer training are comparisons.
_CLAIMS = {
    "keeps-the-direction": (
        "a linear probe reads the direction from the last hidden layer of every network that solves the task"
    ),
    "discards": "the last hidden layer first encodes some of the colour, then discards it",
    "depth": "the deepest hidden layer holds less about colour than the first",
    "low_rate-same-epochs": "a quarter of the rate leaves more about colour after as many epochs",
    "low_rate-longer": "a quarter of the rate leaves more about colour, rate times updates being equal",
    "large_batch-same-epochs": "batches of 128 leave more about colour after as many epochs",
    "large_batch-longer": "batches of 128 leave more about colour after as many updates",
    "colour_first": "a network that has learnt the colour first keeps more of it",
}


def _name(task: CheckerboardColours, arm: str) -> str:
    return f"colours{task.colours}_{arm}"


def _parts(size: _Size, name: str) -> tuple[Part, ...]:
    task, base = size.task, _name(size.task, "base")
    if name == "keeps-the-direction":
        return (keeps(task, [(base, size.last)]),)
    if name == "discards":
        return (*discards(task, base, size.last), *encodes(task, base, size.last))
    if name == "depth":
        return (depth(task, base, hidden(size.widths)),)
    arm, _, when = name.partition("-")
    words = (_ARMS_IN_WORDS[arm], "the base")
    return differences(task, _name(task, arm), base, size.last, words, matched=when == "same-epochs")


_NETWORKS = "the networks and their number of epochs were chosen after a first run in which too few solved the task"


def _rules(name: str) -> str:
    """What of a claim's rule was changed, by its name."""
    if name == "discards":
        return ONCE_A_MEAN
    return "" if name in ("keeps-the-direction", "depth") else LEAST_EFFECT


def _claim(size: _Size, name: str) -> Claim:
    task, parts = size.task, _parts(size, name)
    return Claim(
        id=_id(size, name),
        paper="kleinman2021",
        where="abstract and poster, checkerboard task with more colours (a re-derivation)",
        sentence=f"With {task.colours} colours, {_CLAIMS[name]}.",
        parts=parts,
        origin="recalled",
        headline=parts[0].name,
        published="the claims of the two-colour task, for more colours",
        revised="; ".join(filter(None, (_NETWORKS, _rules(name)))),
    )


def _id(size: _Size, name: str) -> str:
    return f"kleinman2021/checkerboard_many/{size.task.colours}-{name.replace('_', '-')}"


class CheckerboardMany(Figure):
    """Ten and twenty colours: kept direction, discarded colour, rate, batch and beginning (CB8)

    >>> from infoscope.papers.kleinman2021.checkerboard_many import CheckerboardMany
    >>> {name: plan.network.widths for name, plan in CheckerboardMany().plan("laptop").items()}
    {'colours10_base': (20, 100, 20, 20, 20, 10), 'colours10_low_rate': (20, 100, 20, 20, 20, 10),
    'colours10_large_batch': (20, 100, 20, 20, 20, 10), 'colours10_colour_first': (20, 100, 20, 20, 20, 10),
    'colours20_base': (40, 100, 40, 40, 40, 20), 'colours20_colour_first': (40, 100, 40, 40, 40, 20)}
    """

    title = "More colours and targets"
    where = "checkerboard task, more colours"
    seeds = SEEDS
    claims = tuple(_claim(size, name) for size in _SIZES for name in _CLAIMS)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for size in _SIZES:
            few = preset == "laptop" and size.task.colours == 20
            for arm in _QUICK_ARMS if few else _ARMS:
                plans[_name(size.task, arm)] = _plan(size, arm, preset, seeds)
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        return {
            f"{size.task.colours}-keeps-the-direction": told(rows, size.task, _name(size.task, "base"), size.last)
            for size in _SIZES
        }


def _plan(size: _Size, arm: str, preset: Preset, seeds: tuple[int, ...]) -> NetworkPlan:
    epochs = 1 if preset == "smoke" else size.epochs
    changes = {
        "base": {"every_layer": True},
        "low_rate": {"learning_rate": RATE / _TIMES, "epochs": _TIMES * epochs, "probed": (1, epochs)},
        "large_batch": {"batch": _TIMES * BATCH, "epochs": _TIMES * epochs, "probed": (1, epochs)},
        "colour_first": {"first": _FIRST[preset]},
    }
    title = f"{size.task.colours} colours, {arm.replace('_', ' ')}"
    rows = _SMOKE_ROWS if preset == "smoke" else None
    arguments = {"epochs": epochs, "probed": (0, 1), "train_rows": rows, **changes[arm]}
    return checkerboard_plan(title, preset, seeds, widths=size.widths, task=size.task, **arguments)
