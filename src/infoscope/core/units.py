"""Information is in nats inside the program, always. Bits exist only where something is shown to a person."""

from __future__ import annotations

import math
import re

NATS_PER_BIT = math.log(2.0)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?"
_NATS = re.compile(rf"({_NUMBER}) nats( \[{_NUMBER}, {_NUMBER}\])?")


def bits(nats: float) -> float:
    """Nats to bits."""
    return nats / NATS_PER_BIT


def nats(bits: float) -> float:
    """Bits to nats."""
    return bits * NATS_PER_BIT


def shown(value: float | None, unit: str, interval: tuple[float, float] | None = None) -> str:
    """A value for a person, with its interval: ``"2.31 bits [2.1, 2.5]"``.

    Nats become bits and a fraction a percentage; a ratio or a norm is a bare number.
    """
    if value is None:
        return "not measured"
    scale = {"nats": 1 / NATS_PER_BIT, "fraction": 100.0}.get(unit, 1.0)
    name = {"nats": " bits", "fraction": " %", "ratio": "", "norm": ""}.get(unit, f" {unit}")
    text = f"{_digits(scale * value)}{name}"
    if interval:
        text += f" [{_digits(scale * interval[0])}, {_digits(scale * interval[1])}]"
    return text


def in_bits(note: str) -> str:
    """A note with its nats as bits: ``"above H(Y) = 0.693 nats"`` becomes ``"above H(Y) = 1 bits"``.

    Notes are kept in nats, like the values that they stand beside; whoever shows a value in bits shows its notes so.
    """
    return _NATS.sub(lambda found: shown(float(found[1]), "nats", _ends(found[2])), note)


def _ends(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    low, high = text.strip(" []").split(", ")
    return float(low), float(high)


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
