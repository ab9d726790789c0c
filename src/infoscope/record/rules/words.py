"""One row a word: its first piece, its last, or the mean of its pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch

from infoscope.core.errors import InputError
from infoscope.record.layout import Chosen, Pieces, SampleLayout
from infoscope.record.rule import Rule, Stage, at_positions, means, positions


@dataclass(frozen=True)
class Words(Rule):
    """One row a word, by the word ids of the tokenizer.

    piece: which of a word's tokens stands for it: the first, the last, or the mean of all that the mask leaves.

    Examples
    --------
    >>> x = torch.arange(12.0).reshape(2, 3, 2)  # two sequences of three tokens
    >>> pieces = {"input": x, "word_ids": torch.tensor([[0, 1, 1], [-1, 0, 0]])}  # -1: of no word
    >>> iscope.representations(torch.nn.Identity(), pieces, ["output@words(mean)"])["output@words(mean)"]
    tensor([[ 0.,  1.],
            [ 3.,  4.],
            [ 9., 10.]])
    """

    piece: Literal["first", "last", "mean"] = "first"

    stage: ClassVar[Stage] = "rows"

    def chosen(self, layout: SampleLayout, shape: torch.Size, site: str) -> Chosen:
        if layout.words is None:
            raise InputError(
                f"@{self.spelled} at {site!r} reads words and the inputs hold no word_ids: pass what a fast tokenizer "
                "returns (tokenizer(..., return_tensors='pt')), or word_ids [n, seq] with -1 for none beside input_ids"
            )
        mask = layout.mask(positions(shape, site, self.spelled), site)
        if mask.shape != layout.words.shape:
            raise InputError(
                f"the place {site!r} gives {mask.shape[1]} positions a sample and word_ids has "
                f"{layout.words.shape[1]}, wanted as many"
            )
        sample, position = np.nonzero(mask & (layout.words >= 0))
        word = layout.words[sample, position]
        lead = np.ones(len(sample), bool)  # where a new word begins (or, for the last piece, ends)
        same = (sample[1:] == sample[:-1]) & (word[1:] == word[:-1])
        if self.piece == "last":
            lead[:-1] = ~same
        else:
            lead[1:] = ~same
        pieces = Pieces(sample, position, np.cumsum(lead) - 1) if self.piece == "mean" else None
        return Chosen(len(mask), sample[lead], position[lead], mask.shape[1], word[lead], pieces)

    def gather(self, output: torch.Tensor, chosen: Chosen, samples: slice) -> torch.Tensor:
        if chosen.pieces is None:
            return at_positions(output, chosen, samples)
        rows, parts = chosen.of(samples), chosen.pieces.of(samples)
        values = at_positions(output, chosen.pieces, samples)
        return means(values, chosen.pieces.row[parts] - rows.start, rows.stop - rows.start)
