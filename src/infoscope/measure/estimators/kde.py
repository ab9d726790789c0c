from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Doubt, Estimate, Status, remark
from infoscope.core.measurement import Cost, Measured
from infoscope.core.quantity import DIFFERENTIAL_ENTROPY, INFORMATION, INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.shapes import AnyRows, Labels, Members, RowsOrLabels
from infoscope.kernels import parallel
from infoscope.measure.bases.estimator import Estimator, several, the_one
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.intervals.uncertainties import CERTIFIED
from infoscope.measure.pairs.distance_bounds import Information, information
from infoscope.measure.pairs.distances import held
from infoscope.measure.symbols.labels import CEILING

_NAMES = {"upper": "KL upper", "lower": "Bhattacharyya lower"}
_ADDED = remark("the noise is added by the analysis only, the network never saw it")


@dataclass(frozen=True)
class Kde(Estimator):
    """Bounds on I(X; T+N) from all pairwise distances, for Gaussian noise N added by the analysis.

    Options
    -------
    noise_variance: variance s2 of the noise on every unit (0.1 when neither is given); several share one pass.
    noise: its standard deviation instead.
    bound: ``"upper"`` (Kullback-Leibler distance) or ``"lower"`` (Bhattacharyya distance).

    With D_ij the squared distance of rows i and j of n, Kolchinsky & Tracey 2017 bound the information that T+N has
    about which of the n rows it came from: I_up = -mean_i ln (1/n) sum_j exp(-D_ij / 2 s2), and I_lo with 8 s2.
    The bracket [I_lo, I_up] holds the true value for certain, for these n rows.

    I(T;Y) is what the papers publish, H_b(T) - sum_y p(y) H_b(T|y) with one bound b in both terms, which is a bound in
    neither direction; its interval is the certified one, [H_lo(T) - sum p H_up(T|y), H_up(T) - sum p H_lo(T|y)].

    With several variances, each row's options hold the one variance behind it, as if it had been measured alone.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 1000, 1))
    >>> print(iscope.mutual_information(x + noise, x > 0, "kde"))
    I(X;Y) = 0.3 bits [-0.69, 1.27] (certified bracket)...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "mutual_information", "plane")
    answers: ClassVar[str] = "another question"
    second: ClassVar[tuple[str, ...]] = ("labels",)
    bounds: ClassVar[dict[str, str]] = {"I(X;T)": "upper", "H(T+N)": "upper"}
    invariant: ClassVar[tuple[str, ...]] = ("rows", "units", "names", "shift")
    suits: ClassVar[tuple[str, ...]] = ("patterns",)
    grouped: ClassVar[str] = "none"
    widest: ClassVar[int | None] = 512

    noise_variance: float | tuple[float, ...] | None = None
    noise: float | tuple[float, ...] | None = None
    bound: Literal["upper", "lower"] = "upper"

    def cost(self, n: int, d: int, k: int) -> Cost:
        times = max(1, len(several(self.noise_variance)), len(several(self.noise)))
        return Cost(5e-4 + n * n * (3e-10 * (1 + times) + 1.6e-11 * d), 6e5 + 1000.0 * n + held(n, d))

    def _check(self) -> None:
        if self.noise is not None and self.noise_variance is not None:
            raise InputError(
                f"noise={self.noise} and noise_variance={self.noise_variance} both arrived, wanted one of them: "
                "noise is a standard deviation, noise_variance its square"
            )
        for name, (least, most) in (("noise", (1e-7, 1e7)), ("noise_variance", (1e-15, 1e15))):
            for value in several(getattr(self, name)):
                if not least <= value <= most:
                    raise InputError(
                        f"{name} is {value}, wanted a number above 0 ({least:g} to {most:g}), e.g. noise_variance=0.1"
                    )

    @property
    def variances(self) -> tuple[float, ...]:
        """The noise variances in force; rounded so that 0.1² is 0.01 and the options of both spellings agree."""
        return tuple(float(f"{sd * sd:.15g}") for sd in several(self.noise)) or several(self.noise_variance) or (0.1,)

    @property
    def options(self) -> dict[str, Any]:
        value = list(self.variances) if isinstance(self.noise or self.noise_variance, tuple) else self.variances[0]
        return {"noise_variance": value, "bound": self.bound}

    def _members(self, t: Members, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        m, n, _ = t.shape
        classes = np.stack(list(labels.values())) if labels else np.zeros((0, n), np.int32)
        threads = 1 if check.is_tensor(t) else parallel.cores(_seconds(t.shape))
        inside = threads if m < threads else 1  # threads over members where they are many, else over strips of one
        jobs = [partial(self._member, member, list(labels), classes, inside) for member in t]
        return parallel.run(jobs, threads if inside == 1 else 1)

    def _member(self, t: AnyRows, names: list[str], classes: np.ndarray, threads: int) -> list[Measured]:
        measured = []
        for s2, found in zip(self.variances, information(t, classes, self.variances, threads), strict=True):
            options = {"noise_variance": s2, "bound": self.bound}
            xt = self._about_input(found, s2)
            measured.append(Measured("input", xt, options))
            for v, name in enumerate(names):
                measured.append(Measured(name, self._about_class(found, v, s2), options))
        return measured

    def _about_input(self, found: Information, s2: float) -> Estimate:
        estimand = f"{_NAMES[self.bound]} bound on I(X; T+N(0, {s2:g} I)) over these n rows"
        estimate = Estimate(found.value(self.bound), INPUT_INFORMATION, estimand, found.n, bound=self.bound)
        ceiling = f"the ceiling is log n = {math.log(found.n):.4g} nats"
        return estimate.within((found.low, found.up), CERTIFIED).doubted(*_doubts(found, self.bound, ceiling), _ADDED)

    def _about_class(self, found: Information, v: int, s2: float, t: str = "T") -> Estimate:
        low, up = found.given[v]
        alone = "nearly every row is alone within its noise, so the value is H(Y) whatever the network does"
        estimate = Estimate(
            found.up - up if self.bound == "upper" else found.low - low,
            LABEL_INFORMATION if t == "T" else INFORMATION,
            f"difference of two {self.bound} bounds for I({t}+N(0, {s2:g} I); Y) over these n rows",
            found.n,
        )
        estimate = estimate.within((found.low - up, found.up - low), CERTIFIED)
        return estimate.doubted(*_doubts(found, self.bound, alone), _ADDED)

    def _entropy(self, t: AnyRows) -> Estimate:
        s2 = the_one(self.variances)
        (found,) = information(t, np.zeros((0, len(t)), np.int32), (s2,), parallel.cores(_seconds(t.shape)))
        of_noise = 0.5 * t.shape[1] * (math.log(2 * math.pi * s2) + 1)  # h(T+N|X)
        return replace(
            self._about_input(found, s2),
            value=found.value(self.bound) + of_noise,
            quantity=DIFFERENTIAL_ENTROPY.called("H(T+N)"),
            estimand=f"{_NAMES[self.bound]} bound on h(T+N(0, {s2:g} I)) over these n rows",
            interval=(found.low + of_noise, found.up + of_noise),
        )

    def _mutual_information(self, x: AnyRows, y: RowsOrLabels) -> Estimate:
        s2 = the_one(self.variances)
        (found,) = information(x, check.on_cpu(y)[None], (s2,), parallel.cores(_seconds(x.shape)))
        return self._about_class(found, 0, s2, "X")


def _seconds(shape: tuple[int, ...]) -> float:
    """About how long the pass takes for ``[n, d]`` or ``[m, n, d]``."""
    *members, n, d = shape
    return math.prod(members) * n * n * (3e-10 + 1.2e-11 * d)


def _doubts(found: Information, bound: Literal["upper", "lower"], full: str) -> list[Doubt]:
    """``full``: what is to be said at the ceiling."""
    if found.up == 0:
        return [Doubt(Status.DEGENERATE, "every row is the same")]
    return [Doubt(Status.SATURATED, full)] if found.value(bound) >= CEILING * math.log(found.n) else []
