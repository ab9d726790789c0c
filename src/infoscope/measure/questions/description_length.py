"""Description length: nats to send labels to someone who has the representation, by an online (prequential) code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.estimate import Doubt, Estimate, Status
from infoscope.core.quantity import Quantity
from infoscope.core.shapes import ArrayLike
from infoscope.kernels import draws
from infoscope.measure.bases.answering import question
from infoscope.measure.bases.probe import Probe
from infoscope.measure.intervals.groups import Groups, interval_doubts
from infoscope.measure.intervals.uncertainties import PROBES_FIXED
from infoscope.measure.questions._dealt_rows import ONE_CLASS, LabelledRows
from infoscope.measure.usable import accounts, unsaid_groups
from infoscope.measure.usable.readings import ProbeSplit

LENGTH = Quantity("L(Y|Z)", "nats", "Description length of the labels", "usable")
FRACTIONS = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.0625, 0.125, 0.25, 0.5, 1.0)
LEAST_ROWS = 10  # coded before a first probe is fitted


@dataclass(frozen=True, slots=True)
class DescriptionLength(Estimate):
    """The length of an online code, and what the curve of losses behind it says.

    uniform: the length in nats if every label cost ln k. blocks: for each block of rows, how many rows the probe that
    coded it knew, how many were coded, and at how many nats in all; the first block is coded uniformly.
    """

    uniform: float = 0.0
    blocks: tuple[tuple[int, int, float], ...] = ()

    @property
    def compression(self) -> float:
        """How many times shorter than the uniform code (Voita & Titov 2020)."""
        return self.uniform / self.value

    def surplus(self, epsilon: float) -> float:
        """Surplus description length in nats: what the code costs beyond ``epsilon`` nats a label (Whitney et al. 2020,
        eq. 4), summed over the exact blocks. ``epsilon`` is to be above the least loss the family can reach.
        """
        check.positive(epsilon, "epsilon")
        return sum(max(nats - epsilon * coded, 0.0) for _, coded, nats in self.blocks)

    def sample_complexity(self, epsilon: float) -> int | None:
        """The fewest rows after which a probe of this code cost at most ``epsilon`` nats a label; None if none did."""
        check.positive(epsilon, "epsilon")
        return min((known for known, coded, nats in self.blocks if nats <= epsilon * coded), default=None)


@question
def description_length(
    z: ArrayLike,
    y: ArrayLike,
    probe: str = "linear",
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
    strict: bool = False,
    **options: Any,
) -> DescriptionLength:
    """Nats to send labels ``y [n]`` to someone who has the rows of ``z [n, d]``, by an online (prequential) code.

    The first rows cost ln k each; then a probe fitted to all rows sent so far codes the next block, at .1, .2, .4, .8,
    1.6, 3.2, 6.25, 12.5, 25 and 50 % of the rows (Voita & Titov 2020). What a probe chooses, it chooses on rows already
    sent. ``seed`` decides the order of the rows; the length depends on it, so report several. ``groups`` of rows that
    belong together are sent whole, so that no block is coded by a probe that knows a part of it. The length is an upper
    bound on n H(Y|Z) in expectation. Other arguments and errors as in :func:`usable_information`.
    """
    check.paired(z=z, y=y, groups=groups)
    labelled = LabelledRows.checked(z, y, None, None, "null", 5, groups, None, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    n, k = labelled.scored, labelled.target.k
    if k == 1 or labelled.alone:
        why = Doubt(Status.DEGENERATE, ONE_CLASS) if k == 1 else Doubt(Status.SATURATED, labelled.alone)
        estimand, uniform = f"online code of {reader.words} in the order of seed {seed}", n * float(np.log(k))
        return DescriptionLength(uniform, LENGTH, estimand, n, uniform=uniform).doubted(why)
    found = _code(labelled, reader, labelled.deal.groups)
    if labelled.deal.groups is None and (copies := unsaid_groups.copies_of(labelled.z, labelled.target.k)):
        found = unsaid_groups.both(found, _code(labelled, reader, copies), copies)
    return found


def _code(labelled: LabelledRows, reader: Probe, groups: Groups | None) -> DescriptionLength:
    """The code that sends ``groups`` whole."""
    n, target = labelled.scored, labelled.target
    order, ends = _blocks(n, groups, labelled.seed)
    cuts = [end for end in ends if end < n]
    splits = []
    for known, end in zip(cuts, [*cuts[1:], n][: len(cuts)], strict=True):
        choosing = _chosen_by(order[:known], groups)
        splits.append(ProbeSplit(order[:known][~choosing], order[:known][choosing], order[known:end]))
    by = "" if groups is None else ", groups whole"
    estimand = f"online code of {reader.words}, {len(splits)} blocks in the order of seed {labelled.seed}{by}"
    readings = reader.read(labelled.z[None], [target], splits, labelled.seed)[0][0] if splits else []
    first = cuts[0] if cuts else n
    blocks, variance, converged = [(0, first, first * float(np.log(target.k)))], 0.0, True
    for split, reading in zip(splits, readings, strict=True):
        cost = -reading.log_q[np.arange(len(split.scored)), target.y[split.scored]]
        blocks.append((len(split.known), len(cost), float(cost.sum())))
        deviation = cost - cost.mean()
        if groups is not None:
            deviation = np.bincount(groups.ids[split.scored], deviation)
        variance += float(deviation @ deviation)
        converged &= reading.converged
    value = sum(nats for *_, nats in blocks)
    half = 1.96 * float(np.sqrt(variance))
    refused = None if groups is None else interval_doubts(groups, target.y).refused
    if not refused and n - first < LEAST_ROWS:
        few = f"{n - first} rows were coded by a probe, too few to say how well it codes: pass more samples"
        refused = Doubt(Status.UNDERSAMPLED, few)
    doubts = [*([] if converged else [accounts.STILL_IMPROVING]), *([refused] if refused else [])]
    length = DescriptionLength(
        value, LENGTH, estimand, n, bound="upper", groups=None if groups is None else groups.count,
        uniform=n * float(np.log(target.k)), blocks=tuple(blocks),
    )  # fmt: skip
    return length.within(None if refused else (value - half, value + half), PROBES_FIXED.over(groups)).doubted(*doubts)


def _blocks(n: int, groups: Groups | None, seed: int) -> tuple[np.ndarray, list[int]]:
    """The order in which ``n`` rows are sent, groups whole, and where blocks end."""
    wanted = [max(LEAST_ROWS, round(fraction * n)) for fraction in FRACTIONS]
    if groups is None:
        return draws.fold_order(n, seed), sorted(set(wanted))
    place = np.empty(groups.count, np.int64)
    place[draws.fold_order(groups.count, seed)] = np.arange(groups.count)
    order = np.argsort(place[groups.ids], kind="stable")
    whole = np.cumsum(groups.sizes[np.argsort(place)])  # rows sent after each group
    ends = {int(whole[np.searchsorted(whole, end)]) for end in wanted if end <= n}
    # A probe chooses by a group of its own, so two must have been sent.
    return order, sorted(end for end in ends | {n} if end >= whole[min(1, len(whole) - 1)])


def _chosen_by(sent: np.ndarray, groups: Groups | None) -> np.ndarray:
    """Which of the rows ``sent`` are chosen by: every fifth, or about a fifth in whole groups, the last ones sent."""
    if groups is None:
        return np.arange(len(sent)) % 5 == 4
    of = check.names(groups.ids[sent], len(sent))
    return of >= of.max() + 1 - max(1, round((of.max() + 1) / 5))
