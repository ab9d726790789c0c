"""Estimates on the command line: what the functions say about the same columns, in words and as JSON."""

from __future__ import annotations

import inspect
import json
import shlex

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from infoscope import cli
from infoscope.cli import data as commands
from infoscope.core import registry
from infoscope.measure.questions import information
from infoscope.measure.questions.dependence import dependence


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


def offering(question, **facts):
    """The first estimator that offers ``question`` and states the facts; the test is skipped where there is none."""
    for name, entry in registry.entries("estimators").items():
        stated = {"first": ("real",), "second": ("labels",), "third": ("real",), **entry.facts}
        if question in stated["offers"] and all(value in stated[key] for key, value in facts.items()):
            return name
    pytest.skip(f"no estimator offers {question} with {facts}")


@pytest.fixture
def data(tmp_path):
    """A folder of columns: rows x, labels and rows that depend on them, and what the files hold."""
    rng = np.random.default_rng(0)
    label = rng.integers(3, size=400)
    x = np.tanh(rng.normal(size=(400, 2)) + label[:, None])
    y = x[:, :1] + rng.normal(size=(400, 1))
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "d.npz", label=label, y=y, short=label[:7])
    pq.write_table(
        pa.table({"a": x[:, 0], "b": x[:, 1], "name": [f"class {k}" for k in label]}), tmp_path / "t.parquet"
    )
    return tmp_path, x, label, y


def test_entropy(capsys, data):
    folder, x, _, _ = data
    code, out, _ = call(capsys, "entropy", folder / "x.npy", "--estimator", "kde", "--option", "noise=0.2", "--json")
    expected = information.entropy(x, "kde", noise=0.2)
    content = json.loads(out)
    assert code == 0
    assert content["value"] == expected.value
    assert content["interval"] == list(expected.interval)
    assert (content["unit"], content["status"], content["n"]) == ("nats", "OK", 400)
    assert content["calibration"] is None
    code, out, _ = call(capsys, "entropy", folder / "t.parquet:a,b", "--option", "noise=0.2")
    assert out.splitlines()[0] == str(expected)


@pytest.mark.parametrize("command", ["mutual-information", "mutual_information"])
def test_mutual_information_by_either_name(capsys, data, command):
    folder, x, label, _ = data
    code, out, _ = call(capsys, command, folder / "x.npy", folder / "d.npz:label", "--option", "k=5")
    expected = information.mutual_information(x, label, k=5)
    assert code == 0
    assert out.splitlines() == [str(expected), *(f"  {note}" for note in expected.notes)]


def test_words_are_labels(capsys, data):
    folder, x, label, _ = data
    _, out, _ = call(capsys, "mutual-information", folder / "x.npy", folder / "t.parquet:name", "--json")
    assert json.loads(out)["value"] == pytest.approx(information.mutual_information(x, label).value, abs=1e-12)


def test_calibration_stands_beside_the_number(capsys, data):
    folder, x, label, _ = data
    arguments = ("mutual-information", folder / "x.npy", folder / "d.npz:label", "--estimator", "kde", "--calibrate")
    code, out, _ = call(capsys, *arguments, "--json")
    content = json.loads(out)
    expected = information.mutual_information(x, label, "kde", calibrate=True)
    assert code == 0
    assert content["value"] == expected.value == information.mutual_information(x, label, "kde").value
    assert expected.calibration is not None
    assert content["calibration"]["bias"] == expected.calibration.bias
    assert content["calibration"]["replicates"] == 20
    _, out, _ = call(capsys, *arguments)
    assert "on matched problems with" in out
    assert "nats" not in out
    assert "bits on average, with a standard deviation of" in out


@pytest.mark.parametrize("command", ["conditional-mutual-information", "conditional_mutual_information"])
def test_conditional_mutual_information(capsys, data, command):
    folder, x, _, y = data
    name = offering("conditional_mutual_information", first="real", second="real", third="real")
    columns = folder / "x.npy", folder / "d.npz:y", folder / "t.parquet:b"
    code, out, err = call(capsys, command, *columns, "--estimator", name, "--json")
    assert code == 0, err
    assert json.loads(out)["value"] == information.conditional_mutual_information(x, y, x[:, 1], name).value


def test_dependence(capsys, data):
    folder, x, _, y = data
    code, out, err = call(capsys, "dependence", folder / "x.npy", folder / "d.npz:y", "--json")
    assert code == 0, err
    assert json.loads(out)["value"] == dependence(x, y).value
    code, _, err = call(capsys, "dependence", folder / "x.npy", folder / "d.npz:y", "--measure", "ckaa")
    assert code == 2
    assert "did you mean 'cka'" in err


