"""What is asked of whom: subjects (ours and peers), cases, and the presets that say how many."""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, NamedTuple

from infoscope.benchmark.peers import _base as peers
from infoscope.core import check, grammar, registry
from infoscope.core.errors import DataMissingError, InputError, unknown_name
from infoscope.core.rows import options_text
from infoscope.data.source import Source, all_sources, find_source

COVERAGE_SOURCES = 3  # of those an estimator says it suits
COVERAGE_COLUMNS = 4  # dx + dy of a source on which hundreds of answers are cheap
WIDE = 120  # columns, dx + dy
COVERAGE_SEED = 100_000  # replicates for coverage are other samples than those of the sources
HEADLINE = tuple(f"correlated-pairs-{d}x{d}" for d in (1, 3, 10, 25))
HEADLINE_ROWS, HEADLINE_NEIGHBOURS = 10_000, 3


class Subject(NamedTuple):
    """Whom a case asks: an estimator of ours or a peer, with its options as canonical JSON."""

    who: str  # "ours" or "peer"
    name: str
    options: str = "{}"

    @property
    def label(self) -> str:
        """The name with its options, which can be passed on as ``estimator=``: ``ksg(k=5)``."""
        options = json.loads(self.options)
        return f"{self.name}({', '.join(f'{k}={_text(v)}' for k, v in options.items())})" if options else self.name

    @property
    def answers(self) -> str:
        """What its number is to I(X;Y), as an estimator states it."""
        return self.facts.get("answers", "another question")

    @property
    def facts(self) -> dict[str, Any]:
        return registry.find("estimators" if self.who == "ours" else "peers", self.name).facts

    def make(self) -> Any:
        """The estimator or peer; its ``mutual_information(x, y)`` is what is judged."""
        if self.who == "ours":
            return grammar.make("estimators", self.name, **json.loads(self.options))
        return registry.load("peers", self.name)(**json.loads(self.options))

    def takes(self, source: Source) -> bool:
        """Whether the problem is one this subject answers at all."""
        facts = self.facts
        unsaid = ("real",) if self.who == "peer" else ("labels",)  # as their base classes have it
        if source.kind not in facts.get("second", unsaid):
            return False
        if self.who == "peer":
            most = facts.get("columns")
            return most is None or max(source.dx, source.dy) <= most
        return "real" in facts.get("first", ("real",)) or "discrete" in source.tags


