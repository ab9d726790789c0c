"""The how-to pages do what they say: their code runs from top to bottom in an empty folder."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "how-to"


def run_code(page: str) -> dict:
    code = "\n".join(re.findall(r"```python\n(.*?)```", (PAGES / page).read_text(encoding="utf-8"), re.DOTALL))
    names: dict = {}
    exec(compile(code, page, "exec"), names)
    return names


def test_read_a_variable_from_a_layer(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_code("read-a-variable-from-a-layer.md")
    printed = capsys.readouterr().out
    assert printed.startswith("I_u(Z;Y) ≥ 0.9")
    assert len(re.findall(r"^step +\d+, layer [13]: -?\d.\d\d bits of the colour$", printed, re.M)) == 8
    fine, coarse, rest = names["chain"]
    np.testing.assert_allclose(fine.value, coarse.value + rest.value)
    np.testing.assert_allclose(np.load("pvi.npy").mean(), names["found"].value)
    assert Path("runs/read/report.html").stat().st_size > 10_000
    assert len(names["table"]) == 300
    rows = names["iscope"].load("runs/read").rows
    assert set(rows.unique("variable")) == {"shape", "colour", "right"}
    assert rows.filter(variable="right").sites() == ["1", "2"]


def test_train_with_noise(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_code("train-with-noise.md")
    handle, first, second, label, refused, *_ = capsys.readouterr().out.split("\n")
    assert handle == "NoiseHandle(0.1 at 1, 3)"
    assert "Monte Carlo error" in first
    assert "bracket in expectation" in second
    assert "I(T;Y)" in label
    assert "VACUOUS" in refused
    assert len(names["history"]) == 3
    assert all(found.interval[0] <= found.value <= found.interval[1] for found in names["history"])


def test_scan_checkpoints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_code("scan-checkpoints.md")
    assert [one.step for one in names["found"]] == [10, 20, 30]
    assert [one.step for one in names["mapped"]] == [0, 100]
    assert [one.step for one in names["chosen"]] == [10, 30]
    printed = capsys.readouterr().out
    assert "True float32 ()\n[]\n" in printed
    assert "['0', '1', '2'] [10, 20, 30]\n" in printed
    assert names["later"].unique("variable") == ["sign", "second"]
    assert Path("runs/scanned/report.html").stat().st_size > 10_000


def test_write_an_estimator(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = run_code("write-an-estimator.md")["scope"].run.rows
    assert rows.unique("quantity") == ["H(sign T)"]
    assert set(rows.unique("status")) <= {"OK", "UNDERSAMPLED"}
    assert 0 < rows.filter(site="1").column("value")[0] < 8 * np.log(2)


def test_use_a_gpu(capsys):
    run_code("use-a-gpu.md")
    first, second = capsys.readouterr().out.strip().split("\n")
    assert first == "True torch.Size([500, 32])"
    assert second.startswith("I_u(Z;Y) ≥ 0.")


def test_use_lightning(tmp_path, monkeypatch, capsys):
    pytest.importorskip("lightning", reason="lightning is not installed: pip install 'infoscope[models]'")
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's own, of workers and of how many batches there are
        names = run_code("use-lightning.md")
    assert names["run"].rows.unique("step")[-1] == 32
    assert Path("runs/corners/report.html").exists()


def test_read_a_transformer(tmp_path, monkeypatch, capsys):
    pytest.importorskip("transformers", reason="transformers is not installed: pip install 'infoscope[models]'")
    monkeypatch.chdir(tmp_path)
    names = run_code("read-a-transformer.md")
    assert names["run"].rows.sites()[0] == "transformer.wte@tokens"
    assert set(names["run"].rows.unique("variable")) == {"even", "before", "long"}
    assert "bits of whether the token is even" in capsys.readouterr().out
    assert Path("even.svg").exists()


def test_read_more_rows_than_fit(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_code("read-more-rows-than-fit.md")
    printed = capsys.readouterr().out.splitlines()
    assert "4000 of 20000 rows sampled" in printed[0]  # of the scan
    assert "6000 of 20000 rows sampled" in printed[1]
    found, code = names["found"], names["code"]
    assert found.bits == pytest.approx(code.usable.bits, abs=0.05)
    assert sum(coded for _, coded, _ in code.length.blocks) == 20_000
    assert int(printed[3]) < 1000
    assert names["low"] < names["middle"] < names["high"]


def test_sweep_over_seeds(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = run_code("sweep-over-seeds.md")
    *trained, members = capsys.readouterr().out.splitlines()
    assert trained == [f"rate={rate} {seed} ran" for rate in (0.1, 0.01) for seed in range(3)]
    assert members.startswith("3 members, ")
    assert names["found"].joined.rows.unique("network") == ["rate=0.1", "rate=0.01"]
    assert Path("runs/sweep/report.html").stat().st_size > 10_000
