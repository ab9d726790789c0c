"""Progress in a log is a line every ten per cent, silence when quick, and a bar on a terminal."""

import io
import re
import sys
import types
from contextlib import suppress

import pytest

from infoscope.core import progress as progress_module
from infoscope.core.progress import progress, say, whole


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


def run(clock: Clock, seconds: float, steps: int, total: float, done: float = 0.0) -> None:
    with progress("training", total, done) as shown:
        for _ in range(steps):
            clock.now += seconds / steps
            shown.advance((total - done) / steps)


def test_what_takes_under_two_seconds_is_silent(clock, capsys):
    run(clock, 1.9, 100, 100)
    assert capsys.readouterr() == ("", "")


def test_a_log_gets_a_line_every_ten_per_cent_with_the_time_left(clock, capsys):
    run(clock, 100, 1000, 50)
    out, err = capsys.readouterr()
    assert out == "", "standard output is for results"
    lines = err.splitlines()
    assert len(lines) == 10
    shares = [int(re.fullmatch(r"training: (\d+) % after \d+:\d\d, \d+:\d\d left", line)[1]) for line in lines]
    assert shares == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
    assert lines[4] == "training: 50 % after 0:50, 0:50 left"
    assert lines[-1] == "training: 100 % after 1:40, 0:00 left"


def test_long_steps_print_one_line_each(clock, capsys):
    run(clock, 7200, 3, 3)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "training: 33 % after 40:00, 80:00 left",
        "training: 67 % after 80:00, 40:00 left",
        "training: 100 % after 120:00, 0:00 left",
    ]


def test_a_log_is_never_silent_for_long(clock, capsys):
    with progress("training", 10_000) as shown:
        for _ in range(50):
            clock.now += 100
            shown.advance(1)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "training: 0 % after 5:00, 16661:40 left",
        "training: 0 % after 10:00, 16656:40 left",
    ]


def test_a_resumed_task_judges_its_speed_by_what_it_did_itself(clock, capsys):
    with progress("training", 100, done=80) as shown:
        clock.now += 10
        shown.advance(10)
    assert capsys.readouterr().err == "training: 90 % after 0:10, 0:10 left\n"


