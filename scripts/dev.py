#!/usr/bin/env python3
"""Set up and run: demo, test, lint or install. Standard library only.

    python scripts/dev.py demo [ARGS]     the main job: train, measure, judge, report into runs/demo
    python scripts/dev.py test [ARGS]     the tests
    python scripts/dev.py lint            what CI checks: ruff check, ruff format --check, pyright
    python scripts/dev.py install         everything a contributor needs, and nothing else

Where it installs: an active environment (venv or conda) that already holds a torch in our range is used as it is, and
no torch pin is applied to it. Otherwise ./.venv is made and installed with constraints/cpu.txt. TORCH=cpu adds
PyTorch's own index of CPU builds for that case. A set-up that is still current is not repeated.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints" / "cpu.txt"
PREPARE = ROOT.parent / "shared" / "data" / "prepare"  # optional: lays data files out where none can be downloaded
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
DEMO = ("saxe2018/tanh", "saxe2018/relu", "saxe2018/mnist")
COMMANDS = ("demo", "test", "lint", "install")
SIDE_BY_SIDE = ("-n", "auto", "--maxprocesses", "8", "--dist", "loadfile")  # a process a core, each test file in one
STAMP = "infoscope-install.stamp"


class Plan(NamedTuple):
    """Which Python is used, whether its environment has to be made first, and what pip is told."""

    python: Path
    make: bool
    install: list[str]
    reason: str


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever starts this has not read pyproject.toml
        print(f"infoscope needs Python 3.10 or newer, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    if not arguments or arguments[0] not in COMMANDS:
        print(__doc__, file=sys.stdout if arguments[:1] in (["-h"], ["--help"]) else sys.stderr)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    command, extra = arguments[0], arguments[1:]
    plan = decide("dev" if command in ("lint", "install") else "test")
    failed = set_up(plan, "dev" if command in ("lint", "install") else "test")
    if failed or command == "install":
        return failed
    if command == "lint":
        return max(run([str(plan.python), "-m", *check]) for check in checks(plan))
    environment = dict(os.environ)
    folder = data_folder()
    if folder:
        environment["INFOSCOPE_DATA"] = folder
    if command == "test":
        return run([str(plan.python), "-m", "pytest", *SIDE_BY_SIDE, *extra], environment)
    return run([*entry_point(plan.python), *demo_arguments(extra)], environment)


# --- where to install ------------------------------------------------------------------------------------------------


def decide(extra: str) -> Plan:
    """The plan for this machine as it is now."""
    active = active_python()
    torch = torch_version(active) if active else None
    return plan_for(extra, active, torch, os.environ.get("TORCH", ""))


def plan_for(extra: str, active: Path | None, torch: str | None, wanted_torch: str, system: str = sys.platform) -> Plan:
    """The plan for an ``active`` environment's Python that holds ``torch`` (either may be None)."""
    ours = python_of(ROOT / ".venv")
    project = ["-e", f"{ROOT}[{extra}]"]
    if active and active != ours and torch and in_range(torch):
        return Plan(active, False, project, f"the active environment holds torch {torch}, which stays as it is")
    if active and active != ours:
        found = f"torch {torch}, wanted {supported_range()}" if torch else "no torch"
        reason = f"the active environment holds {found}; .venv is used instead"
    else:
        reason = ".venv is used"
    install = ["-c", str(CONSTRAINTS), *project]
    if wanted_torch == "cpu":
        install += ["--extra-index-url", CPU_INDEX]
        if system != "darwin":  # names the CPU build, so that an installed CUDA build of the same version is replaced
            install.append(f"{pinned_torch()}+cpu")
    return Plan(ours, not ours.exists(), install, reason)


def active_python() -> Path | None:
    """The Python of the active environment: the one running this, or the one its variables name."""
    if sys.prefix != sys.base_prefix:
        return python_of(Path(sys.prefix))
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        named = os.environ.get(variable)
        if named and python_of(Path(named)).exists():
            return python_of(Path(named))
    return None


def python_of(environment: Path) -> Path:
    """The interpreter of an environment's folder. Not resolved: a link into it is what makes it that environment."""
    if os.name != "nt":
        return environment / "bin" / "python"
    conda = environment / "python.exe"
    return conda if conda.exists() else environment / "Scripts" / "python.exe"


def ask(python: Path, code: str) -> str | None:
    """What ``python -c code`` prints, or None when it fails."""
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def torch_version(python: Path) -> str | None:
    return ask(python, "import importlib.metadata as m; print(m.version('torch'))")


