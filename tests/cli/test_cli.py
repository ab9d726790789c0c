"""The command line as a person meets it: text, JSON, one-sentence errors, exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infoscope import cli
from infoscope.cli.papers import figures_of
from infoscope.cli.shared import table
from infoscope.core import registry


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        cli.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """`infoscope run saxe2018/tanh --preset smoke --seeds 2 --json` in a process of its own: its JSON, its folder."""
    out = tmp_path_factory.mktemp("cli")
    command = [
        sys.executable,
        "-m",
        "infoscope",
        "run",
        "saxe2018/tanh",
        "--preset",
        "smoke",
        "--seeds",
        "2",
        "--out",
        str(out),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), out


def test_run_prints_json_and_leaves_a_report(finished):
    content, out = finished
    assert content["runs"] == [str(out / "saxe2018-tanh-smoke")]
    assert content["failures"] == []
    assert Path(content["report"]) == out / "report.html"
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")
    (verdict,) = content["verdicts"]
    assert verdict["claim"]["id"] == "saxe2018/tanh/compresses"
    assert (verdict["preset"], verdict["seeds"]) == ("smoke", 2)


def test_help_and_list_do_not_import_torch():
    code = (
        "import sys\nfrom infoscope import cli\n"
        "for arguments in (['--help'], ['list'], ['run', '--help'], ['--version']):\n"
        "    try: cli.main(arguments)\n"
        "    except SystemExit as stop: assert not stop.code, arguments\n"
        "assert not {'torch', 'scipy', 'numba'} & set(sys.modules), 'a heavy import'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("command", ["list", "run", "measure", "report", "claims"])
def test_every_command_explains_itself(capsys, command):
    code, out, _ = call(capsys, command, "--help")
    assert code == 0
    assert "--json" in out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("run", ["the published size", "in place of the preset's number", "report.html", "such as cuda"]),
        ("measure", ["as key=value", "package.module:function", "Only this site"]),
        ("report", ["PNG and SVG", "One run folder or more"]),
        ("claims", ["One run folder or more"]),
    ],
)
def test_help_describes_every_parameter(capsys, command, words):
    out = " ".join(call(capsys, command, "--help")[1].replace("│", " ").split())
    for word in words:
        assert word in out


def test_list_names_everything_there_is(capsys):
    code, out, _ = call(capsys, "list")
    assert code == 0
    for kind in registry.KINDS:
        assert f"{kind}:" in out
        assert all(name in out for name in registry.entries(kind))
    code, out, _ = call(capsys, "list", "tasks", "--json")
    assert set(json.loads(out)["tasks"]) == set(registry.entries("tasks"))


def test_run_in_words(capsys, finished):
    _, out = finished
    code, text, _ = call(capsys, "run", "saxe2018/tanh", "--preset", "smoke", "--seeds", 2, "--out", out)
    assert code == 0
    assert "saxe2018/tanh/compresses" in text
    assert "smoke, 2 seeds" in " ".join(text.split())
    assert "report.html" in text


def test_measure_claims_and_report(capsys, finished, tmp_path):
    folder = shutil.copytree(finished[1] / "saxe2018-tanh-smoke", tmp_path / "run")
    code, text, _ = call(
        capsys,
        "measure",
        folder,
        "--estimator",
        "binned",
        "--option",
        "bins=10",
        "--option",
        "range=-1,1",
        "--site",
        "hidden5",
    )
    assert code == 0
    assert "hidden5" in text
    assert "bits" in text
    code, text, _ = call(capsys, "measure", folder, "--option", "bins=10", "--site", "hidden5", "--json")
    content = json.loads(text)
    assert {row["site"] for row in content["last_step"]} == {"hidden5"}
    code, text, _ = call(capsys, "claims", folder, "--json")
    assert [verdict["claim"]["id"] for verdict in json.loads(text)] == ["saxe2018/tanh/compresses"]
    code, text, _ = call(
        capsys, "report", folder, "--out", tmp_path / "r.html", "--figures", tmp_path / "figures", "--json"
    )
    content = json.loads(text)
    assert Path(content["report"]).exists()
    assert {Path(path).suffix for path in content["figures"]} == {".png", ".svg"}
    assert all(Path(path).stat().st_size > 1000 for path in content["figures"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "saxe2018/tahn"], "did you mean 'saxe2018/tanh'"),
        (["run", "saxe2018", "--preset", "laptpo"], "did you mean 'laptop'"),
        (["run", "saxe2018/tanh", "--seeds", "0"], "wanted a whole number of at least 1"),
        (["list", "task"], "did you mean 'tasks'"),
        (["report", "nowhere"], "there is no run folder at nowhere"),
        (["claims", "nowhere"], "there is no run folder at nowhere"),
        (["measure", "nowhere"], "there is no run folder at nowhere"),
        (["lst"], "infoscope --help"),
        (["run"], "infoscope --help"),
        (["list", "tasks", "--nonsense"], "infoscope --help"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(capsys, arguments, words, tmp_path):
    extra = ["--out", tmp_path] if arguments[0] == "run" and len(arguments) > 1 else []
    code, out, err = call(capsys, *arguments, *extra)
    assert code == 2
    assert out == ""
    assert words in err
    assert "Traceback" not in err


def test_mistaken_options_of_measure(capsys, finished):
    folder = finished[1] / "saxe2018-tanh-smoke"
    for arguments, words in (
        (["--option", "bins"], "is not key=value"),
        (["--option", "binz=3"], "did you mean 'bins'"),
        (["--option", "bins=many"], "bins"),
        (["--estimator", "kdee"], "did you mean 'kde'"),
        (["--site", "hiden1"], "did you mean 'hidden1'"),
    ):
        code, _, err = call(capsys, "measure", folder, *arguments)
        assert code == 2, arguments
        assert words in err, arguments


def test_one_figure_failing_lets_the_others_go_on(capsys, tmp_path, monkeypatch):
    from infoscope.claim import running
    from infoscope.core.errors import RunFolderError

    real = running.run_figure

    def some(figure, *asked):
        if figure == "saxe2018/relu":
            raise RunFolderError("the disk is full")
        return real(figure, *asked)

    monkeypatch.setattr(running, "run_figure", some)
    wanted = ["saxe2018/relu", "saxe2018/tanh", "saxe2018/relu"]
    code, out, err = call(capsys, "run", *wanted, "--preset", "smoke", "--seeds", 2, "--out", tmp_path)
    assert code == 2
    assert "saxe2018/tanh/compresses" in out
    assert "1 of 2 figures failed: saxe2018/relu: the disk is full" in err


def test_missing_data_is_one_line_and_the_rest_goes_on(capsys, tmp_path, monkeypatch):
    from infoscope.claim import running
    from infoscope.core.errors import DataMissingError

    real = running.load_task

    def missing(name):
        if name == "mnist":
            raise DataMissingError("the file of mnist is not on disk: put it into FOLDER")
        return real(name)

    monkeypatch.setattr(running, "load_task", missing)
    figures = ["saxe2018/mnist", "saxe2018/architectures", "saxe2018/tanh"]
    code, out, err = call(capsys, "run", *figures, "--preset", "smoke", "--seeds", 2, "--out", tmp_path)
    assert code == 0
    assert err.count("put it into FOLDER") == 1
    assert re.search(r"^not run, for want of data \(2 figures, \d+ claims\): the file of mnist is not on", err, re.M)
    assert "saxe2018/tanh/compresses" in out
    assert "mnist" not in out
    assert "architectures" not in out
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("Not run, for want of data: the file of mnist is not on disk: put it into FOLDER.") == 1
    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading is not None
    assert "MNIST" not in heading[1]
    assert set(re.findall(r'<tbody id="(claim-[^"]+)"', page)) == {"claim-saxe2018_tanh_smoke-saxe2018_tanh_compresses"}
    code, _, err = call(capsys, "claims", tmp_path / "saxe2018-mnist-smoke")
    assert code == 2
    assert "was not run for want of data, so there is nothing to judge" in err
    call(capsys, "report", tmp_path / "saxe2018-mnist-smoke", "--out", tmp_path / "alone.html")
    alone = (tmp_path / "alone.html").read_text(encoding="utf-8")
    assert alone.count("this figure was not run: the file of mnist") == 1
    assert "this run holds no rows yet" not in alone


def test_ctrl_c_says_how_to_go_on(capsys, tmp_path, monkeypatch):
    from infoscope.claim import running

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_figure", interrupted)
    code, _, err = call(capsys, "run", "saxe2018/tanh", "--out", tmp_path)
    assert code == 130
    assert "run the same command again" in err


def test_a_paper_means_all_its_figures():
    assert figures_of(["saxe2018"]) == [name for name in registry.entries("figures") if name.startswith("saxe2018/")]
    assert figures_of(["saxe2018/relu", "saxe2018/"])[0] == "saxe2018/relu"


def test_names_of_a_stranger_move_no_cursor(capsys):
    table(["a", "b"], [["esc\x1b[31m", "bell\x07 and \x9b2J"]])
    with pytest.raises(SystemExit):
        cli.main(["check", "no\x1b[2Jwhere"])
    told = capsys.readouterr()
    assert not {"\x1b", "\x07", "\x9b"} & set(told.out + told.err)
    assert "esc[31m" in told.out
    assert "no[2Jwhere" in told.err
