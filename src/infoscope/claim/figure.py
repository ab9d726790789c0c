"""The base of a paper's figure: what to train, measure and compute at each preset, and the claims that judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from infoscope.claim.computation import Computation
from infoscope.claim.part import findings_of
from infoscope.claim.together import together
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


class Figure:
    """One figure of a paper. Subclasses live one a file under ``papers/<paper>/`` and state literal facts.

    A figure has networks, computations, or both.
    """

    title: ClassVar[str]
    where: ClassVar[str]  # in the paper
    seeds: ClassVar[dict[str, int]]  # default number of members by preset, 0 where nothing is drawn
    long: ClassVar[str] = ""  # what a run at `long` costs, said before it begins; empty where `long` is `laptop`
    claims: ClassVar[tuple[Claim, ...]]
    presupposes: ClassVar[Learned] = Learned()  # of the networks that a claim speaks of, unless the claim says else

    @property
    def trains(self) -> bool:
        """Whether `smoke` trains anything, and so trains it for less than a verdict wants."""
        plans = self.plan("smoke").values()
        return any(isinstance(plan, NetworkPlan) or plan.trains for plan in plans)

    def plan(self, preset: str, seeds: int | None = None) -> dict[str, NetworkPlan | Computation]:
        """What to train and measure, and what to compute, by name. ``seeds``: how many in place of the preset's."""
        of = self.preset(preset)
        chosen = tuple(range(self.seeds[of] if seeds is None else check.count(seeds, "seeds")))
        return {**self.networks(of, chosen), **self.computations(of, chosen)}

    def preset(self, asked: str) -> Preset:
        """The preset that is run where ``asked`` is asked for: a figure without trainings for `long` has `laptop`'s."""
        if asked not in PRESETS:
            raise unknown_name("preset", asked, PRESETS)
        return "laptop" if asked == "long" and not self.long else asked

    def told(self, seeds: int | None = None) -> str:
        """What a run at `long` costs, and how many times that where other seeds than the preset's are asked for."""
        usual = self.seeds.get("long")
        if not self.long or seeds is None or not usual or seeds == usual:
            return self.long
        return f"{self.long}; asked for are {seeds} seeds, {seeds / usual:.2g} times that"

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

    def asked(self, rows: Rows) -> Sequence[Claim]:
        """The claims as they are put to ``rows``: all of them, unless a preset has other networks than another."""
        return self.claims

    def notes(self, rows: Rows) -> Mapping[str, Sequence[str]]:
        """What is told beside the verdicts and decides nothing, by the last word of the claim's id."""
        return {}

    def judge(self, rows: Rows) -> list[Judged]:
        """What was found for every claim. A quantity that is not there becomes a finding without a value."""
        told = self.notes(rows)
        return [
            Judged(
                claim,
                together(findings_of(claim.parts, rows)),
                tuple(told.get(claim.id.rpartition("/")[2], ())),
                findings_of(claim.controls, rows),
            )
            for claim in self.asked(rows)
        ]
