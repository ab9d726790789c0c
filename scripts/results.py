#!/usr/bin/env python3
"""Keep what runs came to in docs/results, one small file a figure, from which docs/answers.md is made.

    python scripts/results.py keep RUN...                    of runs that are done
    python scripts/results.py run PAPER... [--preset long]   figure by figure: run, keep, say what it cost and changed

`run` takes papers (saxe2018) and figures (saxe2018/tanh); `--preset` is laptop where nothing is said, `long` has the
trainings that settle a claim and is laptop for figures without; `--seeds N` and `--out FOLDER` (runs/results) as with
`infoscope run`, which it calls, so that a run that was stopped goes on. A file holds verdicts, parts with intervals,
seeds, command, commit and date, and is judged anew by the rules as they stand; smoke runs are refused. Afterwards
`python docs/pages.py` writes the pages anew.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src")]  # the rules of this checkout, whatever is installed

import infoscope  # noqa: E402
from infoscope.claim.running import judge  # noqa: E402
from infoscope.core import registry  # noqa: E402
from infoscope.core.errors import InfoscopeError, InputError, unknown_name  # noqa: E402
from infoscope.core.files import atomic  # noqa: E402
from infoscope.core.folder import RunFolder  # noqa: E402
from infoscope.core.provenance import provenance  # noqa: E402

RESULTS = ROOT / "docs" / "results"
#: What is kept of a claim, and of what was found for one of its parts.
_OF_A_CLAIM = ("id", "paper", "sentence", "origin", "where", "published", "revised", "rule")
_OF_A_VERDICT = ("outcome", "said", "reason", "varied", "notes")
_OF_A_PART = ("name", "part", "value", "interval", "unit", "criterion", "outcome", "seeds", "note", "headline")


def kept(folder: RunFolder) -> dict[str, Any]:
    """What is kept of a run: its figure, how it was made and every verdict, numbers to six digits.

    Raises
    ------
    InputError: it is no run of a figure, is not done, or was run at `smoke`.
    """
    manifest = folder.manifest()
    if not manifest.get("figure") or manifest.get("state") != "done" or manifest.get("preset") == "smoke":
        raise InputError(
            f"{folder.path} is a run of {manifest.get('figure') or 'no figure'} at {manifest.get('preset')}, "
            f"{manifest.get('state')}, wanted a figure's run at laptop or more that is done: finish it with "
            "`infoscope run`"
        )
    verdicts = judge(folder)  # by the rules as they stand
    about = {name: manifest[name] for name in ("figure", "title", "where", "preset", "commit", "dirty")}
    return {
        **about,
        "seeds": len(manifest["seeds"]),
        "command": f"infoscope run {manifest['figure']} --preset {manifest['preset']}{_seeds(manifest)}",
        "infoscope": manifest["versions"]["infoscope"],
        "date": manifest["started"][:10],
        "judged": provenance()["commit"],
        "verdicts": [
            {
                **{name: each["claim"][name] for name in _OF_A_CLAIM},
                **{name: each[name] for name in _OF_A_VERDICT},
                "parts": [{name: _rounded(part[name]) for name in _OF_A_PART} for part in each["findings"]],
            }
            for each in verdicts
        ],
    }


def _seeds(manifest: Mapping[str, Any]) -> str:
    """As it is said on the command line, where they are not the preset's."""
    usual = registry.load("figures", manifest["figure"])().seeds[manifest["preset"]]
    seeds = len(manifest["seeds"])
    return f" --seeds {seeds}" if seeds not in (0, usual) else ""


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def keep(folder: RunFolder, cost: Mapping[str, float] | None = None, to: Path = RESULTS) -> list[str]:
    """Write what is kept of a run; what it changed, a line a claim whose verdict is another than before."""
    content = kept(folder)
    path = to / f"{content['figure']}.json"
    before: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"verdicts": []}
    if cost is None and before.get("commit") == content["commit"]:  # the same run, judged again
        cost = before.get("cost")
    content = {**content, **({"cost": dict(cost)} if cost else {})}
    old = {each["id"]: each["said"] for each in before["verdicts"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    new = {each["id"]: each["said"] for each in content["verdicts"]}
    gone = [f"{name}: {said} -> no longer asked" for name, said in old.items() if name not in new]
    changed = [f"{name}: {old[name]} -> {said}" for name, said in new.items() if name in old and old[name] != said]
    return [*changed, *gone]


def figures(wanted: list[str]) -> list[str]:
    """The figures of papers and figures that are asked for."""
    known = list(infoscope.contributions("figures")["figures"])
    found: list[str] = []
    for what in wanted:
        of = [name for name in known if name == what or name.startswith(f"{what.rstrip('/')}/")]
        if not of:
            raise unknown_name("paper or figure", what, {*known, *(name.split("/")[0] for name in known)})
        found += [name for name in of if name not in found]
    return found


def run(name: str, preset: str, seeds: int | None, out: Path) -> tuple[RunFolder, dict[str, float]]:
    """A figure's run as `infoscope run` makes it, in a process of its own, and what it cost."""
    figure = registry.load("figures", name)()
    preset = figure.preset(preset)
    command = [sys.executable, "-m", "infoscope", "run", name, "--preset", preset, "--out", str(out)]
    command += ["--seeds", str(seeds)] if seeds and figure.seeds[preset] else []
    began, used = time.monotonic(), _children()
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    if done.returncode:
        raise InfoscopeError(f"`{' '.join(command[1:])}` ended with {done.returncode}: see above")
    folder = RunFolder.open(out / f"{name.replace('/', '-')}-{preset}")
    size = sum(path.stat().st_size for path in folder.path.rglob("*") if path.is_file()) / 1e6
    cost = {"megabytes": round(size, 1)}
    if not folder.manifest().get("borrowed"):  # else the rest is what others left to do
        cost = {"wall seconds": round(time.monotonic() - began), "CPU seconds": round(_children() - used), **cost}
    return folder, cost


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(arguments: list[str]) -> int:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("command", choices=("keep", "run"))
    said.add_argument("what", nargs="+", help="run folders to keep; papers and figures to run")
    said.add_argument("--preset", default="laptop", choices=("laptop", "long", "paper"))
    said.add_argument("--seeds", type=int)
    said.add_argument("--out", type=Path, default=Path("runs/results"))
    given = said.parse_args(arguments)
    try:
        if given.command == "keep":
            for path in given.what:
                for line in keep(RunFolder.open(Path(path))):
                    print(line)
            return 0
        for name in figures(given.what):
            folder, cost = run(name, given.preset, given.seeds, given.out)
            changed = keep(folder, cost)
            print(f"{name}: {', '.join(f'{value:g} {what}' for what, value in cost.items())}")
            print("\n".join(changed) or "no verdict changed", flush=True)
    except InfoscopeError as reason:
        print(f"results: {reason}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
