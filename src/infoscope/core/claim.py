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
            Outcome.NOT_TESTABLE: "something the claim needs was not measured or not learned in this run",
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
    networks: tuple[str, ...] = ()  # whose rows it was read from; none where that is not known
    blind: bool = False  # its curves have no room to fall (the note says why), so that no fall is not evidence of any

    @property
    def outcome(self) -> Literal["holds", "fails", "unclear", "missing"]:
        if self.value is None:
            return "missing"
        decided = self.criterion.decide(self.value, self.interval)
        unseen = "holds" if self.criterion.relation == "<=" else "fails"
        return "unclear" if self.blind and decided == unseen else decided


#: Training counts as ended this near (nats) to the least possible loss, or at this accuracy, or when the loss falls by
#: less than this share over a third of all epochs, or was lower before (a high rate moves it up and down): means over
#: members, on training rows.
ENDED_LOSS, ENDED_ACCURACY, ENDED_FALL = 0.05, 0.99, 0.2


@dataclass(frozen=True)
class Learned:
    """What a sentence takes for granted of the networks it speaks of; their learning curves say whether it is so.

    share: how far their mean accuracy at the end is at least on the way from guessing to no errors, on the rows of
    ``split``. ended: also that training had ended, since what still fits cannot show what comes after fitting.
    """

    share: float = 0.5
    split: Literal["train", "test"] = "train"
    ended: bool = True

    def __str__(self) -> str:
        """In words, as the guard applies it; empty where nothing is taken for granted."""
        said = []
        if self.share > 0:
            rows = {"train": "training", "test": "test"}[self.split]
            said.append(
                f"their mean accuracy on {rows} rows is at the end at least {100 * self.share:g} % of the way from "
                "guessing to no errors"
            )
        if self.ended:
            said.append(
                f"training has ended (loss ≤ {shown(ENDED_LOSS, 'nats')} above the least possible, or accuracy "
                f"≥ {100 * ENDED_ACCURACY:g} %, or the loss falls by less than {100 * ENDED_FALL:g} % over a third of "
                "the epochs, or was lower before; means, training rows)"
            )
        return "; ".join(said)


NOTHING = Learned(share=0.0, ended=False)  # for a sentence that holds, or fails, whatever was learned


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
    presupposes: Learned | None = None  # of its networks; None: what its figure says


@dataclass(frozen=True)
class Untrained:
    """A member of a network that never trained or diverged, and how its learning curve shows it."""

    network: str
    member: int
    kind: Literal["did not train", "diverged"]
    why: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """What came out of one claim, with everything needed to doubt it.

    outcome and findings: of all members. reason: why the claim is not testable though it was measured. untrained: the
    members that did not train, in networks that the claim speaks of. without: the parts as they are without those
    members, None where there is none, or nobody else.
    """

    claim: Claim
    outcome: Outcome
    findings: tuple[Finding, ...]
    run: str
    preset: str
    seeds: int
    notes: tuple[str, ...] = field(default=())
    reason: str = ""
    untrained: tuple[Untrained, ...] = ()
    without: tuple[Finding, ...] | None = None

    @property
    def word(self) -> str:
        """The outcome, which says so where it rests on one seed."""
        return _word(self.outcome, self.findings, self.seeds)

    @property
    def word_without(self) -> str:
        """The outcome without the members that did not train; empty where there is none."""
        return "" if self.without is None else _word(combine(self.without), self.without, self.seeds)

    @property
    def said(self) -> str:
        """The verdict as it is told: both words where members that did not train decide between them."""
        if self.without is None or self.word_without == self.word:
            return self.word
        return f"{self.word}; without {_counted(self.untrained)}: {self.word_without}"

    @property
    def sentence(self) -> str:
        return self.reason or self.outcome.sentence

    @property
    def headline(self) -> Finding | None:
        """The finding that decided, see :func:`decisive`."""
        return decisive(self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values, information in nats, for ``verdicts.json`` and ``--json``."""
        return {
            "claim": {**asdict(self.claim), "presupposes": str(self.claim.presupposes or "")},
            "outcome": self.word,
            "said": self.said,
            "sentence": self.sentence,
            "reason": self.reason,
            "run": self.run,
            "preset": self.preset,
            "seeds": self.seeds,
            "notes": list(self.notes),
            "findings": _findings_json(self.findings, self.headline),
            "untrained": [each.to_json() for each in self.untrained],
            "without": None
            if self.without is None
            else {"outcome": self.word_without, "findings": _findings_json(self.without, decisive(self.without))},
        }


def completed(verdict: dict[str, Any]) -> dict[str, Any]:
    """A stored verdict with the fields that an older infoscope did not store."""
    verdict["claim"] = {"revised": "", "presupposes": "", **verdict["claim"]}
    return {"said": verdict["outcome"], "reason": "", "untrained": [], "without": None, **verdict}


def decisive(findings: Sequence[Finding]) -> Finding | None:
    """The finding that decided: the first missing, failing or unclear one, else the one nearest its threshold."""
    for kind in ("missing", "fails", "unclear"):
        for finding in findings:
            if finding.outcome == kind:
                return finding
    return min(findings, key=_margin, default=None)


def _word(outcome: Outcome, findings: Sequence[Finding], seeds: int) -> str:
    one = seeds == 1 or any(finding.seeds == 1 for finding in findings)
    return f"{outcome.value} (one seed)" if one and outcome is not Outcome.NOT_TESTABLE else outcome.value


def _counted(untrained: Sequence[Untrained]) -> str:
    members = len({each.member for each in untrained})
    return f"{members} untrained network{'s' * (members != 1)}"


def _findings_json(findings: Sequence[Finding], headline: Finding | None) -> list[dict[str, Any]]:
    return [
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
            "headline": f is headline,
        }
        for f in findings
    ]


def _margin(finding: Finding) -> float:
    low, high = finding.interval or (finding.value or 0.0, finding.value or 0.0)
    nearest = low if finding.criterion.relation == ">=" else high
    return abs(nearest - finding.criterion.threshold) / (abs(finding.criterion.threshold) or 1.0)


def combine(findings: Sequence[Finding]) -> Outcome:
    """The outcome of a claim from its parts (the rule is in :class:`Outcome`'s sentences)."""
    kinds = [finding.outcome for finding in findings]
    if not kinds or "missing" in kinds or all(each.blind and each.outcome == "unclear" for each in findings):
        return Outcome.NOT_TESTABLE
    if "fails" in kinds:
        return Outcome.PARTLY if "holds" in kinds else Outcome.NOT_REPRODUCED
    return Outcome.INCONCLUSIVE if "unclear" in kinds else Outcome.REPRODUCED
