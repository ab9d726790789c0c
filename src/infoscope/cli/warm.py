"""The command that compiles everything beforehand."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

import infoscope
from infoscope.cli.shared import ITSELF, Json, command, show


@command(ITSELF, 3)
def warm(*kinds: Annotated[str, Parameter(negative="")], as_json: Json = False) -> None:
    """Compile all loops, so that nothing waits for it later: for a cluster, or when an image is built.

    They are kept in the user's cache folder, or in the one that NUMBA_CACHE_DIR names.

    Example: infoscope warm estimators probes

    Parameters
    ----------
    kinds
        Only the loops of estimators, dependences, geometries, probes or training.
    """
    seconds = infoscope.warm(*kinds)

    def text() -> None:
        for kind, spent in seconds.items():
            print(f"{kind:12} {spent:6.1f} s")

    show(seconds, as_json, text)
