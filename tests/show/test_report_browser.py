"""The report in a real browser: drawn, quiet, offline, as wide as the screen, and moved by its slider and button."""

from __future__ import annotations

from pathlib import Path

import pytest

from infoscope.show.report import write_report


@pytest.fixture
def open_report(browser, full_report):
    """Open a report at a width; what it asked for and complained about is in ``page.requests`` and ``page.said``."""
    opened = []

    def go(width: int, path: Path = full_report):
        page = browser.new_page(viewport={"width": width, "height": 844})
        page.requests, page.said = [], []
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", timeout=60_000)
        opened.append(page)
        return page

    yield go
    for page in opened:
        page.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_draws_everything_quietly_offline_and_within_the_screen(open_report, width):
    page = open_report(width)
    assert page.locator(".plot svg.marks").count() == 20
    assert page.said == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('.plot svg')].map(s => s.getBoundingClientRect().right))"
    )
    assert widest <= width
    tops = [page.locator(".cards").first.locator("figure").nth(i).bounding_box()["y"] for i in range(2)]
    assert (tops[0] == tops[1]) == (width == 1280)  # side by side on a desk, stacked on a phone


def marked(page) -> list[str]:
    """The moment written in each plane."""
    return page.evaluate(
        "[...document.querySelectorAll('.plot text')].map(t => t.textContent).filter(t => /^epoch [0-9]/.test(t))"
    )


def test_the_slider_moves_every_plane(open_report):
    page = open_report(1280)
    assert marked(page) == ["epoch 31"] * 4
    slider = page.locator("#step")
    slider.fill("0")
    page.wait_for_function("document.querySelector('#now').value === '0'")
    assert marked(page) == ["epoch 0"] * 4
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#now').value === '1'")
    assert marked(page) == ["epoch 1"] * 4
    assert slider.get_attribute("aria-valuetext") == "epoch 1"


def test_play_runs_to_the_end_and_pause_stops(open_report):
    page = open_report(1280)
    play = page.locator("#play")
    play.focus()
    page.keyboard.press("Enter")  # at the end, so it starts over
    assert play.get_attribute("aria-pressed") == "true"
    page.wait_for_function("document.querySelector('#now').value === '3'")
    page.wait_for_function("document.querySelector('#play').getAttribute('aria-pressed') === 'false'")
    assert marked(page) == ["epoch 31"] * 4
    play.click()
    play.click()
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
