"""Several runs of one training, read as one run of several members: a sweep over seeds that somebody ran by hand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from infoscope.core import shares
from infoscope.core.errors import RunFolderError, warn
from infoscope.core.folder import RunFolder
from infoscope.core.rows import Rows

Told = Mapping[str, set[Any]]


class JoinedFolder(RunFolder):
    """A view of several run folders, for reading only: networks of one name are one network of several members.

    Members keep their numbers where no two runs of a network share one; else they are numbered anew, in the order of
    the runs. ``path`` is the folder that holds the runs.

    Raises
    ------
    RunFolderError: fewer than two runs, one of them twice, one without rows, or runs that read a network of the same
        name at other places, or of which other variables or measurements are told.
    """

    def __init__(self, folders: Sequence[RunFolder]) -> None:
        if len(folders) < 2:
            raise RunFolderError(f"{len(folders)} run arrived to be joined, wanted several: pass all runs of the sweep")
        where = [folder.path.resolve() for folder in folders]
        for i, path in enumerate(where):
            if path in where[:i]:
                raise RunFolderError(f"{folders[i].path} arrived twice, wanted each run of the sweep once")
        super().__init__(Path(os.path.commonpath([path.parent for path in where])))
        self.folders = tuple(folders)
        self._held = [folder.rows() for folder in folders]
        for folder, rows in zip(folders, self._held, strict=True):
            if not len(rows):
                raise RunFolderError(f"{folder.path} holds no rows yet, so it cannot be joined with others")
        self._alike()
        if not self._one_evaluation_set:
            warn(
                "infoscope: these runs were read on different evaluation sets, so what lies between their members is "
                "also what lies between those: give each training of a sweep the same inputs and variables"
            )

    @property
    def id(self) -> str:
        return f"{self.folders[0].id} and {len(self.folders) - 1} more"

    def manifest(self) -> dict[str, Any]:
        first = self.folders[0].manifest()
        every = [folder.manifest() for folder in self.folders]
        networks = {name: about for each in reversed(every) for name, about in each.get("networks", {}).items()}
        order = dict.fromkeys(name for each in every for name in each.get("networks", {}))
        states = [each.get("state") for each in every]
        kept = {
            name: first[name] for name in ("format", "versions", "machine", "measures", "evaluated") if name in first
        }
        return {
            **kept,
            "id": self.id,
            "title": f"{len(every)} runs of {first.get('title') or self.folders[0].id}, joined",
            "networks": {name: networks[name] for name in order},
            "seeds": [seed for each in every for seed in each.get("seeds") or ()],
            "state": next((state for state in states if state != "done"), "done"),
            "joined": [folder.id for folder in self.folders],
        }

    def rows(self) -> Rows:
        return self._joined

    @cached_property
    def _joined(self) -> Rows:
        parts: list[Rows] = []
        for rows, numbers in zip(self._held, self._numbers, strict=True):
            table = _renumbered(rows.table, numbers)
            here = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(rows), np.int32)), pa.array([self.id]))
            parts.append(Rows(_with(table, "run", here)))
        return Rows.concat(parts)

    def shares(self) -> pa.Table:
        """What groups add to estimates of every member.

        Raises
        ------
        RunFolderError: the runs were read on different evaluation sets, whose groups are not the same.
        """
        if not self._one_evaluation_set:
            raise RunFolderError(
                f"{self.id} were read on different evaluation sets, so their groups are not the same ones: ask "
                "each run by itself"
            )
        pairs = zip(self.folders, self._numbers, strict=True)
        return shares.together([_renumbered(folder.shares(), numbers) for folder, numbers in pairs])

    @property
    def _one_evaluation_set(self) -> bool:
        return len({folder.manifest().get("evaluation") for folder in self.folders}) == 1

    @cached_property
    def members(self) -> list[dict[str, Any]]:
        """Which run each member is of: ``network``, ``member``, ``run``, ``seed``, in the order of the runs."""
        found: list[dict[str, Any]] = []
        for folder, rows, numbers in zip(self.folders, self._held, self._numbers, strict=True):
            for (network, member), number in numbers.items():
                seed = int(rows.filter(network=network, member=member).column("seed")[0])
                found.append({"network": network, "member": number, "run": str(folder.path), "seed": seed})
        return found

    @cached_property
    def _numbers(self) -> list[dict[tuple[str, int], int]]:
        """For each run the number of each of its (network, member)."""
        pairs = [_pairs(rows) for rows in self._held]
        flat = [pair for own in pairs for pair in own]
        twice = {network for network, member in flat if flat.count((network, member)) > 1}
        free: dict[str, int] = {}
        found: list[dict[tuple[str, int], int]] = []
        for own in pairs:
            numbers: dict[tuple[str, int], int] = {}
            for network, member in own:
                numbers[network, member] = free.get(network, 0) if network in twice else member
                free[network] = free.get(network, 0) + 1
            found.append(numbers)
        return found

    def _alike(self) -> None:
        """Refuse runs that do not tell the same of a network of the same name."""
        seen: dict[str, tuple[RunFolder, Told]] = {}
        for folder, rows in zip(self.folders, self._held, strict=True):
            for network in rows.unique("network"):
                told = _told(rows.filter(network=network))
                other, wanted = seen.setdefault(network, (folder, told))
                for what, names in told.items():
                    if different := sorted(map(_said, names ^ wanted[what])):
                        more = f" and {len(different) - 3} more" if len(different) > 3 else ""
                        raise RunFolderError(
                            f"{other.path} and {folder.path} cannot be joined, since network {network!r} does not have "
                            f"the same {what} in both (only one has {', '.join(different[:3])}{more}): join runs that "
                            "were watched and measured alike"
                        )

    def verdicts(self) -> list[dict[str, Any]]:
        return []

    def examples(self) -> Iterator[tuple[Path, Callable[[], pa.Table]]]:
        yield from ()


def _pairs(rows: Rows) -> list[tuple[str, int]]:
    """The distinct (network, member), networks in the order of the rows and members in theirs."""
    return [
        (name, member)
        for name in rows.unique("network")
        for member in sorted(rows.filter(network=name).unique("member"))
    ]


def _told(rows: Rows) -> Told:
    measured = zip(rows.column("estimator").tolist(), rows.column("options").tolist(), strict=True)
    return {
        "places": set(rows.unique("site")),
        "variables": set(rows.unique("variable")),
        "measurements": set(measured),
    }


def _renumbered(table: pa.Table, numbers: Mapping[tuple[str, int], int]) -> pa.Table:
    """Rows or shares of one run with the numbers that its members have among all."""
    networks, members = table["network"].cast(pa.string()).to_pylist(), table["member"].to_pylist()
    anew = [numbers[pair] for pair in zip(networks, members, strict=True)]
    return _with(table, "member", pa.array(anew, pa.int32()))


def _said(name: Any) -> str:
    return f"{name[0]} with {name[1]}" if isinstance(name, tuple) else str(name)


def _with(table: pa.Table, name: str, column: Any) -> pa.Table:
    return table.set_column(table.schema.names.index(name), table.schema.field(name), column)
