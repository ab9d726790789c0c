"""An engine by its name: `processes`, `ray:10.0.0.1:6379`; with its own settings out of a TOML file."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from infoscope.core import check, processors, registry
from infoscope.core.errors import InputError
from infoscope.core.files import contents
from infoscope.engine.engine import Engine
from infoscope.engine.packages import package


def open_engine(
    engine: str | Engine | None, workers: int | None = None, config: str | os.PathLike[str] | None = None
) -> AbstractContextManager[Engine | None]:
    """The engine that is named, for a ``with`` block; one that is open already stays so, and None is none.

    engine: its name, with the address of a cluster behind a colon where it has one. workers: how many jobs are done at
    a time, by default one a core of this machine. config: a file of settings.

    Raises
    ------
    UnknownNameError: no such engine. InputError: an address, settings or a number of workers that it cannot take.
    MissingPackageError: its package is not installed.
    """
    if engine is None or isinstance(engine, Engine):
        if workers is not None or config is not None:
            raise InputError(
                "workers or a file of settings arrived without the name of an engine: pass engine='processes', or name "
                "another of `infoscope list engines`"
            )
        return nullcontext(engine)
    name, _, address = engine.partition(":")
    kind: type[Engine] = registry.load("engines", name)
    if address and not kind.takes_address:
        raise InputError(f"engine {name!r} has no address, and {address!r} arrived: pass engine={name!r}")
    if config is not None and not kind.takes_settings:
        raise InputError(f"engine {name!r} takes no file of settings, and {os.fspath(config)} arrived: leave it out")
    count = processors.usable() if workers is None else check.count(workers, "workers")
    return kind(count, address or None, {} if config is None else settings(Path(config)))


def settings(path: Path) -> Mapping[str, Any]:
    """What a TOML file says, its tables as mappings.

    Raises
    ------
    InputError: it is no TOML. RunFolderError: it is not there, or cannot be read.
    """
    name = "tomllib" if sys.version_info >= (3, 11) else "tomli"
    tomllib = package(name, "a file of settings", "slurm")
    try:
        return tomllib.loads(contents(path).decode())
    except ValueError as reason:
        raise InputError(f"{path} is no TOML file ({reason}): write lines like partition = 'gpu'") from reason
