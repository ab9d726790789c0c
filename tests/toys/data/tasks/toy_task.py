from __future__ import annotations

import hashlib
import math

import numpy as np

from infoscope.data.definition import Definition, Task, draw_split


class ToyTask(Definition):
    """All 64 patterns of 6 bits, with the first one as the label."""

    n = 64
    features = 6
    classes = 2
    trained_on = "label"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "nobody's: made for a test"

    def load(self, seed: int = 0, train_fraction: float = 0.8) -> Task:
        """The task with the split that ``seed`` draws."""
        patterns = (np.arange(64)[:, None] >> np.arange(6)) & 1
        return Task(
            name="toy_task",
            inputs=patterns.astype(np.float32),
            variables={"label": patterns[:, 0]},
            trained_on=self.trained_on,
            classes=self.classes,
            split=draw_split(self.n, seed, train_fraction),
            split_published=self.split_published,
            entropies={"input": math.log(64), "label": math.log(2)},
            information={"label": math.log(2)},
            best_accuracy={"label": 1.0},
            hashes={"generated": hashlib.sha256(patterns.astype(np.uint8).tobytes()).hexdigest()},
            licence=self.licence,
            citation=self.citation,
        )
