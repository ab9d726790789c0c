"""The report in a real browser: drawn where it is looked at, quiet, offline, as wide as the screen, and moving."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infoscope.show.report import write_report


@pytest.fixture
def open_report(browser, full_report):
    """Open a report at a width; what it asked for and complained about is in ``page.requests`` and ``page.said``."""
    opened = []

    def go(width: int, path: Path = full_report, anchor: str = ""):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.requests, page.said = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path.as_uri() + anchor)
        page.wait_for_selector("html[data-drawn]", timeout=60_000)
        opened.append(page)
        return page

    yield go
    for page in opened:
        page.close()


def until(page, condition: str) -> None:
    """Wait for a condition; wait_for_function would evaluate text inside the page, which its policy does not let it."""
    for _ in range(3000):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(10)
    raise AssertionError(f"not within 30 seconds: {condition}")


def drawn(page) -> int:
    return page.locator(".plot svg.marks").count()


def scroll_through(page) -> None:
    """Look at every figure until it is drawn."""
    for holder in page.locator(".plot").all():
        holder.scroll_into_view_if_needed()
        holder.locator("svg.marks").wait_for()


@pytest.mark.parametrize("width", [1280, 390])
def test_draws_everything_quietly_offline_and_within_the_screen(open_report, width):
    page = open_report(width)
    assert drawn(page) < 22
    high = page.evaluate("document.documentElement.scrollHeight")
    scroll_through(page)
    assert drawn(page) == 22
    assert page.evaluate("document.documentElement.scrollHeight") == high  # each figure's place was kept free
    assert page.said == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.plot svg')].map(s => s.getBoundingClientRect().right))"
    )
    assert widest <= width
    tops = [page.locator(".cards").first.locator("figure").nth(i).bounding_box()["y"] for i in range(2)]
    assert (tops[0] == tops[1]) == (width == 1280)  # side by side on a desk, stacked on a phone


def test_a_link_to_a_figure_leads_to_it_drawn(open_report):
    name = "full-relu-training-dynamics-weight_norm-label-train"
    page = open_report(1280, anchor=f"#{name}")
    figure = page.locator(f"[id='{name}']")
    figure.locator("svg.marks").wait_for()
    assert drawn(page) < 22
    assert 0 < figure.bounding_box()["y"] < 844 / 2


def test_paper_has_every_figure(open_report):
    page = open_report(1280)
    at_a_plane(page)
    page.locator("#step").fill("0")
    page.pdf()
    assert drawn(page) == 22
    assert page.said == []
    texts = page.evaluate("[...document.querySelectorAll('.plot text')].map(text => text.textContent)")
    assert [text for text in texts if re.fullmatch("epoch [0-9]+", text)] == ["epoch 0"] * 2 * 4


def at_a_plane(page) -> None:
    """Look at a plane, so that what moves it is there."""
    page.locator(".panel", has_text="Information plane").locator(".plot").first.scroll_into_view_if_needed()
    page.locator("#player:not(.away)").wait_for()


def see(page, moment: str) -> None:
    """Look at each plane in turn until ``moment`` is written in it."""
    planes = page.locator(".panel", has_text="Information plane").locator(".plot")
    assert planes.count() == 4
    for plane in planes.all():
        plane.scroll_into_view_if_needed()
        plane.locator(f"text={moment}").last.wait_for()  # the first is the white edge behind it


def test_the_slider_moves_every_plane(open_report):
    page = open_report(1280)
    see(page, "epoch 31")
    slider = page.locator("#step")
    slider.fill("0")
    until(page, "document.querySelector('#now').value === '0'")
    see(page, "epoch 0")
    slider.focus()
    page.keyboard.press("ArrowRight")
    until(page, "document.querySelector('#now').value === '1'")
    see(page, "epoch 1")
    assert slider.get_attribute("aria-valuetext") == "epoch 1"


def test_there_is_a_slider_only_where_something_slides(open_report, make_run, make_rows, tmp_path):
    page = open_report(1280)
    at_a_plane(page)
    page.locator("#provenance").scroll_into_view_if_needed()
    page.locator("#player.away").wait_for(state="attached")
    assert not page.locator("#step").is_visible()
    still = make_run("still", make_rows(steps=1, members=1))
    assert open_report(1280, write_report([still], tmp_path / "still.html")).locator("#player").is_hidden()


def test_paper_has_what_is_folded_and_the_screen_folds_it_again(open_report):
    page = open_report(1280)
    folded = "document.querySelectorAll('details:not([open]):not(.vega-embed details)').length"
    before = page.evaluate(folded)
    assert before > 1
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(folded) == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(folded) == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_in_light_and_in_the_dark_without_a_finding_of_axe(browser, full_report, scheme):
    pytest.importorskip("axe_playwright_python", reason="axe-core is not there: pip install axe-playwright-python")
    from importlib.resources import files

    page = browser.new_page(viewport={"width": 1280, "height": 844}, color_scheme=scheme)
    page.goto(full_report.as_uri())
    page.wait_for_selector("html[data-drawn]", timeout=60_000)
    at_a_plane(page)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 18, 18)")
    page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document)")["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
    page.close()


def test_a_plane_drawn_late_shows_the_moment_of_the_slider(open_report):
    page = open_report(1280)
    at_a_plane(page)
    page.locator("#step").fill("1")
    assert drawn(page) < 22
    see(page, "epoch 1")


def test_play_runs_to_the_end_and_pause_stops(open_report):
    page = open_report(1280)
    at_a_plane(page)
    play = page.locator("#play")
    play.focus()
    page.keyboard.press("Enter")  # at the end, so it starts over
    assert play.get_attribute("aria-pressed") == "true"
    until(page, "['1', '3', '7', '15'].includes(document.querySelector('#now').value)")
    until(page, "document.querySelector('#play').getAttribute('aria-pressed') === 'false'")
    see(page, "epoch 31")
    page.evaluate("for (const _ of [1, 2]) document.querySelector('#play').click()")  # paused as soon as begun
    until(page, "document.querySelector('#play').getAttribute('aria-pressed') === 'false'")
    page.wait_for_timeout(300)
    held = page.locator("#step").input_value()
    assert int(held) < 5
    page.wait_for_timeout(300)
    assert page.locator("#step").input_value() == held


def test_a_verdict_opens_to_its_findings(open_report):
    page = open_report(390)
    details = page.locator("details", has_text="2 findings and the rule")
    assert not details.locator("text=one seed differs").is_visible()
    details.locator("summary").click()
    assert details.locator("text=one seed differs").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_long_names_stay_within_a_phone(open_report, make_run, make_rows, tmp_path):
    sites = tuple(f"transformer.encoder.layers.{i}.self_attention.output_projection" for i in range(9))
    command = "infoscope run " + "x" * 400
    run = make_run("a_very_long_run_name" * 5, make_rows("n" * 60, sites=sites, members=1), command=command)
    page = open_report(390, write_report([run], tmp_path / "long.html"))
    assert page.said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [1280, 390])
def test_text_without_spaces_makes_no_page_wide(open_report, make_run, make_rows, store_as_before, tmp_path, width):
    long = "long" * 200
    networks = {"n": {"title": long, "task": long, "sites": [long], "recipe": {long: long}}}
    about = {"figure": f"made/{long}", "preset": long, "state": long, "where": long, "commit": long}
    run = make_run("run", make_rows("n", sites=(long,), members=1), judged=True, title=long, networks=networks, **about)
    verdicts = run.verdicts()
    for each in verdicts:
        each["claim"] = dict.fromkeys(each["claim"], long)
        each |= {"outcome": long, "said": long, "notes": [long], "reason": long}
        each["findings"] = [{**finding, "name": long, "note": long, "outcome": long} for finding in each["findings"]]
    store_as_before(run, verdicts)
    page = open_report(width, write_report([run], tmp_path / "long.html"))
    for details in page.locator("summary").all():
        if details.is_visible():
            details.click()
    assert page.said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_tooltip_and_the_menu_of_a_figure_work_without_scripts_or_styles_of_others(open_report):
    page = open_report(1280)
    plot = page.locator(".plot").first
    plot.scroll_into_view_if_needed()
    mark = plot.locator("svg.marks .mark-symbol.role-mark path").first.bounding_box()
    page.mouse.move(mark["x"], mark["y"])
    page.mouse.move(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
    tip = page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    assert tip.locator("td.key").count() > 2
    assert tip.evaluate("tip => getComputedStyle(tip).position") == "fixed"
    page.mouse.move(0, 0)
    plot.hover()
    plot.locator("summary").click()
    with page.expect_download() as downloaded:
        plot.locator("text=Save as SVG").click()
    assert Path(downloaded.value.path()).read_text(encoding="utf-8").startswith("<svg")
    assert page.said == []


@pytest.mark.parametrize(
    "inside",
    [
        "<script>window.hit = 1</script>",
        "<img src='data:,' onerror='window.hit = 1'>",
        "<svg onload='window.hit = 1'></svg>",
        "<a href='javascript:window.hit = 1' id='led'>x</a>",
        "<iframe srcdoc='<script>parent.hit = 1</script>'></iframe>",
        "<base href='http://127.0.0.1:9/'><img src='http://127.0.0.1:9/x.png'>",
        "<style>body { display: none }</style><p style='display: none' id='styled'>x</p>",
    ],
)
def test_what_gets_past_the_escaping_is_still_not_run(browser, full_report, tmp_path, inside):
    page_text = full_report.read_text(encoding="utf-8")
    path = tmp_path / "pierced.html"
    path.write_text(page_text.replace("<main>", f"<main>{inside}", 1), encoding="utf-8")
    page, asked = browser.new_page(), []
    page.on("response", lambda response: asked.append(response.url))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-drawn]", timeout=60_000)
    if "href='javascript" in inside:
        page.locator("#led").click()
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit") is None
    assert page.evaluate("getComputedStyle(document.body).display") == "block"
    if "styled" in inside:
        assert page.locator("#styled").is_visible()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.close()
