"""What a row rule is: how the output at a place becomes rows, gathered inside the hook.

A new rule is one file in ``record/rules`` holding one frozen dataclass derived from :class:`Rule`. Its fields are its
options, written ``at(3,-1)`` or ``sketch(512, seed=1)``: the first needs no name. A place may bear several, read from
left to right: ``lstm@time_first@last@sketch(64)``. One of them at most says which rows there are; those before it turn
axes, those behind it change columns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np
import torch

from infoscope.core import grammar
from infoscope.core.errors import InputError
from infoscope.record.layout import Chosen, Pieces, SampleLayout

Stage = Literal["axes", "rows", "columns"]
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class Rule(grammar.WithOptions):
    """Base of every row rule.

    Facts, literals in the class body: ``stage``, what it says: the axes of the output, which rows there are, or what
    columns they have.
    """

    stage: ClassVar[Stage] = "rows"

    @property
    def spelled(self) -> str:
        """As it stands behind the ``@`` of a place; what is as by default is left out, and the first option's name."""
        text = super().spelled
        name, opened, inside = text.partition("(")
        if not opened:
            return text
        first, *others = inside.removesuffix(")").split(", ")
        leading = next(iter(self.options))
        first = first.removeprefix(f"{leading}=").removesuffix(",")
        return f"{name}({', '.join([first, *others])})"

    def axes(self, output: torch.Tensor) -> torch.Tensor:
        """The output with the samples on its first axis."""
        return output

    def columns(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows ``[r, d]`` with other columns."""
        return rows

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        """The rows of the whole evaluation set, where one sample's output has this ``shape``.

        Raises
        ------
        InputError: an output of that shape has no such rows.
        """
        raise NotImplementedError

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        """The rows ``[r, d]`` of those ``samples`` from their output ``[b, ...]``."""
        raise NotImplementedError


@dataclass(frozen=True)
class PositionRule(Rule):
    """Base of rules whose rows are some of the positions that the mask leaves."""

    def kept(self, mask: np.ndarray) -> np.ndarray:
        """``mask [n, seq]`` with nothing but the positions that are rows."""
        raise NotImplementedError

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        return Chosen.where(self.kept(layout.mask(positions(shape, site, self.spelled), site)))

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        return at_positions(output, chosen, samples)


def positions(shape: torch.Size, site: str, rule: str) -> int:
    """How many positions a sample has, where its output is ``[positions, d]``.

    Raises
    ------
    InputError: it has other axes.
    """
    if len(shape) < 2:
        raise InputError(
            f"the place {site!r} returned {list(shape)} for each sample, wanted [positions, features] for @{rule}: "
            "name a place that keeps the positions, or leave the rule out"
        )
    return shape[0]


def at_positions(output: torch.Tensor, chosen: Chosen | Pieces, samples: slice) -> torch.Tensor:
    """The output ``[b, seq, ...]`` at the chosen positions, ``[r, d]``."""
    rows = chosen.of(samples)
    sample = torch.as_tensor(chosen.sample[rows] - samples.start, device=output.device)
    position = torch.as_tensor(chosen.position[rows], device=output.device)
    found = output[sample, position]
    return found.reshape(len(found), math.prod(found.shape[1:]))  # a batch may hold none


def nth(mask: np.ndarray, place: int) -> np.ndarray:
    """``mask [n, seq]`` with nothing but the ``place``-th True of each line; negative from the end."""
    counted = np.cumsum(mask, axis=1)
    wanted = counted[:, -1:] + place if place < 0 else np.full((len(mask), 1), place)
    return mask & (counted - 1 == wanted)


def means(values: torch.Tensor, segment: np.ndarray, count: int) -> torch.Tensor:
    """The mean of ``values [r, d]`` over each of ``count`` segments ``[r]``, in float32 at least."""
    wide = values.to(torch.promote_types(values.dtype, torch.float32))
    of = torch.as_tensor(segment, device=values.device)
    sums = wide.new_zeros((count, wide.shape[1])).index_add_(0, of, wide)
    return sums / torch.bincount(of, minlength=count)[:, None]


def pooled_rows(layout: SampleLayout, shape: torch.Size, site: str, rule: str) -> Chosen:
    """One row a sample for what is pooled over positions ``[positions, d]`` or over a map ``[channels, height,
    width]``; samples of which the mask leaves nothing have none."""
    if len(shape) == 3:
        return Chosen.whole(layout.n)
    mask = layout.mask(positions(shape, site, rule), site)
    there = np.asarray(mask.any(axis=1))
    return replace(Chosen.whole(layout.n, there), mask=None if mask.all() else mask)


def spread(output: torch.Tensor, chosen: Chosen, samples: slice) -> tuple[torch.Tensor, torch.Tensor]:
    """The positions of each row that is pooled ``[r, positions, d]``, and which of them count ``[r, positions]``."""
    values = output.flatten(2).transpose(1, 2) if output.ndim == 4 else output.reshape(*output.shape[:2], -1)
    if chosen.mask is None:
        return values, torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
    kept = chosen.sample[chosen.of(samples)]
    mask = torch.as_tensor(chosen.mask[kept], device=values.device)
    return values[torch.as_tensor(kept - samples.start, device=values.device)], mask
