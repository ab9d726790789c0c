"""What every adapter does: a watch from the first step of somebody's trainer to its end, whatever that end is."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.packages import optional
from infoscope.record.watch import Watch

if TYPE_CHECKING:
    from typing_extensions import Self

#: A watch of a network; the second says whether its training goes on from a checkpoint.
Attach = Callable[[nn.Module, bool], Watch]

_open: dict[Path, weakref.finalize[..., Any]] = {}  # by folder: what ends the watch that records there


class Following:
    """A watch that is attached when a training begins, told of each update, and ended when the training ends.

    Where a trainer tells nobody that it broke off, the run is ended as interrupted by whatever comes first: the end of
    a ``with`` block over the callback, another training with it or into the same folder, the end of the callback
    itself, or that of the process.
    """

    def __init__(self, attach: Attach) -> None:
        self._attach = attach
        self._scope: Watch | None = None
        self._model: nn.Module | None = None
        self._last = -1
        self._ending: weakref.finalize[..., Any] | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """What a copy in another process starts from: the training is before it."""
        return type(self).__bases__[0], (self._attach,)

    @property
    def scope(self) -> Any:
        """The watch of the last training: its ``run``, ``path``, ``seconds``, and whatever ``infoscope.watch`` has.

        Raises
        ------
        InputError: no training began yet.
        """
        if self._scope is None:
            raise InputError("no training began with this callback, so there is no run yet: ask when it has started")
        return self._scope

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: Any) -> None:
        self._end(error)

    def _begin(self, model: nn.Module, step: int, epoch: float | None) -> None:
        """A training of ``model`` begins, after ``step`` updates that were made before."""
        if self._running and self._model is model and step == self._last:
            return  # begun again where it had begun, as trainers do that look for a batch that fits
        self._end(InterruptedError)
        scope = self._attach(model, step > 0)
        if scope.folder is not None and (other := _open.pop(scope.folder.resolve(), None)) is not None:
            other()
        scope.__enter__()
        self._scope, self._model, self._last = scope, model, step
        self._ending = weakref.finalize(self, _left, scope, os.getpid())
        if scope.folder is not None:
            _open[scope.folder.resolve()] = self._ending
        scope.step(step, epoch)

    def _step(self, step: int, epoch: float | None) -> None:
        """So many updates are made; told several times, it counts once."""
        if self._running and self._scope is not None and step != self._last:
            self._last = step
            self._scope.step(step, epoch)

    def _end(self, error: type[BaseException] | None = None) -> None:
        """The training is at its end, well or with an ``error``. Told again, it does nothing."""
        if self._ending is not None and self._ending.detach() is not None and self._scope is not None:
            if self._scope.folder is not None:
                _open.pop(self._scope.folder.resolve(), None)
            self._scope.__exit__(error)
        self._ending = self._model = None

    @property
    def _running(self) -> bool:
        return self._ending is not None and self._ending.alive


def _left(scope: Watch, process: int) -> None:
    """End a watch that nobody ended; not in a process that was forked from the one that records."""
    if os.getpid() == process:
        scope.__exit__(InterruptedError)


def base_class(module: str, name: str) -> type:
    """The class that the callbacks of a trainer derive from.

    Raises
    ------
    MissingPackageError: its package is not installed, or cannot be imported.
    """
    need = "a callback of its Trainer"
    optional(module.partition(".")[0], need)
    return getattr(optional(module, need), name)


@cache
def joined(hooks: type, base: type) -> type:
    """A class with the methods of ``hooks``, and those of a framework's ``base`` where ``hooks`` has none."""
    return type(hooks.__name__, (hooks, base), {"__doc__": hooks.__doc__, "__module__": hooks.__module__})
