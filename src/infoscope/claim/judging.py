"""Verdict guards: whether a run can decide a claim at all, told from learning curves, controls and ceilings.

They stand in one place, before any rule: a rule says what is wanted of networks that have learned, and means nothing
for those that have not. What the parts of a claim say is kept beside a guard's reason.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from infoscope.claim.figure import Figure, Judged
from infoscope.claim.reading.curves import settled
from infoscope.core.claim import (
    ENDED_ACCURACY,
    ENDED_FALL,
    ENDED_LOSS,
    NOTHING,
    Claim,
    Finding,
    Learned,
    Outcome,
    Untrained,
    Verdict,
    combine,
    decisive,
)
from infoscope.core.quantity import ACCURACY, LOSS
from infoscope.core.rows import Rows
from infoscope.core.units import shown

SMOKE = "smoke trains for too short a time to judge by, only to show that everything runs: use --preset laptop"
#: A member has not trained where its loss has gone no more than this share of the way from guessing to the least
#: possible. (The loss of guessing, as counted from a few hundred rows, is right to a hundredth.)
NOTHING_LEARNED = 0.05
#: A member has diverged where its loss ends more than so many times above its own lowest, and above so much of that of
#: guessing: beyond what a high learning rate moves a small loss up and down.
BLOWN_UP, OF_GUESSING = 10.0, 0.5
_NAMED = 3  # networks with their numbers in a sentence


class Guess(NamedTuple):
    """What it comes to to answer every row by how frequent the classes are: loss in nats, and accuracy.

    least: the loss of the best answers there are, where inputs do not determine the label.
    """

    loss: float
    accuracy: float
    least: float = 0.0


class LearningCurves(NamedTuple):
    """Learning curves ``[members, s]`` of one network, and who of its members did not train."""

    network: str
    epochs: np.ndarray
    loss: np.ndarray  # on training rows
    accuracy: Mapping[str, np.ndarray]  # by split
    guess: Guess
    trained: np.ndarray  # [members], bool
    untrained: tuple[Untrained, ...]


def verdicts(
    figure: Figure,
    rows: Rows,
    guesses: Mapping[str, Guess],
    run: str,
    preset: str,
    seeds: int,
    varied: Mapping[str, str] | None = None,
) -> list[Verdict]:
    """The verdicts of ``figure`` on ``rows``, behind the guards.

    guesses: what guessing its labels comes to, by network that was trained. varied: what differs from seed to seed, by
    the same.
    """
    found = figure.judge(rows)
    default = figure.presupposes if guesses else NOTHING
    claims = [dataclasses.replace(one.claim, presupposes=one.claim.presupposes or default) for one in found]
    if preset == "smoke" and figure.trains:
        untested = [_verdict(one, claim, run, preset, seeds, SMOKE) for one, claim in zip(found, claims, strict=True)]
        return [dataclasses.replace(each, varied=_varied(each, varied or {})) for each in untested]
    trainings = {network: training(rows, network, guess) for network, guess in guesses.items()}
    without: dict[frozenset[int], Sequence[Judged]] = {frozenset(): found}
    out: list[Verdict] = []
    for place, (one, claim) in enumerate(zip(found, claims, strict=True)):
        networks = _networks(one, claim, trainings)
        untrained = tuple(each for network in networks if (of := trainings[network]) for each in of.untrained)
        left_out = frozenset(each.member for each in untrained)
        if left_out not in without:
            without[left_out] = figure.judge(_without(rows, left_out, trainings))
        reason = "; ".join(_reasons(one, claim, {network: trainings[network] for network in networks}))
        verdict = _verdict(one, claim, run, preset, seeds, reason)
        if untrained:
            rest = None if verdict.outcome is Outcome.NOT_TESTABLE else without[left_out][place].findings
            verdict = dataclasses.replace(verdict, untrained=untrained, without=rest)
            told = [_counted(of) for network in networks if (of := trainings[network]) and of.untrained]
            if rest is not None:
                told[-1] += f"; without them: {verdict.word_without}{_decided_by(rest)}"
            verdict = dataclasses.replace(verdict, notes=(*told, *one.notes))
        out.append(dataclasses.replace(verdict, varied=_varied(verdict, varied or {})))
    return out


def _varied(verdict: Verdict, by_network: Mapping[str, str]) -> str:
    """What differs from seed to seed in the networks that a verdict's parts were read from."""
    networks = dict.fromkeys(network for part in verdict.findings for network in part.networks)
    said = dict.fromkeys(by_network[network] for network in (networks or by_network) if network in by_network)
    return " / ".join(said) if verdict.seeds > 1 else ""


