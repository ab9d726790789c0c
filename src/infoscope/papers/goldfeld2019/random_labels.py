"""A noisy network that memorises random labels: does it compress, and do its classes cluster, as with the rule's?

Paper: compression is clustering, and may have nothing to do with generalisation; the authors' code has a flag for
random labels, of which no number is known to us. Our sentences, fixed before the first run, are the three claims below:
with labels that nothing can be learned from, the network compresses and clusters the rows that it memorises as it does
with the rule's labels, and only the rule's generalise.

    infoscope run goldfeld2019/random_labels --preset laptop

12-10-7-5-4-3-2, tanh, noise 0.005 and training as in goldfeld2019/szt, on 128 of the 4096 patterns (a network of 277
weights memorises no more), minibatches of 32, once with the rule's labels and once with the same labels dealt at
random; I(X;T) is of the 128 patterns, all of them equally likely. Hardware: 2 CPU cores. smoke: seconds (8 epochs; too
short for a verdict). laptop: 8 seeds, about a minute of CPU; paper: 16 seeds, 1024 forwards.

Deviations: rows, minibatches and labels are ours, and the same for all seeds.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import of_means
from infoscope.claim.statistics import end_difference, last
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import ACCURACY
from infoscope.core.rows import Rows
from infoscope.core.units import nats
from infoscope.papers.goldfeld2019._boolean12 import constellation, measured, noisy12_plan, propagation
from infoscope.papers.goldfeld2019._brackets import late_fall, noisy, of_seeds, unresolved
from infoscope.papers.goldfeld2019._correlations import DISTANCE_RATIO
from infoscope.scanning.plan import MeasurePlan, NetworkPlan, Preset

#: Network -> the variable that it is trained on.
LABELS = {"memorised": "dealt", "learned": "rule"}
_WORDS = {"memorised": "labels dealt at random", "learned": "labels of the rule"}
_LAST = "hidden5"
_WHERE = "random labels (a flag of the authors' code)"
_FALL = Criterion(">=", nats(0.5), "nats")


def _ratio(network: str) -> Series:
    return Series(DISTANCE_RATIO, network, _LAST, f"of the classes of {_WORDS[network]}", variable=LABELS[network])


def _accuracy(network: str) -> Series:
    return Series(ACCURACY, network, words=f"on test rows, {_WORDS[network]}", split="test")


def _closer(ratio: np.ndarray) -> np.ndarray:
    return ratio[..., 0] - last(ratio)


def _claim(name: str, sentence: str, parts: Sequence[Part], headline: str, controls: tuple[Part, ...] = ()) -> Claim:
    return Claim(
        f"goldfeld2019/random_labels/{name}", "goldfeld2019", _WHERE, sentence, tuple(parts), "ours",
        "nothing that we know of", headline=headline, controls=controls,
    )  # fmt: skip


def _falls(network: str) -> Part:
    return Part(
        f"sure fall of I(X;T) from its later peak to the end, {_WORDS[network]}",
        [noisy(network, _LAST)],
        of_seeds(
            "fall of {} from the lower end at its highest point from epoch 100 on to the upper end at the last",
            late_fall,
        ),
        _FALL,
    )


_COMPRESSES = _claim(
    "compresses-too",
    "A noisy network that memorises random labels compresses the inputs that it memorises, as with the rule's.",
    [_falls("memorised")],
    _falls("memorised").name,
    controls=(_falls("learned"),),
)
_CLUSTERS = _claim(
    "clusters-too",
    "Rows of one random label move together as rows of one of the rule's labels do.",
    [
        Part(
            "fall of the distance ratio",
            {_WORDS[network]: _ratio(network) for network in LABELS},
            of_means("fall of {}, from start to end,", _closer),
            Criterion(">=", 0.1, "ratio"),
        )
    ],
    "fall of the distance ratio",
)
_GENERALISES = _claim(
    "only-the-rule-generalises",
    "Only with the rule's labels does the network name patterns that it has not seen.",
    [
        Part(
            "test accuracy, the rule's labels less random ones",
            {"": (_accuracy("learned"), _accuracy("memorised"))},
            of_means("test accuracy at the end, the rule's labels less random ones,", end_difference),
            Criterion(">=", 0.2, "fraction"),
        ),
        Part(
            "test accuracy, random labels",
            [_accuracy("memorised")],
            of_means("{} at the end", last),
            Criterion("<=", 0.55, "fraction"),
        ),
    ],
    "test accuracy, the rule's labels less random ones",
)


class NoisyOnRandomLabels(Figure):
    """A noisy network on random labels beside the rule's: compression, clusters and test accuracy

    >>> from infoscope.papers.goldfeld2019.random_labels import NoisyOnRandomLabels
    >>> {name: plan.trained_on for name, plan in NoisyOnRandomLabels().plan("laptop").items()}
    {'memorised': 'dealt', 'learned': 'rule'}
    """

    title = "The noisy network on random labels"
    where = _WHERE
    seeds: ClassVar[dict[str, int]] = {"smoke": 2, "laptop": 8, "paper": 16}
    claims = (_COMPRESSES, _CLUSTERS, _GENERALISES)

    def networks(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, NetworkPlan]:
        plans: dict[str, NetworkPlan] = {}
        for name, variable in LABELS.items():
            points = constellation(preset, _LAST)
            measures = (
                dataclasses.replace(propagation(preset), sites=(_LAST,)),
                MeasurePlan("class_distances", sites=(_LAST,), epochs=measured(preset)),
                dataclasses.replace(points, options={**points.options, "label": variable}),
            )
            plan = noisy12_plan(preset, seeds, measures, _WORDS[name], batch=32)
            plans[name] = dataclasses.replace(
                plan, task="random_labels", trained_on=variable, evaluate="train", evaluate_rows=128
            )
        return plans

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """How much of its labels each network knows at the end, of rows that it has seen."""
        told = [unresolved(rows)]
        for name in LABELS:
            if len(found := rows.filter(network=name, quantity=ACCURACY, split="train")):
                told.append(f"{_WORDS[name]}: {found.curves()[2][:, -1].mean():.3f} of the training rows are right")
        return dict.fromkeys(("compresses-too", "clusters-too"), told) if any(told) else {}
