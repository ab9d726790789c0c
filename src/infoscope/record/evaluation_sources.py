"""What an evaluation set may come from besides tensors: a tokenizer's answer, lists, data sets, loaders, streams.

Each is read once, in its order, into the tensors that ``forward`` takes. Of rows with many columns those are kept that
``forward`` names (and what :data:`infoscope.record.inputs.ASIDE` lists), as the ``Trainer`` of transformers does.
Sequences of different lengths are padded where there is an attention mask to say so. Random states are left alone.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from torch.utils import data

from infoscope.core.errors import InputError
from infoscope.core.progress import say
from infoscope.record.loose import is_mapping, is_several
from infoscope.record.untouched import borrowed_randomness

STREAM = 10_000  # samples that are read of a stream that says no length
#: What padded positions hold, where it is not 0.
FILL = {"labels": -100, "word_ids": -1, "special_tokens_mask": 1}
RANDOM = (data.RandomSampler, data.WeightedRandomSampler, data.SubsetRandomSampler)


@dataclass(frozen=True)
class Taker:
    """What a network's ``forward`` takes. names: of its arguments, in order; wanted: how many must be given; dtype: of
    real numbers that come without one; axis: of the samples. aside: names that are kept although it does not take
    them."""

    names: Sequence[str]
    wanted: int
    dtype: torch.dtype
    aside: Sequence[str] = ()
    axis: int = 0

    @classmethod
    def of(cls, model: torch.nn.Module, dtype: torch.dtype, aside: Sequence[str] = (), axis: int = 0) -> Taker:
        try:
            signature = inspect.signature(model.forward).parameters.values()
        except (TypeError, ValueError):  # written in C
            return cls((), 0, dtype, aside, axis)
        there = [p for p in signature if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        wanted = sum(p.default is p.empty for p in there if p.kind is not p.KEYWORD_ONLY)
        return cls([p.name for p in there], wanted, dtype, aside, axis)

    def among(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a row's columns that it takes; all where it names none (``forward(*args, **kwargs)``).

        Raises
        ------
        InputError: none.
        """
        if not self.names:
            return dict(columns)
        kept = {name: value for name, value in columns.items() if name in self.names or name in self.aside}
        if not any(name in self.names for name in kept):
            raise InputError(
                f"the inputs have the columns {', '.join(columns)} and forward takes {', '.join(self.names)}: rename "
                "those that the network is to read"
            )
        return kept

    def first(self, entries: Sequence[Any]) -> Sequence[Any]:
        """Those of a sample's entries that are the network's: the first ones, where what follows must be its label.

        Raises
        ------
        InputError: it cannot be told.
        """
        if not self.names or len(entries) <= self.wanted:
            return entries
        if len(self.names) == self.wanted:
            return entries[: self.wanted]
        more = ", ".join(self.names[self.wanted :][:3])
        raise InputError(
            f"inputs gives {len(entries)} entries a sample, and forward wants {self.wanted} and may take {more} …: "
            "give mappings by name, or only what forward takes"
        )


def as_taken(value: Any, taker: Taker) -> Any:
    """The tensors in ``value``, by number or by name; itself where it is no source of these sorts.

    Raises
    ------
    InputError: a loader that shuffles, sequences of different lengths without a mask, samples that do not go together.
    """
    if is_mapping(value):
        return _mapping(value)
    if isinstance(value, data.DataLoader):
        return _loaded(value, taker)
    if is_several(value):
        return _several_mappings(value, taker) if value and all(map(is_mapping, value)) else value
    foreign = type(value).__module__.partition(".")[0] == "datasets"
    if isinstance(value, data.IterableDataset) or (foreign and not hasattr(value, "__len__")):
        return _stream((_sample(each, taker) for each in cast(Any, value)), taker, "samples")
    if isinstance(value, data.Dataset) or (foreign and hasattr(value, "column_names")):
        samples = cast(Any, value)
        with borrowed_randomness():
            return _joined([_sample(samples[i], taker) for i in range(len(samples))], taker)
    if isinstance(value, Iterator) or inspect.isgenerator(value):
        return _stream((_batch(each, taker) for each in cast("Iterator[Any]", value)), taker, "batches")
    return value


