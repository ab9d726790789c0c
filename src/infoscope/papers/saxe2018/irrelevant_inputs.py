"""E12, figure 6: a linear network with task-irrelevant inputs: total, relevant and irrelevant information, exactly.

Paper: the information about the whole input does not fall, and hides that about the task-irrelevant inputs, which first
rises and then falls, at the same time as the network fits. Our sentences are the three claims below: that it rises and
falls, that it falls while I(T;Y) rises and not after it, and whether it also happens with as many samples as inputs.

    infoscope run saxe2018/irrelevant_inputs --preset laptop

Hardware: 2 CPU cores. smoke: seconds (3 seeds, 30 epochs; too short for a verdict). laptop and paper: 50 seeds, about a
minute.

The setting of figure 4 with 30 relevant and 70 irrelevant inputs (teacher weight 0), SGD with batch 5. The inputs that
a quantity is not about act as noise: I(X_a;T) = H(T) - H(T|X_a).

Deviations: rates, starts and the number of samples are not in the paper. 500 samples, weights from N(0, 0.05²), rate
0.02, 200 epochs; and the same with 100 samples for 1000 epochs, where the claim fails. Whether one sees a fall also
depends on the variance of the inputs in the formula: 1, which the paper's formula has and the claims are judged with;
with 1/100, that of the training inputs, the noise of the analysis is so large that nothing falls. Both are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series
from infoscope.claim.reading.courses import CONCURRENTLY, HALFWAY
from infoscope.claim.reading.curves import DROP, GROWTH
from infoscope.claim.reading.peaks import RISE
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.rows import options_text
from infoscope.core.units import nats
from infoscope.papers.saxe2018._gaussian import information_about, label_information
from infoscope.papers.saxe2018._lessons import SQUARED_ERROR, lesson_plan
from infoscope.papers.saxe2018._quoted import IRRELEVANT
from infoscope.scanning.plan import Preset
from infoscope.train.linear import Lesson, train_student

RELEVANT = 30
_STUDENT: dict[str, Any] = {"relevant": RELEVANT, "scale": 0.05, "batch": 5, "rate": 0.02}
#: Network -> how it learns, and for how many epochs.
LESSONS = {
    "samples_500": (Lesson(samples=500, **_STUDENT), 200),
    "samples_100": (Lesson(samples=100, **_STUDENT), 1000),
}
PARTS = {
    "input": "all inputs",
    "relevant inputs": f"the {RELEVANT} relevant inputs, the others being noise",
    "irrelevant inputs": "the irrelevant inputs, the others being noise",
}
UNIT = {"input_variance": 1.0}

_RISES = Criterion(">=", nats(0.2), "nats")
_PEAKS = Criterion(">=", nats(0.05), "nats")
_FALL = "drop of the irrelevant information after its peak"


def _about(inputs: str, network: str = "samples_500") -> Series:
    words = "" if inputs == "input" else f"about the {inputs}"
    return Series(INPUT_INFORMATION, network, words=words, variable=inputs, options=options_text(UNIT))


def _fit(network: str) -> Series:
    return Series(LABEL_INFORMATION, network, options=options_text(UNIT))


_FALLS = Claim(
    id="saxe2018/irrelevant_inputs/rises-and-falls",
    origin="published",
    quoted=IRRELEVANT,
    paper="saxe2018",
    where="figure 6",
    sentence="Information about irrelevant inputs rises and then falls while the network fits; the total hides it.",
    parts=(
        Part("growth of the relevant information", {"": _about("relevant inputs")}, GROWTH, _RISES),
        Part("peak of the irrelevant information above its start", {"": _about("irrelevant inputs")}, RISE, _PEAKS),
        Part(_FALL, {"500 samples": _about("irrelevant inputs")}, DROP, _RISES),
        Part("growth of the total information", {"": _about("input")}, GROWTH, Criterion(">=", 0.0, "nats")),
    ),
    headline=_FALL,
    published="a rise and a fall of the irrelevant information, none of the total (figure 6)",
)
_WHILE = Claim(
    id="saxe2018/irrelevant_inputs/while-it-fits",
    origin="published",
    quoted=IRRELEVANT,
    paper="saxe2018",
    where="figure 6",
    sentence="The irrelevant information falls while the network fits, not in a period of its own after it.",
    parts=(
        Part(
            "share of the fall that is done while I(T;Y) rises",
            {"500 samples": (_about("irrelevant inputs"), _fit("samples_500"))},
            CONCURRENTLY,
            Criterion(">=", HALFWAY, "fraction"),
        ),
    ),
    published="concurrently with the fitting process rather than during a subsequent compression period",
    revised="only where the curve ends was judged at first, not when it falls; then the share of the fall that is done "
    "at nine tenths of the rise, which a first run failed and which hangs on the nine tenths: now its average over the "
    "rise, and halfway between a fall that goes with it (50 %) and one that comes after it (0)",
)
_FEW = Claim(
    id="saxe2018/irrelevant_inputs/with-few-samples",
    origin="ours",
    paper="saxe2018",
    where="figure 6",
    sentence="The information about irrelevant inputs falls as well when there are only as many samples as inputs.",
    parts=(Part(_FALL, {"100 samples": _about("irrelevant inputs", "samples_100")}, DROP, _RISES),),
    published="not reported; the number of samples of figure 6 is not given",
)


class IrrelevantInputs(Figure):
    """Linear network with irrelevant inputs: what it knows of them rises, then falls, given enough samples (E12)

    >>> from infoscope.papers.saxe2018.irrelevant_inputs import IrrelevantInputs
    >>> {name: computed.title for name, computed in IrrelevantInputs().plan("laptop").items()}
    {'samples_500': '500 samples, 30 of 100 inputs relevant', 'samples_100': '100 samples, 30 of 100 inputs
    relevant'}
    """

    title = "Task-irrelevant inputs, linear network, exact information"
    where = "figure 6"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 50, "paper": 50}
    claims = (_FALLS, _WHILE, _FEW)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            name: lesson_plan(
                f"{lesson.samples} samples, {RELEVANT} of {lesson.inputs} inputs relevant",
                _curves,
                ("hidden1",),
                lesson,
                30 if preset == "smoke" else epochs,
                seeds,
            )
            for name, (lesson, epochs) in LESSONS.items()
        }


def _curves(at: Sequence[int], seeds: Sequence[int], **lesson: Any) -> Iterator[Curve]:
    how = Lesson(**lesson)
    students = [train_student(how, seed, at) for seed in seeds]
    relevant = np.arange(how.inputs) < RELEVANT
    masks = (np.ones(how.inputs, bool), relevant, ~relevant)
    for variance, shown in ((1.0, "I"), (1 / how.inputs, f"I/{how.inputs}")):
        for (variable, meaning), mask in zip(PARTS.items(), masks, strict=True):
            variances = np.full(how.inputs, variance)
            values = [information_about(mask, student.layers[0], variances) for student in students]
            yield Curve(
                site="hidden1",
                quantity=INPUT_INFORMATION,
                values=np.array(values),
                estimand=f"information about {meaning}, T = W x + N(0, I), x ~ N(0, {shown}), exact",
                variable=variable,
                options={"input_variance": variance},
            )
        said = [
            label_information(student.layers[0], np.full(how.inputs, variance), student.teacher, how.noise)
            for student in students
        ]
        noisy = f"T = W x + N(0, I), x ~ N(0, {shown}), exact"
        options = {"input_variance": variance}
        yield Curve("hidden1", LABEL_INFORMATION, np.array(said), noisy, variable="label", options=options)
    fits = [student.total()[:, 0] for student in students]
    missed = [((student.teacher - fit) ** 2).sum(1) for student, fit in zip(students, fits, strict=True)]
    yield Curve(
        site="network",
        quantity=SQUARED_ERROR,
        values=np.array(missed) / how.inputs + how.noise**2,
        estimand=f"mean squared error on new samples, |w - w'|² / {how.inputs} + {how.noise**2:g}, exact",
        variable="label",
        split="test",
        estimator="training",
    )
