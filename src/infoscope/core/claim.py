"""Claims and verdicts: a sentence of a paper, the quantities that decide it, and a rule fixed before the run."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from infoscope.core.units import shown


class Outcome(enum.Enum):
    """What came out of a claim. Each member carries its own sentence."""

    REPRODUCED = "reproduced"
    PARTLY = "partly"
    NOT_REPRODUCED = "not reproduced"
    INCONCLUSIVE = "inconclusive"
    NOT_TESTABLE = "not testable here"

    @property
    def sentence(self) -> str:
        return {
            Outcome.REPRODUCED: "every part of the claim holds over its whole interval",
            Outcome.PARTLY: "some parts of the claim hold and some fail",
            Outcome.NOT_REPRODUCED: "the parts of the claim that can be decided fail",
            Outcome.INCONCLUSIVE: "no part fails, but an interval crosses a threshold",
            Outcome.NOT_TESTABLE: "a quantity the claim needs was not measured in this run",
        }[self]


Relation = Literal["<=", ">="]


@dataclass(frozen=True)
class Criterion:
    """One measurable part of a claim: it holds when the whole interval lies on the right side of ``threshold``.

    ``fails_at`` is where the opposite is shown; between the two the part is unclear. By default they coincide.
    Without an interval (one member) the value alone decides, and the finding says so.
    """

    relation: Relation
    threshold: float
    unit: str
    fails_at: float | None = None

    def decide(self, value: float, interval: tuple[float, float] | None) -> Literal["holds", "fails", "unclear"]:
        low, high = interval or (value, value)
        if self.relation == "<=":  # the mirror image of >=
            mirrored = Criterion(">=", -self.threshold, self.unit, None if self.fails_at is None else -self.fails_at)
            return mirrored.decide(-value, (-high, -low))
        if low >= self.threshold:
            return "holds"
        return "fails" if (high < self.threshold if self.fails_at is None else high <= self.fails_at) else "unclear"

    def __str__(self) -> str:
        return f"{'≥' if self.relation == '>=' else '≤'} {shown(self.threshold, self.unit)}"


@dataclass(frozen=True)
class Finding:
    """A measured part of a claim beside its criterion. ``value`` is None when it could not be measured."""

    name: str
    criterion: Criterion
    value: float | None
    interval: tuple[float, float] | None = None
    seeds: int = 0
    note: str = ""

    @property
    def outcome(self) -> Literal["holds", "fails", "unclear", "missing"]:
        if self.value is None:
            return "missing"
        return self.criterion.decide(self.value, self.interval)


@dataclass(frozen=True)
class Claim:
    """A sentence from a paper, restated so that it can be decided."""

    id: str
    paper: str
    where: str  # figure and section
    sentence: str  # our restatement
    rule: str  # the rule in words, as the code applies it
    published: str = ""  # the paper's own number or words
    revised: str = ""  # what of the rule was not fixed before the first run, and why; empty where all of it was


@dataclass(frozen=True)
class Verdict:
    """What came out of one claim, with everything needed to doubt it."""

    claim: Claim
    outcome: Outcome
    findings: tuple[Finding, ...]
    run: str
    preset: str
    seeds: int
    notes: tuple[str, ...] = field(default=())

    @property
    def headline(self) -> Finding | None:
        """The finding that decided: the first missing, failing or unclear one, else the one nearest its threshold."""
        for kind in ("missing", "fails", "unclear"):
            for finding in self.findings:
                if finding.outcome == kind:
                    return finding
        return min(self.findings, key=_margin, default=None)

    def to_json(self) -> dict[str, Any]:
        """Plain values, information in nats, for ``verdicts.json`` and ``--json``."""
        return {
            "claim": asdict(self.claim),
            "outcome": self.outcome.value,
            "sentence": self.outcome.sentence,
            "run": self.run,
            "preset": self.preset,
            "seeds": self.seeds,
            "notes": list(self.notes),
            "findings": [
                {
                    "name": f.name,
                    "value": f.value,
                    "interval": list(f.interval) if f.interval else None,
                    "unit": f.criterion.unit,
                    "relation": f.criterion.relation,
                    "threshold": f.criterion.threshold,
                    "criterion": str(f.criterion),
                    "outcome": f.outcome,
                    "seeds": f.seeds,
                    "note": f.note,
                    "headline": f is self.headline,
                }
                for f in self.findings
            ],
        }


def _margin(finding: Finding) -> float:
    low, high = finding.interval or (finding.value or 0.0, finding.value or 0.0)
    nearest = low if finding.criterion.relation == ">=" else high
    return abs(nearest - finding.criterion.threshold) / (abs(finding.criterion.threshold) or 1.0)


def combine(findings: Sequence[Finding]) -> Outcome:
    """The outcome of a claim from its parts (the rule is in :class:`Outcome`'s sentences)."""
    kinds = [finding.outcome for finding in findings]
    if not kinds or "missing" in kinds:
        return Outcome.NOT_TESTABLE
    if "fails" in kinds:
        return Outcome.PARTLY if "holds" in kinds else Outcome.NOT_REPRODUCED
    return Outcome.INCONCLUSIVE if "unclear" in kinds else Outcome.REPRODUCED
