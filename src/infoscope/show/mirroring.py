"""Rows mirrored into trackers: what numbers are called there, and that a tracker which breaks breaks nothing else."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from infoscope.core import grammar, registry
from infoscope.core.errors import InputError, MissingPackageError, unknown_name, warn
from infoscope.core.rows import Rows
from infoscope.core.units import bits

STEP = "infoscope/step"  # the axis of trackers whose own only rises
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")  # what one tracker or another has no place for in a name


class Tracker(Protocol):
    """Somebody else's page, W&B-shaped."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Numbers of one step by name."""
        ...

    def finish(self) -> None:
        """There are no more."""
        ...


def imported(package: str) -> Any:
    """The module called ``package``, which a tracker cannot do without.

    Raises
    ------
    MissingPackageError: it is not installed, or cannot be imported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what others deprecate while they are imported
            return importlib.import_module(package)
    except ModuleNotFoundError as reason:
        missing = reason.name or package
        raise MissingPackageError(
            f"the tracker needs {missing}, which is not installed: pip install {missing}"
        ) from reason
    except Exception as reason:
        raise MissingPackageError(
            f"the tracker needs {package}, which cannot be imported ({reason}): repair its installation"
        ) from reason


class Mirror:
    """A sink that tells a tracker of whole steps; ``make`` makes it, of the name of the run, when the first comes.

    Whatever a tracker raises is told in one warning, and then it is told of nothing more.
    """

    def __init__(self, called: str, make: Callable[[str], Tracker]) -> None:
        self._called, self._make = called, make
        self._tracker: Tracker | None = None
        self._broken = False
        self._names = Names()

    def take(self, rows: Rows) -> None:
        if self._broken or not len(rows):
            return
        try:
            self._tell(rows)
        except Exception as reason:
            self._broke(reason)

    def tell(self, all_steps: Iterable[Rows]) -> int:
        """Tell of stored steps, one after another, and end; returns of how many. What the tracker raises is raised."""
        count = 0
        for rows in all_steps:
            self._tell(rows)
            count += 1
        if self._tracker is not None:
            self._tracker.finish()
        return count

    def _tell(self, rows: Rows) -> None:
        if self._tracker is None:
            self._tracker = self._make(rows.unique("run")[0])
        for step in rows.unique("step"):
            if values := self._names.values(rows.filter(step=step)):
                self._tracker.log(values, int(step))

    def close(self) -> None:
        tracker, self._tracker = self._tracker, None
        if tracker is not None and not self._broken:
            try:
                tracker.finish()
            except Exception as reason:
                self._broke(reason)

    def _broke(self, reason: Exception) -> None:
        self._broken = True
        said = next(iter(str(reason).splitlines()), "") or type(reason).__name__
        warn(f"infoscope: the tracker {self._called} is told of nothing more, the run folder holds it all: {said}")


class Names:
    """What numbers are called: ``infoscope/NETWORK/ESTIMATOR/QUANTITY_UNIT/[VARIABLE/][SPLIT/]PLACE``, for all trackers
    alike, the options of an estimator beside it where it came with others before."""

    def __init__(self) -> None:
        self._options: dict[tuple[str, ...], list[str]] = {}

    def values(self, rows: Rows) -> dict[str, float]:
        """Numbers of one step by name, means over members, information in bits; failed rows have none."""
        found: dict[str, list[float]] = {}
        for row in rows.table.to_pylist():
            if row["value"] is not None:
                value = bits(row["value"]) if row["unit"] == "nats" else row["value"]
                found.setdefault(self._name(row), []).append(value)
        return {name: float(np.mean(values)) for name, values in found.items()}

    def _name(self, row: Mapping[str, Any]) -> str:
        of = tuple(row[name] for name in ("network", "estimator", "quantity", "variable", "split", "site"))
        known = self._options.setdefault(of, [])
        if row["options"] not in known:
            known.append(row["options"])
        unit = {"nats": "bits", "fraction": "", "ratio": "", "norm": ""}.get(row["unit"], row["unit"])
        parts = [
            "infoscope",
            row["network"],
            row["estimator"] + _apart(known[0], row["options"]),
            f"{row['quantity']} {unit}",
            "" if row["variable"] in ("", "input") else row["variable"],
            "" if row["split"] in ("", "all") else row["split"],
            row["site"],
        ]
        return "/".join(filter(None, (_UNSAFE.sub("_", part).strip("_") for part in parts)))


def _apart(first: str, options: str) -> str:
    """The options that differ from the first ones."""
    if options == first:
        return ""
    before, now = json.loads(first), json.loads(options)
    return " " + " ".join(f"{name}-{value}" for name, value in now.items() if before.get(name, ...) != value)


class _Theirs:
    """A tracker that somebody made: a logger of Lightning, a run of W&B or trackio, a tracker of accelerate, a
    ``SummaryWriter``. It is theirs to end."""

    def __init__(self, theirs: Any) -> None:
        self._theirs = theirs

    def log(self, values: Mapping[str, float], step: int) -> None:
        if hasattr(self._theirs, "log_metrics"):
            self._theirs.log_metrics({**values, STEP: float(step)}, step=step)
        elif hasattr(self._theirs, "add_scalar"):
            for name, value in values.items():
                self._theirs.add_scalar(name, value, step)
        elif _wanted(self._theirs.log, "step"):
            self._theirs.log({**values, STEP: step}, step=step)
        else:
            self._theirs.log({**values, STEP: step})

    def finish(self) -> None:
        """Nothing: whoever made it goes on with it."""


def _wanted(function: Callable[..., Any], name: str) -> bool:
    """Whether ``function`` cannot be called without the argument ``name``."""
    try:
        argument = inspect.signature(function).parameters.get(name)
    except (ValueError, TypeError):  # one that does not say
        return False
    return argument is not None and argument.default is inspect.Parameter.empty


@contextmanager
def mirrored(trackers: Any) -> Generator[Sequence[Mirror]]:
    """:func:`mirrors`, which are ended with the block, however it ends."""
    sinks = mirrors(trackers)
    try:
        yield sinks
    finally:
        for sink in sinks:
            sink.close()


def mirrors(trackers: Any) -> list[Mirror]:
    """A sink for each tracker: a name with options, ``"wandb(project=mine)"``, or an object of somebody else's.

    Raises
    ------
    UnknownNameError: no such tracker or option. MissingPackageError: its package is not installed. InputError:
        something that is no tracker.
    """
    several = [trackers] if isinstance(trackers, str) or not isinstance(trackers, Sequence) else trackers
    return [_mirror(each) for each in several]


def _mirror(tracker: Any) -> Mirror:
    if not isinstance(tracker, str):
        if not any(callable(getattr(tracker, name, None)) for name in ("log", "log_metrics", "add_scalar")):
            raise InputError(
                f"a {type(tracker).__name__} arrived where a tracker was wanted: pass its name, one of "
                f"{', '.join(registry.entries('trackers'))}, or an object that logs (log, log_metrics or add_scalar)"
            )
        return Mirror(type(tracker).__name__, lambda run: _Theirs(tracker))
    name, options = grammar.written(tracker, {})
    made = registry.load("trackers", name)
    known = [each for each in inspect.signature(made).parameters if each != "run"]
    for option in options:
        if option not in known:
            raise unknown_name(f"option of {name}", option, known)
    imported(made.package)
    return Mirror(name, lambda run: made(run, **options))


def exported(rows: Rows, tracker: str, project: str = "", folder: Path | None = None) -> int:
    """Tell a tracker of stored rows, network by network and step by step; returns of how many steps.

    Raises
    ------
    As :func:`mirrors`; and whatever the tracker itself raises.
    """
    name, options = grammar.written(tracker, {})
    options |= {"project": project} if project else {}
    options |= {"folder": str(folder)} if folder is not None else {}
    (mirror,) = mirrors(grammar.spelled(name, options))
    return mirror.tell(_steps(rows))


def _steps(rows: Rows) -> Iterator[Rows]:
    for network in rows.unique("network"):
        mine = rows.filter(network=network)
        for step in sorted(mine.unique("step")):
            yield mine.filter(step=step)
