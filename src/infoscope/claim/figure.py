"""The base of a paper's figure: what to train, measure and compute at each preset, and the rule that judges it."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from infoscope.claim.computation import Computation
from infoscope.core import check
from infoscope.core.claim import Claim, Finding, Learned
from infoscope.core.errors import unknown_name
from infoscope.core.rows import Rows
from infoscope.scanning.plan import PRESETS, NetworkPlan, Preset


class Judged(NamedTuple):
    """One claim with what was found for each of its parts.

    controls: what should be seen for the claim to be testable at all: one of them at least has to hold.
    """

    claim: Claim
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    controls: tuple[Finding, ...] = ()


class Figure(abc.ABC):
    """One figure of a paper. Subclasses live one a file under ``claim/papers/<paper>/`` and state literal facts.

    A figure has networks, computations, or both.
    """

    title: ClassVar[str]
    where: ClassVar[str]  # in the paper
    seeds: ClassVar[Mapping[str, int]]  # default number of members by preset, 0 where nothing is drawn
    presupposes: ClassVar[Learned] = Learned()  # of the networks that a claim speaks of, unless the claim says else

    @property
    def trains(self) -> bool:
        """Whether `smoke` trains anything, and so trains it for less than a verdict wants."""
        plans = self.plan("smoke").values()
        return any(isinstance(plan, NetworkPlan) or plan.trains for plan in plans)

    def plan(self, preset: str, seeds: int | None = None) -> dict[str, NetworkPlan | Computation]:
        """What to train and measure, and what to compute, by name. ``seeds``: how many in place of the preset's."""
        if preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS)
        chosen = tuple(range(self.seeds[preset] if seeds is None else check.count(seeds, "seeds")))
        return {**self.networks(preset, chosen), **self.computations(preset, chosen)}  # type: ignore[arg-type]

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        """The plan of every network at a known preset."""
        return {}

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        """What is computed without training an ensemble, at a known preset; a closed form has no use for seeds."""
        return {}

    def derived(self, rows: Rows) -> Rows:
        """Rows computed from the measured ones and kept beside them, such as effects. None by default.

        The scores of sweeps are stored for every run, whatever its figure.
        """
        return Rows.concat([])

    @abc.abstractmethod
    def judge(self, rows: Rows) -> Sequence[Judged]:
        """Apply the rules to rows. A quantity that is not there becomes a finding without a value."""
