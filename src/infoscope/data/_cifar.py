"""The CIFAR images in the layout of their binary archives: some label bytes, then the pixels, record by record."""

from __future__ import annotations

import hashlib
from typing import ClassVar

import numpy as np

from infoscope.core.errors import DataDamagedError
from infoscope.data import _files
from infoscope.data._counted import entropy
from infoscope.data.definition import Definition, Split, Task


class CifarImages(Definition):
    """Colour images; a subclass states the facts and the files of the archive, the one for testing last.

    A pixel p becomes p / 255; a row of the inputs is all red, then all green, then all blue pixels, each line by line.
    60 000 rows take 737 MB, held once.
    """

    name: ClassVar[str]
    folder: ClassVar[str]  # as the archive unpacks
    archive: ClassVar[str]
    archive_md5: ClassVar[str]
    mirrors: ClassVar[tuple[str, ...]]
    records: ClassVar[dict[str, int]]  # of each file
    md5: ClassVar[dict[str, str]]  # of each file, as published
    labels: ClassVar[tuple[str, ...]]  # what the label bytes of a record are

    def variables(self, labels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All variables, from those that the files hold."""
        return labels

    def kept(self, labels: dict[str, np.ndarray]) -> np.ndarray:
        """Which records of a file with these labels the task has, ``[n]`` bool: all of them."""
        return np.ones(len(next(iter(labels.values()))), bool)

    def load(self) -> Task:
        """The task; its split is the published one, training rows first."""
        first = len(self.labels)
        size = first + self.features
        inputs = np.empty((self.n, self.features), np.float32)
        labels = np.empty((self.n, first), np.int64)
        hashes, start, trained = {}, 0, 0
        sizes = {name: count * size for name, count in self.records.items()}
        for path in _files.unpacked(self.folder, self.archive, self.archive_md5, self.mirrors, sizes):
            content = path.read_bytes()
            found = hashlib.md5(content, usedforsecurity=False).hexdigest()
            if found != self.md5[path.name]:
                raise DataDamagedError(
                    f"{path} holds other content than was published (MD5 {found[:12]}…, wanted "
                    f"{self.md5[path.name][:12]}…): delete it and run the same command again, or put the published "
                    "file in its place"
                )
            hashes[path.name] = hashlib.sha256(content).hexdigest()
            records = np.frombuffer(content, np.uint8).reshape(-1, size)
            records = records[self.kept(dict(zip(self.labels, records[:, :first].T, strict=True)))]
            trained, stop = start, start + len(records)
            labels[start:stop] = records[:, :first]
            np.divide(records[:, first:], np.float32(255), out=inputs[start:stop])
            start = stop
        variables = self.variables(dict(zip(self.labels, labels.T, strict=True)))
        return Task(
            name=self.name,
            inputs=inputs,
            variables=variables,
            trained_on=self.trained_on,
            classes=self.classes,
            split=Split(np.arange(trained), np.arange(trained, self.n)),
            split_published=self.split_published,
            entropies={name: entropy(values) for name, values in variables.items()},
            hashes=hashes,
            licence=self.licence,
            citation=self.citation,
            shape=self.shape,
        )
