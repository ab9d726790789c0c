"""What every probe is: a predictive family that reads a variable from a representation.

A new probe is one file in this folder holding one frozen dataclass derived from :class:`Probe`. Its fields are its
options; it implements ``_member`` (one representation) or ``_read`` (a stack of them at once). Whatever a probe chooses
(weight decay, temperature, when to stop) it chooses on the validation rows of a split; rows that are scored take no
part in it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from infoscope.core import check, grammar, registry
from infoscope.core.errors import InputError
from infoscope.core.measurement import Cost, affordable
from infoscope.core.shapes import ArrayLike, TensorMembers
from infoscope.kernels import parallel
from infoscope.kernels.devices import full_precision
from infoscope.measure.usable.readings import Expected, ProbeSplit, Readings, Target


@dataclass(frozen=True)
class Probe(grammar.WithOptions):
    """Base of every probe.

    Facts, literals in the class body: ``contains``, the families it holds as special cases, which it can therefore not
    do worse than but by chance; ``nonlinear``, whether it can learn an exclusive or; ``remembers``, whether it holds
    the fitted rows themselves, so that its loss on them leaves each out; ``quick``, options that make it quick, at
    which the laws that are not about accuracy are tested.
    """

    contains: ClassVar[tuple[str, ...]] = ("prior",)
    nonlinear: ClassVar[bool] = False
    remembers: ClassVar[bool] = False
    quick: ClassVar[dict[str, Any]] = {}

    def cost(self, n: int, d: int, k: int) -> Cost:
        """An honest guess for one fit to ``n`` rows of ``d`` columns and ``k`` classes, and its reading."""
        return Cost(3e-3 + 1e-7 * n * d * k, 32.0 * n * (d + k))

    @property
    def words(self) -> str:
        """The family in words, as an estimand names it."""
        raise NotImplementedError

    @property
    def words_of_means(self) -> str:
        """The same where it expects quantities."""
        return self.words

    def read(
        self, z: ArrayLike, targets: Sequence[Target], splits: Sequence[ProbeSplit], seed: int = 0
    ) -> list[Readings]:
        """Fit to every target on every split of each member of ``z [m, n, d]``; ``seed`` decides what is random.

        Nothing global is touched: neither random state, nor grad mode, nor the number of threads. What classes are
        called changes nothing, not even in rounding: fits see them numbered as they first appear.
        """
        import torch

        rows = tensor(z)
        affordable(self, rows.shape[1], rows.shape[2], max((target.k for target in targets), default=1))
        seen = [target.by_appearance() for target in targets]
        with torch.enable_grad(), full_precision():
            found = self._read(rows, [target for target, _ in seen], splits, seed)
        return [
            [
                [dataclasses.replace(reading, log_q=reading.log_q[:, number]) for reading in readings]
                for readings, (_, number) in zip(member, seen, strict=True)
            ]
            for member in found
        ]

    def expect(self, z: ArrayLike, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int = 0) -> list[Expected]:
        """Fit means of quantities ``y [n, e]`` on every split of ``z [n, d]``, by least squares.

        Raises
        ------
        InputError: for a family that reads labels only.
        """
        import torch

        with torch.enable_grad(), full_precision():
            return self._expect(tensor(z), y, splits, seed)

    def _expect(self, z: Any, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> list[Expected]:
        """Hook of :meth:`expect`, where a family can read quantities."""
        able = [
            name for name in registry.entries("probes") if registry.load("probes", name)._expect is not Probe._expect
        ]
        raise InputError(f"{self.id} reads labels only, wanted one of {', '.join(sorted(able))} for quantities")

    def kept(
        self, z: ArrayLike, target: Target, splits: Sequence[ProbeSplit], seed: int = 0
    ) -> tuple[dict[str, np.ndarray], str]:
        """Fit to all rows ``z [n, d]``, with what the ``splits`` choose: the tensors of a
        :class:`~infoscope.measure.usable.fitted.FittedProbe`, and what was chosen.

        Raises
        ------
        InputError: for a family that holds rows, or is several at once.
        """
        import torch

        with torch.enable_grad(), full_precision():
            return self._kept(tensor(z), target, splits, seed)

    def _kept(
        self, z: Any, target: Target, splits: Sequence[ProbeSplit], seed: int
    ) -> tuple[dict[str, np.ndarray], str]:
        """Hook of :meth:`kept`, where a family can be kept."""
        able = [name for name in registry.entries("probes") if registry.load("probes", name)._kept is not Probe._kept]
        raise InputError(f"a {self.id} probe cannot be kept, wanted one of {', '.join(sorted(able))}")

    def _read(
        self, z: TensorMembers, targets: Sequence[Target], splits: Sequence[ProbeSplit], seed: int
    ) -> list[Readings]:
        """Hook: a tensor ``z [m, n, d]``; by default one member after the other, on as many threads as it is worth."""
        jobs = [partial(self._member, member, targets, splits) for member in z]
        return parallel.run(jobs, 1 if z.device.type != "cpu" else parallel.cores(z.numel() * 1e-6))

    def _member(self, z: Any, targets: Sequence[Target], splits: Sequence[ProbeSplit]) -> Readings:
        """Hook: one representation ``z [n, d]``, as a tensor."""
        raise NotImplementedError


def tensor(z: ArrayLike) -> Any:
    """A checked representation as a tensor to be read, where it lies; on the CPU where its device knows no float64."""
    if check.is_tensor(z):
        return z.cpu() if z.device.type == "mps" else z
    import torch

    rows = np.ascontiguousarray(z)
    return torch.from_numpy(rows if rows.flags.writeable else rows.copy())  # torch warns of others