def _mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    """With lists as tensors, padded where an attention mask says so; the word of each token of a fast tokenizer."""
    if any(isinstance(each, data.Dataset) or hasattr(each, "column_names") for each in value.values()):
        raise InputError(
            f"inputs holds several data sets ({', '.join(map(str, value))}), wanted one: inputs={{name}}[…]"
        )
    found = {str(name): _numbers(str(name), each) for name, each in value.items()}
    word_ids: Callable[[int], Sequence[int | None]] | None = getattr(value, "word_ids", None)
    if callable(word_ids):  # a BatchEncoding
        of_one = found.get("input_ids")
        if isinstance(of_one, torch.Tensor) and of_one.ndim == 1:
            raise InputError("inputs is the encoding of one text alone, wanted several: tokenizer([text, …])")
        if getattr(value, "is_fast", False) and "word_ids" not in found and of_one is not None:
            found["word_ids"] = [_word_ids(value, i) for i in range(len(of_one))]
    ragged = {name: cast("list[torch.Tensor]", each) for name, each in found.items() if isinstance(each, list)}
    lengths = {name: max(len(t) for t in each) for name, each in ragged.items() if each}
    given = {name: each.shape[1] for name, each in found.items() if isinstance(each, torch.Tensor) and each.ndim > 1}
    on_left = _on_left(ragged.get("attention_mask", ()))
    for name, each in ragged.items():
        same = len({t.shape for t in each}) == 1
        if not same:
            _need_mask(name, [len(t) for t in each], "attention_mask" in found)
        width = lengths[name]
        if name == "word_ids":  # as wide as what they are of
            width = max(width, given.get("input_ids", lengths.get("input_ids", width)))
        found[name] = torch.stack([_to_width(t, width, name, on_left) for t in each])
    return found


def _word_ids(encoding: Any, i: int) -> torch.Tensor:
    """The word of each token of one text, -1 for none; those of a second text are numbered on."""
    words = [-1 if word is None else int(word) for word in encoding.word_ids(i)]
    parts = [0 if part is None else int(part) for part in encoding.sequence_ids(i)]
    behind = 1 + max([w for w, part in zip(words, parts, strict=True) if part == 0], default=-1)
    return torch.tensor([w + behind * part if w >= 0 else w for w, part in zip(words, parts, strict=True)])


def _numbers(name: str, value: Any) -> Any:
    """Lists of numbers as a tensor, or as one a sample where they differ in length; else ``value`` itself."""
    if not is_several(value) or not value:
        return value
    each = [_tensor(one, name) for one in value]
    if any(one is None for one in each):
        return value
    found = cast("list[torch.Tensor]", each)
    if len({one.shape for one in found}) == 1:
        return torch.stack(found)
    if all(one.ndim for one in found):
        return found
    return value


def _tensor(value: Any, name: str, dtype: torch.dtype | None = None) -> torch.Tensor | None:
    """``value`` as a tensor, if it is one, an array, a number, or nested lists of numbers."""
    if isinstance(value, torch.Tensor):
        return value.detach()
    if name == "word_ids" and is_several(value):
        value = [-1 if word is None else word for word in value]
    try:
        array = np.asarray(value)
    except ValueError:  # ragged
        return None
    if array.dtype.kind not in "fiub":
        return None
    found = torch.as_tensor(np.array(array, order="C"))
    return found.to(dtype or torch.get_default_dtype()) if array.dtype.kind == "f" else found


def _sample(value: Any, taker: Taker) -> dict[str, torch.Tensor]:
    """One sample as a batch of one."""
    return {name: t.unsqueeze(min(taker.axis, t.ndim)) for name, t in _batch(value, taker, 0).items()}


def _batch(value: Any, taker: Taker, least: int = 1) -> dict[str, torch.Tensor]:
    """The tensors of a batch by name or number, each of ``least`` axes or more."""
    entries: dict[str, Any] = {"0": value}
    if is_mapping(value):
        entries = taker.among({str(name): each for name, each in value.items()})
    elif is_several(value) and not _plain(value):
        entries = {str(i): each for i, each in enumerate(taker.first(value))}
    found: dict[str, torch.Tensor] = {}
    for name, each in entries.items():
        t = _tensor(each, name, taker.dtype)
        if t is None or t.ndim < least:
            raise InputError(
                f"inputs gives a {type(each).__name__} for {name!r}, wanted tensors or numbers: leave it out, or turn "
                "it into what forward takes"
            )
        found[name] = t
    return found


def _plain(value: Sequence[Any]) -> bool:
    """Whether it is a list of numbers, and not of tensors."""
    return all(isinstance(each, (bool, int, float)) for each in value)


def _several_mappings(several: Sequence[Any], taker: Taker) -> Any:
    """A list of samples, or of batches: by the axes of their token ids."""
    first: Mapping[Any, Any] = several[0]
    ids = next((_tensor(first[name], name) for name in ("input_ids", "attention_mask") if name in first), None)
    if ids is None or ids.ndim not in (1, 2):
        raise InputError(
            "inputs is a list of mappings without input_ids, of which it is not known whether they are samples or "
            "batches: pass a torch Dataset, or a generator of batches"
        )
    read = _sample if ids.ndim == 1 else _batch
    return _joined([read(each, taker) for each in several], taker)


