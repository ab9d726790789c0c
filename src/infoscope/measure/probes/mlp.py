from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import logsumexp

from infoscope.core import check
from infoscope.measure.probes._base import Probe, Reading, Readings, Split, Target
from infoscope.measure.probes._calibration import Calibration, cross_entropy

LATE = 0.02  # nats that the second half of the updates still added: it had not converged
STACK = 1 << 25  # numbers held at once: standardised rows, or hidden activations of all validation rows


@dataclass(frozen=True)
class Mlp(Probe):
    """A network with one hidden ReLU layer on standardised columns, stopped early on validation rows.

    Options
    -------
    hidden: its units. steps: the most updates (Adam, decoupled weight_decay, averaged weights), patience: looks at the
        validation rows, twenty updates apart, without progress before it stops. networks: how many from different
        initial weights, whose probabilities are averaged. calibrate: choose temperature and optional ignorance on
        validation rows.

    All members, splits, targets of as many classes, and initial weights train as one batched program.
    """

    contains: ClassVar[tuple[str, ...]] = ("prior", "linear")
    nonlinear: ClassVar[bool] = True
    quick: ClassVar[dict[str, Any]] = {"steps": 300, "networks": 1, "hidden": 32}

    hidden: int = 64
    networks: int = 2
    steps: int = 1000
    patience: int = 10
    batch: int = 256
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    calibrate: bool = True

    def _check(self) -> None:
        for name in ("hidden", "networks", "steps", "patience", "batch"):
            check.count(getattr(self, name), name)
        check.positive(self.learning_rate, "learning_rate")
        if self.weight_decay:
            check.positive(self.weight_decay, "weight_decay")

    @property
    def words(self) -> str:
        return f"probes with one hidden layer of {self.hidden} units"

    def _read(self, z: Any, targets: Sequence[Target], splits: Sequence[Split], seed: int) -> list[Readings]:
        readings: dict[tuple[int, int, int], Reading] = {}
        for alike in _alike(splits):
            for k in sorted({target.k for target in targets}):
                here = [t for t, target in enumerate(targets) if target.k == k]
                activations = len(here) * self.networks * self.hidden * max(len(splits[s].validation) for s in alike)
                most = max(1, STACK // (len(alike) * max(activations, z.shape[1] * z.shape[2])))
                for first in range(0, len(z), most):
                    members = z[first : first + most]
                    found = self._batch(members, [targets[t] for t in here], k, [splits[s] for s in alike], seed)
                    for (m, t, s), reading in found.items():
                        readings[first + m, here[t], alike[s]] = reading
        return [[[readings[m, t, s] for s in range(len(splits))] for t in range(len(targets))] for m in range(len(z))]

    def _batch(
        self, z: Any, targets: list[Target], k: int, splits: list[Split], seed: int
    ) -> dict[tuple[int, int, int], Reading]:
        """Targets of ``k`` classes on splits of the same size; models are [members, targets, networks, splits]."""
        import torch
        from torch.nn.functional import cross_entropy as loss

        from infoscope.measure.estimators import _critic_training as training
        from infoscope.measure.probes._columns import Columns

        shape = (len(z), len(targets), self.networks, len(splits))
        m, t, _, s = (axis.reshape(-1) for axis in torch.from_numpy(np.indices(shape)))
        device, d, total = z.device, z.shape[2], len(m)
        fits = [Columns.of(member[split.train]) for member in z for split in splits]
        cell = (m * len(splits) + s).to(device)
        standardised = [columns(z[i // len(splits)]).float() for i, columns in enumerate(fits)]
        rows = torch.stack(standardised)  # [members * splits, n, d]
        labels = torch.as_tensor(np.stack([target.y for target in targets]), dtype=torch.long, device=device)
        t = t.to(device)
        generator = training.random_numbers(seed)
        # One set of initial weights for each network of the ensemble, shared by members, targets and splits.
        first = torch.randn(self.networks, d, self.hidden, generator=generator) * (2 / d) ** 0.5
        second = torch.randn(self.networks, self.hidden, k, generator=generator) * (1 / self.hidden) ** 0.5
        which = torch.from_numpy(np.indices(shape))[2].reshape(-1)
        parameters = [
            first[which],
            torch.zeros(total, 1, self.hidden),
            0.1 * second[which],
            torch.zeros(total, 1, k),
        ]
        parameters = [p.to(device) for p in parameters]

        def logits(p: list[Any], index: Any) -> Any:
            hidden = torch.baddbmm(p[1], rows[cell[:, None], index], p[0]).relu()
            return torch.baddbmm(p[3], hidden, p[2])

        def objective(p: list[Any], index: Any) -> Any:
            y = labels[t[:, None], index]
            return -loss(logits(p, index).transpose(1, 2), y, reduction="none").mean(1)

        def indices(name: str) -> Any:
            least = min(len(getattr(split, name)) for split in splits)
            table = np.stack([getattr(split, name)[:least] for split in splits])
            return torch.from_numpy(table)[s].to(device)

        validation = indices("validation")

        def judged(p: list[Any]) -> Any:
            with torch.no_grad():
                return objective(p, validation)

        schedule = training.Schedule(self.learning_rate, self.batch, self.steps, self.patience, self.weight_decay, seed)
        fit = training.fit(parameters, objective, judged, indices("train"), schedule, len(splits))
        converged = (fit.late <= LATE) & ~fit.broken

        readings = {}
        for i, j, split_index in np.ndindex(len(z), len(targets), len(splits)):
            own = [int(np.ravel_multi_index((i, j, net, split_index), shape)) for net in range(self.networks)]
            kept = [p[own] for p in fit.parameters]
            split, target = splits[split_index], targets[j]

            def predicted(index: np.ndarray, kept: list[Any] = kept, cell_index: int = int(cell[own[0]])) -> np.ndarray:
                with torch.no_grad():
                    x = rows[cell_index, torch.from_numpy(index).to(device)].expand(self.networks, -1, -1)
                    hidden = torch.baddbmm(kept[1], x, kept[0]).relu()
                    each = torch.baddbmm(kept[3], hidden, kept[2]).double().log_softmax(-1).cpu().numpy()
                return logsumexp(each, axis=0) - np.log(self.networks)

            prior, y = target.prior(split.known), target.y[split.validation]
            log_q = predicted(split.validation)
            choose = Calibration.chosen(log_q, y, prior, len(split.train)) if self.calibrate else None
            calibration = choose or Calibration.none(prior, len(split.known))
            readings[i, j, split_index] = Reading(
                calibration(predicted(split.scored)),
                cross_entropy(calibration(log_q), y),
                cross_entropy(calibration(predicted(split.train)), target.y[split.train]),
                bool(converged[own].all()),
                calibration.words,
            )
        return readings


def _alike(splits: Sequence[Split]) -> list[list[int]]:
    """Splits whose sizes differ by less than their number, as folds do, train together; others by themselves."""
    groups: list[list[int]] = []
    for s, split in enumerate(splits):
        size = np.array([len(split.train), len(split.validation)])
        for group in groups:
            first = splits[group[0]]
            if (np.abs(size - [len(first.train), len(first.validation)]) <= 2).all():
                group.append(s)
                break
        else:
            groups.append([s])
    return groups
