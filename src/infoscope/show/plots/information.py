"""Information against training time."""

from __future__ import annotations

from collections.abc import Mapping

from infoscope.core.rows import Rows
from infoscope.show.plots._over_time import over_time
from infoscope.show.plots._style import Spec

heading = "Information along training"
order = 2
kinds = ("information", "usable", "entropy", "differential entropy")
by = "site"


def information(
    rows: Rows, *, ceilings: Mapping[str, float] | None = None, width: int = 460, height: int = 260
) -> Spec:
    """Information and entropy of each site in bits against log(1 + epoch), mean of members with a band.

    The band is the 10th to 90th percentile of the members; with one member it is the rows' own interval (for the KDE
    estimator the certified bracket). ``rows`` are of one network; of several series the first is drawn and named.
    ceilings: the entropies known of the task, in nats by variable: H(X), H(Y) and log n are drawn as levels.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("information", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('several panels')
    """
    return over_time(rows, kinds, heading, (width, height), by=by, known=ceilings)
