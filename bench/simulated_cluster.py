"""Time lost on a cluster whose workers die, by the scheduler that engines use, under a clock that only counts.

    python bench/simulated_cluster.py

150 checkpoints × 64 shards of samples are jobs of 16 workers. The pool below is that of `processes` and `ray`; only its
workers are numbers, and what they do takes the time that it says.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from infoscope.core.progress import silent
from infoscope.engine.engine import Event, Pool
from infoscope.engine.job import Failure, Job
from infoscope.engine.job_file import JobAnswer


@dataclass(frozen=True)
class Cluster:
    """Seconds, and mean seconds between the deaths of one worker; a node of four workers dies as a whole."""

    checkpoints: int = 150
    shards: int = 64
    workers: int = 16
    job: float = 30.0  # spread evenly by a third to either side
    load: float = 60.0  # of a checkpoint that the worker has not loaded last
    start: float = 20.0  # of a new worker
    between_deaths: float = float("inf")
    node: int = 4  # workers that die together
    seed: int = 0


class SimulatedWork:
    """Work that nobody does."""

    def begin(self):
        return lambda argument: JobAnswer({})


class SimulatedPool(Pool):
    """The pool, its workers numbers, its clock ``now``."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.workers, None, {})
        self.cluster, self.now = cluster, 0.0
        self.loads = self.deaths = self.begun = 0
        self.wasted = 0.0  # seconds of workers: of jobs cut off, of loading and of starting
        self._random = np.random.default_rng(cluster.seed)
        self._loaded: dict[Hashable, Hashable] = {}
        self._free_at: dict[Hashable, float] = {}
        self._work: dict[Hashable, tuple[float, float]] = {}  # of each busy worker when it began and will end
        self._node_dies = [self._lifetime() for _ in range(-(-cluster.workers // cluster.node))]
        self._node_of: dict[Hashable, int] = {}

    def _lifetime(self) -> float:
        mean = self.cluster.between_deaths
        return float(self._random.exponential(mean)) if np.isfinite(mean) else float("inf")

    def _begin(self) -> Hashable:
        worker, self.begun = self.begun, self.begun + 1
        living = list(self._node_of.values())
        node = min(range(len(self._node_dies)), key=living.count)
        self._node_of[worker], self._free_at[worker] = node, self.now + self.cluster.start
        self.wasted += self.cluster.start
        return worker

    def _hand(self, worker: Hashable, job: Job) -> None:
        spread = 1 + (self._random.random() - 0.5) * 2 / 3
        begins = max(self.now, self._free_at[worker])
        loading = self.cluster.load * (self._loaded.get(worker) != job.near)
        self.loads += loading > 0
        self.wasted += loading
        self._loaded[worker] = job.near
        self._work[worker] = begins, begins + loading + self.cluster.job * spread

    def _events(self, busy: Sequence[Hashable]) -> Sequence[Event]:
        worker = min(busy, key=lambda each: self._work[each][1])
        node = int(np.argmin(self._node_dies))
        if self._node_dies[node] < self._work[worker][1]:
            return self._died(node, busy)
        self.now = self._free_at[worker] = self._work.pop(worker)[1]
        return [Event(worker)]

    def _died(self, node: int, busy: Sequence[Hashable]) -> Sequence[Event]:
        self.now = max(self.now, self._node_dies[node])
        self._node_dies[node] = self.now + self._lifetime()
        gone = [worker for worker in busy if self._node_of[worker] == node]
        self.deaths += len(gone)
        self.wasted += sum(max(0.0, self.now - self._work[worker][0]) for worker in gone)
        return [Event(worker, lost="is gone with its node") for worker in gone]

    def _end(self, worker: Hashable) -> None:
        self._node_of.pop(worker, None)
        self._work.pop(worker, None)


def jobs_of(cluster: Cluster) -> Iterator[Job]:
    """A job a shard of each checkpoint."""
    work = SimulatedWork()
    for step in range(cluster.checkpoints):
        for shard in range(cluster.shards):
            yield Job(f"shard {shard} of step {step}", work, (step, shard), Path(f"{step}-{shard}.job"), near=step)


@dataclass(frozen=True)
class Told:
    """What a simulation came to: jobs that were done, and that failed; hours until all were; how often a checkpoint was
    loaded; workers that were lost; lost: the share of the workers' time that did no job that counted."""

    done: int
    failures: tuple[Failure, ...]
    hours: float
    loads: int
    deaths: int
    lost: float


def simulated(cluster: Cluster) -> Told:
    """Every job through the real pool."""
    pool = SimulatedPool(cluster)
    for job in jobs_of(cluster):
        pool.submit(job)
    ended = list(pool.results())
    assert len({one.job for one in ended}) == len(ended) == cluster.checkpoints * cluster.shards
    failures = tuple(one.failure for one in ended if one.failure is not None)
    useful = cluster.job * (len(ended) - len(failures))
    return Told(
        len(ended) - len(failures),
        failures,
        pool.now / 3600,
        pool.loads,
        pool.deaths,
        1 - useful / (pool.now * cluster.workers),
    )


def main() -> None:
    print(f"{'a node dies every':>20} {'hours':>7} {'lost workers':>13} {'loads':>6} {'failed':>7} {'time lost':>10}")
    for hours in (float("inf"), 24.0, 6.0, 2.0, 0.5):
        with silent():
            told = simulated(dataclasses.replace(Cluster(), between_deaths=3600 * hours))
        often = "never" if hours == float("inf") else f"{hours:g} h"
        line = f"{often:>20} {told.hours:7.2f} {told.deaths:13} {told.loads:6} {len(told.failures):7}"
        print(f"{line} {told.lost:10.1%}")


if __name__ == "__main__":
    main()
