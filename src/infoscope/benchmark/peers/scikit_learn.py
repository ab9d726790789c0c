from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.benchmark.peers._base import Peer


@dataclass(frozen=True)
class ScikitLearn(Peer):
    """scikit-learn's mutual_info_regression and mutual_info_classif: KSG and Ross on one column; never below 0.

    Example
    -------
    >>> from infoscope.benchmark.peers.scikit_learn import ScikitLearn
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 500, 1))
    >>> round(float(ScikitLearn().mutual_information(x, x + noise)), 1)  # 0.35 nats in truth
    0.4
    """

    package: ClassVar[str] = "sklearn"
    distribution: ClassVar[str] = "scikit-learn"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    columns: ClassVar[int] = 1

    k: int = 3

    def mutual_information(self, x: np.ndarray, y: np.ndarray) -> float:
        from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

        question = mutual_info_classif if y.ndim == 1 else mutual_info_regression
        return float(question(x, y.ravel(), n_neighbors=self.k, random_state=0)[0])
