"""One word per idea: no two types of the package share a name, and one function makes things by theirs."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

import infoscope

ROOT = Path(infoscope.__file__).parent
#: Names that stand for one idea in several files, each with the reason.
SHARED: dict[str, str] = {}
TYPE = re.compile(r"_*([A-Z]\w*[a-z]\w*)$")


def types_of(source: str) -> set[str]:
    """The names of the classes, and of the aliases of types, that a module binds; without leading underscores."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return {match[1] for name in found if (match := TYPE.match(name))}


def homes() -> dict[str, list[str]]:
    """By name the files that bind a type of it."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(ROOT.rglob("*.py")):
        for name in types_of(path.read_text(encoding="utf-8")):
            found[name].append(str(path.relative_to(ROOT)))
    return found


def test_a_name_is_one_type():
    shared = {name: files for name, files in homes().items() if len(files) > 1}
    assert {name: files for name, files in shared.items() if name not in SHARED} == {}
    assert set(SHARED) <= set(shared), "listed, and no longer shared"


@pytest.mark.parametrize(
    "source", ["class _Rows: ...", "Rows = list[int]", "def f():\n    class Rows: ...", "Rows: type"]
)
def test_a_private_or_nested_type_and_an_alias_have_names_too(source):
    assert types_of(source) == {"Rows"}


def test_constants_variables_and_functions_are_no_types():
    assert types_of("ROWS = 1\nrows = 2\n_X, Y = 3, 4\ndef rows_of(): ...\nT = 5") == set()


def test_things_are_made_by_name_in_one_place():
    tops = {path: ast.parse(path.read_text(encoding="utf-8")).body for path in ROOT.rglob("*.py")}
    making = [path for path, body in tops.items() for node in body if getattr(node, "name", "") == "make"]
    assert [path.relative_to(ROOT).as_posix() for path in making] == ["core/grammar.py"]
