"""Which positions of an evaluation set can be read, and which sample and position each row of a place is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from infoscope.core.errors import InputError

WHOLE = -1  # in place of a position: the row is the whole sample


@dataclass(frozen=True, eq=False)
class SampleLayout:
    """n: samples. masks: by name, ``[n, seq]``, which positions are read (True); several where an encoder and a decoder
    have one each; none where every position is. words: the word ``[n, seq]`` of each position, -1 for none (special
    tokens); None where nobody said. first: the number of the first of these samples in the whole evaluation set."""

    n: int
    masks: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])
    words: np.ndarray | None = None
    first: int = 0

    def mask(self, seq: int, module: str = "") -> np.ndarray:
        """Which of ``seq`` positions a sample are read at ``module``, ``[n, seq]``.

        Of two of that length the encoder's is for what lies inside an ``encoder``, the decoder's for the rest.

        Raises
        ------
        InputError: there is a mask, of another length.
        """
        if not self.masks:
            return np.ones((self.n, seq), bool)
        encoder = any(part.startswith("encoder") for part in module.split("."))
        ordered = sorted(self.masks.items(), key=lambda item: item[0].startswith("decoder") == encoder)
        for _, mask in ordered:
            if mask.shape[1] == seq:
                return mask
        told = " and ".join(f"{name} has {mask.shape[1]}" for name, mask in self.masks.items())
        raise InputError(
            f"the place {module!r} gives {seq} positions a sample where {told}: name a place that keeps the positions "
            "of the inputs, or a row rule that needs none ('samples', 'sketch')"
        )


@dataclass(frozen=True, eq=False)
class Pieces:
    """Positions that are averaged into rows, in order: sample, position and row of each, all ``[p]``."""

    sample: np.ndarray
    position: np.ndarray
    row: np.ndarray

    def of(self, samples: slice) -> slice:
        """The positions of consecutive samples."""
        edges = np.searchsorted(self.sample, (samples.start, samples.stop)).tolist()
        return slice(*edges)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The rows of a place in order: ``sample [N]``, ascending, and ``position [N]`` of each, of ``positions`` in its
    sample; :data:`WHOLE` where a row is a whole sample. word: the word ``[N]`` of each, where rows are words. pieces:
    what a row is the mean of, where it is of several positions. mask: the positions ``[n, positions]`` that a row that
    stands for a whole sample is pooled over; None for all."""

    n: int
    sample: np.ndarray
    position: np.ndarray
    positions: int = 0
    word: np.ndarray | None = None
    pieces: Pieces | None = None
    mask: np.ndarray | None = None

    @classmethod
    def whole(cls, n: int, there: np.ndarray | None = None) -> Chosen:
        """One row a sample; ``there [n]``: which samples have one."""
        sample = np.arange(n) if there is None else np.flatnonzero(there)
        return cls(n, sample, np.full(len(sample), WHOLE))

    @classmethod
    def where(cls, mask: np.ndarray) -> Chosen:
        """One row a position that is True in ``mask [n, seq]``."""
        sample, position = np.nonzero(mask)
        return cls(len(mask), sample, position, mask.shape[1])

    def __len__(self) -> int:
        return len(self.sample)

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.searchsorted(self.sample, np.arange(self.n + 1))

    def of(self, samples: slice) -> slice:
        """The rows of consecutive samples."""
        return slice(int(self._starts[samples.start]), int(self._starts[samples.stop]))

    @property
    def one_a_sample(self) -> bool:
        """Whether row i is sample i."""
        return len(self) == self.n and bool((self.sample == np.arange(self.n)).all())

    @property
    def several(self) -> bool:
        """Whether some sample gives several rows, which then belong together."""
        return len(np.unique(self.sample)) < len(self)

    @property
    def left_out(self) -> int:
        """How many samples give no row."""
        return self.n - len(np.unique(self.sample))
