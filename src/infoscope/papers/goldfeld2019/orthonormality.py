"""Weights held near orthonormal, over the strength: how much a noisy network compresses, and how well it generalises.

Paper: new evidence that compression and generalisation may not be causally related: with weights held near orthonormal
the network hardly compresses, and the test loss is no worse. Our sentences are the two claims below, over five
strengths.

    infoscope run goldfeld2019/orthonormality --preset laptop

The noisy network of goldfeld2019/szt; after each update W <- W - strength (W Wᵀ W - W), of all layers but the last.
Compression is that of the entropy of bins ten times as wide as the noise, which follows I(X;T) there (its claim
``binned``) and costs a thousandth. Hardware: 2 CPU cores. smoke: seconds (60 epochs; too short for a verdict). laptop:
8 seeds, 4000 epochs, under a minute of CPU; paper: 16 seeds, 10 000 epochs, 3 minutes.

Deviations: the strength of the paper's figure is not known to us; bins in place of I(X;T). Test losses are with the
noise off, accuracies with it on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_drops, of_means
from infoscope.claim.statistics import drop, end_difference
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import BINNED_ENTROPY, LOSS, NOISY_ACCURACY
from infoscope.core.rows import Rows
from infoscope.papers.goldfeld2019._boolean12 import NOISE
from infoscope.papers.goldfeld2019._correlations import spearman
from infoscope.papers.goldfeld2019._quoted import NOT_CAUSAL
from infoscope.papers.saxe2018._boolean12 import WIDTHS
from infoscope.record.schedule import log_spaced
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset
from infoscope.train.networks.fully_connected import FullyConnected
from infoscope.train.recipe import Recipe

STRENGTHS = (0.0, 1e-5, 1e-4, 1e-3, 1e-2)
JUDGED = 1e-3
_LAST = "hidden5"
_WIDTH = 10 * NOISE
_EPOCHS: dict[Preset, int] = {"smoke": 60, "laptop": 4000, "paper": 10_000}
_POINTS: dict[Preset, int] = {"smoke": 8, "laptop": 40, "paper": 80}


def _name(strength: float) -> str:
    return f"strength_{strength:g}"


def _entropy(strength: float) -> Series:
    return Series(BINNED_ENTROPY, _name(strength), _LAST, estimator="binned_entropy")


def _loss(strength: float) -> Series:
    return Series(LOSS, _name(strength), words="on test rows", split="test")


def _order(*curves: np.ndarray) -> np.ndarray:
    """Spearman correlation of the strengths with the drops of their curves ``[r]``."""
    return spearman(np.arange(len(curves)), np.stack([drop(each) for each in curves], axis=1))


_WEAKENS = Claim(
    id="goldfeld2019/orthonormality/weakens-compression",
    origin="recalled",
    quoted=NOT_CAUSAL,
    paper="goldfeld2019",
    where="the figure of the regularised 12-bit network",
    sentence="The nearer the weights are held to orthonormal, the less the last hidden layer compresses.",
    parts=(
        Part(
            "Spearman correlation of strength and drop",
            {"": [_entropy(strength) for strength in STRENGTHS]},
            of_means(
                "Spearman correlation of the five strengths with the drops of {} from the peaks of the mean curves",
                _order,
            ),
            Criterion("<=", -0.7, "ratio"),
        ),
        Part(
            "drop at strength 0.001 less half of that without",
            {_LAST: (_entropy(JUDGED), _entropy(0.0))},
            of_drops(
                "drop of {} after the peak of its mean curve, at strength 0.001 less half of that without,", (1.0, -0.5)
            ),
            Criterion("<=", 0.0, "nats"),
        ),
    ),
    headline="drop at strength 0.001 less half of that without",
    published="compression largely disappears (recalled from memory, not read)",
)
_NO_WORSE = Claim(
    id="goldfeld2019/orthonormality/generalises-no-worse",
    origin="recalled",
    quoted=NOT_CAUSAL,
    paper="goldfeld2019",
    where="the figure of the regularised 12-bit network",
    sentence="With weights held near orthonormal the test loss is no worse.",
    parts=(
        Part(
            "test loss, strength 0.001 less none",
            {"": (_loss(JUDGED), _loss(0.0))},
            of_means("test loss at the end, at strength 0.001 less without,", end_difference),
            Criterion("<=", 0.0, "nats"),
        ),
    ),
    published="generalisation is no worse (recalled from memory, not read)",
)


class Orthonormality(Figure):
    """The noisy 12-bit network with weights held near orthonormal: compression and test loss over the strength

    >>> from infoscope.papers.goldfeld2019.orthonormality import Orthonormality
    >>> {name: plan.recipe.orthonormality for name, plan in Orthonormality().plan("laptop").items()}
    {'strength_0': 0.0, 'strength_1e-05': 1e-05, 'strength_0.0001': 0.0001, 'strength_0.001': 0.001, 'strength_0.01':
    0.01}
    """

    title = "Orthonormal weights, over the strength"
    where = "the figure of the regularised 12-bit network"
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 8, "paper": 16}
    claims = (_WEAKENS, _NO_WORSE)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        epochs = _EPOCHS[preset]
        return {
            _name(strength): NetworkPlan(
                title=f"{'-'.join(map(str, WIDTHS))}, tanh, noise {NOISE:g}, orthonormality {strength:g}",
                task="boolean12",
                network=FullyConnected(WIDTHS, "tanh", initialisation="uniform_fan_in", noise=NOISE),
                recipe=Recipe(epochs, 4e-4, 256, "adam", orthonormality=strength),
                seeds=seeds,
                epochs=log_spaced(epochs, _POINTS[preset]),
                measures=(MeasurePlan("binned_entropy", {"width": _WIDTH}, sites=(_LAST,)),),
            )
            for strength in STRENGTHS
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """Drop, test loss and accuracy over the strength."""
        said: list[str] = []
        for strength in STRENGTHS:
            right = Series(NOISY_ACCURACY, _name(strength), split="test")
            found = [each.of(rows) for each in (_entropy(strength), _loss(strength), right)]
            if all(len(each) for each in found):
                entropy, loss, accuracy = (np.nanmean(each.curves()[2], axis=0) for each in found)
                said.append(
                    f"{strength:g}: drop {drop(entropy):.2f} nats, test loss {loss[-1]:.3f}, "
                    f"accuracy {accuracy[-1]:.3f}"
                )
        return {"generalises-no-worse": (f"at the end by strength: {'; '.join(said)}",)} if said else {}
