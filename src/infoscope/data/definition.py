"""What a task is: inputs, named variables, a split, and how sure we are of its content."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError, unknown_name


class Split(NamedTuple):
    """Row indices into a task, ascending and disjoint; together they are every row."""

    train: np.ndarray
    test: np.ndarray


def draw_split(n: int, seed: int, train_fraction: float) -> Split:
    """A random split of ``n`` rows, ``round(train_fraction * n)`` of them for training."""
    seed = check.count(seed, "seed", least=0)
    trained = round(check.positive(train_fraction, "train_fraction") * n)
    if not 1 <= trained <= n - 1:
        raise InputError(
            f"train_fraction is {train_fraction!r}, wanted a number that leaves rows on both sides of {n}: "
            "pass something between 0 and 1"
        )
    # Raw words, because NumPy keeps these the same over its versions and Generator.permutation not.
    order = np.argsort(np.random.PCG64(seed).random_raw(n), kind="stable")
    return Split(train=_read_only(np.sort(order[:trained])), test=_read_only(np.sort(order[trained:])))


def _read_only(values: Any, dtype: Any = None) -> np.ndarray:
    view = np.ascontiguousarray(values, dtype=dtype).view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Task:
    """A task as arrays. All arrays are read-only; copy before writing.

    Attributes
    ----------
    inputs: ``[n, d]`` float32. variables: by name, ``[n]`` int64 class indices; ``trained_on`` names the one that
        networks are trained to predict and ``classes`` is how many values that one has.
    split: the published split, or the seeded one where none is published (``split_published`` says which).
    entropies: exact entropies in nats by variable name (``"input"`` for the inputs), where they are known: of the law
        where rows are ``drawn`` from a known one, else of these rows as counted.
    information: exact I(input; variable) in nats, where it is known: the most that any representation can hold.
    best_accuracy: what no classifier can exceed on rows it never saw (that of the Bayes rule), where it is known.
    shape: (channels, height, width) of the images that the rows of ``inputs`` are, in that order; empty for others.
    hashes: SHA-256 of each file's decompressed content, or of what was generated.
    """

    name: str
    inputs: np.ndarray
    variables: Mapping[str, np.ndarray]
    trained_on: str
    classes: int
    split: Split
    split_published: bool
    entropies: Mapping[str, float] = field(default_factory=dict)
    hashes: Mapping[str, str] = field(default_factory=dict)
    licence: str = ""
    citation: str = ""
    shape: tuple[int, ...] = ()
    drawn: bool = False
    information: Mapping[str, float] = field(default_factory=dict)
    best_accuracy: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.inputs.ndim != 2:
            raise InputError(f"inputs have shape {self.inputs.shape}, wanted [rows, features]: flatten each row")
        n, features = self.inputs.shape
        if self.shape and (len(self.shape) != 3 or math.prod(self.shape) != features):
            raise InputError(
                f"shape is {self.shape} for rows of {features} features, wanted (channels, height, width) with as many "
                "pixels, or nothing for inputs that are no images"
            )
        for name, values in self.variables.items():
            if values.shape != (n,):
                raise InputError(f"variable {name!r} has shape {values.shape}, wanted ({n},): one value for each row")
        if self.trained_on not in self.variables:
            raise unknown_name("variable", self.trained_on, self.variables)
        if not np.array_equal(np.sort(np.concatenate(self.split)), np.arange(n)):
            raise InputError(f"the split of {self.name!r} does not hold each of its {n} rows exactly once")
        variables = {name: _read_only(values, np.int64) for name, values in self.variables.items()}
        object.__setattr__(self, "inputs", _read_only(self.inputs, np.float32))
        object.__setattr__(self, "variables", MappingProxyType(variables))
        object.__setattr__(self, "split", Split(*(_read_only(rows, np.int64) for rows in self.split)))

    def __len__(self) -> int:
        return len(self.inputs)

    def __repr__(self) -> str:
        split = f"{len(self.split.train)} train, {len(self.split.test)} test"
        return f"Task({self.name!r}, inputs {list(self.inputs.shape)}, {self.classes} classes, {split})"

    def resplit(self, seed: int, train_fraction: float = 0.8, *, ignore_published: bool = False) -> Split:
        """Another split of the same rows; each member of an ensemble may draw its own.

        Raises
        ------
        InputError: when the task's split is published and ``ignore_published`` was not asked for.
        """
        if self.split_published and not ignore_published:
            raise InputError(
                f"task {self.name!r} has a published split, and other splits give numbers nobody can compare: "
                "use task.split, or pass ignore_published=True"
            )
        return draw_split(len(self), seed, train_fraction)


class Definition(ABC):
    """A file in ``data/tasks``: facts as literal class attributes, so that listing reads them without importing."""

    n: ClassVar[int]
    features: ClassVar[int]
    classes: ClassVar[int]
    trained_on: ClassVar[str]
    split_published: ClassVar[bool]
    licence: ClassVar[str]
    citation: ClassVar[str]
    shape: ClassVar[tuple[int, ...]] = ()

    @abstractmethod
    def load(self) -> Task:
        """The task as arrays; an implementation may take options with defaults."""
