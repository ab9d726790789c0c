"""Commands on the papers: run, claims."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import (
    PAPERS,
    EngineConfig,
    EngineName,
    Json,
    Open,
    Runs,
    Several,
    WorkersCount,
    command,
    opened,
    show,
    table,
)
from infoscope.core.claim import ORIGINS, counted, deciding
from infoscope.core.errors import InfoscopeError, unknown_name
from infoscope.core.progress import say, whole
from infoscope.core.units import in_unit, shown


@command(PAPERS, 2)
def run(
    what: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    preset: str = "laptop",
    seeds: int | None = None,
    out: Path = Path("runs"),
    device: str = "cpu",
    tracker: Several = None,
    engine: EngineName = None,
    workers: WorkersCount = None,
    engine_config: EngineConfig = None,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Run a paper, or figures of it: train, measure, judge, report. Called again, it goes on where it stopped.

    Example: infoscope run saxe2018/tanh saxe2018/relu --seeds 16 --open

    Parameters
    ----------
    what
        Papers (saxe2018) and figures (saxe2018/tanh); `infoscope list figures` names them.
    preset
        smoke (seconds), laptop (minutes), long (up to hours, said first: trainings that settle a claim) or paper (the
        published size). A figure that has nothing to train for longer is run at laptop where long is asked for.
    seeds
        How many networks of each kind, in place of the preset's number.
    out
        Folder for the run folders and report.html.
    device
        cpu, or a torch device such as cuda.
    tracker
        Where rows are mirrored as they are stored, as wandb or 'tensorboard(folder=logs)'; may be repeated.
    """
    figures = figures_of(what)
    with infoscope.open_engine(engine, workers, engine_config) as there:
        asked = {"preset": preset, "seeds": seeds, "out": out, "device": device, "engine": there}
        asked["trackers"] = tracker or ()
        _run(figures, asked, open_, as_json)


_FIRST = "trainings"  # in place of a figure: what workers do of all of them before the first


def _run(figures: list[str], asked: dict[str, Any], open_: bool, as_json: bool) -> None:
    """Run one figure after the other; asked: of each of them. Workers train the networks of all of them first."""
    preset, out = asked["preset"], asked["out"]
    done, failures, without_data = [], [], {}
    page, writing = out / "report.html", 0.0
    first = [_FIRST] if asked["engine"] is not None and len(figures) > 1 else []
    with whole("run" if len(figures) > 1 else figures[0], {piece: {} for piece in (*first, *figures)}) as over:
        if first:
            of_all = {name: value for name, value in asked.items() if name != "trackers"}
            with over.piece(_FIRST):
                infoscope.train_figures(*figures, **of_all)
        elif len(figures) > 1:
            with suppress(InfoscopeError):  # which the figure itself will say
                likely = infoscope.expected_seconds(*figures, preset=preset, seeds=asked["seeds"], out=out)
                for figure, stages in likely.items():
                    over.foresee(figure, stages)
        for number, figure in enumerate(figures, 1):
            begun = time.monotonic()
            try:
                say(f"{figure} ({preset})" + (f", figure {number} of {len(figures)}" if len(figures) > 1 else ""))
                with over.piece(figure):
                    done.append(infoscope.run(figure, **asked))
            except InfoscopeError as reason:
                if len(figures) == 1:
                    raise
                failures.append(f"{figure}: {reason}")
                print(failures[-1], file=sys.stderr)
                continue
            if done[-1].missing:
                without_data.setdefault(done[-1].missing, []).append(done[-1].folder.manifest()["left out"])
            elif not as_json and number < len(figures):
                print_verdicts(done[-1].verdicts, tally=False)
                sys.stdout.flush()
            if number < len(figures) and 10 * writing < time.monotonic() - begun:  # of what a figure takes, a tenth
                begun = time.monotonic()
                new = not page.exists()
                infoscope.report(*done, out=page)
                writing = time.monotonic() - begun
                if new:
                    say(f"the report grows with each figure: {page.resolve()}")
    for reason, claims in without_data.items():
        told = f"{len(claims)} figure{'s' * (len(claims) > 1)}, {sum(claims)} claims"
        print(f"not run, for want of data ({told}): {reason}", file=sys.stderr)
    if done:
        report = opened(infoscope.report(*done, out=page), open_)
        verdicts = [verdict for one in done for verdict in one.verdicts]
        content = {
            "report": str(report),
            "runs": [str(one.folder.path) for one in done],
            "verdicts": verdicts,
            "failures": failures,
        }
        told = done[-1].verdicts if done[-1].folder.id.startswith(figures[-1].replace("/", "-")) else []
        show(content, as_json, lambda: print_verdicts(told, f"report: {report.resolve()}", of=verdicts))
    if failures:
        raise InfoscopeError(f"{len(failures)} of {len(figures)} figures failed: {'; '.join(failures)}")


