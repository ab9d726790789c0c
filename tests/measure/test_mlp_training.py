"""Training of MLP probes: the compiled program against its twin in torch, and what must not change a network."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch

from infoscope import probe as make
from infoscope.kernels import adam, parallel
from infoscope.kernels.row_products import LANES
from infoscope.measure.critics import training as training
from infoscope.measure.critics.training import TrainingSchedule
from infoscope.measure.usable import mlp_compiled
from infoscope.measure.usable.deals import cross_fitted, folds_of
from infoscope.measure.usable.mlp_training import Stack, _Compiled
from infoscope.measure.usable.readings import Target

STEEP = TrainingSchedule(learning_rate=1e-2, batch=64, steps=30, patience=100, weight_decay=0.05, seed=0)


def stack(d=4, hidden=9, depth=1, k=3, quantities=False, n=700, seed=0):
    """Networks of two members, two targets, two initial weights and three splits, and those initial weights."""
    generator = torch.Generator().manual_seed(seed)
    members, targets, networks, splits = 2, 1 if quantities else 2, 2, 3
    labels = torch.randint(k, (targets, n), generator=generator)
    rows = torch.randn(members * splits, n, d, generator=generator)
    rows[:, :, 0] += labels[0]
    if d > 2:
        rows[:, :, 1] = 0
    wanted = torch.randn(n, k, generator=generator) + rows[0, :, :1] if quantities else labels
    order = torch.stack([torch.randperm(n, generator=generator) for _ in range(splits)])
    places = np.indices((members, targets, networks, splits)).reshape(4, -1)
    member, target, network, split = torch.from_numpy(places)
    parameters = []
    for a, b in pairwise([d, *[hidden] * depth, k]):
        weights = torch.randn(networks, a, b, generator=generator) * (2 / a) ** 0.5
        parameters += [weights[network], torch.zeros(len(member), 1, b)]
    return Stack(rows, member * splits + split, target, split, order[:, 150:], order[:, :150], wanted), parameters


def cloned(parameters):
    return [p.clone() for p in parameters]


# --- the two programs -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "batch"),
    [
        ({"d": 4, "hidden": 9}, 37),
        ({"d": 1, "hidden": 8, "k": 2}, 200),  # one column: weights that are no matrix do not decay
        ({"d": 5, "hidden": 16, "depth": 3, "k": 4}, 256),
        ({"d": 5, "hidden": 1}, 300),
        ({"d": 50, "hidden": 33, "k": 11}, 513),
        ({"d": 30, "hidden": 12, "k": 2, "quantities": True}, 1000),  # all rows in every batch, three blocks of them
        ({"d": 4, "hidden": 8, "depth": 3, "k": 1, "quantities": True}, 16),
    ],
)
def test_both_programs_reach_the_same_parameters(options, batch):
    """To rounding, but for the odd unit at the very corner of its rectifier: Adam steps however small a gradient is."""
    networks, parameters = stack(**options)
    schedule = dataclasses.replace(STEEP, batch=batch)
    ours, twin = networks.compiled(cloned(parameters), schedule), networks.batched(cloned(parameters), schedule)
    apart = np.concatenate(
        [(a - b).abs().reshape(-1).numpy() for a, b in zip(ours.parameters, twin.parameters, strict=True)]
    )
    moved = max(float((a - b).abs().max()) for a, b in zip(ours.parameters, parameters, strict=True))
    assert moved > 0.1
    assert np.quantile(apart, 0.99) < 1e-5
    assert apart.max() < 0.02
    late = np.abs(np.asarray(ours.late) - np.asarray(twin.late))  # of a network with such a unit a little more
    assert np.quantile(late, 0.9) < 1e-5
    assert late.max() < 1e-3
    assert not ours.broken.any()
    assert not twin.broken.any()


@pytest.mark.parametrize("name", ["mlp", "mlp3"])
def test_a_whole_fit_reads_the_same_by_both(name, monkeypatch):
    """Two members and two targets, until the validation rows stop it: readings to 1e-3 nats, any one row to 0.1.

    Rounding grows over a fit: between two runs of torch's program whose initial weights differ in the last bit a row's
    mean moves by 0.009, and that program lies 0.03 from its own run in float64, the compiled one 0.007.
    """
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=600)
    z = rng.normal(size=(2, 600, 5)) + y[:, None]
    y_real = z[0, :, :2] ** 2 + 0.5 * rng.normal(size=(600, 2))
    targets, splits = [Target(y, 3), Target((y + rng.integers(2, size=600)) % 3, 3)], cross_fitted(folds_of(600, 4, 0))
    probe = make(name, steps=200, hidden=24, patience=3)

    def everything():
        return probe.read(z, targets, splits), probe.expect(z[0], y_real, splits)

    ours, means = everything()
    monkeypatch.setattr(Stack, "fit", Stack.batched)
    twins, twin_means = everything()
    for m, t, s in np.ndindex(2, 2, 4):
        one, other, labels = ours[m][t][s], twins[m][t][s], targets[t].y[splits[s].scored]
        np.testing.assert_allclose(one.log_q, other.log_q, atol=0.1)
        cost, other_cost = (-reading.log_q[np.arange(len(labels)), labels].mean() for reading in (one, other))
        assert (cost, one.validation, one.train) == pytest.approx((other_cost, other.validation, other.train), abs=1e-3)
        assert one.converged == other.converged
    for one, other in zip(means, twin_means, strict=True):
        np.testing.assert_allclose(one.scored, other.scored, atol=0.1)
        assert one.converged == other.converged


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("quantities", [False, True])
def test_values_are_those_of_torch(size, quantities):
    """However far apart logits are; on 150 rows, which do not fill their lanes."""
    networks, parameters = stack(k=5, quantities=quantities)
    parameters[-2] *= size
    parameters[-1] += torch.randn(5, generator=torch.Generator().manual_seed(1))
    expected = networks._objective(parameters, networks.validation[networks.split])
    found = _Compiled(networks, parameters, STEEP, 1).value()
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("quantities", [False, True])
def test_what_diverges_is_broken_in_both(quantities):
    networks, parameters = stack(quantities=quantities)
    schedule = dataclasses.replace(STEEP, learning_rate=1e30)
    for fit in (networks.compiled, networks.batched):
        found = fit(cloned(parameters), schedule)
        assert found.broken.all()
        for first, kept in zip(parameters, found.parameters, strict=True):
            assert torch.equal(first, kept)


def test_a_logit_that_is_not_finite_spoils_its_row_alone():
    x = np.zeros((20, LANES), np.float32)
    x[:3, 1] = np.nan, np.inf, -np.inf
    state = np.zeros((4, 12), np.float32)
    state[3, [0, 4, 8]] = 1  # logits are what came in
    rest = None, np.arange(0), np.empty((0, 0), np.int64), np.empty((0, 3)), adam.SHORT_MOMENTS
    given = np.array([3, 3]), state, x, np.zeros(20, np.int64), *rest
    room = mlp_compiled.Room.of(given[0], LANES, 0, 2)
    values = [mlp_compiled.advance(*given, np.array([row, 4]), *room) for row in range(20)]
    assert np.isnan(values[:3]).all()
    np.testing.assert_allclose(values[3:], -np.log(3), rtol=1e-6)


# --- what must not change a network -----------------------------------------------------------------------------------


def test_the_number_of_threads_changes_nothing(monkeypatch):
    networks, parameters = stack(depth=3)
    fits = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(parallel, "cores", lambda seconds, threads=threads: threads)
        fits.append(networks.compiled(cloned(parameters), STEEP))
    for fit in fits[1:]:
        assert all(torch.equal(a, b) for a, b in zip(fit.parameters, fits[0].parameters, strict=True))


def test_a_network_is_the_same_alone():
    """As long as the others do not keep it from stopping."""
    networks, parameters = stack()
    together = networks.compiled(cloned(parameters), STEEP)
    own = slice(15, 18)  # the splits of one member, target and network
    places = {name: getattr(networks, name)[own] for name in ("cell", "target", "split")}
    alone = dataclasses.replace(networks, **places).compiled([p[own].clone() for p in parameters], STEEP)
    assert all(torch.equal(a[own], b) for a, b in zip(together.parameters, alone.parameters, strict=True))


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 255, 256, 257, 512, 513, 5000])
def test_lanes_hold_every_row_in_parts_of_equal_size(rows):
    lanes = mlp_compiled._lanes(rows)
    assert lanes % LANES == 0
    assert lanes <= mlp_compiled.ROWS
    assert lanes * -(-rows // mlp_compiled.ROWS) >= rows


# --- when to stop -----------------------------------------------------------------------------------------------------


class Scripted:
    """A program of two models whose values are written down."""

    def __init__(self, *values):
        self.values = [torch.tensor(value) for value in values]
        self.updates, self.kept, self.batches = [], [], []

    def advance(self, first, batches):
        self.updates += range(first, first + len(batches))
        self.batches += batches

    def value(self):
        return self.values.pop(0)

    def keep(self, better):
        self.kept.append(better.tolist())


def led(program, **changes):
    schedule = dataclasses.replace(STEEP, **{"batch": 4, **changes})
    late, broken = training.lead(program, 10, 1, schedule)
    return late.tolist(), broken.tolist()


def test_it_stops_when_no_model_got_better_for_a_while():
    """A model that gets better keeps the others waiting; a gain within 1e-4 nats is none."""
    program = Scripted([0.0, 0.0], [1.0, 0.0], [1.00005, 0.5], [0.9, 0.5], [0.9, 0.50005], [9.0, 9.0])
    late, broken = led(program, steps=1000, patience=2)
    assert program.updates == list(range(1, 81))
    assert program.kept == [[True, False], [False, True], [False, False], [False, False]]
    assert (late, broken) == ([0, 0], [False, False])


def test_it_says_what_the_second_half_of_the_updates_added():
    program = Scripted([0.0, 0.0], [1.0, 0.5], [2.0, float("nan")], [2.5, 0.75])
    late, broken = led(program, steps=50, patience=10)
    assert program.updates == list(range(1, 51))
    assert (late, broken) == ([1.5, 0.25], [False, True])


def test_batches_go_through_all_rows_in_one_order_after_the_other():
    program = Scripted([0.0], [1.0])
    led(program, steps=5)
    places = [batch[0].tolist() for batch in program.batches]
    assert [len(batch) for batch in places] == [4] * 5
    for one, next_one in ((0, 1), (2, 3)):
        assert len({*places[one], *places[next_one]}) == 8
    assert places[0] != places[2]
