"""Moving coloured dots, and a cue that says whether their motion or their colour counts."""

from __future__ import annotations

import hashlib
import math

import numpy as np
from scipy import special

from infoscope.core import check
from infoscope.data.definition import Definition, Split, Task
from infoscope.data.tasks._dots import COHERENCES, NOISE, bayes_accuracy, ceiling


class MovingDots(Definition):
    """17 000 trials of dots that move left or right and are mostly red or green; a cue says which of both to answer.

    Generated: motion and colour each have a sign and one of four coherences (0.05 to 0.5), seen with noise of standard
    deviation 0.1; the first 9 000 trials are for training. ``choice`` is the sign that counts in this ``context`` (0
    motion, 1 colour) and ``ignored`` the other; choice, ignored and context say nothing of one another. A minimal
    representation holds the choice and nothing of what is ignored. Motion and colour alone are choice in half of the
    trials. The inputs hold 0.700 bits of each of the four, exactly by quadrature. Inputs: motion, colour, and the cue
    (1, 0) or (0, 1).

    References
    ----------
    The decision is that of Mante, Sussillo, Shenoy and Newsome, Context-dependent computation by recurrent dynamics in
    prefrontal cortex, Nature 2013; coherences, noise and sizes are ours.

    Example
    -------
    >>> iscope.task("moving_dots")
    Task('moving_dots', inputs [17000, 4], 2 classes, 9000 train, 8000 test)
    """

    n = 17000
    features = 4
    classes = 2
    trained_on = "choice"
    split_published = False
    licence = "none needed: generated from a rule"
    citation = "after Mante, Sussillo, Shenoy & Newsome 2013, Nature 503:78"
    trained = 9000

    def load(self, seed: int = 0, noise: float = NOISE) -> Task:
        """Rows that ``seed`` draws; ``noise``: its standard deviation on motion and on colour."""
        seed = check.count(seed, "seed", least=0)
        noise = check.positive(noise, "noise")
        # Raw words, because NumPy keeps these the same over its versions and what Generator makes of them not.
        raw = np.random.PCG64(seed).random_raw(self.n * 7).reshape(self.n, 7)
        uniform = ((raw >> np.uint64(11)) + 0.5) * 2.0**-53
        motion, colour, context = (uniform[:, :3] * 2).astype(np.int64).T
        level = np.array(COHERENCES)[(uniform[:, 3:5] * len(COHERENCES)).astype(np.int64)]
        signs = 2 * np.stack([motion, colour], 1) - 1
        seen = signs * level + noise * special.ndtri(uniform[:, 5:])
        inputs = np.concatenate([seen, np.eye(2)[context]], axis=1)
        variables = {
            "choice": np.where(context == 0, motion, colour),
            "ignored": np.where(context == 0, colour, motion),
            "motion": motion,
            "colour": colour,
            "context": context,
        }
        of_signs = tuple(name for name in variables if name != "context")
        labels = np.stack(list(variables.values())).astype(np.uint8)
        return Task(
            name="moving_dots",
            inputs=inputs.astype(np.float32),
            variables=variables,
            trained_on=self.trained_on,
            classes=self.classes,
            split=Split(np.arange(self.trained), np.arange(self.trained, self.n)),
            split_published=self.split_published,
            entropies=dict.fromkeys(variables, math.log(2)),
            hashes={"generated": hashlib.sha256(labels.tobytes()).hexdigest()},
            licence=self.licence,
            citation=self.citation,
            drawn=True,
            information={**dict.fromkeys(of_signs, ceiling(noise)), "context": math.log(2)},
            best_accuracy={**dict.fromkeys(of_signs, bayes_accuracy(noise)), "context": 1.0},
        )
