"""Learning curves."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots._over_time import over_time
from infoscope.show.plots._style import Spec

heading = "Learning curves"
order = 3
kinds = ("training",)
by = "split"


def curves(rows: Rows, *, width: int = 460, height: int = 220) -> Spec:
    """Loss (in bits) and accuracy by split against log(1 + epoch), members as faint lines under their mean.

    ``rows`` are of one network; those of other quantities are not looked at.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("curves", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Learning curves...')
    """
    return over_time(rows, kinds, heading, (width, height), by=by, faint=True)
