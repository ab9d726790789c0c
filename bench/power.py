"""How often each rule decides right: made-up runs in which a claim is true, or false, with the noise of a stored run.

    infoscope run saxe2018/tanh --preset laptop --out runs
    python bench/power.py runs/saxe2018-tanh-laptop [more runs] [--draws 40] [--seeds 8]

Made-up members scatter around mean curves as the stored ones do: a member's curves at all places together are the mean
plus a normal combination of the stored members' deviations, so that every covariance, over steps, layers and
quantities, is the stored one. The mean curves of what a part reads first are bent, or stretched in time, until the part
is what it should be without noise:

- true: every part clears its threshold by a margin
- false: the parts of the headline miss theirs by as much
- one false: one place of the headline does, all else holds
- as measured: the stored mean curves; told is what comes out most often, and how often
- on the edge: every part lies exactly where the opposite begins to be shown; being told as failing is an error there

The margin is the way from the threshold to where the opposite is shown, where the rule has such a place, else half of
the threshold (of a share, half of the way to 1), and a standard deviation over seeds where that is 0.

Without noise means: as very many members would give it. A number that is made of each member by itself, such as a rank
correlation over epochs, is smaller of members that scatter than of their mean curve, so that it is read off many
made-up members. Members that a claim leaves out, since they have not solved the task, are left out here too, and of
those that are drawn as large a share.

Told is the share of draws that are decided right and, in brackets, wrong, at the seeds of `laptop`; on the edge only
the wrong ones. Behind a semicolon the same with every part by its own interval. What cannot be bent so is said. Guards,
which ask learning curves, are left out: who learned is not drawn here.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from infoscope.claim import statistics
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.running import plan_of
from infoscope.claim.together import together
from infoscope.core import registry
from infoscope.core.claim import Claim, Criterion, Finding, Outcome, combine
from infoscope.core.folder import RunFolder
from infoscope.core.rows import SCHEMA, Rows
from infoscope.scanning.learning_curves import TRAINING

RIGHT = {"true": (Outcome.REPRODUCED,), "false": (Outcome.NOT_REPRODUCED, Outcome.PARTLY)}
RIGHT["one false"] = RIGHT["false"]
TRUE, FALSE, EDGE = "true", "false", "edge"
MANY = 256  # made-up members, in pairs of opposite noise, whose mean stands for that of all there could be
_OF_A_ROW = ("network", "site", "variable", "split", "quantity", "estimator", "options", "step")


class Noise:
    """Rows of a run as mean curves and how its members scatter around them, all places together."""

    def __init__(self, rows: Rows) -> None:
        members = rows.unique("member")
        keys = list(zip(*(rows.column(name).tolist() for name in _OF_A_ROW), strict=True))
        places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
        values = np.full((len(members), len(places)), np.nan)
        self.kept = 1.0  # share of the run's members that these are
        who = np.searchsorted(np.sort(members), rows.column("member"))
        values[who, [places[key] for key in keys]] = rows.column("value")
        whole = np.isfinite(values).all(0)
        first = rows.column("member") == min(members)
        kept = first & whole[[places[key] for key in keys]]
        self.one = Rows(rows.table.filter(pa.array(kept)))  # one member's rows, in whose place others are put
        self.order = np.array([places[key] for key, keep in zip(keys, kept.tolist(), strict=True) if keep], int)
        values = values[:, self.order]
        self.mean, self.apart = values.mean(0), values - values.mean(0)
        self.ends = [self.one.column(name) - self.one.column("value") for name in ("low", "high")]

    def places(self, series: Series) -> np.ndarray:
        """The positions of the rows of a series, in the order of training."""
        numbered = self.one.table.set_column(
            SCHEMA.names.index("seconds"), SCHEMA.field("seconds"), pa.array(np.arange(len(self.mean), dtype=float))
        )
        found = series.of(Rows(numbered))
        at, steps = found.column("seconds").astype(int), found.column("step")
        return at[np.argsort(steps, kind="stable")]

    def curves(self, series: Series) -> list[np.ndarray]:
        """The same, one array of positions a curve: a series may read several, beside each other."""
        at = self.places(series)
        names = [name for name in _OF_A_ROW if name != "step"]
        keys = list(zip(*(self.one.column(name)[at].tolist() for name in names), strict=True))
        return [at[[each == key for each in keys]] for key in dict.fromkeys(keys)]

    def of_training(self, at: np.ndarray) -> bool:
        """Whether the curve at these positions is a learning curve."""
        return self.one.column("estimator")[at[0]] == TRAINING

    def only(self, claim: Claim) -> Noise:
        """What the parts of ``claim`` read, and no more: the fewer rows, the faster a draw."""
        series = [
            each for part in claim.parts if isinstance(part, Part) for _, several in part.series for each in several
        ]
        kept = np.unique(np.concatenate([self.places(each) for each in series]))
        less = copy.copy(self)
        less.one = Rows(self.one.table.take(kept))
        less.mean, less.apart = self.mean[kept], self.apart[:, kept]
        less.ends = [end[kept] for end in self.ends]
        return less

    def drawn(self, members: int, generator: np.random.Generator) -> np.ndarray:
        """How far made-up members lie from their mean ``[members, places]``."""
        weights = generator.normal(size=(members, len(self.apart))) / np.sqrt(len(self.apart) - 1)
        return weights @ self.apart

    def rows(self, mean: np.ndarray, members: int, generator: np.random.Generator | None) -> Rows:
        """Made-up rows around ``mean``; without a generator all members are the mean."""
        return self._rows(mean, np.zeros((members, len(mean))) if generator is None else self.drawn(members, generator))

    def many(self, mean: np.ndarray) -> Rows:
        """Rows of :data:`MANY` members around ``mean``, which is their mean exactly."""
        half = self.drawn(MANY // 2, np.random.default_rng(1))
        return self._rows(mean, np.concatenate([half, -half]))

    def _rows(self, mean: np.ndarray, noise: np.ndarray) -> Rows:
        members, values = len(noise), (mean + noise).ravel()
        table = pa.concat_tables([self.one.table] * members).combine_chunks()
        who = np.repeat(np.arange(members), len(mean))
        ends = [np.tile(end, members) + values for end in self.ends]
        for name, column in (("value", values), ("low", ends[0]), ("high", ends[1]), ("member", who), ("seed", who)):
            field = SCHEMA.field(name)
            column = pa.array(column, from_pandas=True).cast(field.type)
            table = table.set_column(SCHEMA.names.index(name), field, column)
        return Rows(table)


class Asked(NamedTuple):
    """One part at one of its places."""

    part: Part
    place: str
    series: tuple[Series, ...]

    @property
    def name(self) -> str:
        return f"{self.part.name}, {self.place}" if self.place else self.part.name

    def found(self, rows: Rows) -> Finding:
        statistic = self.part.statistic
        found = statistic.find(self.part.name, self.part.criterion, *(each.of(rows) for each in self.series))
        return dataclasses.replace(found, part=self.part.name)


def margin(criterion: Criterion, sd: float) -> float:
    """How far from the threshold the truth lies in a made-up run."""
    if criterion.fails_at is not None and criterion.fails_at != criterion.threshold:
        return abs(criterion.threshold - criterion.fails_at)
    if criterion.unit == "fraction" and criterion.threshold > 0.5:
        return (1 - criterion.threshold) / 2
    return abs(criterion.threshold) / 2 or sd


def target(criterion: Criterion, truth: str, sd: float) -> float:
    """What a part's value is without noise: where it is so, where it is not, and where the opposite begins."""
    by = margin(criterion, sd)
    wrong = criterion.threshold if criterion.fails_at is None else criterion.fails_at
    if criterion.relation == "within":
        return {TRUE: 0.0, FALSE: wrong + by, EDGE: wrong}[truth]
    sign = 1.0 if criterion.relation == ">=" else -1.0
    return {TRUE: criterion.threshold + sign * by, FALSE: wrong - sign * by, EDGE: wrong}[truth]


