"""What a person asks of a noisy layer, and of any layer: the information, a bracket on it, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.quantity import INPUT_INFORMATION
from infoscope.core.shapes import Array, ArrayLike
from infoscope.measure.bases.answering import question
from infoscope.measure.intervals.uncertainties import MONTE_CARLO

if TYPE_CHECKING:
    from infoscope.measure.noise.propagation import AddedBy, NoisyLayer, Population

NetworkKind = Literal["deterministic", "noisy", "quantised", "binary dropout", "gaussian dropout"]
InputLaw = Literal["finite", "continuous"]
SETTLED = 0.98  # share of ln n from which on the number of rows decides an entropy of patterns
_OFFERS = (
    "ask for estimator='binned' (a resolution), 'kde' or noise= (a scale), and label it with that; or train with noise"
)


def _samples(s: ArrayLike) -> Array:
    """Clean samples ``[n, d]`` or ``[n, R, d]``, checked."""
    s = check.array(s, "s")
    return check.representation(s, "s", stacked=s.ndim == 3) if s.ndim != 3 or len(s) > 1 else _one_input(s)


def _one_input(s: Any) -> Any:
    raise InputError(f"s has shape {tuple(s.shape)}, wanted [inputs, replicas, units] with at least 2 inputs")


def noisy_layer(
    s: ArrayLike,
    noise: float = 0.1,
    population: Population | None = None,
    labels: Mapping[str, Any] | None = None,
    *,
    tolerance: float = 0.02,
    seed: int = 0,
    added_by: AddedBy = "network",
) -> NoisyLayer:
    """I(X;T), h(T), h(T|X) and I(T;Y) of a layer T = S + N(0, noise² I), from one pass; arguments and errors as in
    :func:`noisy_information`, ``labels`` are class labels ``[n]`` by name."""
    from infoscope.measure.noise.propagation import check_population, propagate

    if not isinstance(labels or {}, Mapping):
        raise InputError(f"labels is a {type(labels).__name__}, wanted labels by name: pass {{'label': labels}}")
    check.paired(s=s, **(labels or {}))
    s, known = _samples(s), check_population(population)
    classes = {name: check.labels(y, len(s), name) for name, y in (labels or {}).items()}
    return propagate(s, noise, known, classes, tolerance=tolerance, seed=seed, added_by=added_by)


@question
def noisy_information(
    s: ArrayLike,
    noise: float = 0.1,
    population: Population | None = None,
    y: ArrayLike | None = None,
    *,
    tolerance: float = 0.02,
    seed: int = 0,
    added_by: AddedBy = "network",
    strict: bool = False,
) -> Estimate:
    """I(X; S + N(0, noise² I)) in nats by sample propagation, or I(Y; S + N(0, noise² I)) with class labels ``y [n]``.

    s: the layer's *clean* outputs: ``[n, d]``, one row an input, where the layer's own noise is all there is (the first
        noisy layer); ``[n, R, d]``, R noisy forwards of each input up to but without this layer's noise, for a deeper
        one. NumPy arrays or torch tensors on any device.
    noise: its standard deviation (not its variance), the same for every unit.
    population: ``"dataset"`` when these inputs are all there are, each equally likely: a first layer then has no bias,
        only a Monte Carlo error. ``"sample"`` when they were drawn from a law: the answer is a bracket. Never guessed.
    tolerance: standard error of the Monte Carlo integral in nats, which decides the number of draws (d/tolerance²);
        a bracket wider than it has status UNRESOLVED.
    added_by: ``"network"`` for a network that was trained with this noise; ``"analysis"`` labels the answer as a
        property of how you looked.
    strict: raise :class:`~infoscope.core.errors.UntrustedEstimateError` instead of returning a status other than OK.

    The value is the published estimator's; its interval holds the truth in expectation and twice its standard errors.

    Raises
    ------
    InputError: for a population that was not said, unusable data, one replica, or a tolerance out of reach.
    """
    layer = noisy_layer(
        s, noise, population, {} if y is None else {"y": y}, tolerance=tolerance, seed=seed, added_by=added_by
    )
    estimate = layer.xt if y is None else layer.ty["y"]
    return estimate


@question
def layer_information(
    t: ArrayLike,
    network: NetworkKind,
    inputs: InputLaw,
    population: Population | None = None,
    *,
    noise: float | None = None,
    tolerance: float = 0.02,
    seed: int = 0,
    strict: bool = False,
) -> Estimate:
    """I(X;T) of a layer of any network in nats: the number, a bracket, or status VACUOUS and why it says nothing.

    t: the layer's outputs ``[n, d]``; the clean ones for a noisy network; ``[n, R, d]`` with R forwards of each input
        for a deeper noisy layer, and for binary dropout.
    network: ``"deterministic"``; ``"noisy"``: Gaussian ``noise`` on every unit in training and here; ``"quantised"``: T
        takes finitely many values by construction; ``"binary dropout"``; ``"gaussian dropout"``: factors N(1, noise²)
        on every unit of ``t [n, d]``, the first such layer.
    inputs: whether the law of x is ``"finite"`` or has a ``"continuous"`` part. population: as in
        :func:`noisy_information`; a dataset is finite.
    noise: standard deviation; of Gaussian dropout, of its factors. With a network that has none, it is noise added by
        the analysis, and labelled so.

    ============================  ==========  ===========================================================
    network                       inputs      answer
    ============================  ==========  ===========================================================
    deterministic, one to one     finite      VACUOUS: H(X), a constant of training
    deterministic, not one to one finite      H(T) of the float patterns
    deterministic                 continuous  VACUOUS: infinite for almost all weights
    quantised                     any         H(T)
    noisy                         any         the integral, or a bracket (:func:`noisy_information`)
    gaussian dropout              any         the integral; a lower bound for a sample
    binary dropout                continuous  VACUOUS: infinite (or 0)
    binary dropout                finite      VACUOUS where no two inputs share a pattern, else of the patterns seen
    deterministic with ``noise``  any         measurement-noise information, labelled as such
    ============================  ==========  ===========================================================

    Raises
    ------
    InputError: for an unknown kind, a population not said, no noise for a noisy network, noise for dropout or a
        quantised network, or replicas missing.
    """
    from infoscope.measure.noise.propagation import check_population

    for name, value, known in (("network", network, get_args(NetworkKind)), ("inputs", inputs, get_args(InputLaw))):
        if value not in known:
            raise InputError(f"{name} is {value!r}, wanted one of {', '.join(map(repr, known))}")
    population = check_population(population)
    if population == "dataset" and inputs == "continuous":
        raise InputError("population='dataset' and inputs='continuous' arrived, wanted one: a dataset is finite")
    if network == "noisy" or (network == "deterministic" and noise is not None):
        if noise is None:
            raise InputError("network='noisy' arrived without noise, wanted its standard deviation, e.g. noise=0.1")
        by: AddedBy = "network" if network == "noisy" else "analysis"
        return noisy_information(t, noise, population, tolerance=tolerance, seed=seed, added_by=by)
    if network == "gaussian dropout":
        found = _gaussian_dropout(t, noise, population, tolerance, seed)
        return found
    if noise is not None:
        raise InputError(f"noise={noise:g} arrived for a {network} network, wanted none: its noise is its own")
    t = _samples(t)
    t = check.on_cpu(t)
    if (t.ndim == 3) != (network == "binary dropout"):
        wanted = "[n, R, d]: R forwards of each input" if network == "binary dropout" else "[n, d]: one row an input"
        raise InputError(f"t has shape {t.shape} for a {network} network, wanted t {wanted}")
    found = (_dropout if network == "binary dropout" else _patterns)(t, network, inputs, population)
    return found


def _patterns(t: np.ndarray, network: NetworkKind, inputs: InputLaw, population: Population) -> Estimate:
    """The entropy of the rows' float patterns: I(X;T) where T is a function of x and takes finitely many values."""
    from infoscope.measure.symbols import quantise as q

    n = len(t)
    counts = q.group(q.exact_keys(t))[1]
    entropy, dataset = q.entropy_of(counts), population == "dataset"
    settled = entropy >= SETTLED * math.log(n)
    seen = f"the {n} inputs" if dataset else f"{n} sampled inputs"
    found = Estimate(
        entropy,
        INPUT_INFORMATION,
        f"H(T) of {seen}, rows alike when every float is equal",
        n,
        bound="none" if dataset else "lower",
    ).doubted(remark(f"{len(counts)} different rows of {n}"))
    if network == "deterministic" and inputs == "continuous":
        note = (
            "I(X;T) is infinite for almost all weights: T = f(X) has a density or lies on a surface; the number counts "
            f"float patterns in this sample: {_OFFERS}"
        )
        return replace(found, bound="none").doubted(Doubt(Status.VACUOUS, note))
    if len(counts) == 1:
        return found.doubted(Doubt(Status.DEGENERATE))
    if network == "deterministic" and settled:
        note = f"I(X;T) = H(X) = {math.log(n):.4g} nats whatever is learned, as nearly all rows differ: {_OFFERS}"
        return found.doubted(Doubt(Status.VACUOUS, note))
    if settled and not dataset:
        return found.doubted(Doubt(Status.SATURATED, f"ln n is {math.log(n):.4g} nats"))
    if network == "deterministic":
        return found.doubted(remark("rows that merge do so in floating point: saturation or dead units"))
    return found


