"""What is compiled is told once and kept by its code, whoever else writes there."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import config

import infoscope
from infoscope.core import progress
from infoscope.kernels import compiling

PACKAGE = Path(infoscope.__file__).parent
HELPER = '''
from infoscope.kernels.compiling import njit
FACTOR = 2.0
@njit(cache=True, forceinline=True)
def scaled(x):
    """Times two."""
    return x * FACTOR
def unused():
    return 1
'''
LOOP = """
from infoscope.kernels.compiling import njit
import infoscope.measure.toys.helper as helper
@njit(cache=True)
def total(x):
    s = 0.0
    for i in range(len(x)):
        s += helper.scaled(x[i])
    return s
"""


def _module(name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = types.ModuleType(f"infoscope.measure.toys.{name}")
    made.__file__ = f"/nowhere/{name}.py"
    exec(compile(source, made.__file__, "exec"), made.__dict__)
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made


@pytest.fixture
def loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A loop and the helper in another file that it calls, as they would be read from their sources."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    for name in ("infoscope.measure.toys", "infoscope.measure"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))

    def read(helper: str = HELPER, source: str = LOOP) -> Any:
        found = _module("helper", helper, monkeypatch)
        sys.modules["infoscope.measure.toys"].helper = found  # type: ignore[attr-defined]
        return _module("loop", source, monkeypatch).total

    return read


def test_the_key_is_what_is_compiled_and_nothing_beside_it(loop):
    same = compiling.digest(loop())
    assert compiling.digest(loop(HELPER.replace("Times two", "Twice").replace("return 1", "return 2"))) == same
    assert compiling.digest(loop(source="# a comment\n" + LOOP.replace("):\n", "):\n\n", 1))) == same
    changed = [
        loop(HELPER.replace("2.0", "3.0")),
        loop(HELPER.replace("x * FACTOR", "x * FACTOR + 1")),
        loop(HELPER.replace("forceinline=True", "forceinline=True, fastmath=True")),
        loop(source=LOOP.replace("s = 0.0", "s = 1.0")),
    ]
    assert len({same, *map(compiling.digest, changed)}) == 1 + len(changed)


def test_what_was_compiled_is_read_back_until_its_code_changes(loop, tmp_path):
    x = np.arange(5.0)
    assert loop()(x) == 20
    again = loop()
    assert again(x) == 20
    assert (again.stats.cache_hits.total(), again.stats.cache_misses.total()) == (1, 0)
    assert loop(HELPER.replace("2.0", "3.0"))(x) == 30  # numba's own cache would have said 20
    for kept in tmp_path.rglob("*.compiled"):
        kept.write_bytes(kept.read_bytes()[:100])
    damaged = loop()
    assert damaged(x) == 20
    assert damaged.stats.cache_misses.total() == 1
    assert not list(tmp_path.rglob(".*"))  # no temporary file stays


def test_where_nothing_can_be_written_loops_compile_all_the_same(loop, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "file"))
    assert loop()(np.arange(3.0)) == 6


def test_one_line_before_and_one_after_for_a_room_and_none_for_a_program(loop, capsys, monkeypatch):
    monkeypatch.setattr(compiling._telling, "_told", set())
    monkeypatch.setattr(compiling, "PAUSE", 1000.0)
    monkeypatch.setattr(compiling, "WORTH_TELLING", 1000.0)  # on a busy machine as on a quick one
    monkeypatch.setattr(progress, "_hushed", False)
    total = loop()
    compiling._telling.over()
    capsys.readouterr()
    total(np.arange(5.0))
    total(np.arange(5))
    compiling._telling.over()
    before, after = capsys.readouterr().err.splitlines()
    assert before == "infoscope: compiling the loops of measure.toys, once for this machine …"
    assert after.startswith("infoscope: compiled the loops of measure.toys in ")
    total(np.arange(5, dtype=np.int32))  # announced before, and too short to speak of again
    compiling._telling.over()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(compiling._telling, "_told", set())
    progress.hush()
    total(np.arange(5, dtype=np.float32))
    compiling._telling.over()
    assert capsys.readouterr().err == ""


def test_processes_that_compile_at_once_leave_what_the_next_one_reads(tmp_path):
    program = (
        "import numpy as np; from infoscope.kernels.keys import _mix as mix\n"
        "x = [int(mix(t(3), t(5))) for t in (np.uint64, np.int64, np.uint32)]\n"
        "print(x[0], mix.stats.cache_misses.total())"
    )
    here = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)}
    start = [sys.executable, "-c", program]
    several = [subprocess.Popen(start, env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate(timeout=120) for one in several]
    last = subprocess.run(start, env=here, capture_output=True, timeout=120, check=True)
    assert {out.split()[0] for out, _ in said} == {last.stdout.split()[0]}
    assert last.stdout.split()[1] == b"0"
    assert last.stderr == b""


def test_every_loop_is_compiled_through_this_and_every_count_of_processors_is_the_same():
    told = set()
    for path in PACKAGE.rglob("*.py"):
        where = str(path.relative_to(PACKAGE))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "numba" and where != "kernels/compiling.py":
                told |= {f"{where}: {name.name}" for name in node.names if "jit" in name.name}
            if isinstance(node, ast.Attribute) and node.attr in ("cpu_count", "process_cpu_count", "sched_getaffinity"):
                told |= {f"{where}: {node.attr}"} - {f"core/processors.py: {node.attr}"}
    assert not told


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _one_number(value: ast.expr, function: ast.FunctionDef) -> bool:
    """A constant, np.inf, the variable of a loop, or what is made of one type: ``dtype.type(0)``."""
    if isinstance(value, ast.Name):
        made = [node for node in ast.walk(function) if isinstance(node, ast.Assign)]
        loops = [node for node in ast.walk(function) if isinstance(node, ast.For)]
        known = set().union(*(_names(loop.target) for loop in loops))
        known |= {name for one in made if ".type(0)" in ast.unparse(one.value) for name in _names(one.targets[0])}
        return value.id in known
    return isinstance(value, ast.Constant) or ast.unparse(value) == "np.inf"


def test_no_loop_copies_one_slice_to_another():
    """Which compiles, for seconds, the words of the error that unlike shapes would raise."""
    copies, seen = [], 0
    for path in PACKAGE.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef) or not any(
                "njit" in ast.unparse(d) for d in function.decorator_list
            ):
                continue
            for node in ast.walk(function):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
                    sliced = any(isinstance(part, ast.Slice) for part in ast.walk(node.targets[0].slice))
                    seen += sliced
                    if sliced and not _one_number(node.value, function):
                        copies.append(f"{path.name}, line {node.lineno}: {ast.unparse(node)}")
    assert not copies
    assert seen > 5
