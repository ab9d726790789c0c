"""Linear networks with one output taught by a noisy linear teacher, by gradient descent on the squared error.

With one output the gradient of every layer has rank one: with ``g`` the mean of 2 · error · input over the minibatch,
the layer's is (the layers above it, multiplied out)ᵀ times (the layers below it applied to ``g``)ᵀ. An update costs two
matrix-vector products a layer, however large the minibatch is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from infoscope.core.errors import InputError
from infoscope.kernels.compiling import njit
from infoscope.kernels.counter_draws import batch_order

_FAST = {"reassoc", "contract", "arcp", "nsz"}  # not nnan/ninf: a diverged member must stay visibly diverged


@dataclass(frozen=True)
class Lesson:
    """A teacher, what it says, and how a student learns from it; a seed then fixes every number.

    Teacher: y = w · x + e with x ~ N(0, I / inputs) or, with a ``decline``, inputs whose variances fall as its power of
    1, 1/2, 1/3 … and are 1 / ``inputs`` on average, w ~ N(0, 1) at the first ``relevant`` inputs (all where None) and
    0 elsewhere, e ~ N(0, noise²). ``fixed_teacher``: every such weight is exactly 1, so that the ratio of signal to
    noise is the same for each seed. Student: ``hidden`` linear layers and one output, no biases; weights N(0, scale²),
    or ``start="orthogonal"``: ``scale`` times a matrix with orthonormal rows or columns. ``batch``: None is all of the
    samples. Each update follows the gradient of the mean of error².
    """

    samples: int
    inputs: int = 100
    hidden: tuple[int, ...] = (100,)
    relevant: int | None = None
    noise: float = 1.0
    fixed_teacher: bool = False
    start: Literal["normal", "orthogonal"] = "normal"
    scale: float = 0.1
    batch: int | None = None
    rate: float = 0.1
    decline: float = 0.0

    @property
    def variances(self) -> np.ndarray:
        """Of the inputs ``[inputs]``; their sum is 1."""
        falling = np.arange(1.0, self.inputs + 1) ** -self.decline
        return falling / falling.sum()

    @property
    def widths(self) -> tuple[int, ...]:
        return (self.inputs, *self.hidden, 1)

    @property
    def updates(self) -> int:
        """Optimiser updates an epoch; the last minibatch may be smaller."""
        return -(-self.samples // (self.batch or self.samples))


@dataclass(frozen=True)
class Student:
    """One member's training: its teacher ``[inputs]``, samples, and the layers at each recorded epoch.

    layers: from the input up, each ``[epochs, out, in]``; the last has one output.
    """

    teacher: np.ndarray
    x: np.ndarray  # [samples, inputs]
    y: np.ndarray  # [samples]
    layers: tuple[np.ndarray, ...]

    def total(self, below: int | None = None) -> np.ndarray:
        """The lowest ``below`` layers multiplied out ``[epochs, out, inputs]``; all of them by default."""
        product = self.layers[0]
        for layer in self.layers[1:below]:
            product = layer @ product
        return product


def train_student(lesson: Lesson, seed: int, epochs: Sequence[int]) -> Student:
    """Train the member called ``seed`` and keep its layers after each of the sorted ``epochs`` (0: as initialised).

    Equal for equal arguments, whatever else is trained. A rate that is too high ends in infinities, not in an error.

    Raises
    ------
    InputError: epochs that are not sorted, more relevant inputs than inputs.
    """
    if list(epochs) != sorted(set(epochs)) or not epochs or epochs[0] < 0:
        raise InputError(f"epochs are {tuple(epochs)[:6]}…, wanted sorted distinct numbers of at least 0: sort them")
    relevant = lesson.inputs if lesson.relevant is None else lesson.relevant
    if not 0 < relevant <= lesson.inputs:
        raise InputError(f"{relevant} of {lesson.inputs} inputs cannot be relevant: pass 1 to {lesson.inputs}")
    draw = np.random.default_rng(seed)
    teacher = np.zeros(lesson.inputs)
    teacher[:relevant] = 1.0 if lesson.fixed_teacher else draw.normal(size=relevant)
    x = draw.normal(size=(lesson.samples, lesson.inputs)) * np.sqrt(lesson.variances)
    y = x @ teacher + lesson.noise * draw.normal(size=lesson.samples)
    flat = np.concatenate([_start(lesson, shape, draw).ravel() for shape in _shapes(lesson)])
    stored, epoch = np.empty((len(epochs), len(flat))), 0
    for place, until in enumerate(epochs):
        _descend(flat, np.array(lesson.widths), x, y, lesson.batch or lesson.samples, lesson.rate, seed, epoch, until)
        stored[place], epoch = flat, until
    ends = np.cumsum([out * into for out, into in _shapes(lesson)])
    layers = [part.reshape(-1, *shape) for part, shape in zip(np.split(stored, ends, 1), _shapes(lesson), strict=False)]
    return Student(teacher, x, y, tuple(layers))


def _shapes(lesson: Lesson) -> list[tuple[int, int]]:
    return list(zip(lesson.widths[1:], lesson.widths, strict=False))


def _start(lesson: Lesson, shape: tuple[int, int], draw: np.random.Generator) -> np.ndarray:
    matrix = draw.normal(size=shape)
    if lesson.start == "orthogonal":
        left, _, right = np.linalg.svd(matrix, full_matrices=False)
        matrix = left @ right
    return lesson.scale * matrix


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _descend(flat, widths, x, y, batch, rate, seed, first, last):
    """Epochs ``first`` to ``last`` of gradient descent on ``flat``, the layers [out, in] one after the other, in place.

    Minibatches are shuffled by (seed, epoch) alone; a single batch is taken as it lies.
    """
    samples, inputs = x.shape
    depth = len(widths) - 1
    starts = np.zeros(depth + 1, np.int64)
    for layer in range(depth):
        starts[layer + 1] = starts[layer] + widths[layer] * widths[layer + 1]
    widest = widths.max()
    above = np.zeros((depth + 1, widest))  # above[l]: the layers above the l-th multiplied out, a row over its outputs
    below = np.zeros((depth + 1, widest))  # below[l]: the first l layers applied to the gradient over the inputs
    order = np.arange(samples)
    for epoch in range(first, last):
        if batch < samples:
            for i in range(samples):
                order[i] = i
            batch_order(seed, epoch, order)
        for begin in range(0, samples, batch):
            end = min(begin + batch, samples)
            above[depth, 0] = 1.0
            for layer in range(depth - 1, -1, -1):
                rows, columns, at = widths[layer + 1], widths[layer], starts[layer]
                above[layer, :columns] = 0.0
                for i in range(rows):
                    factor = above[layer + 1, i]
                    for j in range(columns):
                        above[layer, j] += factor * flat[at + i * columns + j]
            below[0, :inputs] = 0.0
            for i in range(begin, end):
                error = -y[order[i]]
                for j in range(inputs):
                    error += above[0, j] * x[order[i], j]
                for j in range(inputs):
                    below[0, j] += error * x[order[i], j]
            for j in range(inputs):
                below[0, j] *= 2.0 / (end - begin)
            for layer in range(depth):  # each layer is read before it is changed
                rows, columns, at = widths[layer + 1], widths[layer], starts[layer]
                for i in range(rows):
                    total = 0.0
                    factor = rate * above[layer + 1, i]
                    for j in range(columns):
                        total += flat[at + i * columns + j] * below[layer, j]
                    below[layer + 1, i] = total
                    for j in range(columns):
                        flat[at + i * columns + j] -= factor * below[layer, j]
