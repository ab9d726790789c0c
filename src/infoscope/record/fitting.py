"""Weights of another program into a built model: every weight comes from the checkpoint, or nothing is measured.

Programs wrap models and leave the names of the wrappers in those of the weights; ``save_pretrained`` leaves tied
weights out. What makes the two sets of names equal is found, and told. A name that the model has and the file has not
is fine only where the model itself ties it to one that was loaded: a layer that kept its random beginning gives numbers
that look like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from infoscope.core.errors import InputError
from infoscope.record.checkpoint import Checkpoint, unusable
from infoscope.record.trajectories._entries import EMA

#: Words in names that are always of a wrapper: of torch.compile, FSDP, activation checkpointing.
_WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
#: Names that some versions of a library store beside the weights: constants that the built model makes itself.
_CONSTANTS = re.compile(
    r"(?:^|\.)(?:num_batches_tracked|n_averaged|position_ids|(?:attn|attention|self_attn)\.(?:bias|masked_bias)"
    r"|masked_bias|(?:rotary_emb\.|rotary_pos_emb\.)?inv_freq|original_inv_freq|_extra_state)$"
)

Key = tuple[int, tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Loaded:
    """What it took to load weights into a model.

    stripped, added: the beginning of the file's names that was taken off, and what was put there instead. tied: names
    that the file lacks, by the name that the model ties each to. left_out: names of the file that the model has not,
    outside of what was loaded. dtype: the types that the weights were loaded in, e.g. "bfloat16".
    """

    stripped: str
    added: str
    tied: dict[str, str]
    left_out: tuple[str, ...]
    dtype: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, a sentence each; none where the names agreed."""
        found: list[str] = []
        if self.stripped or self.added:
            put = f", {self.added!r} put there" if self.added else ""
            found.append(f"names of weights: {self.stripped!r} taken off{put}")
        if self.left_out:
            found.append(f"weights left out, which the model has no place for: {_some(self.left_out)}")
        return tuple(found)


def fit(
    state: Checkpoint | Mapping[str, torch.Tensor], model: nn.Module, *, dtype: torch.dtype | None = None
) -> Loaded:
    """Load weights into ``model``, in place: afterwards every weight of it is one of ``state``.

    state: a checkpoint, or weights by name. dtype: the floating type of the model from then on; by default each weight
    gets the type that it was stored in. Modes, hooks, ``requires_grad`` and the device stay as they are.

    Raises
    ------
    InputError: the weights are of another architecture (names or shapes), one is missing and tied to none that is
        there, tied ones differ, or the model is quantised, offloaded or without values. The model is untouched then.
    RunFolderError: a file is missing or half-written.
    """
    where = "the weights"
    if isinstance(state, Checkpoint):
        where = str(state.path) if state.path is not None else f"the weights of step {state.step}"
        dtype = state.dtype if dtype is None else dtype
        state = state.weights()
    held = _held(model)
    given = {name: tensor for name, tensor in state.items() if isinstance(cast(object, tensor), torch.Tensor)}
    match = _matched(given, held, where)
    _same_shapes(match.pairs, given, held, where)
    groups = _groups(held)
    chosen = _one_each(match.pairs, groups, given, where)
    _put(chosen, groups, given, held, dtype)
    if _groups(held).keys() != groups.keys() and _tied(_groups(held)) != _tied(groups):
        raise InputError(f"weights that {type(model).__name__} ties are no longer so after loading {where}")
    _cast_constants(model, {given[name].dtype for name in chosen.values()} if dtype is None else {dtype})
    loaded = set(match.pairs.values())
    tied = {
        name: next(other for other in names if other in loaded)
        for names in groups.values()
        for name in names
        if name not in loaded and any(other in loaded for other in names)
    }
    types = {str(held[name].dtype).removeprefix("torch.") for name in loaded if held[name].is_floating_point()}
    return Loaded(match.stripped, match.added, tied, match.left_out, ", ".join(sorted(types)))


# --- the model ------------------------------------------------------------------------------------------------------


