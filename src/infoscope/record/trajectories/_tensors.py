"""Tensors out of the files of other programs: nothing that such a file holds is run, whatever it holds beside them.

``torch.load(weights_only=True)`` refuses a file as soon as it holds one class that torch does not know, wherever it
lies. So the foreign names in it are asked for first, and an inert class stands for each: it takes any arguments and any
state and does nothing. What torch blocks (``os``, ``sys`` …) stays refused.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from infoscope.core import text
from infoscope.core.errors import InputError
from infoscope.record import files
from infoscope.record.trajectories._format import REMEDY, damaged

if TYPE_CHECKING:
    import torch

#: How the restricted loader says that an object is filled as a dict or a list is, and which one.
_FILLED = re.compile(r"Can only (SETITEMS?|append|extend).*?got <class '([^']+)'>", re.DOTALL)
#: What torch says around a reason, in advice that is not ours: to run the file.
_AROUND = re.compile(r"\s*(?:\(\d\) |Weights only load failed|Re-running|Do not|Do it|Check the|Please |In PyTorch|$)")


class Inert:
    """Stands for an object of a class that is not known here: takes anything, does nothing."""

    stands_for = ""

    def __new__(cls, *arguments: object, **options: object) -> Any:
        del arguments, options
        return super().__new__(cls)

    def __init__(self, *arguments: object, **options: object) -> None:
        del arguments, options

    def __setstate__(self, state: object) -> None:
        del state


def safetensors_of(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a ``.safetensors`` file, memory-mapped.

    Raises
    ------
    RunFolderError: it is missing, half-written or no such file.
    """
    with files.readable(path, REMEDY) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def saved_by_torch(path: Path) -> Any:
    """What ``torch.save`` wrote to ``path``, with an :class:`Inert` object in place of whatever torch does not know.

    Raises
    ------
    RunFolderError: it is missing or half-written.
    InputError: it would have to be run to be read, or is a program (TorchScript).
    """
    import torch

    try:
        zipped = zipfile.is_zipfile(path)
        with path.open("rb") as opened:
            begin = opened.read(4)
    except OSError as reason:
        raise damaged(path, reason) from reason
    if not begin:
        raise damaged(path, ValueError("it is empty"))
    if not zipped and begin == b"PK\x03\x04":
        raise damaged(path, ValueError("it ends before its list of contents"))
    if zipped and _is_program(path):
        raise InputError(
            f"{path} holds a TorchScript program, wanted weights: save module.state_dict() with torch.save instead"
        )
    foreign: list[str] = []
    naming = getattr(torch.serialization, "get_unsafe_globals_in_checkpoint", None)  # torch 2.6 and later
    if zipped and naming is not None:
        try:
            foreign = sorted(cast("list[str]", naming(str(path))))
        except Exception:  # of what a damaged file makes of itself; told by the loader, below
            foreign = []
    stubs = {name: _stub(name) for name in foreign}
    while True:
        try:
            return _restricted(path, list(stubs.values()), mapped=zipped)
        except pickle.UnpicklingError as reason:
            found = _FILLED.search(str(reason))
            name = found[2] if found is not None else ""
            if found is None or not issubclass(stubs.get(name, object), Inert):
                raise _refused(path, str(reason)) from reason
            stubs[name] = _container(name, OrderedDict if found[1].startswith("SETITEM") else list)
        except (TypeError, AttributeError, IndexError, KeyError, NotImplementedError) as reason:
            raise _refused(path, _first_line(reason)) from reason
        except MemoryError:
            raise
        except Exception as reason:  # of what a damaged file makes of itself
            raise damaged(path, reason) from reason


def _is_program(path: Path) -> bool:
    """Whether it is what TorchScript saves: code, which its weights are constants of."""
    try:
        with zipfile.ZipFile(path) as opened:
            return any(name.endswith("/constants.pkl") for name in opened.namelist())
    except zipfile.BadZipFile as reason:
        raise damaged(path, reason) from reason


def _restricted(path: Path, stubs: list[type], *, mapped: bool) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the protocol of a pickle, and of types of storages
        if not stubs:
            return torch.load(str(path), map_location="cpu", weights_only=True, mmap=mapped)
        with torch.serialization.safe_globals(cast(Any, stubs)):
            return torch.load(str(path), map_location="cpu", weights_only=True, mmap=mapped)


def _stub(name: str) -> type:
    """An inert class that torch's loader takes for what ``name`` (module and qualified name) stands for."""
    module, _, own = name.rpartition(".")
    return type("Inert", (Inert,), {"__module__": module, "__qualname__": own, "stands_for": text.name(name)})


def _container(name: str, kind: Callable[[], Any]) -> type:
    """The same for a class that is filled as a dict or a list is: a plain one of these is made in its place."""
    module, _, own = name.rpartition(".")

    def made(cls: type, *arguments: object, **options: object) -> Any:
        del cls, arguments, options
        return kind()

    return type("Filled", (), {"__module__": module, "__qualname__": own, "__new__": made})


def _refused(path: Path, reason: str) -> InputError:
    _, inner, after = reason.partition("WeightsUnpickler error: ")
    lines = [line for line in (after if inner else reason).splitlines() if not _AROUND.match(line)]
    why = text.sentence(next(iter(lines), _first_line(reason)).strip(), 300)
    return InputError(
        f"{path} cannot be read without running what it holds ({why.rstrip('.')}): save the weights alone, "
        "torch.save(model.state_dict(), path), or pass a mapping from steps to functions that return them"
    )


def _first_line(reason: object) -> str:
    return next(iter(str(reason).splitlines()), "") or type(reason).__name__
