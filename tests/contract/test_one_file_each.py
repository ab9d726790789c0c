"""One more of anything is one file: toys, dropped into a copy of the package, are listed, told, measured and drawn.

The files lie under ``tests/toys`` where they would lie in the package. Nothing else of the copy is touched.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent

import pytest

import infoscope
from infoscope.core import registry

PACKAGE = Path(infoscope.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
TOYS = {path.relative_to(ROOT / "tests" / "toys") for path in (ROOT / "tests" / "toys").rglob("*.py")}
SCRIPTS = {
    "tasks": """
        task = infoscope.task("toy_task")
        assert (len(task), task.classes) == (64, 2)
    """,
    "sources": """
        from infoscope.data.source import find_source
        found = infoscope.mutual_information(*find_source("toy-pair").sample(2000), "ksg")
        assert abs(found.value - find_source("toy-pair").truth) < 0.1
    """,
    "estimators": """
        found = infoscope.mutual_information(x, y, "toy_estimator(bins=4)")
        assert found.value > 0.2 and found.status.name == "OK"
        with infoscope.watch(model, x, {"label": y}, ["toy_estimator"], "watched", schedule=[0]) as scope:
            scope.step(0)
        assert scope.run.rows.unique("estimator") == ["toy_estimator"]
        assert "toy_estimator" in infoscope.report(scope.run).read_text(encoding="utf-8")
    """,
    "probes": """
        assert infoscope.usable_information(x, y, "toy_probe").value > 0.2
    """,
    "dependences": """
        assert infoscope.dependence(x, x, "toy_dependence").value > 0.9
    """,
    "geometries": """
        assert infoscope.geometry(x, measure="toy_geometry")["toy_reach"].value > 1
        with infoscope.watch(model, x, {}, ["toy_geometry"], "watched", schedule=[0, 1]) as scope:
            scope.step(0)
            scope.step(1)
        assert "Reach of the farthest row" in infoscope.report(scope.run).read_text(encoding="utf-8")
    """,
    "contextual": """
        with infoscope.watch(model, x, {}, ["effective_rank"], "watched", schedule=[0]) as scope:
            scope.step(0)
        rows = scope.run.measure("toy_contextual", model=lambda: model)
        assert (rows.unique("quantity"), rows.unique("status")) == (["toy_likeness"], ["OK"])
    """,
    "plots": """
        with infoscope.watch(model, x, {}, ["effective_rank"], "watched", schedule=[0, 1]) as scope:
            scope.step(0)
            scope.step(1)
        assert "toy&#39;s view of geometry" in infoscope.report(scope.run).read_text(encoding="utf-8")
        from infoscope.show.figures import draw
        assert draw("toy_plot", scope.run.rows, "toy.svg").stat().st_size > 1000
    """,
    "rules": """
        three = torch.arange(24.0).reshape(4, 3, 2)
        found = infoscope.representations(torch.nn.Identity(), three, ["output@toy_middle"])["output@toy_middle"]
        assert torch.equal(found, three[:, 1])
        places, every = ["output@toy_middle"], torch.as_tensor(x).unflatten(1, (3, 1))
        with infoscope.watch(torch.nn.Identity(), every, {"label": y}, ["usable_information"], "watched",
                             schedule=[0], places=places) as scope:
            scope.step(0)
        assert scope.run.rows.unique("site") == places
        assert "output@toy_middle" in infoscope.report(scope.run).read_text(encoding="utf-8")
    """,
    "trajectories": """
        from infoscope.record.fitting import fit
        from infoscope.record.foreign import checkpoints
        class Toy(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.zeros(()))
        toy = Toy()
        for step in (2, 10):
            Path(f"{step}.toy").write_text(f"weight {step}.5")
        assert [one.step for one in checkpoints("*.toy")] == [2, 10]
        for one in checkpoints("*.toy"):
            fit(one, toy)
            assert toy.weight.item() == one.step + 0.5
    """,
    "trackers": """
        told = {"schedule": [0, 5], "trackers": ["toy_tracker"]}
        with infoscope.watch(model, x, {}, ["effective_rank"], "watched", **told) as scope:
            scope.step(0)
            scope.step(5)
        from infoscope.show.trackers.toy_tracker import ToyTracker
        *told, last = ToyTracker.told
        assert [(run, step) for run, step, values in told] == [("watched", 0), ("watched", 5)]
        assert last == "finished" and all(len(values) == 2 for _, _, values in told)
        assert infoscope.export(scope.run, to="toy_tracker") == 2
    """,
    "adapters": """
        made = infoscope.callback("toy_loop", x, {"label": y}, measures=["effective_rank"], out="watched")
        made.run(model, [lambda: None] * 2)
        assert made.scope.run.rows.unique("step") == [0, 1, 2]
        assert made.scope.run.folder.manifest()["state"] == "done"
    """,
    "engines": """
        for step in (0, 100):
            torch.save(model.state_dict(), f"step-{step}.pt")
        asked = {"measures": ["effective_rank"], "out": "scanned", "engine": "toy_engine", "workers": 2}
        run = infoscope.scan("step-*.pt", lambda: model, x, {"label": y}, **asked)
        from infoscope.engine.engines.toy_engine import ToyEngine
        assert (run.rows.unique("step"), ToyEngine.done) == ([0, 100], 2)
    """,
    "peers": """
        found = infoscope.bench("smoke", estimators=["toy_peer"], sources=["toy-pair"], sizes=[200])
        assert found["answers"] == found["planned"] > 0 and not found["broken"]
    """,
    "figures": """
        run = infoscope.run("toy2026/line", preset="smoke", out="runs")
        assert [verdict["said"] for verdict in run.verdicts] == ["reproduced"]
        assert "A straight line rises" in infoscope.report(run).read_text(encoding="utf-8")
    """,
    "networks": """
        from infoscope.claim.running import train_network, measure_network, plan_of
        from infoscope.core.folder import RunFolder
        from infoscope.scanning.plan import NetworkPlan
        from infoscope.scanning.measure_plan import MeasurePlan
        from infoscope.train.networks.toy_network import ToyNetwork
        from infoscope.train.recipe import Recipe
        plan = NetworkPlan("toy", "toy_task", ToyNetwork((6, 2)), Recipe(50, 0.1, 16), (0, 1), (0, 5, 50),
                           (MeasurePlan("binned", {"bins": 4, "range": (0.0, 1.0)}),))
        about = {"toy": {**plan.to_json(), "sites": ["output"]}}
        folder = RunFolder.create(Path("run"), {"title": "toy", "networks": about, "state": "created"})
        with folder.writing():
            train_network(folder, "toy", plan_of(folder, "toy"))
            measure_network(folder, "toy", plan_of(folder, "toy"))
        run = infoscope.load("run")
        assert plan_of(run.folder, "toy").network == plan.network
        assert run.trajectory.steps[0] == 0 and len(run.trajectory.steps) == 3
        accuracy = run.rows.filter(quantity="accuracy")
        assert accuracy.column("value")[-1] > accuracy.column("value")[0]
        assert len(run.measure("effective_rank")) == 6
        assert len(infoscope.report(run).read_text(encoding="utf-8")) > 10_000
    """,
    "trainers": """
        from infoscope.train.ensemble import Ensemble
        from infoscope.train.networks.toy_network import ToyNetwork
        from infoscope.train.recipe import Recipe
        from infoscope.train.training import choose_trainer, initial_state, make_trainer
        network, task = ToyNetwork((6, 2)), infoscope.task("toy_task")
        assert choose_trainer(network, "cpu") == "toy_trainer"
        rows, label = np.arange(48)[None].repeat(2, 0), task.variables["label"].astype(np.int32)
        ensemble = Ensemble(network, Recipe(50, 0.1, 16), task.inputs, label, rows, (0, 1))
        assert make_trainer(ensemble).advance(initial_state(ensemble), 5).epoch == 5
    """,
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package with the toys in it, in a folder of its own."""
    place = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, place / "infoscope", ignore=shutil.ignore_patterns("__pycache__"))
    for path in TOYS:
        (place / "infoscope" / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / "toys" / path, place / "infoscope" / path)
    return place


