"""Rows on devices that torch computes on, and products there that are what their precision says."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from infoscope.core import check


def read_there(t: Any) -> Any:
    """A checked representation as it is measured: a tensor where it lies, but a NumPy array where its device knows no
    float64."""
    return check.on_cpu(t) if t.device.type == "mps" else t


def together(*arrays: Any) -> tuple[Any, ...]:
    """Rows ``[n, d]`` where one of them lies on a device all there; labels ``[n]`` stay what they are.

    A device without float64 is left: there all come to the CPU.
    """
    there = next((one.device for one in arrays if check.is_tensor(one)), None)
    if there is None:
        return arrays
    if there.type == "mps":
        return tuple(map(check.on_cpu, arrays))
    import torch

    return tuple(torch.as_tensor(one).to(there) if one.ndim == 2 else one for one in arrays)


@contextmanager
def full_precision() -> Generator[None]:
    """Inside, products of float32 matrices are float32 products, whatever a training has asked of torch.

    ``torch.set_float32_matmul_precision("high")`` lets a card round their factors to ten bits, and a CPU to seven: a
    descent whose gradient is that coarse does not arrive. The setting is one for the process; afterwards it is as it
    was.
    """
    import torch

    try:
        before = torch.get_float32_matmul_precision()
    except RuntimeError:  # set by the names of backends, which only torch that knows those names minds
        yield from _by_backends(torch.backends)
        return
    if before == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def _by_backends(backends: Any) -> Generator[None]:
    kinds = backends.cuda.matmul, backends.mkldnn.matmul
    before = [kind.fp32_precision for kind in kinds]
    for kind in kinds:
        kind.fp32_precision = "ieee"
    try:
        yield
    finally:
        for kind, was in zip(kinds, before, strict=True):
            kind.fp32_precision = was
