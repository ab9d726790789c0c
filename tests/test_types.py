"""How much the type checker sees: what is annotated ``Any``, or not at all, says nothing to it."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import infoscope.measure

ROOT = Path(infoscope.measure.__file__).parent
UNTYPED = 0.05  # of the arguments, at most
PROJECT = ROOT.parents[2]
STRICT = {"claim", "core", "record", "scanning"}  # rooms in which pyright reads strictly
OURS = {"Scalar"}  # of pyarrow itself, and returned by pyarrow.compute
OF_SOME = {("DataType", "value_type"), ("DataType", "index_type")}  # that only some types of columns have
STUBS = sorted((PROJECT / "typings").rglob("*.pyi"))


def aliases(tree):
    """The names that a file gives to ``Any``."""
    given = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    return {
        target.id
        for node in given
        if node.value is not None and ast.unparse(node.value) in ("Any", "typing.Any")
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def arguments(source, anything=frozenset()):
    """Each argument of each function but self and cls, and whether its annotation says something."""
    tree = ast.parse(source)
    nothing = {"Any", "Any | None", *anything, *aliases(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            more = [one for one in (given.vararg, given.kwarg) if one]
            for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *more):
                if one.arg not in ("self", "cls"):
                    said = one.annotation is not None and ast.unparse(one.annotation) not in nothing
                    yield f"{node.name}({one.arg})", said


def test_few_arguments_of_measure_say_nothing_of_their_type():
    core = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT.parent / "core").glob("*.py")]
    anything = {name for tree in core for name in aliases(tree)}
    found = {
        f"{path.relative_to(ROOT)}: {name}": said
        for path in sorted(ROOT.rglob("*.py"))
        for name, said in arguments(path.read_text(encoding="utf-8"), anything)
    }
    silent = [name for name, said in found.items() if not said]
    assert len(silent) < UNTYPED * len(found), "\n".join(silent)


def test_the_count_sees_any_its_aliases_and_what_is_not_annotated():
    source = "Thing = Any\ndef f(self, a, b: Any, c: Thing, d: int, *e: str, g: Any | None = None): ..."
    assert dict(arguments(source)) == {
        "f(a)": False, "f(b)": False, "f(c)": False, "f(d)": True, "f(e)": True, "f(g)": False
    }  # fmt: skip


def test_rooms_read_strictly_are_still_so_and_nothing_is_switched_off():
    project = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    settings = project.partition("[tool.pyright]")[2].partition("\n[")[0]
    (listed,) = re.findall(r"^strict = \[(.*)\]$", settings, re.MULTILINE)
    assert {f'"src/infoscope/{room}"' for room in STRICT} <= set(listed.split(", "))
    assert all((ROOT.parent / room).is_dir() for room in STRICT)
    off = re.findall(r'^(report\w+) = (?:false|"none"|"warning"|"information")', settings, re.MULTILINE)
    assert off == ["reportMissingModuleSource"]


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_a_stub_names_only_what_the_library_has(path):
    parts = path.relative_to(PROJECT / "typings").with_suffix("").parts
    library = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name not in OURS:
            there = getattr(library, node.name)
            for one in node.body if isinstance(node, ast.ClassDef) else []:
                name = one.name if isinstance(one, ast.FunctionDef) else ast.unparse(getattr(one, "target", one))
                assert name == "..." or hasattr(there, name) or (node.name, name) in OF_SOME, f"{node.name}.{name}"
