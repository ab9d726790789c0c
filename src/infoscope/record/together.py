"""Which rows of an evaluation set belong together: those that were said to, and those with equal inputs.

Rows with equal inputs are copies of one sample at every place and step, whatever their representations are. Equal rows
of a *representation* are none: that is what a collapsed layer looks like. Where there are only a few distinct inputs
they are symbols (an enumerated table, the exclusive or) and not copies: see :meth:`Together.names`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import torch

from infoscope.core import check
from infoscope.core.measurement import NOTHING, Given, Measured, Measurement, measured
from infoscope.record.inputs import Inputs
from infoscope.record.loose import is_mapping, is_several

LEAST = 10  # distinct inputs below which they are symbols


@dataclass(frozen=True, eq=False)
class Together:
    """given: the group of each row as it was said, ``[n]`` from 0 on; None where nobody said.

    inputs: the same by equal inputs; None where no two are equal. n: rows.
    """

    n: int
    given: np.ndarray | None = None
    inputs: np.ndarray | None = None

    @classmethod
    def of(cls, inputs: Any, given: Any = None) -> Together:
        """From inputs (a tensor, several, or :class:`Inputs`) and names ``[n]``, numbers or words, if any.

        Raises
        ------
        InputError: names of another length, or one that is missing.
        """
        tensors = _tensors(inputs)
        n = len(tensors[0])
        return cls(n, None if given is None else check.names(given, n, "groups"), equal_rows(tensors))

    def at(self, rows: np.ndarray) -> Together:
        """The same of those rows alone."""
        given, inputs = (
            None if each is None else check.names(each[rows], len(rows)) for each in (self.given, self.inputs)
        )
        return Together(len(rows), given, inputs)

    @cached_property
    def distinct(self) -> int:
        """How many different inputs there are."""
        return self.n if self.inputs is None else int(self.inputs.max()) + 1

    def copies(self, classes: int = 0) -> bool:
        """Whether equal inputs count as copies, for a variable of that many classes: from 10 and more than two a class
        distinct inputs on."""
        return self.inputs is not None and self.distinct >= LEAST and self.distinct > 2 * classes

    def names(self, classes: int = 0) -> np.ndarray | None:
        """The group of each row ``[n]`` for what is asked of a variable of so many classes (0: of the rows alone).

        Rows are together that were said to be, or that are copies, or that a chain of both joins. None where every row
        stands alone, so that nothing changes for who has neither.
        """
        return self.joined if self.copies(classes) else self.given

    @cached_property
    def joined(self) -> np.ndarray | None:
        """The group of each row ``[n]`` where equal inputs are copies; None where every row stands alone."""
        if self.inputs is None or self.given is None:
            return self.given if self.inputs is None else self.inputs
        nodes = self.distinct + int(self.given.max()) + 1  # inputs and groups, joined by the rows that have both
        ends = (
            self.inputs.astype(np.int32),
            (self.distinct + self.given).astype(np.int32),
        )  # as older scipy wants them
        component = _components(ends, nodes)
        return check.names(component[self.inputs], self.n, "groups")

    def measured(
        self, measurement: Measurement, t: Any, variables: Mapping[str, np.ndarray], given: Given = NOTHING
    ) -> list[list[Measured]]:
        """What ``measurement`` finds in ``t [m, n, d]``, also given the groups that hold for each variable.

        Variables that have too many classes for copies are measured a second time, without them; the parts of a chain
        (``fine``, ``coarse`` and ``fine|coarse``) stand together, since they add up.
        """
        found = measured(measurement, t, variables, dataclasses.replace(given, groups=self.names()))
        classes = {name: len(np.unique(y)) for name, y in variables.items() if y.dtype.kind != "f"}  # not of quantities
        apart = {name for name, k in classes.items() if self.copies() and not self.copies(k)}
        if not apart:
            return found
        apart |= {name for one in found[0] for name in _parts(one) if apart & set(_parts(one))}
        alone = measured(measurement, t, variables, dataclasses.replace(given, groups=self.given))
        return [
            [b if apart & set(_parts(a)) else a for a, b in zip(first, second, strict=True)]
            for first, second in zip(found, alone, strict=True)
        ]

    def told(self, variables: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """What ``run.json`` says: how many rows, distinct inputs and groups, where these are from, and for which
        variables the few distinct inputs are symbols."""
        names = self.names()
        whence = [*(["given"] if self.given is not None else []), *(["equal inputs"] if self.copies() else [])]
        symbols = [k for k, y in variables.items() if self.inputs is not None and not self.copies(len(np.unique(y)))]
        return {
            "rows": self.n,
            "distinct inputs": self.distinct,
            **({} if names is None else {"groups": int(names.max()) + 1, "groups are": " and ".join(whence)}),
            **({"equal inputs are symbols for": symbols} if symbols else {}),
        }


def _components(ends: tuple[np.ndarray, np.ndarray], nodes: int) -> np.ndarray:
    """The connected component of each of ``nodes``, of which edges join those that ``ends`` name."""
    # a sixth of a second to import, wanted by few; scipy ships no types
    from scipy.sparse import coo_array  # pyright: ignore[reportMissingTypeStubs]
    from scipy.sparse.csgraph import (  # pyright: ignore[reportMissingTypeStubs]
        connected_components,  # pyright: ignore[reportUnknownVariableType]
    )

    joined = coo_array((np.ones(len(ends[0])), ends), shape=(nodes, nodes))
    return cast(np.ndarray, connected_components(joined, directed=False)[1])


def _parts(one: Measured) -> tuple[str, ...]:
    return tuple(one.variable.split("|"))


def _tensors(inputs: Any) -> Sequence[torch.Tensor]:
    if isinstance(inputs, Inputs):
        return list(inputs.tensors().values())
    if is_mapping(inputs):
        return list(inputs.values())
    return list(inputs) if is_several(inputs) else [inputs]


def equal_rows(tensors: Iterable[torch.Tensor]) -> np.ndarray | None:
    """Which of the distinct rows each row is ``[n]``, numbered as they first appear; None where no two are equal.

    Rows are equal when their bytes are in every tensor.
    """
    bytes_of = [_bytes(tensor) for tensor in tensors]
    n = len(bytes_of[0])
    digests = bytearray(16 * n)  # of a million rows 16 MB, where a dictionary of them takes ten times as much
    for row in range(n):
        hashed = hashlib.blake2b(digest_size=16)
        for each in bytes_of:
            hashed.update(each[row])
        digests[16 * row : 16 * row + 16] = hashed.digest()
    _, first, found = np.unique(np.frombuffer(digests, "V16"), return_index=True, return_inverse=True)
    if len(first) == n:
        return None
    number = np.empty(len(first), np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[found.ravel()]


def _bytes(tensor: torch.Tensor) -> np.ndarray:
    """The bytes of each row, ``[n, bytes]``."""
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return flat.reshape(len(tensor), len(flat) // len(tensor)).numpy()
