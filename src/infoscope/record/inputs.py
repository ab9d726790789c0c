"""The fixed set of inputs on which representations are read, in the shape a network's ``forward`` takes them."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import math
import operator
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.record.evaluation_sources import Taker, as_taken
from infoscope.record.layout import SampleLayout
from infoscope.record.loose import is_mapping, is_several

BATCH_SIZE = 1024


#: What stands beside the inputs in a tokenizer's answer and is not the model's unless its ``forward`` names it.
ASIDE = ("special_tokens_mask", "word_ids", "offset_mapping", "overflow_to_sample_mapping", "length")
MASKS = ("attention_mask", "decoder_attention_mask")
IGNORED = -100  # the label that a loss of torch leaves out


@dataclass(frozen=True)
class Inputs:
    """``args`` and ``kwargs`` of one call on all samples; every tensor has the samples on its first axis, or on its
    second with ``time_first``. flags: keyword arguments that are the same for each batch. aside: tensors that are not
    handed to the model: which tokens are special, and the word of each (``word_ids``, -1 for none). first: the number
    of the first sample, of a stretch of a larger set."""

    args: tuple[torch.Tensor, ...] = ()
    kwargs: dict[str, torch.Tensor] = field(default_factory=dict[str, torch.Tensor])
    flags: dict[str, Any] = field(default_factory=dict[str, Any])
    aside: dict[str, torch.Tensor] = field(default_factory=dict[str, torch.Tensor])
    time_first: bool = False
    first: int = 0

    @classmethod
    def of(cls, value: Any, model: torch.nn.Module, *, time_first: bool = False) -> Inputs:
        """From a tensor or array (``model(x)``), a tuple or list (``model(*x)``) or a mapping (``model(**x)``), whose
        entries that are no tensors (``use_cache: False``) are handed to each call as they are; from a data set, a
        loader or a stream as :mod:`infoscope.record.evaluation_sources` reads it.

        Real-valued NumPy arrays and tables of other libraries take the dtype of the model's parameters; tensors are
        taken as they are.

        Raises
        ------
        InputError: something that is not a tensor, tensors of unequal length, or fewer than 2 rows.
        """
        if isinstance(value, Inputs):
            return value
        dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.get_default_dtype())
        value = as_taken(value, Taker.of(model, dtype, ASIDE, 1 if time_first else 0))
        if is_mapping(value):
            found = cls._mapped(value, model, dtype)
        elif is_several(value):
            found = cls._listed([_tensor(each, f"inputs[{i}]", dtype) for i, each in enumerate(value)], model)
        else:
            found = cls((_tensor(value, "inputs", dtype),))
        if time_first:
            found = dataclasses.replace(found, time_first=True)
            for name, tensor in found.tensors().items():
                if tensor.ndim < 2:
                    raise InputError(f"{name} has shape {tuple(tensor.shape)}, wanted [time, samples, …] (time_first)")
        lengths = {name: tensor.shape[found._axis] for name, tensor in found.tensors().items()}
        lengths.update({f"{name} (beside the inputs)": len(tensor) for name, tensor in found.aside.items()})
        if not found.tensors():
            raise InputError("inputs is empty, wanted at least one tensor: pass what your model's forward takes")
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
            raise InputError(f"the inputs differ in their number of rows ({told}), wanted the same samples in each")
        if len(found) < 2:
            raise InputError(f"inputs has {len(found)} rows, wanted at least 2: pass the whole evaluation set at once")
        return found

    def __len__(self) -> int:
        return next(iter(self.tensors().values())).shape[self._axis]

    @classmethod
    def _listed(cls, tensors: list[torch.Tensor], model: torch.nn.Module) -> Inputs:
        """By number; by the names that ``forward`` gives them where one of these is a mask, so that it is known."""
        names = arguments(model)[: len(tensors)]
        if len(names) == len(tensors) and set(MASKS) & set(names):
            return cls((), dict(zip(names, tensors, strict=True)))
        return cls(tuple(tensors))

    @classmethod
    def _mapped(cls, value: Mapping[Any, Any], model: torch.nn.Module, dtype: torch.dtype) -> Inputs:
        taken = arguments(model)
        given: dict[str, torch.Tensor] = {}
        aside: dict[str, torch.Tensor] = {}
        flags: dict[str, Any] = {}
        for key, each in value.items():
            name = str(key)
            if each is None or isinstance(each, (bool, int, float, str)):
                flags[name] = each
            elif name in ASIDE and name not in taken:
                aside[name] = _tensor(each, f"inputs[{name!r}]", dtype)
            else:
                given[name] = _tensor(each, f"inputs[{name!r}]", dtype)
        beside = next((given[name] for name in ("decoder_input_ids", "labels") if name in given), None)
        if "decoder_input_ids" in taken and MASKS[1] not in given and beside is not None and beside.ndim == 2:
            aside[MASKS[1]] = torch.ones_like(beside, dtype=torch.bool)  # the mask of the encoder is not the decoder's
        return cls((), given, flags, aside)

    @property
    def _axis(self) -> int:
        return 1 if self.time_first else 0

    @cached_property
    def layout(self) -> SampleLayout:
        """Which positions can be read: those that every mask leaves, no special token, none with an ignored label."""
        said = {**self.aside, **self.kwargs}
        for name in MASKS:
            if name in said and said[name].ndim == 1:
                raise InputError(
                    f"{name} has shape {list(said[name].shape)}, wanted [samples, positions], 1 where a position is "
                    "read and 0 where it is padding: pass the mask that the tokenizer gives"
                )
            if name in said and not bool((said[name] >= 0).all()):
                raise InputError(
                    f"{name} holds {float(said[name].min()):g}, as a mask that is added to scores does, wanted 1 where "
                    "a position is read and 0 where it is padding: pass the mask that the tokenizer gives"
                )
        masks = {name: self._plane(said[name]) for name in MASKS if name in said}
        masks = {name: mask != 0 for name, mask in masks.items() if mask is not None}
        special, labels = self._plane(self.aside.get("special_tokens_mask")), self._plane(self.kwargs.get("labels"))
        of_labels = MASKS[1] if MASKS[1] in masks else MASKS[0]
        if special is not None:
            _leave(masks, MASKS[0], special == 0, "special_tokens_mask")
        if labels is not None and (labels == IGNORED).any():
            _leave(masks, of_labels, labels != IGNORED, "labels")
        words = self._plane(self.aside.get("word_ids"))
        return SampleLayout(len(self), masks, words, self.first)

    def _plane(self, tensor: torch.Tensor | None) -> np.ndarray | None:
        """A tensor of one number a position, ``[n, seq]``; None for any other."""
        if tensor is None or tensor.ndim != 2:
            return None
        return np.asarray((tensor.T if self.time_first else tensor).cpu().numpy())

    def of_samples(self, numbers: Any) -> Inputs:
        """Those samples alone."""
        index = torch.as_tensor(numbers)

        def some(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
            return {name: t.index_select(self._axis, index.to(t.device)) for name, t in tensors.items()}

        args = some({str(i): t for i, t in enumerate(self.args)})
        aside = {name: t[index] for name, t in self.aside.items()}
        return dataclasses.replace(self, args=tuple(args.values()), kwargs=some(self.kwargs), aside=aside)

    def stretch(self, samples: slice) -> Inputs:
        """Samples that follow each other, alone; nothing of them is copied, so of a file that is mapped nothing is
        read."""
        of = (slice(None), samples) if self.time_first else samples
        return dataclasses.replace(
            self,
            args=tuple(t[of] for t in self.args),
            kwargs={name: t[of] for name, t in self.kwargs.items()},
            aside={name: t[samples] for name, t in self.aside.items()},
            first=self.first + samples.start,
        )

    @property
    def padding(self) -> dict[str, np.ndarray]:
        """The masks ``[n, seq]`` as they were given, by name: which positions are no padding."""
        planes = {name: self._plane(self.kwargs.get(name)) for name in MASKS}
        return {name: plane != 0 for name, plane in planes.items() if plane is not None}

    def unpadded(self, sample: int) -> Inputs:
        """That sample alone, twice (a batch of one breaks networks that squeeze), without the positions that are
        padding in any tensor that has a mask's positions."""
        found, masks = self.of_samples([sample, sample]), self.padding
        decoded = MASKS[1] in masks or MASKS[1] in self.aside
        axis = 0 if self.time_first else 1

        def kept(name: str, t: torch.Tensor) -> torch.Tensor:
            of_decoder = decoded and (name.startswith("decoder_") or name == "labels")
            mask = masks.get(MASKS[1] if of_decoder else MASKS[0])
            if mask is None or t.ndim < 2 or t.shape[axis] != mask.shape[1]:
                return t
            return t.index_select(axis, torch.as_tensor(np.flatnonzero(mask[sample])).to(t.device))

        return dataclasses.replace(
            found,
            args=tuple(kept("", t) for t in found.args),
            kwargs={name: kept(name, t) for name, t in found.kwargs.items()},
        )

    def tensors(self) -> dict[str, torch.Tensor]:
        """All tensors that the model is handed under the names that ``evaluation.safetensors`` gives them."""
        return {
            **{f"inputs.args.{i}": tensor for i, tensor in enumerate(self.args)},
            **{f"inputs.kwargs.{name}": tensor for name, tensor in self.kwargs.items()},
        }

    @property
    def as_given(self) -> torch.Tensor | tuple[torch.Tensor, ...] | dict[str, torch.Tensor]:
        """The tensors alone, in the shape they came in: one, several, or by name."""
        return self.kwargs or (self.args[0] if len(self.args) == 1 else self.args)

    def copy(self) -> Inputs:
        """The same values in memory that nobody else writes to."""
        args = tuple(t.clone() for t in self.args)
        return dataclasses.replace(self, args=args, kwargs={name: t.clone() for name, t in self.kwargs.items()})

    def batches(
        self, batch_size: int, device: torch.device, edges: Sequence[int] | None = None
    ) -> Iterator[tuple[slice, tuple[Any, ...], dict[str, Any]]]:
        """``(rows, args, kwargs)`` of consecutive batches, copied to ``device``: those between ``edges``, by default of
        :func:`batch_edges`.

        Copied, because a network whose first layer works in place would write into the caller's tensors.
        """
        edges = batch_edges(len(self), batch_size) if edges is None else edges
        for start, stop in itertools.pairwise(edges):
            rows = slice(start, stop)
            of = (slice(None), rows) if self.time_first else rows
            args = tuple(t[of].to(device, copy=True) for t in self.args)
            kwargs = {name: t[of].to(device, copy=True) for name, t in self.kwargs.items()}
            yield rows, args, {**kwargs, **self.flags}


