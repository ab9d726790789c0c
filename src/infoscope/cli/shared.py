"""What the command modules share: the application, the parameters that several take, text or JSON, tables."""

from __future__ import annotations

import json
import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Group, Parameter

from infoscope.core.errors import InputError
from infoscope.core.text import sentence
from infoscope.core.version import VERSION

app = cyclopts.App(
    name="infoscope",
    help="An oscilloscope for the information inside neural networks.",
    help_format="plaintext",
    version=VERSION,
    version_flags=["--version"],
    group_commands=Group("About", sort_key=6),
    suppress_keyboard_interrupt=False,  # ours says how to go on
)
#: The commands in the order of work, as ``--help`` lists them.
PAPERS = Group("The papers", sort_key=1)
NETWORKS = Group("A network of your own", sort_key=2)
LOOK = Group("Look at runs", sort_key=3)
COLUMNS = Group("Columns of your own", sort_key=4)
ITSELF = Group("infoscope itself", sort_key=5)
app.meta.suppress_keyboard_interrupt = False
app.meta.group_parameters = Group("With every command", sort_key=7)


def command(group: Group, place: int, name: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A function as a command, at its ``place`` in the group."""
    return app.command(name=name, group=group, sort_key=place)  # pyright: ignore[reportReturnType]


Belonging = Annotated[
    str | None,
    Parameter(
        name="--groups",
        negative="",
        help="A name (number or word) for each row, as t.parquet:column or a.npy: rows of one name belong together, so "
        "they are on one side of a split and count once in an interval.",
    ),
]
ColumnsOfFile = Annotated[
    str,
    Parameter(
        help="a.npy, a.npz:name, t.parquet:col1,col2, t.csv:col1,col2, a.pt or a.safetensors:name; rows are samples."
    ),
]
Open = Annotated[bool, Parameter(name="--open", negative="", help="Open the report in the browser.")]
EngineName = Annotated[
    str | None,
    Parameter(
        name="--engine",
        help="Who does it: processes, ray, ray:ADDRESS, slurm (`infoscope list engines`); by default this process.",
    ),
]
WorkersCount = Annotated[
    int | None, Parameter(name="--workers", help="How many work at a time; by default one a core of this machine.")
]
EngineConfig = Annotated[
    Path | None, Parameter(name="--engine-config", help="Settings of the engine, a TOML file, as of slurm.")
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print machine-readable JSON.")]
Options = Annotated[
    list[str] | None, Parameter(name="--option", negative="", help="An option as key=value; may be repeated.")
]
Several = Annotated[list[str] | None, Parameter(negative="")]
Runs = Annotated[list[Path], Parameter(negative="")]
OnDevice = Annotated[
    str,
    Parameter(
        name="--device", help="cpu, or a torch device such as cuda, on which all is computed that has a program there."
    ),
]


def show(content: Any, as_json: bool, text: Callable[[], None]) -> None:
    """Print ``content`` for a program, as JSON in ASCII, or what ``text`` prints for a person."""
    if as_json:
        print(json.dumps(content, indent=1))
    else:
        text()


def table(headers: list[str], lines: list[list[str]], widest: int | None = None) -> None:
    """Columns for a person; folded to the terminal, never cut. What a stranger wrote into a run moves no cursor."""
    from rich.console import Console
    from rich.table import Table

    found = Table(*headers, box=None, pad_edge=False, header_style="bold")
    for line in lines:
        found.add_row(*map(sentence, line))
    Console(width=None if sys.stdout.isatty() else widest or 160, highlight=False, markup=False).print(found)


def opened(page: Path, wanted: bool) -> Path:
    """``page``, in a browser where that is ``wanted``."""
    if wanted and not webbrowser.open(page.resolve().as_uri()):
        print(f"infoscope: no browser was found, so open it yourself: {page.resolve()}", file=sys.stderr)
    return page


def pairs(words: list[str] | None, flag: str = "--option", example: str = "bins=30") -> dict[str, str]:
    """``["bins=30"]`` as ``{"bins": "30"}``.

    Raises
    ------
    InputError: a word without key or value, or a key that is given twice.
    """
    found: dict[str, str] = {}
    for word in words or []:
        key, equals, value = word.partition("=")
        if not (key and equals):
            raise InputError(f"{flag} {word!r} is not key=value: write it like {flag} {example}")
        if key in found:
            raise InputError(f"{flag} {key} is given twice, {found[key]} and {value}: say one")
        found[key] = value
    return found


def called(name: str, options: list[str] | None) -> str:
    """``name`` with the options of a command line in it, as every function takes it: ``"binned(bins=30)"``."""
    from infoscope.core import grammar

    return grammar.spelled(*grammar.written(name, pairs(options)))


def columns(file: str | None) -> Any:
    """The columns that ``file`` names, if it was said."""
    from infoscope.cli.columns import read

    return None if file is None else read(file)


def rows_on(device: str, file: str | None) -> Any:
    """The same, rows of numbers on ``device``; a column of labels stays here.

    Raises
    ------
    InputError: a device that cannot be used.
    """
    if device == "cpu":
        return columns(file)
    import torch

    from infoscope.core import check

    where, found = check.device(device), columns(file)
    if found is None or found.dtype.kind not in "fiub" or (found.ndim == 1 and found.dtype.kind != "f"):
        return found
    return torch.tensor(found).to(where)


def factory(text: str | None, flag: str = "--model") -> Callable[..., Any] | None:
    """The function that ``--model package.module:function`` names, if it was said."""
    import importlib

    if text is None:
        return None
    module, colon, function = text.partition(":")
    if not (module and colon and function):
        raise InputError(f"{flag} {text!r} is not package.module:function: write it like {flag} mypackage.nets:make")
    sys.path.insert(0, str(Path.cwd()))
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as reason:
        raise InputError(
            f"{flag} {text!r} cannot be imported ({reason}): run this where python can import it"
        ) from reason
