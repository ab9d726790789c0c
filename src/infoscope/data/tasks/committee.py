"""Twelve bits and a committee that votes on them."""

from __future__ import annotations

import numpy as np

from infoscope.data.definition import Definition, Task
from infoscope.data.tasks import _icosahedron
from infoscope.data.tasks._rule import of_rule

MEMBERS = 5


class Committee(Definition):
    """All 4096 patterns of 12 bits; five perceptrons that were drawn once vote on each, and the majority is its label.

    A member says yes where its weights, normal and of no symmetry, times the bits (counted as -1 and 1) are above 0. No
    rotation, permutation or flip of the bits leaves the rule as it is. As a pattern and its complement get opposite
    votes, half of the patterns are yes: H(Y) = I(X;Y) = 1 bit and H(X) = 12 bits, exactly. Generated; no split is
    published, so ``seed`` draws one.

    References
    ----------
    After section 4 of Shwartz-Ziv and Tishby, Opening the Black Box of Deep Neural Networks via Information,
    arXiv:1703.00810; their members' weights are not known.

    Example
    -------
    >>> iscope.task("committee")
    Task('committee', inputs [4096, 12], 2 classes, 3277 train, 819 test)
    """

    n = 4096
    features = 12
    classes = 2
    trained_on = "label"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "after Shwartz-Ziv & Tishby 2017, arXiv:1703.00810, section 4"

    def load(self, seed: int = 0, train_fraction: float = 0.8) -> Task:
        """The task with the split that ``seed`` draws: 3277 rows for training and 819 for testing by default."""
        patterns = _icosahedron.patterns()
        # raw words and a sum of twelve uniforms, because NumPy keeps these the same over its versions
        words = np.random.PCG64(8).random_raw(MEMBERS * 12 * 12).reshape(MEMBERS, 12, 12)
        weights = (words / 2.0**64).sum(2) - 6
        votes = (2 * patterns - 1) @ weights.T > 0
        label = votes.sum(1) > MEMBERS // 2
        return of_rule(self, "committee", patterns, label, seed, train_fraction)
