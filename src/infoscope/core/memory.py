"""How much memory a measurement may take beside its data: what a person says, else what this machine has to give.

No answer depends on it: a measurement works in blocks of a fixed size, and one that would need more is refused.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from infoscope.core import processors
from infoscope.core.errors import InputError
from infoscope.core.units import memory_in_words

SMALL = 2**26  # bytes that any machine has: where nobody says a budget, nobody asks for what is below
_UNITS = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_BINARY = {"k": 2.0**10, "m": 2.0**20, "g": 2.0**30, "t": 2.0**40}
_SIZE = re.compile(r"\s*(\d+\.?\d*|\.\d+)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)
_said: float | None = None


def size(said: str | float) -> float:
    """Bytes: ``2e9``, ``"2GB"``, ``"500 MB"``, ``"1.5GiB"``.

    Raises
    ------
    InputError: no such amount, or nothing.
    """
    found = _SIZE.fullmatch(str(said)) if isinstance(said, str) else None
    if found:
        number, unit, binary = float(found[1]), found[2].lower(), found[3]
        count = number * (_BINARY.get(unit, 1.0) if binary else _UNITS[unit])
    else:
        try:
            count = float(said)
        except (TypeError, ValueError):
            count = math.nan
    if not 0 < count < math.inf:
        raise InputError(f"memory is {said!r}, wanted an amount such as 2GB or 500MB")
    return count


@contextmanager
def memory_budget(said: str | float | None) -> Generator[None]:
    """Inside, no measurement takes more memory beside its data than said: ``with iscope.memory_budget("2GB"): …``.

    said: bytes, or an amount in words (``"2GB"``, ``"500 MB"``, ``"1.5GiB"``); None for what the machine has to give.
    What would take more is refused in a sentence, as a row without a value along a training. It changes no answer.

    Example
    -------
    >>> t = np.random.default_rng(0).normal(size=(500, 300))
    >>> with iscope.memory_budget("2MB"):
    ...     iscope.geometry(t, measure="intrinsic_dimension")
    Traceback (most recent call last):
    infoscope.core.errors.InputError: intrinsic_dimension of 500 rows x 300 columns takes about ...

    Raises
    ------
    InputError: no such amount.
    """
    global _said
    before, _said = _said, None if said is None else size(said)
    try:
        yield
    finally:
        _said = before


def said() -> float | None:
    """The budget in bytes where one is said."""
    return _said


def budget() -> float:
    """Bytes that may be taken now, beside what is there already."""
    return available() if _said is None else _said


def afford(count: float, what: str, instead: str) -> None:
    """Refuse ``what`` where it takes more than there may be; ``instead``: what can be done beside raising the budget.

    Raises
    ------
    InputError: it does.
    """
    if _said is None and count < SMALL:
        return
    most = budget()
    if count > most:
        there = "this machine has" if _said is None else "the budget is"
        more = "" if _said is None else "raise it (--memory, memory_budget), or "
        raise InputError(
            f"{what} takes about {memory_in_words(count)} beside the data, and {there} {memory_in_words(most)}: "
            f"{more}{instead}"
        )


def available(root: Path = Path("/")) -> float:
    """Bytes that this process can still take without swapping, no more than the control groups of it leave (Linux).

    Where a system does not say, all that it has; infinite where it does not say even that.
    """
    meminfo = dict(line.split(":", 1) for line in processors.words(root / "proc/meminfo", "\n") if ":" in line)
    if "MemAvailable" in meminfo:
        free = 1024 * float(meminfo["MemAvailable"].split()[0])
    else:
        free = _all_of_it()
    return min([free, *(left for folder in processors.group_folders(root, "memory") for left in _left(folder))])


def _all_of_it() -> float:
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):  # Windows; a system that does not say
        return math.inf


def _left(folder: Path) -> Iterator[float]:
    for most, taken in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        limit, used = (processors.words(folder / name, "\n") for name in (most, taken))
        if limit and used and limit[0].isdigit() and used[0].isdigit():
            cached = sum(
                float(line.split()[1]) for line in processors.words(folder / "memory.stat", "\n") if _given_back(line)
            )
            yield max(float(limit[0]) - float(used[0]) + cached, 0.0)


def _given_back(line: str) -> bool:
    """Whether it counts pages of files, which the kernel takes back before it refuses memory."""
    return line.split(" ")[0] in ("inactive_file", "total_inactive_file") and len(line.split()) == 2
