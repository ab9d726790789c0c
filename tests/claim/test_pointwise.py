"""What each row contributes to usable information, from stored weights: the table, the picture, the command."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

import infoscope
from infoscope.cli import app
from infoscope.core.errors import InputError, UnknownNameError
from infoscope.record.gathering import representations
from infoscope.scanning.examples import MOST

N = 120


def make() -> nn.Module:
    """The network that was watched; its weights are overwritten by those recorded."""
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 3), nn.Tanh(), nn.Linear(3, 2))


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, N)
    images = rng.normal(size=(N, 1, 4, 4)).astype(np.float32)
    images[:, 0, 0, 0] += 3 * labels
    return torch.tensor(images), labels


@pytest.fixture(scope="module")
def run(tmp_path_factory, data):
    images, labels = data
    torch.manual_seed(0)
    model, out = make(), tmp_path_factory.mktemp("runs") / "seen"
    variables = {"label": labels, "other": np.arange(N) % 3}
    with infoscope.watch(model, images, variables, measures=[], out=out, places=["2", "3"], snapshots=True) as scope:
        for step in range(3):
            scope.step(step)
            with torch.no_grad():
                model[1].weight.add_(0.1)  # type: ignore[union-attr]
    return infoscope.load(out)


def test_the_table_holds_every_row_least_first(run, data):
    images, labels = data
    table = run.examples("label", site="2", model=make)
    model = make()
    model.load_state_dict({name: tensor[0] for name, tensor in run.trajectory[2].items()})
    z = representations(model, images, ["2"], 1024)["2"]
    wanted = infoscope.usable_information(z, labels).pointwise
    pvi = table["pvi_nats"].to_numpy()
    assert sorted(table["row"].to_pylist()) == list(range(N))
    assert (np.diff(pvi) >= 0).all()
    np.testing.assert_allclose(pvi, wanted[table["row"].to_numpy()], atol=1e-6)
    np.testing.assert_array_equal(table["label"].to_numpy(), labels[table["row"].to_numpy()])
    assert table["spread_nats"].null_count == N  # one member


def test_the_images_at_both_ends_are_kept_as_bytes(run, data):
    table = run.examples("label", site="2", model=make)
    kept = [i for i, image in enumerate(table["image"].to_pylist()) if image is not None]
    assert kept == [*range(MOST), *range(N - MOST, N)]
    images = data[0].numpy()
    row, pixels = table["row"][0].as_py(), np.frombuffer(table["image"][0].as_py(), np.uint8).reshape(1, 4, 4)
    wanted = (images[row] - images.min()) / (images.max() - images.min())
    np.testing.assert_allclose(pixels / 255, wanted, atol=0.5 / 255 + 1e-6)


def test_it_is_stored_with_what_was_measured(run):
    table = run.examples("other", site="3", step=1, probe="knn", model=make)
    stored = pq.read_table(run.folder.path / "examples" / f"{run.networks[0]}-3-other-knn-1.parquet")
    assert stored.equals(table)
    about = json.loads((stored.schema.metadata or {})[b"infoscope.examples"])
    assert (about["site"], about["step"], about["variable"], about["members"]) == ("3", 1, "other", 1)
    assert about["value"] == pytest.approx(np.mean(table["pvi_nats"].to_numpy()), abs=1e-9)


def test_what_is_not_there_is_refused(run):
    with pytest.raises(UnknownNameError, match="lable"):
        run.examples("lable", model=make)
    with pytest.raises(UnknownNameError, match="hidden"):
        run.examples("label", site="hidden", model=make)
    with pytest.raises(InputError, match=r"step 7 of .* was not recorded, wanted one of 0, 1, 2"):
        run.examples("label", step=7, model=make)
    with pytest.raises(UnknownNameError, match="weight_decay"):
        run.examples("label", model=make, weight_decy=0.1)


def test_the_command_prints_both_ends_and_draws(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("infoscope.cli.runs.factory", lambda text: make)
    path = run.folder.path
    words = ["examples", str(path), "--variable", "label", "--site", "2", "--model", "here:make"]
    app([*words, "--figure", str(tmp_path / "ends.png"), "--option", "weight_decay=0.1"], result_action="return_value")
    printed = capsys.readouterr().out
    assert printed.count("least") == printed.count("most ") == 5
    assert f"{N} rows in {path / 'examples'}" in printed
    assert (tmp_path / "ends.png").stat().st_size > 2000
    app([*words, "--json"], result_action="return_value")
    assert len(json.loads(capsys.readouterr().out)["rows"]) == N
