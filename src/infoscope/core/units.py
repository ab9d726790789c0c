"""Information is in nats inside the program, always. Bits exist only where something is shown to a person.

Who wants to be shown nats says so with :func:`showing`; whatever is told inside it then is in nats.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

NATS_PER_BIT = math.log(2.0)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_NATS = re.compile(rf"({_NUMBER}) nats( \[{_NUMBER}, {_NUMBER}\])?")

ShownUnit = Literal["bits", "nats"]
_unit: ContextVar[ShownUnit] = ContextVar("infoscope.unit", default="bits")


@contextmanager
def showing(unit: ShownUnit) -> Generator[None]:
    """Inside, information is shown in this unit."""
    before = _unit.set(unit)
    try:
        yield
    finally:
        _unit.reset(before)


def unit_shown() -> ShownUnit:
    """The unit in which information is shown: bits, unless :func:`showing` says nats."""
    return _unit.get()


def in_unit_shown(nats: float) -> float:
    """Nats in the unit that is shown."""
    return nats if unit_shown() == "nats" else bits(nats)


def bits(nats: float) -> float:
    """Nats to bits."""
    return nats / NATS_PER_BIT


def nats(bits: float) -> float:
    """Bits to nats."""
    return bits * NATS_PER_BIT


def shown(value: float | None, unit: str, interval: tuple[float, float] | None = None) -> str:
    """A value for a person, with its interval: ``"2.31 bits [2.1, 2.5]"``.

    Nats become bits (unless :func:`showing` says otherwise) and a fraction a percentage; a ratio or a norm is a bare
    number. Digits end where the interval leaves two: ``"-0.022 bits [-0.086, 0.053]"``.
    """
    if value is None:
        return "not measured"
    scale = {"nats": in_unit_shown(1.0), "fraction": 100.0}.get(unit, 1.0)
    name = {"nats": f" {unit_shown()}", "fraction": " %", "ratio": "", "norm": ""}.get(unit, f" {unit}")
    if not interval:
        return f"{_digits(scale * value)}{name}"
    half = scale * abs(interval[1] - interval[0]) / 2
    told, low, high = (_to(scale * number, half) for number in (value, *interval))
    return f"{told}{name} [{low}, {high}]"


def in_unit(note: str) -> str:
    """A note with its nats in the unit shown: ``"above H(Y) = 0.693 nats"`` becomes ``"above H(Y) = 1 bits"``.

    Notes are kept in nats, like the values that they stand beside; whoever shows a value in bits shows its notes so.
    """
    if unit_shown() == "nats":
        return note
    return _NATS.sub(lambda found: shown(float(found[1]), "nats", _ends(found[2])), note)


def _ends(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    low, high = text.strip(" []").split(", ")
    return float(low), float(high)


def _to(number: float, half: float) -> str:
    """As far as an interval that reaches ``half`` to either side lets it be known, to two digits of that."""
    if not (math.isfinite(number) and math.isfinite(half)) or half < 1e-4 or half >= 10 or abs(number) > 1e3 * half:
        return _digits(number)
    decimals = 1 - math.floor(math.log10(half))
    said = f"{number:.{decimals}f}".rstrip("0").rstrip(".") if decimals > 0 else f"{number:.0f}"
    return "0" if said == "-0" else said


def _digits(number: float) -> str:
    """Four digits; two for what is tiny, and none for rounding errors: a drop of 1e-9 bits reads as 0."""
    if number == 0 or abs(number) >= 1e-4:
        return f"{number:.4g}"
    return "0" if abs(number) < 1e-7 else f"{number:.2g}"


def time_in_words(seconds: float) -> str:
    """A time as a person says it: ``"under a second"``, ``"40 seconds"``, ``"4 minutes"``, ``"2.5 hours"``."""
    if seconds < 1:
        return "under a second"
    for limit, of, unit in ((90, 1, "second"), (5400, 60, "minute"), (172800, 3600, "hour"), (math.inf, 86400, "day")):
        if seconds < limit:
            count = float(f"{seconds / of:.2g}")
            return f"{count:g} {unit}{'s' * (count != 1)}"
    raise AssertionError("no time is longer than for ever")


def memory_in_words(count: float) -> str:
    """Bytes as a person says them: ``"1.2 GB"``, ``"30 MB"``."""
    unit, of = ("GB", 1e9) if count >= 1e9 else ("MB", 1e6)
    return f"{max(count / of, 0.1):.2g} {unit}" if count / of < 100 else f"{count / of:.0f} {unit}"


def counted(count: int, thing: str) -> str:
    """``"1 place"``, ``"12 places"``."""
    return f"{count:,} {thing}{'s' * (count != 1)}"
