"""One case judged: the source is drawn, the subject answers, the clock is read."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import numpy as np

from infoscope.benchmark.cases import Case, Subject, fingerprint
from infoscope.benchmark.records import Row
from infoscope.core.errors import InfoscopeError
from infoscope.core.estimate import Estimate
from infoscope.data.source import find_source

WARMING_ROWS = 200
_warm: set[Any] = set()


def judge(case: Case) -> Row:
    """The row that answers ``case``. Whatever the subject raises becomes a status with its words, never an error here.

    The first answer of a subject to a kind of problem in a process pays for imports and compilation; so one about
    a few rows goes before it, which is counted nowhere.
    """
    row = blank(case)
    begun = time.process_time()
    x, y = find_source(case.source).sample(case.n, case.seed)
    drawing = time.process_time() - begun
    answer = _prepared(case.subject, x, y)
    np.random.seed(case.seed)  # noqa: NPY002 - some peers add their noise from the global generator
    cpu, wall = time.process_time(), time.perf_counter()
    try:
        found = answer(x, y)
    except InfoscopeError as reason:
        found, row["status"], row["notes"] = None, "REFUSED", str(reason)
    except Exception as reason:  # somebody else's code: a defect there is a result here
        found, row["status"], row["notes"] = None, "BROKEN", f"{type(reason).__name__}: {reason}"
    row["cpu_seconds"], row["wall_seconds"] = time.process_time() - cpu, time.perf_counter() - wall
    if isinstance(found, Estimate):
        row |= {"value": found.value, "level": found.level, "interval_kind": found.interval_kind, "bound": found.bound}
        row |= {"status": found.status.name, "notes": "; ".join(found.notes)}
        row["low"], row["high"] = found.interval or (None, None)
    elif found is not None and np.isfinite(found):
        row |= {"value": float(found), "status": "OK", "bound": "none"}
    elif found is not None:
        row |= {"status": "BROKEN", "notes": f"the answer was {found}"}
    row["busy_seconds"] = drawing + row["cpu_seconds"]
    return row


def blank(case: Case) -> Row:
    """A row with what is known before there is an answer."""
    source = find_source(case.source)
    return {
        "purpose": case.purpose,
        "who": case.subject.who,
        "estimator": case.subject.name,
        "options": case.subject.options,
        "source": case.source,
        "n": case.n,
        "seed": case.seed,
        "kind": source.kind,
        "dx": source.dx,
        "dy": source.dy,
        "truth": source.truth,
        "code": fingerprint(case.subject.who, case.subject.name),
    }


def _prepared(subject: Subject, x: np.ndarray, y: np.ndarray) -> Any:
    """The subject's answering function, warmed up for such a problem."""
    answer = subject.make().mutual_information
    such = (subject, y.ndim, x.shape[1] == 1)
    if such not in _warm:
        _warm.add(such)
        with suppress(Exception):  # what is wrong with it will be seen when it counts
            answer(x[:WARMING_ROWS], y[:WARMING_ROWS])
    return answer
