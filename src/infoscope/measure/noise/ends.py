"""What the sums at the draws say: of each quantity of a noisy layer its published value and bounds on it.

All in nats above h(Z), but for informations, which are differences. A bound is a mean over the draws that lies on its
side of the truth in expectation; propagation.py says why, each bound in a few words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np

from infoscope.core.quantity import DIFFERENTIAL_ENTROPY, INPUT_INFORMATION, LABEL_INFORMATION, Quantity
from infoscope.core.shapes import Labels
from infoscope.measure.noise import caps
from infoscope.measure.noise.draws import DrawnSums
from infoscope.measure.noise.means import Averaging, Mean
from infoscope.measure.noise.setting import Setting

ENTROPY_GIVEN_INPUT = Quantity("h(T|X)", "nats", "Differential entropy given the input", "differential entropy")
NOTHING = Mean(0.0, 0.0)
PLUG_IN, APART = "plug-in", "leave one out"
CAP, FITTED = "a Gaussian fitted to other rows", "Gaussians fitted to other replicas"


class About(NamedTuple):
    """A quantity, and of which variable where it is about one."""

    quantity: Quantity
    variable: str = ""


@dataclass(frozen=True)
class NoisyBound:
    """One end of what it is ``about``: ``mean`` lies on this ``side`` of the truth in expectation, and why."""

    about: About
    side: Literal["low", "high"]
    mean: Mean
    why: str


@dataclass
class Ends:
    """``values``: the published estimator's, where the draws hold it. ``bounds``: in the order they were found."""

    values: dict[About, Mean] = field(default_factory=dict)
    bounds: list[NoisyBound] = field(default_factory=list)

    def add(self, about: About, side: Literal["low", "high"], mean: Mean, why: str) -> None:
        self.bounds.append(NoisyBound(about, side, mean, why))

    def of(self, about: About, side: Literal["low", "high"]) -> list[NoisyBound]:
        """Those bounds that are finite."""
        return [b for b in self.bounds if b.about == about and b.side == side and math.isfinite(b.mean.value)]


@dataclass(frozen=True)
class Pair:
    """One entropy above h(Z) at each query ``[j, n]``: ``low`` plug-in, ``high`` leave one out."""

    low: np.ndarray
    high: np.ndarray


def over(setting: Setting) -> Averaging:
    return Averaging(setting.replicas, setting.dataset)


def found(setting: Setting, drawn: DrawnSums, cap: Mean) -> Ends:
    """Everything that ``drawn`` says; ``cap``: :func:`cap_of_layer`."""
    out, mean = Ends(), over(setting).mean
    extra, given = drawn["extra"], given_input(setting, drawn)
    layer, input_, given_x = About(DIFFERENTIAL_ENTROPY), About(INPUT_INFORMATION), About(ENTROPY_GIVEN_INPUT)
    conditional, cap_given = mean(given.low, extra), cap_given_input(setting)
    out.values[given_x] = conditional
    out.add(given_x, "low", conditional, PLUG_IN)
    out.add(given_x, "high", mean(given.high, extra), APART)
    out.add(given_x, "high", cap_given, CAP)
    out.add(input_, "low", NOTHING, "no information is negative")
    out.add(input_, "high", cap.minus(conditional), CAP)
    if not setting.judged_only:
        t = of_layer(setting, drawn)
        entropy = mean(t.low, extra, bounded=True)
        out.values[layer] = entropy
        out.values[input_] = mean(t.low - given.low, extra, bounded=not setting.deep)
        out.add(layer, "low", entropy, PLUG_IN)
        out.add(layer, "high", mean(t.high, extra), APART)
        out.add(input_, "low", mean(t.low - given.high, extra), f"{PLUG_IN} less {APART}")
        out.add(input_, "low", entropy.minus(cap_given), f"{PLUG_IN} less {CAP}")
        out.add(input_, "high", mean(t.high - given.low, extra), f"{APART} less {PLUG_IN}")
    out.add(layer, "high", cap, CAP)
    if setting.judged:
        own, everyone = drawn["judged_own"], drawn["judged_all"]
        out.add(input_, "low", mean(everyone - own, extra), FITTED)
        out.add(layer, "low", mean(everyone - own + given.low, extra), FITTED)
        out.add(given_x, "high", mean(own, extra), FITTED)
        if setting.dataset:
            out.add(layer, "high", mean(everyone, extra), FITTED)
            out.add(input_, "high", mean(everyone - given.low, extra), FITTED)
    if setting.dataset:
        out.add(input_, "high", Mean(math.log(setting.n), 0.0), "the entropy of the inputs")
    for v, name in enumerate(setting.labels):
        _about_labels(out, setting, drawn, cap, v, name)
    return out


