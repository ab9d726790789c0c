from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from infoscope.measure.bases.mlp import MlpProbe


@dataclass(frozen=True)
class Mlp(MlpProbe):
    """A network with one hidden ReLU layer on standardised columns, stopped early on validation rows.

    Options
    -------
    hidden: its units. steps: the most updates (Adam, decoupled weight_decay, averaged weights), patience: looks at the
        validation rows, twenty updates apart, without progress before it stops. networks: how many from different
        initial weights, whose probabilities are averaged. calibrate: choose temperature and optional ignorance on
        validation rows.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.usable_information(x + noise, x[:, 0] > 0, probe="mlp"))
    I_u(Z;Y) ≥ 0.2... bits...
    """

    contains: ClassVar[tuple[str, ...]] = ("prior", "linear")
    nonlinear: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 300, "networks": 1, "hidden": 32}
