"""``infoscope scan``: the walk of somebody with a folder of checkpoints and columns of labels."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from pyarrow import parquet
from torch import nn

import infoscope
from infoscope.cli import main
from infoscope.cli.sequences import inputs_of, variable_of
from infoscope.core.errors import InputError


def ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return int(ended.value.code or 0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Checkpoints of a small network, its code, inputs and labels, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "return nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))"
    (tmp_path / "small_nets.py").write_text(f"from torch import nn\n\n\ndef build():\n    {code}\n")
    (tmp_path / "out").mkdir()
    for step in (0, 20, 100):
        torch.manual_seed(step)
        model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3))
        torch.save(model.state_dict(), tmp_path / "out" / f"step_{step}.pt")
    np.save("x.npy", np.random.default_rng(0).normal(size=(60, 6)).astype(np.float32))
    parquet.write_table(pa.table({"y": np.arange(60) % 3, "file": [f"f{i // 4}" for i in range(60)]}), "t.parquet")
    return tmp_path


COMMAND = (
    "scan", "out/step_*.pt", "--model", "small_nets:build", "--inputs", "x.npy", "--variable", "y=t.parquet:y",
    "--place", "1", "--measure", "usable_information(probe=linear)", "--groups", "t.parquet:file",
)  # fmt: skip


def test_a_folder_of_checkpoints_is_a_run_and_the_same_command_goes_on(folder, capsys):
    assert ran(*COMMAND, "--json") == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["steps"], first["told"]) == ([0, 20, 100], [])
    torch.save(torch.load("out/step_20.pt", weights_only=True), "out/step_200.pt")
    assert ran(*COMMAND, "--json") == 0
    second = json.loads(capsys.readouterr().out)
    assert second["run"] == first["run"]
    assert second["steps"] == [0, 20, 100, 200]
    assert second["told"] == ["equal weights at steps 20, 200: of these checkpoints one is a copy"]
    assert ran(*COMMAND) == 0
    text = capsys.readouterr().out
    assert "rows of 4 checkpoints in" in text
    assert f"infoscope report {first['run']}" in text
    assert ran("measure", first["run"], "--estimator", "effective_rank", "--model", "small_nets:build") == 0
    assert ran("report", first["run"]) == 0


def test_what_is_measured_in_several_ways_has_a_line_for_each(folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    measures = ["usable_information(probe=linear)", "usable_information(probe=knn)", "binned(bins=3)"]
    assert ran(*COMMAND[:-4], *(word for each in measures for word in ("--measure", each))) == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines() if line.startswith("model")]
    lines = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    run = infoscope.load(next((folder / "runs").iterdir()))
    wanted = {}
    for probe in ("linear", "knn"):
        (row,) = (
            run.rows.filter(step=100, estimator="usable_information", quantity="I(T;Y)")
            .table.filter(pc.match_substring(pc.field("options").cast("string"), f'"{probe}"'))
            .to_pylist()
        )
        wanted[f"I(T;Y) (y), usable_information, probe {probe}"] = row["value"] / math.log(2)
    told = {line[2]: float(line[3].split()[0]) for line in lines if "usable_information" in line[2]}
    assert told == pytest.approx(wanted, rel=1e-3)
    assert [line[2] for line in lines if "usable" not in line[2]] == ["I(T;Y) (y), binned", "I(X;T)"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"out/step_*.pt": "out/none_*"}, "'out/none_*' matches nothing"),
        ({"small_nets:build": "small_nets:bild"}, "cannot be imported"),
        ({"t.parquet:file": "t.parquet:fil"}, "there is no column in t.parquet named 'fil'"),
        ({"1": "9"}, "there is no place named '9'"),
    ],
    ids=["checkpoints", "model", "column", "place"],
)
def test_mistakes_are_one_sentence(folder, capsys, changed, said):
    assert ran(*(changed.get(word, word) for word in COMMAND)) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err


def test_lists_of_unlike_lengths_are_padded_with_a_mask(tmp_path):
    path = tmp_path / "texts.parquet"
    table = {"input_ids": [[5, 6, 7], [8, 9]], "pos": [["a", "b", "a"], ["b", "b"]], "kind": [[0, 1, 2], [2, 0]]}
    parquet.write_table(pa.table(table), path)
    inputs = inputs_of(f"{path}:input_ids")
    assert inputs["input_ids"].tolist() == [[5, 6, 7], [8, 9, 0]]
    assert inputs["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert variable_of(f"{path}:pos").tolist() == [[0, 1, 0], [1, 1, -100]]
    assert variable_of(f"{path}:kind").tolist() == [[0, 1, 2], [2, 0, -100]]
    both = inputs_of(f"{path}:input_ids,kind")
    assert sorted(both) == ["attention_mask", "input_ids", "kind"]


def test_arrays_and_archives(tmp_path):
    np.savez(tmp_path / "a.npz", input_ids=np.ones((3, 4), int), attention_mask=np.ones((3, 4), int))
    assert sorted(inputs_of(str(tmp_path / "a.npz"))) == ["attention_mask", "input_ids"]
    assert inputs_of(f"{tmp_path / 'a.npz'}:input_ids").shape == (3, 4)
    parquet.write_table(pa.table({"a": [1.0, 2.0], "b": [3.0, 4.0]}), tmp_path / "t.parquet")
    assert inputs_of(f"{tmp_path / 't.parquet'}:a,b").shape == (2, 2)
    parquet.write_table(pa.table({"ids": [[-4, 2, 1], [3, -5, 2]]}), tmp_path / "n.parquet")
    with pytest.raises(InputError, match="holds numbers below 0, wanted ids of tokens"):
        inputs_of(f"{tmp_path / 'n.parquet'}:ids")
