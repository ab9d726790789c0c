"""A probe to keep: fitted once to all rows, with what cross-fitting chose, and applied to other states later."""

from __future__ import annotations

from typing import Any

import numpy as np

from infoscope.core import check, grammar
from infoscope.core.errors import InputError
from infoscope.core.shapes import ArrayLike
from infoscope.measure.bases.probe import Probe
from infoscope.measure.questions._dealt_rows import LabelledRows
from infoscope.measure.usable.fitted import FittedProbe


def fit_probe(
    z: ArrayLike,
    y: ArrayLike,
    probe: str = "linear",
    *,
    folds: int = 5,
    groups: ArrayLike | None = None,
    seed: int = 0,
    **options: Any,
) -> FittedProbe:
    """A probe of labels ``y [n]``, fitted to all rows of ``z [n, d]``: it says ``.predict_log_proba(states)``.

    probe: ``"linear"``, ``"sparse"``, ``"mlp"`` or ``"mlp3"``, with ``options``. How strongly it is bound (weight
    decay) is what loses least on the validation rows of all ``folds``, and how sure its word is (temperature, optional
    ignorance) what is best on rows that were scored by probes which never saw them; networks stop by the validation
    rows of the first fold, which they are not fitted to. A linear probe of many columns (256 or more) is the one that
    :func:`usable_information` asks about ``z_test``: the first fold chooses both, then all rows are fitted to. What
    such probes read is the matter of that function, whose arguments these are.

    Keep it with :func:`save_probe`, and have it again with :func:`load_probe`.

    Raises
    ------
    InputError: unusable data or options, one class only, or a family that cannot be kept (``knn``, ``ladder``).
    UnknownNameError: no such probe or option.
    """
    check.paired(z=z, y=y, groups=groups)
    labelled = LabelledRows.checked(z, y, None, None, "null", folds, groups, None, seed)
    reader: Probe = grammar.make("probes", probe, **options)
    if why := labelled.constant:
        raise InputError(f"a probe that is kept wants something to read: {why}")
    tensors, chosen = reader.kept(labelled.z, labelled.target, labelled.deal.splits, labelled.seed)
    together = labelled.deal.groups
    about = {
        "probe": reader.spelled, "n": labelled.fitted, "chosen": chosen, "seed": labelled.seed,
        "protocol": labelled.deal.protocol, **({} if together is None else {"groups": together.count}),
    }  # fmt: skip
    classes = np.unique(check.on_cpu(check.array(y, "y")).reshape(-1))
    plain = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    return FittedProbe(classes, int(labelled.z.shape[1]), about, plain)
