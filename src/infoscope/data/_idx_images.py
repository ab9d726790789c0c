"""Image tasks stored as four idx files, in the layout that MNIST began."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from infoscope.core.errors import DataDamagedError
from infoscope.data import _files, _idx
from infoscope.data.definition import Definition, Split, Task


class IdxImages(Definition):
    """Grey images with one label each; a subclass states the facts, ``mirrors`` and the files' ``hashes``.

    ``hashes`` holds the SHA-256 of each file's decompressed content, in the order train images, train labels, test
    images, test labels. A pixel p becomes p / 255.
    """

    name: ClassVar[str]
    mirrors: ClassVar[tuple[str, ...]]
    hashes: ClassVar[dict[str, str]]

    def load(self) -> Task:
        """The task; its split is the published one, training rows first."""
        names = list(self.hashes)
        arrays = [
            _idx.parse(_files.fetch(self.name, file, sha256, self.mirrors), f"{self.name}/{file}")
            for file, sha256 in self.hashes.items()
        ]
        inputs = np.empty((self.n, self.features), np.float32)
        label = np.empty(self.n, np.int64)
        start = 0
        for part in (0, 2):
            images, digits = arrays[part : part + 2]
            stop = start + len(images)
            if len(images) != len(digits) or stop > self.n or images[0].size != self.features or digits.ndim != 1:
                raise DataDamagedError(
                    f"{self.name}: {names[part]} has shape {images.shape} and {names[part + 1]} {digits.shape}, "
                    f"wanted one label for each image of {self.features} pixels"
                )
            np.divide(images.reshape(len(images), -1), np.float32(255), out=inputs[start:stop])
            label[start:stop] = digits
            start = stop
        trained = len(arrays[0])
        return Task(
            name=self.name,
            inputs=inputs,
            variables={self.trained_on: label},
            trained_on=self.trained_on,
            classes=self.classes,
            split=Split(train=np.arange(trained), test=np.arange(trained, self.n)),
            split_published=self.split_published,
            hashes=self.hashes,
            licence=self.licence,
            citation=self.citation,
            shape=self.shape,
        )
