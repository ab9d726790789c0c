"""What compiled loops must be for their bits not to hang on whether a process compiled them or loaded them.

numba keeps two copies of a function that another one calls: its own, and one in the caller. A process that has just
compiled the first runs it in both places; one that loads the caller from the cache runs the second, which was optimised
where it stands. With fast math the two round differently: weights that were trained again in another process had other
last bits. Inlined by force there is no first copy that a caller could run.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import infoscope

PACKAGE = Path(infoscope.__file__).parent


class Compiled(NamedTuple):
    """A function that numba compiles, as its source says it."""

    where: str
    fast: bool
    inlined: bool
    calls: frozenset[str]


def compiled() -> dict[str, list[Compiled]]:
    found: dict[str, list[Compiled]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                said = " ".join(map(ast.unparse, node.decorator_list))
                if "njit" in said:
                    calls = (ast.unparse(n.func).split(".")[-1] for n in ast.walk(node) if isinstance(n, ast.Call))
                    inlined = "forceinline=True" in said or "inline='always'" in said
                    one = Compiled(
                        f"{path.relative_to(PACKAGE)}:{node.name}", "fastmath" in said, inlined, frozenset(calls)
                    )
                    found.setdefault(node.name, []).append(one)
    return found


def test_what_is_compiled_with_fast_math_and_called_by_another_is_inlined_there():
    found = compiled()
    callers = [one for several in found.values() for one in several]
    assert len(callers) > 50
    told = set()
    for caller in callers:
        for name in caller.calls & found.keys():
            here = [one for one in found[name] if one.where.split(":")[0] == caller.where.split(":")[0]]
            told |= {one.where for one in here or found[name] if one.fast and not one.inlined}
    assert not told, "njit(..., forceinline=True)"