def _gaussian_dropout(t: Any, noise: float | None, population: Population, tolerance: float, seed: int) -> Estimate:
    """I(X; f(X) D) for factors D ~ N(1, noise²), from the outputs ``t [n, d]`` before them."""
    from infoscope.measure.noise.dropout import through_dropout

    if noise is None:
        raise InputError(
            "network='gaussian dropout' arrived without noise, wanted the sd of its factors, e.g. noise=0.5"
        )
    check.positive(noise, "noise")
    check.positive(tolerance, "tolerance")
    t = _samples(t)
    if t.ndim == 3:
        raise InputError(
            f"t has shape {tuple(t.shape)} for a gaussian dropout network, wanted t [n, d], the outputs before the "
            "first such layer: of a deeper one the law given x is not known"
        )
    t, dataset = check.on_cpu(t), population == "dataset"
    found, n = through_dropout(t, noise, dataset, tolerance, seed), len(t)
    notes = [f"standard error {found.error:.2g} nats", f"{found.queries} draws", f"h(Z|X) is {found.given:.4g} nats"]
    if found.zeros:
        notes.append(f"{found.zeros:.1%} of the outputs are exactly 0 and stay so, which tells inputs apart for sure")
    most, half = math.log(n), 1.96 * found.error
    who = f"X uniform on these {n} inputs" if dataset else f"{n} inputs a sample of their law"
    estimate = Estimate(
        found.value,
        INPUT_INFORMATION,
        f"I(X; f(X)·N(1, {noise:g}²)), {who}",
        n,
        bound="none" if dataset else "lower",
    )
    estimate = estimate.within((found.value - half, found.value + half), MONTE_CARLO).doubted(*map(remark, notes))
    if bool((t == t[:1]).all()):
        return replace(estimate, value=0.0, interval=(0.0, 0.0)).doubted(Doubt(Status.DEGENERATE))
    if found.value < most - 0.1:
        return estimate
    if dataset:
        note = f"near ln n = {most:.4g} nats, the entropy of these inputs: dropout confuses few of them"
        return estimate.doubted(remark(note))
    return estimate.doubted(Doubt(Status.SATURATED, f"ln n is {most:.4g} nats"))


