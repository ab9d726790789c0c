"""What the checkerboard tasks share: the generator, and what can at best be told from its inputs."""

from __future__ import annotations

import hashlib
import math
from functools import cache, reduce
from typing import ClassVar

import numpy as np
from scipy import special

from infoscope.core import check
from infoscope.data.definition import Definition, Split, Task
from infoscope.data.tasks import _evidence

SQUARES = 225
#: Red squares at the seven levels of coherence of the authors' recurrent-network project.
RED = (117, 124, 135, 147, 158, 180, 214)
COHERENCES = tuple(2 * red / SQUARES - 1 for red in RED)
NOISE = 0.1
_DRAWS = 200_000


class CheckerboardTask(Definition):
    """One trial a row: a checkerboard with a dominant colour, and targets that show the colours; find the target.

    With C colours, the C targets show them in order from a first one on, round and round: target j shows colour
    (j + configuration) mod C. The direction to move to is the target of the dominant colour, (colour - configuration)
    mod C. Colour, configuration and the coherence (one of seven, :data:`COHERENCES`) are independent and uniform, so
    direction, colour and configuration are independent in pairs, with ln C nats each.

    Inputs: C target channels, with colour k shown as 2k/(C-1) - 1; and C checkerboard channels, the excess
    (C p - 1)/(C - 1) of the proportion p of squares of a colour: c for the dominant one and -c/(C-1) for the others,
    plus independent normal noise. For C = 2 that is (left, right, c, -c), left and right being 1 or -1.
    """

    colours: ClassVar[int]
    trained: ClassVar[int]  # rows for training

    def load(self, seed: int = 0, noise: float = NOISE) -> Task:
        """Rows that ``seed`` draws; ``noise``: its standard deviation on the checkerboard channels."""
        seed = check.count(seed, "seed", least=0)
        noise = check.positive(noise, "noise")
        c = self.colours
        # Raw words, because NumPy keeps these the same over its versions and what Generator makes of them not.
        raw = np.random.PCG64(seed).random_raw(self.n * (3 + c)).reshape(self.n, 3 + c)
        uniform = ((raw >> np.uint64(11)) + 0.5) * 2.0**-53
        colour, configuration = (uniform[:, :2] * c).astype(np.int64).T
        coherence = np.array(COHERENCES)[(uniform[:, 2] * len(COHERENCES)).astype(np.int64)]
        shown = (np.arange(c) + configuration[:, None]) % c
        excess = np.where(np.arange(c) == colour[:, None], 1.0, -1.0 / (c - 1)) * coherence[:, None]
        inputs = np.concatenate([2 * shown / (c - 1) - 1, excess + noise * special.ndtri(uniform[:, 3:])], axis=1)
        variables = {"direction": (colour - configuration) % c, "colour": colour, "configuration": configuration}
        most = {"configuration": math.log(c)}
        accuracy = {"configuration": 1.0}
        if c == 2:
            most |= dict.fromkeys(("direction", "colour"), ceiling(noise))
            accuracy |= dict.fromkeys(("direction", "colour"), bayes_accuracy(noise))
        labels = np.stack(list(variables.values())).astype(np.uint8)
        return Task(
            name=f"checkerboard{c if c > 2 else ''}",
            inputs=inputs.astype(np.float32),
            variables=variables,
            trained_on=self.trained_on,
            classes=self.classes,
            split=Split(np.arange(self.trained), np.arange(self.trained, self.n)),
            split_published=self.split_published,
            entropies=dict.fromkeys(variables, math.log(c)),
            hashes={"generated": hashlib.sha256(labels.tobytes()).hexdigest()},
            licence=self.licence,
            citation=self.citation,
            drawn=True,
            information=most,
            best_accuracy=accuracy,
        )


@cache
def ceiling(noise: float = NOISE) -> float:
    """I(input; colour) = I(input; direction) in nats with two colours: the same, as the inputs tell the configuration.

    By quadrature: half the difference of the two channels is the coherence with its sign (fourteen levels) plus noise
    of standard deviation ``noise``/sqrt(2), and their sum is noise alone.
    """
    return _evidence.information(check.positive(noise, "noise") / math.sqrt(2), COHERENCES)


@cache
def bayes_accuracy(noise: float = NOISE) -> float:
    """The greatest possible share of right answers with two colours, for colour and direction alike."""
    return _evidence.best_accuracy(check.positive(noise, "noise") / math.sqrt(2), COHERENCES)


@cache
def sampled_ceiling(colours: int, noise: float = NOISE) -> tuple[float, float]:
    """I(input; direction) in nats and the Bayes accuracy with any number of colours, as means over 200 000 draws.

    The posterior of a draw is exact; of more than two colours no quadrature is at hand. Standard errors are about 0.002
    nats and 0.001.
    """
    rng = np.random.default_rng(0)
    levels = np.array(COHERENCES)
    stretch = colours / (colours - 1)
    # By symmetry colour 0 is dominant. A common shift of all channels says nothing, so their mean is taken off.
    y = noise * rng.normal(size=(_DRAWS, colours))
    y[:, 0] += stretch * rng.choice(levels, _DRAWS)
    y -= y.mean(1, keepdims=True)
    score = reduce(np.logaddexp, (stretch / noise**2 * (level * y - level**2 / 2) for level in levels))
    log_posterior = score[:, 0] - special.logsumexp(score, axis=1)
    return math.log(colours) + float(log_posterior.mean()), float((score.argmax(1) == 0).mean())
