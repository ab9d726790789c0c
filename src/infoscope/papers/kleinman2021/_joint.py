"""Minimal *and* sufficient: all of what the task needs and nothing of what it does not, as one verdict and one curve.

A representation is both where I_u(T;relevant) is all that the inputs hold and I_u(T;irrelevant) is nothing. The curve
is the lesser of two shares: I_u(T;relevant) over what the inputs hold of it, and one less I_u(T;irrelevant) over what
they hold of that. It is 1 for such a representation and 0, or some hundredths about it, for the inputs themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.scores import SCORE
from infoscope.claim.statistics import last, over_seeds
from infoscope.core.claim import Criterion, Finding
from infoscope.core.estimate import Estimate
from infoscope.core.quantity import Quantity
from infoscope.core.rows import Place, Rows, RowsBuilder, options_text
from infoscope.papers.kleinman2021._checkerboard import (
    IN_WORDS,
    PROBES,
    SUFFICES,
    PerceptualTask,
    last_epoch,
    layer,
    solving,
    usable,
)

JOINT = Quantity("minimal_and_sufficient", "fraction", "Minimal and sufficient: the lesser of both shares", "naming")
_LITTLE = Criterion("<=", 0.05, "ratio", fails_at=0.1)  # of what the inputs hold; wrong from a tenth on
_OVER_SOLVED = ", seeds that have solved the task,"


def minimal_and_sufficient(task: PerceptualTask, networks: Sequence[tuple[str, str]]) -> tuple[Part, ...]:
    """The two halves of the verdict at the end of training, for each (network, site), each by both probes."""
    parts: list[Part] = []
    for what, criterion in ((task.relevant, SUFFICES), (task.irrelevant, _LITTLE)):
        for probe in PROBES:
            where = {f"{network} {site}": layer(network, site, what) for network, site in networks}
            words = f"{{}} by {IN_WORDS[probe]} probes at the end, as a share of I(X;{what}){_OVER_SOLVED}"
            name = f"I_u(T;{what}) at the end over I(X;{what}), {IN_WORDS[probe]} probe"
            parts.append(Part(name, where, Statistic(words, partial(_share, task, what, probe)), criterion))
    return tuple(parts)


def _share(task: PerceptualTask, what: str, probe: str, name: str, criterion: Criterion, rows: Rows) -> Finding:
    end = last_epoch(rows)
    members, note = solving(task, [(rows, end)])
    moves = tuple((m, v / task.ceiling) for m, v in sorted(usable(rows, what, probe, end).items()) if m in members)
    if not moves:
        return Finding(name, criterion, None, note=note or "not measured")
    found = over_seeds(last, np.array([value for _, value in moves])[:, None])
    said = "; ".join(filter(None, (note, "one seed, so no interval" if found.interval is None else "")))
    return Finding(name, criterion, found.value, found.interval, found.seeds, said, moves=moves)


def joint_curves(task: PerceptualTask, networks: Sequence[tuple[str, str]], rows: Rows) -> Rows:
    """The curve of every member of each (network, site), by linear probes, as rows of :data:`JOINT`."""
    builder = RowsBuilder(next(iter(rows.unique("run")), ""))
    for network, site in networks:
        for place, value in _curve(task, Series("", network, site).of(rows)):
            words = f"the lesser of I_u(T;{task.relevant}) over I(X;{task.relevant}) and of 1 less the same of "
            builder.add(place, Estimate(value, JOINT, f"{words}{task.irrelevant}, by linear probes", 0))
    return builder.rows()


def _curve(task: PerceptualTask, rows: Rows) -> Iterator[tuple[Place, float]]:
    mine = rows.filter(estimator="usable_information", variable=[task.relevant, task.irrelevant])
    linear = [text for text in mine.unique("options") if json.loads(text).get("probe") == "linear"]
    mine = mine.filter(options=linear)
    columns = ("network", "step", "site", "site_index", "member", "seed", "epoch", "split", "variable", "value")
    found: dict[Place, dict[str, float]] = {}
    for row in zip(*(mine.column(name).tolist() for name in columns), strict=True):
        of = dict(zip(columns, row, strict=True))
        place = Place(
            network=of["network"], step=of["step"], site=of["site"], site_index=of["site_index"],
            variable=f"{task.relevant}, {task.irrelevant}", estimator=SCORE, member=of["member"], seed=of["seed"],
            epoch=of["epoch"], split=of["split"], options=options_text({"probe": "linear"}),
        )  # fmt: skip
        found.setdefault(place, {})[of["variable"]] = of["value"]
    for place, values in found.items():
        if len(values) == 2:
            held = {name: value / task.ceiling for name, value in values.items()}
            yield place, min(held[task.relevant], 1 - held[task.irrelevant])
