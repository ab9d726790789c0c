from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.benchmark.peers._base import Peer


@dataclass(frozen=True)
class ScikitLearn(Peer):
    """scikit-learn's mutual_info_regression and mutual_info_classif: KSG and Ross on one column; never below 0."""

    package: ClassVar[str] = "sklearn"
    distribution: ClassVar[str] = "scikit-learn"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    columns: ClassVar[int] = 1

    k: int = 3

    def mutual_information(self, x: np.ndarray, y: np.ndarray) -> float:
        from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

        question = mutual_info_classif if y.ndim == 1 else mutual_info_regression
        return float(question(x, y.ravel(), n_neighbors=self.k, random_state=0)[0])
