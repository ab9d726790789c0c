"""Commands on what there is and on runs: list, measure, examples, since-when, report, check."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import (
    ITSELF,
    LOOK,
    NETWORKS,
    Belonging,
    EngineConfig,
    EngineName,
    Json,
    Open,
    Runs,
    Several,
    WorkersCount,
    called,
    columns,
    command,
    factory,
    opened,
    pairs,
    show,
    table,
)
from infoscope.core.errors import InfoscopeError
from infoscope.core.text import sentence
from infoscope.core.units import in_unit_shown, shown, unit_shown


@command(ITSELF, 1, name="list")
def list_(kind: str | None = None, /, *, as_json: Json = False) -> None:
    """List what there is: all of it, or one kind (tasks, sources, networks, estimators, probes, figures, plots …).

    Example: infoscope list estimators

    Parameters
    ----------
    kind
        Only this one; without it all, each under the name of its kind.
    """
    content = {
        found: {entry.id: {"summary": entry.summary, "facts": entry.facts} for entry in entries.values()}
        for found, entries in infoscope.contributions(kind).items()
    }

    def text() -> None:
        for k, found in content.items():
            print(f"{k}:")
            width = max((len(name) for name in found), default=0)
            for name, about in found.items():
                print(f"  {name:{width}}  {about['summary']}")

    show(content, as_json, text)


@command(NETWORKS, 2)
def measure(
    run: Path,
    /,
    *,
    estimator: str = "binned",
    option: Several = None,
    site: Several = None,
    network: str | None = None,
    model: str | None = None,
    variable: Several = None,
    groups: Belonging = None,
    device: str | None = None,
    engine: EngineName = None,
    workers: WorkersCount = None,
    engine_config: EngineConfig = None,
    as_json: Json = False,
) -> None:
    """Measure a run again from its stored weights, without training.

    Example: infoscope measure runs/saxe2018-tanh-laptop --estimator kde --option noise_variance=0.1

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
    device
        Where the network runs and what it holds is measured: cpu, or a torch device such as cuda.
    """
    loaded = infoscope.load(run)
    new = {name: columns(file) for name, file in pairs(variable, "--variable", "digit=t.parquet:digit").items()}
    rows = loaded.measure(
        called(estimator, option),
        tuple(site or ()),
        network,
        factory(model),
        variables=new or None,
        groups=columns(groups),
        device=device,
        engine=engine,
        workers=workers,
        engine_config=engine_config,
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
        print_means(last, loaded.titles)

    show({"rows": len(rows), "last_step": found}, as_json, text)


def print_means(rows: Any, titles: dict[str, str]) -> None:
    """A line for each quantity of a place and variable; one for each way of measuring it, which it then names."""
    import numpy as np

    lines: list[list[str]] = []
    for network in rows.unique("network"):
        title = titles.get(network, network)
        name = network if title in (network, "") else f"{network} ({title})"
        for site in rows.filter(network=network).sites():
            there = rows.filter(network=network, site=site)
            for quantity, variable in sorted(
                there.distinct("quantity", "variable"), key=lambda each: rows.unique("quantity").index(each[0])
            ):
                about = there.filter(quantity=quantity, variable=variable)
                ways = about.distinct("estimator", "options", "split")
                for (estimator, options, split), how in zip(ways, _told_apart(ways), strict=True):
                    here = about.filter(estimator=estimator, options=options, split=split)
                    values, unit = here.column("value"), here.unique("unit")[0]
                    mean = shown(float(np.nanmean(values)), unit) if np.isfinite(values).any() else "none"
                    words = quantity if variable == "input" else f"{quantity} ({variable})"
                    states = ", ".join(here.unique("status"))
                    lines.append([name, site, f"{words}{how}", mean, str(len(values)), states])
    table(["network", "site", "quantity", "mean", "members", "status"], lines)


def _told_apart(ways: list[tuple[str, str, str]]) -> list[str]:
    """For each of several ways of measuring, ``(estimator, options, split)``, what tells it from the others."""
    from infoscope.core.rows import options_in_words

    if len(ways) == 1:
        return [""]
    options: dict[str, str] = {}
    for name in {estimator for estimator, _, _ in ways}:
        held = list(dict.fromkeys(text for estimator, text, _ in ways if estimator == name))
        options |= {f"{name} {text}": words for text, words in zip(held, options_in_words(held), strict=True)}
        if len(held) == 1:
            options[f"{name} {held[0]}"] = ""
    several = len({split for _, _, split in ways}) > 1
    return [
        "".join(f", {word}" for word in (estimator, options[f"{estimator} {text}"], split if several else "") if word)
        for estimator, text, split in ways
    ]


@command(NETWORKS, 4)
def examples(
    run: Path,
    /,
    *,
    variable: str,
    network: str | None = None,
    site: str = "",
    step: int | None = None,
    probe: str = "linear",
    option: Several = None,
    figure: Path | None = None,
    model: str | None = None,
    groups: Belonging = None,
    as_json: Json = False,
) -> None:
    """Find the examples that a layer says least and most about, from stored weights.

    Writes what each measured row contributes to the usable information about a variable to RUN/examples (Parquet, in
    nats, least first); the report then shows the pictures at either end.

    Example: infoscope examples runs/kleinman2021-fine_coarse-laptop --network "rate 0.2" --variable digit

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
    options = pairs(option)
    seed = {"seed": options.pop("seed")} if "seed" in options else {}
    reader = called(probe, [f"{key}={value}" for key, value in options.items()])
    lines = infoscope.load(run).examples(
        variable, network, site, step, reader, factory(model), groups=columns(groups), figure=figure, **seed
    )
    found = lines.select(["row", "label", "pvi_nats"]).to_pylist()
    written = [] if figure is None else [str(figure)]
    content = {"rows": found, "written": written}

    def text() -> None:
        ends = [(end, row) for end, rows in (("least", found[:5]), ("most", found[:-6:-1])) for row in rows]
        lines = [
            [end, str(row["row"]), str(row["label"]), f"{in_unit_shown(row['pvi_nats']):+.3f}"] for end, row in ends
        ]
        table(["", "row", "label", unit_shown()], lines)
        print("\n".join([f"{len(found)} rows in {run / 'examples'}", *written]))

    show(content, as_json, text)


