"""What an ensemble's network is to the trainer, the replay and the measures: plain values that can run many members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from torch import Tensor, nn


class Network(Protocol):
    """A frozen dataclass in ``train/networks``. Parameters are stacked: ``{name: tensor [m, …]}``; buffers too.

    Inputs come as the task has them, one flat row a sample ``[n, features]``; a network that wants images reshapes.
    """

    @property
    def inputs(self) -> int:
        """Columns of the input."""
        ...

    @property
    def classes(self) -> int:
        """Logits."""
        ...

    @property
    def layers(self) -> tuple[str, ...]:
        """The sites that are read where none are named, from input to output."""
        ...

    @property
    def places(self) -> Mapping[str, int]:
        """Every site that can be named, and its place from input to output."""
        ...

    def initial(self, seeds: Iterable[int]) -> dict[str, Tensor]:
        """Stacked initial parameters; a member's depend on its own seed and on nothing else."""
        ...

    def logits(self, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Logits ``[m, n, classes]`` on ``x``, ``[n, d]`` shared or ``[m, n, d]`` each its own, as in evaluation."""
        ...

    def representations(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str] = ()
    ) -> dict[str, Tensor]:
        """What each of ``sites`` (none: ``layers``) holds ``{site: T [m, n, d]}``, as in evaluation: without noise."""
        ...

    def propagated(
        self, parameters: Mapping[str, Tensor], x: Tensor, sites: Iterable[str], replicas: int, seed: int
    ) -> dict[str, Tensor]:
        """The clean outputs of noisy forwards ``{site: S [m, n, replicas, d]}``: the noise of the layers before a site
        is on, its own is not added yet (Goldfeld et al. 2019). Of a network without noise all replicas are alike.
        """
        ...

    def module(self, parameters: Mapping[str, Tensor], member: int = 0) -> nn.Module:
        """One member as an ordinary ``nn.Module``."""
        ...
