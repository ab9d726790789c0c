"""The arrows of the design, held by reading the imports; and what a listing command may load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import infoscope

ROOT = Path(infoscope.__file__).parent
#: What each layer may import besides itself. Files beside the layers, the public surface, may use them all; ``""`` is
#: that surface.
ARROWS = {
    "core": set(),
    "kernels": {"core"},
    "data": {"core", "kernels"},
    "train": {"core", "kernels", "data"},
    "record": {"core", "kernels", "data"},
    "measure": {"core", "kernels"},
    "engine": {"core"},
    "scanning": {"core", "kernels", "data", "train", "record", "measure", "engine"},
    "claim": {"core", "kernels", "data", "train", "record", "measure", "engine", "scanning"},
    "papers": {"core", "kernels", "data", "train", "record", "measure", "scanning", "claim"},
    "benchmark": {"core", "kernels", "data", "measure"},
    "show": {"core"},
    "cli": {"core", ""},
}
#: Inside measure: engine rooms, floor by floor, each of which stands on those before it; then who stands on them all.
ENGINES = ("symbols", "intervals", "pairs", "moments", "neighbours", "noise", "critics", "usable", "states")
CONTRIBUTIONS = ("estimators", "probes", "geometry", "dependences", "contextual")
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
    names = ours_imported(source, module, is_package)
    against = {n for n in names if [*n.split("."), ""][1] not in allowed and not (n.count(".") == 1 and "" in allowed)}
    if parts[1] == "measure" and len(parts) > 3:
        against |= {
            n for n in names if n.startswith("infoscope.measure.") and not _stands_on(parts[2], n.split("."), parts)
        }
    return against


def _stands_on(room: str, imported: list[str], module: list[str]) -> bool:
    """Whether a file of ``room`` may import that: below it, its own engine room or, of contributions, a helper."""
    other = imported[2]
    if room in ENGINES:
        return other in ENGINES[: ENGINES.index(room) + 1]
    if room in CONTRIBUTIONS:
        return other in (*ENGINES, "bases") or (other == room and imported[3].startswith("_"))
    return room != "bases" or other in (*ENGINES, "bases")


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_follow_the_arrows(path):
    found = forbidden(path.read_text(encoding="utf-8"), module_of(path), path.name == "__init__.py")
    assert not found, f"{module_of(path)} must not import {', '.join(sorted(found))}"


def import_graph() -> dict[str, set[str]]:
    """Each file with the files that it imports anywhere, functions included."""
    modules = {module_of(path): path for path in FILES}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        names = ours_imported(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
        files = {name if name in modules else name.rpartition(".")[0] for name in names}
        graph[module] = {file for file in files if file in modules and file not in (module, "infoscope")}
    return graph


def circles(graph: dict[str, set[str]]) -> list[str]:
    """The nodes from which a way leads back to themselves."""

    def reached(node: str) -> set[str]:
        seen: set[str] = set()
        left = [node]
        while left:
            left += (new := graph.get(left.pop(), set()) - seen)
            seen |= new
        return seen

    return sorted(node for node in graph if node in reached(node))


def test_no_files_import_each_other_in_a_circle():
    assert circles(import_graph()) == []


def test_no_rooms_of_measure_import_each_other_in_a_circle():
    rooms: dict[str, set[str]] = {}
    for module, imported in import_graph().items():
        for other in imported:
            (here, there) = ((f"{m}...").split(".")[2] for m in (module, other))
            if module.startswith("infoscope.measure.") and other.startswith("infoscope.measure.") and here != there:
                rooms.setdefault(here, set()).add(there)
    assert circles(rooms) == []


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


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
        ("from ..train import ensemble", "infoscope.measure.questions.binned", set()),  # infoscope.measure.train
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


LIGHT = ("infoscope", "infoscope.cli", "infoscope.core", "infoscope.show", "infoscope.data")


def test_a_listing_command_imports_no_torch():
    """The command line, ``core``, ``show`` and ``data`` are imported whole, and torch is not among what that loaded."""
    light = [m for m in map(module_of, FILES) if m in LIGHT or m.startswith(tuple(f"{k}." for k in LIGHT[2:]))]
    assert set(LIGHT) <= set(light)
    code = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n"
    code += "    assert 'torch' not in sys.modules, f'importing {name} imported torch'\n"
    done = subprocess.run([sys.executable, "-c", code, *light], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