def training(rows: Rows, network: str, guess: Guess) -> LearningCurves | None:
    """The learning curves of ``network``; None where it has none."""
    curves = rows.filter(network=network, site="network", estimator="training")
    losses = curves.filter(quantity=LOSS, split="train")
    if not len(losses):
        return None
    accuracy: dict[str, np.ndarray] = {}
    for split in ("train", "test"):
        if len(found := curves.filter(quantity=ACCURACY, split=split)):
            accuracy[split] = settled(found)
    _, epochs, loss = losses.curves()
    members = np.unique(losses.column("member")).tolist()
    untrained: list[Untrained] = []
    for place, member in enumerate(members):
        right = float(accuracy["train"][place, -1]) if "train" in accuracy else math.nan
        if found := _untrained(loss[place], right, guess):
            untrained.append(Untrained(network, int(member), *found))
    out = {each.member for each in untrained}
    trained = np.array([member not in out for member in members])
    return LearningCurves(network, epochs, loss, accuracy, guess, trained, tuple(untrained))


def _untrained(loss: np.ndarray, right: float, guess: Guess) -> tuple[Literal["did not train", "diverged"], str] | None:
    """Whether a member with this curve of its training loss did not train or diverged, and how one sees it."""
    if not np.isfinite(loss).all():
        return "diverged", "its training loss is not a number"
    last, lowest = float(loss[-1]), float(loss.min())
    if last > BLOWN_UP * lowest and last > OF_GUESSING * guess.loss:
        at_best = f"{shown(last, 'nats')} at the end and {shown(lowest, 'nats')} at its lowest"
        return "diverged", f"its training loss is {at_best}"
    if last > guess.loss - NOTHING_LEARNED * (guess.loss - guess.least):
        at_chance = f"accuracy {shown(right, 'fraction')}, by guessing {shown(guess.accuracy, 'fraction')}"
        return "did not train", f"its training loss is that of guessing, {shown(last, 'nats')} ({at_chance})"
    return None


def _counted(of: LearningCurves) -> str:
    """``relu: 3 of 50 networks did not train (members 18, 22, 37: accuracy at chance)``."""
    said: list[str] = []
    for kind, how in (("did not train", "accuracy at chance"), ("diverged", "the loss blew up")):
        members = [str(each.member) for each in of.untrained if each.kind == kind]
        if members:
            who = f"member{'s' * (len(members) > 1)} {', '.join(members)}"
            networks = f"network{'s' * (len(of.trained) > 1)}"
            said.append(f"{len(members)} of {len(of.trained)} {networks} {kind} ({who}: {how})")
    return f"{of.network}: {', '.join(said)}"


def _decided_by(findings: Sequence[Finding]) -> str:
    found = decisive(findings)
    return f" ({found.name}: {shown(found.value, found.criterion.unit, found.interval)})" if found else ""


def _without(rows: Rows, members: frozenset[int], trained: Collection[str]) -> Rows:
    """The rows without these members of the networks that were ``trained``; all rows of what was computed."""
    others = set(rows.unique("member")) - members
    networks = set(trained)
    kept = rows.filter(network=networks, member=others)
    return Rows.concat([kept, rows.filter(network=set(rows.unique("network")) - networks)])


def _networks(one: Judged, claim: Claim, trainings: Mapping[str, LearningCurves | None]) -> list[str]:
    """The trained networks that a claim speaks of: those its parts were read from, or all where one does not say."""
    if claim.presupposes == NOTHING:
        return []
    of_parts = {network for part in one.findings for network in part.networks}
    whole = not all(part.networks for part in one.findings)
    return [network for network in trainings if whole or network in of_parts]


