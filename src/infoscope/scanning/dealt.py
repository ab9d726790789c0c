"""A pass over a trajectory that is dealt to the workers of an engine: a job is some of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from infoscope.core.folder import JOBS, RunFolder
from infoscope.core.progress import progress
from infoscope.core.provenance import fingerprint
from infoscope.core.rows import Rows
from infoscope.core.session import Journal
from infoscope.core.workers_view import WorkersView
from infoscope.engine import job_file
from infoscope.engine.engine import Engine
from infoscope.engine.in_order import in_order, told
from infoscope.engine.job import Failure, Job, Work
from infoscope.engine.job_file import JobAnswer
from infoscope.record.referred import ORIGINS
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.one_pass import measure, steps_missing
from infoscope.scanning.recorded_ranges import RecordedRanges
from infoscope.scanning.replay import Replay

#: Jobs a worker, so that at the end none waits long for the others.
JOBS_A_WORKER = 8


@dataclass(frozen=True, eq=False)
class DealtPass:
    """What workers do of a pass: ``plans`` at some steps of ``network`` in the run at ``folder``.

    replay_of: makes the replay of a network of a run, named; it is called in the worker. also: measured there beside
    the plans, such as learning curves.
    """

    folder: Path
    network: str
    plans: Sequence[MeasurePlan]
    replay_of: Callable[[RunFolder, str], Any]
    also: Callable[[WorkersView, str, Any, Rows, Sequence[int]], None] | None = None

    @property
    def asked(self) -> Any:
        """What tells its jobs from those of other passes over the same run."""
        return [self.network, [[plan.measurement.id, plan.measurement.options] for plan in self.plans]]

    def begin(self) -> Callable[[Sequence[int]], JobAnswer]:
        """Build the network and read what there is, once; then answer the rows of some steps."""
        folder = WorkersView(self.folder)
        replay: Replay = self.replay_of(folder, self.network)
        ranges, there = RecordedRanges(replay), folder.rows()

        def measured(steps: Sequence[int]) -> JobAnswer:
            if self.also is not None:
                self.also(folder, self.network, replay, there.filter(network=self.network), steps)
            measure(
                folder, self.network, replay, self.plans, "", lambda other: self.replay_of(folder, other),
                there=there, at=steps, ranges=ranges,
            )  # fmt: skip
            rows, shares = folder.taken()
            origins = folder.manifest()["networks"][self.network].get(ORIGINS, {})
            return answer(
                folder, self.network, rows, shares, {str(n): origins[str(n)] for n in steps if str(n) in origins}
            )

        return measured


def identity(folder: RunFolder) -> str:
    """What tells a run from another one that was in its folder before."""
    content = folder.manifest()
    return fingerprint([content.get(name) for name in ("started", "seeds", "measures", "evaluation", "figure")])


def taken_over(folder: RunFolder) -> None:
    """Take what jobs of an earlier session have found into the run; what they left half done goes.

    For the one writer of the run, before it looks at what is missing.
    """
    taking, kept = Taking(folder), identity(folder) if folder.manifest_path.exists() else ""
    for path, answer in job_file.found(folder.path / JOBS):
        if answer is None or answer.about.get("of") != kept or not answer.tables:
            path.unlink(missing_ok=True)
        else:
            taking.take((path, answer))
    taking.flush()
    with suppress(OSError):
        (folder.path / JOBS).rmdir()


class Taking(Journal[tuple[Path, JobAnswer]]):
    """Takes answers into a run, in the order in which they come: what is told of checkpoints, shares, then rows.

    Killed in between, the rows are there twice and are read once.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__(self._written, folder.beat)
        self._folder = folder

    def _written(self, waiting: list[tuple[Path, JobAnswer]]) -> None:
        if not waiting:
            return
        networks = self._folder.manifest()["networks"]
        changed = False
        for _, answer in waiting:
            about = networks.get(answer.about["network"], {})
            if origins := answer.about[ORIGINS]:
                networks = {**networks, answer.about["network"]: {**about, ORIGINS: {**about[ORIGINS], **origins}}}
                changed = True
        if changed:
            self._folder.update({"networks": networks})
        rows = Rows.concat([Rows.stored(answer.tables[0]) for _, answer in waiting])
        self._folder.append_answers(rows, [answer.tables[1] for _, answer in waiting])
        for path, _ in waiting:
            path.unlink(missing_ok=True)
        with suppress(OSError):  # others wait in it still
            (self._folder.path / JOBS).rmdir()


