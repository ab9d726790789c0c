"""The command line: parse, call one function, print. Nothing here imports torch before it is needed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter

from infoscope.core import registry
from infoscope.core.errors import InfoscopeError, InputError, unknown_name

DONE, USER_MISTAKE, INTERRUPTED = 0, 2, 130

app = cyclopts.App(
    name="infoscope",
    help="An oscilloscope for the information inside neural networks.",
    help_format="plaintext",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,  # ours says how to go on
)
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print machine-readable JSON.")]


def _print(content: Any, as_json: bool, text: Callable[[], None]) -> None:
    if as_json:
        print(json.dumps(content, indent=1, ensure_ascii=False))
    else:
        text()


def _table(headers: list[str], lines: list[list[str]], widest: int | None = None) -> None:
    """Columns for a person; folded to the terminal, never cut."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for line in lines:
        table.add_row(*line)
    Console(width=None if sys.stdout.isatty() else widest or 160, highlight=False, markup=False).print(table)


@app.command(name="list")
def list_(kind: str | None = None, /, *, as_json: Json = False) -> None:
    """List what there is: tasks, networks, estimators, figures, plots, or all of them."""
    kinds = list(registry.KINDS) if kind is None else [kind]
    content = {
        k: {entry.id: {"summary": entry.summary, "facts": entry.facts} for entry in registry.entries(k).values()}
        for k in kinds
    }

    def text() -> None:
        for k, found in content.items():
            print(f"{k}:")
            width = max((len(name) for name in found), default=0)
            for name, about in found.items():
                print(f"  {name:{width}}  {about['summary']}")

    _print(content, as_json, text)


@app.command
def run(
    what: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    preset: str = "laptop",
    seeds: int | None = None,
    out: Path = Path("runs"),
    device: str = "cpu",
    as_json: Json = False,
) -> None:
    """Run a paper, or figures of it: train, measure, judge, report. Called again, it goes on where it stopped.

    Parameters
    ----------
    what
        Papers (saxe2018) and figures (saxe2018/tanh); `infoscope list figures` names them.
    preset
        smoke (seconds), laptop (minutes) or paper (the published size).
    seeds
        How many networks of each kind, in place of the preset's number.
    out
        Folder for the run folders and report.html.
    device
        cpu, or a torch device such as cuda.
    """
    figures = _figures(what)
    from infoscope.claim.pipeline import run_figure
    from infoscope.show.report import write_report

    folders, failures = [], []
    for figure in figures:
        try:
            print(f"{figure} ({preset})", file=sys.stderr)
            folder = run_figure(figure, preset, seeds, out, device)
            folders.append(folder)
            if folder.manifest()["state"] == "no data":
                print(f"{figure} was not run: {folder.manifest()['missing']}", file=sys.stderr)
        except InfoscopeError as reason:
            if len(figures) == 1:
                raise
            failures.append(f"{figure}: {reason}")
            print(failures[-1], file=sys.stderr)
    if folders:
        report = write_report(folders, out / "report.html")
        verdicts = [verdict for folder in folders for verdict in folder.verdicts()]
        content = {
            "report": str(report),
            "runs": [str(f.path) for f in folders],
            "verdicts": verdicts,
            "failures": failures,
        }
        _print(content, as_json, lambda: _print_verdicts(verdicts, f"report: {report.resolve()}"))
    if failures:
        raise InfoscopeError(f"{len(failures)} of {len(figures)} figures failed: {'; '.join(failures)}")


def _figures(wanted: list[str]) -> list[str]:
    """The ids of the figures meant, each once, in the order asked for."""
    known = list(registry.entries("figures"))
    chosen = []
    for what in wanted:
        found = [name for name in known if name == what or name.startswith(f"{what.rstrip('/')}/")]
        if not found:
            raise unknown_name("paper or figure", what, {*known, *(name.split("/")[0] for name in known)})
        chosen += [name for name in found if name not in chosen]
    return chosen


def _print_verdicts(verdicts: list[dict[str, Any]], *after: str) -> None:
    from infoscope.core.units import shown

    lines = []
    for verdict in verdicts:
        head = next((f for f in verdict["findings"] if f["headline"]), None)
        value = (
            f"{head['name']}: {shown(head['value'], head['unit'], head['interval'])}, wanted {head['criterion']}"
            if head
            else ""
        )
        at = f"{verdict['preset']}, {verdict['seeds']} seeds"
        notes = "; ".join(verdict["notes"])
        lines.append([verdict["claim"]["id"], verdict["outcome"], f"{value}{'; ' + notes if notes else ''}", at])
    _table(["claim", "verdict", "decided by", "at"], lines)
    for line in after:
        print(line)