def _loaded(loader: Any, taker: Taker) -> Any:
    """The batches of a loader that keeps an order."""
    if isinstance(loader.dataset, data.IterableDataset):
        with _generator_kept(loader), borrowed_randomness():
            return _stream((_batch(each, taker) for each in loader), taker, "batches")
    batches = loader.batch_sampler
    sampler = loader.sampler if batches is None else getattr(batches, "sampler", batches)
    with _generator_kept(loader):
        if isinstance(sampler, RANDOM) or getattr(sampler, "shuffle", False) is True or not _steady(sampler):
            raise InputError(
                f"inputs is a DataLoader that shuffles ({type(sampler).__name__}), so its samples have no order that "
                "variables could follow: build it with shuffle=False"
            )
        with borrowed_randomness():
            return _joined([_batch(each, taker) for each in loader], taker)


def _steady(sampler: Any) -> bool:
    """Whether a sampler draws nothing: it says the same order from two seeds."""
    if isinstance(sampler, data.SequentialSampler):
        return True
    orders: list[list[Any]] = []
    for seed in (0, 1):
        with borrowed_randomness(seed):
            orders.append(list(sampler))
    return orders[0] == orders[1]


@contextmanager
def _generator_kept(loader: Any) -> Generator[None]:
    """A loader draws a seed from its generator whenever it is read."""
    generator: torch.Generator | None = loader.generator
    state = None if generator is None else generator.get_state()
    try:
        yield
    finally:
        if generator is not None and state is not None:
            generator.set_state(state)


def _stream(batches: Iterable[dict[str, torch.Tensor]], taker: Taker, what: str) -> Any:
    """The first :data:`STREAM` samples of a stream, which is said where there are more."""
    found: list[dict[str, torch.Tensor]] = []
    n = 0
    for batch in batches:
        if n >= STREAM:
            say(
                f"infoscope: the evaluation set is the first {n} samples of a stream of {what}; for another number "
                "hand over itertools.islice(stream, …)"
            )
            break
        found.append(batch)
        n += _length(batch, taker.axis)
    return _joined(found, taker)


def _length(batch: Mapping[str, torch.Tensor], axis: int) -> int:
    return next((t.shape[axis] for t in batch.values() if t.ndim > axis), 0)


def _joined(batches: Sequence[Mapping[str, torch.Tensor]], taker: Taker) -> Any:
    """All samples: a tensor, a tuple of them, or by name."""
    if not batches:
        raise InputError("inputs gives no samples, wanted at least 2: pass what your model's forward takes")
    names = list(batches[0])
    for i, batch in enumerate(batches):
        if list(batch) != names and set(batch) != set(names):
            raise InputError(
                f"inputs gives {', '.join(names)} at first and {', '.join(batch)} at {i}, wanted the same in each"
            )
    on_left = _on_left(each for batch in batches for each in batch.get("attention_mask", ()))
    found: dict[str, torch.Tensor] = {}
    for name in names:
        parts = [batch[name] for batch in batches]
        axis = min(taker.axis, parts[0].ndim - 1)
        shapes = {(*t.shape[:axis], *t.shape[axis + 1 :]) for t in parts}
        if len(shapes) > 1:
            lengths = [t.shape[1] if t.ndim > 1 else 0 for t in parts]
            _need_mask(name, lengths, "attention_mask" in names and taker.axis == 0)
            parts = [_to_width(t, max(lengths), name, on_left, 1) for t in parts]
            if len({t.shape[1:] for t in parts}) > 1:
                told = " and ".join(str(list(shape)) for shape in itertools.islice(shapes, 2))
                raise InputError(f"inputs gives {name!r} as {told} a sample, wanted the same in each")
        found[name] = torch.cat(parts, axis)
    if names[0] == "0":
        entries = tuple(found[str(i)] for i in range(len(names)))
        return entries[0] if len(entries) == 1 else entries
    return found


def _on_left(masks: Iterable[torch.Tensor]) -> bool:
    """Whether sequences are padded on the left."""
    return any(len(mask) > 0 and not bool(mask[0]) and bool(mask[-1]) for mask in masks)


def _need_mask(name: str, lengths: Sequence[int], there: bool) -> None:
    if not there:
        raise InputError(
            f"the samples differ in length ({name} has {min(lengths)} to {max(lengths)} positions) and there is no "
            "attention_mask to say what would be padding: pad them, or give attention_mask beside them"
        )


def _to_width(t: torch.Tensor, width: int, name: str, on_left: bool, axis: int = 0) -> torch.Tensor:
    """Padded to ``width`` positions along ``axis``."""
    more = width - t.shape[axis]
    if more <= 0:
        return t
    shape = list(t.shape)
    shape[axis] = more
    padding = t.new_full(shape, FILL.get(name, 0))
    return torch.cat([padding, t] if on_left else [t, padding], axis)
