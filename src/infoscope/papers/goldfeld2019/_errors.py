"""How claims about estimates of a known entropy are read off rows of their errors."""

from __future__ import annotations

import numpy as np

from infoscope.core.claim import Criterion, Finding
from infoscope.core.rows import Rows

#: Standard errors over seeds; a bias that is not there exceeds so many once in 740 times.
FROM_BELOW = Criterion("<=", 3.0, "standard errors")
NEVER_LESS = 1e-4  # nats: samples that noise leaves all apart give ln n + h(Z) whatever the seed
CLOSER = Criterion("<=", 0.0, "nats")


def errors_of(rows: Rows, network: str, site: str) -> tuple[np.ndarray, np.ndarray] | None:
    """The sample sizes ``[s]`` and errors ``[seeds, s]`` of one estimate; None where they were not computed."""
    found = rows.filter(network=network, site=site, quantity="error")
    if not len(found):
        return None
    _, sizes, values = found.curves()
    return (sizes, values) if np.isfinite(values).all() else None


def from_below(rows: Rows, network: str) -> Finding:
    """The greatest mean error of sample propagation over the sample sizes, in its standard errors over seeds."""
    name = f"greatest mean error of sample propagation, {network}"
    found = errors_of(rows, network, "sample propagation")
    if found is None or len(found[1]) < 2:
        return Finding(name, FROM_BELOW, None, note="not computed, or for one seed")
    _, values = found
    se = np.maximum(values.std(axis=0, ddof=1) / np.sqrt(len(values)), NEVER_LESS)
    note = f"mean errors {', '.join(f'{mean:.3g}' for mean in values.mean(axis=0))} nats"
    return Finding(name, FROM_BELOW, float((values.mean(axis=0) / se).max()), None, len(values), note)


def closer_than(rows: Rows, network: str, other: str, least: float = 0.0) -> Finding:
    """The root mean square error of sample propagation less that of another, the most over sizes from ``least`` on."""
    name = f"error of sample propagation less that of {other}, {network}"
    ours, theirs = errors_of(rows, network, "sample propagation"), errors_of(rows, network, other)
    if ours is None or theirs is None or not (ours[0] >= least).any():
        return Finding(name, CLOSER, None, note="not computed")
    own, their = (np.sqrt((each[1][:, each[0] >= least] ** 2).mean(axis=0)) for each in (ours, theirs))
    at = int((own - their).argmax())
    note = f"{own[at]:.3g} against {their[at]:.3g} nats where it is nearest"
    return Finding(name, CLOSER, float(own[at] - their[at]), None, len(ours[1]), note)