@app.command
def measure(
    run: Path,
    /,
    *,
    estimator: str = "binned",
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    site: Annotated[list[str] | None, Parameter(negative="")] = None,
    network: str | None = None,
    model: str | None = None,
    as_json: Json = False,
) -> None:
    """Measure a run again from its stored weights, without training.

    Parameters
    ----------
    run
        A run folder.
    estimator
        Its name; `infoscope list estimators`.
    option
        An option of the estimator as key=value; may be repeated.
    site
        Only this site; may be repeated.
    network
        Only this network of the run.
    model
        For a watched run: package.module:function, which builds the network.
    """
    from infoscope.runs import load

    loaded = load(run)
    rows = loaded.measure(
        estimator, tuple(site or ()), network, _factory(model) if model else None, **_options(option or [])
    )
    last = rows.filter(step=max(rows.unique("step"), default=0))
    found = [
        {
            k: row[k]
            for k in ("network", "site", "variable", "quantity", "member", "value", "unit", "status", "estimand")
        }
        for row in last.table.to_pylist()
    ]

    def text() -> None:
        print(f"{len(rows)} rows of {estimator} in {run}; at the last step:")
        _print_means(last)

    _print({"rows": len(rows), "last_step": found}, as_json, text)


def _print_means(rows: Any) -> None:
    import numpy as np

    from infoscope.core.units import bits

    lines = []
    for network in rows.unique("network"):
        for site in rows.filter(network=network).sites():
            for quantity in rows.unique("quantity"):
                for variable in rows.filter(network=network, site=site, quantity=quantity).unique("variable"):
                    here = rows.filter(network=network, site=site, quantity=quantity, variable=variable)
                    values = here.column("value")
                    shown = f"{bits(float(np.nanmean(values))):.3f} bits" if np.isfinite(values).any() else "none"
                    about = "" if variable == "input" else f" ({variable})"
                    lines.append(
                        [network, site, quantity + about, shown, str(len(values)), ", ".join(here.unique("status"))]
                    )
    _table(["network", "site", "quantity", "mean", "members", "status"], lines)


def _options(pairs: list[str]) -> dict[str, str]:
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise InputError(f"--option {pair!r} is not key=value: write it like --option bins=30")
        options[key] = value
    return options


def _factory(text: str) -> Callable[[], Any]:
    import importlib

    module, colon, function = text.partition(":")
    if not (module and colon and function):
        raise InputError(f"--model {text!r} is not package.module:function: write it like --model mypackage.nets:make")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as reason:
        raise InputError(
            f"--model {text!r} cannot be imported ({reason}): run this where python can import it"
        ) from reason


@app.command
def report(
    runs: Annotated[list[Path], Parameter(negative="")],
    /,
    *,
    out: Path | None = None,
    figures: Path | None = None,
    as_json: Json = False,
) -> None:
    """Write one HTML report of one run, or of several side by side.

    Parameters
    ----------
    runs
        One run folder or more.
    out
        Where the report goes; report.html in the folder of a single run, else ./report.html.
    figures
        Also draw every figure of the report as PNG and SVG into this folder.
    """
    from infoscope.core.folder import RunFolder
    from infoscope.show.report import write_figures, write_report

    folders = [RunFolder.open(path) for path in runs]
    path = write_report(folders, out or (runs[0] if len(runs) == 1 else Path()) / "report.html")
    drawn = write_figures(folders, figures) if figures else []
    content = {"report": str(path), "figures": [str(p) for p in drawn]}
    _print(content, as_json, lambda: print("\n".join([f"report: {path.resolve()}", *content["figures"]])))


@app.command
def claims(runs: Annotated[list[Path], Parameter(negative="")], /, *, as_json: Json = False) -> None:
    """Judge the rows that runs hold now, and print their verdicts.

    Parameters
    ----------
    runs
        One run folder or more.
    """
    from infoscope.runs import load

    verdicts = [verdict for path in runs for verdict in load(path).claims()]
    _print(verdicts, as_json, lambda: _print_verdicts(verdicts))


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: 0 done, 2 the user's mistake or a known failure, 130 interrupted (and resumable)."""
    try:
        app(arguments, exit_on_error=False, print_error=False)
    except InfoscopeError as reason:
        print(f"infoscope: {reason}", file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except cyclopts.CycloptsError as reason:
        print(f"infoscope: {reason}; see `infoscope --help`", file=sys.stderr)
        sys.exit(USER_MISTAKE)
    except KeyboardInterrupt:
        print("infoscope: interrupted; run the same command again and it goes on from here", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `infoscope list | head`
        sys.stderr.close()
    sys.exit(DONE)