def supported_range() -> str:
    """The package's own range, e.g. ``torch>=2.4,<3``."""
    found = re.search(r'"(torch>=[^"]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert found, "pyproject.toml names no torch range"
    return found.group(1)


def in_range(version: str) -> bool:
    """Whether the package takes this version of torch: at least the lower and below the upper end of its range."""
    low, high = re.findall(r"[><]=?([\d.]+)", supported_range())
    return numbers(low) <= numbers(version) < numbers(high)


def numbers(version: str) -> tuple[int, ...]:
    """``"2.13.0+cu128"`` as ``(2, 13, 0)``."""
    return tuple(int(part) for part in re.findall(r"\d+", re.split(r"[^\d.]", version)[0]))


def pinned_torch() -> str:
    """The constraints file's one line: ``torch==…``."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.startswith("torch=="))


# --- installing ------------------------------------------------------------------------------------------------------


def set_up(plan: Plan, extra: str) -> int:
    """Make and install what the plan says, unless the stamp says that it was done; an exit code."""
    stamp = plan.python.parent.parent / STAMP
    if not plan.make and is_current(stamp, plan, extra):
        return 0
    print(f"{plan.reason}: {plan.python}", flush=True)
    if plan.make and run([sys.executable, "-m", "venv", "--clear", str(ROOT / ".venv")]):
        print(
            "could not make .venv: this Python lacks its venv module (on Debian: apt-get install python3-venv)",
            file=sys.stderr,
        )
        return 2
    if run([str(plan.python), "-m", "pip", "install", "--disable-pip-version-check", *plan.install]):
        print("the installation failed, see pip's last lines above; run the same command again", file=sys.stderr)
        return 2
    stamp.write_text(f"{digest(plan)} {extra}\n", encoding="utf-8")
    print(torch_line(plan), flush=True)
    return 0


def digest(plan: Plan) -> str:
    """Changes whenever the installation would."""
    extra_free = [re.sub(r"\[\w+\]$", "", word) for word in plan.install]
    content = [(ROOT / "pyproject.toml").read_bytes(), CONSTRAINTS.read_bytes(), repr(extra_free).encode()]
    version = ask(plan.python, "import sys; print(sys.version, sys.prefix)") or "none"
    return hashlib.sha256(b"\0".join([*content, version.encode()])).hexdigest()


def is_current(stamp: Path, plan: Plan, extra: str) -> bool:
    """Whether this installation was finished before; what ``dev`` installs includes what ``test`` does."""
    try:
        done, installed = stamp.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False
    return installed in (extra, "dev") and done == digest(plan)


def torch_line(plan: Plan) -> str:
    """One line on the torch that is there now and, where ours is the wrong build for this machine, the fix."""
    code = "import torch as t; print(t.__version__, t.version.cuda or '', t.cuda.is_available(), sep='|')"
    answer = ask(plan.python, code)
    if answer is None:
        return f"torch is installed but cannot be imported, see: {plan.python} -c 'import torch'"
    version, cuda, usable = answer.splitlines()[-1].split("|")
    ours = plan.python == python_of(ROOT / ".venv")
    return describe_torch(version, cuda, usable == "True", shutil.which("nvidia-smi") is not None, ours)


def describe_torch(version: str, cuda: str, usable: bool, driver: bool, ours: bool) -> str:
    if not cuda:
        return f"torch {version}, a build without CUDA"
    if usable:
        return f"torch {version}, built for CUDA {cuda}, with a GPU"
    without = "which finds no GPU" if driver else "on a machine without an NVIDIA driver"
    fix = "; for the smaller CPU build: make demo TORCH=cpu" if ours and not driver else ""
    return f"torch {version}, built for CUDA {cuda}, {without}: everything runs on the CPU{fix}"


# --- running ---------------------------------------------------------------------------------------------------------


def data_folder() -> str | None:
    """INFOSCOPE_DATA, else the files that ``../shared/data/prepare`` lays out, else None (they are then downloaded)."""
    named = os.environ.get("INFOSCOPE_DATA")
    if named or not PREPARE.is_file():
        return named or None
    folder = ROOT / "build" / "data"
    if not folder.exists():
        print(f"laying the data files out in {folder}", flush=True)
    done = subprocess.run([sys.executable, str(PREPARE), str(folder)], stdout=subprocess.DEVNULL)
    return None if done.returncode else str(folder)


def entry_point(python: Path) -> list[str]:
    """The installed ``infoscope`` command of that environment."""
    places = os.pathsep.join([str(python.parent), str(python.parent / "Scripts")])
    found = shutil.which("infoscope", path=places)
    return [found] if found else [str(python), "-c", "from infoscope.cli import main; main()"]


def demo_arguments(extra: list[str]) -> list[str]:
    """The demo's command; ``extra`` comes last, and its --preset or --out takes the place of ours."""
    ours = {"--preset": "laptop", "--out": "runs/demo"}
    given = {word.split("=")[0] for word in extra}
    defaults = [word for option, value in ours.items() if option not in given for word in (option, value)]
    return ["run", *DEMO, *defaults, *extra]


def checks(plan: Plan) -> list[list[str]]:
    return [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["pyright", "--pythonpath", str(plan.python)]]


def run(command: list[str], environment: dict[str, str] | None = None) -> int:
    """Run a command in the repository and return its exit code; Ctrl-C is the command's to handle."""
    child = subprocess.Popen(command, cwd=ROOT, env=environment)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