@command(NETWORKS, 3)
def since_when(
    run: Path,
    /,
    *,
    variable: str,
    place: Several = None,
    network: str | None = None,
    measure: str = "",
    untrained: int | None = None,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Say since when a variable can be read at each place: the first step over half of what is read beyond step 0.

    The run must keep what its groups of rows add: with usable_information(scores=true) among its measures.

    Example: infoscope since-when runs/scanned --variable kind

    Parameters
    ----------
    run
        A run folder.
    variable
        What is read.
    place
        Only this place, one that was measured; may be repeated.
    network
        Which network, of several, by its name or its title in the report.
    measure
        Which way of measuring, where several keep groups: usable_information(scores=true, probe=mlp).
    untrained
        The step that is the control; 0 where none is given.
    seed
        Of the draws of groups.
    """
    found = infoscope.load(run).since_when(
        variable, place or (), network, measure=measure, untrained=untrained, seed=seed
    )
    content = {where: dataclasses.asdict(one) for where, one in found.items()}
    show(content, as_json, lambda: table(["place", "since when"], [[where, str(one)] for where, one in found.items()]))


@command(LOOK, 1)
def report(
    runs: Runs,
    /,
    *,
    out: Path | None = None,
    figures: Path | None = None,
    with_command: Annotated[bool, Parameter(negative="")] = False,
    join: Annotated[bool, Parameter(negative="")] = False,
    open_: Open = False,
    as_json: Json = False,
) -> None:
    """Write one HTML report of one run, or of several side by side.

    Example: infoscope report runs/saxe2018-tanh-laptop runs/saxe2018-relu-laptop --out both.html --figures figures

    Parameters
    ----------
    runs
        One run folder or more.
    out
        Where the report goes; report.html in the folder of a single run, else ./report.html.
    figures
        Also draw every figure of the report as PNG and SVG into this folder.
    with_command
        Also show the command that made each run, without its secrets; it may name files and people.
    join
        The runs are trainings of one sweep: draw them as one, with a band over its members.
    """
    path = opened(infoscope.report(*runs, out=out, with_command=with_command, join=join), open_)
    drawn = infoscope.report_figures(*runs, folder=figures, join=join) if figures else []
    content = {"report": str(path), "figures": [str(p) for p in drawn]}
    show(content, as_json, lambda: print("\n".join([f"report: {path.resolve()}", *content["figures"]])))


@command(LOOK, 5)
def check(
    run: Path,
    /,
    *,
    repair: Annotated[bool, Parameter(negative="")] = False,
    accept_loss: Annotated[bool, Parameter(negative="")] = False,
    device: str = "cpu",
    as_json: Json = False,
) -> None:
    """Check that every file of a run is as it was written; exit code 2 where one is not.

    Example: infoscope check runs/saxe2018-tanh-laptop

    Parameters
    ----------
    run
        A run folder.
    repair
        Make anew what is lost, where it can be: a paper's figure is trained, measured and judged again where something
        is missing, to the same bits. Damaged files are moved into RUN/damaged.
    accept_loss
        With --repair: go on without what cannot be made anew; the run keeps a record of it.
    device
        Where networks train: cpu, or a torch device such as cuda.
    """
    found = infoscope.load(run).check(repair=repair, accept_loss=accept_loss, device=device)

    def text() -> None:
        for fault in found.faults:
            print(sentence(fault.sentence))
        for path in found.remade:
            print(f"made anew: {path}")
        for what in found.lost:
            print(f"lost, and gone on without: {what}")
        if found.unrecorded:
            print(f"not recorded: {len(found.unrecorded)} files of a run that was made before files had hashes")
        if found.others:
            print(sentence(f"not of the run: {', '.join(path.name for path in found.others)}"))
        print(f"{found.whole} files are as they were written")

    show(found.to_json(), as_json, text)
    if found.faults:
        raise InfoscopeError(f"{len(found.faults)} files of {run} are not as they were written, or cannot be read")
