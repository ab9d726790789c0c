"""Named tensors in safetensors files: written atomically, damage told in one sentence, nothing pickled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infoscope.core.errors import InputError, RunFolderError
from infoscope.core.files import atomic

if TYPE_CHECKING:  # listing the steps of a trajectory must not import torch
    import torch


def save(tensors: Mapping[str, torch.Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write ``tensors`` (from any device, tied or transposed) and text ``metadata`` to ``path``.

    Raises
    ------
    InputError: something that is not a dense tensor.
    RunFolderError: the disk is full, or the operating system refuses for another reason.
    """
    from safetensors.torch import save_file

    plain = _own_memory(tensors)
    with atomic(path) as temporary:
        save_file(plain, temporary, metadata={"format": "pt", **metadata})


def _own_memory(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
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
def readable(path: Path) -> Iterator[Any]:
    """``path`` opened by safetensors; whatever is wrong inside becomes one sentence."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as reason:
        raise RunFolderError(
            f"{path} is damaged ({str(reason).splitlines()[0]}): delete that file, the others are whole"
        ) from reason


def load(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """The tensors, on the CPU, and the metadata of ``path``; RunFolderError when the file is damaged."""
    with readable(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
