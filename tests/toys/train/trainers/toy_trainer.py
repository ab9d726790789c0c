"""A trainer for one layer."""

from __future__ import annotations

from infoscope.train.network import Dense, Network
from infoscope.train.trainers.batched import BatchedTrainer


class ToyTrainer(BatchedTrainer):
    """As the batched one, and more gladly where there is no hidden layer."""

    @classmethod
    def rank(cls, network: Network, device: str) -> int | None:
        return -1 if isinstance(network, Dense) and len(network.widths) == 2 else None
