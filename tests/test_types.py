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


# --- axes -------------------------------------------------------------------------------------------------------------

CONTRIBUTIONS = ("estimators", "probes", "geometry", "dependences")
SHAPES = ast.parse((ROOT.parent / "core" / "shapes.py").read_text(encoding="utf-8"))
ALIASES = [node for node in SHAPES.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)]
#: By name, the axes of each alias of core/shapes.py that has any.
AXES = {node.targets[0].id: ast.literal_eval(node.value.slice.elts[1]) for node in ALIASES}
LETTERED = {name for name, axes in AXES.items() if axes[0].isalpha()}


def taken():
    """The names that any file imports from core/shapes.py."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in ROOT.parent.rglob("*.py"))
    imports = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {one.name for node in imports if node.module == "infoscope.core.shapes" for one in node.names}


def methods(folder):
    """The functions in the classes of a folder's files, each with its file."""
    for path in sorted((ROOT / folder).glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield from ((path, one) for one in node.body if isinstance(one, ast.FunctionDef))


def without_letters(function):
    """The arguments that are arrays and do not say by which axes."""
    for one in function.args.args:
        words = set(re.findall(r"[\w.]+", ast.unparse(one.annotation))) if one.annotation else set()
        arrays = {word for word in words if word in {*AXES, "np.ndarray", "Tensor"}}
        if arrays - LETTERED:
            yield f"{function.name}({one.arg}: {ast.unparse(one.annotation)})"


#: What is asked of a contribution with representations: what a base asks and some contribution answers itself.
ASKED = {one.name for _, one in methods("bases")} & {one.name for room in CONTRIBUTIONS for _, one in methods(room)}
ASKED &= {
    "_entropy", "_mutual_information", "_conditional_mutual_information", "_members", "_of_given",
    "_of", "_of_groups", "_constant", "_moments", "_read", "_cell",
}  # fmt: skip


@pytest.mark.parametrize("room", ["bases", *CONTRIBUTIONS])
def test_what_a_contribution_is_asked_with_says_its_axes(room):
    found = [f"{path.name}: {one}" for path, asked in methods(room) if asked.name in ASKED
             for one in without_letters(asked)]  # fmt: skip
    assert found == []


def test_the_hooks_are_there_and_arrays_without_letters_are_seen():
    assert {"_entropy", "_mutual_information", "_of", "_moments", "_read"} <= ASKED
    source = "def f(a: np.ndarray, b: Matrix | Labels, c: dict[str, Labels], d: Members, e: int, f: RowsOrLabels): ..."
    assert list(without_letters(ast.parse(source).body[0])) == ["f(a: np.ndarray)", "f(b: Matrix | Labels)"]


def test_no_shape_has_a_name_that_nobody_takes():
    assert set(AXES) - taken() == set()


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
