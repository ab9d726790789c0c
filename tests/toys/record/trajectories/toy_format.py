from __future__ import annotations

from pathlib import Path

import torch

from infoscope.record.trajectories._format import Format, Selection


class ToyFormat(Format):
    """A text file ``N.toy`` that holds a name and a number a line."""

    def recognises(self, path: Path) -> bool:
        return path.suffix == ".toy"

    def read(self, path: Path, selection: Selection) -> dict[str, torch.Tensor]:
        lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        return {name: torch.tensor(float(number)) for name, number in lines}
