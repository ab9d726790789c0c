"""The laws of what can be measured, asked of rows on a device: ``--device cuda``, ``--device standin``."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from infoscope.core import check


@pytest.fixture(autouse=True)
def _rows_lie_there(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--device``, whatever rows a test hands over lie there once they are checked."""
    if request.config.getoption("--device") == "cpu":
        return
    device, checked = request.getfixturevalue("device"), check._checked

    def there(*arguments):
        rows = checked(*arguments)
        return rows if check.is_tensor(rows) else torch.tensor(np.ascontiguousarray(rows)).to(device)

    monkeypatch.setattr(check, "_checked", there)
