"""What an engine runs: a job is a piece of some work, and what it finds is one file."""

from __future__ import annotations

import json
import pickle
import sys
import traceback
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from infoscope.core import memory
from infoscope.core.errors import InfoscopeError, InputError
from infoscope.core.progress import silent
from infoscope.core.refusals import out_of_memory
from infoscope.core.turns import Shared, new_key, over, sharing
from infoscope.engine.job_file import Written


class Work(Protocol):
    """What jobs are pieces of. It is pickled, since it goes to whoever does it: another process, another machine."""

    def begin(self) -> Callable[[Any], Written]:
        """What a worker does once, before the first job of this work, such as building a network.

        Returns what does one job: it takes the job's argument and answers what is written into the job's file.
        """
        ...


@dataclass(frozen=True, eq=False)
class Job:
    """One piece of ``work``.

    name: what sentences call it. argument: which piece, pickled with it. file: where the answer goes; it is there when
    the job is done, and not before. near: jobs of one value are done in less time by a worker that has just done
    another of them, such as pieces of one checkpoint.
    """

    name: str
    work: Work
    argument: Any
    file: Path
    near: Hashable = None


class Failure(NamedTuple):
    """Why a job has no file: a sentence, and the traceback where it was no refusal of infoscope's."""

    sentence: str
    trace: str = ""

    @classmethod
    def of(cls, reason: BaseException) -> Failure:
        """What was raised, for who reads it in another process."""
        if isinstance(reason, InfoscopeError):
            return cls(str(reason))
        short = out_of_memory(reason)
        if short is not None:
            return cls(f"a worker had not enough memory ({short}): take fewer workers, or ask for less at a time")
        last = traceback.extract_tb(reason.__traceback__)[-1]
        where = f"{Path(last.filename).name}, line {last.lineno}"
        first = str(reason).strip().splitlines()
        said = f"{type(reason).__name__}: {first[0] if first else 'nothing was said'} ({where})"
        return cls(said, "".join(traceback.format_exception(type(reason), reason, reason.__traceback__)))


class EndedJob(NamedTuple):
    """A job that is over: its answer is in its file, or there is none and ``failure`` says why."""

    job: Job
    failure: Failure | None = None


class JobWorker:
    """What does jobs, one after the other; it keeps what its work has begun with for as long as that is the same."""

    def __init__(self) -> None:
        self._packed, self._shared = b"", Shared(None, 1, "", False)
        self._do: Callable[[Any], Written] | None = None

    def perform(self, packed: bytes, argument: bytes, file: str) -> Failure | None:
        """Do one job and write its file. ``packed``, ``argument``: pickled, by :class:`Packing`."""
        try:
            work = None
            if packed != self._packed:
                self._do, self._packed = None, b""  # before the next is there, since it may hold a network
                path, self._shared, work = pickle.loads(packed)
                sys.path += [place for place in path if place not in sys.path]  # where it may be imported from
            with silent(), sharing(self._shared):
                if work is not None:
                    self._do, self._packed = pickle.loads(work).begin(), packed
                assert self._do is not None
                self._do(pickle.loads(argument)).write(Path(file))
        except Exception as reason:
            return Failure.of(reason)
        return None


class Packing:
    """Pickles what goes to a worker, each work once.

    workers: of how many that share a machine's memory. dumps: of what pickles, such as that of cloudpickle. spread:
    they may work on several machines, a processor each.
    """

    def __init__(self, workers: int, dumps: Callable[[Any], bytes] = pickle.dumps, *, spread: bool = False) -> None:
        self._dumps, self._workers, self._spread, self._key = dumps, workers, spread, new_key()
        self._work: tuple[Work, bytes] | None = None

    @property
    def shared(self) -> Shared:
        """The memory that the workers are told of: what this process may take now."""
        return Shared(memory.said(), self._workers, self._key, self._spread)

    def packed(self, job: Job) -> tuple[bytes, bytes, str]:
        """The arguments of :meth:`JobWorker.perform`.

        Raises
        ------
        InputError: something in it cannot go to another process.
        """
        try:
            if self._work is None or self._work[0] is not job.work:
                self._work = job.work, pickle.dumps((sys.path, self.shared, self._dumps(job.work)))
            return self._work[1], self._dumps(job.argument), str(job.file)
        except (pickle.PicklingError, TypeError, AttributeError) as reason:
            raise InputError(
                f"{job.name} cannot be handed to another process ({reason}): pass functions and classes by their names "
                "in a module, no lambda and nothing that was made inside a function, or leave engine= out"
            ) from reason

    def over(self) -> None:
        """Its workers have ended."""
        over(self.shared)


def plain(about: Mapping[str, Any]) -> dict[str, Any]:
    """``about`` as it comes back from a file."""
    return json.loads(json.dumps(dict(about), default=list))
