"""Work that workers of any engine can import: it counts, fails, or ends the process that does it."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch
from torch import nn

from infoscope.core import memory
from infoscope.core.errors import InputError
from infoscope.core.turns import turn
from infoscope.engine.job_file import JobAnswer


@dataclass(frozen=True)
class Squares:
    """A job is a number. begun: a file to which who begins adds a line. fails: a number that is refused, as a user's
    mistake; breaks: one that no code of ours foresaw."""

    begun: Path
    fails: int = -1
    breaks: int = -1

    def begin(self):
        with self.begun.open("a") as file:
            file.write(f"{os.getpid()}\n")
        return self._square

    def _square(self, number: int) -> JobAnswer:
        if number == self.fails:
            raise InputError(f"{number} arrived, wanted another number")
        if number == self.breaks:
            _ = 1 // (number - number)
        return JobAnswer({"square": number**2, "process": os.getpid()}, (pa.table({"n": list(range(number))}),))


@dataclass(frozen=True)
class Mortal:
    """A job is a number; who gets ``deadly`` is killed, ``times`` times. deaths: a file that counts them."""

    deaths: Path
    deadly: int
    times: int

    def begin(self):
        return self._done

    def _done(self, number: int) -> JobAnswer:
        died = self.deaths.read_text() if self.deaths.exists() else ""
        if number == self.deadly and len(died) < self.times:
            self.deaths.write_text(f"{died}x")
            os.kill(os.getpid(), signal.SIGKILL)
        return JobAnswer({"square": number**2})


@dataclass(frozen=True)
class Slow:
    """A job takes so many seconds, and says in ``folder`` that it has begun."""

    folder: Path
    seconds: float = 60.0

    def begin(self):
        return self._done

    def _done(self, number: int) -> JobAnswer:
        (self.folder / f"begun-{number}").write_text(str(os.getpid()))
        time.sleep(self.seconds)
        return JobAnswer({})


class Narrow(nn.Module):
    """Two layers; with INFOSCOPE_TEST_DIES the first process but that one that builds it, and has not left its mark
    there, is killed."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.act, self.head = nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.first(x)))


def mortal_network() -> Narrow:
    """Builds it, but ends the second process that tries: the scan itself was the first, a worker is the second."""
    mark = Path(os.environ["INFOSCOPE_TEST_DIES"])
    built = len(mark.read_text()) if mark.exists() else 0
    mark.write_text("x" * (built + 1))
    if built == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return Narrow()


def save(folder: Path, steps: int) -> None:
    """Weights of :class:`Narrow` at so many steps."""
    folder.mkdir()
    for step in range(steps):
        torch.manual_seed(step)
        torch.save({"model": Narrow().state_dict(), "step": step}, folder / f"step_{step}.pt")


@dataclass(frozen=True)
class Takes:
    """A job is an amount of memory that is held for a moment. log: a file of what is taken (+) and given back (-).

    company: who takes no more than this waits inside until another one has come in, too. dies: the first to hold this
    much is killed with it.
    """

    log: Path
    company: float = 0.0
    dies: float = -1.0

    def begin(self):
        return self._done

    def _say(self, line: str) -> None:
        with self.log.open("a") as file:
            file.write(f"{line}\n")

    def _done(self, amount: float) -> JobAnswer:
        with turn(amount):
            self._say(f"+{amount}")
            if amount == self.dies and self.log.read_text().count(f"+{amount}\n") == 1:
                self._say(f"-{amount}")
                os.kill(os.getpid(), signal.SIGKILL)
            until = time.monotonic() + (60.0 if amount <= self.company else 0.05)
            while time.monotonic() < until and (amount > self.company or self.log.read_text().count("+") < 2):
                time.sleep(0.01)
            self._say(f"-{amount}")
        return JobAnswer({"budget": memory.said()})
