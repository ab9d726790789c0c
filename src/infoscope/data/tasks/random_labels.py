"""The 12-bit patterns with labels that were dealt at random, beside those of the rule."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from infoscope.data.definition import Definition, Split, Task
from infoscope.data.tasks.boolean12 import Boolean12


class RandomLabels(Definition):
    """All 4096 patterns of 12 bits; ``dealt`` are the labels of ``boolean12`` dealt at random, ``rule`` its own.

    Both labels are yes as often, and both are functions of the pattern, so H(X) = 12 bits and I(X;Y) = H(Y) = 0.999157
    bits of either, exactly; of one nothing can be learned that holds for other patterns. Training rows are few, since a
    small network can memorise no more: 128, drawn once and the same for everyone. Generated.

    References
    ----------
    The rule: Shwartz-Ziv and Tishby, arXiv:1703.00810. Random labels: Zhang et al., Understanding deep learning
    requires rethinking generalization, ICLR 2017.

    Example
    -------
    >>> iscope.task("random_labels")
    Task('random_labels', inputs [4096, 12], 2 classes, 128 train, 3968 test)
    """

    n = 4096
    features = 12
    classes = 2
    trained_on = "dealt"
    split_published = True
    licence = "none needed: generated from a rule"
    citation = "Shwartz-Ziv & Tishby 2017, arXiv:1703.00810; Zhang et al. 2017, ICLR"

    def load(self) -> Task:
        """The task with its own split."""
        source = Boolean12().load()
        rule = source.variables["label"]
        # raw words, because NumPy keeps these the same over its versions
        order, rows = (np.argsort(np.random.PCG64(seed).random_raw(self.n), kind="stable") for seed in (1, 2))
        dealt, entropy = rule[order], source.entropies["label"]
        return Task(
            name="random_labels",
            inputs=source.inputs,
            variables={"dealt": dealt, "rule": rule},
            trained_on=self.trained_on,
            classes=self.classes,
            split=Split(np.sort(rows[:128]), np.sort(rows[128:])),
            split_published=self.split_published,
            entropies={"input": math.log(self.n), "dealt": entropy, "rule": entropy},
            information={"dealt": entropy, "rule": entropy},
            best_accuracy={"dealt": 1.0, "rule": 1.0},
            hashes={"generated": hashlib.sha256(dealt.astype(np.uint8).tobytes()).hexdigest()},
            licence=self.licence,
            citation=self.citation,
        )
