from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import NOTHING, Cost, Given, Measured, Need
from infoscope.core.quantity import DIFFERENTIAL_ENTROPY
from infoscope.core.shapes import AnyRows, ArrayLike, Labels, Members
from infoscope.measure.bases.estimator import Estimator, together
from infoscope.measure.intervals.groups import Groups
from infoscope.measure.noise.posterior import FEWEST, FULL
from infoscope.measure.noise.propagation import NoisyLayer, check_population, propagate
from infoscope.measure.noise.setting import MOST_CENTRES

REPLICAS = 256  # noisy forwards of each input, where nobody says how many


@dataclass(frozen=True)
class Noisy(Estimator):
    """I(X; T+N) and I(T+N; Y) by sample propagation: Gaussian noise N added by the analysis, or the network's own.

    Options
    -------
    noise: standard deviation of the noise on every unit (0.1).
    population: ``"dataset"`` when these inputs are all there are, ``"sample"`` when they were drawn from a law. Must be
        said: a dataset has no bias and a Monte Carlo error only, a sample a bracket.
    tolerance: standard error of the Monte Carlo integral in nats (0.02), which decides the number of draws.
    seed: of the draws.
    replicas: of a network trained with this noise, how many noisy forwards of each input are measured along its
        trajectory; the interval is the bracket. 0: the rows are outputs
        without noise, and it is the analysis that adds some.

    The value is that of Goldfeld et al. 2019 with rows for clean samples, and the middle of the bracket where there are
    more than 2^13 of them. Unlike ``kde`` it is the information itself and no bound on it. Tensors at hand go to
    :func:`infoscope.noisy_information`.

    Example
    -------
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> print(iscope.plane(x, x[:, 0] > 0, "noisy(noise=0.5, population=dataset)").xt)
    I(X;T) = 2.2... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("entropy", "plane")
    second: ClassVar[tuple[str, ...]] = ("labels",)
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift")
    suits: ClassVar[tuple[str, ...]] = ("patterns",)
    asks: ClassVar[dict[str, Any]] = {"population": "dataset"}
    grouped: ClassVar[str] = "none"

    noise: float = 0.1
    population: Literal["dataset", "sample"] | None = None
    tolerance: float = 0.02
    seed: int = 0
    replicas: int = 0

    def cost(self, n: int, d: int, k: int) -> Cost:
        forwards = max(1, self.replicas)
        centres = min(n * forwards, max(2 * n, MOST_CENTRES))  # of the mixture that every draw is held against
        few, judged = centres < n * forwards, forwards >= FEWEST
        draws = n * min(centres / n, 4.0) if few else max(2.0 * n, d / self.tolerance**2)
        narrow = min(d, 20)  # beyond, a matrix product
        each = 3.6e-9 + 2.5e-10 * narrow * (forwards > 1)
        mixture = 0.0 if few and judged and self.population == "dataset" else draws * centres * each
        gaussians = draws * n * (4e-9 + 4.5e-10 * narrow) + 4e-8 * n * forwards * d if judged else 0.0
        moments = 64.0 * n * d * (d if d <= FULL else 1) if judged else 0.0
        samples = 24.0 * n * forwards * d if forwards > 1 else 0.0
        return Cost(
            5e-3 + 2.5e-8 * draws * d + mixture + gaussians,
            2e6 + draws * (8.0 * d + 380.0) + 100.0 * n + moments + samples,
        )

    def _check(self) -> None:
        check_population(self.population)
        check.count(self.seed, "seed", least=0)
        check.count(self.replicas, "replicas", least=0)
        for name in ("noise", "tolerance"):
            if not 1e-15 <= getattr(self, name) <= 1e15:
                raise InputError(f"{name} is {getattr(self, name)}, wanted a number above 0, e.g. {name}=0.1")

    @property
    def needs(self) -> tuple[Need, ...]:
        return (*super().needs, "replicas") if self.replicas else super().needs

    @property
    def forwards(self) -> tuple[int, int]:
        return self.replicas, self.seed

    def trained_with(self, noise: float, said: Collection[str]) -> Noisy:
        """With the networks' own noise, and 256 noisy forwards of each input where nobody says how many.

        Raises
        ------
        InputError: another noise than theirs, unless ``replicas=0`` says that the analysis adds it; replicas of
            networks without noise.
        """
        if not noise:
            if self.replicas:
                raise InputError(
                    f"replicas={self.replicas} arrived for networks without noise of their own, wanted replicas=0"
                )
            return self
        if "replicas" in said and not self.replicas:
            return self
        if "noise" in said and self.noise != noise:
            raise InputError(
                f"noise={self.noise:g} differs from these networks' own noise of {noise:g}: leave it out to measure "
                "their information, or pass replicas=0 as well to add noise to their outputs without theirs"
            )
        ours = replace(self, noise=noise, replicas=self.replicas if "replicas" in said else REPLICAS)
        return self if ours == self else ours

    def measure(
        self, t: ArrayLike, variables: Mapping[str, np.ndarray], given: Given = NOTHING
    ) -> list[list[Measured]]:
        """As of every estimator; with ``replicas``, of those it is given in place of ``t``.

        Where all forwards agree, as in the first noisy layer, one of them is measured.
        """
        if not self.replicas:
            return super().measure(t, variables, given)
        t = check.array(given.replicas, "replicas")
        if t.ndim != 4 or t.shape[2] != self.replicas:
            raise InputError(
                f"replicas have shape {tuple(t.shape)}, wanted [members, inputs, {self.replicas} replicas, units]: the "
                "clean outputs of noisy forwards"
            )
        members, n, _, d = t.shape
        still: Any = t == t[:, :, :1]
        if bool(still.all()):
            t = t[:, :, 0]
        else:
            check.representation(t.reshape(members, -1, d), "replicas", stacked=True)
        labels = {name: check.labels(y, n, name) for name, y in variables.items()}
        return self._of_members(t, labels, together(given.groups, n))

    def _layer(self, t: AnyRows, labels: dict[str, Labels]) -> NoisyLayer:
        return propagate(
            t,
            self.noise,
            check_population(self.population),
            labels,
            tolerance=self.tolerance,
            seed=self.seed,
            added_by="network" if self.replicas else "analysis",
        )

    def _members(self, t: Members, labels: dict[str, Labels], groups: Groups | None = None) -> list[list[Measured]]:
        layers = [self._layer(member, labels) for member in t]
        return [[Measured("input", layer.xt), *(Measured(name, layer.ty[name]) for name in labels)] for layer in layers]

    def _entropy(self, t: AnyRows) -> Estimate:
        return replace(self._layer(t, {}).t, quantity=DIFFERENTIAL_ENTROPY.called("h(T+N)"))
