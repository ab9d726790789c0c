"""Weights and gradients along training."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots._over_time import over_time
from infoscope.show.plots._style import Spec

heading = "Weights and gradients"
order = 4
kinds = ("dynamics",)
by = "site"


def dynamics(rows: Rows, *, width: int = 460, height: int = 240) -> Spec:
    """Gradient signal-to-noise ratio and weight norm of each layer against log(1 + epoch), both axes logarithmic.

    Mean of members with their 10th to 90th percentile. ``rows`` are of one network.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("dynamics", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Weights and gradients...')
    """
    return over_time(rows, kinds, heading, (width, height), by=by, log=True)
