"""A network with everything that a recorder could disturb, and a measurement that needs no estimator of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from infoscope.core import check
from infoscope.core.estimate import Estimate
from infoscope.core.measurement import Measured
from infoscope.core.quantity import Quantity


@dataclass
class Spread:
    """The mean square of a representation, and of its class means; refuses NaN as estimators do."""

    scale: float = 1.0
    id: str = "spread"
    seen: list[tuple[int, ...]] = field(default_factory=list)

    @property
    def options(self) -> dict[str, Any]:
        return {"scale": self.scale}

    def measure(self, t: Any, variables: Mapping[str, np.ndarray]) -> list[list[Measured]]:
        self.seen.append(tuple(t.shape))
        return [self._member(member, variables) for member in check.representation(t, "t", stacked=True)]

    def _member(self, t: np.ndarray, variables: Mapping[str, np.ndarray]) -> list[Measured]:
        found = [Measured("input", self._estimate(float((t**2).mean()), "I(X;T)", len(t)))]
        for name, labels in variables.items():
            means = np.stack([t[labels == k].mean(0) for k in np.unique(labels)])
            found.append(Measured(name, self._estimate(float(means.var(0).mean()), "I(T;Y)", len(t))))
        return found

    def _estimate(self, value: float, quantity: str, n: int) -> Estimate:
        return Estimate(self.scale * value, Quantity.of(quantity, "nats"), "mean square", n)


class Everything(nn.Module):
    """Dropout, a batch norm that trains, one frozen in eval mode, an in-place ReLU used twice, a tuple, a flatten."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(6, 8)
        self.norm = nn.BatchNorm1d(8)
        self.frozen = nn.BatchNorm1d(8)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.3)
        self.body = nn.Sequential(nn.Linear(8, 4), nn.Tanh())
        self.head = nn.Linear(4, 3)
        self.frozen.eval()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.drop(self.relu(self.norm(self.first(x))))
        return self.head(self.body(self.relu(self.frozen(h))))


@pytest.fixture
def spread() -> Spread:
    return Spread()


@pytest.fixture
def everything() -> Callable[[], nn.Module]:
    """The class, so that a test can build it under its own seed."""
    return Everything


@pytest.fixture
def inputs() -> torch.Tensor:
    return torch.randn(32, 6, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.arange(32) % 3
