"""`infoscope usable-information`, and usable information along a stored trajectory."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope import cli


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def data(tmp_path):
    """Rows z, their labels as words, and where they lie."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    z = rng.normal(size=(200, 3)) + 2 * np.eye(3)[y]
    words = np.array(["a", "b", "c"])[y]
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", words)
    return tmp_path, z, words


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet"])
def test_the_command_prints_the_estimate_and_writes_the_rows(capsys, data, kind):
    folder, z, y = data
    out_rows = folder / f"rows.{kind}"
    arguments = (folder / "z.npy", folder / "y.npy", "--probe", "knn", "--option", "k=10", "--rows", out_rows)
    code, out, _ = call(capsys, "usable-information", *arguments)
    expected = iscope.usable_information(z, y, "knn", k=10)
    assert code == 0
    assert out.splitlines()[0] == str(expected)
    written = {
        "npy": lambda: np.load(out_rows),
        "csv": lambda: csv.read_csv(out_rows)["usable_information_nats"].to_numpy(),
        "parquet": lambda: pq.read_table(out_rows)["usable_information_nats"].to_numpy(),
    }[kind]()
    np.testing.assert_allclose(written, expected.pointwise, atol=1e-12)


def test_test_rows_and_json(capsys, data):
    folder, z, y = data
    files = folder / "z.npy", folder / "y.npy"
    code, out, _ = call(
        capsys, "usable_information", *files, "--z-test", files[0], "--y-test", files[1], "--prior", "plugin", "--json"
    )
    content = json.loads(out)
    assert code == 0
    assert content["value"] == iscope.usable_information(z, y, z_test=z, y_test=y, prior="plugin").value
    assert content["status"] == "OK"
    assert "pointwise" not in content


def test_every_row_has_its_label_and_probability_and_may_be_a_quantity(capsys, data):
    folder, z, y = data
    np.save(folder / "q.npy", z[:, 0] + 0.5 * z[:, 1] ** 2)
    out_rows = folder / "rows.csv"
    assert call(capsys, "usable-information", folder / "z.npy", folder / "y.npy", "--rows", out_rows)[0] == 0
    table = csv.read_csv(out_rows)
    assert table.column_names == ["row", "label", "usable_information_nats", "probability"]
    assert table["label"].to_pylist() == list(y)
    np.testing.assert_allclose(table["probability"], iscope.usable_information(z, y).probability, atol=1e-12)
    arguments = (folder / "z.npy", folder / "q.npy", "--target", "quantities", "--rows", out_rows, "--json")
    code, out, _ = call(capsys, "usable-information", *arguments)
    assert code == 0
    expected = iscope.usable_information(z, np.load(folder / "q.npy"), target="quantities")
    assert json.loads(out)["value"] == expected.value
    np.testing.assert_allclose(csv.read_csv(out_rows)["label"], np.load(folder / "q.npy"))


def test_mistakes_are_one_sentence(capsys, data):
    folder, *_ = data
    files = folder / "z.npy", folder / "y.npy"
    for more, words in (
        (("--probe", "liner"), "there is no probe named 'liner': did you mean 'linear'"),
        (("--rows", folder / "rows.txt"), "wanted .npy, .csv or .parquet"),
        (("--rows", folder / "none" / "rows.csv"), "there is no folder"),
        (("--option", "strict=true"), "there is no option of linear named 'strict'"),
        (("--z-test", files[0]), "one of z_test and y_test arrived without the other"),
    ):
        code, _, err = call(capsys, "usable-information", *files, *more)
        assert code == 2
        assert words in err


def test_it_is_measured_along_a_trajectory_live_and_again(capsys, tmp_path):
    """Every site at every recorded step, for every variable; again with other probes from the stored weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).astype(np.float32)
    variables = {"sum": (x.sum(1) > 0).astype(int), "product": (x[:, 0] * x[:, 1] > 0).astype(int)}

    def network():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))

    model = network()
    with iscope.watch(
        model, x, variables, measures=["usable_information"], out=tmp_path / "run", schedule=(0, 1)
    ) as scope:
        scope.step(0)
        with torch.no_grad():
            model[0].weight.mul_(2)
        scope.step(1)
    run = iscope.load(tmp_path / "run")
    rows = run.rows
    assert rows.unique("variable") == ["sum", "product"]
    assert (rows.unique("quantity"), rows.unique("step")) == (["I(T;Y)"], [0, 1])
    first = rows.filter(site=rows.sites()[0], step=0)
    told = dict(zip(first.column("variable"), first.column("value"), strict=True))
    assert told["sum"] > 0.5
    assert abs(told["product"]) < 0.05  # a product of two inputs is not linear
    again = run.measure("usable_information", model=network, probe="knn")
    assert len(again) == len(rows)
    assert "nearest-neighbour" in again.unique("estimand")[0]
