"""The pages that are made from the code: lists in written pages are fresh, the reference names everything."""

import json
import re
from pathlib import Path

import pytest

import infoscope

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def test_the_lists_in_written_pages_are_fresh(pages):
    for page in pages.WRITTEN:
        text = (DOCS / page).read_text(encoding="utf-8")
        assert "made by python docs/pages.py" in text
        assert pages.renewed(text) == text, f"{page} is stale: run python docs/pages.py"


def test_every_list_stands_somewhere(pages):
    all_of_them = "".join((DOCS / page).read_text(encoding="utf-8") for page in pages.WRITTEN)
    for name in pages.lists():
        assert all_of_them.count(pages.BEGIN.format(name)) == all_of_them.count(pages.END.format(name)) == 1


def test_the_reference_names_everything_there_is(pages):
    made = pages.pages()
    for name in infoscope.__all__:
        assert f"### infoscope.{name}\n" in made["python.md"]
    for kind, entries in infoscope.contributions().items():
        for name, entry in entries.items():
            assert f"\n## {name}\n\n{entry.summary}" in made[f"{kind}.md"]


def test_the_page_of_speed_tells_what_was_measured(pages):
    """Each whole call beside each peer, and the ratio of the two, as the file of results has them."""
    found, page = json.loads(pages.MEASURED.read_text(encoding="utf-8")), pages.pages()["speed.md"]
    lines = [line for line in page.splitlines() if re.match(r"\| \d+ \| \d+\+\d+ ", line)]
    assert len(lines) == len(found["ksg"]) > 10
    for line, row in zip(lines, found["ksg"], strict=True):
        times = {name: pages.ms(seconds) for name, seconds in row["seconds"].items()}
        fastest = min(seconds for name, seconds in row["seconds"].items() if name not in ("whole", "value"))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert cells[:5] == [
            str(row["n"]),
            f"{row['columns']}+{row['columns']}",
            row["data"],
            times["whole"],
            times["value"],
        ]
        assert cells[-2:] == [
            f"{fastest / row['seconds']['whole']:.2f}",
            f"{row['seconds']['value'] / row['limit']:.1f}",
        ]
    probes = json.loads(pages.PROBES.read_text(encoding="utf-8"))["probes"]
    assert len(probes) == len(re.findall(r"^\| \d+ \| \d+ \| \d+ \| [GRHC] \|", page, re.M)) > 0
    assert all(f"| {row['ours']['seconds']:.1f} | {row['ours']['MB']:.0f} |" in page for row in probes)
    about = found["about"]
    for said in (about["date"], about["commit"], about["processor"], f"npeet-plus {about['versions']['npeet-plus']}"):
        assert said in page


def test_the_site_leads_to_every_page(pages):
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    decisions = {f"decisions/{path.stem}" for path in DOCS.glob("decisions/0*.md")}
    written = {
        str(path.relative_to(DOCS).with_suffix("")) for path in DOCS.rglob("*.md") if path.parent.name != "reference"
    }
    written -= decisions
    made = {f"reference/{name.removesuffix('.md')}" for name in pages.pages()}
    listed = set(re.findall(r"^(?!:)([\w/*-]+)$", "\n".join(re.findall(r"```{toctree}(.*?)```", index, re.S)), re.M))
    assert listed | made == (written | made | {"reference/*"}) - {"index"}


def test_a_docstring_becomes_markdown(pages):
    said = "What it is.\n\nx: rows ``[n, d]``,\n    as they are. y: labels.\n\n"
    text = pages.markdown(f"{said}Raises\n------\nInputError: see :func:`~a.b.c`.")
    assert text == (
        "What it is.\n\n- **x**: rows ``[n, d]``,\n  as they are. y: labels.\n\n**Raises**\n\nInputError: see `c`."
    )


@pytest.mark.parametrize("kind", infoscope.contributions())
def test_the_reference_tells_every_option_and_quantity_of_a_contribution(pages, kind):
    page = pages.of_kind(kind)
    for name, entry in infoscope.contributions(kind)[kind].items():
        own = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        assert entry.summary in own
        assert entry.module.replace(".", "/") in own
        for option, (takes, default) in pages.options(entry.load()).items():
            assert f"| {option} | {pages.cell(takes)} | {default} |" in own
        for each in entry.facts.get("quantities", ()):
            assert f"| {each} | {each.words} | {each.unit} | {each.kind} |" in own


def test_a_colon_in_a_sentence_begins_no_item(pages):
    assert pages.markdown("Where they\ncoincide: nothing is told.") == "Where they\ncoincide: nothing is told."
