"""What a run found, in sentences written from its verdicts and rows: one a claim, and a few on what it comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from infoscope.core.claim import deciding
from infoscope.core.estimate import Status
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.rows import TRAINING, Rows
from infoscope.core.units import bits
from infoscope.show.plots import _series
from infoscope.show.plots._series import Bundle
from infoscope.show.report._cards import Column
from infoscope.show.report._words import minus

MOST_NETWORKS = 4  # of which each has a sentence of its own
OFTEN = 0.2  # share of the rows of a quantity from which a doubt is worth a sentence
_ROUNDING = 1e-6  # bits
_FELL = 0.1  # of the peak: a smaller fall is none that a reader would see
_SEES = (Status.VACUOUS.name, Status.SATURATED.name)


def of_claim(verdict: Mapping[str, Any]) -> str:
    """What was found for one claim: its number, beside what was wanted, or why there is none."""
    head = verdict["headline"]
    measured = ""
    if head is not None and head["value"] is not None:
        measured = f"{head['name']} is {head['shown']}, wanted {head['criterion']}"
    if verdict["reason"]:
        return minus(verdict["reason"] + (f" (measured: {measured})" if measured else ""))
    others = Counter(finding["outcome"] for finding in verdict["findings"] if not finding["headline"])
    if others:
        measured += f"; {_others(others)}"
    decides = deciding(verdict["findings"])
    if decides is not None and decides is not head and decides["value"] is not None:
        measured += f" ({decides['name']} is {decides['shown']}, wanted {decides['criterion']})"
    without = verdict["without"]
    if without and without["headline"] and without["headline"]["value"] is not None:
        members = len({each["member"] for each in verdict["untrained"]})
        measured += f"; without {members} that did not train: {without['headline']['shown']}, {without['outcome']}"
    return minus(measured or "nothing was measured")


def _others(outcomes: Counter[str]) -> str:
    """How the findings beside the headline came out: ``of the other 3 findings 2 hold, 1 is unclear``."""
    words = {"holds": ("holds", "hold"), "fails": ("fails", "fail")}
    said = {kind: words.get(kind, (f"is {kind}", f"are {kind}")) for kind in outcomes}
    total = outcomes.total()
    if len(outcomes) == 1:
        ((one, several),) = said.values()
        return f"the other finding {one}" if total == 1 else f"the other {total} findings {several}"
    each = [f"{number} {said[kind][number > 1]}" for kind, number in outcomes.items()]
    return f"of the other {total} findings {', '.join(each)}"


def so_what(columns: Sequence[Column]) -> list[str]:
    """What the numbers of these networks come to: what fell, what is known at the end, what to doubt."""
    found: list[str] = []
    several = len({column.title for column in columns}) > 1
    for column in columns if len(columns) <= MOST_NETWORKS else ():
        whose = f"{column.title}: " if several else ""
        found += [f"{whose}{said}" for said in (*_falls(column), *_known(column))]
    rows = [column.rows for column in columns if len(column.rows)]
    return [minus(said[:1].upper() + said[1:]) for said in dict.fromkeys([*found, *_doubts(rows)])]


def _series_of(rows: Rows) -> Iterable[tuple[str, Bundle]]:
    """For each way of measuring the first of its series, by what its number truly is."""
    for estimator in rows.unique("estimator"):
        first, _ = _series.first(rows.filter(estimator=estimator), "variable", "split")
        if len(first):
            yield estimator, _series.read(first)


def _falls(column: Column) -> Iterable[str]:
    """Where I(X;T) falls most after its peak, or that it falls nowhere."""
    for estimator, series in _series_of(column.rows.filter(quantity=INPUT_INFORMATION, kind="information")):
        if not series.training or _series.widest(series.lines) < 3:
            continue
        falls: list[tuple[float, float, str]] = []  # bits, share of the peak, where
        for line in series.lines:
            mean = line.mean()
            seen = np.flatnonzero(np.isfinite(mean))
            if not len(seen):
                continue
            peak, last = seen[np.argmax(mean[seen])], seen[-1]
            peaked, ended = (f"{line.times[at]:,.6g}" for at in (peak, last))
            at = f"from {mean[peak]:.3g} bits at {series.clock} {peaked} to {mean[last]:.3g} at {ended}"
            fall = float(mean[peak] - mean[last])
            falls.append((fall, fall / max(abs(float(mean[peak])), 1e-9), f"{line.name}, {at}"))
        if falls:
            _, share, where = max(falls)
            nowhere = f"falls nowhere by more than {100 * _FELL:g} % of its peak"
            said = f"falls most at {where}" if share > _FELL else nowhere
            yield f"I(X;T) by {estimator} {said}."


def _known(column: Column) -> Iterable[str]:
    """What is known of each variable at the last step, and how much was at the first: by probes at the place where
    most is, else at the last place, since the first of a network that loses nothing holds everything."""
    for kind in ("usable", "information"):
        about = column.rows.filter(kind=kind)
        for variable in [name for name in about.unique("variable") if name not in ("input", "")][:MOST_NETWORKS]:
            if "|" in variable:
                continue
            for estimator, series in list(_series_of(about.filter(variable=variable)))[:1]:
                ends = [(line, line.mean()) for line in series.lines if np.isfinite(line.mean()).any()]
                if not ends or not series.training:
                    continue
                most_there = max(ends, key=lambda each: each[1][np.isfinite(each[1])][-1])
                line, mean = most_there if kind == "usable" else max(ends, key=lambda each: each[0].index)
                values = mean[np.isfinite(mean)]
                most = column.ceilings.get(variable)
                of = f" of the {bits(most):.3g} there are" if most else ""
                before = f" ({_bits(values[0], 2)} at the first step)" if len(values) > 1 else ""
                by = "probes read most" if kind == "usable" else f"{estimator} finds"
                yield f"Of {_series.quoted(variable)}, {by} at {line.name}: {_bits(values[-1])} bits{of}{before}."
        if len(about.filter(variable=[v for v in about.unique("variable") if v != "input"])):
            return  # what probes read says it; information about a variable only where there is no probe


def _bits(value: float, digits: int = 3) -> str:
    """A difference of entropies that is rounding and nothing else is 0."""
    return "0" if abs(value) < _ROUNDING else f"{value:.{digits}g}"


def _doubts(all_rows: Sequence[Rows]) -> Iterable[str]:
    """What holds for many numbers at once and is no property of the network."""
    statuses: dict[str, Counter[str]] = {}
    estimands: dict[str, str] = {}
    for rows in all_rows:
        for quantity in rows.unique("quantity"):
            mine = rows.filter(quantity=quantity)
            if set(mine.unique("estimator")) == {TRAINING}:
                continue
            statuses.setdefault(quantity, Counter()).update(mine.column("status").tolist())
            told = [each for each in mine.unique("estimand") if each]
            if told:
                estimands.setdefault(quantity, told[0])
    for quantity, counts in statuses.items():
        total = counts.total()
        blind = sum(counts[name] for name in _SEES)
        if quantity == INPUT_INFORMATION and counts[Status.VACUOUS.name] and blind + counts["DEGENERATE"] == total:
            is_what = estimands.get(quantity, "what its estimand says")
            yield (
                f"No {quantity} here belongs to a network: of a deterministic one it is H(X) or infinite. What is "
                f"drawn is {is_what}; where it falls, activations draw together."
            )
        for status in (Status.UNDERSAMPLED, Status.NOT_CONVERGED, Status.UNRESOLVED, Status.TIED, Status.FAILED):
            if counts[status.name] > OFTEN * total:
                share = f"{counts[status.name]:,} of {total:,} {_series.worded(quantity)}"
                yield f"{share} are {status.name}: {status.sentence}."
    shares = {quantity: counts[Status.SATURATED.name] / counts.total() for quantity, counts in statuses.items()}
    full = [f"{share:.0%} of {_series.worded(name)}" for name, share in shares.items() if share > OFTEN]
    if full:
        yield f"{' and '.join(full)} stand at their ceiling, where no change can be seen.".replace("%", " %")
