"""Small handwritten digits, on every machine that has scikit-learn."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from infoscope.core import check
from infoscope.data import _files
from infoscope.data._counted import entropy
from infoscope.data.definition import Definition, Task, draw_split


class Digits(Definition):
    """1797 handwritten digits of 8 x 8 pixels in [0, 1]; whether the digit is at least 5 is trained on.

    The file is that of scikit-learn's ``load_digits``; where the package is installed nothing is downloaded. No split
    is published, so ``seed`` draws one. The entropies are those of these 1797 rows as counted.

    References
    ----------
    Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998 (test part).

    Example
    -------
    >>> iscope.task("digits")
    Task('digits', inputs [1797, 64], 2 classes, 898 train, 899 test)
    """

    n = 1797
    features = 64
    shape = (1, 8, 8)
    classes = 2
    trained_on = "high"
    split_published = False
    licence = "CC BY 4.0"
    citation = "Alpaydin & Kaynak 1998, UCI Machine Learning Repository, doi:10.24432/C50P49"
    mirrors = (
        "https://raw.githubusercontent.com/scikit-learn/scikit-learn/1.5.0/sklearn/datasets/data/",
        "https://raw.githubusercontent.com/scikit-learn/scikit-learn/0.24.2/sklearn/datasets/data/",
    )
    hashes = {  # noqa: RUF012 - a fact, read from the syntax tree
        "digits.csv.gz": "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
    }

    def load(self, seed: int = 0, train_fraction: float = 0.5) -> Task:
        """The task with the split that ``seed`` draws: 898 rows for training and 899 for testing by default."""
        check.count(seed, "seed", least=0)
        ((name, sha256),) = self.hashes.items()
        content = _files.fetch("digits", name, sha256, self.mirrors, elsewhere=_bundled())
        rows = np.loadtxt(content.decode().splitlines(), delimiter=",")
        digit = rows[:, -1].astype(np.int64)
        variables = {"digit": digit, "high": (digit >= 5).astype(np.int64)}
        return Task(
            name="digits",
            inputs=(rows[:, :-1] / 16).astype(np.float32),
            variables=variables,
            trained_on=self.trained_on,
            classes=self.classes,
            split=draw_split(self.n, seed, train_fraction),
            split_published=self.split_published,
            entropies={name: entropy(values) for name, values in variables.items()},
            hashes=self.hashes,
            licence=self.licence,
            citation=self.citation,
            shape=self.shape,
        )


def _bundled() -> tuple[Path, ...]:
    """Where an installed scikit-learn keeps the file; found without importing it."""
    package = importlib.util.find_spec("sklearn")
    return tuple(
        Path(folder) / "datasets" / "data" for folder in (package and package.submodule_search_locations) or ()
    )
