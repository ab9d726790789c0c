"""The renderer of figures, vl-convert: loaded where it is needed and can live, for else it ends the process."""

from __future__ import annotations

import mmap
import sys
from functools import cache
from typing import Any

from infoscope.core.errors import InfoscopeError

RESERVED = 65 << 30  # bytes of addresses that its JavaScript engine reserves, not memory (64 GiB and a little)


@cache
def renderer() -> Any:
    """The module ``vl_convert``, which carries a JavaScript engine of its own.

    Raises
    ------
    InfoscopeError: the limit on addresses (``ulimit -v``) is lower than what the engine reserves; it would abort.
    """
    if _limited() and not _reserves(RESERVED):
        raise InfoscopeError(
            f"figures and reports are drawn by a JavaScript engine that reserves {RESERVED >> 30} GiB of addresses, "
            "and `ulimit -v` allows this process fewer: raise that limit and write the report again, or write it "
            "where there is none; what was measured is stored"
        )
    import vl_convert

    return vl_convert


def _limited() -> bool:
    if sys.platform == "win32":
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _reserves(size: int) -> bool:
    if sys.platform == "win32":
        return True
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0).close()
    except (OSError, MemoryError):
        return False
    return True
