"""``--groups`` of every command that takes rows, and what a watched run is told later: as the functions of Python."""

from __future__ import annotations

import inspect
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope import cli

N = 120
COMMANDS = {
    "entropy": (("z",), {"estimator": "kozachenko_leonenko"}),
    "mutual_information": (("z", "w"), {"estimator": "ksg"}),
    "conditional_mutual_information": (("z", "w", "v"), {"estimator": "ksg"}),
    "usable_information": (("z", "y"), {"probe": "linear"}),
    "dependence": (("z", "w"), {"measure": "cka"}),
    "geometry": (("z", "y"), {"measure": "class_distances"}),
}


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def data(tmp_path):
    """Rows of 20 texts, in one table."""
    rng = np.random.default_rng(0)
    z, text = rng.normal(size=N), np.arange(N) % 20
    columns = {"z": z, "w": z + rng.normal(size=N), "v": rng.normal(size=N), "y": (z > 0).astype(int)}
    columns["text"] = np.array([f"text {i}" for i in text])
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return tmp_path / "t.parquet", columns


@pytest.mark.parametrize("command", COMMANDS)
def test_groups_are_those_of_the_function(capsys, data, command):
    path, columns = data
    names, options = COMMANDS[command]
    function = getattr(iscope, command)
    given = [f"--{key}={value}" for key, value in options.items()]
    arguments = [command, *(f"{path}:{name}" for name in names), *given, "--groups", f"{path}:text", "--json"]
    if "groups" not in inspect.signature(function).parameters:
        code, _, err = call(capsys, *arguments)
        assert (code, "--groups" in err) == (2, True)
        return
    code, out, err = call(capsys, *arguments)
    assert (code, err) == (0, "")
    found = json.loads(out)
    expected = function(*(columns[name] for name in names), groups=columns["text"], **options)
    for key, estimate in expected.items() if isinstance(expected, dict) else [("", expected)]:
        shown = found[key] if key else found
        assert shown["value"] == pytest.approx(estimate.value)
        assert shown["groups"] == estimate.groups == 20


def build():
    return nn.Sequential(nn.Linear(1, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))


@pytest.fixture
def watched(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mine", sys.modules[__name__])
    x = torch.tensor(data[1]["z"], dtype=torch.float32)[:, None]
    with iscope.watch(build(), x, {"y": data[1]["y"]}, ["effective_rank"], tmp_path / "run", places=["1"]) as scope:
        scope.step(0)
    return scope.run


def test_a_later_variable_another_layer_and_groups_of_a_watched_run(capsys, data, watched):
    path, columns = data
    odd = np.arange(N) % 2
    np.save(path.parent / "odd.npy", odd)
    arguments = ("measure", watched.folder.path, "--model", "mine:build", "--estimator", "usable_information(folds=3)")
    more = ("--site", "3", "--variable", f"odd={path.parent / 'odd.npy'}", "--groups", f"{path}:text", "--json")
    code, out, _ = call(capsys, *arguments, *more)
    assert code == 0
    assert {(row["site"], row["variable"]) for row in json.loads(out)["last_step"]} == {("3", "y"), ("3", "odd")}
    rows = watched.rows.filter(site="3")
    assert rows.unique("groups") == [20]
    again = watched.measure("usable_information", places=["3"], folds=3, groups=columns["text"], model=build)
    assert again.content_hash() == rows.content_hash()
    code, out, _ = call(
        capsys, "examples", watched.folder.path, "--variable=odd", "--model=mine:build", "--groups", f"{path}:text"
    )
    assert code == 0
    assert f"{N} rows in" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--variable", "odd"), "--variable 'odd' is not key=value: write it like --variable digit=t.parquet:digit"),
        (("--variable", "y=RUN/odd.npy"), "has a variable 'y' already, with other values"),
        (("--groups", "nothing.npy"), "there is no file nothing.npy"),
        (("--site", "9"), "there is no place named '9'"),
    ],
)
def test_mistakes_are_one_sentence(capsys, watched, arguments, words):
    np.save(watched.folder.path / "odd.npy", np.arange(N) % 2)
    given = (text.replace("RUN", str(watched.folder.path)) for text in arguments)
    code, _, err = call(capsys, "measure", watched.folder.path, "--model", "mine:build", "--estimator", "kde", *given)
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
