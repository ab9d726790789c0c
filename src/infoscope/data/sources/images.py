"""Bits written into images: each patch of X shows a bit, the same patch of Y shows it through a noisy channel."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, reduce
from typing import ClassVar

import numpy as np

from infoscope.data import task
from infoscope.data.source import Law, Source, SourceFamily
from infoscope.data.sources._laws import Table, binary_entropy

_SIDE = 8  # of a glyph


class Images(SourceFamily):
    """Images whose classes carry bits: MNIST's zeros and ones, or synthetic rings and blocks that need no data.

    With s patches whose bits flip with probability b between X and Y, I(X;Y) = s (ln 2 - H(b)), since the class of an
    image can be told without error and the image says nothing more. MNIST's are halved to 14 x 14 pixels.

    Example
    -------
    >>> from infoscope.data.source import find_source
    >>> find_source("glyphs-2")
    Source('glyphs-2', 128 columns and 128 columns, 0.989264 nats)
    """

    reference: ClassVar[str] = (
        "Lee, Rhee: A Benchmark Suite for Evaluating Neural Mutual Information Estimators (NeurIPS 2024)"
    )

    def sources(self) -> Iterator[Source]:
        for patches, flip, more in ((2, 0.05, ()), (8, 0.02, ("strong",)), (2, 0.5, ("independent",))):
            words = f"{patches} rings or blocks, and {patches} again with {flip:.0%} of them changed"
            name = "glyphs-independent" if flip == 0.5 else f"glyphs-{patches}"
            yield Source(name, words, _Glyphs(patches, flip), (*_IMAGES, *more))
        words = "a ring or a block; Y which, wrong in 10%"
        yield Source("glyph-label", words, _Glyphs(1, 0.1, "labels"), _IMAGES)
        words = "2 handwritten zeros or ones, and 2 others with 5% of the digits changed"
        yield Source("mnist-2", words, _ZerosAndOnes(2, 0.05), (*_IMAGES, "needs data"))
        words = "a handwritten zero or one; Y which, wrong in 10%"
        yield Source("mnist-label", words, _ZerosAndOnes(1, 0.1, "labels"), (*_IMAGES, "needs data"))


_IMAGES = ("images", "high-dimensional", "representation-like")


@dataclass(frozen=True, eq=False)
class _Patches(Law):
    """``patches`` fair bits, each an image in X, and after a flip of chance ``flip`` another in Y, or the label."""

    patches: int
    flip: float
    kind: str = "real"
    pixels: ClassVar[int]

    @property
    def dx(self) -> int:
        return self.patches * self.pixels

    @property
    def dy(self) -> int:
        return 1 if self.kind == "labels" else self.dx

    def images(self, rng: np.random.Generator, bits: np.ndarray) -> np.ndarray:
        """An image ``[pixels]`` of each of the ``bits [n]``."""
        raise NotImplementedError

    def draw(self, rng, n):
        bits = rng.integers(0, 2, size=n * self.patches)
        seen = bits ^ (rng.random(n * self.patches) < self.flip)
        x = self.images(rng, bits).reshape(n, -1)
        if self.kind == "labels":
            return x, seen.reshape(n, -1) @ 2 ** np.arange(self.patches)
        return x, self.images(rng, seen).reshape(n, -1)

    def information(self) -> float:
        return self.patches * (math.log(2) - binary_entropy(self.flip))

    def information_again(self) -> float:
        """That of the channel between all bits of X and all bits of Y, cell by cell."""
        bit = np.array([[1 - self.flip, self.flip], [self.flip, 1 - self.flip]]) / 2
        return Table(reduce(np.kron, [bit] * self.patches)).information_again()


@dataclass(frozen=True, eq=False)
class _Glyphs(_Patches):
    """A ring (5 x 5, hollow; bit 0) or a block (4 x 4, full; bit 1), 16 lit pixels each, anywhere in 8 x 8 pixels.

    Lit pixels are .8 to 1, the others 0 to .2, so a glyph is read without error by its longest lit row.
    """

    pixels: ClassVar[int] = _SIDE * _SIDE

    def images(self, rng, bits):
        shapes, counts = _placements()
        place = (rng.random(len(bits)) * counts[bits]).astype(np.int64)
        return 0.8 * shapes[bits, place] + 0.2 * rng.random((len(bits), self.pixels))

    def read(self, images: np.ndarray) -> np.ndarray:
        """The bits ``[n, patches]`` of rows of images."""
        rows = (images.reshape(len(images), -1, _SIDE, _SIDE) > 0.5).sum(-1)
        return (rows.max(-1) < 5).astype(np.int64)

    def log_ratio(self, x, y):
        seen = y[:, None] >> np.arange(self.patches) & 1 if self.kind == "labels" else self.read(y)
        with np.errstate(divide="ignore"):
            return np.log(2 * np.where(self.read(x) == seen, 1 - self.flip, self.flip)).sum(1)


@cache
def _placements() -> tuple[np.ndarray, np.ndarray]:
    """Rings and blocks at every place ``[2, most places, pixels]``, and how many places each has."""
    ring = np.ones((5, 5))
    ring[1:-1, 1:-1] = 0
    shapes = np.zeros((2, (_SIDE - 3) ** 2, _SIDE, _SIDE))
    counts = []
    for shape, glyph in zip(shapes, (ring, np.ones((4, 4))), strict=True):
        size = len(glyph)
        places = [(i, j) for i in range(_SIDE - size + 1) for j in range(_SIDE - size + 1)]
        for image, (i, j) in zip(shape, places, strict=False):
            image[i : i + size, j : j + size] = glyph
        counts.append(len(places))
    return shapes.reshape(2, -1, _SIDE * _SIDE), np.array(counts)


@dataclass(frozen=True, eq=False)
class _ZerosAndOnes(_Patches):
    """A zero or a one of MNIST, drawn from all of them."""

    pixels: ClassVar[int] = 14 * 14

    def images(self, rng, bits):
        zeros, ones = _digits()
        which = rng.random(len(bits))
        out = np.empty((len(bits), self.pixels))
        for digit, pool in enumerate((zeros, ones)):
            here = bits == digit
            out[here] = pool[(which[here] * len(pool)).astype(np.int64)]
        return out


@cache
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """MNIST's zeros and ones, halved by averaging 2 x 2 pixels, ``[images, 196]`` float32."""
    mnist = task("mnist")
    digit = mnist.variables[mnist.trained_on]
    zeros, ones = (mnist.inputs[digit == d].reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(-1, 14 * 14) for d in (0, 1))
    return zeros, ones
