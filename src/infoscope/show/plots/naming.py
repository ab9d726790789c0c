"""How well probes name labels along training: accuracy, AUROC, the share of H(Y)."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots._over_time import over_time
from infoscope.show.plots._style import Spec

heading = "How well labels are named along training"
order = 3
kinds = ("naming",)
by = "site"


def naming(rows: Rows, *, width: int = 460, height: int = 220) -> Spec:
    """Accuracy, AUROC and the share of H(Y) of each site against log(1 + epoch), mean of members with a band.

    The band is the 10th to 90th percentile of the members; with one member it is the rows' own interval. ``rows`` are
    of one network; of several series the first is drawn and named.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("naming", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('How well labels are named along training...')
    """
    return over_time(rows, kinds, heading, (width, height), by=by)
