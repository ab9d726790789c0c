"""Laws of everything that can be measured by name along a training: it is refused when it is attached, or it works."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.claim.running import plan_of
from infoscope.core.errors import InfoscopeError
from infoscope.core.measurement import NEEDS
from infoscope.core.quantity import Quantity
from infoscope.core.rows import options_text
from infoscope.measure.bases.measurements import known, make_measurement
from infoscope.scanning.measure_plan import MeasurePlan
from infoscope.scanning.one_pass import measure
from infoscope.scanning.replay import EnsembleReplay

NAMES = known()
EXTRA = {"activity": {"edges": (0.0, 0.5)}}  # options without which there is nothing to measure


def quick(name):
    facts = NAMES[name].facts
    return make_measurement(name, **{**facts.get("quick", {}), **facts.get("asks", {}), **EXTRA.get(name, {})})


@pytest.fixture
def watch(tmp_path):
    """``watch(measures)`` of an ordinary network with labels of two classes."""
    torch.manual_seed(0)
    model, inputs = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(120, 3)
    variables = {"one": (inputs[:, 0] > 0).long(), "other": (inputs[:, 1] > 0).long()}

    def make(measures, names=("one",), **options):
        given = {name: variables[name] for name in names}
        return iscope.watch(model, inputs, given, measures, tmp_path / "run", places=["1"], **options)

    return make


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("names", [(), ("one",), ("one", "other")], ids=len)
def test_what_cannot_be_measured_is_refused_when_attached_and_what_is_attached_leaves_no_failed_row(name, names, watch):
    measurement, scope, refusal = quick(name), None, ""
    try:
        scope = watch([measurement], names)
    except InfoscopeError as reason:
        refusal = str(reason)
    if scope is None:
        assert len(refusal) < 500
        assert any(word in refusal for word in ("use ", "pass ", "compare ", "say which"))
        return
    with scope:
        scope.step(0)
    rows = scope.run.rows
    assert len(rows)
    assert "FAILED" not in rows.unique("status")
    told = rows.unique("variable")  # of cells it is the variable with the cell behind it
    assert set(measurement.about(names)) == {
        name for name in names if any(f"{one} ".startswith(f"{name} ") for one in told)
    }


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        ("ksg", r"ksg does not measure one representation .* 'ksg\(with=input\)' when the run is there, .* or use"),
        ("gaussian_copula", "use one that does .binned, "),
        ("plugin", "plugin reads symbols, and a layer holds real numbers: use binned"),
        ("cosine_similarity", "compares two networks and one is watched: compare their layers afterwards"),
        ("sliced(with=input)", "sliced reads the inputs beside each layer: use Run.measure when the run is there"),
        (
            "binned(range=recorded)",
            "binned bins on the range of a whole training: use Run.measure",
        ),
        ("noisy(population=dataset, replicas=3)", "noisy reads noisy forwards, which a watch does not make: use"),
        ("noisy", "population"),
        ("usable_information(variables=two)", "there is no variable named 'two': known: one"),
        ("usable_information(chain=one>two)", "there is no variable named 'two'"),
        ("bined", "there is no estimator or geometry named 'bined': did you mean 'binned"),
        ("binned(bin=3)", "there is no option of binned named 'bin': did you mean 'bins'"),
        ("binned(bins=many)", "option bins of binned is 'many'"),
    ],
)
def test_mistakes_are_told_when_attached_in_one_sentence(measure, words, watch, tmp_path):
    with pytest.raises(InfoscopeError, match=words) as told:
        watch([measure])
    assert "\n" not in str(told.value)
    assert not (tmp_path / "run").exists()


def test_names_carry_their_options_and_the_rows_say_them(watch):
    with watch(["binned(bins=8)", "binned(bins=100)", "kde(noise_variance=0.01)"]) as scope:
        scope.step(0)
    said = {(row["estimator"], row["options"]) for row in scope.run.rows.table.to_pylist()}
    wanted = [("binned", {"bins": 8}), ("binned", {"bins": 100}), ("kde", {"noise_variance": 0.01})]
    assert said == {(name, options_text(make_measurement(name, **options).options)) for name, options in wanted}


#: Those that need more than a tensor, beside what has a name of its own.
CONTEXTUAL = {
    "binned(range=recorded)": {"bins": 5, "range": "recorded"},
    "sliced(with=input)": {"slices": 20, "with": "input"},
    "noisy(replicas)": {"population": "dataset", "noise": 0.3, "replicas": 3, "tolerance": 0.5},
    "cosine_similarity(against)": {"against": "plain"},
}
OPTIONS = {
    **{
        name: {**e.facts.get("quick", {}), **e.facts.get("asks", {}), **EXTRA.get(name, {})}
        for name, e in NAMES.items()
    },
    **CONTEXTUAL,
}
RUN = Path(__file__).parent.parent / "fixtures" / "2f3f68c" / "planned"
SITE, NETWORK = "hidden2", "noisy"


def planned(name, **where):
    return MeasurePlan(name.partition("(")[0], OPTIONS[name], **where)


@pytest.fixture
def pass_over(tmp_path):
    """``pass_over(name, broken)``: one pass over a run of two members, whose rows come in groups; the rows it gave, and
    what was measured at its end. broken: the first member has diverged there."""
    folder = infoscope_folder(tmp_path)

    def replay_of(network):
        return EnsembleReplay(folder, network, plan_of(folder, network), groups=np.arange(60) // 2)

    def go(name, broken=False):
        replay = replay_of(NETWORK)
        last = replay.trajectory.steps[-1]
        if broken:
            weights = replay.trajectory[last]
            weights["hidden1.linear.weight"][0] = float("nan")
            replay.trajectory.write(last, replay.trajectory.epoch(last), weights)
        plan = planned(name, sites=(SITE,), epochs=(2,))
        calls, kind = [], type(plan.measurement)
        original = kind.measure

        def spy(self, t, variables, given):
            found = original(self, t, variables, given)
            calls.append((self, t, variables, given, found))
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kind, "measure", spy)
            measure(folder, NETWORK, replay, [plan], "measuring", replay_of)
        rows = plan.rows(folder.rows(), NETWORK, replay.marks)
        return rows, [call for call in calls if call[0] is plan.measurement]

    return go


def infoscope_folder(tmp_path):
    shutil.copytree(RUN, tmp_path / "run")
    return iscope.load(tmp_path / "run").folder


def goes_along(name):
    try:
        planned(name).measurement.about(["label"])
    except InfoscopeError:
        return False
    return planned(name).measurement.against or "another network" not in planned(name).measurement.needs


ALONG = [name for name in OPTIONS if goes_along(name)]


@pytest.mark.parametrize("name", OPTIONS)
def test_what_it_says_of_itself_is_well_formed(name):
    measurement = planned(name).measurement
    assert set(measurement.needs) <= set(NEEDS)
    assert len(set(measurement.needs)) == len(measurement.needs)
    assert all(isinstance(quantity, Quantity) for quantity in measurement.tells)
    assert measurement.id == name.partition("(")[0]
    assert planned(name).measurement.options == measurement.options
    rebuilt = make_measurement(measurement.id, **measurement.options)
    assert (rebuilt.id, rebuilt.options, rebuilt.needs) == (measurement.id, measurement.options, measurement.needs)


@pytest.mark.parametrize("name", OPTIONS)
def test_its_cost_is_positive_and_grows_with_rows_and_columns(name):
    measurement = planned(name).measurement
    small = measurement.cost(200, 5, 2)
    assert small.seconds > 0
    assert small.bytes > 0
    for more in ((400, 5, 2), (200, 50, 2), (200, 5, 20)):
        larger = measurement.cost(*more)
        assert larger.seconds >= small.seconds
        assert larger.bytes >= small.bytes
    large = measurement.cost(20000, 50, 2)
    assert large.seconds > small.seconds
    assert large.bytes > small.bytes


@pytest.mark.parametrize("name", ALONG)
def test_it_is_given_what_it_needs_and_tells_what_it_says(name, pass_over):
    rows, calls = pass_over(name)
    measurement = calls[0][0]
    for _, _, _, given, _ in calls:
        assert given.holds == set(measurement.needs) - {"labels", "quantities"}
    assert "FAILED" not in rows.unique("status")
    told = {(str(quantity), quantity.unit, quantity.kind) for quantity in measurement.tells}
    assert set(zip(*(rows.column(name).tolist() for name in ("quantity", "unit", "kind")), strict=True)) == told


@pytest.mark.parametrize("name", ALONG)
def test_a_member_alone_is_measured_as_among_the_others(name, pass_over):
    for measurement, t, variables, given, found in pass_over(name)[1]:
        for member, whole in enumerate(found):
            (alone,) = measurement.measure(t[member : member + 1], variables, given.of(member))
            assert [(one.variable, one.options) for one in alone] == [(one.variable, one.options) for one in whole]
            values = [[one.estimate.value for one in each] for each in (alone, whole)]
            assert values[0] == pytest.approx(values[1], rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("name", ALONG)
def test_where_one_member_is_refused_its_rows_have_the_quantities_of_the_others(name, pass_over):
    rows, _ = pass_over(name, broken=True)
    failed, there = rows.filter(member=0), rows.filter(member=1)
    assert failed.unique("status") == ["FAILED"]
    assert "FAILED" not in there.unique("status")
    same = ("quantity", "unit", "kind")
    of = [set(zip(*(part.column(name).tolist() for name in same), strict=True)) for part in (failed, there)]
    assert of[0] == of[1]
    cells = {"share", "confusion", "point"} & set(there.unique("kind"))  # whose variables are the cells
    if not cells:
        assert set(failed.unique("variable")) == set(there.unique("variable"))
