"""The operating system refuses in fifty ways: is each told in one sentence, with nothing lost and nothing changed?

``python tests/faults/refusals.py`` tries all, ``--short`` some quick ones; exit code 1 where one is a fault.
Permissions are tried as another user, since root passes them, and a read-only file system is mounted: both want root.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trials import FIGURE, NOBODY, RUN, Outcome, content, copied, faults_of, forked, nothing, table, world

REPORT, MEASURE, CLAIMS = ["report", RUN], ["measure", RUN, "--option", "bins=5", "--site", "hidden5"], ["claims", RUN]
AGAIN = ["run", FIGURE, "--preset", "smoke", "--seeds", "2", "--out", "."]
NEW = ["run", FIGURE, "--preset", "smoke", "--seeds", "2", "--out"]
DENIED, LIMIT = "(permission is denied)", "(the file would pass the limit on file sizes)"
DELETE = ("delete that file", "is damaged")  # what may not be said of a file that is whole


@dataclass(frozen=True)
class Trial:
    """``arguments`` in a folder that holds a finished run, after ``prepare(folder)``, as ``user``."""

    name: str
    arguments: list[Any]
    prepare: Callable[[Path], Any] = lambda folder: None
    words: str = ""
    user: int | None = None
    before: Callable[[], Any] = nothing
    wanted: tuple[int, ...] = (2,)
    never: tuple[str, ...] = DELETE
    changes: tuple[str, ...] = ()  # files that may come or change
    readonly: bool = False


def closed(name: str) -> Callable[[Path], None]:
    """Take every right from that file or folder of the run, the last that matches; all else is the user's own."""

    def prepare(folder: Path) -> None:
        given(folder)
        path = sorted((folder / RUN).glob(name))[-1] if name else folder / RUN
        os.chown(path, 0, 0)
        path.chmod(0)

    return prepare


