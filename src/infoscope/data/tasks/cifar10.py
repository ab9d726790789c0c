"""Small photographs of ten kinds of things."""

from __future__ import annotations

import numpy as np

from infoscope.data._cifar import CifarImages


class Cifar10(CifarImages):
    """60 000 photographs of 32 x 32 pixels in [0, 1], ten classes; whether among the last five is trained on.

    ``label`` is the class (airplane, automobile, bird, cat, deer; dog, frog, horse, ship, truck) and ``group`` which
    half of that list it is in. The first 50 000 are for training.

    References
    ----------
    Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.

    Example
    -------
    >>> iscope.task("cifar10")
    Task('cifar10', inputs [60000, 3072], 2 classes, 50000 train, 10000 test)
    """

    name = "cifar10"
    n = 60000
    features = 3072
    shape = (3, 32, 32)
    classes = 2
    trained_on = "group"
    split_published = True
    licence = "none stated by its authors"
    citation = "Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images"
    folder = "cifar-10-batches-bin"
    archive = "cifar-10-binary.tar.gz"
    archive_md5 = "c32a1d4ab5d03f1284b67883e8d87530"
    mirrors = ("https://www.cs.toronto.edu/~kriz/",)
    labels = ("label",)
    records = {  # noqa: RUF012 - a fact, read from the syntax tree
        "data_batch_1.bin": 10000,
        "data_batch_2.bin": 10000,
        "data_batch_3.bin": 10000,
        "data_batch_4.bin": 10000,
        "data_batch_5.bin": 10000,
        "test_batch.bin": 10000,
    }
    md5 = {  # noqa: RUF012
        "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
        "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
        "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
        "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
        "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
        "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    }

    def variables(self, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {**labels, "group": (labels["label"] >= 5).astype(np.int64)}
