"""The demo: something true to look at within a minute, then the two networks that the quarrel is about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import infoscope
from infoscope.cli.runs import print_verdicts
from infoscope.cli.shared import PAPERS, Open, command, opened
from infoscope.core.progress import say, whole

#: What is shown first: closed forms, and the two networks trained for a moment.
FIRST = ("saxe2018/minimal_model", "goldfeld2019/single_neuron", "saxe2018/tanh", "saxe2018/relu")
TRAINED = {"saxe2018/tanh", "saxe2018/relu"}
#: The stages of each figure by the words of their tasks, and about the CPU seconds that each takes at `laptop`.
STAGES = {
    "saxe2018/tanh": {"training": 60.0, "learning curves": 8.0, "measuring": 42.0},
    "saxe2018/relu": {"training": 40.0, "learning curves": 8.0, "measuring": 25.0},
}
MNIST = "saxe2018/mnist"
MNIST_STAGES = {"training": 1500.0, "learning curves": 100.0, "measuring": 500.0}  # at `long`, at which it learns


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
    if mnist:
        say(f"MNIST is asked for, and comes last: {infoscope.contributions('figures')['figures'][MNIST].facts['long']}")
    report = out / "report.html"
    runs: dict[str, Any] = {}
    say("first the exact answers, and both networks trained for a moment (under a minute)")
    with whole("first look", {figure: {"": 1.0} for figure in FIRST}) as shown:
        for figure in FIRST:
            shown.begin(figure)
            runs[figure] = infoscope.run(figure, "smoke", out=out)
            shown.end()
    opened(infoscope.report(*runs.values(), out=report), open_)
    print_verdicts([verdict for figure in FIRST if figure not in TRAINED for verdict in runs[figure].verdicts])
    print(f"\nlook at this while the rest runs: {report.resolve()}\n", flush=True)
    figures = {**STAGES, **({MNIST: MNIST_STAGES} if mnist else {})}
    with whole("demo", figures) as shown:
        for figure in figures:
            shown.begin(figure)
            runs[figure] = infoscope.run(figure, "long" if figure == MNIST else preset, seeds=seeds, out=out)
            shown.end()
            infoscope.report(*runs.values(), out=report)
            if runs[figure].missing:
                say(f"{figure} was not run, for want of data: {runs[figure].missing}")
            else:
                print_verdicts(runs[figure].verdicts, f"the report holds it now: {report.resolve()}\n")
                sys.stdout.flush()
