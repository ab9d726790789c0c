"""The ``.metadata`` of torch.distributed.checkpoint, which is a pickle: read with nothing of it run.

torch's own reader unpickles that file whole. Here only the classes that describe tensors are made, and an inert object
stands for everything else.
"""

from __future__ import annotations

import collections
import io
import pickle
from pathlib import Path
from typing import Any

import torch
from torch.distributed.checkpoint import filesystem, metadata

from infoscope.record.trajectories._format import damaged
from infoscope.record.trajectories._tensors import Inert

_DESCRIBING = {
    (module.__name__, name): getattr(module, name)
    for module, names in {
        metadata: (
            "Metadata", "MetadataIndex", "TensorStorageMetadata", "BytesStorageMetadata", "ChunkStorageMetadata",
            "TensorProperties", "StorageMeta", "_MEM_FORMAT_ENCODING",
        ),
        filesystem: ("_StorageInfo", "_StoragePrefix"),
    }.items()
    for name in names
    if hasattr(module, name)
}  # fmt: skip
_PLAIN: dict[tuple[str, str], Any] = {
    ("torch", "Size"): torch.Size,
    ("torch.serialization", "_get_layout"): getattr(torch.serialization, "_get_layout", None),
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("builtins", "set"): set,
    ("builtins", "frozenset"): frozenset,
}


class _Describing(pickle.Unpickler):
    """Makes descriptions of tensors and nothing else."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        found = _DESCRIBING.get((module_name, global_name), _PLAIN.get((module_name, global_name)))
        if found is None and module_name == "torch" and isinstance(getattr(torch, global_name, None), torch.dtype):
            found = getattr(torch, global_name)
        return found if found is not None else Inert


def described(folder: Path) -> metadata.Metadata:
    """What the folder holds, as its ``.metadata`` says it.

    Raises
    ------
    RunFolderError: that file is missing, damaged, or describes files outside of the folder.
    """
    path = folder / ".metadata"
    try:
        found: object = _Describing(io.BytesIO(path.read_bytes())).load()
        if not isinstance(found, metadata.Metadata) or not isinstance(found.storage_data, dict):
            raise ValueError("it describes no weights")
        for each in files_of(found):
            if Path(each).is_absolute() or ".." in Path(each).parts:
                raise ValueError(f"it names the file {each!r}, which lies outside of the folder")
    except Exception as reason:  # of what a damaged pickle makes of itself
        raise damaged(path, reason) from reason
    return found


def files_of(about: metadata.Metadata) -> list[str]:
    """The files in which the described tensors lie."""
    return sorted({str(each.relative_path) for each in dict(about.storage_data or {}).values()})


class Reader(filesystem.FileSystemReader):
    """torch's reader of such a folder, with a description that was read with nothing run."""

    def __init__(self, folder: Path, about: metadata.Metadata) -> None:
        super().__init__(str(folder))  # pyright: ignore[reportUnknownMemberType]  # of its path
        self._about = about

    def read_metadata(self, *args: Any, **kwargs: Any) -> metadata.Metadata:
        """The description."""
        del args, kwargs
        if getattr(self._about, "storage_meta", None) is None and hasattr(metadata, "StorageMeta"):
            self._about.storage_meta = metadata.StorageMeta()
        return self._about