def ways(mean: np.ndarray) -> Iterator[Callable[[float], np.ndarray]]:
    """Ways to change a mean curve ``[s]`` by a size around 0: its end, all but its start, all of it, what it is above
    its lowest point, all of these in its own unit; and its pace in recorded steps."""
    steps = np.arange(len(mean), dtype=float)
    half = len(mean) // 2
    scale = max(float(np.ptp(mean)), float(np.abs(mean).max()), 1e-3)
    for way in (
        np.clip((steps - half + 1) / max(1, len(mean) - half), 0, 1),
        (steps > 0).astype(float),
        np.ones(len(mean)),
        (mean - mean.min()) / max(float(np.ptp(mean)), 1e-12),
    ):
        yield lambda size, way=way: mean + scale * size * way
    yield lambda size: np.interp(steps * 2.0 ** (-2 * size), steps, mean)


class Truth:
    """What a part would find of very many members, by mean curve."""

    def __init__(self, noise: Noise, asked: Sequence[Asked]) -> None:
        self.noise = noise
        self.apart = {one.name for one in asked if self._of_each_member(one)}

    def _of_each_member(self, one: Asked) -> bool:
        """Whether its number is no longer that of the mean curve where members scatter."""
        values = [one.found(rows(self.noise.mean)).value for rows in (self._alike, self.noise.many)]
        if None in values:
            return False
        return abs(values[0] - values[1]) > 0.1 * margin(one.part.criterion, np.inf)

    def _alike(self, mean: np.ndarray) -> Rows:
        return self.noise.rows(mean, 2, None)

    def found(self, one: Asked, mean: np.ndarray) -> Finding:
        return one.found(self.noise.many(mean) if one.name in self.apart else self._alike(mean))


