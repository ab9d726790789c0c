"""The 12-bit task of the information-plane papers."""

from __future__ import annotations

from infoscope.data.definition import Definition, Task
from infoscope.data.tasks import _icosahedron
from infoscope.data.tasks._rule import of_rule


class Boolean12(Definition):
    """All 4096 patterns of 12 bits on an icosahedron's corners, with a rotation-invariant yes or no.

    The inputs are uniform over the 4096 patterns and the label is a function of them, so H(X) = 12 bits and
    H(Y) = I(X;Y) = 0.999157 bits, exactly. Generated; no split is published, so ``seed`` draws one.

    References
    ----------
    Shwartz-Ziv and Tishby, Opening the Black Box of Deep Neural Networks via Information, arXiv:1703.00810.

    Example
    -------
    >>> iscope.task("boolean12")
    Task('boolean12', inputs [4096, 12], 2 classes, 3277 train, 819 test)
    """

    n = 4096
    features = 12
    classes = 2
    trained_on = "label"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "Shwartz-Ziv & Tishby 2017, arXiv:1703.00810"

    def load(self, seed: int = 0, train_fraction: float = 0.8) -> Task:
        """The task with the split that ``seed`` draws: 3277 rows for training and 819 for testing by default."""
        patterns = _icosahedron.patterns()
        k, e, a = _icosahedron.counts(patterns)
        label = 24 * e - 12 * a + 114 * k - 11 * k**2 >= 430  # no pattern lies between 427 and 432
        return of_rule(self, "boolean12", patterns, label, seed, train_fraction)
