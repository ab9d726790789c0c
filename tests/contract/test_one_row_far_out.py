"""Law: one row far out, as an outlier or a code for a missing value is, moves no answer that says OK."""

import numpy as np
import pytest

from infoscope import estimator as make
from infoscope.core import registry
from infoscope.core.estimate import Status

FACTS = {name: entry.facts for name, entry in registry.entries("estimators").items()}
ABOUT = [
    (name, kind)
    for name, facts in FACTS.items()
    if "mutual_information" in facts.get("offers", ()) and "real" in facts.get("first", ("real",))
    for kind in facts.get("second", ("labels",))
]


@pytest.mark.parametrize(("name", "kind"), ABOUT)
def test_one_row_far_out_moves_no_answer_that_says_ok(name, kind):
    """By more than one row of 500 can say (ln 500 / 500 = .012 nats) and five standard errors of such a pair."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1))
    y = 0.9 * x + np.sqrt(0.19) * rng.normal(size=(500, 1))
    about = y if kind == "real" else (y[:, 0] > 0).astype(int)
    made = make(name, **FACTS[name].get("asks", {}), **FACTS[name].get("quick", {}))
    clean = made.mutual_information(x, about)
    x[3] = 1e6
    spoilt = made.mutual_information(x, about)
    if spoilt.status is Status.OK:
        assert spoilt.value == pytest.approx(clean.value, abs=0.012 + 5 * 0.9 / np.sqrt(500))
