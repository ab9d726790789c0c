"""The live page in a real browser, beside a real training that is killed and gone on with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import infoscope

pytest.importorskip("starlette", reason="starlette is not installed: pip install 'infoscope[page]'")

TRAINER = """
import sys, time, torch
import infoscope
torch.manual_seed(0)
x = torch.randn(100, 6)
y = (x[:, 0] > 0).long()
model = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
optimiser = torch.optim.SGD(model.parameters(), 0.1)
watched = infoscope.watch(model, x, {"label": y}, measures=["binned"], out=sys.argv[1], schedule=range(1000),
                          resume=len(sys.argv) > 3)
with watched as scope:
    for step in range(int(sys.argv[2])):
        scope.step(step)
        scope.flush()
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()
        optimiser.step()
        time.sleep(0.1)
"""
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(infoscope.__file__).parent.parent)}


@pytest.fixture
def started():
    """``started(*arguments)``: a Python process that does not outlive the test."""
    running = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        running.append(
            subprocess.Popen([sys.executable, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stderr.close()


def serving(started, *arguments: str) -> tuple[subprocess.Popen[str], str]:
    """A server and its address."""
    process = started("-m", "infoscope", "serve", *arguments)
    said = process.stderr.readline()
    return process, re.search(r"http://\S+", said)[0]


def until(page, condition: str, seconds: float = 120.0) -> None:
    """Wait for a condition that the page evaluates; its policy lets no text be evaluated inside of it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not within {seconds:g} seconds: {condition}")


STATE = "(document.querySelector('#runs .state') || {}).textContent"
MOMENTS = "Number(document.getElementById('step').max)"
HIGHEST = "Math.max(...[...document.querySelectorAll('.plot svg.marks')].map(s => s.getBoundingClientRect().height))"
POINTS = "document.querySelectorAll('#blocks .plot svg.marks path').length"


def test_a_training_is_seen_to_grow_to_be_killed_and_to_go_on(browser, started, tmp_path):
    _, address = serving(started, str(tmp_path), "--port", "0")
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    until(page, "document.getElementById('none').textContent.startsWith('no runs here yet')")

    script, run = str(tmp_path / "train.py"), str(tmp_path / "mine")
    Path(script).write_text(TRAINER)
    trainer = started(script, run, "500")
    until(page, f"{STATE} === 'running' && {MOMENTS} >= 2 && {POINTS} > 10")
    before = page.evaluate(MOMENTS)
    until(page, f"{MOMENTS} > {before}")  # nobody reloaded anything

    trainer.send_signal(signal.SIGKILL)
    trainer.wait()
    until(page, f"{STATE} === 'stopped'")
    seen = page.evaluate(MOMENTS)
    until(page, f"{HIGHEST} > 100")

    again = started(script, run, str(seen + 8), "resume")
    until(page, f"{STATE} === 'done' && {MOMENTS} >= {seen + 7}")
    assert again.wait(30) == 0
    # at once: what comes in between puts the slider back to the newest moment
    page.evaluate("(s => { s.value = 1; s.dispatchEvent(new Event('input')); })(document.getElementById('step'))")
    until(page, "document.getElementById('live').getAttribute('aria-pressed') === 'false'")
    assert said == []
    assert {url.split("/")[2] for url in asked if not url.startswith("data:")} == {address.split("/")[2]}
    page.close()


def test_a_page_goes_on_when_its_server_comes_back_and_fits_a_phone(browser, started, full_run, tmp_path):
    runs = str(full_run.path.parent)
    server, address = serving(started, runs, "--port", "0")
    port = address.rpartition(":")[2]
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(f"{address}/?run=full")
    page.wait_for_selector("html[data-drawn]")
    until(page, "document.querySelectorAll('.verdict-list li').length === 4")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0  # ended by Ctrl-C, as it says
    until(page, "document.getElementById('link').textContent !== 'live'")
    serving(started, runs, "--port", port)
    until(page, "document.getElementById('link').textContent === 'live'")
    page.locator("#filter").fill("no such words")
    until(page, "document.querySelectorAll('#runs li').length === 1")  # the chosen one stays
    page.close()