def run_forward(model: torch.nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
    """One call of the network, on what :meth:`Inputs.batches` gives.

    Raises
    ------
    InputError: it refuses numbers of another type than its weights. What else a network raises is left as it is.
    """
    try:
        model(*args, **kwargs)
    except (RuntimeError, ValueError) as reason:
        said, weights = str(reason).splitlines()[0], {p.dtype for p in model.parameters() if p.is_floating_point()}
        named = {("inputs" if len(args) == 1 else f"inputs[{i}]"): each for i, each in enumerate(args)}
        other = [
            (not each.is_floating_point(), name, each.dtype)
            for name, each in {**named, **kwargs}.items()
            if isinstance(each, torch.Tensor)
            and each.dtype not in weights
            and (each.is_floating_point() or _WHOLE.search(said))
        ]
        if not (weights and other and _OTHER_TYPE.search(said)):
            raise
        (_, name, dtype), wanted = min(other, key=operator.itemgetter(0)), sorted(map(str, weights))
        raise InputError(
            f"{name} is {dtype} and the weights of the network are {' or '.join(wanted)}, which it refuses ({said}): "
            f"pass {name}.to({wanted[0]}), or an array of real numbers, which takes the type of the weights"
        ) from reason


def batch_edges(n: int, batch_size: int) -> list[int]:
    """Where batches of ``n`` samples begin and end: nearly equal ones, because a last batch of one row breaks networks
    that squeeze."""
    return np.linspace(0, n, math.ceil(n / batch_size) + 1).astype(int).tolist()


def _leave(masks: dict[str, np.ndarray], name: str, other: np.ndarray, of: str) -> None:
    """Leave by the mask ``name`` what ``other`` leaves too; one of another length stands on its own."""
    there = masks.get(name)
    if there is None or there.shape != other.shape:
        masks[name if there is None else of] = other
    else:
        masks[name] = there & other


#: How torch refuses to mix types, and how it calls those of whole numbers there.
_OTHER_TYPE = re.compile(
    r"same dtype|same datatype|should be the same|mixed dtype|weight dtype|scalar type|not implemented for"
)
_WHOLE = re.compile(r"\b(Long|Int|Short|Char|Byte|long int|int|short|signed char|unsigned char|uint8|int(16|32|64))\b")


def arguments(model: torch.nn.Module) -> list[str]:
    """The names of the arguments of ``forward``, in order."""
    try:
        return list(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):  # written in C
        return []


def _tensor(value: Any, name: str, dtype: torch.dtype) -> torch.Tensor:
    if not isinstance(value, torch.Tensor) and hasattr(value, "__array__"):  # of NumPy, or a table of another library
        mapped = isinstance(value, np.memmap)
        value = check.array(value, name)
        if value.dtype.kind not in "fiub":
            raise InputError(f"{name} has dtype {value.dtype}, wanted numbers: encode it first")
        if not (mapped and value.flags.c_contiguous and value.dtype.isnative):  # a file that is mapped stays one
            value = np.array(value, order="C")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that nobody may write to it, and nobody does
            value = torch.as_tensor(value).to(dtype if value.dtype.kind == "f" else None)
    if not isinstance(value, torch.Tensor):
        raise InputError(
            f"{name} is a {type(value).__name__}, wanted a tensor or an array with one row a sample: give forward's "
            "other arguments default values, or wrap the model"
        )
    if value.ndim == 0:
        raise InputError(f"{name} is a single number, wanted one row a sample on the first axis")
    return value.detach()
