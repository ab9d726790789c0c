"""What ``scripts/dev.py`` decides, on made-up environments; nothing is installed here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def ran(dev, monkeypatch):
    """Commands are recorded in place of being run; ``ran.code`` is what they exit with."""

    class Ran(list):
        code = 0

    commands = Ran()

    def run(command, where=ROOT):
        commands.append((command, where))
        return commands.code

    monkeypatch.setattr(dev, "run", run)
    return commands


@pytest.fixture
def environment(dev, monkeypatch, tmp_path):
    """A made-up environment: its folder, with every question about it answered by ``answers``."""
    python = dev.python_of(tmp_path / "env")
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(dev, "ask", lambda python, code: "2.13.0||False" if "t.__version__" in code else str(python))
    return tmp_path / "env"


OURS = ROOT / ".venv"


# --- the plan


@pytest.mark.parametrize("torch", ["2.4.0", "2.9.1+cu126", "2.13.0", "2.14.0a0+git1234"])
@pytest.mark.parametrize("wanted", ["", "cpu"])
def test_an_active_environment_with_a_torch_in_range_is_used_without_a_pin(dev, torch, wanted):
    active = Path("/home/someone/env/bin/python")
    plan = dev.plan_for("test", active, torch, wanted)
    assert (plan.python, plan.make) == (active, False)
    assert plan.install == ["-e", f"{ROOT}[test]"]
    assert torch in plan.reason


@pytest.mark.parametrize(("torch", "words"), [(None, "no torch"), ("2.3.1", "torch 2.3.1, wanted torch>=2.4,<3")])
def test_an_active_environment_without_such_a_torch_is_left_alone(dev, torch, words):
    plan = dev.plan_for("test", Path("/home/someone/env/bin/python"), torch, "")
    assert plan.python == dev.python_of(OURS)
    assert plan.install == ["-c", str(ROOT / "constraints" / "cpu.txt"), "-e", f"{ROOT}[test]"]
    assert words in plan.reason


def test_with_nothing_active_our_own_is_made_with_the_constraints(dev):
    plan = dev.plan_for("dev", None, None, "")
    assert plan.python == dev.python_of(OURS)
    assert plan.make == (not plan.python.exists())
    assert plan.install[:2] == ["-c", str(ROOT / "constraints" / "cpu.txt")]


def test_our_own_environment_stays_pinned_when_it_is_the_active_one(dev):
    plan = dev.plan_for("test", dev.python_of(OURS), "2.13.0", "")
    assert "-c" in plan.install


def test_torch_cpu_adds_an_index_and_names_the_cpu_build(dev):
    plan = dev.plan_for("test", None, None, "cpu", system="linux")
    assert plan.install[-3:] == ["--extra-index-url", "https://download.pytorch.org/whl/cpu", "torch==2.13.0+cpu"]
    assert "torch==2.13.0+cpu" not in dev.plan_for("test", None, None, "cpu", system="darwin").install
    assert "--extra-index-url" not in dev.plan_for("test", None, None, "").install


@pytest.mark.parametrize(
    ("version", "inside"),
    [("2.4", True), ("2.4.0rc1", True), ("2.13.0+cpu", True), ("2.99", True), ("2.3.9", False), ("3.0.0", False),
     ("3.0.0a0", False), ("1.13", False), ("10.0", False)],
)  # fmt: skip
def test_the_range_is_the_packages_own(dev, version, inside):
    assert dev.supported_range() == "torch>=2.4,<3"
    assert dev.in_range(version) == inside


def test_the_pin_lies_in_the_range(dev):
    assert dev.in_range(dev.pinned_torch().removeprefix("torch=="))


# --- the active environment


def test_the_running_environment_is_the_active_one(dev, monkeypatch, environment):
    monkeypatch.setattr(sys, "prefix", str(environment))
    assert dev.active_python() == dev.python_of(environment)


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_named_environment_is_the_active_one(dev, monkeypatch, environment, variable):
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    assert dev.active_python() is None
    monkeypatch.setenv(variable, str(environment))
    assert dev.active_python() == dev.python_of(environment)
    monkeypatch.setenv(variable, str(environment / "gone"))
    assert dev.active_python() is None


def test_torch_is_asked_of_the_environments_own_python(dev):
    version = dev.torch_version(Path(sys.executable))
    assert dev.in_range(version)
    assert dev.ask(Path(sys.executable), "raise SystemExit(3)") is None
    assert dev.ask(Path("/no/such/python"), "") is None


# --- setting up


def a_plan(dev, environment, make=False):
    return dev.Plan(dev.python_of(environment), make, ["-e", f"{ROOT}[test]"], "because")


def test_a_set_up_is_done_once(dev, ran, environment, capsys):
    plan = a_plan(dev, environment)
    assert dev.set_up(plan, "test") == 0
    assert [command[1:4] for command, _ in ran] == [["-m", "pip", "install"]]
    assert capsys.readouterr().out.endswith("torch 2.13.0, a build without CUDA\n")
    assert dev.set_up(plan, "test") == 0
    assert len(ran) == 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", [None, "", "one-word", "a b c", "0000 test"])
def test_a_missing_or_strange_stamp_means_install_again(dev, ran, environment, text):
    if text is not None:
        (environment / dev.STAMP).write_text(text)
    assert dev.set_up(a_plan(dev, environment), "test") == 0
    assert len(ran) == 1


def test_the_demo_installs_no_extra_and_takes_what_has_more(dev, ran, environment):
    plan = dev.plan_for("", None, None, "")
    assert plan.install == ["-c", str(dev.CONSTRAINTS), "-e", str(dev.ROOT)]
    plan = a_plan(dev, environment)._replace(install=["-e", str(ROOT)])
    dev.set_up(plan, "")
    dev.set_up(plan, "")
    assert len(ran) == 1
    dev.set_up(plan._replace(install=["-e", f"{ROOT}[test]"]), "test")
    assert len(ran) == 2
    dev.set_up(plan, "")
    assert len(ran) == 2


def test_what_dev_installs_is_enough_for_test_and_not_the_other_way(dev, ran, environment):
    plan = a_plan(dev, environment)
    dev.set_up(plan, "test")
    dev.set_up(plan._replace(install=["-e", f"{ROOT}[dev]"]), "dev")
    assert len(ran) == 2
    dev.set_up(plan, "test")
    assert len(ran) == 2


def test_another_pyproject_constraint_python_or_option_means_install_again(dev, environment, monkeypatch, tmp_path):
    plan = a_plan(dev, environment)
    before = dev.digest(plan)
    assert dev.digest(plan) == before
    assert dev.digest(plan._replace(install=[*plan.install, "--extra-index-url", "x"])) != before
    assert dev.digest(plan._replace(python=Path("/another/python"))) != before
    for name, text in (("pyproject.toml", "changed"), ("cpu.txt", "torch==2.12.0")):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(dev, "CONSTRAINTS", tmp_path / "cpu.txt")
    constrained = dev.digest(plan)
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    assert len({before, constrained, dev.digest(plan)}) == 3


def test_an_absent_environment_is_made_first_and_a_failure_says_what_to_install(dev, ran, environment, capsys):
    ran.code = 1
    assert dev.set_up(a_plan(dev, environment, make=True), "test") == 2
    assert [command[1:3] for command, _ in ran] == [["-m", "venv"]]
    assert "apt-get install python3-venv" in capsys.readouterr().err
    assert not (environment / dev.STAMP).exists()


def test_a_failed_installation_leaves_no_stamp(dev, ran, environment, capsys):
    ran.code = 1
    assert dev.set_up(a_plan(dev, environment), "test") == 2
    assert "the installation failed" in capsys.readouterr().err
    assert not (environment / dev.STAMP).exists()


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (("2.13.0+cpu", "", False, False, True), "torch 2.13.0+cpu, a build without CUDA"),
        (("2.13.0", "12.8", True, True, True), "torch 2.13.0, built for CUDA 12.8, with a GPU"),
        (
            ("2.13.0", "12.8", False, False, True),
            "torch 2.13.0, built for CUDA 12.8, on a machine without an NVIDIA driver: everything runs on the CPU; "
            "for the smaller CPU build: make demo TORCH=cpu",
        ),
        (
            ("2.9.1", "12.6", False, False, False),
            "torch 2.9.1, built for CUDA 12.6, on a machine without an NVIDIA driver: everything runs on the CPU",
        ),
        (
            ("2.13.0", "12.8", False, True, True),
            "torch 2.13.0, built for CUDA 12.8, which finds no GPU: everything runs on the CPU",
        ),
    ],
)
def test_one_line_on_the_torch_that_was_found(dev, facts, line):
    assert dev.describe_torch(*facts) == line


def test_a_torch_that_does_not_import_is_told(dev, environment, monkeypatch):
    monkeypatch.setattr(dev, "ask", lambda *_: None)
    assert "cannot be imported" in dev.torch_line(a_plan(dev, environment))


# --- the commands


@pytest.fixture
def ready(dev, monkeypatch, environment):
    """The set-up is done."""
    monkeypatch.setattr(dev, "decide", lambda extra: a_plan(dev, environment))
    monkeypatch.setattr(dev, "set_up", lambda plan, extra: 0)
    return environment


def test_test_runs_pytest_with_its_arguments_and_returns_its_code(dev, ran, ready):
    ran.code = 1
    assert dev.main(["test", "tests/core", "-x"]) == 1
    command = ran[0][0]
    assert command[:3] == [str(dev.python_of(ready)), "-m", "pytest"]
    assert command[3:] == [*dev.SIDE_BY_SIDE, "tests/core", "-x"]  # later ones win: `-n 0` is one process


def test_demo_runs_the_main_job(dev, ran, ready, monkeypatch):
    monkeypatch.delenv("MNIST", raising=False)
    command = dev.python_of(ready).parent / "infoscope"
    command.write_text("")
    command.chmod(0o755)
    assert dev.main(["demo"]) == 0
    assert ran[0][0] == [str(command), "demo"]


@pytest.mark.parametrize(
    ("mnist", "extra", "wanted"),
    [
        ("", [], []),
        ("0", ["--seeds", "3"], ["--seeds", "3"]),
        ("1", ["--preset", "smoke"], ["--mnist", "--preset", "smoke"]),
    ],
)
def test_the_demo_has_mnist_only_where_it_is_asked_for(dev, monkeypatch, mnist, extra, wanted):
    monkeypatch.setenv("MNIST", mnist)
    assert dev.demo_arguments(extra) == ["demo", *wanted]


def test_lint_runs_every_check_and_fails_when_one_does(dev, ran, ready):
    codes = iter([1, 0, 0])
    ran_before = dev.run
    dev.run = lambda command: ran_before(command) or next(codes)
    assert dev.main(["lint"]) == 1
    python = str(dev.python_of(ready))
    assert [command for command, _ in ran] == [
        [python, "-m", "ruff", "check", "."],
        [python, "-m", "ruff", "format", "--check", "."],
        [python, "-m", "pyright", "--pythonpath", python],
    ]


def test_install_only_installs_and_a_failed_set_up_ends_it(dev, ran, ready, monkeypatch):
    assert dev.main(["install"]) == 0
    monkeypatch.setattr(dev, "set_up", lambda plan, extra: 2)
    assert dev.main(["test"]) == 2
    assert ran == []


def test_lint_and_install_ask_for_the_developers_extra(dev, ran, ready, monkeypatch):
    asked = []
    monkeypatch.setattr(dev, "set_up", lambda plan, extra: asked.append(extra) or 0)
    for command in ("demo", "test", "lint", "docs", "install"):
        dev.main([command])
    assert asked == ["", "test", "dev", "dev", "dev"]


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["tset"], 2), (["--help"], 0), (["-h"], 0)])
def test_anything_else_prints_the_usage(dev, ran, arguments, code, capsys):
    assert dev.main(arguments) == code
    out, err = capsys.readouterr()
    assert "demo, test, lint, docs, wheel, oldest or install" in (err if code else out)
    assert ran == []


def test_an_old_python_is_told_so(dev, monkeypatch, capsys):
    monkeypatch.setattr(dev.sys, "version_info", (3, 9, 1))
    assert dev.main(["test"]) == 2
    assert "needs Python 3.10 or newer" in capsys.readouterr().err


# --- elsewhere


def test_the_oldest_pair_is_what_pyproject_says(dev):
    pins = dev.lowest()
    assert "torch==2.4" in pins
    assert dev.OLDEST_PYTHON == "python3.10"
    assert 'requires-python = ">=3.10"' in (ROOT / "pyproject.toml").read_text()
    assert not [pin for pin in pins if pin.startswith(("hatchling", "pytest"))]


def test_oldest_has_an_environment_of_its_own_and_runs_the_tests(dev, ran, monkeypatch, tmp_path):
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "lowest", lambda: ["torch==2.4"])
    monkeypatch.setattr(dev, "ask", lambda python, code: "1")
    monkeypatch.setattr(dev.shutil, "which", lambda name: f"/somewhere/{name}")
    place = tmp_path / "build" / "oldest"
    place.mkdir(parents=True)
    assert dev.main(["oldest", "tests/core"]) == 0
    made, installed, tested = [command for command, _ in ran]
    python = str(dev.python_of(place))
    assert made == ["/somewhere/python3.10", "-m", "venv", str(place)]
    assert installed[:4] == [python, "-m", "pip", "install"]
    assert installed[-4:] == ["-c", str(place / "oldest.txt"), "-e", f"{tmp_path}[peers,checks]"]
    assert tested == [python, "-m", "pytest", *dev.SIDE_BY_SIDE, "tests/core"]
    assert (place / "oldest.txt").read_text() == "torch==2.4\n"


@pytest.mark.parametrize("found", [None, "/somewhere/python3.10"])
def test_without_the_oldest_python_one_sentence_says_so(dev, ran, monkeypatch, capsys, found):
    monkeypatch.setattr(dev.shutil, "which", lambda name: found)
    monkeypatch.setattr(dev, "ask", lambda python, code: None)
    assert dev.main(["oldest"]) == 2
    assert "there is no python3.10 on the PATH that starts" in capsys.readouterr().err
    assert ran == []


def test_the_wheel_is_built_installed_alone_and_used_outside_the_repository(dev, ran, monkeypatch):
    def run(command, where=ROOT):
        ran.append((command, where))
        if "wheel" in command:
            built = Path(command[command.index("-w") + 1])
            built.mkdir()
            (built / "infoscope-1-py3-none-any.whl").touch()
        return ran.code

    monkeypatch.setattr(dev, "run", run)
    assert dev.main(["wheel"]) == 0
    (_, built, installed, listed, asked) = ran
    assert installed[0][-3:-1] == ["-c", str(ROOT / "constraints" / "cpu.txt")]
    assert installed[0][-1].endswith(".whl")  # no extra
    assert built[1] == ROOT
    assert listed[0][-2:] == ["list", "estimators"]
    assert ROOT not in (listed[1], asked[1], *listed[1].parents)


def test_the_number_that_the_wheel_is_asked_for_is_right(dev, capsys):
    exec(dev.SMOKE, {})
    assert "I(X;Y) = 0.5" in capsys.readouterr().out


def test_docs_builds_the_site_with_warnings_as_errors(dev, ran, ready):
    assert dev.main(["docs"]) == 0
    command = ran[0][0]
    assert command[:3] == [str(dev.python_of(ready)), "-m", "sphinx"]
    assert {"-W", "docs", str(ROOT / "build" / "docs")} <= set(command)


def test_no_public_file_knows_the_workshop():
    for path in ("scripts/dev.py", "Makefile", "pyproject.toml", "tests/conftest.py", "README.md", "CONTRIBUTING.md"):
        assert "shared/" not in (ROOT / path).read_text(encoding="utf-8"), path


# --- the real thing


def test_run_gives_the_exit_code_and_128_more_than_a_signal(dev):
    assert dev.run([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    if os.name == "posix":
        assert dev.run([sys.executable, "-c", "import os; os.kill(os.getpid(), 15)"]) == 143


def test_the_script_needs_the_standard_library_only():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(ROOT / "scripts" / "dev.py"), "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "scripts/dev.py demo" in done.stdout


def test_make_ci_and_pre_commit_call_the_same_script(dev):
    makefile = (ROOT / "Makefile").read_text()
    assert "scripts/dev.py $@ $(ARGS)" in makefile
    assert all(f" {command}" in makefile.split(".PHONY:")[1].splitlines()[0] for command in dev.COMMANDS)
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-4:] == ["make lint", "make docs", "make wheel", "make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "entry: python3 scripts/dev.py lint" in (ROOT / ".pre-commit-config.yaml").read_text()
