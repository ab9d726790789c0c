"""Text of strangers: refused where a user gives a name, cleaned where what a run folder holds is shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from infoscope.core.errors import InputError

LONGEST_NAME = 200  # characters; what draws a figure takes minutes for a name of 100 000
LONGEST_TEXT = 20_000  # of a sentence: a rule, a note, a recipe
_ENDS = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
#: Control characters, overrides of the writing direction, halves of pairs, and what XML has no place for: one of them
#: in a text ends the process that draws it.
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_ON_TOP = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILE = re.compile(f"([{_ON_TOP}]{{4}})[{_ON_TOP}]+")  # of marks on one letter, which reach over the lines around it


def sentence(text: str, longest: int = LONGEST_TEXT) -> str:
    """``text`` on one line without characters that cannot be drawn, cut with an ellipsis at ``longest`` characters.

    >>> sentence("two\\nlines, \\x07 and a bell")
    'two lines,  and a bell'
    """
    text = _PILE.sub(r"\1", _UNSAFE.sub("", _ENDS.sub(" ", text)))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def name(text: str) -> str:
    """A name as it is shown: as it is, or cleaned, at most 200 characters and marked, so that two stay two.

    >>> name("hidden1"), name("hid\\x07den1"), name("hid\\x08den1")
    ('hidden1', 'hidden1 #5b6923', 'hidden1 #711efd')
    """
    shown = sentence(text, LONGEST_NAME)
    if shown == text:
        return text
    mark = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]
    return f"{sentence(text, LONGEST_NAME - len(mark) - 2).strip()} #{mark}"


def content(stored: Any, clean: Callable[[str], str] = sentence) -> Any:
    """What JSON holds with each text in it through ``clean`` and each key as a :func:`name`."""
    if isinstance(stored, str):
        return clean(stored)
    if isinstance(stored, Mapping):
        keyed = cast(Mapping[Any, Any], stored)
        return {name(str(key)): content(value, clean) for key, value in keyed.items()}
    if isinstance(stored, (list, tuple)):
        return [content(value, clean) for value in cast(Sequence[Any], stored)]
    return stored


def drawable(spec: Any) -> Any:
    """What JSON holds without the characters that end the process that draws it; nothing else is changed."""
    if isinstance(spec, str):
        return _UNSAFE.sub("", spec)
    if isinstance(spec, Mapping):
        return {drawable(key): drawable(value) for key, value in cast(Mapping[Any, Any], spec).items()}
    if isinstance(spec, (list, tuple)):
        return [drawable(value) for value in cast(Sequence[Any], spec)]
    return spec


def checked(given: str, what: str) -> str:
    """``given``, a name by a user, when every figure and file can carry it.

    Raises
    ------
    InputError: it is empty, too long, or holds a line end or a character that cannot be drawn.
    """
    if not given.strip():
        raise InputError(f"{what} is {given!r}, wanted a name that can be read: give it one")
    if len(given) > LONGEST_NAME:
        raise InputError(
            f"{what} has {len(given):,} characters ({given[:20]!r} …), wanted at most {LONGEST_NAME}: shorten the name"
        )
    found = _ENDS.search(given) or _UNSAFE.search(given)
    if found:
        raise InputError(
            f"{what} is {given!r}, with the character {found[0]!a} at {found.start()}, wanted text on one line "
            "without control characters: take it out of the name"
        )
    return given
