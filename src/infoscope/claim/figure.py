"""The base of a paper's figure: what to train and measure at each preset, and the rule that judges it."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from infoscope.claim.plan import PRESETS, NetworkPlan, Preset
from infoscope.core import check
from infoscope.core.claim import Claim, Finding
from infoscope.core.errors import unknown_name
from infoscope.core.rows import Rows


class Judged(NamedTuple):
    """One claim with what was found for each of its parts."""

    claim: Claim
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()


class Figure(abc.ABC):
    """One figure of a paper. Subclasses live one a file under ``claim/papers/<paper>/`` and state literal facts."""

    title: ClassVar[str]
    where: ClassVar[str]  # in the paper
    seeds: ClassVar[Mapping[str, int]]  # default number of members by preset

    def plan(self, preset: str, seeds: int | None = None) -> dict[str, NetworkPlan]:
        """What to train and measure: named networks. ``seeds``: how many members in place of the preset's."""
        if preset not in PRESETS:
            raise unknown_name("preset", preset, PRESETS)
        members = self.seeds[preset] if seeds is None else check.count(seeds, "seeds")
        return self.networks(preset, tuple(range(members)))  # type: ignore[arg-type]

    @abc.abstractmethod
    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        """The plan of every network at a known preset."""

    @abc.abstractmethod
    def judge(self, rows: Rows) -> Sequence[Judged]:
        """Apply the rules to rows. A quantity that is not there becomes a finding without a value."""
