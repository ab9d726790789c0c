"""The command that shows what this is about."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import infoscope
from infoscope.cli.papers import print_verdicts
from infoscope.cli.shared import PAPERS, Open, command, opened
from infoscope.core.progress import say


@command(PAPERS, 1)
def demo(
    *,
    out: Path = Path("runs/demo"),
    preset: str = "laptop",
    seeds: int | None = None,
    mnist: Annotated[bool, Parameter(negative="")] = False,
    open_: Open = False,
) -> None:
    """See what this is about: a first picture in a minute, then fifty tanh and fifty ReLU networks with verdicts.

    Two closed forms and two small trainings come first, and their report is there to look at while the rest runs. It
    is written anew after each figure. Called again, it goes on where it stopped.

    Example: infoscope demo --open

    Parameters
    ----------
    out
        Folder for the run folders and report.html.
    preset
        Of the two networks: smoke (seconds, judges nothing), laptop (minutes) or paper (the published size).
    seeds
        How many networks of each kind, in place of the preset's number.
    mnist
        Also the networks on MNIST, which cost more than all else; how much is said first.
    open_
        Open the report in the browser as soon as there is one.
    """
    seen: list[Path] = []

    def shown(runs: Sequence[infoscope.Run], page: Path) -> None:
        for run in runs:
            if run.missing:
                say(f"{run.folder.id} was not run, for want of data: {run.missing}")
        print_verdicts([verdict for run in runs for verdict in run.verdicts])
        said = "the report holds it now" if seen else "look at this while the rest runs"
        print(f"\n{said}: {page.resolve()}\n")
        sys.stdout.flush()
        if not seen:
            opened(page, open_)
        seen.append(page)

    infoscope.demo(out, preset, seeds=seeds, mnist=mnist, shown=shown)
