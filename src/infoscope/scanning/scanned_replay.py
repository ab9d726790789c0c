"""The replay of a scanned run: checkpoints that others wrote, in the network that their owner builds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infoscope.core.folder import RunFolder
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.evaluated import Evaluated
from infoscope.record.fitting import fit
from infoscope.record.layout import Chosen
from infoscope.record.referred import ReferredTrajectory
from infoscope.scanning.users_replay import UsersReplay


class ScannedReplay(UsersReplay):
    """The replay of a scanned run: its stored evaluation set, and the checkpoints that it refers to, one in memory at a
    time.

    given: the checkpoints of a scan that goes on now; each is recorded as it is read. chosen: the rows of places that
    are known already. evaluated: where it is known already what padding does at these places.
    """

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        model: Any,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
        given: Sequence[Checkpoint] = (),
        chosen: Mapping[str, Chosen] | None = None,
        evaluated: Evaluated | None = None,
    ) -> None:
        self.checkpoints, self._given = ReferredTrajectory(folder, network, given), given
        super().__init__(folder, network, model, self.checkpoints, groups, variables)
        self._chosen.update(chosen or {})
        if evaluated is not None:
            self.evaluated.doubts.update(evaluated.doubts)
            self._padding |= self._chosen.keys()

    def _load(self, step: int) -> None:
        one = self.checkpoints.checkpoint(step)
        fit(one, self._model)
        if self._given:
            self.checkpoints.record(one)