def test_the_defaults_are_those_of_the_functions():
    def default(function, name="estimator"):
        return inspect.signature(function).parameters[name].default

    for name in ("entropy", "mutual_information", "conditional_mutual_information"):
        assert default(getattr(commands, name)) == default(getattr(information, name))
    assert default(commands.dependence, "measure") == default(dependence, "measure")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["entropy", "nowhere.npy"], "there is no file nowhere.npy"),
        (["mutual-information", "{x}", "{d}:lable"], "did you mean 'label'"),
        (["mutual-information", "{x}", "{d}:short"], "y has 7 labels for 400 rows"),
        (["mutual-information", "{x}", "{d}:label", "--estimator", "bined"], "did you mean 'binned'"),
        (["mutual-information", "{x}", "{d}:label", "--option", "bins"], "--option 'bins' is not key=value"),
        (
            ["mutual-information", "{x}", "{d}:label", "--estimator", "binned", "--option", "bins=x"],
            "option bins of binned is 'x'",
        ),
        (
            ["mutual-information", "{x}", "{d}:label", "--option", "strict=true"],
            "no option of mixed_ksg named 'strict'",
        ),
        (["entropy", "{d}"], "holds 3 arrays, wanted one"),
    ],
)
def test_mistakes_are_one_sentence(capsys, data, arguments, words):
    folder = data[0]
    code, out, err = call(capsys, *(a.format(x=folder / "x.npy", d=folder / "d.npz") for a in arguments))
    assert (code, out) == (2, "")
    assert err.startswith("infoscope: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("entropy", ["--estimator", "key=value", "a.npz:name"]),
        ("mutual-information", ["--calibrate", "--option", "class labels", "bias and spread"]),
        ("conditional-mutual-information", ["--estimator", "three files"]),
        ("dependence", ["--measure", "not information"]),
        ("bench", ["--preset", "half an hour", "--save-results", "may be repeated", "--no-peers"]),
        ("choose", ["--discrete-y", "Columns of X", "class label"]),
    ],
)
def test_every_command_explains_itself(capsys, command, words):
    code, out, _ = call(capsys, command, "--help")
    shown = " ".join(out.replace("│", " ").split())
    assert code == 0
    for word in ["--json", *words]:
        assert word in shown


def test_bench_in_words_and_json_and_again(capsys, tmp_path):
    arguments = ["bench", "--preset", "smoke", "--estimator", "binned", "--estimator", "scipy_tree", "--sizes", 100]
    arguments += ["--source", "bivariate-normal", "--source", "swiss-roll", "--out", tmp_path / "b"]
    code, out, err = call(capsys, *arguments, "--json")
    content = json.loads(out)
    assert code == 0, err
    assert content["answers"] == content["planned"] == 4
    assert {line["label"] for line in content["table"]} == {"binned", "scipy_tree"}
    assert content["accuracy"]["problems"] == 2
    code, out, _ = call(capsys, *arguments)
    assert "n = 100: errors in nats" in out
    assert "4 of 4 cases answered" in out


def test_choose_in_words_and_json(capsys):
    arguments = ["choose", "--n", 5000, "--dx", 64, "--dy", 1, "--discrete-y"]
    code, out, err = call(capsys, *arguments)
    assert code == 0, err
    assert out.startswith("use ")
    assert "The nearest measured problem is" in out
    _, text, _ = call(capsys, *arguments, "--json")
    content = json.loads(text)
    assert f"infoscope mutual-information X.npy Y.npy --estimator {content['estimator']}" in out.replace("'", "")
    assert content["question"]["discrete_y"] is True
    assert content["candidates"][0]["subject"]["name"] == content["estimator"].partition("(")[0]
    assert "Key: loss: mean error as a share of the truth" in out
    for column in ("answers", "loss", "met", "unflagged", "covered", "CPU s"):
        assert column in out
    code, out, _ = call(capsys, "choose", "--n", 10, "--dx", 100)
    assert (code, out.partition(":")[0], "infoscope mutual-information" in out) == (0, "none", False)


def test_choose_reads_files_and_its_command_line_works(capsys, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=1000)
    np.save(tmp_path / "x.npy", rng.normal(size=(1000, 2)) + 2 * y[:, None])
    pq.write_table(pa.table({"label": y, "other": y}), tmp_path / "table.parquet")
    code, out, err = call(capsys, "choose", tmp_path / "x.npy", f"{tmp_path / 'table.parquet'}:label", "--json")
    content = json.loads(out)
    assert code == 0, err
    assert content["question"] == {
        "n": 1000, "dx": 2, "dy": 1, "discrete_y": True, "discrete_x": False, "ties": False
    }  # fmt: skip
    command, *arguments = shlex.split(content["command"])
    code, out, err = call(capsys, *arguments)
    assert (command, code) == ("infoscope", 0), err
    assert out.startswith("I(X;Y) ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bench", "--preset", "smok"], "did you mean 'smoke'"),
        (["bench", "--estimator", "ksgg"], "no estimator or peer named 'ksgg'"),
        (["choose", "--n", "0", "--dx", "3"], "n is 0, wanted a whole number of at least 2"),
        (["choose", "--dx", "3"], "n or dx is missing, wanted rows of X and of Y, or both numbers"),
    ],
)
def test_bad_bench_and_choose(capsys, arguments, words):
    code, _, err = call(capsys, *arguments)
    assert code == 2
    assert words in err


@pytest.mark.parametrize(
    "asked",
    [
        "entropy X --estimator kde",
        "mutual-information X Y --estimator ksg",
        "mutual-information X NAME --estimator mixed_ksg",
        "conditional-mutual-information X Y A --estimator ksg",
        "dependence X Y --measure cka",
        "geometry X NAME --measure class_distances",
        "usable-information X NAME",
        "usable-information X Y --target quantities --rows ROWS",
    ],
)
def test_what_is_computed_on_a_device_is_what_is_computed_here(capsys, data, elsewhere, asked):
    folder, *_ = data
    names = {"X": "x.npy", "Y": "d.npz:y", "A": "t.parquet:a", "NAME": "t.parquet:name", "ROWS": "rows.csv"}
    words = [str(folder / names[word]) if word in names else word for word in asked.split()]
    numbers = []
    for device in ("cpu", elsewhere):
        code, out, err = call(capsys, *words, "--json", "--device", device)
        assert code == 0, err
        found = json.loads(out)
        numbers.append([each["value"] for each in (found.values() if "value" not in found else [found])])
    assert numbers[1] == pytest.approx(numbers[0], rel=1e-3, abs=1e-3)
    code, _, err = call(capsys, *words, "--device", "nonsense")
    assert code == 2
    assert "device 'nonsense' cannot be used" in err