def _about_labels(out: Ends, setting: Setting, drawn: DrawnSums, cap: Mean, v: int, name: str) -> None:
    """I(T;Y) of the variable ``name``, the v-th."""
    y, extra, mean, about = setting.labels[name], drawn["extra"], over(setting).mean, About(LABEL_INFORMATION, name)
    p = np.bincount(y) / setting.n
    known = float(-(p[p > 0] @ np.log(p[p > 0]))) if setting.dataset else math.log(len(p))
    out.add(about, "low", NOTHING, "no information is negative")
    out.add(about, "high", Mean(known, 0.0), "the entropy of the classes")
    if not setting.judged_only:
        t, inside = of_layer(setting, drawn), given_class(setting, drawn, v, y)
        out.values[about] = mean(t.low - inside.low, extra)
        out.add(about, "low", mean(t.low - inside.high, extra), f"{PLUG_IN} less {APART}")
        out.add(about, "high", mean(t.high - inside.low, extra), f"{APART} less {PLUG_IN}")
        out.add(about, "high", cap.minus(mean(inside.low, extra)), f"{CAP} less {PLUG_IN}")
    if setting.judged and setting.dataset:
        own, everyone, kin = drawn["judged_own"], drawn["judged_all"], drawn["judged_kin"][v]
        out.add(about, "low", mean(everyone - kin, extra), FITTED)
        # As I(X;T|Y) is at least kin - own.
        low = given_input(setting, drawn).low
        out.add(about, "high", mean(everyone - kin + own - low, extra), FITTED)


def information(setting: Setting, drawn: DrawnSums) -> Mean:
    """The mean by which it is seen whether there are draws enough."""
    if setting.judged_only:
        about = drawn["judged_all"] - drawn["judged_own"]
    else:
        about = of_layer(setting, drawn).low - given_input(setting, drawn).low
    return over(setting).mean(about, drawn["extra"])


def of_layer(setting: Setting, drawn: DrawnSums) -> Pair:
    """h(T) above h(Z)."""
    others, size = drawn["others"], setting.n * setting.replicas
    low = math.log(size) - np.logaddexp(0, others)
    if not setting.deep:
        return Pair(low, low if setting.dataset else math.log(max(setting.n - 1, 1)) - others)
    strangers, own = drawn["strangers"][0] - math.log(setting.replicas), drawn["own"]
    if setting.dataset:
        high = math.log(setting.n) - np.logaddexp(own - math.log(setting.forwards - 1), strangers)
    else:
        high = math.log(setting.n - 1) - strangers
    return Pair(low, high)


def given_input(setting: Setting, drawn: DrawnSums) -> Pair:
    """h(T|X) above h(Z): nothing where the layer's own noise is all there is."""
    if not setting.deep:
        nothing = np.zeros_like(drawn["extra"])
        return Pair(nothing, nothing)
    low = math.log(setting.forwards) - np.logaddexp(0, drawn["own"])
    return Pair(low, math.log(setting.forwards - 1) - drawn["own"])


def given_class(setting: Setting, drawn: DrawnSums, v: int, y: Labels) -> Pair:
    """h(T|Y) above h(Z)."""
    inputs = np.bincount(y)[y]
    size, kin = inputs * setting.replicas, drawn["kin"][v + setting.deep]
    low = np.log(size) - np.logaddexp(0, kin)
    if not setting.deep:
        with np.errstate(divide="ignore", invalid="ignore"):  # a class of one has no other
            apart = np.where(inputs > 1, np.log(inputs - 1.0) - kin, np.inf)
            return Pair(low, low if setting.dataset else apart)
    own = drawn["kin"][0]
    if setting.dataset:
        return Pair(low, np.log(size) - np.logaddexp(kin, own - math.log(setting.replicas - 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isfinite(own), np.exp(own - kin), 0.0)
        rest = np.where(share < 1 - 1e-12, kin + np.log1p(-np.minimum(share, 1)), -np.inf)  # else lost to rounding
        return Pair(low, np.where(inputs > 1, np.log(size - setting.replicas + 0.0) - rest, np.inf))


def cap_of_layer(setting: Setting) -> Mean:
    """Gaussian cap on h(T) above h(Z)."""
    if not setting.deep and setting.dataset:
        return Mean(caps.exact(setting.plain[:, 0], setting.noise), 0.0)
    rows = setting.plain[:, : setting.replicas].reshape(-1, setting.d)
    fold = np.arange(setting.n * setting.replicas)
    fold = fold % setting.replicas if setting.dataset else fold // setting.replicas
    judged = caps.held_out(rows, fold % caps.FOLDS, setting.noise).reshape(setting.n, setting.replicas)
    return over(setting).mean(judged.T if setting.deep else judged.reshape(1, -1))


def cap_given_input(setting: Setting) -> Mean:
    """Gaussian cap on h(T|X) above h(Z)."""
    if not setting.deep:
        return Mean(0.0, 0.0)
    if setting.few and setting.judged:  # as near, and at hand
        return Mean(math.inf, 0.0)
    return over(setting).mean(caps.held_out_replicas(setting.plain, setting.noise))


def chi_square(setting: Setting, drawn: DrawnSums) -> float:
    """The plug-in of I_chi2(S;T), which errs low."""
    total = np.logaddexp(0, drawn["others"])
    shares = math.log(setting.n * setting.replicas) + np.logaddexp(0, drawn["squares"]) - 2 * total
    return float(np.exp(shares).mean() - 1)