def _dropout(t: np.ndarray, network: NetworkKind, inputs: InputLaw, population: Population) -> Estimate:
    """The plug-in information between inputs and patterns of their forwards ``t [n, R, d]``."""
    from infoscope.measure.symbols import quantise as q

    n, replicas, d = t.shape
    whose = np.repeat(np.arange(n), replicas)
    ids, counts, _ = q.group(q.exact_keys(t.reshape(-1, d)))
    joint = q.group(q.joint(ids, whose))[1]
    value = q.entropy_of(counts) + math.log(n) - q.entropy_of(joint)
    found = Estimate(
        value,
        INPUT_INFORMATION,
        f"plug-in information of {n} inputs and the patterns of {replicas} forwards of each",
        n,
    ).doubted(remark(f"{len(counts)} different rows of {n * replicas}"))
    if inputs == "continuous":
        note = f"I(X;T) is infinite (or 0): each mask leaves a function of x, and masks are few: {_OFFERS}"
        return found.doubted(Doubt(Status.VACUOUS, note))
    if len(counts) == 1:
        return replace(found, value=0.0).doubted(Doubt(Status.DEGENERATE))
    if value >= SETTLED * math.log(n):
        note = f"no two inputs share a pattern, so I(X;T) = H(X) whatever is learned: {_OFFERS}"
        return found.doubted(Doubt(Status.VACUOUS, note))
    if (joint == 1).sum() > len(whose) / 10 or population == "sample":
        note = "many patterns were seen once: more forwards would join inputs that look apart, so the value errs high"
        return found.doubted(Doubt(Status.UNDERSAMPLED, note))
    return found
