"""Small photographs of a hundred kinds of things in twenty groups."""

from __future__ import annotations

from infoscope.data._cifar import CifarImages


class Cifar100(CifarImages):
    """60 000 photographs of 32 x 32 pixels in [0, 1], 100 fine classes in 20 coarse ones, which are trained on.

    Both labels are those of the files, five fine classes to a coarse one. The first 50 000 are for training.

    References
    ----------
    Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009.

    Example
    -------
    >>> iscope.task("cifar100")
    Task('cifar100', inputs [60000, 3072], 20 classes, 50000 train, 10000 test)
    """

    name = "cifar100"
    n = 60000
    features = 3072
    shape = (3, 32, 32)
    classes = 20
    trained_on = "coarse"
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
