"""Commands that put runs beside something: a page that lives while they train."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import app


@app.command
def serve(
    runs: Annotated[list[Path] | None, Parameter(negative="")] = None,
    /,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    open_page: Annotated[bool, Parameter(name="--open", negative="")] = False,
) -> None:
    """Serve a page on which runs are listed, chosen and compared while they train; Ctrl-C ends it.

    It reads run folders and nothing else: infoscope serve runs

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
