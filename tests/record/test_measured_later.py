"""Of a watched run other layers, variables and groups are read later, and the run knows of them from then on."""

import json
import os

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError
from infoscope.core.folder import EVALUATION
from infoscope.core.sealed import sealed
from infoscope.record import evaluation
from infoscope.record.evaluated import Evaluated
from infoscope.record.inputs import Inputs
from infoscope.record.variables import checked

N = 60


def build():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 2))


@pytest.fixture
def data():
    torch.manual_seed(0)
    x = torch.randn(N, 3)
    return x, {"y": (x[:, 0] > 0).long(), "z": (x[:, 1] > 0).long(), "w": (x[:, 2] > 0).long()}


@pytest.fixture
def watched(data, tmp_path):
    """``watched(**options)``: a run that looked at the second layer of five at two steps, with one variable."""
    x, variables = data

    def make(**options):
        model = build()
        given = {"measures": ["usable_information", "effective_rank"], "places": ["1"], "out": tmp_path / "run"}
        with iscope.watch(model, x, {"y": variables["y"]}, **{**given, **options}, schedule=range(2)) as scope:
            for step in range(2):
                scope.step(step)
                with torch.no_grad():
                    model[0].weight.mul_(1.5)
        return scope.run

    return make


def values(rows, **where):
    return rows.filter(**where).column("value").tolist()


def groups_of(table):
    return json.loads(table.schema.metadata[b"infoscope.examples"])["groups"]


def test_any_layer_is_read_later_and_stands_in_its_place_from_input_to_output(watched, data):
    run = watched()
    rows = run.measure("effective_rank", places=["3", "0", "output"], model=build)
    assert rows.sites() == ["0", "1", "3", "output"]
    again = build()
    again.load_state_dict({name: tensor[0] for name, tensor in run.trajectory[1].items()})
    t = iscope.representations(again, data[0], ["3"])["3"]
    assert values(rows, site="3", step=1) == [iscope.geometry(t, measure="effective_rank")["effective_rank"].value]
    assert run.rows.sites() == ["0", "1", "3", "output"]
    with pytest.raises(UnknownNameError, match=r"there is no place named '9': .*known: 0, 1, 2, 3, 4"):
        run.measure("effective_rank", places=["9"], model=build)


def test_of_a_run_that_did_not_number_all_places_the_recorded_ones_come_first(watched):
    run = watched(places=["3", "1"])
    manifest = run.folder.manifest()
    del manifest["networks"]["model"]["places"]
    run.folder.manifest_path.write_text(json.dumps(sealed(manifest)))
    assert run.measure("participation_ratio", places=["0", "3"], model=build).sites() == ["3", "0"]


def test_a_run_of_an_older_infoscope_is_gone_on_with_in_its_own_numbers(watched):
    run = watched(places=["1", "4"])
    manifest = run.folder.manifest()
    del manifest["networks"]["model"]["places"], manifest["evaluated"]
    run.folder.manifest_path.write_text(json.dumps(sealed(manifest)))
    again = watched(places=["1", "4"], resume=True)
    assert again.rows.column("site_index").max() == 4  # written by this one
    assert "places" not in again.folder.manifest()["networks"]["model"]


def test_a_variable_is_read_later_without_measuring_what_is_there_again(watched, data):
    run, (_, known) = watched(), data
    before = len(run.rows)
    rows = run.measure("usable_information", variables={"z": known["z"]}, model=build)
    assert rows.unique("variable") == ["y", "z"]
    assert len(run.rows) == before + 2
    parts = [path.name for path in (run.folder.path / "rows").iterdir()]
    assert len(parts) == 2
    assert values(rows, variable="z", step=1) != values(rows, variable="y", step=1)
    assert sorted(evaluation.load(run.folder.path).variables) == ["y", "z"]
    run.measure("usable_information", model=build)  # nothing is missing
    assert len(list((run.folder.path / "rows").iterdir())) == 2
    run.measure("effective_rank", variables={"w": known["w"]}, model=build)  # says nothing of variables
    assert len(list((run.folder.path / "rows").iterdir())) == 2
    assert run.measure("usable_information", model=build).unique("variable") == ["y", "z", "w"]
    assert len(run.examples("w", model=build)) == N


def test_a_later_variable_reads_as_it_would_have_read_then(watched, data, tmp_path):
    run, (_, known) = watched(), data
    later = run.measure("binned(bins=8)", variables={"z": known["z"]}, model=build)
    torch.manual_seed(1)
    at_once = watched(out=tmp_path / "other", measures=["binned(bins=8)"])
    at_once.measure("usable_information", model=build)
    again = iscope.load(tmp_path / "run").measure("binned(bins=8)", model=build)
    assert values(later, variable="z") == values(again, variable="z")