def measure_dealt(
    engine: Engine,
    folder: RunFolder,
    replay: Replay,
    work: DealtPass,
    label: str,
    *,
    more: Iterable[int] = (),
    each: int | None = None,
) -> None:
    """Append rows of all plans of ``work`` at every recorded step that lacks them, as jobs of ``engine``.

    replay: of the same network, here. more: steps at which what is measured beside the plans is lacking. each: steps a
    job; by default as many as leave every worker several jobs.

    Raises
    ------
    EngineError: jobs failed, after the others were done; or workers cannot be had.
    """
    there = folder.rows()
    steps = steps_missing(folder, work.network, replay, work.plans, lambda other: work.replay_of(folder, other), there)
    steps = sorted({*steps, *more})
    carry_out(engine, folder, work, cut(steps, engine, each), label, len(replay.trajectory.steps))


def cut(pieces: Sequence[int], engine: Engine, each: int | None = None) -> list[Sequence[int]]:
    """``pieces`` in runs of ``each``, or of as many as leave every worker several runs."""
    each = each or max(1, -(-len(pieces) // (JOBS_A_WORKER * engine.workers)))
    return [pieces[start : start + each] for start in range(0, len(pieces), each)]


def answer(
    folder: RunFolder, network: str, rows: Rows, shares: pa.Table, origins: Mapping[str, Any] | None = None
) -> JobAnswer:
    """What a job has found of one network of a run, for :class:`Taking`. origins: of checkpoints, by step."""
    return JobAnswer({"of": identity(folder), "network": network, ORIGINS: dict(origins or {})}, (rows.table, shares))


class WorkOnRun(Work, Protocol):
    """Work on a run, in pieces that are numbers. asked: what tells its jobs from those of other work on the same run,
    as JSON."""

    @property
    def asked(self) -> Any: ...


def carry_out(
    engine: Engine,
    folder: RunFolder,
    work: WorkOnRun,
    pieces: Sequence[Sequence[int]],
    label: str,
    total: int,
    what: str = "step",
) -> None:
    """Have ``pieces`` of ``work`` done, each a job, and take what they find into the run, in their order.

    total: of which the pieces are the rest. what: one number of a piece in words.

    Raises
    ------
    EngineError: jobs failed, after the others were done; or workers cannot be had.
    """
    of = work.asked
    jobs = [
        Job(f"{_words(piece, what)} of {folder.path}", work, piece, new_file(folder, of, piece)) for piece in pieces
    ]
    failures: list[tuple[Job, Failure]] = []
    taking = Taking(folder)
    with progress(label, total, total - sum(map(len, pieces))) as shown:
        try:
            for job, found in in_order(engine, jobs, folder.beat):
                if isinstance(found, Failure):
                    failures.append((job, found))
                else:
                    taking.take((job.file, found))
                if taking.due:
                    taking.flush()
                shown.advance(len(job.argument))
        finally:
            taking.flush()
    if failures:
        raise told(failures, len(jobs))


def new_file(folder: RunFolder, *asked: Any) -> Path:
    """Where a job of a run puts what it finds: equal for what is asked again, of which another may be at work still."""
    return (folder.path / JOBS / f"{fingerprint([identity(folder), *asked])}{job_file.ENDING}").absolute()


def _words(piece: Sequence[int], what: str) -> str:
    return f"{what} {piece[0]}" if len(piece) == 1 else f"{what}s {piece[0]} to {piece[-1]}"