def given(folder: Path) -> None:
    """Give all to the user that has no rights."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


def in_the_way(name: str) -> Callable[[Path], None]:
    """A folder where the run has a file."""

    def prepare(folder: Path) -> None:
        (folder / RUN / name).unlink()
        (folder / RUN / name).mkdir()

    return prepare


def written(folder: Path) -> None:
    (folder / "file").write_text("mine")
    (folder / "round").symlink_to(folder / "round")
    (folder / "folder").mkdir()
    (folder / "folder.csv").mkdir()


def size_limit(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def quota() -> None:
    """Every file beyond the first 3000 bytes is refused as a quota refuses, in the words of safetensors too."""
    import safetensors.torch

    def full(*_: Any, **__: Any) -> None:
        raise safetensors.SafetensorError("Error while serializing: I/O error: Disk quota exceeded (os error 122)")

    safetensors.torch.save_file = full


def failing_disk() -> None:
    def failing(*_: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    os.fsync = failing


ROWS = ["usable-information", "t.csv:a", "t.csv:b", "--rows"]
UNREADABLE = {
    "run.json": {"report": REPORT, "measure": MEASURE, "claims": CLAIMS, "run": AGAIN},
    "verdicts.json": {"report": REPORT},
    "": {"report": REPORT, "claims": CLAIMS},
    "rows": {"report": REPORT, "claims": CLAIMS, "measure": MEASURE},
    "rows/part-*": {"report": REPORT, "claims": CLAIMS},
    "snapshots/tanh": {"measure": MEASURE},
    "snapshots/*/step-*": {"measure": MEASURE},
}
OUT = {
    "FILE": ("file", "file"),
    "below a file": ("file/deep/runs", "file"),
    "in /proc": ("/proc/runs", "cannot be written"),
    "a link loop": ("round", "round"),
    "below a link loop": ("round/runs", "links lead in a circle"),
    "a name of 256 characters": ("n" * 256, "name is too long"),
}
TRIALS = [
    Trial(
        "read-only folder: report", REPORT, words=f"{DENIED}: make it writable for you, or work elsewhere", user=NOBODY
    ),
    Trial("read-only folder: report --out elsewhere", [*REPORT, "--out", "OUT/r.html"], user=NOBODY, wanted=(0,)),
    Trial("read-only folder: measure", MEASURE, words=DENIED, user=NOBODY),
    Trial("read-only folder: claims", CLAIMS, words=DENIED, user=NOBODY),
    Trial("read-only folder: run", [*NEW, "runs"], words=DENIED, user=NOBODY),
    *(
        Trial(f"read-only file system: {name}", arguments, words="(the file system is read-only)", readonly=True)
        for name, arguments in {"report": REPORT, "measure": MEASURE, "claims": CLAIMS, "run": [*NEW, "runs"]}.items()
    ),
    *(
        Trial(f"{path or 'the folder'} not readable: {name}", arguments, closed(path), DENIED, NOBODY)
        for path, commands in UNREADABLE.items()
        for name, arguments in commands.items()
    ),
    *(Trial(f"run --out {name}", [*NEW, out], written, words) for name, (out, words) in OUT.items()),
    Trial("run --out not writable", [*NEW, "new"], words=DENIED, user=NOBODY),
    Trial("report --out FOLDER", [*REPORT, "--out", "folder"], written, "it is a folder"),
    Trial("report --out below a file", [*REPORT, "--out", "file/r.html"], written, "a file is in the way"),
    Trial("report --out not writable", [*REPORT, "--out", "r.html"], words=DENIED, user=NOBODY),
    Trial("report --figures FILE", [*REPORT, "--figures", "file"], written, "file", changes=(f"{RUN}/report.html",)),
    Trial("--rows not writable", [*ROWS, "rows.csv"], words=DENIED, user=NOBODY),
    Trial("--rows FOLDER", [*ROWS, "folder.csv"], written, "it is a folder"),
    Trial("a data file not readable", ["entropy", "t.csv:a"], lambda at: (at / "t.csv").chmod(0), DENIED, NOBODY),
    Trial("a data file is not there", ["entropy", "absent.csv:a"], words="there is no file absent.csv"),
    Trial("bench --out FILE", ["bench", "--preset", "smoke", "--out", "file"], written, "file"),
    Trial("bench --out not writable", ["bench", "--preset", "smoke", "--out", "bench"], words=DENIED, user=NOBODY),
    Trial("file-size limit: run", [*NEW, "new"], words=LIMIT, before=size_limit(3000), changes=("new",)),
    Trial("file-size limit: report", REPORT, words=LIMIT, before=size_limit(20000)),
    Trial("file-size limit: measure", MEASURE, words=LIMIT, before=size_limit(3000)),
    Trial("quota: run", [*NEW, "new"], words="your quota is used up", before=quota, changes=("new",)),
    Trial("input/output error: report", REPORT, words="disk or the network failed", before=failing_disk),
    *(
        Trial(f"{name} is a folder: {command}", arguments, in_the_way(name), "it is a folder")
        for name, commands in {
            "run.json": {"report": REPORT, "run": AGAIN},
            "verdicts.json": {"report": REPORT, "claims": CLAIMS},
        }.items()
        for command, arguments in commands.items()
    ),
]
SHORT = {
    "read-only folder: measure",
    "run.json not readable: measure",
    "run --out FILE",
    "run --out below a link loop",
    "run --out a name of 256 characters",
    "--rows not writable",
    "a data file not readable",
    "file-size limit: measure",
    "quota: run",
    "verdicts.json is a folder: claims",
}


@contextmanager
def place(trial: Trial, base: Path) -> Any:
    """A folder of the trial's own with a copy of the run, as it was prepared; read-only where the trial wants it."""
    folder = base / "trial"
    folder.mkdir()
    (base / "OUT").mkdir()
    (base / "OUT").chmod(0o777)
    mounted = False
    try:
        if trial.readonly:
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True, capture_output=True)
            mounted = True
        copied(base, folder)
        shutil.copy(base / "t.csv", folder)
        trial.prepare(folder)
        if trial.readonly:
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True, capture_output=True)
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)
        shutil.rmtree(folder)
        shutil.rmtree(base / "OUT")


def tried(trial: Trial, base: Path) -> Outcome:
    with place(trial, base) as folder:
        before = content(folder)
        arguments = [str(word).replace("OUT", str(base / "OUT")) for word in trial.arguments]
        ending = forked(arguments, folder, user=trial.user, before=trial.before)
        fault = faults_of(ending, trial.wanted, trial.words, trial.never)
        after = content(folder)
        changed = [name for name in {*before, *after} if before.get(name) != after.get(name)]
        changed = [name for name in changed if not name.startswith(trial.changes or ("\0",))]
        if not fault and changed:
            fault = f"{', '.join(sorted(changed))} changed"
        left = [name for name in after if name.endswith(".tmp")]
        if not fault and left:
            fault = f"left {', '.join(left)}"
    return Outcome(trial.name, ending, fault)


def all_tried(base: Path, short: bool) -> list[Outcome]:
    return [tried(trial, base) for trial in TRIALS if not short or trial.name in SHORT]


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("run this as root: permissions are tried as another user and a file system is mounted")
    with world() as base:
        outcomes = all_tried(base, "--short" in sys.argv)
    print(table(outcomes))
    sys.exit(any(outcome.fault for outcome in outcomes))
