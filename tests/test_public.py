"""The public face: one list of exports, told alike by the stub and ``__all__``; what the command line does, a script
can do."""

import ast
import importlib.util
import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import infoscope
from infoscope.cli import app
from infoscope.core import registry
from infoscope.core.errors import InputError, UnknownNameError

ROOT = Path(infoscope.__file__).parent
PAGES = ROOT.parent.parent
#: Every command, and what does the same in Python.
COMMANDS = {
    "list": "contributions",
    "demo": "demo",
    "run": "run",
    "scan": "scan",
    "sweep": "sweep",
    "measure": "Run.measure",
    "examples": "Run.examples",
    "since-when": "Run.since_when",
    "report": "report",
    "serve": "serve",
    "compare": "compare",
    "export": "export",
    "claims": "Run.claims",
    "check": "Run.check",
    "entropy": "entropy",
    "mutual-information": "mutual_information",
    "conditional-mutual-information": "conditional_mutual_information",
    "dependence": "dependence",
    "geometry": "geometry",
    "usable-information": "usable_information",
    "bench": "bench",
    "choose": "choose",
    "warm": "warm",
}


def stated() -> list[str]:
    """The names that the stub imports, in its order."""
    tree = ast.parse((ROOT / "__init__.pyi").read_text(encoding="utf-8"))
    return [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names]


def test_the_stub_is_the_list_and_every_name_is_there():
    assert infoscope.__all__ == sorted(stated())
    assert len(set(stated())) == len(stated())
    assert set(infoscope.__all__) <= set(dir(infoscope))
    for name in infoscope.__all__:
        assert not inspect.ismodule(getattr(infoscope, name)), name


def test_what_pages_name_of_modules_is_promised_and_there():
    """Whoever follows a page holds a name that may not go away: each stands in ``docs/stability.md``, and no other."""
    told: set[str] = set()
    for page in [PAGES / "README.md", *PAGES.glob("docs/how-to/*.md")]:
        text = page.read_text(encoding="utf-8")
        told |= {name for name in re.findall(r"`(infoscope\.[\w.]+)", text) if not is_module(name)}
        for module, names in re.findall(r"^ *from (infoscope\.[\w.]+) import (.+)$", text, flags=re.M):
            told |= {f"{module}.{name.split()[0]}" for name in names.split(",")}
    promises = (PAGES / "docs" / "stability.md").read_text(encoding="utf-8")
    promised = set(re.findall(r"`(infoscope\.[\w.]+\.\w+)`", promises))
    assert len(told) > 10
    assert {name for name in told if name.count(".") > 1} == promised
    for name in told:
        module, _, last = name.rpartition(".")
        assert hasattr(importlib.import_module(module), last), name


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of what stands before the last dot
        return False


@pytest.mark.parametrize("name", infoscope.__all__)
def test_every_public_name_says_what_it_is(name):
    assert inspect.getdoc(getattr(infoscope, name))


def test_importing_it_is_light():
    code = "import sys, infoscope; dir(infoscope); infoscope.__version__\n"
    code += "assert not {'torch', 'numpy', 'scipy', 'numba', 'pyarrow'} & set(sys.modules)\n"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_command_has_its_function():
    commands = {name for name in app if not name.startswith("-")} - {
        name.replace("-", "_") for name in COMMANDS if "-" in name
    }
    assert commands == set(COMMANDS)
    for function in COMMANDS.values():
        thing = infoscope
        for part in function.split("."):
            thing = getattr(thing, part)
        assert callable(thing)


def test_the_commands_use_public_names_only():
    """``infoscope.x`` of this list, and ``core``; nothing else of the package."""
    for path in (ROOT / "cli").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("infoscope"):
                assert node.module.startswith(("infoscope.core.", "infoscope.cli")) or node.module in (
                    "infoscope.core",
                    "infoscope.cli",
                ), f"{path.name} imports {node.module}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "infoscope":
                assert node.attr in infoscope.__all__, f"{path.name} uses infoscope.{node.attr}"


