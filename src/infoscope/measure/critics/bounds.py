"""The objectives that critics are trained on, and what is read from their scores on rows held out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from infoscope.measure.critics.networks import CriticInputs, PairScores

CriticObjective = Literal["infonce", "donsker_varadhan", "jensen_shannon"]
CriticReading = Literal["infonce", "donsker_varadhan", "nwj", "smile"]

CHUNK = 2**20  # scores in memory at a time
LARGEST_EXPONENT = 50.0  # a partition function beyond e^50 has exploded; more of it would say no more
WILD = 0.5  # relative standard error from which a partition function is anyone's guess


class Critic(Protocol):
    """What :mod:`_critic_networks` has two of. all_pairs: whether every y is looked at, and not a row's partners."""

    all_pairs: bool

    def initial(self, copies: int, generator: torch.Generator) -> list[Tensor]: ...

    def embed(self, parameters: list[Tensor], rows: CriticInputs, chosen: Tensor) -> tuple[Tensor, Tensor]: ...

    def training_pairs(self, parameters: list[Tensor], left: Tensor, right: Tensor) -> PairScores: ...

    def partners(self, n: int) -> int: ...

    def block(self, parameters: list[Tensor], left: Tensor, right: Tensor, partners: Tensor | None) -> Tensor: ...


def objective(kind: CriticObjective, pairs: PairScores, smooth: Tensor | None = None) -> Tensor:
    """What training maximises, ``[m]``.

    infonce: van den Oord et al. 2018, eq. 4, with the partners and the joint y as candidates. donsker_varadhan:
    Belghazi et al. 2018, eq. 5; with ``smooth``, a running logarithm of the partition function ``[m]``, its gradient
    is their eq. 12. jensen_shannon: Nowozin et al. 2016, whose best critic is the log-density ratio.
    """
    if kind == "infonce":
        return (pairs.joint - pairs.every.logsumexp(2)).mean(1) + math.log(pairs.partners + 1)
    if kind == "jensen_shannon":
        others = (softplus(pairs.every).sum(2) - softplus(pairs.joint)).mean(1) / pairs.partners
        return -softplus(-pairs.joint).mean(1) - others
    partition = log_partition(pairs)
    if smooth is not None:
        partition = (partition - smooth).exp()
    return pairs.joint.mean(1) - partition


def log_partition(pairs: PairScores) -> Tensor:
    """Logarithm ``[m]`` of the mean of e^score over pairs of different rows."""
    return pairs.others.logsumexp((1, 2)) - math.log(pairs.joint.shape[1] * pairs.partners)


@dataclass(frozen=True)
class Scores:
    """Scores of one critic on ``n`` rows it has never seen, each x against ``partners`` other y.

    joint: ``[n]``. log_partition: of the mean of e^score over the pairs of different rows. pull: ``[n]``, what the
    pairs of a row add to it, relative, so that its mean is zero. candidates: ``[n]`` log of the mean of e^score over
    a row's partners and itself; chosen: ``[n]``, how often its y is picked among the candidates of all rows, less one.
    """

    joint: np.ndarray
    log_partition: float
    pull: np.ndarray
    candidates: np.ndarray
    chosen: np.ndarray
    partners: int

    @property
    def wildness(self) -> float:
        """Standard error of the partition function, relative to it."""
        return float(np.sqrt((self.pull**2).sum()) / len(self.pull))


@torch.no_grad()
def held_out(
    critic: Critic,
    parameters: list[Tensor],
    rows: CriticInputs,
    chosen: Tensor,
    scale: float = 1.0,
    clip: float | None = None,
) -> Scores:
    """The scores of one model (leading axes of size one) on the rows ``chosen [n]``, times ``scale``.

    ``clip`` limits the scores that enter the partition function (not the joint ones) to [-clip, clip].
    """
    left, right = critic.embed(parameters, rows, chosen[None])
    n, k = len(chosen), critic.partners(len(chosen))
    every, device = critic.all_pairs, chosen.device
    joint = torch.empty(n, device=device)
    of_row, of_candidates = torch.empty(n, device=device), torch.empty(n, device=device)
    column_parts, tops = [], []
    picked = torch.zeros(n, dtype=torch.float64, device=device)
    shifts = torch.arange(k + 1, device=device)
    for start in range(0, n, max(1, CHUNK // (n if every else 32 * k))):
        here = torch.arange(start, min(start + max(1, CHUNK // (n if every else 32 * k)), n), device=device)
        partners = None if every else (here[:, None] + shifts) % n
        scores = scale * critic.block(parameters, left[:, here], right, partners)[0]
        own = (torch.arange(len(here), device=device), here if every else torch.zeros_like(here))
        joint[here] = scores[own]
        if clip is not None:
            scores = scores.clamp(-clip, clip)
        scores[own] = -torch.inf
        top = scores.amax(1)
        powers = (scores - top[:, None]).exp_()
        of_row[here] = powers.sum(1).log() + top
        of_candidates[here] = torch.logaddexp(of_row[here], joint[here])
        shares = torch.stack([(top - top.max()).exp(), (top - of_candidates[here]).exp()])
        if partners is None:
            columns, picks = (shares @ powers).double()
        else:
            columns, picks = (
                torch.zeros(n, device=device).index_add_(0, partners.flatten(), (share[:, None] * powers).flatten())
                for share in shares
            )
        picked += picks
        column_parts.append(columns.double())
        tops.append(top.max())
    top = torch.stack(tops).double()
    columns = (torch.stack(column_parts) * (top - top.max()).exp()[:, None]).sum(0)
    rows_too = (of_row.double() - top.max()).exp()
    mean = rows_too.mean()
    pull = (rows_too + columns) / mean - 2
    picked += (joint - of_candidates).exp()
    return Scores(
        joint.double().cpu().numpy(),
        float(mean.log() + top.max() - math.log(k)),
        pull.cpu().numpy(),
        of_candidates.double().cpu().numpy() - math.log(k + 1),
        (picked - 1).cpu().numpy(),
        k,
    )


def read(kind: CriticReading, scores: Scores, constant: float = 0.0) -> tuple[float, np.ndarray]:
    """The value of a bound on held-out scores, and what each row adds to it ``[n]`` (influence, of mean zero).

    infonce: van den Oord et al. 2018, eq. 4. donsker_varadhan: E f - ln E e^f, less the half squared standard error
    by which the logarithm of a finite mean falls short. nwj: Nguyen, Wainwright & Jordan 2010, 1 + E f' - E e^f' with
    f' = f - constant: unbiased for any constant that does not depend on these rows. smile: as donsker_varadhan, without
    that correction (Song & Ermon 2020, eq. 10, with scores that came clipped).
    """
    joint = scores.joint.mean()
    if kind == "infonce":
        terms = scores.joint - scores.candidates
        return float(terms.mean()), terms - terms.mean() - scores.chosen
    if kind == "nwj":
        partition = math.exp(min(scores.log_partition - constant, LARGEST_EXPONENT))
        return float(1 + joint - constant - partition), scores.joint - joint - partition * scores.pull
    short = 0.5 * scores.wildness**2 if kind == "donsker_varadhan" else 0.0
    return float(joint - scores.log_partition - short), scores.joint - joint - scores.pull
