from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.benchmark.peers._base import Peer


@dataclass(frozen=True)
class Ennemi(Peer):
    """ennemi's estimate_mi: KSG and Ross between one column and another.

    Example
    -------
    >>> from infoscope.benchmark.peers.ennemi import Ennemi
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 500, 1))
    >>> round(float(Ennemi().mutual_information(x, x + noise)), 1)  # 0.35 nats in truth
    0.4
    """

    package: ClassVar[str] = "ennemi"
    distribution: ClassVar[str] = "ennemi"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    columns: ClassVar[int] = 1

    k: int = 3

    def mutual_information(self, x: np.ndarray, y: np.ndarray) -> float:
        import ennemi

        found = ennemi.estimate_mi(y.ravel(), x.ravel(), k=self.k, discrete_y=y.ndim == 1, max_threads=1)
        return float(np.asarray(found)[0, 0])