def _reasons(one: Judged, claim: Claim, of: Mapping[str, LearningCurves | None]) -> list[str]:
    """Why a claim that was measured is not testable all the same."""
    wanted = claim.presupposes or NOTHING
    if any(part.outcome == "missing" for part in one.findings):
        return []
    if unseen := [network for network, training in of.items() if training is None]:
        return [f"without learning curves nothing says whether the networks have learned: {', '.join(unseen)}"]
    found = [training for training in of.values() if training is not None]
    if idle := [each.network for each in found if each.trained.sum() * 2 < len(each.trained)]:
        return [f"fewer than half of the networks trained: {', '.join(idle)}"]
    reasons = [_not_learned(wanted, found), _not_ended(found) if wanted.ended else "", _no_control(one.controls)]
    return list(filter(None, reasons))


def _not_learned(wanted: Learned, found: Sequence[LearningCurves]) -> str:
    said: list[str] = []
    least = 0.0
    for each in found:
        if wanted.share <= 0:
            continue
        asked = each.guess.accuracy + wanted.share * (1 - each.guess.accuracy)
        if wanted.split not in each.accuracy:
            said.append(f"not measured ({each.network})")
            continue
        mean = float(each.accuracy[wanted.split][each.trained, -1].mean())
        if mean < asked:
            said.append(f"{shown(mean, 'fraction')} ({each.network})")
            least = max(least, asked)
    if not said:
        return ""
    rows = {"train": "training", "test": "test"}[wanted.split]
    return (
        f"the networks have not learned what the claim takes for granted: mean accuracy on {rows} rows at the end "
        f"{_few(said)}, wanted ≥ {shown(least, 'fraction')}"
    )


def _not_ended(found: Sequence[LearningCurves]) -> str:
    said: list[str] = []
    for each in found:
        loss = each.loss[each.trained].mean(0)
        right = each.accuracy["train"][each.trained, -1].mean() if "train" in each.accuracy else 0.0
        fall = fall_over_a_third(each.epochs, loss) if loss[-1] <= loss.min() else 0.0
        if loss[-1] > each.guess.least + ENDED_LOSS and right < ENDED_ACCURACY and fall >= ENDED_FALL:
            still = f"{shown(float(loss[-1]), 'nats')} and falling by {fall:.0%}"
            said.append(f"{still}, accuracy {shown(float(right), 'fraction')} ({each.network})")
    words = "training had not ended: over the last third of the epochs the mean loss on training rows is"
    return f"{words} {_few(said)}" if said else ""


def fall_over_a_third(epochs: np.ndarray, loss: np.ndarray) -> float:
    """The share by which ``loss [s]`` falls over a third of all ``epochs [s]``, at the pace of the last of them.

    The pace is that from the last recorded epoch outside the last third; where that is earlier than two thirds, the
    share is that of a third at an even pace in logarithms.
    """
    early = epochs <= epochs[-1] * 2 / 3
    if not early.any() or not loss[early][-1] > 0:
        return 0.0
    before, at = float(loss[early][-1]), float(epochs[early][-1])
    return 1 - float((loss[-1] / before) ** (epochs[-1] / 3 / (epochs[-1] - at)))


def _no_control(controls: Sequence[Finding]) -> str:
    if not controls or any(control.outcome == "holds" for control in controls):
        return ""
    what = controls[0].name.rpartition(", ")[0]
    said = [f"{one.name.rpartition(', ')[2]} {shown(one.value, one.criterion.unit)}" for one in controls]
    return f"no control shows what it should, {what} {controls[0].criterion}: {', '.join(said)}"


def _few(said: Sequence[str]) -> str:
    more = [f"{len(said) - _NAMED} more"] if len(said) > _NAMED else []
    return ", ".join([*said[:_NAMED], *more])


def _verdict(one: Judged, claim: Claim, run: str, preset: str, seeds: int, reason: str) -> Verdict:
    outcome = Outcome.NOT_TESTABLE if reason else combine(one.findings)
    decided = decisive(one.findings)
    if outcome is Outcome.NOT_TESTABLE and not reason and decided is not None:
        reason = f"{decided.name}: {decided.note or 'not measured'}"
    return Verdict(claim, outcome, one.findings, run, preset, seeds, one.notes, reason)
