"""Trainings whose members are trained apart, some by each of several workers: where their snapshots lie until all are
there.

What was begun so is gone on with so, whoever goes on and however many workers there are then.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from infoscope.core.files import entries
from infoscope.core.folder import JOBS, RunFolder
from infoscope.core.provenance import fingerprint
from infoscope.scanning.dealt import identity

_NAME = re.compile(r"(\d+)-(\d+)")


def path(folder: RunFolder, network: str, members: slice) -> Path:
    """The folder of the snapshots of some members of a network."""
    return _all_of(folder, network) / f"{members.start}-{members.stop}"


def begin(folder: RunFolder, network: str, cut: Sequence[slice]) -> None:
    """Remember how a training is cut, before any of its members are trained."""
    for members in cut:
        path(folder, network, members).mkdir(parents=True, exist_ok=True)


def begun(folder: RunFolder, network: str, apart: Callable[[], Sequence[slice]]) -> list[slice]:
    """How a training was cut that was begun so; nothing where it was not, or not between members ``apart``.

    The latter as where another trainer is to go on: what was begun is deleted then.
    """
    there = [_NAME.fullmatch(each.name) for each in entries(_all_of(folder, network))]
    found = sorted((slice(int(one[1]), int(one[2])) for one in there if one), key=lambda one: one.start)
    ends = [0, *(one.stop for one in found)]
    if not there:
        return []
    between = {one.stop for one in apart()}
    if [one.start for one in found] == ends[:-1] and ends[-1] == max(between) and set(ends[1:]) <= between:
        return found
    dropped(folder, network)
    return []


def dropped(folder: RunFolder, network: str) -> None:
    """Delete what there is of members that were trained apart."""
    shutil.rmtree(_all_of(folder, network), ignore_errors=True)
    with suppress(OSError):  # others wait in it still
        (folder.path / JOBS).rmdir()


def _all_of(folder: RunFolder, network: str) -> Path:
    return folder.path / JOBS / fingerprint([identity(folder), "apart", network])
