"""The arrows of the design, held by reading the imports; and what a listing command may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import infoscope

ROOT = Path(infoscope.__file__).parent
#: What each layer may import besides itself. Files beside the layers (cli.py and the public surface) may use them all.
ARROWS = {
    "core": set(),
    "kernels": {"core"},
    "data": {"core"},
    "train": {"core", "data", "kernels"},
    "record": {"core", "data", "kernels"},
    "measure": {"core", "kernels"},
    "benchmark": {"core", "data", "measure", "kernels"},
    "scanning": {"core", "data", "train", "record", "measure", "kernels"},
    "claim": {"core", "data", "train", "record", "measure", "kernels", "scanning"},
    "papers": {"core", "data", "train", "record", "measure", "claim", "kernels", "scanning"},
    "show": {"core"},
    "cli": {"core", ""},  # the public face: `import infoscope`, and the names of its list
}
FILES = sorted(ROOT.rglob("*.py"))


def ours_imported(source: str, module: str, is_package: bool = False) -> set[str]:
    """The dotted names below ``infoscope`` that this source imports anywhere, functions included."""
    found: set[str] = set()
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name for name in names if name.split(".")[0] == "infoscope"}
    return found


def forbidden(source: str, module: str, is_package: bool = False) -> set[str]:
    """What this source imports against the arrows."""
    parts = module.split(".")
    if len(parts) < 2 or parts[1] not in ARROWS:
        return set()
    allowed = ARROWS[parts[1]] | {parts[1]}
    return {n for n in ours_imported(source, module, is_package) if [*n.split("."), ""][1] not in allowed}


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_follow_the_arrows(path):
    found = forbidden(path.read_text(encoding="utf-8"), module_of(path), path.name == "__init__.py")
    assert not found, f"{module_of(path)} must not import {', '.join(sorted(found))}"


def test_every_folder_is_a_layer_with_arrows():
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert folders == set(ARROWS), "a new layer needs its arrows here and in the design"


@pytest.mark.parametrize(
    ("source", "module", "found"),
    [
        ("import infoscope.train.ensemble", "infoscope.measure.binned", {"infoscope.train.ensemble"}),
        ("from infoscope import record", "infoscope.measure.binned", {"infoscope.record"}),
        ("from infoscope import task", "infoscope.measure.binned", {"infoscope.task"}),
        ("import infoscope", "infoscope.measure.binned", {"infoscope"}),
        ("from ..train import ensemble", "infoscope.measure.binned", {"infoscope.train.ensemble"}),
        ("from ..train import ensemble", "infoscope.measure.estimators.binned", set()),  # infoscope.measure.train
        ("from ...train import ensemble", "infoscope.measure.estimators.binned", {"infoscope.train.ensemble"}),
        ("def f():\n    from infoscope.measure import kde", "infoscope.show.plane", {"infoscope.measure.kde"}),
        ("from infoscope.core import rows\nfrom infoscope.measure import kde", "infoscope.measure.binned", set()),
        ("from . import _pairs\nimport torch", "infoscope.measure.binned", set()),
        ("from infoscope.show import plane", "infoscope.cli.runs", {"infoscope.show.plane"}),
        ("import infoscope", "infoscope.cli.runs", set()),
    ],
)
def test_the_reader_of_imports_sees_each_form(source, module, found):
    assert forbidden(source, module) == found


def test_relative_imports_in_a_package_start_one_level_lower():
    source = "from ..train import ensemble"
    assert forbidden(source, "infoscope.measure", is_package=True) == {"infoscope.train.ensemble"}
    assert forbidden(source, "infoscope.measure.estimators", is_package=True) == set()


#: The engine rooms of ``measure`` by floors: a room imports rooms before it, and neither bases nor contributions.
ENGINE_ROOMS = ("symbols", "intervals", "pairs", "moments", "neighbours", "noise", "critics", "usable")


@pytest.mark.parametrize("room", ENGINE_ROOMS)
def test_an_engine_room_stands_on_the_rooms_below_it(room):
    below = set(ENGINE_ROOMS[: ENGINE_ROOMS.index(room) + 1])
    for path in sorted((ROOT / "measure" / room).glob("*.py")):
        for name in ours_imported(path.read_text(encoding="utf-8"), module_of(path)):
            parts = name.split(".")
            assert parts[1] != "measure" or parts[2] in below, f"{module_of(path)} must not import {name}"


LIGHT = ("infoscope", "infoscope.cli", "infoscope.core", "infoscope.show", "infoscope.data")


def test_a_listing_command_imports_no_torch():
    """The command line, ``core``, ``show`` and ``data`` are imported whole, and torch is not among what that loaded."""
    light = [m for m in map(module_of, FILES) if m in LIGHT or m.startswith(tuple(f"{k}." for k in LIGHT[2:]))]
    assert set(LIGHT) <= set(light)
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    code += "    assert 'torch' not in sys.modules, f'importing {name} imported torch'\n"
    done = subprocess.run([sys.executable, "-c", code, *light], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
