"""Errors a user can cause or meet. Each message says what arrived, what was wanted and what to do.

The command line prints these as one sentence and exits with code 2; anything else is a defect of infoscope.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_FEW = 12  # names that are all told
_PACKAGE = str(Path(__file__).resolve().parent.parent)


class InfoscopeError(Exception):
    """Base of every error infoscope raises on purpose."""


class InputError(InfoscopeError, ValueError):
    """An argument that cannot be used: wrong shape, wrong length, NaN, out of range."""


class UnknownNameError(InfoscopeError, KeyError):
    """A name that is not in a registry, a network or a run."""

    def __str__(self) -> str:  # KeyError would print the repr of the message
        return str(self.args[0])


class RunFolderError(InfoscopeError):
    """A run folder that is missing, half-written, busy, of another run, or from a newer version."""


class BusyError(RunFolderError):
    """Another process writes to a run folder."""


class DamagedError(RunFolderError):
    """A file of a run that is missing, or holds something else than was written into it."""


class DataMissingError(InfoscopeError):
    """A data file that is neither on disk nor reachable."""


class DataDamagedError(DataMissingError):
    """A data file that is there and holds something else than was published."""


class UntrustedEstimateError(InfoscopeError):
    """Raised by ``strict=True`` in place of returning an estimate whose status is not OK."""


class EngineError(InfoscopeError):
    """Jobs that an engine could not have done, or workers that cannot be had."""


class MissingPackageError(InfoscopeError, ImportError):
    """An optional package that a feature needs."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UnknownNameError:
    """The error for a mistyped ``name``: the near names, and all there are where these are few or none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or [k for k in names if name and name in k][:3]
    told = [f"did you mean {' or '.join(repr(k) for k in near)}?"] if near else []
    if len(names) <= _FEW:
        told.append(f"known: {', '.join(names) or 'none'}")
    elif not near:
        told.append(f"known: {', '.join(names[:_FEW])} … ({len(names)} in all)")
    return UnknownNameError(f"there is no {kind} named {name!r}: {' '.join(told)}")


def near_keywords(function: Callable[P, R]) -> Callable[P, R]:
    """``function``, which answers a keyword that it does not have with the near names."""
    known = inspect.signature(function).parameters

    @functools.wraps(function)
    def checked(*args: P.args, **options: P.kwargs) -> R:
        for name in options:
            if name not in known:
                raise unknown_name(f"argument of {function.__name__}", name, known)
        return function(*args, **options)

    return checked


def old_word(old: str, new: str) -> None:
    """Tell that ``old`` is now said as ``new``, once a place in the caller's code; it works for one release more."""
    warn(f"{old} is now {new}; the older word goes with the next release", FutureWarning)


def warn(text: str, kind: type[Warning] = UserWarning) -> None:
    """A warning that names the line of the caller's own code, not one of ours."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, kind, stacklevel=level)
