"""Single changed bits over every kind of file of a run: each is told or without effect, none is believed.

    python tests/faults/flips.py --flips 400

A smoke run and a watched one are made; then one bit of one file is changed and `check`, `measure`, `report`, `claims`
and `run` are called, each on a copy. The table counts, for each kind of file and each call, what was told (an error
that names the file, or the way to it), what made no difference, what was made anew to the same bits, and what was
believed: other rows, other verdicts, another report. The exit code is 1 where anything was believed or a traceback
came. The short form is ``test_flips.py``.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

import infoscope
from infoscope.claim.running import plan_of, run_figure
from infoscope.core.errors import InfoscopeError
from infoscope.core.writer_lock import LOCK
from infoscope.scanning.replay import EnsembleReplay
from infoscope.train.training import initial_state

FIGURE, SEEDS = "saxe2018/tanh", 2
TOLD, SAME, ANEW, BELIEVED, BROKEN = "told", "no effect", "made anew", "BELIEVED", "TRACEBACK"


def figure_run(out: Path) -> Path:
    """A run of a paper's figure, with examples and the state of a trainer beside it."""
    folder = run_figure(FIGURE, "smoke", SEEDS, out / "figure")
    run = infoscope.load(folder.path)
    run.examples("label")
    begun = initial_state(EnsembleReplay(folder, "tanh", plan_of(folder, "tanh")).ensemble)
    layout = list(folder.manifest()["threads"]["tanh"].values())
    run.trajectory.write_state(begun.tensors(), {"epoch": begun.epoch, "layout": layout})
    run.report()
    return folder.path


def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2))


def watched_run(out: Path) -> Path:
    path = out / "watched" / "w"
    x = torch.randn(60, 4, generator=torch.Generator().manual_seed(1))
    with infoscope.watch(model(), x, {"label": np.arange(60) % 3}, ["binned"], path, schedule=range(3)) as scope:
        for step in range(3):
            scope.step(step)
    return path


def seen(path: Path) -> str:
    """All that a run says: rows, verdicts, weights, the evaluation set, examples, and what it is called."""
    run = infoscope.load(path)
    said: list[object] = [run.rows.content_hash(), run.verdicts, run.titles]
    for network in run.networks:
        trajectory = run.trajectory_of(network)
        said += [(step, trajectory.epoch(step), [(n, t.tolist()) for n, t in sorted(trajectory[step].items())])
                 for step in trajectory]  # fmt: skip
    said += [read().to_pylist() for _, read in run.folder.examples()]
    return repr(said)


def _measured(path: Path) -> object:
    watched = "watched" in path.parts[-2]
    return infoscope.load(path).measure("binned", bins=5, model=model if watched else None)


def _report(path: Path) -> str:
    return infoscope.load(path).report(path.parent / "report.html").read_text(encoding="utf-8")


CALLS: dict[str, Callable[[Path], object]] = {
    "check": lambda path: infoscope.load(path).check(),
    "measure": _measured,
    "report": _report,
    "claims": lambda path: infoscope.load(path).claims(),
    "run": lambda path: run_figure(FIGURE, "smoke", SEEDS, path.parent),
}


def kind_of(file: Path, run: Path) -> str:
    about = file.relative_to(run)
    return about.parts[0] if len(about.parts) > 1 and about.name != "state.safetensors" else about.name


def files_of(run: Path) -> list[Path]:
    """Every file but the report, which is made from the others and read by nobody."""
    return sorted(path for path in run.rglob("*") if path.is_file() and path.name not in ("report.html", LOCK))


def tried(call: str, run: Path, file: Path, place: int, bit: int, whole: dict[str, str]) -> str:
    """Change one bit of a copy of ``run``, make one call, and say what came of it."""
    with tempfile.TemporaryDirectory() as there:
        copy = Path(there) / run.parent.name / run.name
        shutil.copytree(run, copy)
        changed = copy / file.relative_to(run)
        content = bytearray(changed.read_bytes())
        content[place] ^= 1 << bit
        changed.write_bytes(content)
        try:
            found = CALLS[call](copy)
        except InfoscopeError as reason:
            return TOLD if str(reason) else BROKEN
        except Exception as reason:  # what the command line would print a traceback of
            print(f"{call}, {file.name}, byte {place}, bit {bit}: {type(reason).__name__}: {reason}", file=sys.stderr)
            return BROKEN
        if call == "check":
            faults = found.faults  # type: ignore[attr-defined]
            if faults:
                return TOLD if changed in [each.path for each in faults] else BELIEVED
        if call == "report":
            return SAME if found == whole[f"report {run}"] else BELIEVED
        if call == "measure":
            return SAME if found.content_hash() == whole[f"measure {run}"] else BELIEVED  # type: ignore[attr-defined]
        try:
            same = seen(copy) == whole[f"seen {run}"]
        except InfoscopeError:  # it was not read by this call, and is told by who reads it
            return SAME
        if not same:
            return BELIEVED
        return ANEW if call == "run" and changed.exists() and changed.read_bytes() != bytes(content) else SAME


def campaign(flips: int, seed: int = 0, calls: int | None = None) -> Counter[tuple[str, str, str]]:
    """``flips`` changed bits, dealt evenly over the kinds of files; counts by kind of file, call and outcome.

    calls: how many of the calls are made of each changed file, in turn; None for all of them.
    """
    draw, counts = random.Random(seed), Counter[tuple[str, str, str]]()
    with tempfile.TemporaryDirectory() as out:
        runs = [figure_run(Path(out)), watched_run(Path(out))]
        whole: dict[str, str] = {}
        for run in runs:
            whole[f"seen {run}"] = seen(run)
            whole[f"report {run}"] = _report(run)
            with tempfile.TemporaryDirectory() as there:
                copy = Path(there) / run.parent.name / run.name
                shutil.copytree(run, copy)
                whole[f"measure {run}"] = _measured(copy).content_hash()  # type: ignore[attr-defined]
        kinds: dict[str, list[tuple[Path, Path]]] = {}
        for run in runs:
            for file in files_of(run):
                kinds.setdefault(f"{run.parent.name}: {kind_of(file, run)}", []).append((run, file))
        for number in range(flips):
            kind = sorted(kinds)[number % len(kinds)]
            run, file = draw.choice(kinds[kind])
            place, bit = draw.randrange(file.stat().st_size), draw.randrange(8)
            able = [call for call in CALLS if run.parent.name == "figure" or call not in ("claims", "run")]
            start = number // len(kinds)
            for call in able if calls is None else [able[(start + k) % len(able)] for k in range(calls)]:
                counts[kind, call, tried(call, run, file, place, bit, whole)] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    counts = campaign(asked.flips, asked.seed)
    outcomes = [TOLD, SAME, ANEW, BELIEVED, BROKEN]
    print(f"{'file':36} {'call':8} " + " ".join(f"{each:>10}" for each in outcomes))
    for kind, call in sorted({(kind, call) for kind, call, _ in counts}):
        print(f"{kind:36} {call:8} " + " ".join(f"{counts[kind, call, each]:10}" for each in outcomes))
    totals = {each: sum(n for (_, _, outcome), n in counts.items() if outcome == each) for each in outcomes}
    print(json.dumps(totals))
    sys.exit(1 if totals[BELIEVED] or totals[BROKEN] else 0)


if __name__ == "__main__":
    main()
