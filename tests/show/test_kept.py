"""What the renderer found is kept for other processes, and nothing that is damaged, old or unwritable is believed."""

from __future__ import annotations

import re

import pytest

from infoscope.show import _kept
from infoscope.show._kept import KeptNumbers, kept
from infoscope.show.report import _embedding, writing


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(_kept.platformdirs, "user_cache_path", lambda name: tmp_path / name)
    return tmp_path / "infoscope" / "drawn"


class Made:
    """Counts how often something is made."""

    def __init__(self):
        self.times = 0

    def text(self, asked):
        self.times += 1
        return f"{asked}\nmade of \u2028 {asked}"

    def number(self, text):
        self.times += 1
        return len(text)


def test_a_text_is_made_once_for_each_thing_asked():
    made = Made()
    assert kept("script", "a", made.text) == kept("script", "a", made.text) == made.text("a")
    assert kept("script", "b", made.text) == made.text("b")
    assert made.times == 4


@pytest.mark.parametrize(
    "harm", [lambda path: path.write_bytes(path.read_bytes()[:-1]), lambda path: path.write_bytes(b"\xff\n"),
             lambda path: path.write_text("")]
)  # fmt: skip
def test_what_is_damaged_is_made_anew_and_put_in_its_place(folder, harm):
    made = Made()
    kept("script", "a", made.text)
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    harm(path)
    assert kept("script", "a", made.text) == "a\nmade of \u2028 a"
    assert (made.times, path.read_bytes()) == (2, whole)


def test_another_release_of_the_renderer_makes_its_own(monkeypatch):
    made, numbers = Made(), KeptNumbers("lengths")
    kept("script", "a", made.text)
    numbers.of("four", made.number)
    numbers.keep()
    monkeypatch.setattr(_kept, "_release", lambda: "0")
    kept("script", "a", made.text)
    assert KeptNumbers("lengths").of("four", made.number) == 4
    assert made.times == 4


def test_where_nothing_can_be_written_everything_is_made(folder):
    folder.parent.mkdir()
    folder.write_text("a file in the way")
    made, numbers = Made(), KeptNumbers("lengths")
    for _ in range(2):
        assert kept("script", "a", made.text).startswith("a\n")
    assert numbers.of("four", made.number) == numbers.of("four", made.number) == 4
    numbers.keep()
    assert made.times == 3


def test_numbers_of_processes_that_write_in_turns_are_all_kept(monkeypatch):
    monkeypatch.setattr(_kept, "MOST", 3)
    made, one, other = Made(), KeptNumbers("lengths"), KeptNumbers("lengths")
    assert [one.of("a" * n, made.number) for n in (1, 2)] == [1, 2]
    assert [other.of("a" * n, made.number) for n in (2, 3)] == [2, 3]
    one.keep()
    other.keep()
    third = KeptNumbers("lengths")
    assert [third.of("a" * n, made.number) for n in (1, 2, 3)] == [1, 2, 3]
    assert made.times == 4
    third.of("a" * 4, made.number)
    third.keep()
    assert [KeptNumbers("lengths").of("a" * n, made.number) for n in (2, 3, 4, 1)] == [2, 3, 4, 1]
    assert made.times == 6, "the first of four was given up"


def test_a_report_reads_what_another_process_laid_out(monkeypatch, full_run):
    pages, drawn = [], []
    for _ in range(2):
        monkeypatch.setattr(_embedding, "HEIGHTS", KeptNumbers("heights.json"))  # as a new process has them
        writing.javascript.cache_clear()
        pages.append(writing.render([full_run]))
        monkeypatch.setattr(_embedding, "_drawn_height", drawn.append)
        monkeypatch.setattr(writing, "renderer", lambda: None)
    assert pages[0] == pages[1]
    assert drawn == []
    assert re.search(r"min-height: \d{3}px", pages[0])
    writing.javascript.cache_clear()
