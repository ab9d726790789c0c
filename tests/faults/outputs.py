"""Standard output closed, full, left or of another encoding; odd paths, links; little memory: is the work done?

``python tests/faults/outputs.py`` tries all, ``--short`` some quick ones; exit code 1 where one is a fault. Everything
a command was to leave is looked for, whatever became of what it printed.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trials import FIGURE, RUN, Ending, Outcome, copied, faults_of, forked, nothing, started, table, world

REPORT, CLAIMS = ["report", RUN], ["claims", RUN]
NEW = ["run", FIGURE, "--preset", "smoke", "--seeds", "2", "--out"]
MEASURE = ["measure", RUN, "--option", "bins=5", "--site", "hidden5"]
GIB = 1 << 30
C_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


@dataclass(frozen=True)
class Trial:
    """``arguments`` in a folder that holds a finished run; ``left`` is there afterwards, ``said`` was printed."""

    name: str
    arguments: list[Any]
    left: Any = ()
    before: Callable[[], Any] = nothing
    encoding: str = "utf-8"
    wanted: tuple[int, ...] = (0,)
    words: str = ""
    said: str = ""
    prepare: Callable[[Path], Any] = lambda folder: None
    environment: dict[str, str] | None = None  # in a process of its own


def closed(*numbers: int) -> Callable[[], None]:
    return lambda: [os.close(number) for number in numbers] and None


def full() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


def left_alone(*numbers: int) -> Callable[[], None]:
    """A pipe whose reader is gone."""

    def before() -> None:
        reader, writer = os.pipe()
        os.close(reader)
        for number in numbers:
            os.dup2(writer, number)

    return before


def memory(size: float) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (int(size * GIB), int(size * GIB)))


def linked(folder: Path) -> None:
    (folder / "link").symlink_to(folder / RUN)
    (folder / "elsewhere").mkdir()
    (folder / "out").symlink_to(folder / "elsewhere")
    (folder / "r.html").symlink_to(folder / "absent.html")


ODD = {
    "not UTF-8": b"caf\xe9",
    "spaces and quotes": b"a 'b' \"c\"",
    "a newline": b"a\nb",
    "a leading dash": b"./-a",
    "markup": b"<b>a",
    "glob signs": b"a[1]*?",
    "3900 characters": b"/".join([b"n" * 240] * 16),
}
COMMANDS = {
    "list": (["list"], ()),
    "list --json": (["list", "tasks", "--json"], ()),
    "--help": (["--help"], ()),
    "claims": (CLAIMS, (f"{RUN}/verdicts.json",)),
    "report": ([*REPORT, "--out", "r.html"], ("r.html",)),
    "measure": (MEASURE, ()),
    "run": ([*NEW, "new"], (f"new/{RUN}/verdicts.json", "new/report.html")),
}
PLACES = {
    "stdout closed": closed(1),
    "stderr closed": closed(2),
    "stdin closed": closed(0),
    "all closed": closed(0, 1, 2),
    "a reader who left": left_alone(1),
    "a reader of both who left": left_alone(1, 2),
}
TRIALS = [
    *(
        Trial(f"{place}: {name}", arguments, left, before)
        for place, before in PLACES.items()
        for name, (arguments, left) in COMMANDS.items()
        if place in ("stdout closed", "a reader who left") or name in ("list", "report")
    ),
    *(
        Trial(f"full device: {name}", arguments, left, full, wanted=(2,), words="standard output took no more")
        for name, (arguments, left) in COMMANDS.items()
    ),
    *(
        Trial(f"{encoding}: {name}", arguments, left, encoding=encoding, said=">=" if name == "claims" else "")
        for encoding in ("ascii", "cp1252")
        for name, (arguments, left) in COMMANDS.items()
        if name not in ("report", "measure")
    ),
    Trial("LC_ALL=C: list", ["list"], environment=C_LOCALE),
    Trial("LC_ALL=C: claims", CLAIMS, environment=C_LOCALE, said=">="),
    Trial("LC_ALL=C: report to é", [*REPORT, "--out", "é.html"], ("é.html",), environment=C_LOCALE),
    *(
        trial
        for name, path in ODD.items()
        for trial in (
            Trial(f"a path with {name}: run", [*NEW, path], (path + f"/{RUN}/verdicts.json".encode(),)),
            Trial(f"a path with {name}: report", [*REPORT, "--out", path + b".html"], (path + b".html",)),
        )
    ),
    Trial(
        "a data file not UTF-8", ["entropy", b"caf\xe9.csv:a"], prepare=lambda at: shutil.copy(b"t.csv", b"caf\xe9.csv")
    ),
    Trial("--figures not UTF-8", [*REPORT, "--figures", b"caf\xe9"], (b"caf\xe9",)),
    Trial("a linked run: measure", ["measure", "link", "--option", "bins=5"], prepare=linked),
    Trial("a linked --out: run", [*NEW, "out"], (f"elsewhere/{RUN}/verdicts.json",), prepare=linked),
    Trial("a link to nothing: report", [*REPORT, "--out", "r.html"], ("r.html",), prepare=linked),
    *(
        Trial(f"{size:g} GiB of memory: {name}", arguments, before=memory(size), wanted=(0, 2), environment={})
        for name, arguments in {
            "list": ["list"],
            "entropy": ["entropy", "t.csv:a"],
            "report": [*REPORT, "--figures", "f"],
            "claims": CLAIMS,
        }.items()
        for size in (0.1, 0.3, 0.6, 1, 2, 4)
    ),
]
SHORT = {
    "stdout closed: claims",
    "all closed: list",
    "a reader who left: claims",
    "a reader of both who left: list",
    "full device: claims",
    "ascii: claims",
    "cp1252: --help",
    "a path with not UTF-8: report",
    "a data file not UTF-8",
    "a linked run: measure",
}


def tried(trial: Trial, base: Path) -> Outcome:
    folder = base / "trial"
    folder.mkdir()
    try:
        copied(base, folder)
        shutil.copy(base / "t.csv", folder)
        os.chdir(folder)
        trial.prepare(folder)
        if trial.environment is None:
            ending = forked(trial.arguments, folder, before=trial.before, encoding=trial.encoding)
        else:
            ending = started(trial.arguments, folder, before=trial.before, environment=trial.environment)
        return Outcome(trial.name, ending, _fault(trial, ending, folder))
    finally:
        os.chdir(base)
        shutil.rmtree(folder)


def _fault(trial: Trial, ending: Ending, folder: Path) -> str:
    fault = faults_of(ending, trial.wanted, trial.words)
    missing = [
        str(name) for name in trial.left if not os.path.lexists(os.path.join(os.fsencode(folder), os.fsencode(name)))
    ]
    if not fault and missing:
        fault = f"not left: {missing[0]}"
    if not fault and trial.said not in ending.out:
        fault = f"not printed: {trial.said}"
    if not fault and "--json" in trial.arguments and ending.out and not json.loads(ending.out):
        fault = "no JSON"
    return fault


def all_tried(base: Path, short: bool) -> list[Outcome]:
    return [tried(trial, base) for trial in TRIALS if not short or trial.name in SHORT]


if __name__ == "__main__":
    with world() as base:
        outcomes = all_tried(base, "--short" in sys.argv)
    print(table(outcomes))
    sys.exit(any(outcome.fault for outcome in outcomes))
