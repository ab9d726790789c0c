"""E9, figures 3, 4A-B, 18 and 19: linear networks taught by a noisy linear teacher, with exact Gaussian information.

Paper: linear networks do not compress, whether they generalise or overtrain, whether they are trained by SGD or by full
batches, shallow or deep; so compression is not what makes a network generalise. Our sentences are the six claims
below: four that are published, whether the first also holds with less noise in the analysis, and, of ours, whether it
holds where some inputs vary more than others, a case that the paper leaves open (section 3).

    infoscope run saxe2018/linear --preset laptop

Hardware: 2 CPU cores. smoke: seconds (3 seeds, 200 epochs; too short for a verdict). laptop and paper: 50 seeds, about
2 minutes.

100 inputs x ~ N(0, I/100), teacher weights and noise of variance 1, so a signal-to-noise ratio of 1. T = W x + N(0, I);
the noise is added for the analysis and not in training. All averages over x are exact, so the test error is that of
infinitely many test samples.

Deviations: learning rates, starts and numbers of epochs are not in the paper: full batch at 0.1 for 4000 epochs, SGD
with batch 5 at 0.02 for 2000, weights N(0, 0.1²); the networks with five hidden layers start from orthogonal matrices,
since from small ones they hardly move for long, and take 2000 full-batch epochs at 0.05. SGD with 500 samples, for 400
epochs, is added. The paper states 100 samples for both figure 3, which generalises, and figure 4, which overtrains;
with 100 samples such a network overtrains, so figure 3 is shown with 500. As printed, the formulas lack 1/2 and the
inputs' variance 1/100 in I(X;T), and 1/100 in the test error; the numbers without them are shown beside the correct
ones. They decide the second claim only: inputs of variance 1 are a hundred times less noise, relatively, and that
choice is the analyst's. That claim and SGD with 500 samples were added after a fall had been seen there: the gradient's
noise wears off the weights that the function has no use for, which only an analysis with little noise sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, findings_of
from infoscope.claim.reading.curves import of_means
from infoscope.claim.reading.peaks import END_OVER_LOWEST, END_OVER_PEAK, MeanCurves, at_step, of_held_out
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.rows import Rows, options_text
from infoscope.core.units import nats, shown
from infoscope.papers.saxe2018._gaussian import label_information, layer_entropy
from infoscope.papers.saxe2018._lessons import SQUARED_ERROR, lesson_plan
from infoscope.papers.saxe2018._parts import (
    information,
)
from infoscope.papers.saxe2018._quoted import NO_CAUSE, NONLINEARITY
from infoscope.scanning.plan import Preset
from infoscope.train.linear import Lesson, Student, train_student

PRINTED = {"formulas": "as printed"}
_DEEP: dict[str, Any] = {"hidden": (50,) * 5, "start": "orthogonal", "scale": 1.0, "rate": 0.05}
#: Network -> what it is, how it learns, and for how many epochs.
LESSONS: dict[str, tuple[str, Lesson, int]] = {
    "batch_500": ("full batch, 500 samples", Lesson(samples=500), 4000),
    "sgd_100": ("SGD with batch 5, 100 samples", Lesson(samples=100, batch=5, rate=0.02), 2000),
    "sgd_500": ("SGD with batch 5, 500 samples", Lesson(samples=500, batch=5, rate=0.02), 400),
    "batch_100": ("full batch, 100 samples", Lesson(samples=100), 4000),
    "deep_500": ("five hidden layers, full batch, 500 samples", Lesson(samples=500, **_DEEP), 2000),
    "deep_100": ("five hidden layers, full batch, 100 samples", Lesson(samples=100, **_DEEP), 2000),
}
_UNEQUAL: dict[str, Any] = {"samples": 500, "relevant": 20, "decline": 1.0}
_WORDS = "inputs of unequal variance, the label in the 20 largest"
#: The same for inputs whose variances fall as 1, 1/2, 1/3 …, of which the first 20 of 100 decide.
UNEQUAL: dict[str, tuple[str, Lesson, int]] = {
    "unequal_batch": (f"{_WORDS}, full batch", Lesson(**_UNEQUAL), 4000),
    "unequal_sgd": (f"{_WORDS}, SGD with batch 5", Lesson(batch=5, rate=0.02, **_UNEQUAL), 400),
}
_FEW = ("sgd_100", "batch_100")
_ERROR = "test error, end over minimum"


def _layers(lesson: Lesson) -> tuple[str, ...]:
    return tuple(f"hidden{i + 1}" for i in range(len(lesson.hidden)))


def _largest_fall(choosing: MeanCurves, measured: MeanCurves) -> np.ndarray:
    """How far the curve falls between the two steps between which it falls most."""
    chooses, held = choosing[0], measured[0]
    end = (np.maximum.accumulate(chooses, -1) - chooses).argmax(-1)
    before = np.where(np.arange(chooses.shape[1]) <= end[:, None], chooses, -np.inf)
    return at_step(held, before.argmax(-1)) - at_step(held, end)


def _largest_falls(options: str, words: str = "", lessons: Mapping[str, tuple[str, Lesson, int]] = LESSONS) -> Part:
    return Part(
        "largest fall of I(X;T)",
        [
            information(name, site, words, options=options)
            for name, (_, lesson, _) in lessons.items()
            for site in _layers(lesson)
        ],
        of_held_out("how far the mean curve of {} is at most below what it was before", _largest_fall),
        Criterion("<=", nats(0.01), "nats"),
    )


def _test_error(network: str) -> Series:
    return Series(SQUARED_ERROR, network, words="on test rows", split="test", options="{}")


_NO_COMPRESSION = Claim(
    id="saxe2018/linear/no-compression",
    origin="published",
    quoted=NONLINEARITY,
    paper="saxe2018",
    where="figures 3, 4A, 18, 19",
    sentence="A linear network never compresses: exact I(X;T) does not fall, with SGD or full batch, shallow or deep.",
    parts=(_largest_falls("{}"),),
    published="I(X;T) does not decrease (figures 3, 4A, 18, 19)",
)
_LESS_NOISE = Claim(
    id="saxe2018/linear/no-compression-with-less-noise",
    origin="published",
    paper="saxe2018",
    where="figures 3, 4A, 18, 19",
    sentence="The same holds with the formula as printed, whose inputs have variance 1: a hundred times less noise.",
    parts=(_largest_falls(options_text(PRINTED), "as printed"),),
    published="I(X;T) does not decrease, by the formula as printed (figures 3, 4A, 18, 19)",
    revised="added after a fall had been seen with SGD",
)
_UNEQUAL_INPUTS = Claim(
    id="saxe2018/linear/no-compression-of-unequal-inputs",
    origin="ours",
    paper="saxe2018",
    where="section 3, a case that is left open",
    sentence="A linear network does not compress either where its inputs vary unequally and the largest decide.",
    parts=(_largest_falls("{}", lessons=UNEQUAL),),
    published="left open (section 3)",
)
_OVERTRAINS = Claim(
    id="saxe2018/linear/overtrains",
    origin="published",
    paper="saxe2018",
    where="figures 4B and 19",
    sentence="With as many samples as inputs the network overtrains, and loses information about the label.",
    parts=(
        Part(_ERROR, [_test_error(name) for name in _FEW], END_OVER_LOWEST, Criterion(">=", 2.0, "ratio")),
        Part(
            "I(T;Y), end over peak",
            {name: Series(LABEL_INFORMATION, name, "hidden1", options="{}") for name in _FEW},
            END_OVER_PEAK,
            Criterion("<=", 0.9, "ratio"),
        ),
    ),
    headline="I(T;Y), end over peak",
    published="substantial overtraining without compression (figure 4B)",
)
_GENERALISES = Claim(
    id="saxe2018/linear/generalises",
    origin="published",
    paper="saxe2018",
    where="figure 3",
    sentence="With five times as many samples as inputs the network generalises, without compression all the same.",
    parts=(Part(_ERROR, [_test_error("batch_500")], END_OVER_LOWEST, Criterion("<=", 1.1, "ratio")),),
    published="minimal overtraining (figure 3, said to be of 100 samples)",
)


def _alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The correlation over epochs of two mean curves ``[r, s]``."""
    a, b = (each - each.mean(-1, keepdims=True) for each in (first, second))
    return (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))


