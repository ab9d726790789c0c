"""Commands that put runs beside something: beside each other, a page that lives, trackers and tables of others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import LOOK, Json, Runs, Several, command, factory, show, table
from infoscope.core.errors import InputError
from infoscope.core.units import in_unit_shown, unit_shown


@command(LOOK, 2)
def serve(
    runs: Annotated[list[Path] | None, Parameter(negative="")] = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_page: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> None:
    """Serve a page on which runs are listed, chosen and compared while they train; Ctrl-C ends it.

    It reads run folders and nothing else.

    Example: infoscope serve runs --open

    Parameters
    ----------
    runs
        Folders that hold run folders, or are some; ./runs where none is given.
    host
        Who may ask: this machine alone, or with 0.0.0.0 whoever knows the token that is printed.
    port
        Its port; 8321, or the next free one, where none is given.
    open_page
        Also open the page in the browser.
    """
    infoscope.serve(*(runs or ()), host=host, port=port, open_page=open_page)


@command(LOOK, 3)
def compare(
    first: Path,
    second: Path,
    /,
    *,
    step: Annotated[list[int] | None, Parameter(negative="")] = None,
    every_step: Annotated[bool, Parameter(negative="")] = False,
    place: Several = None,
    variable: Several = None,
    quantity: Several = None,
    network: str | None = None,
    examples: str | None = None,
    model: str | None = None,
    as_json: Json = False,
) -> None:
    """Say in what the second of two runs differs from the first, place by place, and how sure that is.

    Example: infoscope compare runs/base runs/quantised --quantity "I(T;Y)"

    Parameters
    ----------
    first
        A run folder.
    second
        Another one, or the same for two of its steps.
    step
        A step of the first run and one of the second (--step 1000 --step 2000); the last of each where none is given.
    every_step
        All steps that both runs measured.
    place
        Only this place; may be repeated.
    variable
        Only what is said about this variable; may be repeated.
    quantity
        Only this quantity; may be repeated. Information, geometry and training where none is given.
    network
        Only this network of both.
    examples
        Also say which examples gained and lost most about this variable, read again from the weights that both keep;
        at the one --place, or the last before the output.
    model
        For watched runs, with --examples: package.module:function, which builds the network.
    """
    if step and (every_step or len(step) != 2):
        raise InputError(f"--step arrived {len(step)} times, wanted one of each run: --step 1000 --step 2000")
    if examples and len(place or ()) > 1:
        raise InputError(f"--examples came with {len(place or ())} places, wanted the one that they are read at")
    pair = (step[0], step[1]) if step else None
    found = infoscope.compare(
        first, second, "all" if every_step else pair,
        places=place or (), variables=variable or (), quantities=quantity or (), network=network,
    )  # fmt: skip
    content = found.to_json()
    moved = None
    if examples:
        site = place[0] if place else ""
        moved = infoscope.compare_examples(
            first, second, examples, pair, site=site, network=network, model=factory(model)
        )
        content["examples"] = moved.to_pylist()

    def text() -> None:
        table(*found.table())
        for line in (*found.sentences, *found.notes):
            print(line)
        if moved is not None:
            lines = moved.to_pylist()
            ends = [(end, line) for end, some in (("lost", lines[:5]), ("gained", lines[:-6:-1])) for line in some]
            names = ("first_nats", "second_nats", "difference_nats")
            cells = [
                [end, str(line["row"]), str(line["label"]), *(f"{in_unit_shown(line[name]):+.3f}" for name in names)]
                for end, line in ends
            ]
            table(
                ["", "row", examples or "", *(f"{name}, {unit_shown()}" for name in ("first", "second", "difference"))],
                cells,
            )

    show(content, as_json, text)


@command(LOOK, 4)
def export(
    runs: Runs,
    /,
    *,
    to: str,
    out: Path | None = None,
    project: str = "",
    as_json: Json = False,
) -> None:
    """Give runs to others: as a table, as citations, or to a tracker after the fact.

    Tables are in the unit that --unit says.

    Example: infoscope export runs/mine --to latex --out table.tex

    Parameters
    ----------
    runs
        One run folder or more.
    to
        csv or parquet (all rows); markdown or latex (verdicts, and the values at the last step); bibtex (what the runs
        used); or a tracker: `infoscope list trackers`.
    out
        The file, of TensorBoard the folder; without it text is printed.
    project
        Of a tracker.
    """
    found = infoscope.export(*runs, to=to, out=out, unit=unit_shown(), project=project)
    kind = {int: "steps", str: "text"}.get(type(found), "written")
    told = {kind: str(found) if kind == "written" else found}

    def text() -> None:
        if isinstance(found, str):
            print(found, end="")
        else:
            print(f"{to} was told of {found} steps" if isinstance(found, int) else f"written: {found}")

    show(told, as_json, text)