def bent(
    truth: Truth, mean: np.ndarray, asked: Asked, wanted: float, stands: Callable[[np.ndarray], bool]
) -> np.ndarray:
    """``mean`` with a curve of the first series bent until the part is ``wanted``, where some bending does that.

    stands: whether what was reached before still does.
    """
    noise = truth.noise
    # learning curves come last: who has learned stays, if something else can be bent
    curves = sorted(noise.curves(asked.series[0]), key=noise.of_training)
    candidates = [(at, way) for at in curves for way in ways(mean[at])]
    for at, way in candidates:

        def changed(size: float, way: Callable[[float], np.ndarray] = way, at: np.ndarray = at) -> np.ndarray:
            made = mean.copy()
            made[at] = way(size)
            return made

        def off(size: float, changed: Callable[[float], np.ndarray] = changed) -> float:
            value = truth.found(asked, changed(size)).value
            return np.nan if value is None else value - wanted

        for sign in (1.0, -1.0):
            reach = [0.0, *(sign * 2.0**k for k in range(-5, 2))]
            values = [off(size) for size in reach]
            crossed = [
                k for k in range(len(reach) - 1) if values[k] * values[k + 1] <= 0 and values[k] != values[k + 1]
            ]
            if not crossed:
                continue
            low, high, of_low = reach[crossed[0]], reach[crossed[0] + 1], values[crossed[0]]
            for _ in range(14):
                middle = (low + high) / 2
                low, high = (middle, high) if off(middle) * of_low > 0 else (low, middle)
            best = min((low, high), key=lambda size: abs(off(size)))
            if near(off(best) + wanted, wanted) and stands(changed(best)):
                return changed(best)
    return mean


def near(value: float, wanted: float) -> bool:
    return abs(value - wanted) <= 0.1 * max(abs(wanted), 1e-3) + 1e-9


def places_of(claim: Claim) -> list[Asked]:
    """Every part of ``claim`` at each of its places."""
    return [Asked(p, place, series) for p in claim.parts if isinstance(p, Part) for place, series in p.series]


def noise_of(rows: Rows, claim: Claim) -> Noise:
    """The noise of what ``claim`` reads, of the members that none of its parts leaves out by themselves."""
    members = rows.unique("member")
    asked = places_of(claim)
    kept = [m for m in members if all(one.found(rows.filter(member=m)).value is not None for one in asked)]
    found = Noise(rows.filter(member=kept) if kept else rows).only(claim)
    found.kept = len(kept) / len(members)
    return found


def scenario(noise: Noise, claim: Claim, truths: dict[str, str]) -> tuple[np.ndarray, list[str]]:
    """Mean curves in which every part of ``claim`` is true, but for what ``truths`` says by its name and place; and the
    parts that could not be made so."""
    asked, mean = places_of(claim), noise.mean.copy()
    truth = Truth(noise, asked)
    scatter = noise.rows(mean, max(4, len(noise.apart)), np.random.default_rng(0))
    wanted: dict[str, float] = {}
    for one in asked:
        found = one.found(scatter)
        sd = abs(found.interval[1] - found.interval[0]) / 4 * np.sqrt(found.seeds) if found.interval else 0.0
        wanted[one.name] = target(one.part.criterion, truths.get(one.name, TRUE), float(sd))

    def stands(one: Asked, made: np.ndarray) -> bool:
        found, kind = truth.found(one, made), truths.get(one.name, TRUE)
        if found.value is None or kind == EDGE:
            return found.value is not None and near(found.value, wanted[one.name])
        return dataclasses.replace(found, interval=None).outcome == {TRUE: "holds", FALSE: "fails"}[kind]

    done: list[Asked] = []
    for one in asked:
        before = [each for each in done if stands(each, mean)]
        mean = bent(
            truth, mean, one, wanted[one.name], lambda made, before=before: all(stands(each, made) for each in before)
        )
        done.append(one)
    return mean, [one.name for one in asked if not stands(one, mean)]


