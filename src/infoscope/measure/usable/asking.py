"""One question about usable information among several that are asked of the same rows, and its answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.measurement import Shares
from infoscope.core.quantity import PROBE_AUROC, USABLE, Quantity
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.usable import accounts
from infoscope.measure.usable.accounts import Account, Entropy, Usable
from infoscope.measure.usable.deals import Deal
from infoscope.measure.usable.naming import Named, Proportion
from infoscope.measure.usable.readings import Reading, Target

ONE_CLASS = "there is one class only"
CONSTANT = "the representation is constant"
ONE_SIDED = Doubt(Status.DEGENERATE, "no two scored rows of a fold have different classes, so that there is no pair")


@dataclass(frozen=True)
class Asking:
    """How all of them are asked: who is scored, which H(Y), in words; whether also how well labels are ``named``, and
    the ``shares`` of groups."""

    deal: Deal
    entropy: Entropy
    estimand: str
    named: bool = False
    shares: bool = False

    def about(self, y: np.ndarray, k: int, groups: Groups | None) -> TargetQuestion:
        """The question about labels ``y [n]`` in 0..k-1."""
        return TargetQuestion(self, accounts.target(y, k, groups))

    def saying(self, reader: str) -> Asking:
        """The same of another reader."""
        return dataclasses.replace(self, estimand=f"{reader}, H(Y) {self.entropy.words}, {self.deal.protocol}")

    def difference(self, one: TargetAnswer, other: TargetAnswer, what: str) -> TargetAnswer:
        """``one`` less ``other``, row by row."""
        ask = dataclasses.replace(self, estimand=f"{self.estimand}, less {what}")
        if one.account is None or other.account is None:
            return dataclasses.replace(one if one.account is None else other, ask=ask, account=None, less=True)
        account = one.account.minus(other.account)
        named = None
        if one.account.named is not None and other.account.named is not None:
            named = one.account.named.right - other.account.named.right
        return TargetAnswer(ask, account, None, "", max(one.account.gap, other.account.gap), named, less=True)


@dataclass(frozen=True)
class TargetQuestion:
    """What is asked of one variable, real or made up."""

    ask: Asking
    target: Target

    @property
    def trivial(self) -> str:
        """Why it needs no probe; empty where it does."""
        y = self.target.y
        return ONE_CLASS if bool((y == y[0]).all()) else accounts.alone(y)

    def answered(self, readings: Sequence[Reading] | None, varies: bool) -> TargetAnswer:
        """The answer from the ``readings`` of each split, None where there is nothing to read: the representation does
        not vary, or the labels do not."""
        if readings is None:
            named = Named.blind(self.target, self.ask.deal.splits) if self.ask.named else None
            return TargetAnswer(self.ask, None, named, (self.trivial if varies else CONSTANT) or CONSTANT)
        ask = self.ask
        account = accounts.account(self.target, ask.deal.splits, readings, ask.entropy, named=ask.named)
        return TargetAnswer(ask, account, None, "", read=list(readings))


@dataclass(frozen=True)
class TargetAnswer:
    """What was found: the costs of every row, or why there are none.

    blind: how rows are named without them. gap: nats by which held-out rows cost more than fitted ones, where that is
    not what the account says. right: whose mean is the accuracy, of a difference (``less``). read: what probes said.
    """

    ask: Asking
    account: Account | None
    blind: Named | None
    why: str
    gap: float | None = None
    right: np.ndarray | None = None
    less: bool = False
    read: list[Reading] | None = None

    def of(self, quantity: Quantity) -> Usable:
        """The answer as an estimate of ``quantity``."""
        return dataclasses.replace(self._usable, quantity=quantity)

    @cached_property
    def _usable(self) -> Usable:
        if self.account is not None:
            return accounts.estimate(self.account, USABLE, self.ask.estimand, self.ask.deal, self.gap)
        status = Status.DEGENERATE if self.why in (ONE_CLASS, CONSTANT) else Status.SATURATED
        scored = sum(len(split.scored) for split in self.ask.deal.splits)
        return accounts.nothing(scored, USABLE, self.ask.estimand, Doubt(status, self.why), named=self.blind)

    @property
    def shares(self) -> Shares | None:
        """What each group adds, where that was asked."""
        return self._usable.shares(self.ask.deal.scored) if self.ask.shares else None

    def scores(self) -> list[Estimate]:
        """How well labels are named, by the same probes."""
        found = self._usable
        assert found.accuracy is not None
        assert found.fraction is not None
        assert found.usual_accuracy is not None
        area = found.auroc or found.saying(PROBE_AUROC, Proportion(0.5, None)).doubted(ONE_SIDED)
        return [found.accuracy, area, found.fraction, found.usual_accuracy]

    def accuracy(self, quantity: Quantity) -> Estimate:
        """How often labels are named right, or how much more often, as an estimate of ``quantity``."""
        found = self.of(quantity)
        if not self.less:
            assert found.naming is not None
            return found.saying(quantity, found.naming.accuracy)
        if self.right is None:
            return found.saying(quantity, Proportion(0.0, None))
        share = Proportion.less(self.right, np.zeros_like(self.right), self.ask.deal.scored, found.interval is None,
                                found.wider)  # fmt: skip
        return found.saying(quantity, share)
