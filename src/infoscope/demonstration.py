"""The demo: something true to look at within a minute, then the two networks that the quarrel is about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from infoscope.core import check
from infoscope.core.progress import say, whole
from infoscope.core.registry import contributions
from infoscope.runs import Run
from infoscope.scripting import report, run

#: What is shown first: a closed form by itself, another one, and the two networks trained for a moment.
FIRST = ("saxe2018/minimal_model", "goldfeld2019/single_neuron", "saxe2018/tanh", "saxe2018/relu")
#: What follows.
THEN = ("saxe2018/tanh", "saxe2018/relu")
MNIST = "saxe2018/mnist"


def demo(
    out: str | Path = "runs/demo",
    preset: str = "laptop",
    *,
    seeds: int | None = None,
    mnist: bool = False,
    shown: Callable[[Sequence[Run], Path], None] = lambda runs, page: None,
) -> Path:
    """See what this is about: a first picture in a minute, then fifty tanh and fifty ReLU networks with verdicts.

    Two closed forms and two small trainings come first, and their report is there to look at while the rest runs; it is
    written anew after each figure. Called again, it goes on where it stopped. Returns the report.

    out: the folder of the runs and of ``report.html``. preset: of the two networks. seeds: how many networks of each
    kind, in place of the preset's number. mnist: also the networks on MNIST, which cost more than all else; how much is
    said first. shown: is called with the runs that were just done and the report that now holds them.

    Raises
    ------
    UnknownNameError, InputError, RunFolderError: as :func:`run` does.
    """
    folder = check.path(out, "out")
    page = folder / "report.html"
    if mnist:
        say(f"MNIST is asked for, and comes last: {contributions('figures')['figures'][MNIST].facts['long']}")
    runs: dict[str, Run] = {}
    say("first the exact answers, then both networks trained for a moment (longer where loops are to be compiled)")
    with whole("first look", {figure: {} for figure in FIRST}) as progress:
        for figure in FIRST:
            with progress.piece(figure):
                runs[figure] = run(figure, "smoke", out=folder)
            if figure == FIRST[0]:  # which needs nothing that has to be compiled
                shown([runs[figure]], report(runs[figure], out=page))
    exact = [done for figure, done in runs.items() if figure not in {*THEN, *FIRST[:1]}]
    shown(exact, report(*runs.values(), out=page))
    figures = (*THEN, *((MNIST,) if mnist else ()))
    with whole("demo", {figure: {} for figure in figures}) as progress:
        for figure in figures:
            with progress.piece(figure):
                runs[figure] = run(figure, "long" if figure == MNIST else preset, seeds=seeds, out=folder)
            shown([runs[figure]], report(*runs.values(), out=page))
    return page
