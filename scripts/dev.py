#!/usr/bin/env python3
"""Set up and run: demo, test, lint, docs, wheel, oldest or install. Standard library only.

    python scripts/dev.py demo [ARGS]     the main job: a first picture, then train, measure, judge into runs/demo
    python scripts/dev.py test [ARGS]     the tests
    python scripts/dev.py lint            what CI checks: ruff check, ruff format --check, pyright
    python scripts/dev.py docs            the site, in build/docs; a warning is an error; nothing is fetched
    python scripts/dev.py wheel           build the wheel, install it alone somewhere else, and ask it for a number
    python scripts/dev.py oldest [ARGS]   the tests on the oldest Python, torch and packages that we support (gigabytes)
    python scripts/dev.py install         everything a contributor needs, and nothing else

Data files (MNIST, CIFAR) are looked for in the folder that INFOSCOPE_DATA names, then downloaded.

Where it installs: an active environment (venv or conda) that already holds a torch in our range is used as it is, and
no torch pin is applied to it. Otherwise ./.venv is made and installed with constraints/cpu.txt. TORCH=cpu adds
PyTorch's own index of CPU builds for that case. A set-up that is still current is not repeated. MNIST=1 adds the
networks on MNIST to the demo.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints" / "cpu.txt"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
EXTRAS = ("", "test", "dev")  # of pyproject.toml: each holds those before it; the demo needs none
NOTHING = "alone"  # how the stamp says so
COMMANDS = ("demo", "test", "lint", "docs", "wheel", "oldest", "install")
OLDEST_PYTHON = "python3.10"
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
    if command == "oldest":
        return oldest(extra)
    if command == "wheel":
        return wheel()
    needs = {"demo": "", "test": "test"}.get(command, "dev")
    plan = decide(needs)
    failed = set_up(plan, needs)
    if failed or command == "install":
        return failed
    if command == "lint":
        return max(run([str(plan.python), "-m", *check]) for check in checks(plan))
    if command == "docs":
        return run([str(plan.python), *site()])
    if command == "test":
        return run([str(plan.python), "-m", "pytest", *SIDE_BY_SIDE, *extra])
    return run([*entry_point(plan.python), *demo_arguments(extra)])


# --- where to install ------------------------------------------------------------------------------------------------


def decide(extra: str) -> Plan:
    """The plan for this machine as it is now."""
    active = active_python()
    torch = torch_version(active) if active else None
    return plan_for(extra, active, torch, os.environ.get("TORCH", ""))


def plan_for(extra: str, active: Path | None, torch: str | None, wanted_torch: str, system: str = sys.platform) -> Plan:
    """The plan for an ``active`` environment's Python that holds ``torch`` (either may be None)."""
    ours = python_of(ROOT / ".venv")
    project = ["-e", f"{ROOT}[{extra}]" if extra else str(ROOT)]
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
    stamp.write_text(f"{digest(plan)} {extra or NOTHING}\n", encoding="utf-8")
    print(torch_line(plan), flush=True)
    return 0


def digest(plan: Plan) -> str:
    """Changes whenever the installation would."""
    extra_free = [re.sub(r"\[\w+\]$", "", word) for word in plan.install]
    content = [(ROOT / "pyproject.toml").read_bytes(), CONSTRAINTS.read_bytes(), repr(extra_free).encode()]
    version = ask(plan.python, "import sys; print(sys.version, sys.prefix)") or "none"
    return hashlib.sha256(b"\0".join([*content, version.encode()])).hexdigest()


def is_current(stamp: Path, plan: Plan, extra: str) -> bool:
    """Whether this installation was finished before; each of ``EXTRAS`` includes what those before it install."""
    try:
        done, installed = stamp.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False
    enough = [each or NOTHING for each in EXTRAS[EXTRAS.index(extra) :]]
    return installed in enough and done == digest(plan)


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


# --- elsewhere -------------------------------------------------------------------------------------------------------

SMOKE = """
import infoscope, numpy as np
x = np.random.default_rng(0).normal(size=(500, 2))
found = infoscope.mutual_information(x[:, :1], x.sum(1, keepdims=True), "gaussian")
assert abs(found.value - 0.5 * np.log(2)) < 0.1, found
print(infoscope.__version__, infoscope.__file__, found, sep="\\n")
"""


def wheel() -> int:
    """Build the wheel, install it without any extra in an environment outside this repository, and use it there."""
    with tempfile.TemporaryDirectory(prefix="infoscope-wheel-") as folder:
        built, place = Path(folder) / "dist", Path(folder) / "env"
        python = python_of(place)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
        for command in (
            [sys.executable, "-m", "venv", str(place)],
            [*pip, "wheel", "--no-deps", "-w", str(built), "."],
        ):
            if failed := run(command):
                return failed
        (made,) = built.glob("infoscope-*.whl")
        if failed := run([*pip, "install", "-q", "-c", str(CONSTRAINTS), str(made)]):
            return failed
        steps = ([*entry_point(python), "list", "estimators"], [str(python), "-c", SMOKE])
        return next((failed for step in steps if (failed := run(step, where=Path(folder)))), 0)


def oldest(extra: list[str]) -> int:
    """The tests with the oldest Python, torch and packages of pyproject.toml, in an environment of their own."""
    base = shutil.which(OLDEST_PYTHON)
    if base is None or ask(Path(base), "print(1)") is None:
        print(f"there is no {OLDEST_PYTHON} on the PATH that starts: install it first", file=sys.stderr)
        return 2
    place = ROOT / "build" / "oldest"
    python = python_of(place)
    if not python.exists() and (failed := run([base, "-m", "venv", str(place)])):
        return failed
    pins = place / "oldest.txt"
    pins.write_text("\n".join(lowest()) + "\n", encoding="utf-8")
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "-c",
        str(pins),
        "-e",
        f"{ROOT}[peers,checks]",
    ]
    return run(pip) or run([str(python), "-m", "pytest", *SIDE_BY_SIDE, *extra])


def lowest() -> list[str]:
    """The least version of each package that ours needs, ``"torch==2.4"``; what only tests need is not held back."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = project.split("\ndependencies = [")[1].split("\n]")[0]
    return [f"{name}=={version}" for name, version in re.findall(r'"([\w.-]+)>=([\d.]+)', needed)]


# --- running ---------------------------------------------------------------------------------------------------------


def site() -> list[str]:
    """Build the site from docs/, a warning being an error."""
    return ["-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", "docs", str(ROOT / "build" / "docs")]


def entry_point(python: Path) -> list[str]:
    """The installed ``infoscope`` command of that environment."""
    places = os.pathsep.join([str(python.parent), str(python.parent / "Scripts")])
    found = shutil.which("infoscope", path=places)
    return [found] if found else [str(python), "-c", "from infoscope.cli import main; main()"]


def demo_arguments(extra: list[str]) -> list[str]:
    """The demo's command, with MNIST where the environment's MNIST says so."""
    return ["demo", *(["--mnist"] if os.environ.get("MNIST", "") not in ("", "0") else []), *extra]


def checks(plan: Plan) -> list[list[str]]:
    return [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["pyright", "--pythonpath", str(plan.python)]]


def run(command: list[str], where: Path = ROOT) -> int:
    """Run a command in the repository and return its exit code; Ctrl-C is the command's to handle."""
    child = subprocess.Popen(command, cwd=where)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        code = child.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
