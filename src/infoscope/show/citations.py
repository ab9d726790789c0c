"""What a run used, as BibTeX: the paper of its figure, and the sources of what it was measured with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from infoscope.core import registry
from infoscope.core.folder import RunFolder
from infoscope.core.version import VERSION

#: The idea behind numbers of a kind, whoever measures them.
_OF_KIND = {"usable": ("xu2020",)}
_OURS = (
    f"@software{{infoscope, author = {{{{The infoscope authors}}}}, title = {{infoscope}}, version = {{{VERSION}}}}}"
)
_MEASURED = ("estimators", "geometries", "dependences", "contextual")
_NEAR = 80  # characters between an author and the year


@cache
def _known() -> dict[str, str]:
    """The entries of citations.bib by their keys."""
    text = Path(__file__).with_name("citations.bib").read_text(encoding="utf-8")
    return {entry[entry.index("{") + 1 : entry.index(",")]: entry for entry in text.splitlines() if entry}


def _named_in(text: str) -> Iterator[str]:
    """The keys of the papers that a docstring names by first author and year."""
    text = " ".join(text.split())
    for key, entry in _known().items():
        author = re.sub(r"[{}]|\\\W", "", entry.partition("author = {")[2].partition(",")[0]).split()[-1]
        year = entry.rpartition("year = {")[2][:4]
        plain = text.replace("é", "e").replace("ö", "o")
        if re.search(rf"\b{author}\b[^.;()]{{0,{_NEAR}}}?\(?{year}", plain):
            yield key


def _docstring(entry: registry.Entry) -> str:
    path = registry.ROOT.parent / Path(*entry.module.split(".")).with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = next(node for node in tree.body if getattr(node, "name", "") == entry.name)
    assert isinstance(own, (ast.ClassDef, ast.FunctionDef))
    return f"{ast.get_docstring(tree) or ''} {ast.get_docstring(own) or ''}"


def _used(folders: Iterable[RunFolder]) -> Iterator[str]:
    for folder in folders:
        yield str(folder.manifest().get("figure") or "").partition("/")[0]
        rows = folder.rows()
        for kind in rows.unique("kind"):
            yield from _OF_KIND.get(kind, ())
        probes = set(re.findall(r'"probe":"(\w+)', " ".join(rows.unique("options"))))
        for kind, names in (*((kind, rows.unique("estimator")) for kind in _MEASURED), ("probes", sorted(probes))):
            for name in names:
                if name in registry.entries(kind):
                    yield from _named_in(_docstring(registry.entries(kind)[name]))


def bibtex(folders: Iterable[RunFolder]) -> str:
    """The BibTeX entries of infoscope itself and of what these runs used, each once."""
    keys = dict.fromkeys(key for key in _used(folders) if key in _known())
    return "\n".join([_OURS, *(_known()[key] for key in keys)]) + "\n"
