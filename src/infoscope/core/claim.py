"""Claims and verdicts: a sentence of a paper, the quantities that decide it, and a rule fixed before the run."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from infoscope.core.rows import Rows
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
            Outcome.INCONCLUSIVE: "no part fails, but one at least is unclear",
            Outcome.NOT_TESTABLE: "something the claim needs was not measured or not learned in this run",
        }[self]


Relation = Literal["<=", ">=", "within"]
Origin = Literal["published", "recalled", "ours"]
#: Who says the sentence of a claim, in the order in which claims are counted. "" is said by verdicts stored before.
ORIGINS: dict[str, str] = {
    "published": "published",  # in a text that was read; the claim quotes it where its words were at hand
    "recalled": "recalled from memory",  # of a text that could not be opened
    "ours": "ours",  # nobody published it: a control, a law, a question of our own
    "": "of unrecorded origin",
}
_NOT_OURS = "does not hold"  # of what nobody published it cannot be said that it was not reproduced


@dataclass(frozen=True)
class Criterion:
    """One measurable part of a claim: it holds when the whole interval lies on the right side of ``threshold``.

    ``fails_at`` is where the opposite is shown; between the two the part is unclear. By default they coincide.
    Without an interval (one member) the value alone decides, and the finding says so. ``within`` is for what should
    make no difference: the whole interval lies no further from 0 than ``threshold``, on either side, which few seeds
    cannot show, and it is shown wrong where all of it lies further away on one side.

    >>> flat = Criterion("<=", 0.3, "norm", fails_at=0.5)
    >>> flat.words
    '≤ 0.3 (shown wrong at ≥ 0.5)'
    >>> flat.decide(0.1, (0.0, 0.2)), flat.decide(0.4, (0.35, 0.45)), flat.decide(0.6, (0.5, 0.7))
    ('holds', 'unclear', 'fails')
    >>> alike = Criterion("within", 0.05, "fraction")
    >>> alike.words
    'within ±5 %'
    >>> alike.decide(0.01, (-0.02, 0.04)), alike.decide(0.01, (-0.1, 0.12)), alike.decide(-0.2, (-0.3, -0.1))
    ('holds', 'unclear', 'fails')
    """

    relation: Relation
    threshold: float
    unit: str
    fails_at: float | None = None

    def decide(self, value: float, interval: tuple[float, float] | None) -> Literal["holds", "fails", "unclear"]:
        low, high = interval or (value, value)
        if self.relation == "within":
            outside = self.threshold if self.fails_at is None else self.fails_at
            if max(-low, high) <= self.threshold:
                return "holds"
            return "fails" if max(low, -high) > outside else "unclear"
        if self.relation == "<=":  # the mirror image of >=
            mirrored = Criterion(">=", -self.threshold, self.unit, None if self.fails_at is None else -self.fails_at)
            return mirrored.decide(-value, (-high, -low))
        if low >= self.threshold:
            return "holds"
        return "fails" if (high < self.threshold if self.fails_at is None else high <= self.fails_at) else "unclear"

    def __str__(self) -> str:
        return f"{_SIGNS[self.relation]}{shown(self.threshold, self.unit)}"

    @property
    def words(self) -> str:
        """As a rule writes it: with where it is shown wrong, and the tiny threshold of what is exact in full."""
        said = f"{_SIGNS[self.relation]}{_in_full(self.threshold, self.unit)}"
        if self.fails_at is None:
            return said
        wrong = {"<=": "at ≥ ", ">=": "at ≤ ", "within": "beyond ±"}[self.relation]
        return f"{said} (shown wrong {wrong}{_in_full(self.fails_at, self.unit)})"


_SIGNS = {"<=": "≤ ", ">=": "≥ ", "within": "within ±"}


def _in_full(value: float, unit: str) -> str:
    """As it is shown to a person, but never a threshold as 0 that is not."""
    if value and shown(value, unit) == shown(0.0, unit):
        return f"{value:.2g} {unit}".removesuffix(" ratio").removesuffix(" norm")
    return shown(value, unit)


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
    part: str = ""  # of the claim that it is a finding of, by name
    #: By member how much it moves the value, up to a factor: what :func:`infoscope.claim.together.together` needs.
    moves: tuple[tuple[int, float], ...] = field(default=(), compare=False, repr=False)

    @property
    def place(self) -> str:
        """What its name says beside the part's: where it was read; its whole name where it is of no part."""
        return self.name.removeprefix(self.part).removeprefix(", ") if self.part else self.name

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
        said: list[str] = []
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


