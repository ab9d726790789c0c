"""A sweep of one's own: trainings that say who they are, and their runs read as one of several members."""

import numpy as np
import pytest
import torch
from torch import nn

import infoscope
from infoscope.cli import app
from infoscope.core.errors import InputError, RunFolderError


@pytest.fixture
def trained(inputs, labels, tmp_path):
    """A run of one seed, in a folder of its own."""

    def made(number, /, name=None, steps=3, x=inputs, **options):
        torch.manual_seed(number)
        model = nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))
        out = tmp_path / "runs" / (name or f"seed-{number}")
        told = {"measures": ["effective_rank"], "variables": {"label": labels}, "places": ["0", "1"], **options}
        with infoscope.watch(model, x, out=out, schedule=range(9), **told) as scope:
            for step in range(steps):
                scope.step(step)
        return out

    return made


def test_rows_say_which_training_they_are_of(trained, tmp_path):
    out = trained(3, network="wide", member=2, seed=3)
    run = infoscope.load(out)
    assert run.networks == ["wide"]
    assert [run.rows.unique(name) for name in ("network", "member", "seed")] == [["wide"], [2], [3]]

    def build():
        return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 3))

    later = run.measure("participation_ratio", model=build)
    assert [later.unique(name) for name in ("network", "member", "seed")] == [["wide"], [2], [3]]
    with pytest.raises(RunFolderError, match="holds a run with other networks"):
        trained(3, network="wide", member=1, seed=3, resume=True)
    trained(3, steps=4, network="wide", member=2, seed=3, resume=True)
    assert run.rows.filter(estimator="effective_rank").unique("step") == [0, 1, 2, 3]


def test_runs_of_several_seeds_are_one_of_several_members(trained, tmp_path):
    outs = [trained(seed, member=seed, seed=seed) for seed in range(3)]
    joined = infoscope.load(outs)
    assert [run.folder.path for run in joined.runs] == outs
    assert joined.rows.unique("member") == [0, 1, 2] == joined.rows.unique("seed")
    assert len(joined.rows) == sum(len(infoscope.load(out).rows) for out in outs)
    assert [(each["member"], each["run"], each["seed"]) for each in joined.members] == [
        (i, str(out), i) for i, out in enumerate(outs)
    ]
    steps, _, values = joined.rows.filter(site="0").curves()
    assert steps.tolist() == [0, 1, 2]
    for member, out in enumerate(outs):
        assert values[member].tolist() == infoscope.load(out).rows.filter(site="0").column("value").tolist()
    page = joined.report()
    assert page == tmp_path / "runs" / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "3 members each" in text
    assert "3 runs of watched Sequential, joined" in text


def test_a_band_lies_over_the_members(trained, tmp_path):
    from infoscope.show.figures import figure

    joined = infoscope.load([trained(seed) for seed in range(3)])
    spec = str(figure("geometry", joined.rows).spec)
    assert "10th to 90th percentile of members" in spec


def test_members_that_collide_are_numbered_in_the_order_of_the_runs(trained):
    joined = infoscope.load([trained(5, seed=5), trained(4, seed=4), trained(1, network="wide", member=7)])
    assert [(each["network"], each["member"], each["seed"]) for each in joined.members] == [
        ("model", 0, 5), ("model", 1, 4), ("wide", 7, 0),
    ]  # fmt: skip
    assert joined.rows.unique("network") == ["model", "wide"]


def test_runs_of_other_lengths_are_joined_where_they_are(trained):
    joined = infoscope.load([trained(0, steps=2), trained(1, steps=4)])
    _, _, values = joined.rows.filter(site="1").curves()
    assert np.isnan(values).tolist() == [[False, False, True, True], [False] * 4]
    assert joined.report().stat().st_size > 10_000


def test_the_command_joins(trained, tmp_path, capsys):
    outs = [str(trained(seed)) for seed in range(2)]
    app(["report", *outs, "--join", "--out", str(tmp_path / "joined.html")], result_action="return_value")
    assert "2 members each" in (tmp_path / "joined.html").read_text(encoding="utf-8")
    app(["report", *outs, "--out", str(tmp_path / "beside.html")], result_action="return_value")
    assert "2 members each" not in (tmp_path / "beside.html").read_text(encoding="utf-8")


def test_runs_that_are_not_alike_are_refused(trained, labels, tmp_path, spread):
    first = trained(0)
    others = {
        r"the same places in both \(only one has 1\)": trained(1, "place", places=["0"]),
        r"the same measurements in both \(only one has participation_ratio with {}\)": trained(
            2, "more", measures=["effective_rank", "participation_ratio"]
        ),
    }
    for said, other in others.items():
        with pytest.raises(RunFolderError, match=said):
            infoscope.load([first, other])
    both = [trained(i, f"v{i}", measures=[spread], variables=v) for i, v in enumerate([{"a": labels}, {"b": labels}])]
    with pytest.raises(RunFolderError, match=r"the same variables in both \(only one has a, b\)"):
        infoscope.load(both)
    with pytest.raises(RunFolderError, match="arrived twice"):
        infoscope.load([first, tmp_path / "runs" / ".." / "runs" / "seed-0"])
    with pytest.raises(RunFolderError, match="1 run arrived to be joined"):
        infoscope.load([first])
    with pytest.raises(RunFolderError, match="there is no run folder"):
        infoscope.load([first, tmp_path / "none"])
    with pytest.raises(RunFolderError, match="holds no rows yet"):
        infoscope.load([first, trained(3, "empty", steps=0)])


def test_since_when_is_asked_of_all_members_at_once(trained, labels):
    measures = ["usable_information(scores=true, folds=3)"]
    outs = [trained(i, measures=measures, places=["0"], seed=i) for i in range(2)]
    joined = infoscope.load(outs)
    assert list(joined.since_when("label")) == ["0"]
    members = [infoscope.load(out).folder.shares() for out in outs]
    kept = joined.folder.shares()
    assert kept.num_rows == sum(table.num_rows for table in members)
    assert set(kept["member"].to_pylist()) == {0, 1}
    assert kept["sums"].to_pylist()[-1] in members[1]["sums"].to_pylist()
    with pytest.raises(infoscope.InfoscopeError, match="did you mean 'model'"):
        joined.since_when("label", network="modl")


def test_other_evaluation_sets_are_told(trained, inputs):
    outs = [trained(0), trained(1, x=inputs + 1)]
    with pytest.warns(UserWarning, match="read on different evaluation sets"):
        joined = infoscope.load(outs)
    with pytest.raises(RunFolderError, match="their groups are not the same ones: ask each run by itself"):
        joined.since_when("label")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"network": "a/b"}, "wanted a name that a folder can have"),
        ({"network": ""}, "wanted a name that a folder can have"),
        ({"network": ".."}, "wanted a name that a folder can have"),
        ({"network": 3}, "wanted a name that a folder can have"),
        ({"network": "a\nb"}, "the name of a network"),
        ({"member": -1}, "member is -1, wanted a whole number"),
        ({"seed": 1.5}, "seed is 1.5, wanted a whole number"),
    ],
)
def test_what_no_training_can_be_called_is_refused(trained, option, said):
    with pytest.raises(InputError, match=said):
        trained(0, **option)