def decided(noise: Noise, mean: np.ndarray, claim: Claim, seeds: int, draws: int) -> list[tuple[Outcome, Outcome]]:
    """What comes out of each draw: as the rule is, and with every part by its own interval."""
    out: list[tuple[Outcome, Outcome]] = []
    for draw in range(draws):
        rows = noise.rows(mean, seeds, np.random.default_rng([7, draw]))
        own = findings_of(claim.parts, rows)
        out.append((combine(together(own)), combine(own)))
    return out


def table(folder: RunFolder, draws: int, seeds: int | None) -> Iterator[str]:
    """A row a claim of the run's figure."""
    manifest = folder.manifest()
    figure: Figure = registry.load("figures", manifest["figure"])()
    rows = Rows.concat([_planned(folder, folder.rows(), name) for name in manifest["networks"]]).latest()
    seeds = seeds or figure.seeds["laptop"]
    if not len(rows) or len(rows.unique("member")) < 2:
        yield f"| {manifest['figure']} | exact: nothing is drawn | | | | | | |"
        return
    for claim in figure.asked(rows):
        noise, asked = noise_of(rows, claim), places_of(claim)
        drawn = max(2, round(seeds * noise.kept))
        head = [one.name for one in asked if one.part.name == claim.headline] or [one.name for one in asked]
        everywhere = dict.fromkeys((one.name for one in asked), EDGE)
        cells: list[str] = []
        for name, truths in (("true", {}), ("false", dict.fromkeys(head, FALSE)),
                             ("one false", dict.fromkeys(head[-1:], FALSE)), ("on the edge", everywhere)):  # fmt: skip
            if name == "one false" and len(head) < 2:
                cells.append("")
                continue
            mean, unmade = scenario(noise, claim, truths)
            if unmade:
                cells.append("cannot be made up")
                continue
            found = decided(noise, mean, claim, drawn, draws)
            cells.append("; ".join(_shares([each[way] for each in found], name) for way in (0, 1)))
        measured = [after.value for after, _ in decided(noise, noise.mean, claim, drawn, draws)]
        most = max(dict.fromkeys(measured), key=measured.count)
        cells.append(f"{most} {measured.count(most) / draws:.2f}")
        yield f"| `{claim.id}` | {len(asked)} | {len(noise.apart)} → {drawn} | {' | '.join(cells)} |"


def _shares(outcomes: Sequence[Outcome], name: str) -> str:
    if name == "on the edge":
        return f"({np.mean([each in RIGHT['false'] for each in outcomes]):.2f})"
    right = np.mean([each in RIGHT[name] for each in outcomes])
    wrong = np.mean([each in RIGHT["false" if name == "true" else "true"] for each in outcomes])
    return f"{right:.2f} ({wrong:.2f})"


def _planned(folder: RunFolder, rows: Rows, network: str) -> Rows:
    if folder.manifest()["networks"][network].get("computed"):
        return rows.filter(network=network)
    measures = plan_of(folder, network).measures
    training = rows.filter(network=network, estimator=TRAINING)
    return Rows.concat([training, *(wanted.rows(rows, network) for wanted in measures)])


def main() -> None:
    said = argparse.ArgumentParser(description="How often each rule decides right.")
    said.add_argument("runs", nargs="+", type=Path)
    said.add_argument("--draws", type=int, default=40)
    said.add_argument("--seeds", type=int, default=None)
    given = said.parse_args()
    statistics.RESAMPLES = 500  # an interval's width then errs by 3 %, and a draw takes an eighth of the time
    print("| claim | parts | stored seeds → drawn | true | false | one false | on the edge | as measured |")
    print("|---|---|---|---|---|---|---|---|")
    for path in given.runs:
        for line in table(RunFolder.open(path), given.draws, given.seeds):
            print(line, flush=True)


if __name__ == "__main__":
    main()
