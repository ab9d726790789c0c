"""What is read of a variable at one layer, over what is read where there is nothing to say."""

from __future__ import annotations

from infoscope.core.quantity import SELECTIVITY
from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _series, _style
from infoscope.show.plots._style import Spec

heading = "What is read, and its controls"
order = 3
kinds = ("usable", "control")
by = "quantity"
panels = ("variable", "site", "split")
least = 2
wants = "control"
unit = "nats"


def controls(rows: Rows, *, site: str = "", width: int = 460, height: int = 240) -> Spec:
    """Usable information about a variable at one site against log(1 + epoch), in bits, and a line for each control.

    Mean of members with their 10th to 90th percentile; with one member the rows' own interval. ``rows`` are of one
    network; ``site`` is the last one before the output where none is named. The difference to a control, its
    selectivity, is not drawn: it is the distance of two lines.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("controls", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('What is read, and its controls...')
    """
    rows = _series.one_network(rows).filter(kind=kinds, unit=unit)
    rows = rows.filter(quantity=[name for name in rows.unique("quantity") if name != SELECTIVITY])
    about = rows.filter(kind=wants).unique("variable")
    chosen = site or rows.last_hidden_site()
    rows, remarks = _series.first(rows.filter(site=chosen, variable=about), "estimator", "variable", "split")
    if not len(rows):
        missing = f"nothing to draw: these rows hold no control{f' at {site}' if site else ''}"
        return _style.nothing(heading, missing, width, height)
    series = _series.read(rows, by)
    variable = _series.quoted(rows.unique("variable")[0])
    text = f"{heading}: {variable} at {chosen}, {rows.unique('network')[0]}"
    return _over_time.lines(series, text, "usable information (bits)", remarks, (width, height), by)
