"""The replay of a watched run: its weights, run through the network that only its owner can build."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infoscope.core.errors import RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.record.trajectory import Trajectory
from infoscope.scanning.users_replay import UsersReplay


class WatchedReplay(UsersReplay):
    """The replay of a watched run: its stored evaluation set and snapshots, run through the user's own network."""

    def __init__(
        self,
        folder: RunFolder,
        network: str,
        model: Any,
        groups: Any = None,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self._snapshots = Trajectory.of(folder, network)
        super().__init__(folder, network, model, self._snapshots, groups, variables)

    def _load(self, step: int) -> None:
        state = {name: tensor[0] for name, tensor in self._snapshots[step].items()}
        try:
            self._model.load_state_dict(state)
        except RuntimeError as reason:
            first = str(reason).splitlines()[-1].strip()
            raise RunFolderError(
                f"model() returned a network whose parameters are not those recorded ({first}): "
                "build the one that was watched"
            ) from reason
