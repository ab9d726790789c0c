"""Commands in children of one process that has imported everything: what they print, how they end, what they leave.

A child costs a fork, not an import. It gets what a started program would have: standard streams made from the open
files and the encoding asked for, another user, a limit, a working folder.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NOBODY = 65534
SECONDS, FIRST = 120.0, 1200.0  # a command that takes longer hangs; the first run may compile all that it uses
FIGURE, RUN = "saxe2018/tanh", "saxe2018-tanh-smoke"


@dataclass(frozen=True)
class Ending:
    """How a command ended: its exit code (negative: the signal), what it printed, how long it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def sentence(self) -> str:
        """The last line on standard error."""
        return next(reversed(self.err.splitlines()), "")


def nothing() -> None:
    """What is done before a command where nothing is to be done."""


def forked(
    arguments: Sequence[str | bytes],
    folder: Path,
    *,
    user: int | None = None,
    before: Callable[[], Any] = nothing,
    encoding: str = "utf-8",
) -> Ending:
    """Run ``infoscope ARGUMENTS`` in a child in ``folder``; ``before`` closes a file, sets a limit … in the child."""
    begun = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.chdir(folder)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                code = _child(arguments, user, before, encoding)
            except BaseException:
                with suppress(OSError):
                    os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(code)
        code = _waited(child)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return Ending(code, *texts, time.monotonic() - begun)


def _child(arguments: Sequence[str | bytes], user: int | None, before: Callable[[], Any], encoding: str) -> int:
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    before()
    sys.stdout, sys.stderr = _stream(1, encoding, "strict"), _stream(2, encoding, "backslashreplace")
    from infoscope import cli

    code = 99  # main always ends the process
    try:
        cli.main([os.fsdecode(argument) for argument in arguments])
    except SystemExit as stop:
        code = int(stop.code or 0)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            code = 120  # as Python ends when it cannot flush
    return code


def _stream(number: int, encoding: str, errors: str) -> Any:
    try:
        os.fstat(number)
    except OSError:
        return None  # as Python does
    return open(number, "w", encoding=encoding, errors=errors, closefd=False)


def _waited(child: int, seconds: float = SECONDS) -> int:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -9


def started(
    arguments: Sequence[str | bytes],
    folder: Path,
    *,
    before: Callable[[], Any] = nothing,
    environment: dict[str, str] | None = None,
) -> Ending:
    """As :func:`forked` in a process of its own, for what matters before anything is imported: memory, the locale."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "infoscope", *arguments],
        cwd=folder,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        preexec_fn=before,
        env={**os.environ, **(environment or {})},
        timeout=SECONDS,
        check=False,
    )
    texts = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return Ending(done.returncode, *texts, time.monotonic() - begun)


@contextmanager
def world() -> Iterator[Path]:
    """A folder that every user can enter, with ``runs/RUN``, a finished run; all that commands need is imported."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        _made(folder)
        yield folder


def _made(folder: Path) -> None:
    """Run, measure, judge and report once in a child, and import what it needed: another user may not read it all."""
    (folder / "t.csv").write_text("a,b\n" + "".join(f"{(37 * n) % 101},{n % 2}\n" for n in range(120)))
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import colorsys  # noqa: F401 - what only a mistake would import
            import encodings.utf_8_sig  # noqa: F401

            from infoscope import cli

            os.chdir(folder)
            with open(os.devnull, "w") as dull:
                sys.stdout = sys.stderr = dull
                for command in (
                    ["run", FIGURE, "--preset", "smoke", "--seeds", "2", "--out", "runs"],
                    ["measure", f"runs/{RUN}", "--option", "bins=7", "--site", "hidden5"],
                    ["claims", f"runs/{RUN}"],
                    ["entropy", "t.csv:a", "--estimator", "gaussian"],
                    ["list", "--json"],
                    ["report", "--help"],
                ):
                    try:
                        cli.main(command)
                    except SystemExit as stop:
                        if stop.code:
                            raise RuntimeError(f"{command} ended with {stop.code}") from stop
            (folder / "modules.json").write_text(json.dumps(sorted(sys.modules)))
            code = 0
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(code)
    if _waited(child, FIRST) != 0:
        raise RuntimeError("the run that all trials start from could not be made")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in json.loads((folder / "modules.json").read_text()):
            if module != "__main__" and not module.startswith("__mp"):
                with suppress(Exception):
                    importlib.import_module(module)


def copied(folder: Path, target: Path) -> Path:
    """A copy of the finished run below ``target``."""
    shutil.copytree(folder / "runs" / RUN, target / RUN)
    return target / RUN


def content(folder: Path) -> dict[str, str]:
    """Name and hash of every file below ``folder``."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


@dataclass(frozen=True)
class Outcome:
    """One trial: what was tried, how it ended, and what was wrong with that ("" where nothing was)."""

    name: str
    ending: Ending
    fault: str


def faults_of(ending: Ending, wanted: Sequence[int], words: str = "", never: Sequence[str] = ()) -> str:
    """What is wrong with an ending: another exit code, a traceback, a refusal that is not one sentence, bad advice."""
    if "Traceback" in ending.err:
        return "traceback"
    if ending.code not in wanted:
        return f"exit code {ending.code}, wanted {' or '.join(map(str, wanted))}"
    if ending.code == 2 and not ending.sentence.startswith("infoscope: "):
        return "no sentence"
    if words not in ending.err:
        return f"not told: {words}"
    return next((f"says {word!r}" for word in never if word in ending.err), "")


def table(outcomes: Sequence[Outcome], longest: int = 150) -> str:
    """A line a trial, then the counts."""
    width = max(len(outcome.name) for outcome in outcomes)
    lines = [
        f"{outcome.name:{width}}  {outcome.ending.code:4}  {outcome.ending.seconds:5.1f} s  "
        f"{'FAULT: ' + outcome.fault + ' ' if outcome.fault else ''}{outcome.ending.sentence[:longest]}"
        for outcome in outcomes
    ]
    wrong = sum(bool(outcome.fault) for outcome in outcomes)
    traces = sum("Traceback" in outcome.ending.err for outcome in outcomes)
    aborts = sum(outcome.ending.code < 0 or outcome.ending.code > 128 for outcome in outcomes)
    counts = f"{len(outcomes)} trials, {wrong} faults, {traces} tracebacks, {aborts} ended by a signal"
    return "\n".join([*lines, counts])
