"""Jobs in actors of a Ray cluster."""

from __future__ import annotations

import os
import socket
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, cast

from infoscope.core.errors import EngineError, InputError
from infoscope.core.processors import ONE_THREAD
from infoscope.engine.engine import PATIENCE, Event, Pool
from infoscope.engine.job import Job, JobWorker, Packing
from infoscope.engine.packages import package

_ANSWERS = 5.0  # seconds in which a cluster has to answer
#: What workers on other machines need to know of this one's environment.
_HANDED_ON = ("INFOSCOPE_DATA", "HF_HOME", "HF_HUB_OFFLINE")


class Ray(Pool):
    """Actors of a Ray cluster, a processor each: ray, on this machine, or ray:ADDRESS, of a cluster that runs.

    Each loads its network once. All must see the files of the run and of the checkpoints under the same paths. A worker
    or a node that is lost costs the job that it had, which another one does again. The cluster stays as it is.

    >>> import functools
    >>> for step in (0, 100):
    ...     torch.save(torch.nn.Linear(3, 2).state_dict(), f"step-{step}.pt")
    >>> x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    >>> asked = {"measures": ["effective_rank"], "out": "run", "engine": "ray", "workers": 2}
    >>> run = iscope.scan("step-*.pt", functools.partial(torch.nn.Linear, 3, 2), x, {"y": x[:, 0] > 0}, **asked)
    >>> run.rows.unique("step")
    [0, 100]
    """

    package = "ray"
    takes_address = True
    scarce = True

    def __init__(self, workers: int, address: str | None, settings: Mapping[str, Any]) -> None:
        super().__init__(workers, address, settings)
        self._ray = package("ray", "the engine ray", "ray")
        self._ours = not self._ray.is_initialized()
        if self._ours:
            _connected(self._ray, address)
        elif address is not None and address != self._ray.get_runtime_context().gcs_address:
            there = self._ray.get_runtime_context().gcs_address
            raise InputError(f"this process is connected to Ray at {there}, and {address} arrived: leave it out")
        self.packing = Packing(workers, self._ray.cloudpickle.dumps, spread=True)
        handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        self._actor = self._ray.remote(JobWorker).options(
            num_cpus=1, max_restarts=0, runtime_env={"env_vars": {**handed_on, **ONE_THREAD}}
        )
        self._answers: dict[Any, Hashable] = {}  # of each answer that is to come who gives it

    def _begin(self) -> Hashable:
        return self._actor.remote()

    def _hand(self, worker: Hashable, job: Job) -> None:
        packed = self.packing.packed(job)
        self._answers[cast(Any, worker).perform.remote(*packed)] = worker

    def _events(self, busy: Sequence[Hashable]) -> Sequence[Event]:
        ready, _ = self._ray.wait(list(self._answers), num_returns=1, timeout=PATIENCE)
        return [self._event(answer) for answer in ready]

    def _event(self, answer: Any) -> Event:
        worker = self._answers.pop(answer)
        try:
            return Event(worker, self._ray.get(answer))
        except self._ray.exceptions.RayError as reason:
            return Event(worker, lost=_how(reason))

    def _end(self, worker: Hashable) -> None:
        for answer in [each for each, of in self._answers.items() if of is worker]:
            del self._answers[answer]
        self._ray.kill(worker)

    def cancel(self) -> None:
        super().cancel()
        if self._ours and self._ray.is_initialized():
            self._ray.shutdown()  # of this process alone: a cluster that was there goes on


def _connected(ray: Any, address: str | None) -> None:
    """Connect to the cluster at ``address``, or begin one on this machine.

    Raises
    ------
    EngineError: nothing answers there.
    """
    if address is not None and address != "auto":
        _answering(address)
    try:
        ray.init(
            address=address or "local", logging_level="ERROR", log_to_driver=False, include_dashboard=False
        ) if address is None else ray.init(address=address, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as reason:
        first = next(iter(str(reason).splitlines()), "") or type(reason).__name__
        raise EngineError(
            f"no Ray cluster answers at {address or 'this machine'} ({first}): look at the address, or begin one with "
            "`ray start --head`"
        ) from reason


def _answering(address: str) -> None:
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdigit()):
        raise InputError(f"{address!r} is no address of a Ray cluster, wanted host:port: write ray:10.0.0.1:6379")
    try:
        socket.create_connection((host, int(port)), _ANSWERS).close()
    except OSError as reason:
        raise EngineError(
            f"no Ray cluster answers at {address} ({reason.strerror or reason}): look at the address, or begin one "
            "there with `ray start --head`"
        ) from reason


def _how(reason: Exception) -> str:
    """How a worker went, in words."""
    said = " ".join(str(reason).split())
    if "OutOfMemory" in type(reason).__name__:
        return "was ended by Ray for want of memory"
    if "node" in said and ("died" in said or "dead" in said or "terminated" in said) and "worker process" not in said:
        return "is gone with its node"
    return f"died ({type(reason).__name__})"
