"""Sources: samplers of (X, Y) that know their mutual information.

A :class:`Law` is the mathematics: how to draw from it, and I(X;Y) in nats computed in two ways that share no formula.
A :class:`Source` is a law with a name, words for people and tags that say which estimators can be held to it. Sources
come in families, one file each in ``data/sources``. A :class:`Map` sends X or Y through an invertible function, which
leaves I(X;Y) alone, so every source gives others (:func:`transformed`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import ClassVar, Protocol

import numpy as np
from scipy.special import ndtr, ndtri

from infoscope.core import check, registry
from infoscope.core.errors import InputError, unknown_name

#: What a tag promises; the first eight say who is held to the truth of a source, the others inform.
TAGS = {
    "gaussian": "jointly Gaussian with a covariance of full rank",
    "gaussian copula": "jointly Gaussian after an increasing map of each column",
    "low-dimensional": "within reach of neighbours at n = 1000: dx + dy <= 4 (6 if independent), < 2 nats, light tails",
    "smooth": "smooth and of moderate strength, within reach of a small critic at n = 2000",
    "discrete": "X and Y are both one of few symbols",
    "labels": "X is real and low-dimensional, Y is one of few labels",
    "mixed": "X or Y has atoms and the other, or both, a density",
    "patterns": "X is one of few patterns far apart from each other, Y is a label",
    "independent": "the information is 0",
    "heavy-tailed": "a column has no variance, or hardly one",
    "strong": "more than 2 nats",
    "sparse": "few of many columns carry the information",
    "spiral": "rows are rotated by an angle that grows with their length",
    "curved": "X lies on, or is bent along, a curve",
    "singular": "X or Y fills a subspace or a curve and has no density in its own space",
    "scaled": "columns differ in scale by orders of magnitude",
    "clustered": "a mixture of separate clusters",
    "sharp": "the density jumps at an edge",
    "deterministic label": "Y is a function of X",
    "high-dimensional": "dx + dy > 20 (patterns aside)",
    "images": "X is an image",
    "representation-like": "made like the activations of a network",
    "needs data": "sampling reads a data file and raises DataMissingError where there is none",
}

#: The tags that a source keeps under a map of each kind; an affine map of the columns keeps all but "discrete", since
#: its symbols are no longer whole numbers.
_ALWAYS = {"independent", "mixed", "clustered", "deterministic label", "strong", "high-dimensional", "singular"}
_ALWAYS |= {"representation-like", "needs data"}
_KEPT = {
    "affine": set(TAGS) - {"discrete"},
    "columns": _ALWAYS | {"gaussian copula", "sparse", "curved", "images", "sharp"},
    "bent": _ALWAYS,
}


class Law(ABC):
    """A joint law of X and Y, and a :class:`Joint`: it says ``dx``, ``dy`` and ``kind``, given or computed.

    The two values of I(X;Y), in nats, come by different routes: a closed form and a quadrature, log-determinants and
    canonical correlations, an entropy difference and the mean of a log-density ratio.
    """

    @abstractmethod
    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """``n`` independent rows: x ``[n, dx]`` and y ``[n, dy]``, or labels ``[n]``."""

    @abstractmethod
    def information(self) -> float:
        """I(X;Y) in nats."""

    @abstractmethod
    def information_again(self) -> float:
        """I(X;Y) in nats by a second route, which agrees to 1e-4."""

    def log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """ln p(x, y) / (p(x) p(y)) of each row, whose mean under the law is I(X;Y); None where it is not known."""
        return None


class Joint(Protocol):
    """A :class:`Law` of X in ``dx`` columns and Y in ``dy`` columns (``kind`` "real") or in classes ("labels")."""

    @property
    def dx(self) -> int: ...
    @property
    def dy(self) -> int: ...
    @property
    def kind(self) -> str: ...
    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]: ...
    def information(self) -> float: ...
    def information_again(self) -> float: ...
    def log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray | None: ...


@dataclass(frozen=True, eq=False)
class Source:
    """A law with a name, a line of ``words`` for people, and ``tags`` out of :data:`TAGS`.

    ``kind`` is "real" (y ``[n, dy]``) or "labels" (y ``[n]``, and ``dy`` is 1); ``family`` is its registry entry.
    """

    name: str
    words: str
    law: Joint
    tags: tuple[str, ...] = ()
    family: str = ""

    def __post_init__(self) -> None:
        for tag in self.tags:
            if tag not in TAGS:
                raise unknown_name(f"tag (of source {self.name!r})", tag, TAGS)

    @property
    def dx(self) -> int:
        return self.law.dx

    @property
    def dy(self) -> int:
        return self.law.dy

    @property
    def kind(self) -> str:
        return self.law.kind

    @cached_property
    def truth(self) -> float:
        """I(X;Y) in nats, exact to 1e-6."""
        return float(self.law.information())

    def truth_again(self) -> float:
        """I(X;Y) in nats computed in a second, independent way."""
        return float(self.law.information_again())

    def sample(self, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """``n`` independent rows: x ``[n, dx]`` float64 and y ``[n, dy]`` float64, or labels ``[n]`` int64.

        The same n and seed give the same rows; NumPy's global generator is not touched.

        Raises
        ------
        InputError: n < 1 or a negative seed. DataMissingError: the source is made of images that are not there.
        """
        rng = np.random.default_rng(check.count(seed, "seed", least=0))
        x, y = self.law.draw(rng, check.count(n, "n"))
        y = np.ascontiguousarray(y, np.int64 if self.kind == "labels" else np.float64)
        return np.ascontiguousarray(x, np.float64), y

    def log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        """ln p(x, y) / (p(x) p(y)) of each row in nats ``[n]``, or None where it is not known."""
        return self.law.log_ratio(x, y)

    def __repr__(self) -> str:
        y = "labels" if self.kind == "labels" else f"{self.dy} columns"
        return f"Source({self.name!r}, {self.dx} columns and {y}, {self.truth:.6f} nats)"


class SourceFamily(ABC):
    """A file in ``data/sources``: facts as literal class attributes, so that listing reads them without importing.

    ``reference`` is where the laws come from.
    """

    reference: ClassVar[str] = ""

    @abstractmethod
    def sources(self) -> Iterator[Source]:
        """The sources of this family; the registry fills in ``family``."""


@cache
def all_sources() -> dict[str, Source]:
    """Every source of every family by name. Nothing is drawn and no truth computed before it is asked for."""
    found: dict[str, Source] = {}
    for entry in registry.entries("sources").values():
        for source in entry.load()().sources():
            name = source.name
            if name in found:
                raise AssertionError(f"two sources are called {name!r}, in {found[name].family} and in {entry.id}")
            found[name] = Source(name, source.words, source.law, source.tags, entry.id)
    return found


def find_source(name: str) -> Source:
    """The source called ``name``; a mistyped name is answered with the near ones (UnknownNameError)."""
    known = all_sources()
    if name not in known:
        raise unknown_name("source", name, known)
    return known[name]


# Maps that leave the information alone


@dataclass(frozen=True, eq=False)
class Map:
    """An injective function of rows ``[n, d]`` with its inverse; ``columns`` is its number of columns after, where that
    is another than before.

    ``kind``: "affine" (each column times a positive factor, plus a shift), "columns" (each column through an
    increasing function) or "bent" (anything else). ``adds`` are the tags it brings.
    """

    words: str
    forward: Callable[[np.ndarray], np.ndarray]
    inverse: Callable[[np.ndarray], np.ndarray]
    kind: str = "bent"
    columns: int | None = None
    adds: tuple[str, ...] = ()


def half_cube() -> Map:
    """x |x|^1/2 in each column: longer tails."""

    def inverse(x: np.ndarray) -> np.ndarray:
        return np.sign(x) * np.abs(x) ** (2 / 3)

    return Map("half-cube", lambda x: x * np.sqrt(np.abs(x)), inverse, "columns")


def normal_cdf() -> Map:
    """The standard normal distribution function of each column: normal columns become uniform."""
    return Map("normal CDF", ndtr, ndtri, "columns")


def asinh() -> Map:
    """The inverse hyperbolic sine of each column: heavy tails become exponential ones."""
    return Map("asinh", np.arcsinh, np.sinh, "columns")


def bimodal(weight: float, first: float, second: float) -> Map:
    """Standard normal columns into the mixture ``weight`` N(first, 1) + (1 - weight) N(second, 1), by quantiles."""

    def cdf(x: np.ndarray) -> np.ndarray:
        return weight * ndtr(x - first) + (1 - weight) * ndtr(x - second)

    low, high = min(first, second), max(first, second)
    # The quantile of a mixture lies between those of its components.
    return Map("bimodal", lambda z: _bisect(cdf, ndtr(z), z + low, z + high), lambda x: ndtri(cdf(x)), "columns")


def wiggly(sines: Sequence[tuple[float, float, float]]) -> Map:
    """x + sum of a sin(b x + c) over ``sines`` (a, b, c) in each column; increasing, as sum |a b| < 1."""
    if sum(abs(a * b) for a, b, _ in sines) >= 1:
        raise InputError(f"the sines {list(sines)} have slopes that add to 1 or more, wanted less: the map would fold")
    reach = sum(abs(a) for a, _, _ in sines)

    def forward(x: np.ndarray) -> np.ndarray:
        return x + sum(a * np.sin(b * x + c) for a, b, c in sines)

    return Map("wiggly", forward, lambda y: _bisect(forward, y, y - reach, y + reach), "columns")


def spiral(i: int, j: int, speed: float, start: float = 0.0) -> Map:
    """Turn each row in the plane of columns ``i`` and ``j`` by the angle ``start`` + ``speed`` |row|^2, from j to i."""

    def turned(x: np.ndarray, sign: float) -> np.ndarray:
        angle = sign * (start + speed * np.einsum("nd,nd->n", x, x))
        out = x.copy()
        out[:, i] = np.cos(angle) * x[:, i] + np.sin(angle) * x[:, j]
        out[:, j] = np.cos(angle) * x[:, j] - np.sin(angle) * x[:, i]
        return out

    return Map("spiral", lambda x: turned(x, 1.0), lambda x: turned(x, -1.0), adds=("spiral",))


def bend(i: int, j: int, amplitude: float, frequency: float) -> Map:
    """Add ``amplitude`` sin(``frequency`` column j) to column ``i``."""

    def bent(x: np.ndarray, sign: float) -> np.ndarray:
        out = x.copy()
        out[:, i] += sign * amplitude * np.sin(frequency * x[:, j])
        return out

    return Map("bent", lambda x: bent(x, 1.0), lambda x: bent(x, -1.0), adds=("curved",))


def swiss_roll() -> Map:
    """One column in [0, 1] onto a roll in the plane: t (cos t, sin t) / 21 with t = 1.5 pi (1 + 2x)."""

    def forward(x: np.ndarray) -> np.ndarray:
        t = 1.5 * np.pi * (1 + 2 * x)
        return np.concatenate([t * np.cos(t), t * np.sin(t)], axis=1) / 21

    def inverse(x: np.ndarray) -> np.ndarray:
        return (21 * np.linalg.norm(x, axis=1, keepdims=True) / (1.5 * np.pi) - 1) / 2

    return Map("Swiss roll", forward, inverse, columns=2, adds=("curved", "singular"))


def embedding(before: int, after: int, seed: int = 0) -> Map:
    """``before`` columns along random orthonormal directions of ``after`` dimensions; the law becomes singular there,
    unless they are as many, which makes it a rotation."""
    if not 1 <= before <= after:
        raise InputError(f"cannot embed {before} columns in {after}, wanted at least as many after as before")
    directions = np.linalg.qr(np.random.default_rng(seed).normal(size=(after, before)))[0].T
    adds = ("singular",) if after > before else ()
    words = f"embedded in {after} dimensions" if after > before else "rotated"
    return Map(words, lambda x: x @ directions, lambda x: x @ directions.T, columns=after, adds=adds)


def scaling(*factors: float) -> Map:
    """Each column times its own factor above 0; one factor is meant for all."""
    by = np.array([check.positive(factor, "factor") for factor in factors])
    far = max(by.max(), 1.0) / min(by.min(), 1.0) >= 100
    return Map("scaled", lambda x: x * by, lambda x: x / by, "affine", adds=("scaled",) if far else ())


def standardisation(source: Source, of: str) -> Map:
    """The columns of X (``of="x"``) or Y of ``source`` to mean 0 and variance 1, near enough.

    The shift and factor are those of one fixed sample of 20 000 rows, never of the rows at hand, so that rows stay
    independent and the information is exactly that of the source.
    """
    if "heavy-tailed" in source.tags:
        raise InputError(f"{source.name!r} is heavy-tailed, wanted a source with a variance: send it through asinh()")
    if of not in ("x", "y") or (of == "y" and source.kind == "labels"):
        raise InputError(f"of is {of!r} for a source whose y is {source.kind}, wanted 'x', or 'y' where that is real")
    rows = source.sample(20_000, seed=20_000)[of == "y"]
    shift, factor = rows.mean(0), rows.std(0)
    return Map("standardised", lambda x: (x - shift) / factor, lambda x: x * factor + shift, "affine")


@dataclass(frozen=True, eq=False)
class _Transformed(Law):
    """A law whose X and Y went through maps of their own."""

    law: Joint
    x: Map | None
    y: Map | None

    @property
    def dx(self) -> int:
        return (self.x and self.x.columns) or self.law.dx

    @property
    def dy(self) -> int:
        return (self.y and self.y.columns) or self.law.dy

    @property
    def kind(self) -> str:
        return self.law.kind

    def draw(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        x, y = self.law.draw(rng, n)
        return (self.x.forward(x) if self.x else x), (self.y.forward(y) if self.y else y)

    def information(self) -> float:
        return self.law.information()

    def information_again(self) -> float:
        return self.law.information_again()

    def log_ratio(self, x: np.ndarray, y: np.ndarray) -> np.ndarray | None:
        return self.law.log_ratio(self.x.inverse(x) if self.x else x, self.y.inverse(y) if self.y else y)


def transformed(
    source: Source,
    x: Map | None = None,
    y: Map | None = None,
    *,
    name: str | None = None,
    words: str | None = None,
    tags: tuple[str, ...] | None = None,
) -> Source:
    """``source`` with X sent through ``x`` and Y through ``y``: the same information, the same rows behind.

    The tags are those that survive such maps and those the maps bring, unless ``tags`` says better.

    Raises
    ------
    InputError: no map at all, or one for labels.
    """
    maps = [m for m in (x, y) if m]
    if not maps or (y and source.kind == "labels"):
        raise InputError("wanted a map of x, or of y where y is real: pass x=half_cube(), say")
    about = f"{source.words}; " + ", ".join(f"{k} {m.words}" for k, m in (("X", x), ("Y", y)) if m)
    law = _Transformed(source.law, x, y)
    if tags is None:
        kept = [tag for tag in source.tags if all(tag in _KEPT[m.kind] for m in maps)]
        high = ("high-dimensional",) if law.dx + law.dy > 20 else ()
        tags = tuple(dict.fromkeys((*kept, *(tag for m in maps for tag in m.adds), *high)))
    return Source(
        name or f"{source.name}-" + "-".join(m.words.lower().replace(" ", "-") for m in maps),
        words or about,
        law,
        tags,
        source.family,
    )


def _bisect(
    increasing: Callable[[np.ndarray], np.ndarray], wanted: np.ndarray, low: np.ndarray, high: np.ndarray
) -> np.ndarray:
    """Where ``increasing`` takes the values ``wanted``, each sought between its ``low`` and ``high``."""
    for _ in range(60):
        middle = (low + high) / 2
        below = increasing(middle) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