@pytest.mark.parametrize(
    ("make", "text", "options"),
    [
        (infoscope.estimator, "binned(bins=60)", {"bins": 60}),
        (infoscope.probe, "mlp(hidden=64, steps=300)", {"hidden": 64, "steps": 300}),
        (infoscope.measurement, "class_distances", {}),
        (infoscope.measurement, "kde(noise_variance=0.1)", {"noise_variance": 0.1}),
    ],
)
def test_objects_by_name_with_options_in_either_spelling(make, text, options):
    name = text.partition("(")[0]
    assert make(text) == make(name, **options) == make(name, **{k: str(v) for k, v in options.items()})
    with pytest.raises(UnknownNameError, match=f"did you mean '{name}'"):
        make(name[:-1])
    with pytest.raises(UnknownNameError, match="binz"):
        make(name, binz=3)


def test_an_estimator_object_answers_as_the_function_does():
    t = np.random.default_rng(0).normal(size=(200, 2))
    made = infoscope.estimator("binned", bins=60)
    assert made.plane(t, t[:, 0] > 0).xt.value == infoscope.plane(t, t[:, 0] > 0, "binned(bins=60)").xt.value


def test_contributions_are_what_the_registry_lists():
    assert list(infoscope.contributions()) == list(registry.KINDS)
    assert infoscope.contributions("probes") == {"probes": registry.entries("probes")}
    with pytest.raises(UnknownNameError, match="did you mean 'probes'"):
        infoscope.contributions("probe")


def test_representations_leave_the_model_as_it_was():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2)).train()
    x = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    read = infoscope.representations(model, x, ["0", "output"], batch_size=3)
    assert list(read) == ["0", "output"]
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())
    torch.testing.assert_close(read["0"], model[0](torch.from_numpy(x)).detach())
    torch.testing.assert_close(read["output"], model[2](read["0"]).detach())
    assert list(infoscope.representations(model, x)) == ["0", "1", "2"]
    assert list(infoscope.representations(model, x, "[02]")) == ["0", "2"]
    with pytest.raises(UnknownNameError, match="there is no place named '9'"):
        infoscope.representations(model, x, ["9"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return infoscope.run("saxe2018/tanh", preset="smoke", seeds=2, out=tmp_path_factory.mktemp("out"))


def test_a_figure_runs_and_is_reported(run, tmp_path):
    assert isinstance(run, infoscope.Run)
    assert run.folder.path.name == "saxe2018-tanh-smoke"
    assert run.missing is None
    assert [verdict["claim"]["id"] for verdict in run.verdicts] == ["saxe2018/tanh/compresses"]
    assert infoscope.report(run) == run.folder.path / "report.html"
    page = infoscope.report(run, str(run.folder.path), out=tmp_path / "both.html")
    assert page.stat().st_size > 10_000
    drawn = infoscope.report_figures(run, folder=tmp_path / "figures")
    assert {path.suffix for path in drawn} == {".png", ".svg"}
    with pytest.raises(InputError, match="at least one run"):
        infoscope.report()


def test_its_mistakes_are_told(tmp_path):
    with pytest.raises(UnknownNameError, match="did you mean 'saxe2018/tanh'"):
        infoscope.run("saxe2018/tahn", out=tmp_path)
    with pytest.raises(infoscope.InfoscopeError, match="there is no run folder"):
        infoscope.report(tmp_path / "none")
    with pytest.raises(AttributeError, match="nothing_such"):
        infoscope.nothing_such  # noqa: B018


def test_the_version_is_the_changelogs():
    heading = next(
        line for line in (PAGES / "CHANGELOG.md").read_text(encoding="utf-8").splitlines() if line.startswith("## ")
    )
    assert infoscope.__version__.split(".dev")[0] == heading.split()[1].rstrip(",")
    assert ("in development" in heading) == (".dev" in infoscope.__version__)
