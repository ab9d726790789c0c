"""CB1: the raw input of the checkerboard task: a linear probe reads nothing of the direction, an MLP nearly all.

Paper: usable information depends on who reads (its definition). Our sentence: direction being the exclusive or of
colour and configuration, a linear probe of the raw input finds no usable information about the direction,
one with a hidden layer at least 95 % of the information that is there.

    infoscope run kleinman2021/checkerboard_raw --preset laptop

No network is trained. Hardware: 2 CPU cores. smoke: seconds (2 draws of the task). laptop: 8 draws of 8000 trials,
under a minute; paper: 24. Colour, which a linear probe can read, is shown beside, over four levels of noise.

Deviations: a re-derivation and no replication: the paper's text was not at hand, only its abstract and poster. The
inputs are generated as in the authors' recurrent-network project (14 coherences, noise 0.1 on the two coherence
channels only), with the information they hold by quadrature. Intervals are over draws of the task.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from infoscope.claim.computation import Computation, Curve
from infoscope.claim.figure import Figure
from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import of_means
from infoscope.core import grammar
from infoscope.core.claim import Claim, Criterion
from infoscope.core.quantity import INFORMATION, USABLE
from infoscope.core.rows import options_text
from infoscope.core.units import nats
from infoscope.data import task as load_task
from infoscope.data.tasks._checkerboard import NOISE, ceiling
from infoscope.papers.kleinman2021._checkerboard import IN_WORDS, PROBES, SUFFICES
from infoscope.scanning.plan import Preset

_NOISES = (0.05, NOISE, 0.2, 0.3)
_VARIABLES = ("direction", "colour")
_OVER_DRAWS = "with the whole 95 % interval over draws of the task"


def _reader(probe: str):
    return grammar.make("estimators", "usable_information", probe=probe, test_fraction=0.5, variables=_VARIABLES)


def _read(probe: str) -> Series:
    options = options_text(_reader(probe).options)
    return Series(USABLE, "raw_input", variable="direction", options=options)


def _information(curve: np.ndarray) -> np.ndarray:
    return curve[:, _NOISES.index(NOISE)]


def _share(curve: np.ndarray) -> np.ndarray:
    return curve[:, _NOISES.index(NOISE)] / ceiling()


_READER = Claim(
    id="kleinman2021/checkerboard_raw/depends-on-the-reader",
    origin="ours",
    paper="kleinman2021",
    where="the definition; checkerboard task (a re-derivation)",
    sentence="Of the raw input a linear probe reads nothing about the direction, and an MLP all there is.",
    parts=(
        Part(
            "I_u(X;direction), linear probe",
            {"": _read("linear")},
            Statistic("I_u(X;direction) by a linear probe at noise 0.1", of_means("", _information).find, _OVER_DRAWS),
            Criterion("<=", nats(0.02), "nats"),
        ),
        Part(
            "I_u(X;direction) over I(X;direction), MLP probe",
            {"": _read("mlp")},
            Statistic(
                "I_u(X;direction) by an MLP at noise 0.1, as a share of I(X;direction),",
                of_means("", _share).find,
                _OVER_DRAWS,
            ),
            SUFFICES,
        ),
    ),
    headline="I_u(X;direction), linear probe",
    published="usable information depends on the decoder; direction needs colour and configuration together",
)


class RawInput(Figure):
    """The checkerboard's raw input: what a linear probe and an MLP read of it (CB1)

    >>> from infoscope.papers.kleinman2021.checkerboard_raw import RawInput
    >>> [(part.name, str(part.criterion)) for part in RawInput.claims[0].parts]
    [('I_u(X;direction), linear probe', '≤ 0.02 bits'), ('I_u(X;direction) over I(X;direction), MLP probe', '≥
    0.95')]
    """

    title = "The checkerboard's raw input"
    where = "the definition; checkerboard task"
    seeds = {"smoke": 2, "laptop": 8, "paper": 24}  # noqa: RUF012 - a fact, read from the syntax tree
    claims = (_READER,)

    def computations(self, preset: Preset, seeds: tuple[int, ...]) -> dict[str, Computation]:
        return {
            "raw_input": Computation(
                title="Raw input, usable and exact information",
                curves=_curves,
                sites=("input",),
                at=_NOISES,
                axis="noise",
                seeds=seeds,
                task="checkerboard",
            )
        }


def _curves(at: Sequence[float], seeds: Sequence[int]) -> Iterator[Curve]:
    tasks = [[load_task("checkerboard", seed=seed, noise=noise) for noise in at] for seed in seeds]
    for probe in PROBES:
        reader = _reader(probe)
        found = {name: np.empty((len(seeds), len(at))) for name in _VARIABLES}
        for i, j in np.ndindex(len(seeds), len(at)):
            held_out = tasks[i][j].split.test
            variables = {name: tasks[i][j].variables[name][held_out] for name in _VARIABLES}
            (measured,) = reader.measure(tasks[i][j].inputs[held_out][None], variables)
            for each in measured:
                found[each.variable][i, j] = each.estimate.value
        for name, values in found.items():
            yield Curve(
                "input",
                USABLE,
                values,
                f"usable by a {IN_WORDS[probe]} probe, the representation being the raw input",
                len(tasks[0][0].split.test) // 2,
                variable=name,
                split="test",
                estimator="usable_information",
                options=reader.options,
            )
    exact = np.array([[ceiling(noise) for noise in at]] * len(seeds))
    for name in _VARIABLES:
        yield Curve("input", INFORMATION, exact, "exact, by quadrature", variable=name)
