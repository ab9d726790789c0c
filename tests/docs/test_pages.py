"""The pages say what the code says: statuses, outcomes, estimators, layers, and every link leads somewhere."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

import infoscope
from infoscope.core.claim import Outcome
from infoscope.core.estimate import Status

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(infoscope.__file__).parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "bench" / "README.md"])
PAGES = [page for page in PAGES if page.parent.name != "reference"]  # those are made
CONCEPTS = (ROOT / "docs" / "concepts.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("status", Status)
def test_concepts_has_every_status_with_its_sentence(status):
    assert f"| `{status.name}` | {status.sentence} |" in CONCEPTS


@pytest.mark.parametrize("outcome", Outcome)
def test_concepts_has_every_verdict(outcome):
    assert f"| {outcome.value} |" in CONCEPTS


def test_the_printed_example_is_what_the_code_prints():
    import numpy as np

    import infoscope as iscope

    code = re.search(r"```python\n(>>> import infoscope.*?)```", CONCEPTS, re.DOTALL)
    assert code is not None
    *lines, shown = code[1].strip().split("\n", 3)
    assert lines == [
        ">>> import infoscope as iscope, numpy as np",
        ">>> t = np.random.default_rng(0).normal(size=(500, 2))",
        '>>> print(iscope.plane(t, t[:, 0] > 0, estimator="binned").xt)',
    ]
    t = np.random.default_rng(0).normal(size=(500, 2))
    assert str(iscope.plane(t, t[:, 0] > 0, estimator="binned").xt) == " ".join(shown.split())


def blocks(page: str) -> list[tuple[str, str]]:
    """Each block of Python of a page, and the text in the block after it, where that is what it prints."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", text, re.DOTALL)


def said(code: str) -> list[str]:
    """What comments behind ``print(…)`` say that it prints; ``""`` where there is none."""
    return [found[1] or "" for found in re.finditer(r"^ *print\(.*?\)(?:  # (.*))?$", code, re.M)]


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/measure-two-arrays.md"])
def test_every_block_pastes_and_runs_alone_and_prints_what_it_says(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert len(blocks(page)) > 1
    for code, shown in blocks(page):
        if "iscope.watch(" in code:
            continue  # the test of the README's watch runs it, twice
        exec(compile(code, page, "exec"), {})
        printed = capsys.readouterr().out.strip()
        if shown:
            assert printed == shown.strip()
            continue
        lines, comments = printed.split("\n") if printed else [], said(code)
        for line, comment in zip(lines, comments, strict=len(lines) == len(comments)):
            if re.match(r"(I|I_u|Status)\b.*|\d+$", comment):  # others say what is meant, not what is printed
                start, *rest = comment.split(" …")
                assert line.startswith(start)
                assert all(part.lstrip(", ") in line for part in rest)


def test_the_blocks_that_print_numbers_say_them():
    comments = [comment for code, _ in blocks("docs/how-to/measure-two-arrays.md") for comment in said(code)]
    assert sum(comment.startswith(("I(", "I_u(")) for comment in comments) >= 6


def test_the_readmes_watch_runs_again_and_leaves_a_report_and_a_figure(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = [code for code, _ in blocks("README.md") if "iscope.watch" in code]
    for number in (1, 2):
        exec(code, {})
        run = infoscope.load(f"runs/watched-{number}")
        assert run.folder.manifest()["title"] == "Four corners"
        assert (run.folder.path / "report.html").exists()
    assert Path("information.svg").exists()


def test_the_tutorial_prints_what_it_shows(capsys):
    names: dict = {}
    for code, shown in blocks("docs/tutorial.md"):
        exec(compile(code, "tutorial.md", "exec"), names)
        assert capsys.readouterr().out.strip() == shown.strip()


@pytest.mark.parametrize(
    "command", re.findall(r"^infoscope ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
)
def test_the_commands_of_the_readme_exist(command):
    from infoscope.cli import app

    assert command in app


FOLDERS = {path.name for path in (*SOURCE.iterdir(), *ROOT.iterdir()) if path.is_dir()} - {"runs"}  # a user's own


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(page):
    """Of the repository, of the package, or beside the page; and every dotted name below infoscope."""
    text = page.read_text(encoding="utf-8")
    for path in re.findall(r"`([\w.-]+/[\w./-]*)`", text):
        if path.split("/")[0] in FOLDERS and not path.startswith(("build/", "docs/reference/")):
            assert any((folder / path).exists() for folder in (ROOT, SOURCE, page.parent)), f"{page.name} names {path}"
    for name in re.findall(r"`infoscope((?:\.[A-Za-z_]\w*)+)", text):
        thing = infoscope
        for number, part in enumerate(name.split(".")[1:], 1):
            try:
                thing = getattr(thing, part)
            except AttributeError:
                module = "infoscope." + ".".join(name.split(".")[1 : number + 1])
                assert importlib.util.find_spec(module), f"{page.name} names {module}"
                thing = importlib.import_module(module)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_inside_the_repository_lead_somewhere(page, pages):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        made = target.startswith("reference/") and target.removeprefix("reference/") in pages.pages()
        assert made or (page.parent / target).exists(), f"{page.name} links to {target}"


def test_decisions_are_numbered_without_gaps_and_short():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{i:04d}" for i in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {page.name[:4]} ")
        assert all(part in text for part in ("**Decision.**", "**Why.**", "**What it costs.**"))
