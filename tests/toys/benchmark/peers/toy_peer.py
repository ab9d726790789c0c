from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from infoscope.benchmark.peers._base import Peer


@dataclass(frozen=True)
class ToyPeer(Peer):
    """The information of two normal columns with the correlation of the data."""

    columns: ClassVar[int | None] = 1

    def mutual_information(self, x: np.ndarray, y: np.ndarray) -> float:
        return float(-0.5 * np.log1p(-(np.corrcoef(x[:, 0], y[:, 0])[0, 1] ** 2)))
