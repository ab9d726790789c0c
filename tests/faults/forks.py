"""Forked children of a process that has imported everything: a trial of a fault costs what it does, and no import."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress


class Child:
    """A fork that does ``work`` and ends; lines that it says are read here."""

    def __init__(self, work: Callable[[Child], object]) -> None:
        self._ear, self._mouth = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        self._code: int | None = None
        if self.pid:
            os.close(self._mouth)
            return
        code = 1
        try:
            os.close(self._ear)
            work(self)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)  # past every finally of the process that it is a copy of

    def say(self, line: str) -> None:
        """In the child: one line to the parent."""
        os.write(self._mouth, f"{line}\n".encode())

    def heard(self) -> str:
        """The next line; empty where the child ended without one."""
        line = b""
        while not line.endswith(b"\n") and (byte := os.read(self._ear, 1)):
            line += byte
        return line.decode().rstrip("\n")

    def kill(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float = 120.0) -> int:
        """The exit code, negative for a signal; killed when that takes too long."""
        deadline = time.monotonic() + seconds
        while self._code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self._code = os.waitstatus_to_exitcode(status)
                os.close(self._ear)
            elif time.monotonic() > deadline:
                self.kill()
                deadline = float("inf")
            else:
                time.sleep(0.001)
        return self._code


class Gate:
    """Where children wait until the parent opens, all at once."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe()

    def wait(self) -> None:
        """In a child."""
        os.close(self._in)
        os.read(self._out, 1)  # ends when the last copy of the other end is closed

    def open(self) -> None:
        os.close(self._in)
        os.close(self._out)
