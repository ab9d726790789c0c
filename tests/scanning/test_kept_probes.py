"""Probes that are kept: fitted to all rows, applied to new states, saved and read again with all that is theirs."""

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import infoscope as iscope
from infoscope.core import registry
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError

KEPT = {
    "linear": {},
    "sparse": {"k": 3},
    "mlp": {"steps": 200, "networks": 2, "hidden": 16},
    "mlp3": {"steps": 100, "networks": 1, "hidden": 16},
}
RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=800)
Z = 10 * RNG.normal(size=(800, 12)) + 5
Z[:, 3:6] += 20 * np.eye(3)[Y]
OLD, NEW = slice(0, 600), slice(600, 800)


@pytest.fixture(scope="module", params=KEPT)
def fitted(request):
    return iscope.fit_probe(Z[OLD], Y[OLD], request.param, **KEPT[request.param])


def test_it_reads_new_states_as_well_as_a_probe_of_test_rows(fitted):
    name = fitted.about["probe"].partition("(")[0]
    said = fitted.predict_log_proba(Z[NEW])
    assert said.shape == (200, 3)
    assert said.dtype == np.float64
    np.testing.assert_allclose(np.exp(said).sum(1), 1, atol=1e-12)
    loss = -said[np.arange(200), Y[NEW]].mean()
    asked = iscope.usable_information(Z[OLD], Y[OLD], name, z_test=Z[NEW], y_test=Y[NEW], **KEPT[name])
    assert loss == pytest.approx(asked.loss, abs=0.05)
    assert (fitted.predict(Z[NEW]) == Y[NEW]).mean() == pytest.approx(asked.accuracy.value, abs=0.05)
    np.testing.assert_allclose(fitted.predict_log_proba(torch.tensor(Z[NEW], requires_grad=True)), said)
    np.testing.assert_allclose(fitted.predict_log_proba(Z[NEW][:1]), said[:1], atol=1e-12)


def test_saved_and_read_again_it_is_the_same_to_the_bit(fitted, tmp_path):
    where = iscope.save_probe(fitted, tmp_path / "deep" / "probe.safetensors")
    again = iscope.load_probe(where)
    np.testing.assert_array_equal(again.predict_log_proba(Z[NEW]), fitted.predict_log_proba(Z[NEW]))
    assert again.about == fitted.about
    np.testing.assert_array_equal(again.classes, fitted.classes)
    with safe_open(where, framework="np") as file:
        assert set(file.keys()) == set(fitted.tensors)
        assert json.loads(file.metadata()["infoscope.probe"])["classes"] == [0, 1, 2]


def test_it_is_fitted_the_same_again_and_touches_nothing(fitted):
    state = torch.get_rng_state()
    name = fitted.about["probe"].partition("(")[0]
    again = iscope.fit_probe(Z[OLD], Y[OLD], name, **KEPT[name])
    for tensor, value in fitted.tensors.items():
        np.testing.assert_array_equal(again.tensors[tensor], value)
    assert torch.equal(torch.get_rng_state(), state)


def test_labels_that_are_words_are_said_again():
    words = np.array(["noun", "verb", "other"])[Y]
    found = iscope.fit_probe(Z[OLD], words[OLD])
    assert found.classes.tolist() == ["noun", "other", "verb"]
    assert (found.predict(Z[NEW]) == words[NEW]).mean() > 0.7


def test_a_sparse_probe_reads_its_columns_alone():
    found = iscope.fit_probe(Z[OLD], Y[OLD], "sparse(k=3)")
    assert found.tensors["read"].tolist() == [3, 4, 5]
    other = Z[NEW].copy()
    other[:, 6:] = 1e3
    np.testing.assert_array_equal(found.predict_log_proba(other), found.predict_log_proba(Z[NEW]))
    several = iscope.fit_probe(Z[OLD], Y[OLD], "sparse(k=1,3)")
    assert several.tensors["read"].tolist() == [3, 4, 5]


