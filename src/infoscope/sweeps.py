"""A training function of one's own over seeds and hyper-parameters: each training in its own watch, read as members."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import EngineError, InputError, RunFolderError, near_keywords
from infoscope.core.files import atomic
from infoscope.core.folder import JOBS, RunFolder
from infoscope.core.progress import progress
from infoscope.core.provenance import fingerprint
from infoscope.runs import Joined, Run, load
from infoscope.watching import watch

if TYPE_CHECKING:
    from infoscope.engine.engine import Engine
    from infoscope.engine.job_file import JobAnswer

FAILED = "failed"  # the folder of tracebacks
_LONGEST = 100  # letters of a folder's name


@dataclass(frozen=True)
class SweptTraining:
    """One training of a sweep.

    parameters: the hyper-parameters, by name. network: how its rows call them. member, seed: which copy of it. path:
    of its run. outcome: ``ran`` (now), ``done`` (before), ``failed`` or ``remains``. reason: why it failed, or was not
    begun.
    """

    parameters: Mapping[str, Any]
    network: str
    member: int
    seed: int
    path: Path
    outcome: str = "remains"
    reason: str = ""


@dataclass(frozen=True)
class Sweep:
    """What :func:`sweep` has come to: every training, in order."""

    out: Path
    trainings: tuple[SweptTraining, ...]

    def of(self, *outcomes: str) -> list[SweptTraining]:
        """Those that ``"ran"``, were ``"done"`` before, have ``"failed"``, or that which ``"remains"``."""
        return [one for one in self.trainings if one.outcome in outcomes]

    @property
    def runs(self) -> list[Run]:
        """The runs that there are."""
        return [load(one.path) for one in self.of("ran", "done")]

    @property
    def joined(self) -> Joined:
        """The runs as one: a network each combination of hyper-parameters, a member each seed.

        Raises
        ------
        RunFolderError: fewer than two runs are there, or they were not watched alike.
        """
        return Joined(self.runs)


@near_keywords
def sweep(
    train: Callable[..., Any],
    *,
    seeds: int | Sequence[int] = 3,
    parameters: Mapping[str, Sequence[Any]] | None = None,
    out: str | os.PathLike[str] = "runs/sweep",
    engine: str | Engine | None = None,
    workers: int | None = None,
    engine_config: str | os.PathLike[str] | None = None,
) -> Sweep:
    """Train a network of your own under several seeds and hyper-parameters, each training in a watch of its own.

    train: ``train(watch, seed, **parameters)``. It builds and trains, and records with the watch that it is handed,
        which is :func:`watch` but for the folder and the name of the run: ``with watch(model, inputs, variables) as
        scope``, then ``scope.step(step)``. Before it is called, torch's, NumPy's and Python's random numbers begin from
        ``seed``, so that a training is the same whoever does it.
    seeds: how many, from 0 on, or which. parameters: the values of each, of which all combinations are trained.
    out: the folder of the runs. engine, workers, engine_config: who does it, a training a job, as of
        :func:`open_engine`; by default this process.

    What is done is not done again, and a training that fails ends no other; its traceback lies in ``out``/failed.
    Called again, failed ones are tried again.

    Example
    -------
    >>> def train(watch, seed, width):
    ...     x = torch.linspace(-1, 1, 60)[:, None]
    ...     model = torch.nn.Sequential(torch.nn.Linear(1, width), torch.nn.Tanh())
    ...     with watch(model, x, {"sign": (x[:, 0] > 0).long()}, ["effective_rank"]) as scope:
    ...         scope.step(0)
    >>> found = iscope.sweep(train, seeds=2, parameters={"width": [2, 4]}, out="runs/widths")
    >>> [(one.network, one.seed, one.outcome) for one in found.trainings]
    [('width=2', 0, 'ran'), ('width=2', 1, 'ran'), ('width=4', 0, 'ran'), ('width=4', 1, 'ran')]
    >>> found.joined.rows.unique("network")
    ['width=2', 'width=4']

    Raises
    ------
    InputError: no seeds, a seed or a value twice, or ``train`` is no function. BusyError: another sweep writes to
        ``out``. RunFolderError: ``out`` holds a run. UnknownNameError, MissingPackageError: as of :func:`open_engine`.
    """
    from infoscope.engine.in_order import in_order
    from infoscope.engine.job import Failure, Job
    from infoscope.engine.opening import open_engine

    if not callable(train):
        raise InputError(f"train is a {type(train).__name__}, wanted a function: train(watch, seed, **parameters)")
    folder = check.path(out, "out")
    wanted = list(_trainings(_seeds(seeds), parameters or {}, folder))
    if (folder / "run.json").exists():
        raise RunFolderError(f"{folder} holds a run, and a sweep is a folder of runs: pass another out=")
    with open_engine(engine or "here", workers, engine_config) as there, RunFolder(folder).writing():
        assert there is not None
        found = {one.path: _replaced(one, "done") for one in wanted if _done(one)}
        left = [one for one in wanted if one.path not in found]
        work = _Trainings(train, folder.absolute())
        jobs = [Job(f"{one.network}, seed {one.seed}", work, _said(one), _file(one).absolute()) for one in left]
        try:
            with progress(f"sweeping {folder}", len(wanted), len(wanted) - len(left)) as shown:
                for (job, answer), one in zip(in_order(there, jobs, RunFolder(folder).beat), left, strict=True):
                    if isinstance(answer, Failure):
                        job.file.unlink(missing_ok=True)
                        _tell(one, answer)
                        found[one.path] = _replaced(one, "failed", answer.sentence)
                    else:
                        found[one.path] = _replaced(one, "ran")
                    shown.advance()
        except EngineError as reason:  # the rest remains
            wanted = [_replaced(one, "remains", str(reason)) for one in wanted]
    return Sweep(folder, tuple(found.get(one.path, one) for one in wanted))


def _replaced(one: SweptTraining, outcome: str, reason: str = "") -> SweptTraining:
    return dataclasses.replace(one, outcome=outcome, reason=reason)


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    found = list(range(check.count(seeds, "seeds"))) if isinstance(seeds, int) else list(seeds)
    if not found or len(set(found)) < len(found):
        raise InputError(f"seeds is {seeds!r}, wanted at least one, each once: pass seeds=8, or seeds=[3, 5]")
    return [check.count(seed, "a seed", 0) for seed in found]


def _trainings(seeds: Sequence[int], parameters: Mapping[str, Sequence[Any]], out: Path) -> Iterator[SweptTraining]:
    """All that are asked for, seeds fastest."""
    for name, values in parameters.items():
        if name in ("watch", "seed"):
            raise InputError(f"a hyper-parameter is called {name!r}, which the sweep hands over itself: rename it")
        several = isinstance(values, Sequence) and not isinstance(values, str)
        if not several or not values or len({repr(value) for value in values}) < len(values):
            raise InputError(f"the values of {name} are {values!r}, wanted several, each once: pass {name}=[0.1, 0.01]")
    for values in itertools.product(*parameters.values()):
        chosen = dict(zip(parameters, values, strict=True))
        network = ",".join(f"{name}={value}" for name, value in chosen.items()) or "model"
        for member, seed in enumerate(seeds):
            yield SweptTraining(chosen, network, member, seed, out / _folder(network, seed))


def _folder(network: str, seed: int) -> str:
    plain = re.sub(r"[^\w.=,+-]+", "_", network)
    if plain != network or len(plain) > _LONGEST:
        plain = f"{plain[:_LONGEST]}-{fingerprint(network)[:6]}"
    return f"{plain}-seed{seed}"


def _file(one: SweptTraining) -> Path:
    from infoscope.engine.job_file import ENDING

    return one.path.parent / JOBS / f"{one.path.name}{ENDING}"


def _said(one: SweptTraining) -> dict[str, Any]:
    about = {"network": one.network, "member": one.member, "seed": one.seed, "path": str(one.path.absolute())}
    return {**about, "parameters": dict(one.parameters)}


def _done(one: SweptTraining) -> bool:
    """Whether its job has its file, and its run is there."""
    from infoscope.engine import job_file

    file = _file(one)
    return file.exists() and job_file.read(file) is not None and (one.path / "run.json").exists()


def _tell(one: SweptTraining, failure: Any) -> None:
    with atomic(one.path.parent / FAILED / f"{one.path.name}.txt") as temporary:
        temporary.write_text(f"{failure.sentence}\n\n{failure.trace}", encoding="utf-8")


@dataclass(frozen=True, eq=False)
class _Trainings:
    """What workers do: call ``train`` with a watch of its own."""

    train: Callable[..., Any]
    out: Path

    def begin(self) -> Callable[[Mapping[str, Any]], JobAnswer]:
        return self._trained

    def _trained(self, one: Mapping[str, Any]) -> JobAnswer:
        import torch

        from infoscope.engine.job_file import JobAnswer

        path, seed = Path(one["path"]), one["seed"]
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - a user's function may draw from it
        torch.manual_seed(seed)
        where = {"out": path, "network": one["network"], "member": one["member"], "seed": seed, "overwrite": True}
        self.train(functools.partial(watch, **where), seed, **one["parameters"])
        if not (path / "run.json").exists():
            raise InputError(
                f"the training {one['network']}, seed {seed} has ended and recorded nothing: use the watch that it is "
                "handed, with watch(model, inputs, variables) as scope"
            )
        (path.parent / FAILED / f"{path.name}.txt").unlink(missing_ok=True)
        return JobAnswer(json.loads(json.dumps(dict(one), default=str)))
