"""What can be read of each variable at one layer."""

from __future__ import annotations

from collections.abc import Mapping

from infoscope.core.quantity import LABEL_INFORMATION
from infoscope.core.rows import Rows
from infoscope.show.plots import _over_time, _relevance, _series, _style
from infoscope.show.plots._style import Spec

heading = "What can be read of each variable"
order = 2
kinds = ("usable", "information")
reported = ("usable",)
by = "variable"
panels = ("site", "split")
least = 2


def variables(
    rows: Rows, *, site: str = "", ceilings: Mapping[str, float] | None = None, width: int = 460, height: int = 240
) -> Spec:
    """Information about every variable at one site against log(1 + epoch), in bits.

    Mean of members with their 10th to 90th percentile; with one member the rows' own interval. ``rows`` are of one
    network; ``site`` is the last one before the output where none is named. ceilings: the most
    there is to read, in nats by variable (I(X;Y) where it is known, else H(Y)), drawn as dashed levels.

    Raises
    ------
    InputError: for rows of more than one network or run.

    Example
    -------
    >>> from infoscope.show.figures import figure
    >>> figure("variables", run.rows)  # run: of one network, as infoscope.load gives it
    Drawing('What can be read of each variable...')
    """
    rows = _relevance.about_variables(_series.one_network(rows))
    chosen = site or rows.last_hidden_site()
    rows, remarks = _series.first(rows.filter(site=chosen), "estimator", "split")
    if not len(rows):
        missing = f"nothing to draw: these rows hold no information about variables{f' at {site}' if site else ''}"
        return _style.nothing(heading, missing, width, height)
    series = _series.read(rows, by)
    text = _series.titled(f"{heading} at {chosen}", rows)
    words = f"{'I_u(T;Y)' if 'usable' in rows.unique('kind') else LABEL_INFORMATION} (bits)"
    known = {name: _relevance.ceiling(name, ceilings or {}) for name in rows.unique("variable")}
    levels = {_series.about(name): level for name, level in known.items() if level is not None}
    drawn = {line.name: levels[line.name] for line in series.lines if line.name in levels}
    return _over_time.lines(series, text, words, remarks, (width, height), by, ceilings=drawn)
