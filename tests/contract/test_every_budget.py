"""The law of memory, held against every estimator, measure of geometry, probe and measure of dependence: what its
``cost`` says is the most that it takes, so that a budget is kept or what would pass it is refused in a sentence."""

import re

import numpy as np
import pytest
from memory_taken import taken

import infoscope as iscope
from infoscope.core import grammar, registry
from infoscope.kernels import scaling
from infoscope.measure.bases.measurements import make_measurement
from infoscope.measure.pairs import distances
from infoscope.measure.symbols import quantise

#: What starting a thread, a library's cache and the estimates themselves take, whatever the rows.
ASIDE = 1.5e6
KINDS = ("estimators", "geometries", "probes", "dependences")
EVERY = [(kind, name) for kind in KINDS for name in registry.entries(kind)]
WIDE, LONG = (120, 2000), (1500, 6)


def rows(n, d):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    t = (rng.standard_normal((n, d)) + 2 * rng.standard_normal((3, d))[y]).astype(np.float32)
    return t, y, (t[:, :1] + rng.standard_normal((n, 1))).astype(np.float32)


def asked(kind, name, n, d):
    """The measurement, and each question that it answers: columns, classes, and what asks it."""
    facts = registry.entries(kind)[name].facts
    options = {**facts.get("asks", {}), **facts.get("quick", {})}
    if name == "noisy":
        options["tolerance"] = 0.5  # fewer draws
    made, (t, y, r) = grammar.make(kind, name, **options), rows(n, d)
    if kind == "geometries":
        second = {"labels": y, "rows": np.roll(t, 1, axis=1), "": None}[made.second]
        return made, [(d, 3, lambda: made.geometry(t, second))]
    if kind == "probes":
        return made, [(d, 3, lambda: iscope.usable_information(t, y, name, **options))]
    if kind == "dependences":
        return made, [(d + 1, 1, lambda: made.dependence(t, r))]
    x = (t > 0).astype(np.int64) if "real" not in made.first else t
    found = []
    if "mutual_information" in made.offers and "labels" in made.second:
        found.append((d, 3, lambda: made.mutual_information(x, y)))
    if "mutual_information" in made.offers and "real" in made.second:
        found.append((d + 1, 1, lambda: made.mutual_information(x, r)))
    if "entropy" in made.offers:
        found.append((d, 1, lambda: made.entropy(x)))
    return made, found or [(d, 3, lambda: made.plane(x, y))]


@pytest.mark.parametrize(("n", "d"), [WIDE, LONG], ids=["wide", "long"])
@pytest.mark.parametrize(("kind", "name"), EVERY)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_it_takes_no_more_than_its_cost_says_or_refuses_so_many_columns(kind, name, n, d):
    made, questions = asked(kind, name, n, d)
    for columns, classes, ask in questions:
        try:
            most = taken(ask)
        except iscope.InfoscopeError:
            continue
        assert most <= made.cost(n, columns, classes).bytes + ASIDE


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_with_less_than_its_cost_it_is_refused_in_a_sentence(kind, name):
    made, questions = asked(kind, name, *WIDE)
    columns, classes, ask = questions[0]
    less = 0.9 * made.cost(WIDE[0], columns, classes).bytes
    with iscope.memory_budget(less), pytest.raises(iscope.InfoscopeError) as told:
        ask()
    words = rf"^{name} of {WIDE[0]} rows x [\d,]+ columns takes about .* beside the data, and the budget is .*"
    if "wanted more" not in str(told.value):  # so many columns are refused before
        assert re.fullmatch(words, str(told.value))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name", ["kde(noise_variance=100.0)", "class_distances", "distance_histogram", "neural_collapse", "effective_rank"]
)
def test_what_goes_by_blocks_takes_no_more_for_more_columns(name, dtype, monkeypatch):
    """With blocks of a thousandth; that rows of 2000 x 65 536 take less than 1 GB follows from their cost alone."""
    made = make_measurement(name)
    assert made.cost(2000, 65536, 10).bytes < 5e8
    monkeypatch.setattr(distances, "HELD", 2**14)
    monkeypatch.setattr(distances, "PIECE", 16)
    monkeypatch.setattr(quantise, "AT_ONCE", 2**10)
    monkeypatch.setattr(scaling.stretches, "__defaults__", (2**10,))

    def most(d: int) -> float:
        t, y, _ = rows(60, d)
        stack = t[None].astype(dtype)
        return taken(lambda: made.measure(stack, {"y": y}))

    numbers = 60 if name == "neural_collapse" else 8  # of a column: class means and directions in which they lie
    assert most(4000) < most(1000) + 8 * 3000 * numbers


def test_no_answer_depends_on_the_budget():
    t, y, _ = rows(400, 50)
    before = iscope.geometry(t, y, measure="neural_collapse")
    with iscope.memory_budget("100MB"):
        after = iscope.geometry(t, y, measure="neural_collapse")
    assert {k: v.value for k, v in before.items()} == {k: v.value for k, v in after.items()}
