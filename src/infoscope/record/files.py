"""Named tensors in safetensors files: written atomically, hashed, damage told in one sentence, nothing pickled."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core import snapshots
from infoscope.core.errors import InputError
from infoscope.core.files import atomic
from infoscope.core.refusals import unreadable

if TYPE_CHECKING:  # listing the steps of a trajectory must not import torch
    import torch


@contextmanager
def _nameable(path: Path) -> Generator[str | Path]:
    """``path``, or another name of that file where ``path`` is not UTF-8: safetensors opens no such file."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as opened:
            yield f"/dev/fd/{opened.fileno()}"
        return
    yield path


def save(
    tensors: Mapping[str, torch.Tensor], path: Path, metadata: dict[str, str], *, lasting: bool = True
) -> snapshots.Stamp:
    """Write ``tensors`` (from any device, tied or transposed) and text ``metadata`` to ``path``; returns the hashes.

    lasting: as of :func:`infoscope.core.files.atomic`.

    Raises
    ------
    InputError: something that is not a dense tensor.
    RunFolderError: the disk is full, or the operating system refuses for another reason.
    """
    from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]  # its PathLike says not of what

    plain = _own_memory(tensors)
    about = {"format": "pt", **metadata}
    stamp = snapshots.stamped(weights_hash(plain), about)
    hashes = {snapshots.WEIGHTS: stamp["weights"], snapshots.AT: stamp["at"]}
    with atomic(path, lasting=lasting) as temporary:
        save_file(plain, temporary, metadata={**about, **hashes})
    return stamp


def weights_hash(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over the names, types, shapes and values of tensors on the CPU, whatever order they come in."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{len(name)} {name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _own_memory(tensors: Mapping[str, object]) -> dict[str, torch.Tensor]:
    """Contiguous CPU tensors, no two of which share memory: safetensors refuses tied weights and transposed views."""
    import torch

    seen: set[int] = set()
    plain: dict[str, torch.Tensor] = {}
    for name, tensor in tensors.items():
        if not isinstance(tensor, torch.Tensor) or tensor.layout is not torch.strided:
            raise InputError(f"{name} is a {_kind(tensor)}, wanted a dense tensor: leave it out or call .to_dense()")
        tensor = tensor.detach().cpu().contiguous()
        memory = tensor.untyped_storage().data_ptr()
        plain[name] = tensor.clone() if memory in seen else tensor
        seen.add(memory)
    return plain


def _kind(value: Any) -> str:
    return f"tensor of layout {value.layout}" if hasattr(value, "layout") else type(value).__name__


@contextmanager
def readable(path: Path, advice: str) -> Generator[Any]:
    """``path`` opened by safetensors; whatever is wrong inside becomes one sentence, which ends with ``advice``."""
    from safetensors import SafetensorError, safe_open

    try:
        with _nameable(path) as name, cast(Any, safe_open(name, framework="pt")) as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as reason:
        raise unreadable(path, reason, advice) from reason


def load(
    path: Path, advice: str, listed: snapshots.Stamp | None = None, *, hashed: bool = False
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the metadata of ``path``, as they were written.

    listed: the hashes that its run lists of it. hashed: a file that says none of itself is not what was written.

    Raises
    ------
    RunFolderError: the file is missing, cannot be read, or holds something else than was written.
    """
    with readable(path, advice) as file:
        tensors: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata: dict[str, str] = file.metadata() or {}
        stamp = snapshots.stamp(metadata)
        if stamp is None and hashed:
            raise ValueError("it says no hash of itself")
        if stamp is not None and stamp["weights"] != weights_hash(tensors):
            raise ValueError("the hash of its values is not that of what was written")
        if listed is not None and stamp != listed:
            raise ValueError("it is whole and another one than its run lists")
    return tensors, metadata