def _held(model: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters and buffers that ``state_dict`` names, the objects themselves.

    Raises
    ------
    InputError: one of them cannot be loaded into.
    """
    named: dict[str, torch.Tensor] = {}
    modules = dict(cast("Iterable[tuple[str, nn.Module]]", model.named_modules(remove_duplicate=False)))
    for name, each in model.named_parameters(remove_duplicate=False):
        named[name] = each
    for name, each in model.named_buffers(remove_duplicate=False):
        above, _, own = name.rpartition(".")
        if own not in _transient(modules[above]):
            named[name] = each
    for name, each in named.items():
        why = unusable(each)
        if why is None and isinstance(each, nn.Parameter) and not each.is_floating_point() and not each.is_complex():
            why = "quantised"
        if why is not None:
            raise InputError(
                f"{name} of {type(model).__name__} is {why}, wanted weights that can be loaded into: build the model "
                "in a floating type, whole and on one device"
            )
    if not named:
        raise InputError(f"{type(model).__name__} has no weights, wanted the network that was trained: build that")
    return named


def _transient(module: nn.Module) -> set[str]:
    """The buffers of a module that ``state_dict`` leaves out."""
    return cast("set[str]", getattr(module, "_non_persistent_buffers_set", set[str]()))


def _key(tensor: torch.Tensor) -> Key:
    """Where the values lie: equal for tied tensors."""
    return tensor.data_ptr() if tensor.numel() else id(tensor), tuple(tensor.shape), tuple(tensor.stride())


def _groups(held: Mapping[str, torch.Tensor]) -> dict[Key, list[str]]:
    """The names that share their values, by where these lie."""
    groups: dict[Key, list[str]] = {}
    for name, tensor in held.items():
        groups.setdefault(_key(tensor), []).append(name)
    return groups


def _tied(groups: Mapping[Key, Sequence[str]]) -> set[tuple[str, ...]]:
    return {tuple(names) for names in groups.values()}


# --- names ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Match:
    pairs: dict[str, str]  # of the file, of the model
    stripped: str
    added: str
    left_out: tuple[str, ...]


def _plain(name: str, more: frozenset[str] = frozenset()) -> str:
    """A name without the words of wrappers in it."""
    return ".".join(word for word in name.split(".") if word not in _WRAPPERS and word not in more)


def _matched(given: Mapping[str, torch.Tensor], held: Mapping[str, torch.Tensor], where: str) -> _Match:
    """Which weight of the file is which of the model, by what makes the sets of names equal.

    Raises
    ------
    InputError: nothing does, or more than one thing.
    """
    refused: InputError | None = None
    for words in (frozenset[str](), frozenset({"module"})):  # DDP around a part leaves its word inside names
        ours = {_plain(name, words): name for name in held}
        theirs = {_plain(name, words): name for name in given}
        if len(ours) != len(held) or len(theirs) != len(given):
            continue
        try:
            found = _prefixed(theirs, ours, held, where)
        except InputError as reason:
            refused = refused or reason
            continue
        p, b, left_out = found
        renamed = {p + name.removeprefix(b): own for name, own in ours.items() if name.startswith(b)}
        pairs = {theirs[name]: own for name, own in renamed.items() if name in theirs}
        whole = next(iter(pairs.items()))
        stripped, added = _difference(*whole)
        return _Match(pairs, stripped, added, tuple(theirs[name] for name in left_out))
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
    theirs: Mapping[str, str], ours: Mapping[str, str], held: Mapping[str, torch.Tensor], where: str
) -> tuple[str, str, list[str]]:
    """The beginning to take off the file's names, the one to put there, and the names outside of it."""
    groups: dict[Key, list[str]] = {}
    for plain, name in ours.items():
        groups.setdefault(_key(held[name]), []).append(plain)
    required = [names for names in groups.values() if not all(_is_constant(name, held[ours[name]]) for name in names)]
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
            inside = [n for n in theirs if n.startswith(p) and b + n[len(p) :] not in ours and not _CONSTANTS.search(n)]
            outside = [n for n in theirs if not n.startswith(p) and not _CONSTANTS.search(n)]
            found.append((inside, p, b, outside))
    if not found:
        raise _missing(theirs, ours, required, where)
    whole = [each for each in found if not each[0]]
    if not whole:
        inside, p, b, _ = min(found, key=lambda each: (len(each[0]), len(each[1])))
        raise InputError(
            f"{where} holds weights that the model has no place for ({_some(theirs[n] for n in inside)}), wanted the "
            "names of one architecture: build the model that was trained"
        )
    raw = [each for each in whole if each[1].split(".")[0] not in EMA] or whole
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


def _is_constant(name: str, tensor: torch.Tensor) -> bool:
    """Whether the built model makes it itself, whatever was trained."""
    return not isinstance(tensor, nn.Parameter) and _CONSTANTS.search(name) is not None


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
            f"{where} holds weights of another architecture ({_some(theirs.values(), 2)}), wanted those of the model "
            f"({_some(gone, 2)}): build the model that was trained"
        )
    return InputError(
        f"{where} lacks {len(gone)} of the model's weights, which are tied to none that it holds ({_some(gone)}), "
        "wanted all of them, since a layer that kept its random beginning would be measured: build the model "
        "that was trained"
    )


