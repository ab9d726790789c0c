"""A scan of checkpoints: one run, whatever wrote them; gone on with, measured again, and refused in a sentence."""

from __future__ import annotations

import copy
import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

import infoscope as iscope
from infoscope.core.errors import InputError, RunFolderError, UnknownNameError
from infoscope.scanning import one_pass

RANK = ["effective_rank"]


def rank(files, out, **options):
    return iscope.scan(str(files.path), files.build, files.x, {"y": files.y}, measures=RANK, out=out, **options)


def values(rows):
    keys = zip(rows.column("step"), rows.column("site"), rows.column("variable"), strict=True)
    return dict(zip(keys, rows.column("value").tolist(), strict=True))


def test_a_folder_of_transformers_is_a_run_that_knows_its_defaults(gpt2, tmp_path, capsys):
    run = iscope.scan(gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, out=tmp_path / "run")
    sites = ["transformer.h.0@tokens", "transformer.h.1@tokens", "transformer.ln_f@tokens"]
    assert run.rows.sites() == sites
    assert sorted(run.rows.unique("step")) == [0, 2, 5, 10]
    assert run.rows.unique("estimator") == ["usable_information"]
    assert (run.rows.unique("n"), run.rows.unique("groups")) == ([40 * 12], [40])
    assert "4 checkpoints to be read of 4, 3 places of up to 480 rows" in capsys.readouterr().err
    manifest = run.folder.manifest()
    assert manifest["networks"]["model"]["recipe"]["scanned"].endswith("GPT2LMHeadModel")
    assert manifest["state"] == "done"
    origin = manifest["networks"]["model"]["checkpoints"]["10"]
    assert origin["kind"] == "huggingface"
    assert origin["bytes"] == (gpt2.path / "checkpoint-10" / "model.safetensors").stat().st_size


