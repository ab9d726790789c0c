"""Intervals of several parts that hold at once, for claims of more than three: max-t, members resampled together."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from infoscope.claim.statistics import RESAMPLES, student
from infoscope.core.claim import SEVERAL, Finding
from infoscope.core.estimate import LEVEL


def together(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """``findings`` of one claim, with intervals that hold all at once where there are more than three of them.

    A claim of many parts says that all of them hold. Where each does over its own interval, nothing is corrected: that
    all are so by chance is less likely than that one is. Else some part decides against the claim, and of a dozen
    independent ones one errs to that side in every fourth run: intervals are widened, all by the same factor, until
    95 % of draws lie in all of them (docs/decisions/0029).
    """
    wide = [each for each in findings if each.interval is not None and each.interval[1] > each.interval[0]]
    if len(wide) <= SEVERAL or all(each.outcome == "holds" for each in findings):
        return tuple(findings)
    members = min(each.seeds for each in wide)
    factor = max(1.0, largest(_shares(wide), members) / student(members))
    note = f"interval × {factor:.2f}, so that {len(wide)} hold at once"
    return tuple(_widened(each, factor, note) if each in wide else each for each in findings)


def _widened(found: Finding, factor: float, note: str) -> Finding:
    if found.value is None or found.interval is None:
        return found
    low, high = (found.value + factor * (end - found.value) for end in found.interval)
    return dataclasses.replace(found, interval=(low, high), note="; ".join(filter(None, (found.note, note))))


def _shares(findings: Sequence[Finding]) -> np.ndarray:
    """What every member adds to each finding ``[findings, members]``, of length 1; one column of its own for a finding
    that does not say, which is then independent of the others."""
    names = sorted({member for each in findings for member, _ in each.moves})
    found = np.zeros((len(findings), len(names) + len(findings)))
    for row, each in enumerate(findings):
        moved = np.array([move for _, move in each.moves])
        moved = moved - moved.mean() if len(moved) else moved
        length = float(np.linalg.norm(moved))
        if length > 0:
            found[row, [names.index(member) for member, _ in each.moves]] = moved / length
        else:
            found[row, len(names) + row] = 1.0
    return found


def largest(shares: np.ndarray, members: int) -> float:
    """What the largest of several Student's t stays below with 95 %: of findings that members move as ``shares`` says.

    shares: ``[findings, members]``, rows of length 1. Each of :data:`RESAMPLES` draws has ``members`` made-up members,
    normal and correlated over the findings as the stored ones are, so that one finding alone, or several that move
    alike, get Student's own quantile. (The plain bootstrap's draws of four members hold one of them four times.)
    """
    left, lengths, _ = np.linalg.svd(shares, full_matrices=False)
    kept = np.ascontiguousarray((left * lengths)[:, lengths > 1e-6 * lengths.max()])
    random = np.random.default_rng(0)
    most = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, 500):  # so that 50 members and 24 findings stay small
        drawn: np.ndarray = np.einsum(
            "dmr,pr->dmp", random.normal(size=(500, members, kept.shape[1])), kept, optimize=True
        )
        t: np.ndarray = drawn.mean(1) * np.sqrt(members) / drawn.std(1, ddof=1)
        most[start : start + 500] = np.abs(t).max(1)
    return float(np.quantile(most, LEVEL))
