"""The same layer measured in several ways."""

from __future__ import annotations

from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _series, _style
from infoscope.show.plots._style import Spec

heading = "One layer measured in several ways"
order = 3
quantities = ("I(T;Y)", "I_u(T;fine|coarse)", "I_u(T;coarse)", "I_u(T;fine)", "H(Bin(T))", "cosine_median")
by = "options"
together = False
least = 2
panels = ("quantity", "variable", "site", "split")
estimators = ("usable_information", "binned_entropy", "cosine_similarity")


def settings(rows: Rows, *, site: str = "", width: int = 460, height: int = 240) -> Spec:
    """A quantity at one site against log(1 + epoch), a line for each set of options (probe, bin width).

    Mean of members with their 10th to 90th percentile; with one member the rows' own interval. ``rows`` are of one
    network; ``site`` is the last one before the output where none is named.

    Raises
    ------
    InputError: for rows of more than one network or run.
    """
    quantity, rows = _series.one_quantity(_series.one_network(rows), quantities)
    chosen = site or rows.last_hidden_site()
    rows = rows.filter(site=chosen)
    if not len(rows):
        missing = f"nothing to draw: these rows hold no {' and no '.join(quantities)}{f' at {site}' if site else ''}"
        return _style.nothing(heading, missing, width, height)
    rows = rows.filter(**{name: rows.unique(name)[0] for name in ("estimator", "variable", "split")})
    series = _series.read(rows, by)
    text = f"{_over_time.worded(rows, quantity)} at {chosen}: {rows.unique('network')[0]}"
    words = _over_time.label(rows, quantity, series.unit)
    return _over_time.lines(series, text, words, [], (width, height), by)