def test_groups_stay_together_and_are_counted():
    found = iscope.fit_probe(Z[OLD], Y[OLD], groups=np.arange(600) // 10)
    assert found.about["groups"] == 60
    assert "by groups" in found.about["protocol"]
    noise = iscope.fit_probe(RNG.normal(size=(200, 150)), RNG.integers(2, size=200))
    assert (
        np.abs(np.exp(noise.predict_log_proba(RNG.normal(size=(50, 150)))) - 0.5).max() < 0.2
    )  # knows nothing, says so


def test_a_constant_column_and_states_far_away_are_finite():
    rows = np.concatenate([Z[OLD], np.full((600, 1), 3.0)], 1)
    found = iscope.fit_probe(rows, Y[OLD])
    assert np.isfinite(found.predict_log_proba(np.full((2, 13), 1e300))).all()


@pytest.mark.parametrize("name", [name for name in registry.entries("probes") if name not in KEPT])
def test_what_cannot_be_kept_says_so(name):
    with pytest.raises(InputError, match=f"a {name} probe cannot be kept, wanted one of linear, mlp, mlp3, sparse"):
        iscope.fit_probe(Z[OLD], Y[OLD], name)


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (Z[:, :5], r"states has shape \(800, 5\), wanted rows \[n, 12\]"),
        (Z[0], r"states has shape \(12,\)"),
        (np.where(Z > 0, np.nan, Z), "NaN"),
        (Z[:0], "holds no rows"),
        (Z.astype(str), "no numbers"),
    ],
)
def test_states_that_cannot_be_read_are_refused(states, words):
    with pytest.raises(InputError, match=words):
        iscope.fit_probe(Z[OLD], Y[OLD]).predict_log_proba(states)


def test_what_cannot_be_fitted_or_saved_is_refused(tmp_path):
    with pytest.raises(InputError, match="wants something to read: there is one class only"):
        iscope.fit_probe(Z, 0 * Y)
    with pytest.raises(InputError, match=r"a dict arrived, wanted what infoscope\.fit_probe"):
        iscope.save_probe({}, tmp_path / "x")
    with pytest.raises(UnknownNameError, match="did you mean 'linear'"):
        iscope.fit_probe(Z, Y, "liner")


def test_files_that_are_no_probe_or_were_changed_are_refused(tmp_path):
    path = iscope.save_probe(iscope.fit_probe(Z[OLD], Y[OLD]), tmp_path / "probe.safetensors")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    (tmp_path / "changed.safetensors").write_bytes(bytes(content))
    with pytest.raises(RunFolderError, match="the hash of its values is not that of what was written"):
        iscope.load_probe(tmp_path / "changed.safetensors")
    with pytest.raises(RunFolderError):
        iscope.load_probe(tmp_path / "nowhere.safetensors")
    save_file(load_file(path), tmp_path / "other.safetensors", {"format": "pt"})
    with pytest.raises(RunFolderError, match="says no hash of itself"):
        iscope.load_probe(tmp_path / "other.safetensors")


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(12, 6), nn.Tanh(), nn.Linear(6, 3))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    torch.manual_seed(0)
    x = torch.tensor(Z, dtype=torch.float32) / 20
    labels = Y.copy()
    labels[::50] = -100
    out = tmp_path_factory.mktemp("kept") / "run"
    with iscope.watch(Net(), x, {"label": labels}, ["effective_rank"], out, places=["0", "2"]) as scope:
        scope.step(0)
        scope.step(1)
    return scope.run


def test_the_probe_of_a_layer_of_a_run_is_kept_in_its_folder(run):
    found = run.probe("label", "0", 1, model=Net)
    assert {name: found.about[name] for name in ("variable", "place", "step", "network")} == {
        "variable": "label", "place": "0", "step": 1, "network": "model",
    }  # fmt: skip
    assert found.about["n"] == 800 - 16  # rows without a label are left out
    (path,) = (run.folder.path / "probes").iterdir()
    states = iscope.representations(Net(), torch.tensor(Z, dtype=torch.float32), ["0"])["0"]
    np.testing.assert_array_equal(iscope.load_probe(path).predict_log_proba(states), found.predict_log_proba(states))
    assert run.probe("label", model=Net).about["place"] == "2"
    assert run.check().faults == ()
    assert run.check().others == ()
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(bytes(content))
    assert [fault.path for fault in run.check().faults] == [path]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"variable": "lable"}, UnknownNameError, "did you mean 'label'"),
        ({"variable": "label", "place": "7"}, UnknownNameError, "7"),
        ({"variable": "label", "step": 9}, InputError, "step 9 of model was not recorded, wanted one of 0, 1"),
        ({"variable": "label", "member": 3}, InputError, "member is 3, and model has 1"),
        ({"variable": "label", "probe": "knn"}, InputError, "a knn probe cannot be kept"),
    ],
)
def test_of_a_run_what_is_not_there_is_said(run, arguments, error, words):
    with pytest.raises(error, match=words):
        run.probe(**arguments, model=Net)
