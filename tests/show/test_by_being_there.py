"""A measure of geometry in one new file is measured, drawn in the report and by name, and said in its own words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import infoscope
import infoscope.measure.geometry
from infoscope.core import registry
from infoscope.core.folder import RunFolder
from infoscope.show.figures import figure
from infoscope.show.report import _cards, write_report

FILE = '''
from dataclasses import dataclass
from typing import ClassVar

from infoscope.core.measurement import Measured
from infoscope.core.quantity import Quantity
from infoscope.measure.bases.geometry import Geometry


@dataclass(frozen=True)
class Reach(Geometry):
    """How far the furthest row lies from the first."""

    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity("reach_of_rows", "norm", "Reach of the rows", "geometry"),
        Quantity("reach_share", "fraction", "Share of rows beyond half of it", "geometry"),
    )

    def _of(self, t, labels):
        far = ((t - t[:1]) ** 2).sum(1) ** 0.5
        yield Measured("input", self._say(self.quantities[0], far.max(), "largest distance", len(t)))
        yield Measured("input", self._say(self.quantities[1], (far > far.max() / 2).mean(), "share", len(t)))
'''


@pytest.fixture
def reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file, as if it lay in the folder."""
    (tmp_path / "reach.py").write_text(FILE)
    known = registry.entries
    entry = registry._read("geometries", tmp_path / "reach.py", tmp_path, "infoscope.measure.geometry")
    monkeypatch.setattr(
        registry, "entries", lambda kind: {**known(kind), **({"reach": entry} if kind == "geometries" else {})}
    )
    here = infoscope.measure.geometry
    monkeypatch.setattr(here, "__path__", [*here.__path__, str(tmp_path)])


def test_it_is_measured_and_drawn_by_being_there(reach, tmp_path):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    inputs, labels = torch.randn(30, 4), torch.arange(30) % 2
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    with infoscope.watch(model, inputs, {"label": labels}, ["reach", "binned"], out=tmp_path / "run") as scope:
        for step in range(3):
            torch.nn.functional.cross_entropy(model(inputs), labels).backward()
            optimiser.step()
            scope.step(step)
    folder = RunFolder.open(tmp_path / "run")
    rows = folder.rows()
    mine = rows.filter(estimator="reach")
    assert mine.unique("kind") == ["geometry"]
    assert mine.unique("words") == ["Reach of the rows", "Share of rows beyond half of it"]
    assert mine.filter(quantity="reach_share").unit() == "fraction"

    titles = [panel["title"]["text"] for panel in figure("geometry", rows).spec["hconcat"]]
    assert titles == ["Reach of the rows: model, reach", "Share of rows beyond half of it: model, reach"]
    (section,) = _cards.sections([folder], [rows])
    (block,) = (block for block in section.blocks if block.estimator == "reach")
    assert [panel.heading for panel in block.panels] == [
        "Geometry along training: reach of rows", "Geometry along training: reach share",
    ]  # fmt: skip
    spec = block.panels[1].cards[0].spec or {}
    assert spec["encoding"]["y"]["title"] == "share of rows beyond half of it (fraction)"
    assert "Measured with reach" in write_report([folder], tmp_path / "report.html").read_text(encoding="utf-8")
