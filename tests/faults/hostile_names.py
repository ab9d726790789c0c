"""Runs whose every text was written by a stranger who means harm: reported, drawn, and opened in a browser.

    python tests/faults/hostile_names.py             # each hostile text by itself, each column by itself, then Chromium
    python tests/faults/hostile_names.py --short     # all of them at once, and no browser: what the tests run

A plot or report that ends this process ends it, which is why the tests start it as one of its own. What it prints last
is JSON: how many figures were drawn, how many were told to be undrawable, and what the browser saw.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from infoscope.core import registry
from infoscope.core.claim import Claim, Criterion, Finding, Verdict, combine
from infoscope.core.errors import InfoscopeError
from infoscope.core.estimate import Estimate, remark
from infoscope.core.folder import RunFolder, write_json
from infoscope.core.quantity import CLASS_DISTANCES, KINDS, Quantity
from infoscope.core.rows import SCHEMA, Place, Rows, RowsBuilder
from infoscope.show.figures import figure
from infoscope.show.report import write_figures, write_report

HIT = "window.hit=(window.hit||0)+1"
HOSTILE = {
    "script": f"</script></style></title><script>{HIT}</script>",
    "handler": f"<img src=x onerror='{HIT}'><svg onload={HIT}>",
    "quotes": f'"\'` onmouseover="{HIT}" style=\'x',
    "braces": "{{ 7 * 7 }}{% raw %}{# #}${7*7}",
    "expression": f"' + ({HIT}) + '",
    "address": "http://127.0.0.1:9/x.png javascript:alert(1) ]]><!--",
    "path": "../../../x/..\\..\\con",
    "bell": "lab\x07el\x00\x1b[31m\x7f\x9f",
    "lines": "one\ntwo\r\nthree\x85four\u2028five\u2029six\tseven",
    "overrides": "abc\u202edef\u2066ghi\u200f",
    "right to left": "שלום عليكم",
    "no characters": "\ufffe\uffff\U0001fffe\ufdd0",
    "combining": "Z" + "\u0301" * 150,
    "long": "long" * 25_000,
    "nothing": "",
}
TOGETHER = "".join(text for name, text in HOSTILE.items() if name != "long")
#: Columns of text; rows with a status that there is not are refused whole.
TEXTS = [name for name in SCHEMA.names if pa.types.is_dictionary(SCHEMA.field(name).type) and name != "status"]
FIXED = ("kind", "bound", "unit")  # columns that say what a number is: with another text nothing is drawn


def rows(run: str = "made", sites: int = 4, ways: tuple[int, ...] = (3, 5)) -> Rows:
    """Every kind of quantity that any plot draws: two networks, three variables, measured in each of ``ways``."""
    builder, random = RowsBuilder(run), np.random.default_rng(0)
    made = [Quantity(f"a_{kind}_of_it", "nats", f"A {kind}", kind) for kind in KINDS]
    named = [Quantity("I(X;T)", "nats", "Of the input", "information"),
             Quantity("I(T;Y)", "nats", "Of the label", "information"),
             Quantity("accuracy", "fraction", "Accuracy", "training")]  # fmt: skip
    for quantity in (*made, *named, *CLASS_DISTANCES.values()):
        cells = ("up to -0.5", "up to 0.5", "above 0.5") if quantity.kind == "share" else ("input", "label", "colour")
        for network, step, site, cell, way in itertools.product(("one", "two"), range(3), range(sites), cells, ways):
            for member in range(2):
                at = Place(network, 10 * step, f"hidden{site}", site, cell, f"made_{quantity.kind.replace(' ', '_')}",
                           member, 100 + member, float(step + 1),
                           options=f'{{"bins":{way},"variables":["colour"]}}')  # fmt: skip
                value = abs(float(random.normal(1.0, 0.2)))
                told = Estimate(value, quantity, "what it is", 64, interval=(value / 2, 2 * value), level=0.95,
                                interval_kind="over draws of rows", doubts=(remark("a note"),))  # fmt: skip
                builder.add(at, told)
    return builder.rows()


def with_text(held: Rows, columns: list[str], hostile: str) -> Rows:
    """``held`` with ``hostile`` behind each word of some columns of text, and alone in place of the first."""
    table = held.table
    for name in columns:
        words = held.unique(name)
        said = {word: hostile + word * (place > 0) for place, word in enumerate(words) if word is not None}
        if name == "options":
            said = {word: json.dumps({**json.loads(word), "variables": [hostile], hostile: 1}) for word in words}
        column = [None if word is None else said[word] for word in table[name].to_pylist()]
        field = SCHEMA.field(name)
        encoded = pa.array(column, pa.string()).dictionary_encode().cast(field.type)
        table = table.set_column(table.schema.get_field_index(name), field, encoded)
    return Rows(table)


def draw_all(held: Rows, folder: Path) -> tuple[int, int]:
    """Each plot of each kind that it draws, as SVG: how many were drawn, and how many refused in a sentence."""
    drawn = refused = 0
    for plot in registry.entries("plots").values():
        for kind in plot.facts["kinds"]:
            mine = held.filter(kind=kind)
            for network in mine.unique("network")[:1]:
                try:
                    figure(plot.id, mine.filter(network=network)).save(folder / f"{plot.id}.svg")
                    drawn += 1
                except InfoscopeError:
                    refused += 1
    return drawn, refused


class _Said:
    """A part, as far as a claim knows it."""

    name, words, surely, given = "drop", "drop of it", "", ""

    def found(self, rows: Rows) -> dict[str, Finding]:
        return {}


def verdicts(run: str) -> list[dict[str, Any]]:
    claim = Claim(
        "made/claim", "made", "figure 1", "A sentence.", (_Said(),), "published", "a number", "a word", "a revision"
    )
    found = (Finding("drop, hidden1", Criterion(">=", 1.0, "nats"), 2.0, (1.5, 2.5), 3, "a note", part="drop"),)
    told = Verdict(claim, combine(found), found, run, "smoke", 3, ("a note",), "a reason").to_json()
    told["untrained"] = [{"network": "one", "member": 0, "kind": "diverged", "why": "so"}]
    return [told]


def manifest() -> dict[str, Any]:
    network = {
        "title": "A network",
        "sites": ["hidden0", "hidden1"],
        "task": "made",
        "recipe": {"rate": 0.1, "by": "a"},
    }
    return {
        "title": "A run", "figure": "made/figure", "where": "figure 1", "preset": "smoke", "command": "infoscope run",
        "started": "2020", "commit": "abc", "dirty": True, "versions": {"torch": "2"}, "machine": {"system": "Linux"},
        "state": "done", "threads": {"one": 1}, "data": {"made": "sha256:7"}, "evaluated": {"rows": "64"},
        "borrowed": {"one": "another"}, "missing": None, "seeds": [0, 1],
        "networks": {"one": network, "two": {**network, "arguments": {"a": "b"}}},
        "ceilings": {"made": {"label": 1.0, "colour": 2.0}},
    }  # fmt: skip


def everywhere(content: Any, hostile: str) -> Any:
    """JSON with ``hostile`` behind each text and each key, but for the keys that an infoscope reads."""
    if isinstance(content, str):
        return content + hostile
    if isinstance(content, dict):
        known = (
            manifest().keys() | verdicts("")[0].keys() | verdicts("")[0]["claim"].keys() | {"name", "sites", "recipe"}
        )
        known |= verdicts("")[0]["findings"][0].keys() | {"task", "arguments", "network", "member", "kind", "why"}
        return {key if key in known else key + hostile: everywhere(value, hostile) for key, value in content.items()}
    return [everywhere(each, hostile) for each in content] if isinstance(content, list) else content


_VERDICT = verdicts("")[0]
_KNOWN = {*manifest(), *_VERDICT, *_VERDICT["claim"], *_VERDICT["findings"][0], *_VERDICT["untrained"][0], "sites",
          "recipe", "task", "arguments"}  # fmt: skip


def stored(path: Path, hostile: str, columns: list[str], told: bool) -> RunFolder:
    """A run folder with ``hostile`` in these columns of its rows and, where ``told``, in run.json and verdicts."""
    about, judged = manifest(), verdicts(path.name)
    folder = RunFolder.create(path, everywhere(about, hostile) if told else about)
    folder.append(with_text(rows(path.name, 1, (3,)), columns, hostile))
    # as a stranger may store it: every text escaped, half of a pair of surrogates too
    text = json.dumps(everywhere(judged, hostile + "\ud800") if told else judged)
    (folder.path / "verdicts.json").write_text(text, encoding="utf-8")
    unlisted = {name: value for name, value in folder.manifest().items() if name not in ("parts", "judged")}
    write_json(folder.manifest_path, {**unlisted, "format": 1})  # which seals nothing: whatever it says is shown
    return folder


def runs(folder: Path, short: bool) -> Iterator[RunFolder]:
    names = [name for name in TEXTS if name not in FIXED]
    yield stored(folder / "all", TOGETHER, names, True)
    yield stored(folder / "every", TOGETHER, TEXTS, True)
    yield stored(folder / "long", HOSTILE["long"], names, True)
    if not short:
        for place, hostile in enumerate(HOSTILE.values()):
            yield stored(folder / f"text-{place}", hostile, names, True)


def opened(pages: list[Path]) -> dict[str, Any]:
    """What Chromium saw of pages, each scrolled to its end: scripts of strangers, requests, complaints, figures."""
    from playwright.sync_api import sync_playwright

    seen: dict[str, Any] = {"scripts": 0, "requests": [], "said": [], "dialogs": 0, "figures": 0, "undrawn": 0}
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for path in pages:
            look(browser.new_page(viewport={"width": 1280, "height": 900}), path, seen)
        browser.close()
    return seen


def look(page: Any, path: Path, seen: dict[str, Any]) -> None:
    """Open one page, look at every figure, point at one, and add what happened to ``seen``."""

    def asked(request: Any) -> None:
        if not request.url.startswith((path.as_uri(), "data:", "blob:")):
            seen["requests"].append(request.url)

    def dialog(shown: Any) -> None:
        seen["dialogs"] += 1
        shown.dismiss()

    page.on("request", asked)
    page.on("dialog", dialog)
    page.on("console", lambda message: seen["said"].append(message.text[:300]))
    page.on("pageerror", lambda error: seen["said"].append(str(error)[:300]))
    page.goto(path.as_uri(), wait_until="domcontentloaded", timeout=120_000)
    for details in page.locator("details.more > summary").all():
        details.click()
    for holder in page.locator(".plot").all():
        holder.scroll_into_view_if_needed()
        holder.locator("svg.marks").wait_for(timeout=60_000)
    for mark in page.locator(".plot svg.marks .role-mark path").all()[:5]:
        box = mark.bounding_box()
        if box:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    seen["scripts"] += page.evaluate("window.hit || 0")
    seen["figures"] += page.locator(".plot svg.marks").count()
    seen["undrawn"] += page.locator("text=this figure could not be drawn").count()
    page.close()


def main() -> None:
    reader = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    reader.add_argument("--short", action="store_true", help="all texts at once, and no browser")
    reader.add_argument("--keep", type=Path, help="leave the runs and their reports in this folder")
    asked = reader.parse_args()
    warnings.simplefilter("ignore", UserWarning)  # a figure that cannot be drawn is told, and counted here
    started, folder = time.perf_counter(), asked.keep or Path(tempfile.mkdtemp(prefix="hostile-"))
    held = rows("made", 2, (3,)) if asked.short else rows()
    tried = [(TEXTS, TOGETHER), ([name for name in TEXTS if name not in FIXED], TOGETHER)]
    if not asked.short:
        tried += [(tried[1][0], hostile) for hostile in HOSTILE.values()] + [([name], TOGETHER) for name in TEXTS]
    told = {"drawn": 0, "refused": 0, "reports": 0}
    for columns, hostile in tried:
        drawn, refused = draw_all(with_text(held, columns, hostile), folder)
        told["drawn"], told["refused"] = told["drawn"] + drawn, told["refused"] + refused
    pages = []
    for run in runs(folder, asked.short):
        pages.append(write_report([run], run.path / "report.html"))
    few = RunFolder.create(folder / "few", everywhere(manifest(), TOGETHER))
    kinds = "share" if asked.short else ("usable", "share")
    few.append(with_text(held.filter(kind=kinds, site="hidden1"), TEXTS[:7], TOGETHER))
    told["files"] = len(write_figures([few], folder / "drawn"))
    told["reports"] = len(pages)
    result = {**told, **({} if asked.short else opened(pages)), "seconds": round(time.perf_counter() - started, 1)}
    if asked.keep is None:
        shutil.rmtree(folder)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
