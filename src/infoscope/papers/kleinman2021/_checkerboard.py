"""What the figures on perceptual decisions share: networks, presets, and comparisons of the same seeds at two places.

Networks learn which target has the checkerboard's colour. The direction is relevant; the colour, which alone says
nothing about the direction, is not. How much of either a layer holds is what probes can read of it (usable
information, a lower bound on the information). kleinman2021/moving_dots asks the same of another task.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.statistics import compression, last, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.quantity import ACCURACY
from infoscope.core.rows import Rows
from infoscope.core.units import nats, shown
from infoscope.data.tasks._checkerboard import bayes_accuracy, ceiling, sampled_ceiling
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Beginning, Recipe

SMALL = (10, 7, 5, 4, 3)
MEDIUM = (100, 20, 20, 20)
ACTIVATIONS = ("relu", "tanh")
RATE, BATCH = 0.05, 32
EPOCHS = {"smoke": 2, "laptop": 30, "paper": 30}
#: Recorded from the start of training, or from where a perturbed beginning ends, as far as the training goes.
RECORDED = (0, 1, 2, 3, 5, 10, 30, 100, 300)
SEEDS = {"smoke": 2, "laptop": 24, "paper": 50}
ROWS = {"smoke": 300, "laptop": None, "paper": None}  # that are probed; None: all 8000 held-out ones
PROBES = ("mlp", "linear")
AUTHORS = "mlp3"  # three hidden layers of 64, the size of the decoder in the authors' companion code: told, not judged
#: A network has solved the task at this share of the accuracy of the Bayes rule; others are left out, and counted.
SOLVED = 0.95
SUFFICIENT = 0.95  # of the information that the inputs hold

#: The least effect that counts as one: shown where the whole interval is beyond it, and wrong where it is below.
EFFECT = Criterion(">=", nats(0.05), "nats")
ONCE_A_MEAN = (
    "a mean fall of at least 0.05 bits was asked at first, and an interval above 0, which told an unclear mean of "
    "0.0495 as a failure; now the whole interval decides; and a fall alone was asked, which a network meets that only "
    "forgets what its untrained weights passed on: a rise over the untrained network is a part of its own"
)
LEAST_EFFECT = "at first only the sign was asked, which a difference of 0.001 bits has; now at least 0.05 bits"
DEPTH = Criterion(">=", nats(0.3), "nats")
SUFFICES = Criterion(">=", SUFFICIENT, "ratio")
IN_WORDS = {"mlp": "MLP", "linear": "linear", AUTHORS: "64-64-64 MLP"}
_A = {"mlp": "an MLP", "linear": "a linear"}
IN_WORDS_ACTIVATIONS = {"relu": "ReLU", "tanh": "tanh"}


class Architecture(NamedTuple):
    """One network of those that are asked the same: narrow or wide, of one activation."""

    activation: str
    widths: tuple[int, ...]

    @property
    def words(self) -> str:
        size = "narrow" if self.widths == SMALL else "wide"
        return f"a {size} {IN_WORDS_ACTIVATIONS[self.activation]} network"

    @property
    def title(self) -> str:
        """As the paper calls it."""
        size, widths = "Small" if self.widths == SMALL else "Medium", "-".join(map(str, self.widths))
        return f"FC {size}, {widths}, {IN_WORDS_ACTIVATIONS[self.activation]}"

    @property
    def last(self) -> str:
        """Its last hidden layer."""
        return last_hidden(self.widths)


ARCHITECTURES = {
    "relu": Architecture("relu", SMALL),
    "tanh": Architecture("tanh", SMALL),
    "wide": Architecture("relu", MEDIUM),
}


class PerceptualTask(Protocol):
    """A decision of which one variable is relevant and another is not, and what can at best be known of either."""

    @property
    def name(self) -> str: ...
    @property
    def relevant(self) -> str:
        """The variable that is trained on."""
        ...

    @property
    def irrelevant(self) -> str:
        """The variable that says nothing about the relevant one."""
        ...

    @property
    def sizes(self) -> tuple[int, int]:
        """How many inputs and outputs a network has."""
        ...

    @property
    def ceiling(self) -> float:
        """I(input; relevant) = I(input; irrelevant), in nats."""
        ...

    @property
    def solved(self) -> float:
        """The test accuracy from which on a network has solved the task."""
        ...


class CheckerboardColours(NamedTuple):
    """A checkerboard task with ``colours`` colours, and what can at best be known of its direction."""

    colours: int = 2

    @property
    def name(self) -> str:
        return f"checkerboard{self.colours if self.colours > 2 else ''}"

    @property
    def relevant(self) -> str:
        return "direction"

    @property
    def irrelevant(self) -> str:
        return "colour"

    @property
    def sizes(self) -> tuple[int, int]:
        return 2 * self.colours, self.colours

    @property
    def ceiling(self) -> float:
        """I(input; direction) = I(input; colour), in nats: exact for two colours, else a mean over draws."""
        return ceiling() if self.colours == 2 else sampled_ceiling(self.colours)[0]

    @property
    def solved(self) -> float:
        """The test accuracy from which on a network has solved the task."""
        return SOLVED * (bayes_accuracy() if self.colours == 2 else sampled_ceiling(self.colours)[1])


TWO = CheckerboardColours()


def hidden(widths: Sequence[int]) -> tuple[str, ...]:
    """The hidden layers of a network with these hidden widths."""
    return tuple(f"hidden{i + 1}" for i in range(len(widths)))


def last_hidden(widths: Sequence[int]) -> str:
    return hidden(widths)[-1]


def checkerboard_plan(
    title: str,
    preset: Preset,
    seeds: tuple[int, ...],
    *,
    activation: str = "relu",
    widths: tuple[int, ...] = SMALL,
    task: PerceptualTask = TWO,
    epochs: int | None = None,
    first: int = 0,
    labels: str = "",
    probed: Iterable[int] = (0, 1, 3, 10),
    every_layer: bool = False,
    **changes: Any,
) -> NetworkPlan:
    """Plain SGD at rate 0.05 with batch 32 on all training rows; held-out rows are probed at the last hidden layer.

    A linear probe at every recorded epoch; an MLP (one network of 64 units) at the epochs ``probed`` and the last. Half
    of the rows fit and choose, the other half is scored.

    epochs: in place of the preset's. first: so many epochs are trained on other ``labels`` before (the irrelevant
    variable where none are named), from the same initial weights, and all epochs count from there. every_layer: linear
    probes of the other hidden layers as well, at the first and the last epoch, and the authors' size of an MLP at the
    last hidden layer, at the last. changes: to the recipe.
    """
    epochs = epochs or EPOCHS[preset]
    beginning = Beginning(first, labels=labels or task.irrelevant) if first else None
    recipe = Recipe(first + epochs, RATE, BATCH, "sgd", beginning=beginning)
    probed = tuple(probed)
    at = sorted({*(epoch for epoch in (*RECORDED, *probed) if epoch <= epochs), epochs})
    sites = hidden(widths)
    slow = {first + epoch for epoch in (*probed, epochs) if epoch <= epochs}
    measure = partial(_measure, task)
    measures = [measure("linear", sites[-1:]), measure("mlp(networks=1)", sites[-1:], tuple(sorted(slow)))]
    if every_layer:
        measures.append(measure("linear", sites[:-1], (first, first + epochs)))
        measures.append(measure(f"{AUTHORS}(networks=1)", sites[-1:], (first + epochs,)))
    inputs, outputs = task.sizes
    return NetworkPlan(
        title=title,
        task=task.name,
        network=FullyConnected((inputs, *widths, outputs), activation),
        recipe=dataclasses.replace(recipe, **changes),
        seeds=seeds,
        epochs=tuple(sorted({0, *(first + epoch for epoch in at)})),
        measures=tuple(measures),
        evaluate="test",
        evaluate_rows=ROWS[preset],
    )


def _measure(task: PerceptualTask, probe: str, sites: tuple[str, ...], epochs: tuple[int, ...] = ()) -> MeasurePlan:
    options = {"probe": probe, "test_fraction": 0.5, "variables": [task.relevant, task.irrelevant]}
    return MeasurePlan("usable_information", options, sites, epochs=epochs)


def last_epoch(rows: Rows) -> float:
    """The last epoch that a network was recorded at; -1 without rows."""
    return float(rows.column("epoch").max(initial=-1.0))


def usable(rows: Rows, variable: str, probe: str, epoch: float) -> dict[int, float]:
    """I_u(T;variable) of each member at one layer, in nats, by the probe of that name whatever its options."""
    texts = [text for text in rows.unique("options") if json.loads(text).get("probe", "").split("(")[0] == probe]
    return _by_member(rows.filter(estimator="usable_information", variable=variable, options=texts, epoch=epoch))


def _by_member(rows: Rows) -> dict[int, float]:
    values = zip(rows.column("member").tolist(), rows.column("value").tolist(), strict=True)
    return {member: value for member, value in values if np.isfinite(value)}


def accuracies(rows: Rows, epoch: float) -> dict[int, float]:
    """The test accuracy of each member."""
    return _by_member(rows.filter(quantity=ACCURACY, split="test", epoch=epoch))


def solving(task: PerceptualTask, arms: Iterable[tuple[Rows, float]]) -> tuple[set[int], str]:
    """The members that have solved the task in every one of ``arms`` (rows, epoch), and a note that counts them."""
    arms = list(arms)
    found = [accuracies(rows, epoch) for rows, epoch in arms]
    members = set().union(*found)
    solved = {member for member in members if all(each.get(member, 0.0) >= task.solved for each in found)}
    if len(solved) == len(members):
        return solved, ""
    return solved, (
        f"{len(members - solved)} of {len(members)} members left out: not solved in "
        f"{'every arm' if len(arms) > 1 else 'this arm'} (test accuracy under {task.solved:.3f})"
    )


def paired(
    name: str,
    criterion: Criterion,
    members: tuple[set[int], str],
    first: dict[int, float],
    second: dict[int, float],
) -> Finding:
    """The mean over ``members`` of ``first`` minus ``second``, the same seed in both, with its interval over seeds."""
    chosen, note = members
    values = {m: first[m] - second[m] for m in first if m in second}
    if not values:
        return Finding(name, criterion, None, note="not measured")
    moves = tuple((member, value) for member, value in sorted(values.items()) if member in chosen)
    kept = np.array([value for _, value in moves])
    if not len(kept):
        return Finding(name, criterion, None, note=note or "no member has solved the task")
    found = over_seeds(last, kept[:, None])
    said = "; ".join(filter(None, (note, "one seed, so no interval" if found.interval is None else "")))
    return Finding(name, criterion, found.value, found.interval, found.seeds, said, moves=moves)


def layer(network: str, site: str, variable: str = TWO.irrelevant) -> Series:
    """What probes read of a variable at a layer, beside how accurate each member is."""
    return Series("", network, words=f"I_u(T;{variable})", narrowed=lambda rows: rows.filter(site=[site, "network"]))


def _place(network: str, site: str) -> str:
    return f"{network} {site}"


_SOLVED = ", seeds that have solved the task,"


def encodes(task: PerceptualTask, network: str, site: str, probes: Sequence[str] = PROBES) -> list[Part]:
    """The first half of a transient: the irrelevant information rises above what the untrained network passes on."""
    where = {_place(network, site): layer(network, site, task.irrelevant)}
    return [
        Part(
            f"rise of I_u(T;{task.irrelevant}) over the untrained network, {IN_WORDS[probe]} probe",
            where,
            Statistic(
                f"peak of the mean curve of {{}} by {_A[probe]} probe above its start{_SOLVED}",
                partial(_rise, task, probe),
            ),
            EFFECT,
        )
        for probe in probes
    ]


def discards(task: PerceptualTask, network: str, site: str, probes: Sequence[str] = PROBES) -> list[Part]:
    """CB3, the second half: the irrelevant information after the first epoch minus at the end."""
    where = {_place(network, site): layer(network, site, task.irrelevant)}
    return [
        Part(
            f"fall of I_u(T;{task.irrelevant}) from epoch 1 to the end, {IN_WORDS[probe]} probe",
            where,
            Statistic(
                f"mean fall of {{}} by {_A[probe]} probe from epoch 1 to the end{_SOLVED}", partial(_fall, task, probe)
            ),
            EFFECT,
        )
        for probe in probes
    ]


def _rise(task: PerceptualTask, probe: str, name: str, criterion: Criterion, rows: Rows) -> Finding:
    """The peak is chosen by other seeds than it is measured in: of many noisy points the highest lies too high."""
    end = last_epoch(rows)
    members, note = solving(task, [(rows, end)])
    at = [usable(rows, task.irrelevant, probe, epoch) for epoch in sorted(set(rows.column("epoch").tolist()))]
    curves = [each for each in at if each]
    if not curves:
        return Finding(name, criterion, None, note="not measured")
    whole = [member for member in sorted(members) if all(member in each for each in curves)]
    if not whole:
        return Finding(name, criterion, None, note=note or "no member has solved the task")
    found = compression(np.array([[each[member] for each in reversed(curves)] for member in whole]))
    notes = [note, "one seed, so no interval" if found.interval is None else ""]
    return Finding(name, criterion, found.value, found.interval, found.seeds, "; ".join(filter(None, notes)))


def _fall(task: PerceptualTask, probe: str, name: str, criterion: Criterion, rows: Rows) -> Finding:
    end = last_epoch(rows)
    early, late = (usable(rows, task.irrelevant, probe, epoch) for epoch in (1.0, end))
    return paired(name, criterion, solving(task, [(rows, end)]), early, late)


def keeps(task: PerceptualTask, places: Iterable[tuple[str, str]]) -> Part:
    """CB2: the least relevant information at the end, by linear probes, of any member that has solved the task."""
    statistic = Statistic(
        f"least {{}} by a linear probe at the end, as a share of I(X;{task.relevant}), of any seed that has solved the "
        "task,",
        partial(_least_share, task), surely="",
    )  # fmt: skip
    where = {_place(*place): layer(*place, task.relevant) for place in places}
    name = f"least I_u(T;{task.relevant}) at the end over I(X;{task.relevant}), linear probe"
    return Part(name, where, statistic, SUFFICES)


def _least_share(task: PerceptualTask, name: str, criterion: Criterion, rows: Rows) -> Finding:
    end = last_epoch(rows)
    members, note = solving(task, [(rows, end)])
    kept = [value for member, value in usable(rows, task.relevant, "linear", end).items() if member in members]
    if not kept:
        return Finding(name, criterion, None, note=note or "not measured")
    note = "; ".join(filter(None, ("the least of these members, so no interval", note)))
    return Finding(name, criterion, min(kept) / task.ceiling, None, len(kept), note)


def depth(task: PerceptualTask, network: str, sites: Sequence[str]) -> Part:
    """CB4: I_u(T;colour) at the end by linear probes, first hidden layer minus last."""
    where = {f"{network}: {sites[0]} minus {sites[-1]}": (layer(network, sites[0]), layer(network, sites[-1]))}
    words = f"{{}} by a linear probe at the end, first hidden layer less the last{_SOLVED}"
    return Part("I_u(T;colour) at the end, linear probe", where, Statistic(words, partial(_deeper, task)), DEPTH)


def _deeper(task: PerceptualTask, name: str, criterion: Criterion, *layers: Rows) -> Finding:
    end = last_epoch(layers[-1])
    first, last = (usable(rows, task.irrelevant, "linear", end) for rows in layers)
    return paired(name, criterion, solving(task, [(layers[-1], end)]), first, last)


def differences(
    task: PerceptualTask, arm: str, base: str, site: str, words: tuple[str, str], *, matched: bool = False
) -> tuple[Part, ...]:
    """CB5-CB7: I_u(T;colour) of ``arm`` minus that of ``base`` at its end, for the same seeds, by both probes.

    words: what both are. matched: the arm is read at the epoch at which the base ends, and not at its own end.
    """
    where = {f"{arm} minus {base}": (layer(arm, site), layer(base, site))}
    when = "both when the second ends" if matched else "each at its end"
    return tuple(
        Part(
            f"I_u(T;colour), {IN_WORDS[probe]} probe",
            where,
            Statistic(
                f"{{}} of {site} by {_A[probe]} probe, {words[0]} less {words[1]}, {when}, the same seeds, of those "
                "that have solved the task in both,",
                partial(_difference, task, probe, matched),
            ),
            EFFECT,
        )
        for probe in PROBES
    )


def _difference(
    task: PerceptualTask, probe: str, matched: bool, name: str, criterion: Criterion, arm: Rows, base: Rows
) -> Finding:
    end = last_epoch(base)
    epoch = end if matched else last_epoch(arm)
    members = solving(task, [(arm, epoch), (base, end)])
    return paired(
        name, criterion, members, usable(arm, task.irrelevant, probe, epoch), usable(base, task.irrelevant, probe, end)
    )


def told_of_both(
    rows: Rows, task: PerceptualTask, arm: str, base: str, site: str, *, matched: bool = False, since: bool = False
) -> tuple[str, ...]:
    """Where both arms of :func:`differences` stand, the base first; since: the arm's beginning does not count."""
    ends = [last_epoch(rows.filter(network=network)) for network in (arm, base)]
    begun = ends[0] - ends[1] if since else 0.0
    notes = told(rows, task, base, site, end=ends[1])
    return notes + told(rows, task, arm, site, begun, ends[1] if matched else ends[0])


