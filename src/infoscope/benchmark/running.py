"""Run a plan: whoever has used the fewest CPU seconds is asked next, and a killed run goes on where it stopped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from infoscope.benchmark import records, results
from infoscope.benchmark.cases import Case, Plan, Subject, fingerprint, plan, rung
from infoscope.benchmark.judging import judge
from infoscope.benchmark.records import Row
from infoscope.benchmark.summary import summarise
from infoscope.benchmark.workers import Workers
from infoscope.core.folder import RunFolder
from infoscope.core.progress import Progress, progress
from infoscope.core.provenance import provenance
from infoscope.core.session import Journal
from infoscope.data.source import find_source

WORKERS = 2
TRIED = 3  # answers without an interval after which nobody's coverage is asked for any more


class Here:
    """Answers in this process, one case at a time; stands in for :class:`infoscope.benchmark.workers.Workers`."""

    def __init__(self, judged: Callable[[Case], Row] = judge) -> None:
        self._judged, self._waiting = judged, deque[Case]()

    @property
    def busy(self) -> int:
        return len(self._waiting)

    @property
    def free(self) -> int:
        return 1 - self.busy

    def start(self, case: Case) -> None:
        self._waiting.append(case)

    def finished(self) -> list[tuple[Case, Row]]:
        case = self._waiting.popleft()
        return [(case, self._judged(case))]


@dataclass
class _Workload:
    """What one subject still has to answer at one n, and what that has cost.

    Sources are dealt by kind and width, so that who is slow on wide ones meets the narrow too, and the wide not only
    where time is left; of the headline one source is a workload.
    """

    subject: Subject
    n: int
    left: deque[Case] = field(default_factory=deque)
    spent: float = 0.0
    answers: int = 0
    flying: int = 0
    intervals: int = 0
    smaller: _Workload | None = None

    @property
    def foreseen(self) -> float:
        """What one more answer will cost, judging by those given and else by those at the next smaller n."""
        if self.answers:
            return self.spent / self.answers
        return self.smaller.foreseen * self.n / self.smaller.n if self.smaller else 0.0

    @property
    def committed(self) -> float:
        return self.spent + self.flying * self.foreseen

    def take(self, row: Row) -> None:
        """Account for one answer."""
        self.spent += row["busy_seconds"]
        self.answers += 1
        self.intervals += row.get("level") is not None
        if row["purpose"] == "coverage" and self.answers >= TRIED and not self.intervals:
            self.left.clear()


def run(plan: Plan, folder: Path, workers: Any) -> list[Row]:
    """Answer the cases of ``plan`` that ``folder`` holds no answer to, as far as the budget goes; all rows of the plan.

    Rows are stored every few seconds, so that a run killed at any moment goes on with the same command. Answers given
    by code that has changed since are asked for again. Each purpose has CPU seconds to spend; they are shared by
    max-min fairness: the subject, n, kind and width that have used the least go next, so that the fast finish
    everything and the slow meet as many sources as an equal share of the rest allows.

    Raises
    ------
    RunFolderError: another process writes here, or a stored part is damaged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with RunFolder(folder).writing():
        listed = records.about(folder).get("parts", {})
        records.tell(folder, {**provenance(), "skipped": plan.skipped, "parts": listed})
        wanted = set(plan.cases)
        done = {}
        for row in records.stored(folder):
            case = records.case_of(row)
            if case in wanted and row["code"] == fingerprint(row["who"], row["estimator"]):
                done[case] = row
        for purpose, budget in plan.preset.budget.items():
            workloads = _workloads([case for case in plan.cases if case.purpose == purpose], done)
            total = budget or sum(len(workload.left) + workload.answers for workload in workloads.values())
            before = sum(c.spent if budget else c.answers for c in workloads.values())
            with progress(f"bench, {purpose}", max(total, 1), before) as shown:
                _answer(workloads, budget, workers, folder, done, shown)
    return list(done.values())


def _answer(
    workloads: dict[Any, _Workload],
    budget: float | None,
    workers: Any,
    folder: Path,
    done: dict[Case, Row],
    shown: Progress,
) -> None:
    """Keep the workers busy until nothing is left or the budget is spent."""
    journal = Journal[Row](partial(records.append, folder), RunFolder(folder).beat)
    try:
        while True:
            while workers.free and (workload := _next(list(workloads.values()), budget)):
                workload.flying += 1
                workers.start(workload.left.popleft())
            if not workers.busy:
                return
            for case, row in workers.finished():
                workload = workloads[_key(case)]
                workload.flying -= 1
                workload.take(row)
                done[case] = row
                journal.take(row)
                shown.advance(min(row["busy_seconds"] if budget else 1, shown.total - shown.done))
            if journal.due:
                journal.flush()
    finally:
        journal.flush()


def _next(workloads: list[_Workload], budget: float | None) -> _Workload | None:
    """The workload that will have used the least after one more answer, among those whose answer fits the budget."""
    left = float("inf") if budget is None else budget - sum(workload.committed for workload in workloads)
    able = [workload for workload in workloads if workload.left and workload.foreseen <= left] if left > 0 else []
    return min(able, key=lambda workload: (workload.committed + workload.foreseen, workload.n), default=None)


def _key(case: Case) -> Any:
    apart = {"headline": case.source, "sources": rung(find_source(case.source))}
    return case.subject, case.n, apart.get(case.purpose)


def _workloads(cases: list[Case], done: dict[Case, Row]) -> dict[Any, _Workload]:
    workloads: dict[Any, _Workload] = {}
    for case in cases:
        workload = workloads.setdefault(_key(case), _Workload(case.subject, case.n))
        workload.left.append(case)
    for key, workload in workloads.items():
        lower = [c for k, c in workloads.items() if (k[0], k[2]) == (key[0], key[2]) and c.n < workload.n]
        workload.smaller = max(lower, key=lambda c: c.n, default=None)
        answered = [case for case in workload.left if case in done]
        workload.left = deque(case for case in workload.left if case not in done)
        for case in answered:
            workload.take(done[case])
    return workloads


def bench(
    preset: str = "laptop",
    estimators: Sequence[str] = (),
    sources: Sequence[str] = (),
    sizes: Sequence[int] = (),
    options: dict[str, Any] | None = None,
    with_peers: bool = True,
    out: Path | None = None,
    save_results: bool = False,
) -> dict[str, Any]:
    """Run a preset in worker processes and say what came of it; arguments as in :func:`infoscope.benchmark.cases.plan`.

    out: folder of the rows, ``runs/bench-<preset>`` where None. save_results: also into the package, for ``choose``;
        results of what was not asked stay.
    """
    planned = plan(preset, estimators, sources, sizes, options, with_peers)
    folder = out or Path("runs") / f"bench-{preset}"
    begun = time.monotonic()
    with Workers(WORKERS, planned.preset.limit) as workers:
        rows = run(planned, folder, workers)
    found = {
        "preset": preset,
        "folder": str(folder),
        "minutes": (time.monotonic() - begun) / 60,
        "answers": len(rows),
        "planned": len(planned.cases),
        "skipped": planned.skipped,
        **summarise(rows),
    }
    if save_results:
        about = {**provenance(), "preset": preset}
        found["saved"] = str(results.merge(results.source_results(rows), about))
    return found