def test_there_is_a_toy_of_every_kind():
    folders = {kind: Path(folder) for kind, folder in registry.KINDS.items()}
    assert set(SCRIPTS) == set(folders)
    for kind, folder in folders.items():
        assert len([path for path in TOYS if path.is_relative_to(folder)]) == 1, f"one file for {kind}"


def test_they_are_listed_and_told(copy, tmp_path):
    told = """
        import pages
        assert Path(infoscope.__file__).is_relative_to(COPY)
        made = pages.pages()
        for kind, entries in infoscope.contributions().items():
            (toy,) = [name for name in entries if "toy" in name]
            assert f"## {toy}\\n" in made[f"{kind}.md"], toy
            print(kind, toy, entries[toy].summary)
    """
    places = f"import sys\nfrom pathlib import Path\nimport infoscope\nCOPY = {str(copy)!r}\n"
    places += f"sys.path.insert(0, {str(ROOT / 'docs')!r})\n"
    assert len(run(copy, places + dedent(told), tmp_path).splitlines()) == len(registry.KINDS)


BEFORE = """
from pathlib import Path
import numpy as np, torch, infoscope
rng = np.random.default_rng(0)
y = rng.integers(2, size=300)
x = (rng.normal(size=(300, 3)) + 2 * y[:, None]).astype(np.float32)
model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
"""


@pytest.fixture(scope="module")
def outcomes(copy, tmp_path_factory) -> dict[str, str]:
    """What stopped the script of each kind, each in its own folder; in one process, as starting is most of its time."""
    told = f"""
import json, os, traceback
outcomes = {{}}
for kind, script in {SCRIPTS!r}.items():
    os.mkdir(kind)
    os.chdir(kind)
    try:
        exec(compile(dedent(script), kind, "exec"), dict(globals()))
        outcomes[kind] = ""
    except Exception:
        outcomes[kind] = traceback.format_exc()
    os.chdir("..")
print(json.dumps(outcomes))
"""
    before = "from textwrap import dedent\n" + BEFORE
    return json.loads(run(copy, before + told, tmp_path_factory.mktemp("scripts")).splitlines()[-1])


@pytest.mark.parametrize("kind", SCRIPTS)
def test_one_file_is_enough(outcomes, kind):
    assert outcomes[kind] == ""


def run(copy: Path, code: str, where: Path) -> str:
    """What ``code`` prints in a process of its own, with the copy in place of the package."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    main = "if __name__ == '__main__':\n" + indent(code, "    ")  # whose workers must not run it again
    (where / "script.py").write_text(main, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=where, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