def figures_of(wanted: list[str]) -> list[str]:
    """The ids of the figures meant, each once, in the order asked for."""
    known = list(infoscope.contributions("figures")["figures"])
    chosen = []
    for what in wanted:
        found = [name for name in known if name == what or name.startswith(f"{what.rstrip('/')}/")]
        if not found:
            raise unknown_name("paper or figure", what, {*known, *(name.split("/")[0] for name in known)})
        chosen += [name for name in found if name not in chosen]
    return chosen


_NOT_MET = {"fails": "what fails is", "unclear": "what is unclear is", "missing": "not measured is"}


def _number(finding: Mapping[str, Any] | None) -> str:
    """What was found beside what was wanted; empty where nothing was."""
    if finding is None or finding["value"] is None:
        return ""
    value = shown(finding["value"], finding["unit"], finding["interval"])
    return f"{finding['name']}: {value}, wanted {finding['criterion']}"


def print_verdicts(
    verdicts: list[dict[str, Any]], *after: str, of: list[dict[str, Any]] | None = None, tally: bool = True
) -> None:
    """Print each verdict with its claim and its number, and how many there are, of all that were judged (``of``)."""
    lines = []
    for verdict in verdicts:
        claim, seeds = verdict["claim"], verdict["seeds"]
        at = f"{verdict['preset']}, " + (f"{seeds} seed{'s' * (seeds != 1)}" if seeds else "exact")
        at += f" {verdict['varied']}" if verdict["varied"] else ""
        head = next((f for f in verdict["findings"] if f["headline"]), None)
        decides = deciding(verdict["findings"])
        number = _number(head)
        if decides is not None and decides is not head and decides["value"] is not None:
            number += f"; {_NOT_MET[decides['outcome']]} {_number(decides)}"
        if verdict["reason"]:
            number = verdict["reason"] + (f"; what was measured: {number}" if number else "")
        revised = ["the rule was not fixed before the first run, the report says why"] if claim["revised"] else []
        told = in_unit("; ".join(filter(None, (number, *verdict["notes"], *revised))))
        lines += [
            [verdict["said"], f"{claim['sentence']} ({claim['id']}, {claim['origin'] or 'not recorded'}; {at})"],
            ["", told],
        ]
    if lines:
        table(["verdict", "claim"], lines)
    for origin, outcomes in counted(verdicts if of is None else of).items() if tally else ():
        said = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        print(f"claims {ORIGINS[origin]}: {said}")
    for line in after:
        print(line)


@command(PAPERS, 3)
def claims(runs: Runs, /, *, as_json: Json = False) -> None:
    """Judge the rows that runs hold now, and print their verdicts.

    Example: infoscope claims runs/saxe2018-tanh-laptop

    Parameters
    ----------
    runs
        One run folder or more.
    """
    verdicts = [verdict for path in runs for verdict in infoscope.load(path).claims()]
    show(verdicts, as_json, lambda: print_verdicts(verdicts))
