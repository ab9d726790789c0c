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


def test_the_readme_prints_what_its_comments_say(capsys):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(import infoscope as iscope\n.*?)```", readme, re.DOTALL)
    exec(code, {})
    printed = capsys.readouterr().out.strip().split("\n")
    said = re.findall(r"print\(.*?\)  # (.*)", code)
    assert len(said) == len(printed) == 3
    for line, comment in zip(printed, said, strict=True):
        assert line.startswith(comment.removesuffix(" …"))


def test_the_readmes_watch_runs_again_and_again(tmp_path, monkeypatch, capsys):
    import torch

    import infoscope as iscope

    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Watch your own training")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    inputs = torch.randn(40, 3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    for number in (1, 2):
        names = {"iscope": iscope, "model": model, "inputs": inputs, "labels": inputs[:, 0] > 0, "loader": [inputs] * 3}
        exec(code, names)
        assert names["run"].folder.path == Path("runs") / f"watched-{number}"
        assert names["run"].rows.unique("step") == [0, 1, 2, 3]
        assert capsys.readouterr().err == f"infoscope: recording into runs/watched-{number}\n"


def test_the_usable_information_of_the_readme_is_what_it_prints(capsys):
    import numpy as np

    import infoscope as iscope

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Usable information\n")[1].split("\n## ")[0]
    code = "\n".join(re.findall(r"```python\n(.*?)```", section, re.DOTALL))
    exec(code, {"np": np, "iscope": iscope})
    printed = capsys.readouterr().out.strip().split("\n")
    said = re.findall(r"print\(.*\)  # (.*)", code)
    assert len(said) == len(printed) == 5
    for line, comment in zip(printed, said, strict=True):
        start, *rest = comment.split(" …")
        assert line.startswith(start)
        assert all(part.lstrip(", ") in line for part in rest)


def test_the_readmes_noisy_network_gets_what_its_comments_say(capsys):
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Noisy networks")[1].split("\n## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    exec(code, {})
    first, second, label, refused = capsys.readouterr().out.strip().split("\n")
    assert "Monte Carlo error" in first
    assert "bracket in expectation" in second
    assert label.startswith("I(T;Y) = ")
    assert "VACUOUS" in refused


@pytest.mark.parametrize(
    "command", re.findall(r"^infoscope ([\w-]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.M)
)
def test_the_commands_of_the_readme_exist(command):
    from infoscope.cli import app

    assert command in app


FOLDERS = {path.name for path in SOURCE.iterdir() if path.is_dir()} | {p.name for p in ROOT.iterdir() if p.is_dir()}


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
