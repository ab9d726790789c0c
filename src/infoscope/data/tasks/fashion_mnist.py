"""Pictures of clothes, a drop-in for the digits."""

from __future__ import annotations

from infoscope.data._idx_images import IdxImages


class FashionMNIST(IdxImages):
    """70 000 pictures of clothes of 28 x 28 pixels in [0, 1]; the first 60 000 are for training.

    References
    ----------
    Xiao, Rasul and Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms,
    arXiv:1708.07747.

    Example
    -------
    >>> iscope.task("fashion_mnist")
    Task('fashion_mnist', inputs [70000, 784], 10 classes, 60000 train, 10000 test)
    """

    name = "fashion_mnist"
    n = 70000
    features = 784
    shape = (1, 28, 28)
    classes = 10
    trained_on = "label"
    split_published = True
    licence = "MIT (Zalando SE)"
    citation = "Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747"
    mirrors = (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    )
    hashes = {  # noqa: RUF012 - a fact, read from the syntax tree
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    }
