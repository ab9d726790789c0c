"""What nobody said of the rows and may decide an answer: equal ones, and ones that follow each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from infoscope.core import check
from infoscope.core.estimate import Answer, Doubt, Status, remark
from infoscope.core.shapes import TensorRows
from infoscope.measure.intervals.groups import LEAST, Groups, alike, serial, too_narrow
from infoscope.measure.intervals.uncertainties import APART_OR_TOGETHER
from infoscope.measure.symbols import quantise
from infoscope.measure.usable.accounts import Usable
from infoscope.measure.usable.deals import Deal, cross_fitted
from infoscope.measure.usable.readings import ProbeSplit


def in_order(found: Usable) -> Usable:
    """``found``, with a note where rows that follow each other contribute alike, which nobody said.

    UNDERSAMPLED where that leaves less than 90 % of a 95 % interval.
    """
    r = serial(found.pointwise, found.labels)
    if r is None:
        return found
    narrow = too_narrow(r, found.pointwise, found.labels)
    return found.doubted(Doubt(Status.UNDERSAMPLED if narrow else Status.OK, alike(r)))


def copies_of(z: TensorRows, k: int) -> Groups | None:
    """Equal rows of ``z [n, d]`` as groups; None where no row is there twice, or where rows are symbols.

    With fewer than 10 different rows, or no more than twice as many as the ``k`` classes, they are an enumerated table,
    of which every line may well be on both sides of a split.
    """
    rows = z.numpy() if z.device.type == "cpu" else z
    if quantise.plainly_different(rows):
        return None
    ids = quantise.group(quantise.exact_keys(rows))[0]
    groups = Groups(check.names(ids, len(ids), "z"))
    return groups if max(LEAST, 2 * k + 1) <= groups.count < len(ids) else None


def may_matter(copies: Groups, found: Sequence[Usable]) -> bool:
    """Whether copies could move an answer by a tenth of its interval, if each told all that its row can be worth."""
    share = float((copies.sizes[copies.ids] > 1).mean())
    return any(
        one.interval is None or share * max(one.entropy, 1.0) > 0.05 * (one.interval[1] - one.interval[0])
        for one in found
    )


def with_copies_together(copies: Groups, deal: Deal, fitted: int) -> Deal:
    """The same question with ``copies`` of a row on one side of every split, on as many folds; ``fitted`` rows come
    before those that are scored where these came apart."""
    several = len(deal.splits) > 1
    splits = cross_fitted(copies.deal(len(deal.splits) if several and len(deal.splits) <= LEAST else 5, 0))
    if not several:
        later = [(split, split.scored[split.scored >= fitted]) for split in splits]
        splits = [ProbeSplit(split.train, split.validation, rows) for split, rows in later if len(rows)]
    return Deal(splits, deal.protocol, copies, deal.notes)


def both(found: Answer, beside: Answer, copies: Groups) -> Answer:
    """``found``, in which equal rows were dealt freely, held against ``beside``, in which they stay together.

    Its interval becomes one that holds both; UNRESOLVED where each answer lies outside the other's interval.
    """
    low, high = found.interval or (found.value, found.value)
    least, most = beside.interval or (beside.value, beside.value)
    note = (
        f"{len(copies.ids)} rows are {copies.count} different ones: {found.value:.4g} nats where equal rows are dealt "
        f"freely, {beside.value:.4g} nats where they stay together"
    )
    doubts = [remark(note)]
    if not (least <= found.value <= most or low <= beside.value <= high):
        say = "pass groups= if equal rows are copies of one sample, groups=np.arange(n) if they are symbols"
        doubts.append(Doubt(Status.UNRESOLVED, say))
    found = found.doubted(*doubts)
    naming = [one.naming for one in (found, beside) if isinstance(one, Usable) and one.naming is not None]
    if len(naming) == 2:
        found = dataclasses.replace(found, naming=naming[0].beside(naming[1]))
    if found.interval is None:  # nothing to widen
        return found
    return found.within((min(low, least), max(high, most)), APART_OR_TOGETHER)
