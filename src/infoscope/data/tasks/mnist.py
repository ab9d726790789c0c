"""Handwritten digits."""

from __future__ import annotations

from infoscope.data._idx_images import IdxImages


class MNIST(IdxImages):
    """70 000 handwritten digits of 28 x 28 pixels in [0, 1]; the first 60 000 are for training.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, Proc. IEEE 86, 1998.

    Example
    -------
    >>> iscope.task("mnist")
    Task('mnist', inputs [70000, 784], 10 classes, 60000 train, 10000 test)
    """

    name = "mnist"
    n = 70000
    features = 784
    shape = (1, 28, 28)
    classes = 10
    trained_on = "label"
    split_published = True
    licence = "none stated by its authors"
    citation = "LeCun, Bottou, Bengio & Haffner 1998, Proc. IEEE 86(11)"
    mirrors = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    )
    hashes = {  # noqa: RUF012 - a fact, read from the syntax tree
        "train-images-idx3-ubyte.gz": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-labels-idx1-ubyte.gz": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "t10k-images-idx3-ubyte.gz": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-labels-idx1-ubyte.gz": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    }
