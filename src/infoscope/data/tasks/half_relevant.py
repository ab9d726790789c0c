"""Twelve bits of which six decide the label."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from infoscope.data.definition import Definition, Task, draw_split
from infoscope.data.tasks import _icosahedron


class HalfRelevant(Definition):
    """All 4096 patterns of 12 bits: the first six decide a yes or no, the last six say nothing of it.

    The label is yes for half of the 64 patterns of the first six bits, which were drawn once. The inputs are uniform,
    so what a representation says of either half is exact: I(T; relevant) and I(T; irrelevant) have 6 bits each, and
    H(Y) = I(X;Y) = 1 bit. Generated; no split is published, so ``seed`` draws one.

    References
    ----------
    After figure 6 of Saxe et al., On the Information Bottleneck Theory of Deep Learning, ICLR 2018, whose networks are
    linear and whose inputs are Gaussian.

    Example
    -------
    >>> iscope.task("half_relevant")
    Task('half_relevant', inputs [4096, 12], 2 classes, 3277 train, 819 test)
    """

    n = 4096
    features = 12
    classes = 2
    trained_on = "label"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "after Saxe et al. 2018, ICLR, figure 6"

    def load(self, seed: int = 0, train_fraction: float = 0.8) -> Task:
        """The task with the split that ``seed`` draws: 3277 rows for training and 819 for testing by default."""
        patterns = _icosahedron.patterns()
        value = patterns @ (1 << np.arange(11, -1, -1))
        relevant, irrelevant = value >> 6, value & 63
        # Raw words, because NumPy keeps these the same over its versions
        yes = np.argsort(np.random.PCG64(6).random_raw(64), kind="stable") < 32
        label = yes[relevant]
        half = 6 * math.log(2)
        return Task(
            name="half_relevant",
            inputs=patterns.astype(np.float32),
            variables={
                "label": label.astype(np.int64),
                "relevant": relevant.astype(np.int64),
                "irrelevant": irrelevant.astype(np.int64),
            },
            trained_on=self.trained_on,
            classes=self.classes,
            split=draw_split(self.n, seed, train_fraction),
            split_published=self.split_published,
            entropies={"input": 2 * half, "label": math.log(2), "relevant": half, "irrelevant": half},
            information={"label": math.log(2), "relevant": half, "irrelevant": half},
            best_accuracy={"label": 1.0, "relevant": 1.0, "irrelevant": 1.0},
            hashes={"generated": hashlib.sha256(label.astype(np.uint8).tobytes()).hexdigest()},
            licence=self.licence,
            citation=self.citation,
        )