def _some(names: Iterable[str], most: int = 3) -> str:
    listed = list(names)
    return ", ".join(listed[:most]) + (f" … {len(listed)} in all" if len(listed) > most else "")


# --- values ---------------------------------------------------------------------------------------------------------


def _same_shapes(
    pairs: Mapping[str, str], given: Mapping[str, torch.Tensor], held: Mapping[str, torch.Tensor], where: str
) -> None:
    for theirs, ours in pairs.items():
        here, there = given[theirs], held[ours]
        if (why := unusable(here)) is not None:
            raise InputError(f"{theirs} in {where} is {why}, wanted a dense tensor of numbers")
        if here.shape != there.shape:
            raise InputError(
                f"{theirs} in {where} has shape {tuple(here.shape)}, wanted {tuple(there.shape)} as {ours} of the "
                "model: build the model that was trained"
            )
        if here.is_floating_point() != there.is_floating_point() or here.is_complex() != there.is_complex():
            kinds = (str(each.dtype).removeprefix("torch.") for each in (here, there))
            raise InputError(
                f"{theirs} in {where} is {' and wanted as '.join(kinds)}: quantised weights are not read, save them in "
                "a floating type"
            )


def _one_each(
    pairs: Mapping[str, str], groups: Mapping[Key, Sequence[str]], given: Mapping[str, torch.Tensor], where: str
) -> dict[Key, str]:
    """By place of values the file's name that is loaded into it; tied names that are there must hold the same."""
    theirs = {ours: name for name, ours in pairs.items()}
    chosen: dict[Key, str] = {}
    for key, names in groups.items():
        there = [theirs[name] for name in names if name in theirs]
        for other in there[1:]:
            if not torch.equal(given[there[0]], given[other]):
                raise InputError(
                    f"{there[0]} and {other} differ in {where}, and the model ties them: build it untied, as it was "
                    "trained"
                )
        if there:
            chosen[key] = there[0]
    return chosen


@torch.no_grad()
def _put(
    chosen: Mapping[Key, str],
    groups: Mapping[Key, Sequence[str]],
    given: Mapping[str, torch.Tensor],
    held: Mapping[str, torch.Tensor],
    dtype: torch.dtype | None,
) -> None:
    """Write the values: into the same memory where the type stays, so that what shares it goes on sharing it."""
    for key, name in chosen.items():
        value = given[name]
        tensors = {id(held[each]): held[each] for each in groups[key]}.values()
        first = next(iter(tensors))
        wanted = dtype if dtype is not None and value.is_floating_point() else value.dtype
        if first.dtype == wanted:
            first.data.copy_(value)
            continue
        made = value.to(device=first.device, dtype=wanted, copy=True)
        for tensor in tensors:
            tensor.data = made


def _cast_constants(model: nn.Module, types: set[torch.dtype]) -> None:
    """Buffers that no file stores, in the one type of the weights; transformers keeps its own as they were built."""
    floating = {each for each in types if each.is_floating_point}
    if len(floating) != 1:
        return
    (dtype,) = floating
    for module in model.modules():
        if any(kind.__module__.startswith("transformers.") for kind in type(module).__mro__):
            continue
        buffers = dict(module.named_buffers(recurse=False))
        for name in _transient(module) & buffers.keys():
            if buffers[name].is_floating_point() and buffers[name].dtype != dtype:
                setattr(module, name, buffers[name].to(dtype))
