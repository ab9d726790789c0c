"""Tasks on all patterns of a few bits, each as likely as any other, whose label a rule of the pattern decides."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from infoscope.data.definition import Definition, Task, draw_split


def of_rule(
    definition: Definition, name: str, patterns: np.ndarray, label: np.ndarray, seed: int, train_fraction: float
) -> Task:
    """The task of ``definition`` with these ``patterns [n, bits]`` and a yes or no ``label [n]``, some yes and some no.

    All that can be known of it is exact: H(X) = log n, and H(Y) = I(X;Y) by the share of patterns that are yes.
    """
    share = int(label.sum()) / definition.n
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    return Task(
        name=name,
        inputs=patterns.astype(np.float32),
        variables={"label": label.astype(np.int64)},
        trained_on=definition.trained_on,
        classes=definition.classes,
        split=draw_split(definition.n, seed, train_fraction),
        split_published=definition.split_published,
        entropies={"input": math.log(definition.n), "label": entropy},
        information={"label": entropy},
        best_accuracy={"label": 1.0},
        hashes={"generated": hashlib.sha256(label.astype(np.uint8).tobytes()).hexdigest()},
        licence=definition.licence,
        citation=definition.citation,
    )
