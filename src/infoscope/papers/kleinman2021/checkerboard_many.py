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

from infoscope.claim.figure import Figure, Judged
from infoscope.core.claim import Claim, Finding
from infoscope.core.rows import Rows
from infoscope.papers.kleinman2021._checkerboard import (
    BATCH,
    MEDIUM,
    RATE,
    SEEDS,
    Place,
    Task,
    checkerboard_plan,
    depth_finding,
    difference_findings,
    discards_findings,
    hidden,
    last_epoch,
    last_hidden,
    relevant_finding,
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

    task: Task
    widths: tuple[int, ...]
    epochs: int

    @property
    def last(self) -> str:
        return last_hidden(self.widths)


_SIZES = (_Size(Task(10), MEDIUM, 120), _Size(Task(20), (100, 40, 40, 40), 80))
_DIFFERENCE = (
    "seeds that have solved the task in both arms, last hidden layer: I_u(T;colour) of the first named minus the base, "
    "the same initial weights, > 0 with the whole 95 % interval over seeds; by an MLP probe and a linear one"
)
#: What is claimed: name -> (sentence, rule); the names with an arm and the longer training are comparisons.
_CLAIMS = {
    "keeps-the-direction": (
        "a linear probe reads the direction from the last hidden layer of every network that solves the task",
        "last hidden layer at the end, linear probe: I_u(T;direction) ≥ 0.95 of I(X;direction) in every such seed",
    ),
    "discards": (
        "after the first epoch the last hidden layer discards some of the colour",
        "seeds that have solved the task: I_u(T;colour) of the last hidden layer after epoch 1 minus at the end: mean "
        "≥ 0.05 bits, and the whole 95 % interval over seeds above 0; by an MLP probe and a linear one",
    ),
    "depth": (
        "the deepest hidden layer holds less about colour than the first",
        "seeds that have solved the task, at the end, linear probe: I_u(T;colour) of the first hidden layer minus that "
        "of the last ≥ 0.3 bits with its whole 95 % interval over seeds",
    ),
    "low_rate-same-epochs": ("a quarter of the rate leaves more about colour after as many epochs", _DIFFERENCE),
    "low_rate-longer": ("a quarter of the rate leaves more about colour, rate times updates being equal", _DIFFERENCE),
    "large_batch-same-epochs": ("batches of 128 leave more about colour after as many epochs", _DIFFERENCE),
    "large_batch-longer": ("batches of 128 leave more about colour after as many updates", _DIFFERENCE),
    "colour_first": ("a network that has learnt the colour first keeps more of it", _DIFFERENCE),
}


def _claim(task: Task, name: str) -> Claim:
    sentence, rule = _CLAIMS[name]
    return Claim(
        id=f"kleinman2021/checkerboard_many/{task.colours}-{name.replace('_', '-')}",
        paper="kleinman2021",
        where="abstract and poster, checkerboard task with more colours (a re-derivation)",
        sentence=f"With {task.colours} colours, {sentence}.",
        rule=rule,
        published="the claims of the two-colour task, for more colours",
    )


def _name(task: Task, arm: str) -> str:
    return f"colours{task.colours}_{arm}"


class CheckerboardMany(Figure):
    """Ten and twenty colours: kept direction, discarded colour, rate, batch and beginning (CB8)"""

    title = "More colours and targets"
    where = "checkerboard task, more colours"
    seeds = SEEDS

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans = {}
        for size in _SIZES:
            few = preset == "laptop" and size.task.colours == 20
            for arm in _QUICK_ARMS if few else _ARMS:
                plans[_name(size.task, arm)] = _plan(size, arm, preset, seeds)
        return plans

    def judge(self, rows: Rows) -> Sequence[Judged]:
        judged = []
        for size in _SIZES:
            task, base = size.task, _name(size.task, "base")
            notes = told(rows, task, base, size.last)
            found = {
                "keeps-the-direction": [relevant_finding(rows, task, base, size.last)],
                "discards": discards_findings(rows, task, base, size.last),
                "depth": [depth_finding(rows, task, base, hidden(size.widths))],
                **_differences(rows, size),
            }
            for name, findings in found.items():
                judged.append(Judged(_claim(task, name), tuple(findings), notes))
                notes = ()  # once for each number of colours
        return judged


def _differences(rows: Rows, size: _Size) -> dict[str, list[Finding]]:
    base = _name(size.task, "base")
    end = last_epoch(rows, base)
    places = {}
    for arm in ("low_rate", "large_batch"):
        longest = last_epoch(rows, _name(size.task, arm))
        places |= {f"{arm}-same-epochs": (arm, end), f"{arm}-longer": (arm, longest)}
    places["colour_first"] = ("colour_first", last_epoch(rows, _name(size.task, "colour_first")))
    found = {}
    for name, (arm, epoch) in places.items():
        first, second = Place(_name(size.task, arm), size.last, epoch), Place(base, size.last, end)
        at = f"at epoch {epoch:g}" if len(rows.filter(network=first.network)) else "(not in this run)"
        what = f"{first.network} {at} minus {base} at epoch {end:g}"
        found[name] = difference_findings(rows, size.task, what, first, second)
    return found


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