def told(
    rows: Rows, task: PerceptualTask, network: str, site: str, since: float = 0.0, end: float | None = None
) -> tuple[str, ...]:
    """Where the members that have solved the task stand, as one note: mean and standard error at recorded epochs.

    since: the epoch that counts as 0, after a perturbed beginning. end: the one that counts as the last.
    """
    rows = layer(network, site, task.irrelevant).of(rows)
    end = last_epoch(rows) if end is None else end
    members, _ = solving(task, [(rows, end)])
    said = []
    for probe in (*PROBES, AUTHORS):
        parts = []
        for epoch in (since, since + 1, end):
            values = usable(rows, task.irrelevant, probe, epoch)
            kept = np.array([value for member, value in values.items() if member in members])
            if len(kept) > 1:
                error = shown(float(kept.std(ddof=1) / np.sqrt(len(kept))), "nats")
                parts.append(f"epoch {epoch - since:g} {shown(float(kept.mean()), 'nats')} ({error})")
        if parts:
            said.append(f"{IN_WORDS[probe]} {', '.join(parts)}")
    if not said:
        return ()
    who = f"{len(members)} solved of {len(accuracies(rows, end))}"
    return (f"{network} {site}, I_u(T;{task.irrelevant}), mean (standard error) of {who}: {'; '.join(said)}",)
