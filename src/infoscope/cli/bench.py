"""Commands on the benchmark of estimators: bench, choose; and how their results are printed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import COLUMNS, ITSELF, Json, Options, Several, columns, command, pairs, show, table

LINE = ["", "estimator", "sources", "median error", "worst", "on", "worst unflagged", "flagged", "covered", "CPU s"]
LONGEST = 10  # lines of a list of single cases


@command(ITSELF, 2)
def bench(
    *,
    preset: str = "laptop",
    estimator: Several = None,
    option: Options = None,
    source: Several = None,
    sizes: Annotated[list[int] | None, Parameter(negative="", consume_multiple=True)] = None,
    peers: bool = True,
    out: Path | None = None,
    save_results: Annotated[bool, Parameter(negative="")] = False,
    figure: Path | None = None,
    as_json: Json = False,
) -> None:
    """Judge the estimators, and peers that are installed, on sources whose information is known.

    Called again, it goes on where it stopped. Two worker processes of one thread each.

    Example: infoscope bench --preset smoke --figure errors.svg

    Parameters
    ----------
    preset
        smoke (a minute), laptop (half an hour), labels (half an hour, for what `infoscope choose` names for labels) or
        paper (until all is answered).
    estimator
        Only this estimator or peer; may be repeated.
    source
        Only this source; may be repeated.
    sizes
        These numbers of rows in place of the preset's.
    peers
        Also run other packages' estimators, as far as they are installed.
    out
        Folder for the rows; runs/bench-PRESET where none is given.
    save_results
        Write the results into the package, where `infoscope choose` reads them; those of what was not asked stay.
    figure
        Also draw the errors by family of sources into this file (.png, .svg, .pdf or .html).
    """
    found = infoscope.bench(
        preset,
        estimators=estimator or (),
        sources=source or (),
        sizes=sizes or (),
        options=pairs(option),
        peers=peers,
        out=out,
        save_results=save_results,
        figure=figure,
    )
    show(found, as_json, lambda: print_results(found))


@command(COLUMNS, 1)
def choose(
    x: Annotated[
        str | None, Parameter(help="Rows of X: a.npy, a.npz:name, t.parquet:col1,col2 or t.csv:col1,col2.")
    ] = None,
    y: Annotated[str | None, Parameter(help="Rows of Y, in the same order.")] = None,
    /,
    *,
    n: int | None = None,
    dx: int | None = None,
    dy: int = 1,
    discrete_y: Annotated[bool, Parameter(negative="")] = False,
    discrete_x: Annotated[bool, Parameter(negative="")] = False,
    ties: Annotated[bool, Parameter(negative="")] = False,
    as_json: Json = False,
) -> None:
    """Name the estimator of I(X;Y) to use and why, from what the benchmark measured; or say that none is of use.

    Of two files, as in `infoscope choose x.npy table.parquet:label`, everything is read from the data. Otherwise say
    how many rows and columns there are: `infoscope choose --n 5000 --dx 64 --discrete-y`.

    Example: infoscope choose x.npy table.parquet:label

    Parameters
    ----------
    n
        Rows.
    dx
        Columns of X.
    dy
        Columns of Y.
    discrete_y
        Y is a class label.
    discrete_x
        X is one of a few symbols.
    ties
        Rows of X, or of a real Y, repeat.
    """
    if x is not None and y is not None:
        found = infoscope.choose(columns(x), columns(y), n=n, dx=dx)
    else:
        found = infoscope.choose(x, y, n=n, dx=dx, dy=dy, discrete_y=discrete_y, discrete_x=discrete_x, ties=ties)
    command = choice_command(found, x or "X.npy", y or "Y.npy")
    show({**found.to_json(), "command": command}, as_json, lambda: print_choice(found, command))


LINE = ["", "estimator", "sources", "median error", "worst", "on", "worst unflagged", "flagged", "covered", "CPU s"]
LONGEST = 10  # lines of a list of single cases


def print_results(found: dict[str, Any]) -> None:
    """Print what :func:`infoscope.bench` returned."""
    for n in dict.fromkeys(line["n"] for line in found["table"]):
        print(f"\nn = {n}: errors in nats over the sources, each the mean absolute error of its replicates")
        here = [line for line in found["table"] if line["n"] == n]
        table(LINE, [_line(line) for line in here])
    if found["coverage"]:
        print("\nCoverage: the share of samples whose stated interval held the truth")
        headers = ["estimator", "source", "n", "samples", "covered", "bias", "deviation"]
        table(headers, [_covered(one) for one in found["coverage"]])
    if found["speed"]:
        print("\nKSG with k=3, n = 10000: CPU seconds, the best of the runs; ours include the interval and the checks")
        headers = ["problem", "ours", "peers", "fastest peer / ours", "away from the definition"]
        table(headers, [_speed(one) for one in found["speed"]])
    _accuracy(found["accuracy"])
    if found["first_names"]["judged"]:
        print(found["first_names"]["words"])
    for one in found["broken"][:LONGEST]:
        print(f"{one['estimator']} {one['options']} on {one['source']}, n={one['n']}: {one['status']}, {one['notes']}")
    if len(found["broken"]) > LONGEST:
        print(f"… {len(found['broken'])} such cases in all")
    for name, reason in found["skipped"].items():
        print(f"{name} was skipped: {reason}")
    done = f"{found['answers']} of {found['planned']} cases answered"
    print(f"{done} in {found['minutes']:.1f} minutes: {found['folder']}")
    if "saved" in found:
        print(f"results: {found['saved']}")


def _covered(one: dict[str, Any]) -> list[str]:
    spread = f"{one['bias']:+.4f}", f"{one['deviation']:.4f}"
    return [one["label"], one["source"], str(one["n"]), str(one["replicates"]), _share(one["covered"]), *spread]


def _speed(one: dict[str, Any]) -> list[str]:
    ratio, away = _number(one["ratio"], ".1f"), _number(one["from_definition"], ".1e")
    return [one["source"], _seconds_of(one["ours"]), _seconds_of(one["peers"]), ratio, away]


def _line(line: dict[str, Any]) -> list[str]:
    return [
        line["who"],
        line["label"],
        f"{line['sources'] - line['unanswered']} of {line['sources']}" if line["unanswered"] else str(line["sources"]),
        _number(line["median_error"], ".4f"),
        _number(line["worst_error"], ".3g"),
        line["worst_source"] or "",
        _number(line["worst_trusted_error"], ".3g"),
        _share(line["flagged"]),
        _share(line["covered"]),
        _number(line["median_cpu_seconds"], ".3g"),
    ]


def _accuracy(accuracy: dict[str, Any]) -> None:
    if not accuracy["problems"]:
        return
    print(f"\n{accuracy['words']}")
    for one in accuracy["lost"][:LONGEST]:
        at = f"{one['source']} n={one['n']} (truth {one['truth']:.3f})"
        print(f"  lost: {at}: {one['ours']} off by {one['error']:.4f}, {one['peer']} by {one['peer_error']:.4f}")
    if len(accuracy["lost"]) > LONGEST:
        print(f"  … {len(accuracy['lost'])} lost in all")


KEY = (
    "Key: loss: mean error as a share of the truth (of .1 nats where the truth is less), nearer problems counting "
    "more; an answer with a warning counts as 100 %, as saying 0 does. met: on how many comparable problems it was "
    "measured. unflagged: answers without a warning. covered: stated 95 % intervals that held I(X;Y), which those of a "
    "lower bound need not do. CPU s: for one answer."
)


def print_choice(choice: Any, command: str) -> None:
    """Print a choice: the reasons, a command line to copy, the candidates and what the columns mean."""
    if choice.best is None:
        print(choice.why)
    else:
        print(f"use {choice.why}\n\n  {command}\n")
        table(*choice_lines(choice))
        print(KEY)


def choice_command(choice: Any, x: str, y: str) -> str:
    """The command line that measures with the estimator chosen, or "" where none is."""
    if choice.estimator is None:
        return ""
    return " ".join(
        ["infoscope mutual-information", *map(shlex.quote, (x, y)), "--estimator", shlex.quote(choice.estimator)]
    )


def choice_lines(choice: Any) -> tuple[list[str], list[list[str]]]:
    """Headers and lines: the candidates, the best first, then who was not ranked."""
    headers = ["estimator", "answers", "loss", "met", "median error, nats", "unflagged", "covered", "CPU s"]
    lines = [_candidate(one, choice.problems) for one in choice.candidates]
    for one in choice.unmeasured:
        lines.append([one.subject.label, one.answers, "not ranked", f"{one.met} of {choice.problems}", "", "", "", ""])
    return headers, lines


def _candidate(one: Any, problems: int) -> list[str]:
    return [
        one.subject.label,
        one.answers,
        _share(one.loss),
        f"{one.met} of {problems}",
        _number(one.median_error, ".4f"),
        _share(one.trusted),
        _share(one.covered),
        _number(one.cpu_seconds, ".3g"),
    ]


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def _number(number: float | None, form: str) -> str:
    return "" if number is None else format(number, form)


def _seconds_of(times: dict[str, float]) -> str:
    return ", ".join(f"{label} {seconds:.2g}" for label, seconds in sorted(times.items(), key=lambda item: item[1]))
