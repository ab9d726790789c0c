"""Runs killed without warning, at random times and right before a file gets its name, gone on with and compared.

    python tests/faults/kills.py --kills 100

kills four kinds of run (a figure of a paper, a watched loop, ``measure``, ``report``) once or several times in a row,
lets the same command end, and wants what an uninterrupted one gives, to the bit: the rows' hash, the verdicts, every
tensor of every snapshot, the report. Nothing may be left of the killed ones. Prints what was tried and what went wrong;
the exit code is 1 where anything did. The short form is ``test_kills.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from forks import Child

import infoscope
from infoscope.claim import trainings
from infoscope.core import session
from infoscope.record.watch import NETWORK

FIGURE, PRESET, SEEDS = "saxe2018/tanh", "smoke", 2
RUN = f"{FIGURE.replace('/', '-')}-{PRESET}"  # what its folder is called
CHAIN = 3  # kills in a row, at most
EVENTS = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate")  # as Python audits them
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
MAY_STAY = {"run.json", "rows", "snapshots", "evaluation.safetensors", "verdicts.json", "report.html"}


def figure(out: Path) -> None:
    infoscope.run(FIGURE, PRESET, seeds=SEEDS, out=out)


def watched(out: Path) -> None:
    """A user's loop, which always begins at the beginning; its watch goes on."""
    torch.manual_seed(0)
    inputs = torch.randn(64, 6)
    labels = (inputs[:, 0] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    there = (out / RUN / "run.json").exists()
    with infoscope.watch(
        model, inputs, {"label": labels}, measures=["binned", "kde"], out=out / RUN, schedule=range(12), resume=there
    ) as scope:
        for step in range(12):
            scope.step(step)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimizer.step()


def measure(out: Path) -> None:
    infoscope.load(out / RUN).measure("binned", bins=(8, 15, 60))


def report(out: Path) -> None:
    infoscope.load(out / RUN).report()


@dataclass
class Kind:
    """A command on the run ``RUN`` in a folder, which is a copy of ``begun`` before."""

    command: Callable[[Path], None]
    begun: Path | None = None
    wanted: str = ""
    seconds: float = 0.0  # of an uninterrupted one
    events: int = 0  # changes of names in it
    wrong: list[str] = field(default_factory=list)
    chains: int = 0
    kills: int = 0


def quick() -> None:
    """Write as often as can be, so that there is something to hit."""
    session.FLUSH_SECONDS = trainings.STATE_SECONDS = 0.0


def digest(out: Path) -> str:
    """What must be equal to the bit, as JSON."""
    run = infoscope.load(out / RUN)
    networks = run.folder.manifest()["networks"]
    tensors = {}
    for network in networks:
        trajectory = run.trajectory_of(network)
        for step in trajectory:
            for name, tensor in trajectory[step].items():
                content = tensor.numpy().tobytes()
                tensors[f"{network} {step} {trajectory.epoch(step)} {name} {tuple(tensor.shape)}"] = _hash(content)
    found = {"rows": run.rows.content_hash(), "count": len(run.rows), "tensors": tensors}
    found["verdicts"] = [] if NETWORK in networks else run.verdicts
    page = out / RUN / "report.html"
    found["report"] = _hash(page.read_bytes()) if page.exists() else None
    found["state"] = run.folder.manifest()["state"]
    return json.dumps(found, sort_keys=True)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def leftovers(out: Path) -> list[str]:
    """What killed ones left: anything that a whole run does not hold."""
    found = [path for path in (out / RUN).iterdir() if path.name not in MAY_STAY]
    found += [path for part in ("rows", "snapshots") for path in (out / RUN / part).rglob("*") if _foreign(path)]
    return sorted(str(path.relative_to(out / RUN)) for path in found)


def _foreign(path: Path) -> bool:
    return path.is_file() and not (path.name.startswith(("part-", "step-")))


def uninterrupted(kind: Kind) -> None:
    """Run it once for what is wanted, in how many seconds and changes of names."""
    out = Path(tempfile.mkdtemp(prefix="infoscope-kills-"))
    try:
        begin(kind, out)
        count = Child(lambda child: child.say(str(_counted(kind, out))))
        begun = time.monotonic()
        kind.events = int(count.heard())
        kind.seconds = time.monotonic() - begun
        assert count.wait() == 0
        kind.wanted = asked(lambda: digest(out))
        assert not leftovers(out), leftovers(out)
    finally:
        shutil.rmtree(out)


def _counted(kind: Kind, out: Path) -> int:
    seen = []
    sys.addaudithook(lambda event, _: seen.append(event) if event in EVENTS else None)
    quick()
    kind.command(out)
    return len(seen)


def begin(kind: Kind, out: Path) -> None:
    if kind.begun is not None:
        shutil.copytree(kind.begun / RUN, out / RUN)


def asked(question: Callable[[], str]) -> str:
    """The answer of a fork, so that nothing of it stays in this process."""
    child = Child(lambda child: child.say(question()))
    answer = child.heard()
    assert child.wait() == 0
    return answer


def killed(kind: Kind, out: Path, chance: random.Random) -> int:
    """Begin the command and kill it, at a random time or right before a random change of a name; the exit code."""
    at = chance.randrange(kind.events) if chance.random() < 0.5 else None

    def work(child: Child) -> None:
        left = [at]

        def hook(event: str, _: object) -> None:
            if left[0] is not None and event in EVENTS:
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1

        sys.addaudithook(hook)
        quick()
        kind.command(out)

    child = Child(work)
    if at is None:
        time.sleep(chance.uniform(0, kind.seconds))
        child.kill()
    return child.wait()


def chain(kind: Kind, chance: random.Random, most: int = CHAIN) -> None:
    """A run of that kind killed up to ``most`` times, gone on with to the end and compared."""
    out = Path(tempfile.mkdtemp(prefix="infoscope-kills-"))
    try:
        begin(kind, out)
        kind.chains += 1
        for _ in range(chance.randint(1, most)):
            code = killed(kind, out, chance)
            kind.kills += code == -signal.SIGKILL
            if code not in (0, -signal.SIGKILL):
                kind.wrong.append(f"gone on with after a kill, it ended with code {code}")
        last = Child(lambda _: (quick(), kind.command(out)))
        if (code := last.wait()) != 0:
            kind.wrong.append(f"after the last kill it ended with code {code}")
            return
        if (found := asked(lambda: digest(out))) != kind.wanted:
            kind.wrong.append(f"other numbers: {difference(json.loads(kind.wanted), json.loads(found))}")
        if left := leftovers(out):
            kind.wrong.append(f"left: {', '.join(left)}")
    finally:
        shutil.rmtree(out)


def difference(wanted: dict, found: dict) -> str:
    return "; ".join(f"{key}: {str(found[key])[:80]}, wanted {str(wanted[key])[:80]}"
                     for key in wanted if wanted[key] != found[key])  # fmt: skip


def kinds(place: Path) -> dict[str, Kind]:
    """The four kinds, with what an uninterrupted one gives; ``place`` holds the run that is measured and reported."""
    torch.set_num_threads(1)
    begun = time.monotonic()
    # in this process, so that its forks find everything imported and compiled; but nothing that starts a thread
    figure(place)
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))]).step()
    importlib.import_module("infoscope.show.report.writing")
    with tempfile.TemporaryDirectory() as other:
        shutil.copytree(place / RUN, Path(other) / RUN)
        infoscope.load(Path(other) / RUN).measure("binned", bins=(8, 15, 60))
    found = {
        "a figure": Kind(figure), "a watched loop": Kind(watched),
        "measure": Kind(measure, place), "report": Kind(report, place),
    }  # fmt: skip
    for kind in found.values():
        uninterrupted(kind)
    print(f"ready after {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="at least, a quarter of each kind")
    parser.add_argument("--seed", type=int, default=0)
    asked_for = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in THREADS):  # what forks must not have threads, from the first import
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **dict.fromkeys(THREADS, "1")})
    chance = random.Random(asked_for.seed)
    place = Path(tempfile.mkdtemp(prefix="infoscope-kills-"))
    wrong = 0
    try:
        for name, kind in kinds(place).items():
            begun = time.monotonic()
            while kind.kills < asked_for.kills / 4 and len(kind.wrong) < 10:
                chain(kind, chance)
            wrong += len(kind.wrong)
            tried = f"{kind.kills} kills in {kind.chains} chains, {len(kind.wrong)} wrong"
            alone = f"alone {kind.seconds:.2f} s and {kind.events} changes of names"
            print(f"{name}: {tried}, {time.monotonic() - begun:.0f} s ({alone})", flush=True)
            for words in kind.wrong:
                print(f"    {words}")
    finally:
        shutil.rmtree(place)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
