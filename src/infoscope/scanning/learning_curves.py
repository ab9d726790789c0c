"""Learning curves from stored weights: loss and accuracy, and where planned how gradients and weights are doing."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Container, Sequence

import torch

from infoscope.core import check
from infoscope.core.estimate import Estimate
from infoscope.core.folder import RunFolder, Sink
from infoscope.core.quantity import ACCURACY, GRADIENT_SNR, LOSS, NOISY_ACCURACY, SAMPLE_SNR, WEIGHT_NORM, Quantity
from infoscope.core.rows import TRAINING, Place, Rows
from infoscope.core.session import Session, Step
from infoscope.scanning.dense_forward import DenseForward
from infoscope.scanning.one_pass import over_steps
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.network import Dense
from infoscope.train.statistics import layer_gradients, noisy_accuracy, performance, sample_gradients


def without_curves(folder: RunFolder, network: str, replay: EnsembleReplay) -> list[int]:
    """The recorded steps that :func:`measure_training` has not come to."""
    done = Session(folder, network).done(TRAINING, {})
    return [step for step in replay.trajectory.steps if (step, "network") not in done]


def measure_training(
    folder: RunFolder,
    network: str,
    replay: EnsembleReplay,
    label: str,
    *,
    there: Rows | None = None,
    at: Container[int] | None = None,
    sinks: Sequence[Sink] = (),
) -> None:
    """Append learning curves (loss and accuracy on train and test) and, where planned, gradient statistics.

    there, at, sinks: as of :func:`infoscope.scanning.one_pass.measure`.
    """
    session = Session(folder, network, sinks=sinks, there=there)
    done = session.done(TRAINING, {})
    steps = [step for step in replay.trajectory.steps if at is None or step in at]
    steps = [step for step in steps if (step, "network") not in done]
    if not steps:
        return
    device = replay.device
    x = torch.tensor(replay.ensemble.x, device=device)
    y = torch.tensor(replay.ensemble.y, dtype=torch.long, device=device)
    splits = {name: torch.tensor(rows, device=device) for name, rows in replay.splits.items()}
    compiled = DenseForward.of(replay.plan.network, replay.ensemble.x, device)
    minibatches = torch.as_tensor(replay.minibatches).to(device)

    def one(step: int, rows: Step) -> None:
        parameters = replay.parameters(step)
        place = Place(
            network=network, step=step, epoch=replay.trajectory.epoch(step), site="network", site_index=-1,
            variable=replay.trained_on, estimator=TRAINING,
        )  # fmt: skip
        for split, of_split in splits.items():
            if compiled is not None:
                found = compiled.performance(parameters, replay.ensemble.y, replay.splits[split])
            else:
                found = performance(replay.plan.network, parameters, x, y, of_split)
            here, n = dataclasses.replace(place, split=split), of_split.shape[1]
            _members(rows, here, replay, LOSS, "mean cross-entropy", found.loss, n)
            _members(rows, here, replay, ACCURACY, "fraction of rows classified right", found.accuracy, n)
            if split == "test" and replay.noise > 0:
                words = "fraction of rows classified right, the noise of every hidden layer on, one forward a row"
                right = noisy_accuracy(replay.plan.network, parameters, x, y, of_split, step)
                _members(rows, here, replay, NOISY_ACCURACY, words, right, n)
        if replay.plan.gradients:
            n = splits["train"].shape[1]
            batch = replay.plan.recipe.batch_size(n)
            snr = f"|mean| / |sd| of the weight gradient over minibatches of {batch} at frozen weights"
            layers = layer_gradients(replay.plan.network, parameters, x, y, minibatches, batch)
            for layer, found in layers.items():
                here = dataclasses.replace(place, site=layer, site_index=replay.places[layer], split="train")
                _members(rows, here, replay, GRADIENT_SNR, snr, found.snr, n)
                _members(rows, here, replay, WEIGHT_NORM, "Frobenius norm of the weights", found.weight_norm, n)
            if isinstance(replay.plan.network, Dense):
                words = "|mean| / |sd| of the weight gradient over single training samples at frozen weights"
                for layer, ratio in sample_gradients(replay.plan.network, parameters, x, y, minibatches).items():
                    here = dataclasses.replace(place, site=layer, site_index=replay.places[layer], split="train")
                    _members(rows, here, replay, SAMPLE_SNR, words, ratio, n)

    over_steps(session, steps, len(replay.trajectory.steps), label, one)


def _members(
    rows: Step,
    place: Place,
    replay: EnsembleReplay,
    quantity: Quantity,
    estimand: str,
    values: torch.Tensor,
    n: int,
) -> None:
    for member, (value, seed) in enumerate(zip(map(float, check.on_cpu(values)), replay.seeds, strict=True)):
        here = dataclasses.replace(place, member=member, seed=int(seed))
        if math.isfinite(value):
            rows.add(here, Estimate(value, quantity, estimand, n))
        else:
            rows.fail(here, quantity, f"{quantity} is {value}: this member diverged", n)
