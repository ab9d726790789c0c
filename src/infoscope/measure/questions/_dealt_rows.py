"""What questions about usable information are asked of: rows checked once, dealt, and labelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Status
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike
from infoscope.measure.bases import probe as _base
from infoscope.measure.bases.probe import Probe
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable import accounts, deals, unsaid_groups
from infoscope.measure.usable.accounts import Entropy, Usable
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.naming import Named
from infoscope.measure.usable.readings import Reading, Target

ONE_CLASS = "there is one class only"


@dataclass(frozen=True)
class DealtRows:
    """Checked rows as a tensor ``z [n, d]`` (test rows after the others) and who scores what.

    fitted: rows that came as ``z``; scored: rows that get a score.
    """

    z: Any
    deal: Deal
    fitted: int
    scored: int

    @classmethod
    def of(
        cls,
        z: ArrayLike,
        z_test: ArrayLike | None,
        y_test: ArrayLike | None,
        folds: int,
        groups: ArrayLike | None,
        groups_test: ArrayLike | None,
        seed: int,
    ) -> DealtRows:
        seed = check.count(seed, "seed", 0)
        if z_test is None:
            z = check.representation(z, "z")
        else:
            z, z_test = check.alike(z, z_test, ("z", "z_test"))
            check.resolved(z_test, "z_test")
        check.resolved(z, "z")
        n = len(z)
        if (z_test is None) != (y_test is None):
            raise InputError("one of z_test and y_test arrived without the other, wanted both or neither")
        if z_test is None:
            if groups_test is not None:
                raise InputError("groups_test arrived without z_test, wanted both: pass groups for the rows of z")
            together = None if groups is None else Groups.of(groups, n)
            return cls(_base.tensor(z), deals.dealt(n, folds, seed, together), n, n)
        if z_test.shape[1] != z.shape[1]:
            raise InputError(
                f"z has {z.shape[1]} columns and z_test {z_test.shape[1]}, wanted the same features in both"
            )
        tested = len(z_test)
        together, scored = _both_groups(groups, groups_test, n, tested)
        deal = deals.among(n, folds, together, scored, tested, seed)
        return cls(_stacked(z, z_test), deal, n, tested)

    @property
    def classes(self) -> int:
        """How many classes the target has; 0 for quantities."""
        return 0

    def doubted(self, found: list[Usable], of: Callable[[Deal], list[Usable]]) -> list[Usable]:
        """What ``of`` gave for this deal, with what nobody said of the rows: equal ones, and ones that follow each
        other."""
        if self.deal.groups is not None:
            return found
        found = [unsaid_groups.in_order(one) for one in found]
        copies = unsaid_groups.copies_of(self.z, self.classes)
        if copies is None or not unsaid_groups.may_matter(copies, found):
            return found
        beside = of(unsaid_groups.with_copies_together(copies, self.deal, self.fitted))
        return [unsaid_groups.both(one, other, copies) for one, other in zip(found, beside, strict=True)]


def _both_groups(
    groups: ArrayLike | None, groups_test: ArrayLike | None, n: int, tested: int
) -> tuple[Groups | None, Groups | None]:
    """The groups of rows to fit to and of rows to score, none of which is in both."""
    if (groups is None) != (groups_test is None):
        raise InputError(
            "one of groups and groups_test arrived without the other, wanted both (of the rows of z and of z_test) or "
            "neither"
        )
    if groups is None:
        return None, None
    names = [check.on_cpu(check.array(one, what)) for one, what in ((groups, "groups"), (groups_test, "groups_test"))]
    found = Groups.of(names[0], n), Groups.of(names[1], tested, "groups_test")
    if astride := len(np.intersect1d(names[0], names[1])):
        raise InputError(
            f"{astride} groups are in groups and in groups_test, wanted every group on one side: what is fitted to and "
            "what is scored would not be independent"
        )
    return found


@dataclass(frozen=True)
class LabelledRows(DealtRows):
    """The same with labels as the target, and which H(Y)."""

    target: Target
    entropy: Entropy
    seed: int

    @classmethod
    def checked(
        cls,
        z: ArrayLike,
        y: ArrayLike,
        z_test: ArrayLike | None,
        y_test: ArrayLike | None,
        prior: str,
        folds: int,
        groups: ArrayLike | None,
        groups_test: ArrayLike | None,
        seed: int,
    ) -> LabelledRows:
        rows = DealtRows.of(z, z_test, y_test, folds, groups, groups_test, seed)
        raw = _labels(y, rows.fitted, "y")
        if y_test is not None:
            test = _labels(y_test, rows.scored, "y_test")
            if (raw.dtype.kind in "US") != (test.dtype.kind in "US"):
                raise InputError(f"y has dtype {raw.dtype} and y_test {test.dtype}, wanted the same labels in both")
            raw = np.concatenate([raw, test])
        values, numbered = np.unique(raw, return_inverse=True)
        target = accounts.target(numbered.reshape(-1), len(values), rows.deal.groups)
        return cls(rows.z, rows.deal, rows.fitted, rows.scored, target, Entropy.of(prior, values), seed)

    @property
    def classes(self) -> int:
        return self.target.k

    def estimand(self, reader: Probe) -> str:
        return f"usable by {reader.words}, H(Y) {self.entropy.words}, {self.deal.protocol}"

    @property
    def constant(self) -> str:
        """Why the answer is zero for a trivial reason; empty where it is not."""
        if self.target.k == 1:
            return ONE_CLASS
        return self.alone if bool((self.z != self.z[0]).any()) else "z is constant"

    @property
    def alone(self) -> str:
        """Whether nearly every row that is fitted to is a class of its own, in words; empty where it is not."""
        return accounts.alone(self.target.y[: self.fitted])

    def read(self, reader: Probe, deal: Deal) -> list[Reading]:
        """One reading for each split."""
        return reader.read(self.z[None], [self.target], deal.splits, self.seed)[0][0]

    def nothing(self, quantity: Quantity, estimand: str) -> Usable:
        why = self.constant
        status = Status.SATURATED if why == self.alone else Status.DEGENERATE
        named = Named.blind(self.target, self.deal.splits)
        return accounts.nothing(self.scored, quantity, estimand, Doubt(status, why), named=named)


def _labels(y: ArrayLike, n: int, name: str) -> np.ndarray:
    """Labels as they came, one a row, checked."""
    check.labels(y, n, name, instead='pass target="quantities" to read quantities')
    y = check.array(y, name)
    return check.on_cpu(y).reshape(-1)


def _follows(z: np.ndarray, more: np.ndarray) -> bool:
    """Whether rows ``more`` stand right behind rows ``z`` in the memory of one array."""
    whole = all(rows.flags.c_contiguous and rows.flags.writeable for rows in (z, more)) and z.dtype == more.dtype
    return whole and z.base is not None and z.base is more.base and z.ctypes.data + z.nbytes == more.ctypes.data


def _stacked(z: Any, more: Any) -> Any:
    """Both as one tensor: one copy, or none where they are stretches of one array, as ``z[:n]`` and ``z[n:]`` are."""
    import torch

    if not (check.is_tensor(z) or check.is_tensor(more)):
        if _follows(z, more):
            both = (len(z) + len(more), z.shape[1])
            return torch.from_numpy(np.lib.stride_tricks.as_strided(z, both, z.strides))
        rows = np.empty((len(z) + len(more), z.shape[1]), np.promote_types(z.dtype, more.dtype))
        rows[: len(z)], rows[len(z) :] = z, more
        return torch.from_numpy(rows)
    z, more = _base.tensor(z), _base.tensor(more)
    both = torch.promote_types(z.dtype, more.dtype)
    return torch.cat([z.to(both), more.to(z.device, both)])
