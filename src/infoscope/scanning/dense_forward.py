"""Representations and learning curves of dense networks from compiled loops, in place of torch's.

They are those of the network itself up to rounding: 1e-6 of what a layer holds, on small networks at a tenth of the
time or less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from infoscope.kernels import parallel, row_products
from infoscope.kernels.dense_forward import CODES, forward
from infoscope.kernels.dense_forward import performance as member_performance
from infoscope.train import statistics
from infoscope.train.network import Dense, Network
from infoscope.train.statistics import Performance

WIDEST = 1024  # as of training: up to here it wins over a matrix library
SECONDS = 1e-10  # of a multiply-add, about
#: A member with a parameter beyond this has diverged, and is left to torch, which lets nothing that is not finite pass
#: for a number.
DIVERGED = 1e6


class DenseForward:
    """The forward passes of ``network`` on rows ``x [n, d]``."""

    def __init__(self, network: Dense, x: np.ndarray) -> None:
        self.network = network
        self._x = row_products.padded(x)
        self._sizes, self._code = np.array(network.widths, np.int64), CODES[network.activation]

    @classmethod
    def of(cls, network: Network, x: np.ndarray, device: str) -> DenseForward | None:
        """None where there are no compiled loops for such a network on that device."""
        if not isinstance(network, Dense) or device != "cpu" or network.activation not in CODES:
            return None
        if network.head != "softmax":
            return None
        return cls(network, x) if max(network.widths) <= WIDEST else None

    def representations(self, parameters: Mapping[str, Tensor], sites: Iterable[str] = ()) -> dict[str, Tensor]:
        """As :meth:`infoscope.train.network.Network.representations` of the network."""
        flat, n = self._flat(parameters), len(self._x)
        members, places, every = len(flat), self.network.places, row_products.followed(np.arange(n))
        wanted = set(sites) or set(self.network.layers)
        widths = {site: self.network.widths[1 + place] for site, place in places.items() if site in wanted}
        starts = np.full((members, len(self._sizes) - 1, 2), -1, np.int64)
        out, begin = np.empty(members * n * sum(widths.values()), np.float32), 0
        found: dict[str, Tensor] = {}
        for site, width in widths.items():
            starts[:, places[site], int(not site.endswith(".linear"))] = begin + n * width * np.arange(members)
            end = begin + members * n * width
            piece: Any = out[begin:end]
            found[site] = torch.as_tensor(piece.reshape(members, n, width))
            begin = end
        jobs = [
            partial(forward, self._sizes, self._code, p, self._x, every, at, out)
            for p, at in zip(flat, starts, strict=True)
        ]
        self._run(jobs, n)
        for member, own in _diverged(flat, parameters):
            with torch.no_grad():
                for site, t in self.network.representations(own, self._inputs(), widths).items():
                    found[site][member] = t[0]
        return found

    def performance(self, parameters: Mapping[str, Tensor], y: np.ndarray, rows: np.ndarray) -> Performance:
        """As :func:`infoscope.train.statistics.performance`, for classes ``y [n]`` of all rows."""
        flat = self._flat(parameters)
        every = np.broadcast_to(rows, (len(flat), rows.shape[1]))
        jobs = [
            partial(member_performance, self._sizes, self._code, p, self._x, y, row_products.followed(own))
            for p, own in zip(flat, every, strict=True)
        ]
        answers = torch.tensor(self._run(jobs, rows.shape[1]), dtype=torch.float64)
        for member, own in _diverged(flat, parameters):
            x, classes, mine = self._inputs(), torch.tensor(y), torch.tensor(every[member : member + 1])
            answers[member] = torch.cat(statistics.performance(self.network, own, x, classes.long(), mine))
        return Performance(*answers.T)

    def _inputs(self) -> Tensor:
        return torch.tensor(self._x[:, : self.network.widths[0]])

    def _run(self, jobs: Sequence[Callable[[], Any]], rows: int) -> list[Any]:
        adds = sum(out * into for _, (out, into) in self.network.shapes())
        return parallel.run(jobs, parallel.cores(len(jobs) * rows * adds * SECONDS))

    def _flat(self, parameters: Mapping[str, Tensor]) -> np.ndarray:
        """``[m, parameters]``, layer by layer, weight before bias."""
        names = [f"{layer}.linear.{part}" for layer in self.network.layers for part in ("weight", "bias")]
        return torch.cat([parameters[name].flatten(1) for name in names], dim=1).numpy()


def _diverged(flat: np.ndarray, parameters: Mapping[str, Tensor]) -> Iterator[tuple[int, dict[str, Tensor]]]:
    """The members beyond :data:`DIVERGED`, each with its own parameters stacked alone."""
    for member in np.flatnonzero(~(np.abs(flat).max(1) <= DIVERGED)).tolist():
        yield member, {name: tensor[member : member + 1] for name, tensor in parameters.items()}
