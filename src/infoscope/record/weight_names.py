"""Which weight of a file is which of a model, by what makes the two sets of names equal.

Programs wrap models and leave the names of the wrappers in those of the weights, in any nesting. A beginning is taken
off, another may be put there, and words that are always of a wrapper are looked through; nothing else is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.trajectories._entries import is_average

#: Words in names that are always of a wrapper: of torch.compile, FSDP, activation checkpointing.
_WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
#: Names that some versions of a library store beside the weights: constants, which the built model makes itself.
_CONSTANTS = re.compile(
    r"(?:(?:^|\.)(?:num_batches_tracked|n_averaged|position_ids|masked_bias|(?:original_)?inv_freq|_extra_state)"
    r"|^(?:global_step|step|epoch|initted|num_updates|decay))$"
)
#: The triangle of the attention, [1, 1, n, n]; a bias of one axis is a weight.
_TRIANGLES = re.compile(r"(?:^|\.)(?:attn|attention|self_attn|crossattention)\.bias$")

Key = tuple[int, tuple[int, ...], tuple[int, ...]]


def _key(tensor: torch.Tensor) -> Key:
    """Where the values lie: equal for tied tensors."""
    return tensor.data_ptr() if tensor.numel() else id(tensor), tuple(tensor.shape), tuple(tensor.stride())


def groups_of(held: Mapping[str, torch.Tensor]) -> dict[Key, list[str]]:
    """The names that share their values, by where these lie."""
    groups: dict[Key, list[str]] = {}
    for name, tensor in held.items():
        groups.setdefault(_key(tensor), []).append(name)
    return groups


def ties_of(groups: Mapping[Key, Sequence[str]]) -> set[tuple[str, ...]]:
    return {tuple(names) for names in groups.values()}


@dataclass(frozen=True)
class NamesMatched:
    """Pairs of names, the beginnings that were exchanged, and the names of the file outside of what was taken."""

    pairs: dict[str, str]  # of the file, of the model
    stripped: str
    added: str
    left_out: tuple[str, ...]


def _plain(name: str, more: frozenset[str] = frozenset()) -> str:
    """A name without the words of wrappers in it."""
    return ".".join(word for word in name.split(".") if word not in _WRAPPERS and word not in more)


def matched(
    given: Mapping[str, torch.Tensor],
    held: Mapping[str, torch.Tensor],
    where: str,
    wrappers: frozenset[str] = frozenset(),
) -> NamesMatched:
    """Which weight of the file is which of the model, by what makes the sets of names equal.

    Raises
    ------
    InputError: nothing does, or more than one thing.
    """
    refused: InputError | None = None
    for words in (wrappers, wrappers | {"module"}):  # DDP around a part leaves its word inside names
        ours = {_plain(name, words): name for name in held}
        theirs = {_plain(name, words): name for name in given}
        if len(ours) != len(held) or len(theirs) != len(given):
            continue
        try:
            found = _prefixed(theirs, ours, given, held, where)
        except InputError as reason:
            refused = refused or reason
            continue
        p, b, left_out = found
        renamed = {p + name.removeprefix(b): own for name, own in ours.items() if name.startswith(b)}
        pairs = {theirs[name]: own for name, own in renamed.items() if name in theirs}
        whole = next(iter(pairs.items()))
        stripped, added = _difference(*whole)
        return NamesMatched(pairs, stripped, added, tuple(theirs[name] for name in left_out))
    assert refused is not None
    raise refused


def _difference(theirs: str, ours: str) -> tuple[str, str]:
    """What two names begin with before the rest that they share."""
    a, b = theirs.split("."), ours.split(".")
    while a and b and a[-1] == b[-1]:
        a.pop()
        b.pop()
    return "".join(f"{word}." for word in a), "".join(f"{word}." for word in b)


def _prefixes(names: Iterable[str]) -> dict[str, int]:
    """Every dotted beginning of names with how many have it, the empty one too."""
    found: dict[str, int] = {}
    for name in names:
        words = name.split(".")
        for i in range(len(words)):
            begin = "".join(f"{word}." for word in words[:i])
            found[begin] = found.get(begin, 0) + 1
    return found


def _prefixed(
    theirs: Mapping[str, str],
    ours: Mapping[str, str],
    given: Mapping[str, torch.Tensor],
    held: Mapping[str, torch.Tensor],
    where: str,
) -> tuple[str, str, list[str]]:
    """The beginning to take off the file's names, the one to put there, and the names outside of it."""
    groups: dict[Key, list[str]] = {}
    for plain, name in ours.items():
        groups.setdefault(_key(held[name]), []).append(plain)
    required = [names for names in groups.values() if not all(is_constant(name, held[ours[name]]) for name in names)]
    counts: dict[str, int] = {}
    for names in required:
        for begin in {begin for name in names for begin in _prefixes([name])}:
            counts[begin] = counts.get(begin, 0) + 1
    adding = [begin for begin, count in counts.items() if count == len(required)]
    taking = [begin for begin, count in _prefixes(theirs).items() if count >= len(required)]
    found: list[tuple[list[str], str, str, list[str]]] = []
    for b in adding:
        for p in taking:
            if b and p and not _exchanged(p, b, theirs):
                continue
            if not all(any(n.startswith(b) and p + n[len(b) :] in theirs for n in names) for names in required):
                continue
            weights = [n for n, name in theirs.items() if not is_constant(n, given[name])]
            inside = [n for n in weights if n.startswith(p) and b + n[len(p) :] not in ours]
            outside = [n for n in weights if not n.startswith(p)]
            found.append((inside, p, b, outside))
    if not found:
        raise _missing(theirs, ours, required, where)
    whole = [each for each in found if not each[0]]
    if not whole:
        inside, p, b, _ = min(found, key=lambda each: (len(each[0]), len(each[1])))
        raise InputError(
            f"{where} holds weights that the model has no place for ({some(theirs[n] for n in inside)}), wanted the "
            "names of one architecture: build the model that was trained"
        )
    raw = [each for each in whole if not is_average(each[1].partition(".")[0])]
    if not raw:
        raise InputError(
            f"{where} holds a moving average ({whole[0][1]}…) and no other weights of this model, wanted raw ones: "
            "pass weights='ema' if the average is meant"
        )
    best = min(raw, key=lambda each: (len(each[3]), len(each[1]) + len(each[2])))
    rivals = sorted({each[1] for each in raw if not (each[1].startswith(best[1]) or best[1].startswith(each[1]))})
    if rivals:
        raise InputError(
            f"{where} holds the weights of this model more than once ({best[1]}…, {rivals[0]}…), wanted one copy: name "
            f"it, entry={best[1].rstrip('.')!r}"
        )
    return best[1], best[2], best[3]


