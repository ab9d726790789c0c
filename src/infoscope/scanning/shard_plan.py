"""Whether a scan reads its rows in shards, and what that takes: decided before the first of them is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from infoscope.core import memory
from infoscope.core.errors import InputError
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measurement
from infoscope.core.progress import say
from infoscope.core.units import counted, memory_in_words
from infoscope.measure.states.sums import BUCKETS
from infoscope.record.evaluated import Evaluated
from infoscope.record.gathering import first_batch
from infoscope.record.layout import Chosen
from infoscope.record.padding import check_padding
from infoscope.scanning.cut import ROWS, Cut, Shard
from infoscope.scanning.from_states import readable
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.shard_parts import StatePart, parts_of, shared
from infoscope.scanning.shard_states import ShardWork

#: Shards where nobody says how many: as many as there can be, so that little is lost with a worker.
MANY = 64
ONE_PASS = "one_pass"  # what run.json says of a scan in shards, in the recipe of its network


@dataclass(frozen=True, eq=False)
class ShardPlan:
    """A scan in ``most`` shards at most: of which rows the states are, and how these are cut. sample: rows of each
    place that are kept of a checkpoint."""

    evaluated: Evaluated
    chosen: Mapping[str, Chosen]
    widths: Mapping[str, int]
    measurements: Sequence[Measurement]
    batch_size: int
    most: int
    sample: int

    def __post_init__(self) -> None:
        for measurement in self.measurements:
            if why := readable(measurement):
                raise InputError(why)

    @cached_property
    def cut(self) -> Cut:
        """The same, however many shards there are."""
        return Cut.of(len(self.evaluated), self.batch_size, max(len(rows) for rows in self.chosen.values()))

    @cached_property
    def shards(self) -> list[Shard]:
        """Each is a job of every checkpoint."""
        return self.cut.shards(self.most)

    @cached_property
    def parts(self) -> list[StatePart]:
        """What there is a state of."""
        return parts_of(self.evaluated, self.chosen, self.widths, self.measurements, self.shards, self.sample)

    @property
    def recipe(self) -> dict[str, Any]:
        """What must be the same when the scan is gone on with: not the number of shards, which no row depends on."""
        return {"sample": self.sample, "batches a block": self.cut.block, "blocks a unit": self.cut.unit}

    @property
    def bytes(self) -> float:
        """Of memory that a worker takes beside the network: of each place the sums of its units, a block of rows and
        its sample."""
        levels = self.cut.units_a_shard(self.most).bit_length()
        nodes = [_node(part) for part in self.parts]
        rows = sum(12.0 * ROWS * part.columns + self._sampled(part) for part in self.parts)
        return levels * sum(nodes) + 2 * max(nodes, default=0.0) + rows

    @property
    def seconds(self) -> float:
        """Of one core for a checkpoint, beside its forwards: sums over all rows, then measurements of the sample."""
        found = 0.0
        for part in self.parts:
            n, k = part.rows[-1], max(part.variables.values(), default=2)
            found += n * (1e-6 + 1.5e-10 * part.columns**2) + 5e-8 * BUCKETS * part.columns**2
            for measurement in self.measurements:
                times = max(1, len(part.variables)) if "labels" in measurement.needs else part.of_rows
                found += times * measurement.cost(min(n, self.sample), part.columns, k).seconds
        return found

    @property
    def stored(self) -> float:
        """Bytes on disk of one checkpoint's shards, until its rows are made."""
        return sum(len(self.shards) * _node(part) + self._sampled(part) for part in self.parts)

    def _sampled(self, part: StatePart) -> float:
        return 4.0 * min(self.sample, part.rows[-1]) * part.columns

    def afford(self) -> None:
        """Refuse what takes more memory than there may be.

        Raises
        ------
        InputError: it does.
        """
        widest = max(self.widths, key=lambda site: self.widths[site])
        what = f"one pass over {counted(len(self.widths), 'place')} of up to {self.widths[widest]:,} columns"
        remedy = f"read places narrower ({widest.partition('@sketch')[0]}@sketch(256)) or fewer of them"
        memory.afford(self.bytes, what, remedy)

    @property
    def words(self) -> str:
        """For the line that says what there is to do."""
        return f"in {counted(len(self.shards), 'shard')} of one pass, up to {memory_in_words(self.stored)} on disk"

    def work(
        self, folder: Path, network: str, replays: Callable[[RunFolder, str], Any], sites: Sequence[str] = ()
    ) -> ShardWork:
        """What workers do, of a scan at all places, or at ``sites`` alone."""
        plans = [MeasurePlan.of(measurement, tuple(sites)) for measurement in self.measurements]
        doubts = self.evaluated.doubts
        return ShardWork(folder, network, plans, replays, self.cut, self.shards, self.parts, self.sample, doubts)


def measured_later(
    folder: RunFolder, network: str, replay: Any, plan: MeasurePlan, replays: Callable[[RunFolder, str], Any]
) -> ShardWork | None:
    """What workers do of ``plan`` in a run that was scanned in shards; None of another run, and of a measurement that
    cannot be read so, for which all rows of a checkpoint are held.

    Raises
    ------
    InputError: it takes more memory than there may be.
    """
    about = folder.manifest()["networks"][network]
    recipe = about.get("recipe", {}).get(ONE_PASS)
    if recipe is None or readable(plan.measurement):
        return None
    sites = replay.named(plan.sites)
    replay.load(replay.trajectory.steps[0])
    evaluated, batch_size = replay.evaluated, about["recipe"]["batch_size"]
    widths, chosen, _ = first_batch(replay.model, evaluated.inputs, sites, batch_size)
    check_padding(replay.model, evaluated, sites)
    asked = ShardPlan(evaluated, shared(chosen), widths, [plan.measurement], batch_size, MANY, recipe["sample"])
    asked.afford()
    return asked.work(folder.path.absolute(), network, replays, sites)


def _node(part: StatePart) -> float:
    return 8.0 * BUCKETS * part.columns * (part.columns + sum(part.variables.values()) + 2)


def asked_for(
    shards: int | None,
    there: Mapping[str, Any] | None,
    measurements: Sequence[Measurement],
    rows: Mapping[str, int],
    widths: Mapping[str, int],
) -> int:
    """How many shards at most; 0 where all rows of a checkpoint are held at once.

    shards: as a person says it, None to leave it open. there: the recipe of the run that is gone on with, which then
    decides. Else it is whether all ``rows`` of the places with their ``widths`` fit into the memory that there is.
    """
    if shards is not None:
        return shards
    if there is not None:
        return MANY if ONE_PASS in there else 0
    held, most = sum(4.0 * rows[site] * widths[site] for site in rows), memory.budget()
    if held <= most:
        return 0
    if why := next((reason for reason in [readable(one) for one in measurements] if reason), ""):
        say(
            f"infoscope: the rows of a checkpoint take {memory_in_words(held)} and there are {memory_in_words(most)}; "
            f"they cannot be read in shards, since {why}"
        )
        return 0
    return MANY
