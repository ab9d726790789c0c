"""Ten of the twenty groups of CIFAR-100, in two halves: what lives and what is made."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from infoscope.data._cifar import CifarImages


class Cifar100Groups(CifarImages):
    """30 000 photographs of CIFAR-100: five superclasses of living things, five of made ones; which is trained on.

    ``superclass`` counts fish, flowers, insects, large carnivores, trees; food containers, household devices,
    furniture, large outdoor structures, vehicles (bicycle to train). ``made`` is 1 for the last five. ``class`` is
    the fine label of the files, 0 to 99. The first 25 000 are for training.

    References
    ----------
    Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009. The choice of groups is ours.

    Example
    -------
    >>> iscope.task("cifar100_groups")
    Task('cifar100_groups', inputs [30000, 3072], 2 classes, 25000 train, 5000 test)
    """

    name = "cifar100_groups"
    n = 30000
    features = 3072
    shape = (3, 32, 32)
    classes = 2
    trained_on = "made"
    split_published = True
    licence = "none stated by its authors"
    citation = "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images"
    folder = "cifar-100-binary"
    archive = "cifar-100-binary.tar.gz"
    archive_md5 = "03b5dce01913d631647c71ecec9e9cb8"
    mirrors = ("https://www.cs.toronto.edu/~kriz/",)
    labels = ("coarse", "fine")
    records = {"train.bin": 50000, "test.bin": 10000}  # noqa: RUF012 - a fact, read from the syntax tree
    md5 = {  # noqa: RUF012
        "train.bin": "6172c7755cfe09b2fe270c85cebc1b15",
        "test.bin": "4499cfba6c016c1be1438163640a0898",
    }
    superclasses: ClassVar[tuple[int, ...]] = (1, 2, 7, 8, 17, 3, 5, 6, 9, 18)  # as the files count them

    def kept(self, labels: dict[str, np.ndarray]) -> np.ndarray:
        return np.isin(labels["coarse"], self.superclasses)

    def variables(self, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        superclass = (labels["coarse"][:, None] == self.superclasses).argmax(1)
        return {"made": (superclass >= 5).astype(np.int64), "superclass": superclass, "class": labels["fine"]}