def _text(value: Any) -> str:
    """An option's value as it is written behind a name."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


class Case(NamedTuple):
    """One question to one subject; a row of the results answers it."""

    purpose: str  # "sources", "coverage" or "headline"
    subject: Subject
    source: str
    n: int
    seed: int


@dataclass(frozen=True)
class BenchPreset:
    """How much is asked: sizes, samples of each source, CPU seconds for each purpose (None: all that it takes).

    sources: how many of the small sources, half of them with labels; None for every source. kinds: of these alone.
    answering: only who answers I(X;Y) or bounds it, which are those that ``choose`` can name. limit: wall seconds for
    one answer.
    """

    sizes: tuple[int, ...]
    replicates: int
    coverage: int
    headline: int
    budget: dict[str, float | None]
    sources: int | None = None
    kinds: tuple[str, ...] = ("real", "labels")
    answering: bool = False
    limit: float = 120.0


PRESETS = {
    "smoke": BenchPreset((300,), 1, 0, 0, {"sources": 30.0}, sources=6, limit=30.0),
    "laptop": BenchPreset((1000, 5000, 10000), 5, 200, 3, {"sources": 2100.0, "coverage": 500.0, "headline": 300.0}),
    "labels": BenchPreset(
        (300, 1000, 5000, 10000), 3, 0, 0, {"sources": 1500.0}, kinds=("labels",), answering=True, limit=600.0
    ),
    "paper": BenchPreset(
        (300, 1000, 5000, 10000), 20, 1000, 10, {"sources": None, "coverage": None, "headline": None}, limit=3600.0
    ),
}


@dataclass(frozen=True)
class Plan:
    """Every case, in the order in which each subject meets them, and what was left out and why."""

    preset: BenchPreset
    cases: tuple[Case, ...]
    skipped: dict[str, str] = field(default_factory=dict)


def plan(
    preset: str,
    estimators: Sequence[str] = (),
    sources: Sequence[str] = (),
    sizes: Sequence[int] = (),
    options: dict[str, Any] | None = None,
    with_peers: bool = True,
) -> Plan:
    """The cases of a preset; the names given narrow it to these estimators (or peers), sources and sizes.

    options: of the one estimator named. Peers are run too unless ``with_peers`` is False.

    Raises
    ------
    UnknownNameError: for a preset, estimator or source that does not exist. InputError: options for several estimators.
    """
    if preset not in PRESETS:
        raise unknown_name("preset", preset, PRESETS)
    chosen = PRESETS[preset]
    skipped: dict[str, str] = {}
    subjects = _asked(chosen, _subjects(estimators, options or {}, with_peers, skipped))
    found = [find_source(name) for name in sources] or _spread(chosen.sources)
    found = [source for source in found if source.kind in chosen.kinds]
    found = [source for source in found if _can_be_drawn(source, skipped)]
    cases = list(_of_sources(chosen, subjects, found, [check.count(n, "n", least=2) for n in sizes] or chosen.sizes))
    if not (sources or sizes):
        cases += [*_coverage(chosen, subjects), *_headline(chosen, subjects)]
    share = len(subjects) / len(
        _asked(chosen, _subjects((), {}, True, {}))
    )  # alone, a subject gets the time it would have among all
    budget = {purpose: seconds and seconds * min(1.0, share) for purpose, seconds in chosen.budget.items()}
    return Plan(replace(chosen, budget=budget), tuple(cases), skipped)


def _asked(preset: BenchPreset, subjects: list[Subject]) -> list[Subject]:
    """Those of ``subjects`` that a preset asks."""
    if not preset.answering:
        return subjects
    return [s for s in subjects if s.who == "peer" or s.answers != "another question"]


def _subjects(
    names: Sequence[str], options: dict[str, Any], with_peers: bool, skipped: dict[str, str]
) -> list[Subject]:
    ours, theirs = registry.entries("estimators"), registry.entries("peers")
    for name in names:
        if name not in ours and name not in theirs:
            raise unknown_name("estimator or peer", name, {*ours, *theirs})
    if options and len(names) != 1:
        raise InputError(f"options came with {len(names)} estimators, wanted them for one: name it with --estimator")
    found = []
    for name, entry in ours.items():
        if (name in names or not names) and "mutual_information" in entry.facts["offers"]:
            found += [Subject("ours", name, options_text(o)) for o in ([options] if options else _variants(entry))]
    for name, entry in theirs.items():
        if name in names or (with_peers and not names):
            if reason := peers.absent(entry.facts):
                skipped[name] = reason
            else:
                found.append(Subject("peer", name, options_text(options)))
    return found


def _variants(entry: registry.Entry) -> Sequence[dict[str, Any]]:
    """The options to judge an estimator with: its defaults, the ``variants`` it states, and every probe it can take."""
    found = [{}, *entry.facts.get("variants", ())]
    if "probe" in entry.facts:
        families = registry.entries("probes").values()
        found += [
            {"probe": p.id} for p in families if p.facts.get("contains", ("prior",)) and p.id != entry.facts["probe"]
        ]
    return [options for i, options in enumerate(found) if options not in found[:i]]


def ours() -> list[Subject]:
    """Everybody of ours who gives a number for I(X;Y), with the options that the benchmark judges."""
    return _subjects((), {}, False, {})


def _spread(most: int | None) -> list[Source]:
    """Every source in a fixed order in which families take turns, or ``most`` small ones, as many of each kind.

    The widest come last: one answer about images can take as long as a hundred about pairs.
    """
    found = sorted(all_sources().values(), key=lambda s: hashlib.sha256(s.name.encode()).hexdigest())
    turns: dict[tuple[str, str], Iterator[int]] = defaultdict(itertools.count)
    turn = {source.name: next(turns[source.family, source.kind]) for source in found}
    found.sort(key=lambda s: (s.dx + s.dy > WIDE, turn[s.name]))
    if most is None:
        return found
    small = [s for s in found if s.dx + s.dy <= COVERAGE_COLUMNS and "needs data" not in s.tags]
    return [s for kind in ("real", "labels") for s in [one for one in small if one.kind == kind][: most // 2]]


def rung(source: Source) -> tuple[str, int]:
    """The kind of a problem and how wide it is, in steps of four times the columns: 1 or 2, 3 to 8, 9 to 32, …"""
    return source.kind, math.ceil(math.log(source.dx * source.dy, 4) - 0.5)


def _can_be_drawn(source: Source, skipped: dict[str, str]) -> bool:
    if "needs data" in source.tags:
        try:
            source.sample(2)
        except DataMissingError as reason:
            skipped[source.name] = str(reason)
            return False
    return True


def _of_sources(
    preset: BenchPreset, subjects: Sequence[Subject], sources: Sequence[Source], sizes: Sequence[int]
) -> Iterator[Case]:
    """Every source once, then every source again: whoever runs out of time has met as many sources as he could."""
    for subject in subjects:
        for n in sizes:
            for seed in range(preset.replicates):
                yield from (Case("sources", subject, s.name, n, seed) for s in sources if subject.takes(s))


def _coverage(preset: BenchPreset, subjects: Sequence[Subject]) -> Iterator[Case]:
    """Many samples of a few small sources that an estimator says it suits."""
    for subject in subjects:
        suits = set(subject.facts.get("suits", ()))
        if subject.who != "ours" or subject.facts.get("slow", False):
            continue
        small = [s for s in _spread(None) if s.dx + s.dy <= COVERAGE_COLUMNS and suits & set(s.tags)]
        small = [s for s in small if subject.takes(s) and "needs data" not in s.tags][:COVERAGE_SOURCES]
        for k in range(preset.coverage):
            yield from (Case("coverage", subject, s.name, 1000, COVERAGE_SEED + k) for s in small)


def _headline(preset: BenchPreset, subjects: Sequence[Subject]) -> Iterator[Case]:
    """KSG 1 with the same number of neighbours by everyone who has it, over dimensions."""
    options = options_text({"k": HEADLINE_NEIGHBOURS})
    for subject in dict.fromkeys(
        Subject(s.who, s.name, options) for s in subjects if s.who == "peer" or s.name == "ksg"
    ):
        for seed in range(preset.headline):
            sources = [find_source(name) for name in HEADLINE]
            yield from (Case("headline", subject, s.name, HEADLINE_ROWS, seed) for s in sources if subject.takes(s))


@cache
def fingerprint(who: str, name: str) -> str:
    """Twelve hexadecimal digits of the code behind an answer: when it changes, old answers are not counted.

    Ours: its file and all that estimators share; a peer: its file here and its version. The sources count in both.
    """
    digest = hashlib.sha256()
    kind = "estimators" if who == "ours" else "peers"
    own = registry.ROOT / registry.KINDS[kind] / f"{name}.py"
    files = [own, registry.ROOT / "data" / "source.py", *sorted((registry.ROOT / "data" / "sources").rglob("*.py"))]
    if who == "ours":
        folder = registry.ROOT / "measure"
        shared = [*folder.glob("*.py"), *(folder / "estimators").glob("_*.py")]
        files += sorted(shared)
    else:
        digest.update(peers.version(registry.find("peers", name).facts).encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
