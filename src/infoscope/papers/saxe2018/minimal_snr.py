"""E14, figure 21: the gradient's signal-to-noise ratio in a linear network of one input, one unit and one output.

Paper: the ratio steps down while the weight grows, so a change of phase in the gradient goes without compression. Our
sentence: in a 1-1-1 linear network the ratio ends below 0.3 of where it began, in SGD and in full batch, while |w1| and
the exact I(X;T) grow.

    infoscope run saxe2018/minimal_snr --preset laptop

Hardware: any. smoke: seconds (3 seeds, a tenth of the epochs; too short for a verdict). laptop and paper: 50 seeds,
seconds.

Teacher y = x + e with x and e from N(0, 1), 100 samples; batches of 1, and full batch, both at 0.001. The ratio is
|mean| / sd of the gradient over the samples at frozen weights, for either network.

Deviations: start and number of epochs are not in the paper: weights from N(0, 0.1²), 300 epochs of SGD and 4000 of full
batch. The claim is about a small start; SGD from N(0, 1) is shown beside, where the ratio falls as well, and |w1| grows
in some seeds only. The teacher's weight is 1 in every seed, so that each has the same signal-to-noise ratio.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.curves import (
    GROWTH,
    of_means,
)
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import GRADIENT_SNR, INPUT_INFORMATION, WEIGHT_NORM
from infoscope.papers.saxe2018._gaussian import layer_entropy
from infoscope.papers.saxe2018._lessons import lesson_plan
from infoscope.papers.saxe2018._parts import (
    information,
    norms,
)
from infoscope.scanning.plan import Preset
from infoscope.train.linear import Lesson, train_student

_SMALL: dict[str, Any] = {"samples": 100, "inputs": 1, "hidden": (1,), "fixed_teacher": True, "rate": 0.001}
#: Network -> what it is, how it learns, and for how many epochs.
LESSONS = {
    "sgd": ("SGD, one sample a batch", Lesson(**_SMALL, batch=1), 300),
    "full_batch": ("full batch", Lesson(**_SMALL), 4000),
    "sgd_large_start": ("SGD from weights of standard deviation 1", Lesson(**_SMALL, batch=1, scale=1.0), 300),
}
LAYERS = ("hidden1", "output")

_SMALL_START = ("sgd", "full_batch")
_FALLS = Claim(
    id="saxe2018/minimal_snr/falls-without-compression",
    origin="published",
    paper="saxe2018",
    where="figure 21",
    sentence="In a 1-1-1 linear network the gradient's signal-to-noise ratio steps down while weight and I(X;T) grow.",
    parts=(
        Part(
            "signal-to-noise, end over start",
            [Series(GRADIENT_SNR, name, layer) for name in _SMALL_START for layer in LAYERS],
            of_means("{} at the end over its start", lambda c: c[..., -1] / c[..., 0]),
            Criterion("<=", 0.3, "ratio"),
        ),
        norms(_SMALL_START, ["hidden1"]),
        Part(
            "growth of I(X;T)",
            {name: information(name, "hidden1") for name in _SMALL_START},
            GROWTH,
            Criterion(">=", 0.0, "nats"),
        ),
    ),
    headline="signal-to-noise, end over start",
    published="a step from high to low ratio while |w1| grows (figure 21)",
)


class MinimalSnr(Figure):
    """Gradient signal-to-noise in a 1-1-1 linear network: it falls while the weight grows (E14)

    >>> from infoscope.papers.saxe2018.minimal_snr import MinimalSnr
    >>> {name: computed.title for name, computed in MinimalSnr().plan("laptop").items()}
    {'sgd': 'SGD, one sample a batch', 'full_batch': 'full batch', 'sgd_large_start': 'SGD from weights of standard
    deviation 1'}
    >>> [(part.name, str(part.criterion)) for part in MinimalSnr.claims[0].parts]
    [('signal-to-noise, end over start', '≤ 0.3'), ('growth of the weight norm', '≥ 0'), ('growth of I(X;T)', '≥ 0
    bits')]
    """

    title = "Gradient signal-to-noise in the smallest linear network"
    where = "figure 21"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 50, "paper": 50}
    claims = (_FALLS,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            name: lesson_plan(title, _curves, LAYERS, lesson, epochs // (10 if preset == "smoke" else 1), seeds)
            for name, (title, lesson, epochs) in LESSONS.items()
        }


def _curves(at: Sequence[int], seeds: Sequence[int], **lesson: Any) -> Iterator[Curve]:
    how = Lesson(**lesson)
    students = [train_student(how, seed, at) for seed in seeds]
    weights = np.array([[layer[:, 0, 0] for layer in student.layers] for student in students])  # [m, 2, e]
    x, y = (np.array([getattr(s, name).reshape(-1) for s in students])[:, None] for name in ("x", "y"))
    errors = weights.prod(1)[..., None] * x - y  # [m, e, samples]
    for layer, site in enumerate(LAYERS):
        gradient = 2 * errors * x * weights[:, 1 - layer, :, None]
        ratio = np.abs(gradient.mean(-1)) / gradient.std(-1)
        said: dict[str, Any] = {"site": site, "variable": "label", "split": "train", "estimator": "training"}
        said["n"] = how.samples
        what = "|mean| / sd of the gradient over the samples at frozen weights"
        yield Curve(quantity=GRADIENT_SNR, values=ratio, estimand=what, **said)
        yield Curve(quantity=WEIGHT_NORM, values=abs(weights[:, layer]), estimand="|w|", **said)
    values = [layer_entropy(student.layers[0], np.ones(1)) for student in students]
    yield Curve("hidden1", INPUT_INFORMATION, np.array(values), "T = w x + N(0, 1), x ~ N(0, 1), exact")
