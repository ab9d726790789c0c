"""The same layer measured in several ways."""

from __future__ import annotations

from collections import Counter

from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _series, _style
from infoscope.show.plots._style import Spec

heading = "One layer measured in several ways"
order = 3
kinds = ("usable", "information", "entropy", "differential entropy", "geometry")
reported = ("usable", "entropy", "geometry")
by = "options"
least = 2
panels = ("quantity", "variable", "site", "split")


def settings(rows: Rows, *, site: str = "", width: int = 460, height: int = 240) -> Spec:
    """A quantity at one site against log(1 + epoch), a line for each set of options (probe, bin width).

    Mean of members with their 10th to 90th percentile; with one member the rows' own interval. ``rows`` are of one
    network; ``site`` is the last one before the output where none is named.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("settings", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('Information about label, ...')
    """
    rows = _series.one_network(rows)
    ways = Counter(quantity for quantity, _ in rows.distinct("quantity", "options"))
    several = [quantity for quantity, count in ways.items() if count > 1]
    rows = _series.one_quantity(rows.filter(quantity=several) if several else rows, kinds)
    chosen = site or rows.last_hidden_site()
    rows = rows.filter(site=chosen)
    if not len(rows):
        missing = f"nothing to draw: these rows hold nothing of a layer{f' at {site}' if site else ''}"
        return _style.nothing(heading, missing, width, height)
    rows = rows.filter(**{name: rows.unique(name)[0] for name in ("estimator", "variable", "split")})
    series = _series.read(rows, by)
    text = f"{_over_time.worded(rows)} at {chosen}: {rows.unique('network')[0]}"
    words = _over_time.label(rows, series.unit)
    return _over_time.lines(series, text, words, [], (width, height), by)
