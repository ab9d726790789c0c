"""One training whose members are dealt to several workers: the snapshots of one process, whoever is killed when."""

from __future__ import annotations

import pytest

import infoscope as iscope
from infoscope.claim import dealt
from infoscope.core import snapshots
from infoscope.engine.engines.here import InThisProcess

FIGURE, FOLDER = "saxe2018/tanh", "saxe2018-tanh-smoke"
ASKED = {"preset": "smoke", "seeds": 5}


class Several(InThisProcess):
    """This process in the place of several workers. most: it goes away when so many jobs are done."""

    def __init__(self, workers, most=99):
        super().__init__(1, None, {})
        self.workers, self.most, self.names = workers, most, []

    def submit(self, job):
        self.names.append(job.name)
        super().submit(job)

    def results(self, beat=lambda: None):
        for number, ended in enumerate(super().results(beat)):
            yield ended
            if number + 1 == self.most:
                raise KeyboardInterrupt


def stamps(out):
    folder = iscope.load(out / FOLDER).folder
    folder.update({})  # lists what is there
    return folder.manifest()["snapshots"], folder.manifest()["threads"]["tanh"]


def kept_apart(out):
    return sorted(path.name for path in (out / FOLDER / "jobs").glob("*/*"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone")
    iscope.run(FIGURE, **ASKED, out=out)
    return stamps(out)


def test_one_training_is_dealt_member_by_member(alone, tmp_path):
    engine = Several(2)
    iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=engine)
    assert [name.partition(" in ")[0] for name in engine.names] == [f"members {n} to {n}" for n in range(5)]
    assert stamps(tmp_path) == alone
    assert not (tmp_path / FOLDER / "jobs").exists()


@pytest.mark.parametrize("goes_on", [None, 1, 3])
def test_killed_in_between_it_goes_on_with_the_same_pieces(alone, tmp_path, goes_on, monkeypatch):
    monkeypatch.setattr(dealt, "JOBS_A_SHARE", 1)  # three workers, so three pieces
    with pytest.raises(KeyboardInterrupt):
        iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=Several(3, most=2))
    assert kept_apart(tmp_path) == ["0-2", "2-4", "4-5"]
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / FOLDER / "jobs").glob("*/0-2/*")}
    assert len(done) == len(alone[0]["tanh"])
    (tmp_path / FOLDER / "jobs").joinpath(next(iter(done)).parent.parent, "2-4", next(iter(done)).name).write_bytes(b"")
    again = dealt.NetworkTraining.train
    trained = []
    monkeypatch.setattr(
        dealt.NetworkTraining,
        "train",
        lambda self, device: trained.append((self.ensemble.seeds, len(self.lost))) or again(self, device),
    )
    if goes_on is None:
        iscope.run(FIGURE, **ASKED, out=tmp_path)
    else:
        iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=Several(goes_on))
    assert trained == [((0, 1), 0), ((2, 3), 1), ((4,), len(done))]
    assert stamps(tmp_path) == alone
    assert not (tmp_path / FOLDER / "jobs").exists()


def test_pieces_that_do_not_fit_together_are_left_out(alone, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=Several(2, most=1))
    (gone,) = (tmp_path / FOLDER / "jobs").glob("*/3-4")
    gone.rmdir()
    iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=Several(2))
    assert stamps(tmp_path) == alone


def test_a_member_that_fails_is_told_and_the_others_are_kept(alone, tmp_path, monkeypatch):
    of = dealt.NetworkTraining.of_members

    def breaks(self, members, device):
        if members.start == 2:
            raise ArithmeticError("no luck")
        return of(self, members, device)

    monkeypatch.setattr(dealt.NetworkTraining, "of_members", breaks)
    with pytest.raises(iscope.InfoscopeError, match=r"1 of 5 jobs failed, members 2 to 2 in the training of tanh"):
        iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=Several(2))
    assert len(list(snapshots.found(tmp_path / FOLDER / "snapshots" / "tanh"))) == 0
    assert len(kept_apart(tmp_path)) == 5
    monkeypatch.setattr(dealt.NetworkTraining, "of_members", of)
    iscope.run(FIGURE, **ASKED, out=tmp_path)
    assert stamps(tmp_path) == alone


def test_only_what_is_dearer_than_a_share_is_cut(tmp_path):
    engine = Several(2, most=1)
    with pytest.raises(KeyboardInterrupt):
        iscope.train_figures("saxe2018/tanh", "saxe2018/relu", **ASKED, out=tmp_path, engine=engine)
    assert [name.split(" of ")[0] for name in engine.names] == ["the training"] * 2


def test_a_training_that_was_begun_whole_goes_on_whole(alone, tmp_path, monkeypatch):
    monkeypatch.setattr("infoscope.claim.trainings.STATE_SECONDS", -1.0)
    keep = dealt.NetworkTraining.train

    def until(self, device):
        kept = self.trajectory.keep

        def keeps(step, *rest, **how):
            kept(step, *rest, **how)
            if (tmp_path / FOLDER / "snapshots/tanh/state.safetensors").exists():
                raise KeyboardInterrupt

        monkeypatch.setattr(self.trajectory, "keep", keeps, raising=False)
        keep(self, device)

    monkeypatch.setattr("infoscope.claim.trainings.NetworkTraining.train", until)
    with pytest.raises(KeyboardInterrupt):
        iscope.run(FIGURE, **ASKED, out=tmp_path)
    monkeypatch.setattr("infoscope.claim.trainings.NetworkTraining.train", keep)
    engine = Several(2)
    iscope.train_figures(FIGURE, **ASKED, out=tmp_path, engine=engine)
    assert engine.names == []
    iscope.run(FIGURE, **ASKED, out=tmp_path)
    assert stamps(tmp_path) == alone
