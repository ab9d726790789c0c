"""A paper's figures through an engine: each network trained once, and the rows and verdicts of one process."""

from __future__ import annotations

import gc

import pytest

import infoscope as iscope
from infoscope.claim import dealt
from infoscope.data import held
from infoscope.engine.engine import Engine
from infoscope.engine.job import EndedJob, Failure

FIGURES = ("saxe2018/tanh", "saxe2018/relu")
ASKED = {"preset": "smoke", "seeds": 2}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """By figure its run by this process, and by two workers, whose networks were trained first."""
    alone, dealt_out = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("dealt")
    with iscope.open_engine("processes", 2) as engine:
        iscope.train_figures(*FIGURES, **ASKED, out=dealt_out, engine=engine)
        trained = {figure: len(iscope.load(dealt_out / f"{figure.replace('/', '-')}-smoke").rows) for figure in FIGURES}
        found = {
            figure: (iscope.run(figure, **ASKED, out=alone), iscope.run(figure, **ASKED, out=dealt_out, engine=engine))
            for figure in FIGURES
        }
        rows = [
            run.measure("kde(noise_variance=0.1)", engine=engine if at else None)
            for at, run in enumerate(found[FIGURES[0]])
        ]
    return found, trained, rows


@pytest.mark.parametrize("figure", FIGURES)
def test_rows_weights_and_verdicts_are_those_of_one_process(runs, figure):
    alone, dealt_out = runs[0][figure]
    assert runs[1][figure] == 0, "trained, and nothing measured yet"
    assert dealt_out.rows.content_hash() == alone.rows.content_hash()
    assert dealt_out.verdicts == alone.verdicts
    for name in ("threads", "measured with", "snapshots"):
        assert dealt_out.folder.manifest()[name] == alone.folder.manifest()[name]
    assert dealt_out.check().faults == dealt_out.check().others == ()
    assert not (dealt_out.folder.path / "jobs").exists()


def test_what_is_measured_later_is_the_same_too(runs):
    alone, dealt_out = runs[2]
    assert len(dealt_out) == len(alone) > 0
    assert dealt_out.content_hash() == alone.content_hash()


def test_what_is_computed_is_the_same(tmp_path):
    asked = {"preset": "smoke", "seeds": 4}
    alone = iscope.run("saxe2018/minimal_model", **asked, out=tmp_path / "alone")
    one = iscope.run("saxe2018/minimal_model", **asked, out=tmp_path / "dealt", engine="here")
    assert one.rows.content_hash() == alone.rows.content_hash()


def test_a_training_that_fails_is_told_and_the_others_are_kept(tmp_path, monkeypatch):
    begin = dealt.DealtTraining.begin

    def breaks(self):
        if self.network == "relu":
            raise ArithmeticError("no luck")
        return begin(self)

    monkeypatch.setattr(dealt.DealtTraining, "begin", breaks)
    with pytest.raises(
        iscope.InfoscopeError, match=r"1 of 2 jobs failed, the training of relu .*ArithmeticError: no luck"
    ):
        iscope.train_figures(*FIGURES, **ASKED, out=tmp_path, engine="here")
    assert len(iscope.load(tmp_path / "saxe2018-tanh-smoke").trajectory.steps) > 1
    assert not iscope.load(tmp_path / "saxe2018-relu-smoke").trajectory.steps


class Refusing(Engine):
    """Refuses every job, and keeps which tasks this process holds while workers would train."""

    def __init__(self):
        super().__init__(2, None, {})
        self.jobs, self.holds = [], None

    def submit(self, job):
        self.jobs.append(job)

    def results(self, beat=lambda: None):
        gc.collect()
        self.holds = sorted(name for name, _ in held._HELD)
        yield from (EndedJob(job, Failure("nobody works here")) for job in self.jobs)

    def cancel(self):
        pass


def test_while_workers_train_their_commander_holds_no_data(tmp_path, monkeypatch):
    loaded, load = [], held.task
    monkeypatch.setattr(held, "task", lambda name: loaded.append(name) or load(name))
    monkeypatch.setattr(held, "_HELD", type(held._HELD)())  # other tests may hold some
    figures = ("saxe2018/tanh", "saxe2018/factorial", "saxe2018/depth")
    engine = Refusing()
    with pytest.raises(iscope.InfoscopeError, match="nobody works here"):
        iscope.train_figures(*figures, **ASKED, out=tmp_path, engine=engine)
    assert len(engine.jobs) > 3
    assert engine.holds == []
    assert len(loaded) == len(set(loaded)), "each task once"


def test_of_a_figure_without_data_nothing_is_trained(tmp_path, monkeypatch):
    load = held.task

    def lacking(name):
        if name == "mnist":
            raise iscope.InfoscopeError("no such file")
        return load(name)

    monkeypatch.setattr(held, "task", lacking)
    monkeypatch.setattr(held, "_HELD", type(held._HELD)())
    engine = Refusing()
    with pytest.raises(iscope.InfoscopeError, match="nobody works here"):
        iscope.train_figures("saxe2018/mnist", *FIGURES, **ASKED, out=tmp_path, engine=engine)
    assert {job.name.rpartition("/")[2] for job in engine.jobs} == {"saxe2018-tanh-smoke", "saxe2018-relu-smoke"}
