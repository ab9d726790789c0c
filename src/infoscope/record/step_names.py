"""The step of a checkpoint as its name says it: ``checkpoint-9``, ``step1000``, ``epoch=3-step=1200.ckpt`` …"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_SUFFIX = re.compile(r"\.[A-Za-z_]+$")
_SHARD = re.compile(r"-(\d+)-of-(\d+)$")
_STEP = re.compile(r"(?<![A-Za-z])(?:global[-_]?)?(?:step|iteration|iter|update)s?[-_=]?(\d+)(?!\d)([A-Za-z]*)", re.I)
_EPOCH = re.compile(r"(?<![A-Za-z])(?:epoch|ep)s?[-_=]?(\d+(?:\.\d+)?)(?![\dA-Za-z])", re.I)
_ALONE = re.compile(r"(?:(?<=^)|(?<=[-_=]))(\d+)(?=$|[-_])")
_SAVED = re.compile(r"(?<![A-Za-z])(?:checkpoint|ckpt|chkpt)[-_=]?(\d+)(?![\dA-Za-z])", re.I)
_BOUND = re.compile(r"(?:checkpoint|ckpt|chkpt|chk|model|state|weights|snapshot|save)(\d+)$", re.I)


@dataclass(frozen=True)
class Numbered:
    """What a name says: ``step`` and ``epoch``, None where it says none; ``either``, the numbers that could be it."""

    step: int | None = None
    epoch: float | None = None
    either: tuple[int, ...] = ()


def numbered(name: str) -> Numbered:
    """What the name of a file, a folder or a revision says of the step.

    >>> numbered("epoch=3-step=1200.ckpt")
    Numbered(step=1200, epoch=3.0, either=())
    >>> numbered("checkpoint-9").step, numbered("last.ckpt").step, numbered("seed_1_500.pt").either
    (9, None, (1, 500))
    """
    stem = name
    while _SUFFIX.search(stem):
        stem = _SUFFIX.sub("", stem)
    epochs = _EPOCH.findall(stem)
    epoch = float(epochs[0]) if len(epochs) == 1 else None
    steps = _STEP.findall(stem)
    if any(unit for _, unit in steps):  # step10k may be rounded
        return Numbered(None, epoch, tuple(int(number) for number, _ in steps))
    found = sorted({int(number) for number, _ in steps})
    if len(found) == 1:
        return Numbered(found[0], epoch)
    if not found and not epochs:
        found = [int(number) for number in _ALONE.findall(stem) or _BOUND.findall(stem)]
        if len(found) == 1:
            return Numbered(found[0])
    return Numbered(None, epoch, tuple(found))


def numbered_above(name: str) -> Numbered:
    """The same of the folder that a file lies in, whose name may hold any number: only one that is called a step.

    >>> numbered_above("checkpoint-9").step, numbered_above("step1000").step, numbered_above("run-3").step
    (9, 1000, None)
    """
    found = {int(number) for number in _SAVED.findall(name)} | {int(n) for n, unit in _STEP.findall(name) if not unit}
    return Numbered(found.pop()) if len(found) == 1 else Numbered()


def is_shard(path: Path) -> bool:
    """Whether a file is one of several that hold the weights of one step together."""
    return _SHARD.search(_SUFFIX.sub("", path.name)) is not None
