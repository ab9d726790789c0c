from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from scipy.special import logsumexp

from infoscope.core import check
from infoscope.core.measurement import Cost
from infoscope.measure.bases.probe import Probe
from infoscope.measure.usable.fitted import calibrated, scaling
from infoscope.measure.usable.readings import Expected, ProbeSplit, Reading, Readings, Target
from infoscope.measure.usable.temperature import Tempered, cross_entropy

LATE = 0.02  # nats that the second half of the updates still added: it had not converged
STACK = 1 << 25  # numbers held at once: standardised rows, or hidden activations of all validation rows


@dataclass(frozen=True)
class MlpProbe(Probe):
    """Base of probes that are networks of hidden ReLU layers on standardised columns: ``depth`` layers of ``hidden``
    units.

    All members, splits, targets of as many classes, and initial weights train side by side: on the CPU in a compiled
    loop on all cores, elsewhere as one program of tensors. What differs is rounding.
    """

    depth: ClassVar[int] = 1

    hidden: int = 64
    networks: int = 2
    steps: int = 1000
    patience: int = 10
    batch: int = 256
    learning_rate: float = 5e-3
    weight_decay: float = 1e-2
    calibrate: bool = True

    def cost(self, n: int, d: int, k: int) -> Cost:
        update = 3e-5 + 1.7e-10 * self.batch * self.hidden * (d + k + (self.depth - 1) * self.hidden)
        return Cost(self.networks * self.steps * update, 900.0 * n + 8.0 * n * (10.5 * d + k) + 1e5)

    def _check(self) -> None:
        for name in ("hidden", "networks", "steps", "patience", "batch"):
            check.count(getattr(self, name), name)
        check.between(self.learning_rate, 1e-30, 1e3, "learning_rate")
        if self.weight_decay:
            check.positive(self.weight_decay, "weight_decay")

    @property
    def words(self) -> str:
        layers = "one hidden layer" if self.depth == 1 else f"{self.depth} hidden layers"
        return f"probes with {layers} of {self.hidden} units"

    def _read(self, z: Any, targets: Sequence[Target], splits: Sequence[ProbeSplit], seed: int) -> list[Readings]:
        readings: dict[tuple[int, int, int], Reading] = {}
        for alike in _alike(splits):
            for k in sorted({target.k for target in targets}):
                here = [t for t, target in enumerate(targets) if target.k == k]
                activations = (
                    self.depth * len(here) * self.networks * self.hidden * max(len(splits[s].validation) for s in alike)
                )
                most = max(1, STACK // (len(alike) * max(activations, z.shape[1] * z.shape[2])))
                for first in range(0, len(z), most):
                    members = z[first : first + most]
                    found = self._batch(members, [targets[t] for t in here], k, [splits[s] for s in alike], seed)
                    for (m, t, s), reading in found.items():
                        readings[first + m, here[t], alike[s]] = reading
        return [[[readings[m, t, s] for s in range(len(splits))] for t in range(len(targets))] for m in range(len(z))]

    def _batch(
        self, z: Any, targets: list[Target], k: int, splits: list[ProbeSplit], seed: int
    ) -> dict[tuple[int, int, int], Reading]:
        """Targets of ``k`` classes on splits of the same size."""
        import torch

        labels = torch.as_tensor(np.stack([target.y for target in targets]), dtype=torch.long, device=z.device)
        trained = self._trained(z, labels, k, splits, seed)
        readings = {}
        for place in np.ndindex(len(z), len(targets), len(splits)):
            target, split = targets[place[1]], splits[place[2]]

            def predicted(index: np.ndarray, place: tuple[int, int, int] = place) -> np.ndarray:
                each = trained.outputs(place, index).log_softmax(-1).cpu().numpy()
                return logsumexp(each, axis=0) - np.log(self.networks)

            prior, y = target.prior(split.known), target.y[split.validation]
            log_q = predicted(split.validation)
            choose = Tempered.chosen(log_q, y, prior, len(split.train)) if self.calibrate else None
            calibration = choose or Tempered.none(prior, len(split.known))
            readings[place] = Reading(
                calibration(predicted(split.scored)),
                cross_entropy(calibration(log_q), y),
                cross_entropy(calibration(predicted(split.train)), target.y[split.train]),
                trained.converged(place),
                calibration.words,
            )
        return readings

    def _kept(
        self, z: Any, target: Target, splits: Sequence[ProbeSplit], seed: int
    ) -> tuple[dict[str, np.ndarray], str]:
        """Trained on all rows but the validation rows of the first split, which say when to stop and how sure to be."""
        import torch

        from infoscope.measure.usable.standardiser import Standardiser

        first = splits[0]
        split = ProbeSplit(np.sort(np.concatenate([first.train, first.scored])), first.validation, first.scored)
        labels = torch.as_tensor(target.y[None], dtype=torch.long, device=z.device)
        trained = self._trained(z[None], labels, target.k, [split], seed)
        each = trained.outputs((0, 0, 0), split.validation).log_softmax(-1).cpu().numpy()
        log_q, prior = logsumexp(each, axis=0) - np.log(self.networks), target.prior(np.arange(len(z)))
        calibration = Tempered.none(prior, len(z))
        if self.calibrate:
            calibration = Tempered.chosen(log_q, target.y[split.validation], prior, len(split.train))
        tensors = {**scaling(Standardiser.of(z[split.train])), **calibrated(calibration)}
        for layer, pair in enumerate(zip(trained.parameters[::2], trained.parameters[1::2], strict=True)):
            weights, bias = (p.detach().cpu().double().numpy() for p in pair)
            tensors |= {f"weight{layer}": weights, f"bias{layer}": bias[:, 0]}
        return tensors, calibration.words

    def _expect(self, z: Any, y: np.ndarray, splits: Sequence[ProbeSplit], seed: int) -> list[Expected]:
        import torch

        found: dict[int, Expected] = {}
        for alike in _alike(splits):
            here = [splits[s] for s in alike]
            # One scale for the folds of a batch, which early stopping and the learning rate suppose to be about 1.
            mean, sd = y[here[0].train].mean(0), y[here[0].train].std(0)
            sd = np.where(sd > 0, sd, 1.0)
            wanted = torch.as_tensor((y - mean) / sd, dtype=torch.float32, device=z.device)
            trained = self._trained(z[None], wanted, y.shape[1], here, seed)
            for i, (s, split) in enumerate(zip(alike, here, strict=True)):
                validation, scored, known = (
                    mean + sd * trained.outputs((0, 0, i), rows).mean(0).cpu().numpy()
                    for rows in (split.validation, split.scored, split.known)
                )
                found[s] = Expected(validation, scored, known, trained.converged((0, 0, i)))
        return [found[s] for s in range(len(splits))]

    def _trained(self, z: Any, wanted: Any, k: int, splits: Sequence[ProbeSplit], seed: int) -> _Trained:
        """Networks ``[members, targets, networks, splits]`` with ``k`` outputs, the splits of the same size.

        wanted: labels ``[targets, n]``, or quantities ``[n, k]``.
        """
        import torch

        from infoscope.measure.critics.training import TrainingSchedule, random_numbers
        from infoscope.measure.usable.mlp_training import Stack
        from infoscope.measure.usable.standardiser import Standardiser

        targets = 1 if wanted.is_floating_point() else len(wanted)
        shape = (len(z), targets, self.networks, len(splits))
        m, t, which, s = (axis.reshape(-1) for axis in torch.from_numpy(np.indices(shape)))
        device, d = z.device, z.shape[2]
        fits = [Standardiser.of(member[split.train]) for member in z for split in splits]
        rows = torch.stack([columns(z[i // len(splits)], single=True) for i, columns in enumerate(fits)])
        generator = random_numbers(seed)
        # One set of initial weights for each network of the ensemble, shared by members, targets and splits.
        widths, parameters = (d, *[self.hidden] * self.depth, k), []
        for layer, (a, b) in enumerate(pairwise(widths)):
            size = (2 / a) ** 0.5 if layer < self.depth else 0.1 * (1 / a) ** 0.5
            weights = torch.randn(self.networks, a, b, generator=generator) * size
            parameters += [weights[which].to(device), torch.zeros(len(m), 1, b, device=device)]

        def indices(name: str) -> Any:
            least = min(len(getattr(split, name)) for split in splits)
            table = np.stack([getattr(split, name)[:least] for split in splits])
            return torch.from_numpy(table).to(device)

        places = ((m * len(splits) + s).to(device), t.to(device), s.to(device))
        stack = Stack(rows, *places, indices("train"), indices("validation"), wanted)
        schedule = TrainingSchedule(self.learning_rate, self.batch, self.steps, self.patience, self.weight_decay, seed)
        fit = stack.fit(parameters, schedule)
        return _Trained(rows, fit.parameters, (fit.late <= LATE) & ~fit.broken, shape)


@dataclass(frozen=True)
class _Trained:
    """Networks ``[members, targets, networks, splits]`` and the standardised rows ``[members * splits, n, d]``."""

    rows: Any
    parameters: list[Any]
    fine: np.ndarray
    shape: tuple[int, int, int, int]

    def outputs(self, place: tuple[int, int, int], index: np.ndarray) -> Any:
        """What the networks of one (member, target, split) say of rows ``index``, float64 ``[networks, rows, k]``."""
        import torch

        from infoscope.measure.usable.mlp_training import outputs

        cell = place[0] * self.shape[3] + place[2]
        with torch.no_grad():
            x = self.rows[cell, torch.from_numpy(index).to(self.rows.device)].expand(self.shape[2], -1, -1)
            return outputs([p[self._models(place)] for p in self.parameters], x).double()

    def converged(self, place: tuple[int, int, int]) -> bool:
        return bool(self.fine[self._models(place)].all())

    def _models(self, place: tuple[int, int, int]) -> list[int]:
        m, t, s = place
        return [int(np.ravel_multi_index((m, t, net, s), self.shape)) for net in range(self.shape[2])]


def _alike(splits: Sequence[ProbeSplit]) -> list[list[int]]:
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
