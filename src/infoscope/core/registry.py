"""Folder as registry: a contribution is one file in a plural-noun folder, registered by being there.

Facts are read from the syntax tree, so listing never imports a contribution (nor torch). A file named
``_something.py`` is a shared helper and never an entry. The file stem is the id; inside a paper's folder the id is
``paper/stem``.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from infoscope.core.errors import InputError, unknown_name
from infoscope.core.quantity import Quantity

ROOT = Path(__file__).resolve().parent.parent
KINDS = {
    "tasks": "data/tasks",
    "sources": "data/sources",
    "rules": "record/rules",
    "networks": "train/networks",
    "trainers": "train/trainers",
    "estimators": "measure/estimators",
    "probes": "measure/probes",
    "dependences": "measure/dependences",
    "geometries": "measure/geometry",
    "contextual": "measure/contextual",
    "peers": "benchmark/peers",
    "figures": "papers",
    "trajectories": "record/trajectories",
    "adapters": "record/adapters",
    "plots": "show/plots",
    "trackers": "show/trackers",
    "engines": "engine/engines",
}


@dataclass(frozen=True)
class Entry:
    """One contribution: its kind, id, first docstring line, and the literal facts its class or module states."""

    kind: str
    id: str
    module: str
    name: str  # of the one public class or function
    summary: str
    facts: dict[str, Any]

    def load(self) -> Any:
        """Import the file and return its one public class or function."""
        return getattr(importlib.import_module(self.module), self.name)


def _literal(node: ast.expr) -> Any:
    """What ``node`` stands for, where it is a literal, a quantity of literals, or a tuple of those; else ValueError."""
    if isinstance(node, ast.Tuple):
        return tuple(_literal(each) for each in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == Quantity.__name__:
        return Quantity(*map(ast.literal_eval, node.args))
    return ast.literal_eval(node)


def _read(kind: str, path: Path, root: Path, package: str) -> Entry:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    public = [
        node
        for node in tree.body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")
    ]
    if len(public) != 1:
        names = ", ".join(node.name for node in public) or "none"
        raise AssertionError(f"{path} must hold exactly one public class or function, it holds: {names}")
    (node,) = public
    facts: dict[str, Any] = {}
    for statement in node.body if isinstance(node, ast.ClassDef) else tree.body:
        target = value = None
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            target, value = statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            target, value = statement.target.id, statement.value
        if target is None or value is None or target.startswith("_"):
            continue
        try:
            facts[target] = _literal(value)
        except ValueError:
            continue  # not a literal, so not a fact
    relative = path.relative_to(root).with_suffix("")
    docstring = ast.get_docstring(node) or ast.get_docstring(tree) or ""
    return Entry(
        kind=kind,
        id="/".join(relative.parts),
        module=".".join((package, *relative.parts)),
        name=node.name,
        summary=docstring.strip().splitlines()[0] if docstring.strip() else "",
        facts=facts,
    )


@cache
def entries(kind: str) -> dict[str, Entry]:
    """Every contribution of one kind by id, in alphabetical order."""
    if kind not in KINDS:
        raise unknown_name("kind", kind, KINDS)
    root = ROOT / KINDS[kind]
    package = "infoscope." + KINDS[kind].replace("/", ".")
    files = sorted(p for p in root.rglob("*.py") if not p.name.startswith("_"))
    found = [_read(kind, path, root, package) for path in files]
    return {entry.id: entry for entry in found}


def contributions(kind: str | None = None) -> dict[str, dict[str, Entry]]:
    """Everything there is by kind and name, or one kind alone: what ``infoscope list`` prints. Imports none of it.

    Each entry has its ``summary``, the literal ``facts`` it states, and ``load()``, which imports it.

    Raises
    ------
    UnknownNameError: no such kind, with the near names.
    """
    return {each: dict(entries(each)) for each in (KINDS if kind is None else (kind,))}


def find(kind: str, name: str) -> Entry:
    """The entry called ``name``; a mistyped name is answered with the near ones."""
    known = entries(kind)
    if not isinstance(cast(object, name), str):
        raise InputError(
            f"a {type(name).__name__} arrived where the name of a {singular(kind)} was wanted, one of "
            f"{', '.join(known)}: are the arguments in their order?"
        )
    if name not in known:
        raise unknown_name(singular(kind), name, known)
    return known[name]


def singular(kind: str) -> str:
    """What one entry of ``kind`` is called."""
    return f"{kind[:-3]}y" if kind.endswith("ies") else kind.removesuffix("s")


def load(kind: str, name: str) -> Any:
    """The class or function that the entry called ``name`` registers."""
    return find(kind, name).load()