def test_nothing_to_do_prints_nothing(clock, capsys):
    with progress("training", 0):
        clock.now += 10
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_that_ends_with_the_block(clock, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress("training", 4) as shown:
        clock.now += 1
        shown.advance()
        assert terminal.getvalue() == ""
        clock.now += 5
        shown.advance()
        shown.advance(2)
    assert "training" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


def test_an_exception_ends_the_bar_and_comes_through(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")

    def interrupted() -> None:
        with progress("training", 4) as shown:
            clock.now += 5
            shown.advance()
            bars.append(shown._bar)
            raise KeyboardInterrupt

    bars: list = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert bars[0].live.is_started is False


class Unwilling(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


class UnwillingTerminal(Unwilling):
    def isatty(self) -> bool:
        return True


def test_nobody_reads_and_the_work_goes_on(clock, capsys, monkeypatch):
    closed = io.StringIO()
    closed.close()
    for stream in (None, Unwilling(), closed):
        monkeypatch.setattr(sys, "stderr", stream)
        say("infoscope: recording")
    for stream in (None, Unwilling(), closed, UnwillingTerminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        run(clock, 100, 10, 10)
    assert capsys.readouterr().out == ""


STAGES = {"first": {"training": 30.0, "measuring": 10.0}, "second": {"training": 60.0}}


def work(clock: Clock, label: str, seconds: float, steps: int = 10) -> None:
    with progress(label, steps) as shown:
        for _ in range(steps):
            clock.now += seconds / steps
            shown.advance()


def test_one_line_over_the_whole_takes_the_place_of_each_task(clock, capsys):
    with whole("demo", STAGES) as over:
        with over.piece("first"):
            work(clock, "net: training 5", 30)
            work(clock, "net: something else", 0.1)
            work(clock, "net: measuring", 10)
        with over.piece("second"):
            work(clock, "net: training 5", 60)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "demo, first: 12 % after 0:12, 1:28 left"
    assert lines[-1] == "demo, second: 100 % after 1:40, 0:00 left"
    assert all(re.fullmatch(r"demo, (first|second): \d+ % after \d:\d\d, \d:\d\d left", line) for line in lines)
    work(clock, "later", 30, 1)
    assert capsys.readouterr().err == "later: 100 % after 0:30, 0:00 left\n"


def test_a_piece_that_was_done_before_is_passed_over(clock, capsys):
    with whole("demo", STAGES) as over:
        with over.piece("first"):
            clock.now += 3
        with over.piece("second"):
            work(clock, "net: training", 60, 2)
    assert capsys.readouterr().err.splitlines()[-1] == "demo, second: 100 % after 1:03, 0:00 left"


def test_a_notebook_gets_one_bar_that_is_drawn_over_itself(clock, monkeypatch, capsys):
    shown: list[dict] = []

    class Handle:
        def update(self, content, raw):
            shown.append(content)

    def display(content, raw, display_id):
        shown.append(content)
        opened.append(content)
        return Handle()

    class ZMQInteractiveShell:
        pass

    opened: list[dict] = []
    ipython, inside = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    ipython.get_ipython = ZMQInteractiveShell
    inside.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inside)
    run(clock, 100, 1000, 50)
    assert len(opened) == 1
    assert "training" in shown[-1]["text/html"]
    assert 'value="1.0000"' in shown[-1]["text/html"]
    assert shown[-1]["text/plain"] == "training: 100% after 1:40, 0:00 left"
    assert len(shown) <= 1 + 100 / progress_module.NOTEBOOK_SECONDS
    assert capsys.readouterr() == ("", "")


def test_what_one_kind_of_work_takes_tells_what_is_left_of_it_and_the_cost_is_said_once(clock, capsys):
    with whole("figure", {"figure": {}}) as over:
        stages = {"a: training": 10.0, "b: training": 10.0, "a: measuring": 5.0, "b: measuring": 5.0}
        over.expect(stages, "two networks: about {time}")
        work(clock, "a: training 8 members", 40)  # four times as long as guessed, and so will be the other one
        lines = capsys.readouterr().err.splitlines()
        assert (
            lines[0] == "infoscope: two networks: about 1.8 minutes"
        )  # 80 of training, 30 of measuring: thrice, no more
        assert lines[-1] == "figure: 33 % after 0:36, 1:14 left"
        work(clock, "b: training 8 members", 40)
        work(clock, "a: measuring", 5)  # as guessed, whatever training takes
        assert (over.left, round(100 * over.done)) == (5.0, 94)


def test_pieces_of_which_nothing_is_known_count_as_the_others_do(clock, capsys):
    with whole("run", {"one": {}, "two": {}, "three": {}}) as over, over.piece("one"):
        over.expect({"net: training": 30.0})
        work(clock, "net: training", 30)
    assert capsys.readouterr().err.splitlines()[-1] == "run, one: 30 % after 0:27, 1:03 left"


def test_pieces_that_are_foreseen_count_as_they_are_expected(clock):
    with whole("run", {"trainings": {}, "one": {}, "two": {}}) as over:
        with over.piece("trainings"):
            over.expect({"training networks": 10.0})
            over.foresee("one", {"net: measuring": 10.0})
            over.foresee("two", {"net: measuring": 30.0})
            over.foresee("nobody", {"net: measuring": 1e9})
            work(clock, "training networks", 20)
            assert over.left == 80.0, "twice as long as guessed, as the rest then will be"
        with over.piece("one"):
            over.expect({"net: measuring": 5.0, "net: computing": 5.0})  # more is known once it has begun
            work(clock, "net: measuring", 5)
            over.expect({"net: measuring": 1e9})  # and no more once some of it is done
            work(clock, "net: computing", 5)
            assert over.left == 30.0
        with over.piece("two"):
            work(clock, "net: measuring", 30)
            assert over.left == 0.0


@pytest.mark.parametrize(
    ("reason", "last"), [(KeyboardInterrupt(), ""), (ValueError(), "run: 100 % after 0:30, 0:00 left")]
)
def test_what_is_interrupted_is_not_told_as_done_and_of_what_fails_nothing_is_left(reason, last, clock, capsys):
    with suppress(type(reason)), whole("run", {"one": {}}) as over, over.piece("one"):
        clock.now += 30.0
        raise reason
    assert capsys.readouterr().err.strip() == last