_SIMILAR = Claim(
    id="saxe2018/linear/similar-dynamics",
    origin="published",
    quoted=NO_CAUSE,
    paper="saxe2018",
    where="figures 3 and 4A-B; class reproduction, slides",
    sentence="I(X;T) takes the same course with 100 samples and with 500; the one overtrains and the other does not.",
    parts=(
        Part(
            "correlation of I(X;T) with 100 and with 500 samples",
            {"": [information(name, "hidden1", options="{}") for name in ("batch_100", "batch_500")]},
            of_means("correlation over epochs of the mean curves of {} with 100 samples and with 500", _alike),
            Criterion(">=", 0.9, "correlation"),
        ),
        Part(_ERROR, [_test_error("batch_100")], END_OVER_LOWEST, Criterion(">=", 2.0, "ratio")),
        Part(f"{_ERROR}, 500 samples", [_test_error("batch_500")], END_OVER_LOWEST, Criterion("<=", 1.1, "ratio")),
    ),
    headline="correlation of I(X;T) with 100 and with 500 samples",
    published="similar dynamics, different generalisation (slides)",
)


class LinearStudents(Figure):
    """Linear teacher and student, exact Gaussian information: no compression, overtrained or not (E9)

    >>> from infoscope.papers.saxe2018.linear import LinearStudents
    >>> {name: computed.title for name, computed in LinearStudents().plan("laptop").items()}
    {'batch_500': 'full batch, 500 samples', 'sgd_100': 'SGD with batch 5, 100 samples', 'sgd_500': 'SGD with batch
    5, 500 samples', 'batch_100': 'full batch, 100 samples', 'deep_500': 'five hidden layers, full batch, 500
    samples', 'deep_100': 'five hidden layers, full batch, 100 samples', 'unequal_batch': 'inputs of unequal variance,
    the label in the 20 largest, full batch', 'unequal_sgd': 'inputs of unequal variance, the label in the 20 largest,
    SGD with batch 5'}
    """

    title = "Linear networks, exact information"
    where = "figures 3, 4A-B, 18, 19"
    seeds: ClassVar[dict[str, int]] = {"smoke": 3, "laptop": 50, "paper": 50}
    claims = (_NO_COMPRESSION, _LESS_NOISE, _UNEQUAL_INPUTS, _OVERTRAINS, _GENERALISES, _SIMILAR)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            name: lesson_plan(title, _curves, _layers(lesson), lesson, 200 if preset == "smoke" else epochs, seeds)
            for name, (title, lesson, epochs) in {**LESSONS, **UNEQUAL}.items()
        }

    def notes(self, rows: Rows) -> dict[str, Sequence[str]]:
        """What the formula as printed shows, whose inputs have a hundred times the variance."""
        found = findings_of(_LESS_NOISE.parts, rows)
        falling = [each for each in found if each.value is not None and each.outcome != "holds"]
        said = ", ".join(f"{each.place} {shown(each.value, 'nats', each.interval)}" for each in falling)
        none = "by the formula as printed, with a hundred times less noise, nothing falls"
        told = f"by the formula as printed, with a hundred times less noise, there are falls: {said}" if said else none
        return {"no-compression": [told] if any(each.value is not None for each in found) else []}


