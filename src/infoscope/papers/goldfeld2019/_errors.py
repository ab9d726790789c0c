"""How claims about estimates of a known entropy are read off rows of their errors."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from infoscope.claim.part import Part, Series, Statistic
from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019._entropies import ERROR

#: Standard errors over seeds; a bias that is not there exceeds so many once in 740 times.
FROM_BELOW = Criterion("<=", 3.0, "standard errors")
NEVER_LESS = 1e-4  # nats: samples that noise leaves all apart give ln n + h(Z) whatever the seed
CLOSER = Criterion("<=", 0.0, "nats")


def error(network: str, site: str) -> Series:
    """The errors of one estimate of h(S+Z)."""
    return Series(ERROR, network, site)


def errors_of(found: Rows) -> tuple[np.ndarray, np.ndarray] | None:
    """The sample sizes ``[s]`` and errors ``[seeds, s]`` of one estimate; None where they were not computed."""
    if not len(found):
        return None
    _, sizes, values = found.curves()
    return (sizes, values) if np.isfinite(values).all() else None


def from_below(networks: Iterable[str]) -> Part:
    """The greatest mean error of sample propagation over the sample sizes, in its standard errors over seeds."""
    places = {network: error(network, "sample propagation") for network in networks}
    words = "greatest mean error of sample propagation over the sample sizes"
    return Part("greatest mean error of sample propagation", places, Statistic(words, _greatest, surely=""), FROM_BELOW)


def _greatest(name: str, criterion: Criterion, rows: Rows) -> Finding:
    found = errors_of(rows)
    if found is None or len(found[1]) < 2:
        return Finding(name, criterion, None, note="not computed, or for one seed")
    _, values = found
    se = np.maximum(values.std(axis=0, ddof=1) / np.sqrt(len(values)), NEVER_LESS)
    note = f"mean errors {', '.join(f'{mean:.3g}' for mean in values.mean(axis=0))} nats"
    return Finding(name, criterion, float((values.mean(axis=0) / se).max()), None, len(values), note)


def closer_than(networks: Iterable[str], other: str, least: float = 0.0) -> Part:
    """The root mean square error of sample propagation less that of another, the most over sizes from ``least`` on."""
    places = {network: (error(network, "sample propagation"), error(network, other)) for network in networks}
    sizes = f"sample sizes from {least:g} on" if least else "sample sizes"
    words = (
        f"root mean square error over seeds of sample propagation less that of {other} (k = 3), the most over {sizes},"
    )

    def nearest(name: str, criterion: Criterion, *series: Rows) -> Finding:
        ours, theirs = map(errors_of, series)
        if ours is None or theirs is None or not (ours[0] >= least).any():
            return Finding(name, criterion, None, note="not computed")
        own, their = (np.sqrt((each[1][:, each[0] >= least] ** 2).mean(axis=0)) for each in (ours, theirs))
        at = int((own - their).argmax())
        note = f"{own[at]:.3g} against {their[at]:.3g} nats where it is nearest"
        return Finding(name, criterion, float(own[at] - their[at]), None, len(ours[1]), note)

    name = f"error of sample propagation less that of {other}"
    return Part(name, places, Statistic(words, nearest, surely=""), CLOSER)
