"""How often a rule decides right, by simulation: made-up members scatter as stored ones do, around the truth wanted."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from rule_outcomes import falling

from infoscope.claim.part import Part, Series, Statistic
from infoscope.claim.reading.curves import DROP, LAST
from infoscope.core.claim import Claim, Criterion, Finding, Outcome
from infoscope.core.rows import Rows

BENCH = Path(__file__).resolve().parents[2] / "bench" / "power.py"
AT_LEAST = Criterion(">=", 1.0, "nats", fails_at=0.5)
LAYERS = [Series("I(X;T)", "tanh", layer) for layer in ("hidden1", "hidden2")]


@pytest.fixture(scope="module")
def power():
    spec = importlib.util.spec_from_file_location("infoscope_bench_power", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def noise(power, made_up):
    for layer in ("hidden1", "hidden2"):
        made_up.series("tanh", layer, "I(X;T)", falling(2.0), spread=0.1, members=6)
    return power.Noise(made_up.rows())


def claim(*parts: Part) -> Claim:
    return Claim("p/f/c", "p", "figure 1", "It falls.", parts, "ours", headline=parts[0].name)


def test_made_up_members_scatter_as_the_stored_ones_do(noise):
    rows = noise.rows(noise.mean, 4000, np.random.default_rng(0))
    values = rows.column("value").reshape(4000, -1)
    assert values.mean(0) == pytest.approx(noise.mean, abs=0.02)
    stored = noise.apart.T @ noise.apart / (len(noise.apart) - 1)
    assert np.cov(values.T) == pytest.approx(stored, abs=0.1 * stored.max())


def test_without_noise_every_member_is_the_mean(noise):
    rows = noise.rows(noise.mean, 2, None)
    assert rows.filter(member=0).column("value") == pytest.approx(rows.filter(member=1).column("value"))
    assert LAYERS[0].of(rows).curves()[2][0] == pytest.approx(noise.mean[noise.places(LAYERS[0])])


@pytest.mark.parametrize(
    ("criterion", "true", "false", "edge"),
    [
        (Criterion(">=", 2.0, "nats"), 3.0, 1.0, 2.0),
        (Criterion("<=", 2.0, "nats", fails_at=2.5), 1.5, 3.0, 2.5),
        (Criterion("within", 0.2, "nats"), 0.0, pytest.approx(0.3), 0.2),
        (Criterion(">=", 0.9, "fraction"), pytest.approx(0.95), pytest.approx(0.85), 0.9),
        (Criterion(">=", 0.0, "nats"), 7.0, -7.0, 0.0),  # a standard deviation
    ],
)
def test_the_truth_lies_a_margin_from_where_it_is_decided(power, criterion, true, false, edge):
    found = [power.target(criterion, truth, 7.0) for truth in (power.TRUE, power.FALSE, power.EDGE)]
    assert found == [true, false, edge]


def test_mean_curves_are_bent_until_each_part_is_as_wanted(power, noise):
    drops, ends = Part("drop", LAYERS, DROP, AT_LEAST), Part("end", LAYERS, LAST, Criterion("<=", 9.0, "nats"))
    said = claim(drops, ends)
    for truths, wanted in (
        ({}, (1.5, 1.5)),
        ({"drop, tanh hidden2": power.FALSE}, (1.5, 0.0)),
        ({"drop, tanh hidden1": power.EDGE}, (0.5, 1.5)),
    ):
        mean, unmade = power.scenario(noise, claim(drops), truths)
        found = drops.found(noise.rows(mean, 2, None))
        assert [each.value for each in found.values()] == pytest.approx(wanted, abs=0.15)
        assert unmade == []
    _, unmade = power.scenario(noise, said, {})
    assert set(unmade) <= {"end, tanh hidden1", "end, tanh hidden2"}  # the drops were made first


def test_little_noise_is_decided_right_and_on_the_edge_nobody_knows(power, noise):
    said = claim(Part("drop", LAYERS, DROP, AT_LEAST))
    for truths, right in (({}, Outcome.REPRODUCED), ({f"drop, tanh hidden{i}": power.FALSE for i in (1, 2)},
                                                     Outcome.NOT_REPRODUCED)):  # fmt: skip
        mean, _ = power.scenario(noise, said, truths)
        assert power.decided(noise, mean, said, 6, 5) == [(right, right)] * 5
    assert power._shares([Outcome.REPRODUCED, Outcome.PARTLY], "true") == "0.50 (0.50)"
    assert power._shares([Outcome.INCONCLUSIVE, Outcome.PARTLY], "on the edge") == "(0.50)"


def moved(rows: Rows, by: np.ndarray) -> Rows:
    """``rows`` with ``by [members, s]`` added to the curves of its members."""
    values = rows.column("value") + by[rows.column("member"), np.searchsorted(rows.unique("step"), rows.column("step"))]
    place = rows.table.schema.names.index("value")
    return Rows(rows.table.set_column(place, rows.table.schema.field("value"), pa.array(values)))


def test_what_is_made_of_each_member_is_as_very_many_members_give_it(power, made_up):
    """The mean of members that scatter rises in every step, and each of them in some steps only."""
    rising = np.linspace(0, 1, 8)
    made_up.series("tanh", "hidden1", "I(X;T)", rising, spread=0.0, members=16)
    scatter = 0.3 * np.random.default_rng(0).normal(size=(16, 8))
    noise = power.Noise(moved(made_up.rows(), scatter - scatter.mean(0)))

    def share_that_rises(name, criterion, rows):
        rises = np.diff(rows.curves()[2], axis=1) > 0
        return Finding(name, criterion, float(rises.mean()), None, len(rises))

    rises = Part("rises", LAYERS[:1], Statistic("share of steps", share_that_rises), Criterion(">=", 0.9, "ratio"))
    ends = Part("end", LAYERS[:1], LAST, Criterion(">=", 0.5, "nats"))
    asked, end = power.places_of(claim(rises, ends))
    truth = power.Truth(noise, [asked, end])
    assert truth.apart == {asked.name}
    many = noise.many(noise.mean)
    assert many.column("value").reshape(power.MANY, -1).mean(0) == pytest.approx(noise.mean)
    assert asked.found(noise.rows(noise.mean, 2, None)).value == 1.0
    assert truth.found(asked, noise.mean).value == asked.found(many).value < 0.8
    assert truth.found(end, noise.mean).value == pytest.approx(1.0)


def test_members_that_a_claim_leaves_out_are_not_drawn(power, made_up):
    made_up.series("tanh", "hidden1", "I(X;T)", falling(2.0), spread=0.1, members=6)
    lifted = np.zeros((6, 8))
    lifted[4:] = 100.0  # as if these two had not solved the task
    rows = moved(made_up.rows(), lifted)

    def of_the_solved(name, criterion, rows):
        curves = rows.curves()[2]
        solved = curves[curves.max(1) < 50].mean(0) if (curves.max(1) < 50).any() else None
        return Finding(name, criterion, None if solved is None else float(solved.max() - solved[-1]), None, len(curves))

    said = claim(Part("drop", LAYERS[:1], Statistic("drop of {}", of_the_solved), AT_LEAST))
    noise = power.noise_of(rows, said)
    assert (len(noise.apart), noise.kept) == (4, pytest.approx(4 / 6))
    assert noise.mean.max() < 50
    mean, unmade = power.scenario(noise, said, {})
    assert unmade == []
    assert power.decided(noise, mean, said, 4, 2) == [(Outcome.REPRODUCED, Outcome.REPRODUCED)] * 2
