"""A contribution is registered by being there, and found without being imported."""

import subprocess
import sys

import numpy as np
import pytest

import infoscope
from infoscope.core import registry
from infoscope.core.errors import InputError, UnknownNameError, unknown_name


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty registry of our own, under the kind ``things``."""
    (tmp_path / "things").mkdir()
    monkeypatch.setattr(registry, "ROOT", tmp_path)
    monkeypatch.setitem(registry.KINDS, "things", "things")
    registry.entries.cache_clear()
    yield tmp_path / "things"
    registry.entries.cache_clear()


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_entry_has_a_summary_and_loads(kind):
    for name, entry in registry.entries(kind).items():
        assert (entry.kind, entry.id) == (kind, name)
        assert entry.summary, f"{kind} {name} has no docstring"
        assert registry.load(kind, name).__name__ == entry.name


def test_listing_imports_neither_torch_nor_the_contributions():
    code = (
        "import sys\nfrom infoscope.core import registry\n"
        "for kind in registry.KINDS: print(kind, *registry.entries(kind))\n"
        "loaded = [e.module for k in registry.KINDS for e in registry.entries(k).values() if e.module in sys.modules]\n"
        "assert not loaded, loaded\nassert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"tasks {' '.join(registry.entries('tasks'))}\n" in done.stdout


def test_facts_are_the_literals_of_a_class(folder):
    (folder / "one.py").write_text(
        '"""Module words."""\nHELP = 1\nclass One:\n    """First line.\n\n    More.\n    """\n'
        "    n = 3\n    names: tuple = ('a', 'b')\n    _hidden = 4\n    computed = n + 1\n    later: int\n"
        "    quantities: tuple = (Quantity('rank', 'dimensions', 'Effective rank', 'geometry'),)\n"
    )
    (entry,) = registry.entries("things").values()
    assert (entry.id, entry.name, entry.summary) == ("one", "One", "First line.")
    assert entry.facts == {"n": 3, "names": ("a", "b"), "quantities": ("rank",)}
    (quantity,) = entry.facts["quantities"]
    assert (quantity.unit, quantity.words, quantity.kind) == ("dimensions", "Effective rank", "geometry")


def test_facts_of_a_function_are_the_literals_of_its_module(folder):
    (folder / "draw.py").write_text('"""Module words."""\ntitle = "Plane"\ndef draw():\n    pass\ndef _help(): pass\n')
    entry = registry.find("things", "draw")
    assert (entry.name, entry.summary, entry.facts) == ("draw", "Module words.", {"title": "Plane"})


def test_underscored_files_are_helpers_and_folders_prefix_the_id(folder):
    (folder / "paper").mkdir()
    (folder / "paper" / "figure.py").write_text("class Figure: pass\n")
    (folder / "paper" / "_shared.py").write_text("def a(): pass\ndef b(): pass\n")
    (folder / "__init__.py").write_text("")
    assert list(registry.entries("things")) == ["paper/figure"]
    assert registry.entries("things")["paper/figure"].module == "infoscope.things.paper.figure"


@pytest.mark.parametrize(
    ("text", "found"),
    [("class A: pass\ndef b(): pass\n", "A, b"), ("X = 1\ndef _b(): pass\n", "none")],
    ids=["two", "none"],
)
def test_another_number_of_public_names_than_one_is_a_defect(folder, text, found):
    (folder / "two.py").write_text(text)
    with pytest.raises(AssertionError, match=rf"two\.py must hold exactly one public class or function, .*: {found}"):
        registry.entries("things")


def test_a_mistyped_name_is_answered_with_the_near_ones():
    with pytest.raises(UnknownNameError) as caught:
        registry.find("tasks", "bolean12")
    assert str(caught.value) == "there is no task named 'bolean12': did you mean 'boolean12'?"
    with pytest.raises(UnknownNameError) as caught:
        registry.find("dependences", "hsik")
    known = ", ".join(registry.entries("dependences"))  # which are few, so that all of them are said
    assert str(caught.value) == f"there is no dependence named 'hsik': did you mean 'hsic'? known: {known}"
    with pytest.raises(UnknownNameError, match="there is no geometry named 'ranks'"):
        registry.find("geometries", "ranks")


@pytest.mark.parametrize("name", [np.zeros(3), None, ["boolean12"], 3])
def test_what_is_no_name_is_told_with_the_names(name):
    with pytest.raises(InputError, match=r"arrived where the name of a task was wanted, one of boolean12, "):
        registry.find("tasks", name)
    with pytest.raises(InputError, match=f"a {type(name).__name__} arrived where the name of a probe was wanted"):
        infoscope.usable_information(np.zeros((20, 2)), np.arange(20) % 2, name)


def test_an_unknown_kind_lists_the_kinds():
    with pytest.raises(UnknownNameError, match="there is no kind named 'task': did you mean 'tasks'"):
        registry.entries("task")


def test_a_name_near_to_nothing_lists_everything_and_a_long_list_is_cut():
    assert str(unknown_name("site", "zzz", ["b", "a"])) == "there is no site named 'zzz': known: a, b"
    assert str(unknown_name("site", "x", [])) == "there is no site named 'x': known: none"
    many = str(unknown_name("site", "", [f"s{i:02d}" for i in range(60)]))
    assert many.endswith("s10, s11 … (60 in all)")


def test_a_part_of_a_name_finds_it():
    assert "did you mean 'model.layers.3.mlp'?" in str(unknown_name("site", "mlp", ["model.layers.3.mlp", "head"]))
