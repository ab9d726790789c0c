"""How much of measure's arguments the type checker sees: an annotation ``Any``, or none, says nothing to it."""

import ast
from pathlib import Path

import infoscope.measure

ROOT = Path(infoscope.measure.__file__).parent
UNTYPED = 0.05  # of the arguments, at most


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