def test_a_chain_with_a_later_variable_reads_both(watched, data):
    run, (_, known) = watched(), data
    fine = 2 * known["y"] + known["z"]
    rows = run.measure("usable_information(chain=fine>y, probe=linear)", variables={"fine": fine}, model=build)
    assert rows.unique("variable") == ["fine", "y", "fine|y"]
    at = {name: np.array(values(rows, variable=name)) for name in rows.unique("variable")}
    np.testing.assert_allclose(at["fine"], at["y"] + at["fine|y"])
    only = run.measure("usable_information", variables=("fine",), model=build)  # names alone are the option
    assert only.unique("variable") == ["fine"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"y": [0, 1] * (N // 2)}, "has a variable 'y' already, with other values: give the new one another name"),
        ({"v": [0, 1]}, r"variables\['v'\] has 2 labels for 60 rows"),
        ({"input": [0] * N}, "a variable is named 'input'"),
        ({"lab\x07el": [0] * N}, r"the name of a variable is 'lab\\x07el', with the character '\\x07' at 3"),
    ],
)
def test_a_variable_that_cannot_be_used_is_refused_and_nothing_is_stored(watched, variables, words):
    run = watched()
    before = (run.folder.path / EVALUATION).read_bytes()
    with pytest.raises(InputError, match=words):
        run.measure("usable_information", variables={"new": [0, 1] * (N // 2), **variables}, model=build)
    assert (run.folder.path / EVALUATION).read_bytes() == before


def test_an_old_variable_with_its_values_is_no_mistake_and_resuming_goes_on(watched, data):
    run, (_, known) = watched(), data
    same = np.where(known["y"].numpy() == 1, "yes", "no")
    rows = run.measure("usable_information", variables={"y": same, "z": known["z"]}, model=build)
    assert rows.unique("variable") == ["y", "z"]
    assert set(watched(resume=True).rows.unique("variable")) == {"y", "input", "z"}
    assert sorted(evaluation.load(run.folder.path).variables) == ["y", "z"]


def test_a_variable_is_stored_whole_or_not_at_all(watched, data, monkeypatch):
    run = watched()
    before = (run.folder.path / EVALUATION).read_bytes()

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            evaluation.add(run.folder.path, checked({"z": data[1]["z"]}, N))
    assert (run.folder.path / EVALUATION).read_bytes() == before
    assert not list(run.folder.path.glob(".evaluation*"))


def test_groups_are_stored_with_the_set_part_of_its_digest_and_used_again(watched, data, tmp_path):
    names = [f"text {i // 4}" for i in range(N)]
    run = watched(groups=names)
    assert evaluation.load(run.folder.path).groups.tolist() == [i // 4 for i in range(N)]
    assert run.folder.manifest()["evaluated"] == {
        "rows": N, "distinct inputs": N, "groups": 15, "groups are": "given",
    }  # fmt: skip
    page = run.report().read_text(encoding="utf-8")
    assert "rows 60, distinct inputs 60, groups 15, groups are given" in page
    assert run.rows.filter(estimator="usable_information").unique("groups") == [15]
    assert run.measure("usable_information(probe=knn)", model=build).unique("groups") == [15]
    assert groups_of(run.examples("y", model=build)) == 15
    with pytest.raises(RunFolderError, match="holds a run with other evaluation"):
        watched(resume=True)
    assert watched(resume=True, groups=[i // 4 for i in range(N)])  # the same groups by other names


def test_a_set_without_groups_keeps_its_digest_and_loads(data):
    x, variables = data
    inputs, known = Inputs((x,)), checked({"y": variables["y"]}, N)
    assert evaluation.digest(Evaluated.of(inputs, known)) == evaluation.digest(Evaluated.of(inputs, known, None))
    assert evaluation.digest(Evaluated.of(inputs, known)) != evaluation.digest(
        Evaluated.of(inputs, known, np.arange(N))
    )


def test_groups_are_handed_to_one_measure_of_a_run_that_has_none_and_its_rows_say_so(watched):
    run = watched()
    plain = values(run.rows, estimator="usable_information")
    rows = run.measure("usable_information", groups=np.arange(N) // 4, model=build)
    assert rows.unique("groups") == [15]
    assert len(rows) == 2
    (options,) = rows.unique("options")
    assert json.loads(options)["groups"].startswith("15 given, ")
    assert values(run.measure("usable_information", model=build)) == plain  # those without are still there
    assert len(run.measure("usable_information", groups=np.arange(N) // 5, model=build)) == 2
    assert groups_of(run.examples("y", groups=np.arange(N) // 5, model=build)) == 12
    assert groups_of(run.examples("y", model=build)) is None


def test_other_groups_than_those_of_the_run_are_refused(watched):
    run = watched(groups=np.arange(N) // 4)
    assert run.measure("usable_information", groups=np.arange(N) // 4, model=build).unique("groups") == [15]
    with pytest.raises(InputError, match=r"was recorded with groups of its own \(15 of them\) and others arrived"):
        run.measure("usable_information", groups=np.arange(N) // 5, model=build)
    with pytest.raises(InputError, match="groups has shape"):
        watched(groups=[1, 2], out=run.folder.path / "other")


@pytest.mark.parametrize("probe", ["linear", "knn", "mlp(hidden=8, steps=40)"])
def test_random_labels_of_inputs_that_are_there_ten_times_say_nothing(probe, tmp_path):
    """40 distinct inputs, each ten times with one label: what copies tell of each other is no information."""
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(40, 3)).repeat(10, axis=0), dtype=torch.float32)
    variables = {"y": rng.integers(2, size=40).repeat(10)}
    measure = f"usable_information(probe={probe})"
    with iscope.watch(build(), x, variables, [measure], tmp_path / "run", places=["1"]) as scope:
        scope.step(0)
    run = scope.run
    assert run.folder.manifest()["evaluated"]["groups"] == 40
    for rows in (run.rows, run.measure(measure, places=["3"], model=build)):
        for row in rows.table.to_pylist():
            assert row["groups"] == 40
            assert not (row["status"] == "OK" and row["low"] > 0)