def _curves(at: Sequence[int], seeds: Sequence[int], **lesson: Any) -> Iterator[Curve]:
    how = Lesson(**lesson)
    students = [train_student(how, seed, at) for seed in seeds]
    n = how.inputs
    for layer in range(1, len(how.hidden) + 1):
        weights = [student.total(layer) for student in students]
        for printed in (False, True):
            variances = how.variances * (n if printed else 1)
            inputs = np.array([layer_entropy(w, variances) for w in weights])
            label = [
                label_information(w, variances, student.teacher, how.noise)
                for w, student in zip(weights, students, strict=True)
            ]
            spread = "C" if how.decline else "I"  # C: of trace n
            noisy = f"T = W x + N(0, I), x ~ N(0, {spread}{'' if printed else f'/{n}'}), exact"
            said: dict[str, Any] = {"site": f"hidden{layer}", "options": PRINTED if printed else {}}
            if printed:
                yield Curve(quantity=INPUT_INFORMATION, values=2 * inputs, estimand=f"without its 1/2, {noisy}", **said)
            else:
                yield Curve(quantity=INPUT_INFORMATION, values=inputs, estimand=noisy, **said)
            said["variable"] = "label"
            yield Curve(quantity=LABEL_INFORMATION, values=np.array(label), estimand=noisy, **said)
    yield from _errors(how, students)


def _errors(how: Lesson, students: Sequence[Student]) -> Iterator[Curve]:
    """Training and test error; the latter also as printed."""
    fits = [student.total()[:, 0] for student in students]
    train = [((student.y - fit @ student.x.T) ** 2).mean(1) for student, fit in zip(students, fits, strict=True)]
    weights = how.variances * how.inputs
    missed = np.array([((student.teacher - fit) ** 2 @ weights) for student, fit in zip(students, fits, strict=True)])
    said: dict[str, Any] = {"site": "network", "quantity": SQUARED_ERROR, "variable": "label"}
    said["estimator"], noise = "training", how.noise**2
    what = "mean squared error on the samples"
    yield Curve(split="train", values=np.array(train), estimand=what, n=how.samples, **said)
    apart = "(w - w')ᵀ C (w - w')" if how.decline else "|w - w'|²"
    what = f"mean squared error on new samples, {apart} / {how.inputs} + {noise:g}, exact"
    yield Curve(split="test", values=missed / how.inputs + noise, estimand=what, **said)
    what = f"mean squared error on new samples as printed, {apart} + {noise:g}"
    yield Curve(split="test", values=missed + noise, estimand=what, options=PRINTED, **said)
