"""The journal: whole pieces or nothing, written now and then, kept where writing fails; what it says is done."""

import pytest

from infoscope.core import session as module
from infoscope.core.estimate import Estimate
from infoscope.core.folder import RunFolder
from infoscope.core.measurement import Measured, Measurement
from infoscope.core.quantity import INPUT_INFORMATION, LABEL_INFORMATION
from infoscope.core.session import EVERY, Journal, Session


class Two(Measurement):
    id, options, tells = "two", {"bins": [3, 4]}, (INPUT_INFORMATION, LABEL_INFORMATION)  # type: ignore[assignment]

    def refused(self, names):
        return [("input", INPUT_INFORMATION), *((name, LABEL_INFORMATION) for name in names)]


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "run", {"networks": {"net": {}}})


def estimate(value=1.0):
    return Estimate(value, INPUT_INFORMATION, "a number", 8)


def measure(session, number, found=None, reason=None):
    with session.step() as rows:
        place = rows.place(Two(), network="net", step=number, site="1", site_index=0)
        if found is not None:
            rows.found(place, found)
        if reason is not None:
            rows.refused(place, Two(), ["label"], reason, 8)


class Stop(Exception):
    pass


def broken_off(session):
    with session.step() as rows:
        rows.add(rows.place(Two(), network="net", step=1, site="1", site_index=0), estimate())
        raise Stop


def test_a_step_that_is_broken_off_leaves_nothing(folder):
    session = Session(folder, "net")
    measure(session, 0, [Measured("input", estimate())])
    with pytest.raises(Stop):
        broken_off(session)
    session.flush()
    assert folder.rows().unique("step") == [0]


def test_what_is_half_an_answer_is_none(folder):
    session = Session(folder, "net")
    with pytest.raises(ValueError, match="unpack"):
        measure(session, 0, [Measured("input", estimate()), ()])
    session.flush()
    assert len(folder.rows()) == 0


def test_rows_carry_the_options_of_their_own_value_and_the_marks_of_the_run(folder):
    session = Session(folder, "net", {"groups": "4 given"})
    measure(session, 0, [Measured("input", estimate(), {"bins": 3}), Measured("label", estimate())])
    session.flush()
    assert folder.rows().unique("options") == ['{"bins":3,"groups":"4 given"}', '{"bins":[3,4],"groups":"4 given"}']
    assert set(session.done("two", {"bins": [3, 4]})) == {(0, "1")}
    assert Session(folder, "net").done("two", {"bins": [3, 4]}) == {}
    assert Session(folder, "other").done("two", {"bins": [3, 4]}) == {}


def test_what_was_refused_as_a_whole_counts_for_every_variable(folder):
    session = Session(folder, "net")
    measure(session, 0, [Measured("input", estimate()), Measured("label", estimate())])
    measure(session, 1, reason="NaN in 3 rows")
    session.flush()
    assert session.done("two", Two.options) == {(0, "1"): {"input", "label"}, (1, "1"): {EVERY, "label"}}
    failed = folder.rows().filter(status="FAILED")
    told = zip(*(failed.column(name).tolist() for name in ("variable", "quantity", "unit", "notes")), strict=True)
    assert list(told) == [("input", "I(X;T)", "nats", "NaN in 3 rows"), ("label", "I(T;Y)", "nats", "NaN in 3 rows")]


def test_what_cannot_be_written_waits_and_is_written_once():
    written, full = [], [True]

    def append(waiting):
        if full[0]:
            raise OSError("no space")
        written.append(list(waiting))

    journal = Journal(append, lambda: None)
    journal.take("a")
    with pytest.raises(OSError, match="no space"):
        journal.flush()
    full[0] = False
    journal.take("b")
    journal.flush()
    journal.flush()
    assert written == [["a", "b"], []]


def test_it_is_due_some_seconds_after_the_last_writing(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    journal = Journal(lambda waiting: None, lambda: None)
    now[0] += module.FLUSH_SECONDS - 0.1
    assert not journal.due
    now[0] += 0.2
    assert journal.due
    journal.flush()
    assert not journal.due


def test_a_sink_is_told_of_whole_steps_as_they_come(folder):
    told = []

    class Mirror:
        def take(self, rows):
            told.append(rows.unique("step"))

    session = Session(folder, "net", sinks=[Mirror()])
    measure(session, 3, [Measured("input", estimate())])
    assert told == [[3]]
    assert len(folder.rows()) == 0  # not yet
