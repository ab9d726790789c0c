"""What holds for every command: examples that parse, the order of help, one unit, quiet, one value a name."""

from __future__ import annotations

import inspect
import re
import shlex
import webbrowser

import numpy as np
import pytest

from infoscope import cli
from infoscope.cli.shared import app

COMMANDS = [name for name in app if not name.startswith("-")]


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 1))
    np.save("x.npy", x)
    np.save("y.npy", x + rng.normal(size=(500, 1)))
    return "x.npy", "y.npy"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_parses(name):
    said = inspect.getdoc(app[name].default_command)
    example = re.search(r"^Example: (infoscope .+)$", said or "", re.M)
    assert example, f"infoscope {name} --help shows no example"
    words = shlex.split(example[1])
    assert words[1] == name
    app.parse_args(words[1:], exit_on_error=False, print_error=False)


def test_help_lists_commands_in_the_order_of_work(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    places = [out.index(f"│ {name} ") for name in ("demo", "run", "scan", "measure", "report", "choose", "list")]
    assert places == sorted(places)
    assert "usable_information" not in out


def test_information_is_printed_in_the_unit_asked_for_and_in_no_other(capsys, two, monkeypatch):
    command = ("mutual-information", *two, "--estimator", "ksg", "--calibrate")
    _, bits, _ = call(capsys, *command)
    _, nats, _ = call(capsys, "--unit", "nats", *command)
    assert "bits" in bits
    assert "nats" not in bits
    assert "nats" in nats
    assert "bits" not in nats
    value = [float(re.search(r"= ([\d.]+)", out)[1]) for out in (bits, nats)]
    assert value[1] == pytest.approx(value[0] * np.log(2), rel=1e-2)
    monkeypatch.setenv("INFOSCOPE_UNIT", "nats")
    assert call(capsys, *command)[1] == nats
    assert call(capsys, *command, "--unit", "bits")[1] == bits
    assert call(capsys, *command, "--unit", "decibels")[0] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--option", "k=3", "--option", "k=4"], "--option k is given twice, 3 and 4: say one"),
        (["--estimator", "ksg", "--estimator", "kde"], "--estimator"),
    ],
)
def test_one_name_with_two_values_is_refused(capsys, two, words, said):
    code, _, err = call(capsys, "mutual-information", *two, *words)
    assert code == 2
    assert said in err


def test_names_may_be_written_with_underscores(capsys, two):
    assert call(capsys, "mutual_information", *two, "--json")[0] == 0


def test_only_near_names_are_told(capsys):
    _, _, err = call(capsys, "run", "saxe2018/tahn")
    assert "did you mean 'saxe2018/tanh'" in err
    assert "known" not in err


def test_quiet_prints_nothing_on_the_way(capsys, tmp_path):
    arguments = ("run", "saxe2018/reparametrisation", "--preset", "smoke", "--out", tmp_path)
    assert call(capsys, *arguments)[2] == "saxe2018/reparametrisation (smoke)\n"
    code, out, err = call(capsys, *arguments, "--quiet")
    assert (code, err) == (0, "")
    assert "report.html" in out


def test_open_opens_the_report(capsys, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or True)
    call(capsys, "run", "saxe2018/reparametrisation", "--preset", "smoke", "--out", tmp_path, "--open")
    assert opened == [(tmp_path / "report.html").resolve().as_uri()]
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    _, _, err = call(capsys, "report", tmp_path / "saxe2018-reparametrisation-smoke", "--open")
    assert "no browser was found, so open it yourself" in err