def test_what_it_reads_is_what_the_network_holds_at_that_step(gpt2, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    measures = ["usable_information(probe=linear)"]
    run = iscope.scan(
        gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, places="transformer.h.*@tokens",
        measures=measures, steps=[0, 10], out=tmp_path / "run",
    )  # fmt: skip
    groups = np.arange(40).repeat(12)
    for step in (0, 10):
        model = transformers.GPT2LMHeadModel.from_pretrained(gpt2.path / f"checkpoint-{step}").eval()
        with torch.no_grad():
            states = model(gpt2.ids, output_hidden_states=True).hidden_states
        told = iscope.usable_information(states[1].reshape(-1, 16), gpt2.kind.reshape(-1), groups=groups)
        assert values(run.rows)[step, "transformer.h.0@tokens", "kind"] == pytest.approx(told.value, abs=1e-5)
    weights = run.trajectory[10]["transformer.wte.weight"]
    assert torch.equal(weights[0], model.transformer.wte.weight)


def test_labels_of_samples_alone_are_read_from_means(gpt2, tmp_path):
    run = iscope.scan(
        gpt2.pattern, None, {"input_ids": gpt2.ids}, {"first": gpt2.first}, steps=[10], out=tmp_path / "run"
    )
    assert run.rows.sites() == ["transformer.h.0@mean", "transformer.h.1@mean", "transformer.ln_f@mean"]


def test_later_measures_places_variables_examples_and_a_report(gpt2, tmp_path):
    run = iscope.scan(
        gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, measures=RANK, steps=[0, 10],
        out=tmp_path / "run",
    )  # fmt: skip
    rows = run.measure("usable_information(probe=linear)", ["transformer.wte@tokens"], variables={"first": gpt2.first})
    assert (rows.sites(), rows.unique("variable")) == (["transformer.wte@tokens"], ["kind", "first"])
    assert sorted(rows.unique("step")) == [0, 10]
    assert len(run.examples("kind", site="transformer.h.1@tokens")) == 480
    page = run.report().read_text(encoding="utf-8")
    assert "GPT2LMHeadModel" in page
    assert iscope.load(run.folder.path).check().faults == ()


@pytest.mark.parametrize("kind", ["folder", "list", "paths by step", "weights by step", "functions by step"])
def test_every_way_to_name_checkpoints_gives_the_same_rows(plain, tmp_path, kind):
    paths = {step: plain.path / f"step_{step}.pt" for step in (0, 9, 10)}
    weights = {step: torch.load(path, weights_only=True)["model"] for step, path in paths.items()}
    source = {
        "folder": plain.path,
        "list": [str(path) for path in reversed(list(paths.values()))],
        "paths by step": paths,
        "weights by step": weights,
        "functions by step": {step: lambda step=step: weights[step] for step in paths},
    }[kind]
    wanted = values(rank(plain, tmp_path / "wanted").rows)
    run = iscope.scan(source, plain.build, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run")
    assert values(run.rows) == wanted
    assert run.trajectory.steps == [0, 9, 10]


def test_called_again_it_measures_what_is_new_and_nothing_twice(plain, tmp_path, monkeypatch):
    first = rank(plain, tmp_path / "run").rows
    plain.save(20)
    seen = []
    step = one_pass._step
    monkeypatch.setattr(one_pass, "_step", lambda at, *others: (seen.append(at), step(at, *others)))
    second = rank(plain, tmp_path / "run").rows
    assert seen == [20]
    assert sorted(second.unique("step")) == [0, 9, 10, 20]
    assert {key: value for key, value in values(second).items() if key[0] != 20} == values(first)
    assert rank(plain, tmp_path / "run").rows.content_hash() == second.content_hash()


def test_without_a_folder_the_same_call_finds_its_run(plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first, again = rank(plain, None), rank(plain, None)
    assert first.folder.path == again.folder.path
    assert first.folder.path.name.startswith("scanned-weights-")
    other = iscope.scan(str(plain.path), plain.build, plain.x, {"y": plain.y}, measures=["participation_ratio"])
    assert other.folder.path != first.folder.path


def test_a_scan_that_was_killed_goes_on_to_the_same_rows(plain, tmp_path, monkeypatch):
    wanted = rank(plain, tmp_path / "wanted").rows.content_hash()
    step = one_pass._step

    def killed(at, *others):
        if at == 10:
            raise KeyboardInterrupt
        step(at, *others)

    monkeypatch.setattr(one_pass, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        rank(plain, tmp_path / "run")
    assert iscope.load(tmp_path / "run").folder.manifest()["state"] == "interrupted"
    monkeypatch.setattr(one_pass, "_step", step)
    run = rank(plain, tmp_path / "run")
    assert run.rows.content_hash() == wanted
    assert run.folder.manifest()["state"] == "done"


def test_one_forward_a_checkpoint_feeds_everything(plain, tmp_path):
    calls = []

    class Counted(plain.build):
        def forward(self, x):
            calls.append(len(x))
            return super().forward(x)

    options = {"out": tmp_path / "run", "measures": ["effective_rank", "usable_information(probe=linear)"]}
    iscope.scan(str(plain.path), Counted, plain.x, {"y": plain.y, "z": plain.y % 2}, **options)
    calls.clear()
    plain.save(20)
    iscope.scan(str(plain.path), Counted, plain.x, {"y": plain.y, "z": plain.y % 2}, **options)
    asked = len(calls)
    calls.clear()
    plain.save(30)
    plain.save(40)
    iscope.scan(str(plain.path), Counted, plain.x, {"y": plain.y, "z": plain.y % 2}, **options)
    assert len(calls) == asked + 1


def test_equal_weights_are_told(plain, tmp_path, capsys):
    plain.save(20, seed=9)
    run = rank(plain, tmp_path / "run")
    assert "equal weights at steps 9, 20" in capsys.readouterr().err
    assert run.trajectory.equal == [(9, 20)]
    assert "equal weights at steps 9, 20" in run.report().read_text(encoding="utf-8")


def test_other_inputs_variables_places_or_measures_are_another_scan(plain, tmp_path):
    rank(plain, tmp_path / "run")
    with pytest.raises(RunFolderError, match="other inputs, variables or groups"):
        iscope.scan(str(plain.path), plain.build, plain.x + 1, {"y": plain.y}, measures=RANK, out=tmp_path / "run")
    with pytest.raises(RunFolderError, match="other places"):
        rank(plain, tmp_path / "run", places=["act"])
    with pytest.raises(RunFolderError, match="other measures"):
        iscope.scan(
            str(plain.path), plain.build, plain.x, {"y": plain.y}, measures=["participation_ratio"],
            out=tmp_path / "run",
        )  # fmt: skip
    replaced = iscope.scan(
        str(plain.path), plain.build, plain.x + 1, {"y": plain.y}, measures=RANK, out=tmp_path / "run", overwrite=True
    )
    assert len(replaced.rows.unique("step")) == 3
    iscope.watch(plain.build(), plain.x, {"y": plain.y}, RANK, out=tmp_path / "watched").__enter__().__exit__(
        None, None, None
    )
    with pytest.raises(RunFolderError, match="no scan of checkpoints"):
        rank(plain, tmp_path / "watched")


def test_a_checkpoint_that_changed_moved_or_is_gone(plain, tmp_path):
    run = rank(plain, tmp_path / "run")
    plain.save(9, seed=77)
    with pytest.raises(RunFolderError, match=r"step 9 .* holds other weights than"):
        rank(plain, tmp_path / "run")
    with pytest.raises(RunFolderError, match="holds other weights than"):
        run.measure("participation_ratio", model=plain.build)
    plain.save(9)  # the same weights in a file written anew
    rank(plain, tmp_path / "run")
    shutil.move(plain.path, tmp_path / "elsewhere")
    with pytest.raises(RunFolderError, match="is gone, the checkpoint of step 0"):
        run.measure("participation_ratio", model=plain.build)
    iscope.scan(str(tmp_path / "elsewhere"), plain.build, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run")
    assert len(run.measure("participation_ratio", model=plain.build).unique("step")) == 3
    (tmp_path / "new").mkdir()
    for part in ("run", "elsewhere"):  # the run and the checkpoints together
        shutil.move(tmp_path / part, tmp_path / "new" / part)
    moved = iscope.load(tmp_path / "new" / "run")
    assert len(moved.measure("cluster_count", model=plain.build).unique("step")) == 3


def test_weights_in_memory_cannot_be_measured_later(plain, tmp_path):
    run = iscope.scan(
        {0: plain.build().state_dict()}, plain.build, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run"
    )
    with pytest.raises(RunFolderError, match="in memory, so only you have them"):
        run.measure("participation_ratio", model=plain.build)


# --- what is refused ------------------------------------------------------------------------------------------------


def test_no_checkpoint_or_one_step_twice(plain, tmp_path):
    with pytest.raises(InputError, match="matches nothing"):
        iscope.scan(str(plain.path / "epoch*"), plain.build, plain.x, {"y": plain.y}, out=tmp_path / "run")
    shutil.copy(plain.path / "step_9.pt", plain.path / "step-9.pt")
    with pytest.raises(InputError, match="are both of step 9"):
        rank(plain, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_another_network_is_named_before_anything_is_measured(plain, tmp_path):
    plain.save(30, width=5)
    with pytest.raises(InputError, match=r"step 30 .* is of another network than step 0 .*first\.bias"):
        rank(plain, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_place_that_is_in_some_checkpoints_only(gpt2, tmp_path):
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    shutil.copytree(gpt2.path, tmp_path / "some")
    config = transformers.GPT2Config.from_pretrained(gpt2.path / "checkpoint-10", n_layer=3)
    transformers.GPT2LMHeadModel(config).save_pretrained(tmp_path / "some" / "checkpoint-20")
    with pytest.raises(InputError, match=r"step 20 .*transformer\.h\.2.* not there"):
        iscope.scan(
            str(tmp_path / "some"), None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind},
            places="transformer.h.2@tokens", out=tmp_path / "run",
        )  # fmt: skip


def test_a_half_written_checkpoint(gpt2, tmp_path):
    shutil.copytree(gpt2.path, tmp_path / "some")
    file = tmp_path / "some" / "checkpoint-10" / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(RunFolderError, match="checkpoint-10"):
        iscope.scan(str(tmp_path / "some"), None, {"input_ids": gpt2.ids}, {"kind": gpt2.kind}, out=tmp_path / "run")


def test_no_one_can_build_the_network(plain, tmp_path):
    with pytest.raises(InputError, match=r"no config\.json lies beside"):
        iscope.scan(str(plain.path), None, plain.x, {"y": plain.y}, out=tmp_path / "run")
    with pytest.raises(InputError, match="wanted a function that returns the network"):
        iscope.scan(str(plain.path), plain.build(), plain.x, {"y": plain.y}, out=tmp_path / "run")
    run = rank(plain, tmp_path / "run")
    with pytest.raises(RunFolderError, match=r"no config\.json lies beside"):
        run.measure("participation_ratio")


@pytest.mark.parametrize(
    ("groups", "folds", "said"),
    [
        (lambda n: np.zeros(n, int), 5, "group"),
        (lambda n: np.arange(n) % 3, 5, "group"),
    ],
    ids=["one group", "more folds than groups"],
)
def test_groups_that_no_probe_can_be_fitted_on(plain, tmp_path, groups, folds, said):
    g = groups(60)
    with pytest.raises(InputError, match=f"cannot be taken of the 60 rows at 'first'.*{said}"):
        iscope.scan(
            str(plain.path), plain.build, plain.x, {"y": plain.y}, groups=g, out=tmp_path / "run",
            measures=[f"usable_information(folds={folds})"],
        )  # fmt: skip
    assert not (tmp_path / "run").exists()


def test_labels_that_are_constant_within_too_few_groups_are_not_believed(plain, tmp_path):
    run = iscope.scan(
        str(plain.path), plain.build, plain.x, {"y": plain.y}, groups=plain.y, out=tmp_path / "run",
        measures=["usable_information(folds=3)"],
    )  # fmt: skip
    # where rounding ends a descent whose optimum is at infinity it may also be said not to have converged
    assert {"UNDERSAMPLED"} <= set(run.rows.unique("status")) <= {"UNDERSAMPLED", "NOT_CONVERGED"}
    assert all("have a class that no fitted row has" in note for note in run.rows.column("notes"))


def test_a_sequence_of_ignored_labels_leaves_only_its_own_rows_out(gpt2, tmp_path):
    kind = gpt2.kind.clone()
    kind[3] = -100
    run = iscope.scan(gpt2.pattern, None, {"input_ids": gpt2.ids}, {"kind": kind}, steps=[10], out=tmp_path / "run")
    assert run.rows.unique("n") == [39 * 12]
    mask = torch.ones_like(gpt2.ids)
    mask[3] = 0
    inputs = {"input_ids": gpt2.ids, "attention_mask": mask}
    run = iscope.scan(gpt2.pattern, None, inputs, {"kind": gpt2.kind}, steps=[10], out=tmp_path / "masked")
    assert run.rows.unique("n") == [39 * 12]
    there = run.folder.manifest()["evaluated"]["rows at"]["transformer.h.0@tokens"]
    assert there["samples without a row"] == 1
    with pytest.raises(InputError, match="has no row"):
        iscope.scan(
            gpt2.pattern, None, {"input_ids": gpt2.ids, "attention_mask": 0 * mask}, {"kind": gpt2.kind},
            places="transformer.h.*@tokens", steps=[10], out=tmp_path / "none",
        )  # fmt: skip


class Cached(nn.Module):
    """A network whose states depend on whether it keeps a cache."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor, use_cache: bool = True) -> torch.Tensor:
        return self.layer(x if use_cache else 2 * x)


def test_a_network_that_changes_with_its_cache(plain, tmp_path):
    with pytest.raises(InputError, match=r"the states at 'layer' change by \d+% with use_cache"):
        iscope.scan({0: Cached().state_dict()}, Cached, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run")


def test_quantised_and_offloaded_networks(plain, tmp_path):
    def offloaded():
        return plain.build().to("meta")

    with pytest.raises(InputError, match="without values"):
        iscope.scan(str(plain.path), offloaded, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run")

    def quantised():
        model = plain.build()
        model.first.weight = nn.Parameter(model.first.weight.to(torch.int8), requires_grad=False)
        return model

    with pytest.raises(InputError, match="quantised"):
        iscope.scan(str(plain.path), quantised, plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run")


def test_an_unknown_place_measure_step_or_argument(plain, tmp_path):
    with pytest.raises(UnknownNameError, match="frist"):
        rank(plain, tmp_path / "run", places=["frist"])
    with pytest.raises(UnknownNameError, match="no checkpoint of step 7"):
        rank(plain, tmp_path / "run", steps=[7])
    with pytest.raises(UnknownNameError, match="argument of scan"):
        rank(plain, tmp_path / "run", place=["first"])
    with pytest.raises(InputError, match="no inputs arrived"):
        iscope.scan(str(plain.path), plain.build)
    with pytest.raises(InputError, match="without the folder of a run"):
        rank(plain, None, overwrite=True)
    with pytest.raises(InputError, match="nothing to measure"):
        iscope.scan(str(plain.path), plain.build, plain.x, {"y": plain.y}, measures=[], out=tmp_path / "run")
    with pytest.raises(InputError, match="compares two networks and one is scanned"):
        iscope.scan(
            str(plain.path), plain.build, plain.x, {"y": plain.y}, measures=["cosine_similarity"], out=tmp_path / "run"
        )


def test_the_network_that_is_built_is_not_the_callers(plain, tmp_path):
    model = plain.build()
    before = copy.deepcopy(model.state_dict())
    iscope.scan(
        str(plain.path), lambda: copy.deepcopy(model), plain.x, {"y": plain.y}, measures=RANK, out=tmp_path / "run"
    )
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert "home" not in json.dumps(iscope.load(tmp_path / "run").folder.manifest()["networks"]["model"]["checkpoints"])


def test_padding_that_changes_states_is_told_and_its_rows_are_not_believed(gpt2, tmp_path):
    mask = torch.ones_like(gpt2.ids)
    mask[::2, :5] = 0  # on the left, and GPT-2 counts positions from there
    inputs = {"input_ids": gpt2.ids, "attention_mask": mask}
    with pytest.warns(UserWarning, match="padding changes the states"):
        run = iscope.scan(gpt2.pattern, None, inputs, {"kind": gpt2.kind}, steps=[0, 10], out=tmp_path / "run")
    assert set(run.rows.unique("status")) <= {"UNRESOLVED", "UNDERSAMPLED"}
    assert all("pass position_ids" in notes for notes in run.rows.unique("notes"))


def test_scans_of_several_seeds_are_members_of_one_network(plain, tmp_path):
    runs = [rank(plain, tmp_path / str(seed), member=seed, seed=40 + seed) for seed in (0, 1)]
    assert runs[1].rows.unique("member") == [1]
    assert runs[1].rows.unique("seed") == [41]
    joined = iscope.load([run.folder.path for run in runs])
    assert sorted(joined.rows.unique("member")) == [0, 1]
    assert runs[1].measure("participation_ratio", model=plain.build).unique("member") == [1]
    with pytest.raises(RunFolderError, match="other member or seed"):
        rank(plain, tmp_path / "1", member=2)
    named = rank(plain, tmp_path / "named", network="wide")
    assert named.networks == ["wide"]