def _exchanged(p: str, b: str, theirs: Iterable[str]) -> bool:
    """Whether ``p`` may be another name for ``b``: not the same word, nor another number, nor there beside it."""
    ours, other = b.split(".")[-2], p.split(".")[-2]
    numbers = ours.isdecimal() and other.isdecimal()
    return ours != other and not numbers and not any(name.startswith(b) for name in theirs)


def is_constant(name: str, tensor: torch.Tensor) -> bool:
    """Whether the built model makes it itself, whatever was trained, so that it may be missing, or be there too much.

    >>> is_constant("h.0.attn.bias", torch.ones(1, 1, 4, 4)), is_constant("h.0.attn.bias", torch.ones(4))
    (True, False)
    """
    if isinstance(tensor, nn.Parameter):
        return False
    return _CONSTANTS.search(name) is not None or (tensor.ndim == 4 and _TRIANGLES.search(name) is not None)


def _missing(
    theirs: Mapping[str, str], ours: Mapping[str, str], required: Sequence[Sequence[str]], where: str
) -> InputError:
    """The refusal that names what is missing, under the beginnings by which most is there."""
    enough = len(required) // 2
    taking = [begin for begin, count in _prefixes(theirs).items() if count > enough] or [""]
    adding = [begin for begin, count in _prefixes(ours).items() if count > enough] or [""]

    def there(p: str, b: str, names: Sequence[str]) -> bool:
        return any(n.startswith(b) and p + n[len(b) :] in theirs for n in names)

    p, b = max(
        ((p, b) for p in taking for b in adding),
        key=lambda pair: (sum(there(*pair, names) for names in required), -len(pair[0]) - len(pair[1])),
    )
    gone = [ours[names[0]] for names in required if not there(p, b, names)]
    if len(gone) == len(required):
        return InputError(
            f"{where} holds weights of another architecture ({some(theirs.values(), 2)}), wanted those of the model "
            f"({some(gone, 2)}): build the model that was trained"
        )
    return InputError(
        f"{where} lacks {len(gone)} of the model's weights, which are tied to none that it holds ({some(gone)}), "
        "wanted all of them, since a layer that kept its random beginning would be measured: build the model "
        "that was trained"
    )


def some(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" … {len(listed)} in all" if len(listed) > most else "")
