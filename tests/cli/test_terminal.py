"""Whatever stands in the place of the terminal, a command does its work, prints what can be printed, ends rightly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from infoscope.cli import main
from infoscope.cli.terminal import ERRORS

pytestmark = pytest.mark.skipif(os.name != "posix", reason="written for a POSIX shell")


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = command.replace("infoscope", f"{sys.executable} -m infoscope")
    known = {k: v for k, v in os.environ.items() if k not in ("PYTHONIOENCODING", "PYTHONUTF8", "PYTHONUNBUFFERED")}
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=60,
        env=known | environment,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("where", [">&-", "<&-", "2>&-", "<&- >&- 2>&-", "| true", "2>&1 | true", "| head -1 >&2"])
def test_no_reader_is_no_failure(where, unbuffered):
    done = shell(f"infoscope list tasks {where}", PYTHONUNBUFFERED=unbuffered)
    assert done.returncode == 0
    assert done.stderr == ("tasks:\n" if "head" in where else "")


def test_a_full_device_is_told_in_one_sentence():
    done = shell("infoscope list tasks > /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("infoscope: standard output took no more (No space left on device), the work itself ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_text_is_printed_as_near_as_the_encoding_has_it(encoding):
    code = "from infoscope.cli.terminal import printing\nwith printing(): print('≥ Schrödinger σ ² ─ caf\\udce9')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=os.environ | {"PYTHONIOENCODING": encoding}
    )
    near = "≥ Schrödinger σ ² ─ ".encode(encoding, ERRORS) + b"caf\xe9\n"
    assert done.stdout == near
    assert near.startswith(b">= Schr")


@pytest.mark.parametrize("command", ["list", "list --json", "--help", "run --help", "list no≥such"])
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_every_command_can_be_printed_in_every_encoding(command, encoding):
    done = shell(f"infoscope {command}", PYTHONIOENCODING=encoding)
    assert done.returncode == (2 if "such" in command else 0)
    assert "Traceback" not in done.stderr


def test_json_is_ascii(capsys):
    with pytest.raises(SystemExit):
        main(["list", "--json"])
    assert capsys.readouterr().out.isascii()


WAITING = """
import sys, time
import infoscope
from infoscope import cli
def run(*_, **__):
    print("begun", flush=True)
    try:
        time.sleep(30)
    finally:
        print("tidied", flush=True)
infoscope.run = run
cli.main(["run", "saxe2018/tanh", "--out", sys.argv[1]])
"""


@pytest.mark.parametrize(("sent", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_being_asked_to_end_is_ctrl_c(tmp_path, sent, code):
    child = subprocess.Popen(
        [sys.executable, "-c", WAITING, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=partial(signal.signal, getattr(signal, sent), signal.SIG_DFL),  # background jobs and nohup ignore it
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    time.sleep(0.1)
    child.send_signal(getattr(signal, sent))
    out, err = child.communicate(timeout=30)
    assert child.returncode == code
    assert out == "tidied\n"
    assert "run the same command again and it goes on from here" in err
    assert "Traceback" not in err


def test_a_command_leaves_streams_and_handlers_as_they_were(capsys):
    before = sys.stdout, sys.stderr, signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        main(["list", "tasks"])
    assert (sys.stdout, sys.stderr, signal.getsignal(signal.SIGTERM)) == before


def test_a_watch_inside_a_program_of_ones_own_installs_no_handler(tmp_path):
    import torch

    import infoscope

    asked = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP")]
    before = [signal.getsignal(number) for number in asked]
    with infoscope.watch(torch.nn.Linear(2, 2), torch.eye(2), {"label": [0, 1]}, out=tmp_path / "r") as scope:
        scope.step(0)
        assert [signal.getsignal(number) for number in asked] == before
    assert [signal.getsignal(number) for number in asked] == before
