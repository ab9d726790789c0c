from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots._over_time import over_time
from infoscope.show.plots._style import Spec

heading = "A toy's view of geometry"
order = 2
kinds = ("geometry",)
by = "site"


def toy_plot(rows: Rows, *, width: int = 460, height: int = 120) -> Spec:
    """Each measure of geometry of each site against log(1 + epoch), flatter than elsewhere.

    Raises
    ------
    InputError: for rows of more than one network or run.
    """
    return over_time(rows, kinds, heading, (width, height), by=by)
