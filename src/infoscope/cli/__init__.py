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
Belonging = Annotated[
    str | None,
    Parameter(
        name="--groups",
        negative="",
        help="A name (number or word) for each row, as t.parquet:column or a.npy: rows of one name belong together, so "
        "they are on one side of a split and count once in an interval.",
    ),
]
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
    """List what there is: all of it, or one kind (tasks, sources, networks, estimators, probes, figures, plots …).

    Parameters
    ----------
    kind
        tasks, sources, networks, estimators, probes, dependences, geometries, peers, figures or plots.
    """
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
    from infoscope.claim.running import run_figure
    from infoscope.show.report import write_report

    folders, failures, without_data = [], [], {}
    for figure in figures:
        try:
            print(f"{figure} ({preset})", file=sys.stderr)
            folder = run_figure(figure, preset, seeds, out, device)
            folders.append(folder)
            if folder.manifest()["state"] == "no data":
                without_data.setdefault(folder.manifest()["missing"], []).append(folder.manifest()["left out"])
        except InfoscopeError as reason:
            if len(figures) == 1:
                raise
            failures.append(f"{figure}: {reason}")
            print(failures[-1], file=sys.stderr)
    for reason, claims in without_data.items():
        told = f"{len(claims)} figure{'s' * (len(claims) > 1)}, {sum(claims)} claims"
        print(f"not run, for want of data ({told}): {reason}", file=sys.stderr)
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
    from infoscope.core.units import in_bits, shown

    lines = []
    for verdict in verdicts:
        head = next((f for f in verdict["findings"] if f["headline"]), None)
        value = (
            f"{head['name']}: {shown(head['value'], head['unit'], head['interval'])}, wanted {head['criterion']}"
            if head
            else ""
        )
        seeds = verdict["seeds"]
        at = f"{verdict['preset']}, " + (f"{seeds} seed{'s' * (seeds != 1)}" if seeds else "exact")
        if verdict["reason"]:
            measured = head is not None and head["value"] is not None
            value = f"{verdict['reason']}{f'; what was measured: {value}' if measured else ''}"
        revised = verdict["claim"]["revised"]
        told = [*verdict["notes"], *([f"the rule was not fixed before the first run: {revised}"] if revised else [])]
        notes = in_bits("; ".join(told))
        lines.append([verdict["claim"]["id"], verdict["said"], f"{value}{'; ' + notes if notes else ''}", at])
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
    variable: Annotated[list[str] | None, Parameter(negative="")] = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """Measure a run again from its stored weights, without training.

    Parameters
    ----------
    run
        A run folder.
    estimator
        Its name; `infoscope list estimators`, or `infoscope list geometries` for measures of geometry.
    option
        An option of the estimator as key=value; may be repeated.
    site
        Only this site; may be repeated. Of a watched run any place of the network.
    network
        Only this network of the run, by its name or its title in the report.
    model
        For a watched run: package.module:function, which builds the network.
    variable
        For a watched run: a further variable of its rows, as name=t.parquet:column; the run holds it from now on. May
        be repeated.
    """
    from infoscope.cli.columns import read
    from infoscope.runs import load

    loaded = load(run)
    new = {name: read(file) for name, file in _options(variable or [], "--variable", "digit=t.parquet:digit").items()}
    rows = loaded.measure(
        estimator,
        tuple(site or ()),
        network,
        _factory(model) if model else None,
        variables=new or None,
        groups=_read(groups),
        **_options(option or []),
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
        _print_means(last, loaded.titles)

    _print({"rows": len(rows), "last_step": found}, as_json, text)


def _print_means(rows: Any, titles: dict[str, str]) -> None:
    import numpy as np

    from infoscope.core.units import shown

    lines = []
    for network in rows.unique("network"):
        for site in rows.filter(network=network).sites():
            for quantity in rows.unique("quantity"):
                for variable in rows.filter(network=network, site=site, quantity=quantity).unique("variable"):
                    here = rows.filter(network=network, site=site, quantity=quantity, variable=variable)
                    values = here.column("value")
                    unit = here.unique("unit")[0]
                    mean = shown(float(np.nanmean(values)), unit) if np.isfinite(values).any() else "none"
                    about = "" if variable == "input" else f" ({variable})"
                    title = titles.get(network, network)
                    called = network if title in (network, "") else f"{network} ({title})"
                    lines.append(
                        [called, site, quantity + about, mean, str(len(values)), ", ".join(here.unique("status"))]
                    )
    _table(["network", "site", "quantity", "mean", "members", "status"], lines)


@app.command
def examples(
    run: Path,
    /,
    *,
    variable: str,
    network: str | None = None,
    site: str = "",
    step: int | None = None,
    probe: str = "linear",
    option: Annotated[list[str] | None, Parameter(negative="")] = None,
    figure: Path | None = None,
    model: str | None = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """Find the examples that a layer says least and most about, from stored weights.

    Writes what each measured row contributes to the usable information about a variable to RUN/examples (Parquet, in
    nats, least first); the report then shows the pictures at either end.

    Parameters
    ----------
    run
        A run folder.
    variable
        What is read: a variable of its task.
    network
        Which network, of several, by its name or its title in the report.
    site
        Where it is read; the last site before the output where none is given.
    step
        A recorded step; the last where none is given.
    probe
        Its name; `infoscope list probes`.
    option
        An option of the probe as key=value; may be repeated.
    figure
        Also draw the pictures into this file (.png, .svg, .pdf or .html).
    model
        For a watched run: package.module:function, which builds the network.
    """
    from infoscope.core.units import bits
    from infoscope.runs import load
    from infoscope.show.examples import examples as drawn

    build = _factory(model) if model else None
    table = load(run).examples(
        variable, network, site, step, probe, build, groups=_read(groups), **_options(option or [])
    )
    written = [drawn(table).save(figure)] if figure else []
    found = table.select(["row", "label", "pvi_nats"]).to_pylist()
    content = {"rows": found, "written": [str(path) for path in written]}

    def text() -> None:
        ends = [(end, row) for end, rows in (("least", found[:5]), ("most", found[:-6:-1])) for row in rows]
        lines = [[end, str(row["row"]), str(row["label"]), f"{bits(row['pvi_nats']):+.3f}"] for end, row in ends]
        _table(["", "row", "label", "bits"], lines)
        print("\n".join([f"{len(found)} rows in {run / 'examples'}", *map(str, written)]))

    _print(content, as_json, text)


def _options(pairs: list[str], flag: str = "--option", example: str = "bins=30") -> dict[str, str]:
    options = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals):
            raise InputError(f"{flag} {pair!r} is not key=value: write it like {flag} {example}")
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


Options = Annotated[
    list[str] | None, Parameter(name="--option", negative="", help="An option as key=value; may be repeated.")
]
Columns = Annotated[str, Parameter(help="a.npy, a.npz:name, t.parquet:col1,col2 or t.csv:col1,col2; rows are samples.")]


def _read(groups: str | None) -> Any:
    """The names of a file's rows, if one was given."""
    from infoscope.cli.columns import read

    return None if groups is None else read(groups)


def _estimator(name: str, option: list[str] | None) -> Any:
    from infoscope.measure.bases.estimator import make

    return make(name, **_options(option or []))


def _print_estimate(estimate: Any, as_json: bool) -> None:
    _print(_estimate_values(estimate), as_json, lambda: print(_estimate_text(estimate)))


def _estimate_values(estimate: Any) -> dict[str, Any]:
    import dataclasses

    return {
        **{k: v for k, v in dataclasses.asdict(estimate).items() if k != "status"},
        "status": estimate.status.name,
        "sentence": estimate.status.sentence,
    }


def _estimate_text(estimate: Any) -> str:
    return "\n".join([str(estimate), *(f"  {note}" for note in estimate.notes_shown)])


@app.command
def entropy(
    x: Columns,
    /,
    *,
    estimator: str = "kde",
    option: Options = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """Entropy of the rows in a file.

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`.
    """
    from infoscope.cli.columns import read

    _print_estimate(_estimator(estimator, option).entropy(read(x), _read(groups)), as_json)


@app.command(name=["mutual-information", "mutual_information"])
def mutual_information(
    x: Columns,
    y: Columns,
    /,
    *,
    estimator: str = "mixed_ksg",
    option: Options = None,
    calibrate: Annotated[bool, Parameter(negative="")] = False,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """I(X;Y) between the rows of two files, in order; whole numbers or words in Y are class labels.

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`, and `infoscope choose` says which.
    calibrate
        Also run it on matched problems with a known answer, and report the bias and spread found there.
    """
    from infoscope.cli.columns import read

    made, data = _estimator(estimator, option), (read(x), read(y))
    found = made.mutual_information(*data, _read(groups))
    if calibrate:
        from infoscope.measure.calibration import calibrate as calibrated

        found = calibrated(made, *data, found)
    _print_estimate(found, as_json)


@app.command(name=["conditional-mutual-information", "conditional_mutual_information"])
def conditional_mutual_information(
    x: Columns,
    y: Columns,
    z: Columns,
    /,
    *,
    estimator: str = "ksg",
    option: Options = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """I(X;Y|Z) between the rows of three files, in order: what Y says about X that Z does not say already.

    Parameters
    ----------
    estimator
        Its name; `infoscope list estimators`.
    """
    from infoscope.cli.columns import read

    made, data = _estimator(estimator, option), (read(x), read(y), read(z))
    _print_estimate(made.conditional_mutual_information(*data, _read(groups)), as_json)


@app.command
def dependence(
    x: Columns,
    y: Columns,
    /,
    *,
    measure: str = "cka",
    option: Options = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """How much the rows of two files depend on each other, by a measure that is not information.

    Parameters
    ----------
    measure
        Its name; `infoscope list dependences`.
    """
    from infoscope.cli.columns import read
    from infoscope.measure.bases.dependence import make

    made = make(measure, **_options(option or []))
    _print_estimate(made.dependence(read(x), read(y), _read(groups)), as_json)


@app.command
def geometry(
    t: Columns,
    y: Annotated[str | None, Parameter(help="Class labels, or another representation, in a file of its own.")] = None,
    /,
    *,
    measure: str = "class_distances",
    option: Options = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """How the rows of a file lie in space, by a measure that is not information.

    Parameters
    ----------
    measure
        Its name; `infoscope list geometries`.
    """
    from infoscope.cli.columns import read
    from infoscope.measure.bases.geometry import make

    made = make(measure, **_options(option or []))
    found = made.geometry(read(t), None if y is None else read(y), _read(groups))
    content = {name: _estimate_values(estimate) for name, estimate in found.items()}
    _print(content, as_json, lambda: print("\n".join(map(_estimate_text, found.values()))))


@app.command(name=["usable-information", "usable_information"])
def usable_information(
    z: Columns,
    y: Columns,
    /,
    *,
    probe: str = "linear",
    option: Options = None,
    z_test: str | None = None,
    y_test: str | None = None,
    target: str = "labels",
    prior: str = "null",
    folds: int = 5,
    seed: int = 0,
    groups: Belonging = None,
    groups_test: str | None = None,
    rows: Path | None = None,
    as_json: Json = False,
) -> None:
    """What probes can read of the labels Y in the rows Z of two files, in order.

    Parameters
    ----------
    probe
        Its name; `infoscope list probes`.
    z_test
        Rows to score in another file; without them every row is scored once, by probes that never saw it.
    y_test
        Their labels.
    groups_test
        Which of them belong together, as of --groups.
    target
        labels, or quantities: real numbers, read with Gaussian probes.
    prior
        Which H(Y): null (of the null probe) or plugin (of the scored labels).
    folds
        How many parts the rows are dealt to.
    seed
        Deals rows to folds and draws initial weights.
    rows
        Also write what was found for each scored row to this .csv or .parquet file: its place among the rows, its
        label, its contribution in nats and the probability (density) of its own label; to .npy: the contributions.
    """
    from infoscope.cli.columns import read, writable, write
    from infoscope.measure.bases.probe import make
    from infoscope.measure.questions.usable import usable_information as usable

    if rows is not None:
        writable(rows)
    test, labels = (read(name) if name else None for name in (z_test, y_test))
    data = (read(z), read(y), probe)
    options: dict[str, Any] = dict(_options(option or []))
    make(probe, **options)  # refuses what is no option of the probe
    protocol: dict[str, Any] = {"target": target, "prior": prior, "folds": folds, "seed": seed}
    protocol |= {"groups": _read(groups), "groups_test": _read(groups_test)}
    found = usable(*data, z_test=test, y_test=labels, strict=False, **protocol, **options)
    if rows is not None:
        write(rows, found.table(data[1] if labels is None else labels), "usable_information_nats")
    _print_estimate(found.plain(), as_json)


@app.command
def bench(
    *,
    preset: str = "laptop",
    estimator: Annotated[list[str] | None, Parameter(negative="")] = None,
    option: Options = None,
    source: Annotated[list[str] | None, Parameter(negative="")] = None,
    sizes: Annotated[list[int] | None, Parameter(negative="", consume_multiple=True)] = None,
    peers: bool = True,
    out: Path | None = None,
    save_results: Annotated[bool, Parameter(negative="")] = False,
    figure: Path | None = None,
    as_json: Json = False,
) -> None:
    """Judge the estimators, and peers that are installed, on sources whose information is known.

    Called again, it goes on where it stopped. Two worker processes of one thread each.

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
    from infoscope.benchmark.reporting import show
    from infoscope.benchmark.running import bench as run_bench

    found = run_bench(
        preset, estimator or (), source or (), sizes or (), _options(option or []), peers, out, save_results
    )
    if figure:
        from infoscope.show.benchmark import benchmark

        found["figure"] = str(benchmark(found["families"]).save(figure))
    _print(found, as_json, lambda: show(found, _table))


@app.command
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
    from infoscope.benchmark.choosing import choose as chosen
    from infoscope.benchmark.reporting import choice_command, choice_values, show_choice
    from infoscope.cli.columns import read

    if x is not None and y is not None:
        found = chosen(read(x), read(y), n=n, dx=dx)
    else:
        found = chosen(x, y, n=n, dx=dx, dy=dy, discrete_y=discrete_y, discrete_x=discrete_x, ties=ties)
    command = choice_command(found, x or "X.npy", y or "Y.npy")
    _print({**choice_values(found), "command": command}, as_json, lambda: show_choice(found, _table, command))


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
