"""Networks that run on a device are measured there: scans, watched runs and figures, of any precision."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError
from infoscope.measure.questions import one_pass

MEASURES = ["usable_information(probe=linear)", "kde(noise_variance=0.1)", "class_distances", "effective_rank"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network, its inputs, a label, and files of its weights at two steps."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(120, 4, generator=generator)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    return model, x, (x[:, 0] * x[:, 1] > 0).long().numpy(), stored(model, tmp_path_factory.mktemp("weights"))


def stored(model, folder):
    """Files of the weights of ``model``, and of half as much again, by step."""
    files = {step: folder / f"step-{step}.pt" for step in (0, 1)}
    for step, file in files.items():
        torch.save({name: (1 + step / 2) * tensor for name, tensor in model.state_dict().items()}, file)
    return files


def scanned(trained, out, weights=None, **options):
    model, x, y, held = trained
    return iscope.scan(
        weights or held, lambda: copy.deepcopy(model), x.numpy(), {"label": y}, places=["1"], measures=MEASURES,
        out=out, **options,
    )  # fmt: skip


def values(rows):
    keys = zip(
        *(rows.column(name).tolist() for name in ("step", "site", "variable", "quantity", "member")), strict=True
    )
    return dict(zip(keys, rows.column("value").tolist(), strict=True))


def test_a_scan_says_there_what_it_says_here_and_is_not_gone_on_with_elsewhere(trained, tmp_path, elsewhere):
    here, there = scanned(trained, tmp_path / "here"), scanned(trained, tmp_path / "there", device=elsewhere)
    assert values(there.rows) == pytest.approx(values(here.rows), abs=1e-3)
    assert there.folder.manifest()["networks"]["model"]["recipe"]["device"] == elsewhere
    assert "device" not in here.folder.manifest()["networks"]["model"]["recipe"]
    with pytest.raises(RunFolderError, match="a scan with other device"):
        scanned(trained, tmp_path / "there")
    rows = there.measure("cluster_count", model=lambda: copy.deepcopy(trained[0]), device=elsewhere)
    expected = here.measure("cluster_count", model=lambda: copy.deepcopy(trained[0]))
    assert values(rows) == pytest.approx(values(expected), abs=1e-3)


def test_what_runs_in_bfloat16_is_measured_as_float32(trained, tmp_path, elsewhere):
    model, x, y, _ = trained
    low = copy.deepcopy(model).bfloat16()
    (tmp_path / "weights").mkdir()
    half = stored(low, tmp_path / "weights")
    run = scanned(trained, tmp_path / "here", half)
    there = scanned(trained, tmp_path / "there", half, device=elsewhere)
    assert values(there.rows) == pytest.approx(values(run.rows), abs=1e-3)
    held = iscope.representations(low, x.bfloat16(), ["1"])["1"]
    assert held.dtype == torch.bfloat16
    told = values(run.rows)
    for t in (held, held.to(elsewhere)):
        assert iscope.usable_information(t, y).value == pytest.approx(
            iscope.usable_information(held.float().numpy(), y).value, abs=1e-3
        )
    wide = iscope.geometry(held.float().numpy(), measure="effective_rank")["effective_rank"].value
    assert told[0, "1", "input", "effective_rank", 0] == pytest.approx(wide, rel=1e-9)


def test_a_scan_in_shards_makes_its_sums_there(trained, tmp_path, elsewhere):
    model, x, y, held = trained
    found = [
        values(
            iscope.scan(
                held, lambda: copy.deepcopy(model), x.numpy(), {"label": y}, places=["1"], measures=["one_pass"],
                out=tmp_path / str(device), shards=2, device=device,
            ).rows
        )
        for device in (None, elsewhere)
    ]  # fmt: skip
    assert {key[0] for key in found[0]} == {0, 1}
    assert found[1] == pytest.approx(found[0], abs=1e-3)


def test_states_of_one_pass_are_float64_sums_whatever_the_rows_are_and_wherever_they_lie(elsewhere):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=600)
    t = torch.tensor(rng.normal(size=(600, 12)) + 2 * np.eye(3, 12)[y] + 40).bfloat16()

    def told(rows, **options):
        state = iscope.OnePass({"label": 3}, sample=100, **options)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(one_pass, "BLOCK", 128)
            for first in range(0, 600, 100):
                here = slice(first, first + 100)
                state.update({"a": rows[here], "b": rows[here, :2]}, {"label": y[here]}, first=first)
            return [(one.place, one.about, str(one.estimate.quantity), one.estimate.value) for one in state.finish()]

    for options in ({}, {"sketch": 5}):
        expected, found = told(t.float().numpy(), **options), told(t.to(elsewhere), **options)
        assert [one[:3] for one in found] == [one[:3] for one in expected]
        np.testing.assert_allclose([one[3] for one in found], [one[3] for one in expected], rtol=1e-4, atol=1e-5)


def test_a_state_fed_on_a_device_is_saved_and_goes_on_on_the_cpu(tmp_path, elsewhere):
    t = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    state = iscope.OnePass(sample=0).update(torch.tensor(t[:200]).to(elsewhere))
    state.save(tmp_path / "state")
    again = iscope.OnePass.load(tmp_path / "state").update(t[200:])
    whole = iscope.OnePass(sample=0).update(t)
    pairs = zip(again.finish(), whole.finish(), strict=True)
    assert all(one.estimate.value == pytest.approx(other.estimate.value, rel=1e-6) for one, other in pairs)


def test_a_watched_network_on_a_device(trained, tmp_path, elsewhere):
    model, x, y, _ = trained
    found = []
    for device in ("cpu", elsewhere):
        with iscope.watch(
            copy.deepcopy(model).to(device), x, {"label": y}, MEASURES, tmp_path / device, places=["1"]
        ) as scope:
            scope.step(0)
        found.append(values(scope.run.rows))
    assert found[1] == pytest.approx(found[0], abs=1e-3)


def test_a_device_that_is_not_there_is_said_before_anything_is_made(trained, tmp_path):
    with pytest.raises(InputError, match="device 'nonsense' cannot be used"):
        scanned(trained, tmp_path / "run", device="nonsense")
    assert not (tmp_path / "run").exists()
    run = scanned(trained, tmp_path / "run", {0: trained[3][0]})
    with pytest.raises(InputError, match="device 'nonsense' cannot be used"):
        run.measure("effective_rank", model=lambda: copy.deepcopy(trained[0]), device="nonsense")
