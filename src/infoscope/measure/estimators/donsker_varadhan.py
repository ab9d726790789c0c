from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from infoscope.core.errors import InputError
from infoscope.measure.bases.critic import Critics
from infoscope.measure.critics.bounds import Critic, CriticObjective, CriticReading, log_partition, objective
from infoscope.measure.critics.networks import CriticInputs


@dataclass(frozen=True)
class DonskerVaradhan(Critics):
    """Donsker-Varadhan bound, E f(x, y) - ln E E exp f(x, y'), by trained critics; with averaging=0.01 it is MINE.

    The second mean is over all pairs of different rows of a fold. For a fixed critic the bound holds; the logarithm of
    a finite mean is too small by about half its squared relative standard error, which is taken off the value, and
    NOT_CONVERGED says when few pairs hold most of that mean, where no correction helps. No sample of n shows more than
    about ln n (McAllester & Stratos 2020): SATURATED there.

    averaging: weight of the present batch in a running mean that replaces the batch's own partition function in the
    gradient (Belghazi et al. 2018, eq. 12); None for the plain gradient. All pairs of a batch are used, so the
    difference is small.

    Example
    -------
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 300, 1))
    >>> print(iscope.mutual_information(x, x + noise, "donsker_varadhan"))
    I(X;Y) ≥ 0... bits...
    """

    offers: ClassVar[tuple[str, ...]] = ("mutual_information",)
    answers: ClassVar[str] = "a lower bound"
    second: ClassVar[tuple[str, ...]] = ("labels", "real")
    bounds: ClassVar[dict[str, str]] = {"I(X;Y)": "lower"}
    invariant: ClassVar[tuple[str, ...]] = ("names", "shift", "scale", "monotone")
    suits: ClassVar[tuple[str, ...]] = ("smooth", "gaussian", "labels", "patterns")
    slow: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 20, "folds": 2, "width": 16}

    objective: ClassVar[CriticObjective] = "donsker_varadhan"
    reading: ClassVar[CriticReading] = "donsker_varadhan"
    words: ClassVar[str] = "Donsker-Varadhan bound over all pairs held out"

    averaging: float | None = None

    def _check(self) -> None:
        super()._check()
        if self.averaging is not None and not 0 < self.averaging <= 1:
            raise InputError(
                f"averaging of {self.id} is {self.averaging}, wanted a number above 0 and at most 1, or none"
            )

    def _goal(self, critic: Critic, rows: CriticInputs) -> Any:
        if self.averaging is None:
            return super()._goal(critic, rows)
        share, running = torch.tensor(self.averaging), []

        def goal(parameters: list[Tensor], chosen: Tensor) -> Tensor:
            pairs = critic.training_pairs(parameters, *critic.embed(parameters, rows, chosen))
            now = log_partition(pairs).detach()
            old = running.pop() + (1 - share).log() if running else now + (1 - share).log()
            running.append(torch.logaddexp(old, now + share.log()))
            return objective("donsker_varadhan", pairs, running[0])

        return goal