#: Of more parts than this, counted by place, intervals have to hold at once: see :mod:`infoscope.claim.together`.
SEVERAL = 3
NOTHING = Learned(share=0.0, ended=False)  # for a sentence that holds, or fails, whatever was learned


class Asked(Protocol):
    """What a claim knows of its parts: see :class:`infoscope.claim.part.Part`."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def surely(self) -> str: ...
    @property
    def given(self) -> str: ...
    @property
    def asked(self) -> int: ...
    def found(self, rows: Rows) -> dict[str, Finding]: ...


@dataclass(frozen=True)
class Claim:
    """A sentence from a paper, restated so that it can be decided; its rule is written from its parts.

    headline: the name of the part that the sentence is about, which tables show; where there is one part, that one.
    origin: who says the sentence, see :data:`ORIGINS`.

    >>> from infoscope.claim.part import Part, Series
    >>> from infoscope.claim.reading.curves import DROP
    >>> part = Part("drop", [Series("I(X;T)", "tanh", "hidden5")], DROP, Criterion(">=", 2.0, "norm"))
    >>> Claim("paper/figure/falls", "paper", "figure 1", "It falls.", (part,), "published").rule
    'drop of I(X;T) after the peak of its mean curve ≥ 2, for hidden5 of tanh, with the whole 95 % interval over seeds'
    """

    id: str
    paper: str
    where: str  # figure and section
    sentence: str  # our restatement
    parts: tuple[Asked, ...]
    origin: Origin
    published: str = ""  # the paper's own number, or what it says in our words
    quoted: str = ""  # what its authors say, word for word and with the place, where that was read
    revised: str = ""  # what of the rule was not fixed before the first run, and why; empty where all of it was
    presupposes: Learned | None = None  # of its networks; None: what its figure says
    headline: str = ""
    controls: tuple[
        Asked, ...
    ] = ()  # what should be seen for the claim to be testable: one of them at least has to hold

    def __post_init__(self) -> None:
        names = [part.name for part in self.parts]
        if not self.headline and len(names) == 1:
            object.__setattr__(self, "headline", names[0])
        if len(set(names)) < len(names) or names.count(self.headline) != 1:
            raise AssertionError(f"{self.id}: headline {self.headline!r}, of parts {names}")

    @property
    def rule(self) -> str:
        """The rule in words, as the code applies it."""
        sure = {part.surely for part in self.parts}
        asked = sum(part.asked for part in self.parts if part.surely)
        at_once = f"; where not all {asked} do, with intervals that hold all at once" if asked > SEVERAL else ""
        if len(sure) == 1:
            said = "; ".join(part.words for part in self.parts)
            return ", ".join(filter(None, (said, *sure))) + at_once
        return "; ".join(", ".join(filter(None, (part.words, part.surely))) for part in self.parts) + at_once

    def to_json(self) -> dict[str, Any]:
        """Plain values; the parts as the rule in words."""
        names = ("id", "paper", "where", "sentence", "rule", "headline", "origin", "published", "quoted", "revised")
        return {**{name: getattr(self, name) for name in names}, "presupposes": str(self.presupposes or "")}


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
    members, None where there is none, or nobody else. varied: what differs from seed to seed, and so what intervals
    cover, in words that follow "8 seeds"; empty where that is all that is drawn.
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
    varied: str = ""

    @property
    def word(self) -> str:
        """The outcome, which says so where it rests on one seed; what nobody published "does not hold"."""
        return _word(self.outcome, self.findings, self.seeds, self.claim.origin)

    @property
    def word_without(self) -> str:
        """The outcome without the members that did not train; empty where there is none."""
        if self.without is None:
            return ""
        return _word(combine(self.without), self.without, self.seeds, self.claim.origin)

    @property
    def said(self) -> str:
        """The verdict as it is told: both words where members that did not train decide between them."""
        return _told(self.word, self.word_without, self.untrained)

    @property
    def sentence(self) -> str:
        """Why: the reason, else what the outcome means, and which parts decide it where not all hold or fail."""
        if self.outcome in (Outcome.PARTLY, Outcome.INCONCLUSIVE) and not self.reason:
            return f"{self.outcome.sentence}: {parted(self.findings)}"
        return self.reason or self.outcome.sentence

    @property
    def headline(self) -> Finding | None:
        """The finding that tables show: of the claim's headline, at the place that decides it."""
        return headline(self.claim, self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain values, information in nats, for ``verdicts.json`` and ``--json``."""
        return {
            "claim": self.claim.to_json(),
            "outcome": self.word,
            "said": self.said,
            "sentence": self.sentence,
            "reason": self.reason,
            "run": self.run,
            "preset": self.preset,
            "seeds": self.seeds,
            "varied": self.varied,
            "notes": list(self.notes),
            "findings": _findings_json(self.findings, self.headline),
            "untrained": [each.to_json() for each in self.untrained],
            "without": None
            if self.without is None
            else {
                "outcome": self.word_without,
                "findings": _findings_json(self.without, headline(self.claim, self.without)),
            },
        }


def completed(verdict: dict[str, Any]) -> dict[str, Any]:
    """A stored verdict with the fields that an older infoscope did not store."""
    unsaid = {"revised": "", "presupposes": "", "headline": "", "origin": "", "quoted": ""}
    verdict["claim"] = {**unsaid, **verdict["claim"]}
    return {"said": verdict["outcome"], "reason": "", "untrained": [], "without": None, "varied": "", **verdict}


def check_outcome(verdict: Mapping[str, Any]) -> None:
    """Refuse a stored verdict that says something else than its own findings come to.

    Raises
    ------
    ValueError: it says which. KeyError: one that infoscope 0.1 stored, which does not say enough of its findings.
    """
    findings = _findings(verdict["findings"])
    seeds, origin = verdict["seeds"], verdict["claim"]["origin"]
    if origin not in ORIGINS:
        raise ValueError(f"{verdict['claim']['id']} is of no origin that there is: {origin!r}")
    word = _word(Outcome.NOT_TESTABLE if verdict["reason"] else combine(findings), findings, seeds, origin)
    without = _findings(verdict["without"]["findings"]) if verdict["without"] else None
    told = _told(word, "" if without is None else _word(combine(without), without, seeds, origin),
                 [Untrained(**each) for each in verdict["untrained"]])  # fmt: skip
    for stored, due in ((verdict["outcome"], word), (verdict["said"], told)):
        if stored != due:
            raise ValueError(f"{verdict['claim']['id']} says {stored!r}, and its findings come to {due!r}")


def _findings(stored: Sequence[Mapping[str, Any]]) -> list[Finding]:
    """Stored findings as far as they decide."""
    found: list[Finding] = []
    for each in stored:
        criterion = Criterion(each["relation"], each["threshold"], each["unit"], each["fails_at"])
        interval = None if each["interval"] is None else (each["interval"][0], each["interval"][1])
        finding = Finding(each["name"], criterion, each["value"], interval, each["seeds"], blind=each["blind"])
        if finding.outcome != each["outcome"]:
            raise ValueError(f"{each['name']} says {each['outcome']!r}, and its value comes to {finding.outcome!r}")
        found.append(finding)
    return found


def headline(claim: Claim, findings: Sequence[Finding]) -> Finding | None:
    """The finding of the claim's headline that decided; of all of them where none is of that part."""
    return decisive([each for each in findings if each.part == claim.headline] or findings)


def parted(findings: Sequence[Finding]) -> str:
    """Which parts held, which failed and which are unclear, in words: ``held: growth (tanh, relu); failed: …``."""
    said: list[str] = []
    for word, kind in (("held", "holds"), ("failed", "fails"), ("unclear", "unclear")):
        found: dict[str, list[str]] = {}
        for each in findings:
            if each.outcome == kind:
                found.setdefault(each.part or each.name, []).append(each.place if each.part else "")
        parts = [f"{part} ({_few(places)})" if any(places) else part for part, places in found.items()]
        if parts:
            said.append(f"{word}: {', '.join(parts)}")
    return "; ".join(said)


_NAMED = 6  # places in a sentence


def _few(places: Sequence[str]) -> str:
    more = [f"{len(places) - _NAMED} more"] if len(places) > _NAMED else []
    return ", ".join([*places[:_NAMED], *more])


def decisive(findings: Sequence[Finding]) -> Finding | None:
    """The finding that decided: the first missing, failing or unclear one, else the one nearest its threshold."""
    for kind in ("missing", "fails", "unclear"):
        for finding in findings:
            if finding.outcome == kind:
                return finding
    return min(findings, key=_margin, default=None)


def deciding(findings: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The one of a claim's stored ``findings`` that decides: the headline's where all hold or it is among those that do
    not, else the first of these.

    >>> found = [{"outcome": "holds", "headline": True}, {"outcome": "unclear", "headline": False}]
    >>> deciding(found)["outcome"], deciding(found[:1])["outcome"]
    ('unclear', 'holds')
    """
    for kind in ("missing", "fails", "unclear", "holds"):
        of_kind = [each for each in findings if each["outcome"] == kind]
        if of_kind:
            return next((each for each in of_kind if each["headline"]), of_kind[0] if kind != "holds" else None)
    return None


def counted(verdicts: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """How often each outcome occurs among stored ``verdicts``, by who says the claim, origins and outcomes in order."""
    words = [*(each.value for each in Outcome), _NOT_OURS]
    found: dict[str, dict[str, int]] = {origin: {} for origin in ORIGINS}
    for verdict in verdicts:
        origin = verdict["claim"]["origin"]
        of_origin = found[origin if origin in found else ""]
        of_origin[verdict["outcome"]] = of_origin.get(verdict["outcome"], 0) + 1

    def place(outcome: str) -> tuple[int, str]:
        word = outcome.partition(" (")[0]
        return (words.index(word) if word in words else len(words)), outcome

    return {origin: dict(sorted(of.items(), key=lambda each: place(each[0]))) for origin, of in found.items() if of}


def _word(outcome: Outcome, findings: Sequence[Finding], seeds: int, origin: str) -> str:
    one = seeds == 1 or any(finding.seeds == 1 for finding in findings)
    word = _NOT_OURS if outcome is Outcome.NOT_REPRODUCED and origin == "ours" else outcome.value
    return f"{word} (one seed)" if one and outcome is not Outcome.NOT_TESTABLE else word


def _told(word: str, word_without: str, untrained: Sequence[Untrained]) -> str:
    return f"{word}; without {_counted(untrained)}: {word_without}" if word_without not in ("", word) else word


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
            "fails_at": f.criterion.fails_at,
            "blind": f.blind,
            "criterion": str(f.criterion),
            "outcome": f.outcome,
            "seeds": f.seeds,
            "note": f.note,
            "part": f.part,
            "headline": f is headline,
        }
        for f in findings
    ]


def _margin(finding: Finding) -> float:
    low, high = finding.interval or (finding.value or 0.0, finding.value or 0.0)
    nearest = {">=": low, "<=": high, "within": max(-low, high)}[finding.criterion.relation]
    return abs(nearest - finding.criterion.threshold) / (abs(finding.criterion.threshold) or 1.0)


def combine(findings: Sequence[Finding]) -> Outcome:
    """The outcome of a claim from its parts (the rule is in :class:`Outcome`'s sentences)."""
    kinds = [finding.outcome for finding in findings]
    if not kinds or "missing" in kinds or all(each.blind and each.outcome == "unclear" for each in findings):
        return Outcome.NOT_TESTABLE
    if "fails" in kinds:
        return Outcome.PARTLY if "holds" in kinds else Outcome.NOT_REPRODUCED
    return Outcome.INCONCLUSIVE if "unclear" in kinds else Outcome.REPRODUCED
