"""Everything compiled beforehand, on rows that mean nothing."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import infoscope
from infoscope.core.errors import InfoscopeError, unknown_name
from infoscope.core.progress import progress

KINDS = ("estimators", "dependences", "geometries", "probes", "training")
FEW, MANY = 300, 3000  # rows: neighbours are sought by other loops where there are many
COSTLY = 1.0  # seconds that a measurement says it would take of FEW rows: critics, which torch trains


def warm(*kinds: str) -> dict[str, float]:
    """Compile the loops of everything, or of some ``kinds``, so that no later call waits for it; seconds by kind.

    kinds: of ``"estimators"``, ``"dependences"``, ``"geometries"``, ``"probes"`` and ``"training"``; without any, all.

    Compiled loops are kept in the user's cache folder, or in the folder that ``NUMBA_CACHE_DIR`` names: for an image or
    a cluster name one that whoever calls later may read. They hold for one kind of processor, one version of numba and
    of Python; rows and labels of unusual types (half precision, read-only arrays) may still compile a loop of their
    own. What was compiled before is read again, which takes a fraction of the time.

    Raises
    ------
    UnknownNameError: no such kind, with the near names.

    Example
    -------
    >>> import infoscope as iscope
    >>> list(iscope.warm("dependences"))
    ['dependences']
    """
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise unknown_name("kind of loops", unknown[0], KINDS)
    seconds: dict[str, float] = {}
    for kind in kinds or KINDS:
        start, calls = time.perf_counter(), list(_CALLS[kind]())
        with progress(f"compiling {kind}", len(calls)) as shown, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about rows that mean nothing
            for call in calls:
                with suppress(InfoscopeError):  # it does not take such rows
                    call()
                shown.advance()
        seconds[kind] = time.perf_counter() - start
    return seconds


def _rows() -> Iterator[tuple[Any, Any, Any]]:
    """x, y ``[n, d]`` and labels, of each type and size that has loops of its own."""
    import numpy as np

    rng = np.random.default_rng(0)
    for n, d, kind in ((FEW, 2, np.float32), (MANY, 2, np.float64), (FEW, 1, np.float64), (FEW, 20, np.float32)):
        x = rng.normal(size=(n, d))
        yield x.astype(kind), (x + rng.normal(size=(n, d))).astype(kind), (x[:, 0] > 0).astype(np.int64)


def _names(kind: str) -> Iterator[str]:
    """Of those that can be asked without options, and answer within a moment."""
    for name, entry in infoscope.contributions(kind)[kind].items():
        with suppress(InfoscopeError):
            if entry.load()().cost(FEW, 2, 2).seconds < COSTLY:
                yield name


def _estimators() -> Iterator[Callable[[], object]]:
    for name in _names("estimators"):
        for x, y, labels in _rows():
            yield partial(infoscope.entropy, x, name)
            yield partial(infoscope.mutual_information, x, y, name)
            yield partial(infoscope.mutual_information, x, labels, name)


def _dependences() -> Iterator[Callable[[], object]]:
    for name in infoscope.contributions("dependences")["dependences"]:
        for x, y, labels in _rows():
            yield partial(infoscope.dependence, x, y, name)
            yield partial(infoscope.dependence, x, labels, name)


def _geometries() -> Iterator[Callable[[], object]]:
    for name in _names("geometries"):
        for x, _, labels in _rows():
            yield partial(infoscope.geometry, x, labels, name)
            yield partial(infoscope.geometry, x, None, name)


def _probes() -> Iterator[Callable[[], object]]:
    for name in _names("probes"):
        for x, y, labels in _rows():
            if len(x) == FEW:
                yield partial(infoscope.usable_information, x, labels, name)
                yield partial(infoscope.usable_information, x, y, name, target="quantities")


def _training() -> Iterator[Callable[[], object]]:
    for noise, orthonormality in ((0.0, 0.0), (0.1, 0.0), (0.0, 1e-4)):
        yield partial(_train, noise, orthonormality)


def _train(noise: float, orthonormality: float) -> None:
    import numpy as np

    from infoscope.scanning.dense_forward import DenseForward
    from infoscope.train.ensemble import Ensemble
    from infoscope.train.networks.fully_connected import FullyConnected
    from infoscope.train.recipe import Recipe
    from infoscope.train.training import make_trainer, train

    x, _, labels = next(_rows())
    network = FullyConnected((2, 4, 2), "tanh", noise=noise)
    recipe = Recipe(1, 0.01, 32, "adam", orthonormality=orthonormality)
    rows = np.arange(FEW)[None]
    ensemble = Ensemble(network, recipe, x, labels.astype(np.int32), rows, (0,))
    *_, state = train(ensemble, (0, 1), make_trainer(ensemble, "compiled"))
    forward = DenseForward.of(network, x, "cpu")
    if forward is not None:
        forward.representations(state.parameters)
        forward.performance(state.parameters, labels, rows)


_CALLS: dict[str, Callable[[], Iterator[Callable[[], object]]]] = {
    "estimators": _estimators,
    "dependences": _dependences,
    "geometries": _geometries,
    "probes": _probes,
    "training": _training,
}
