"""Models built from the description that lies beside their weights, with nobody's code but that of transformers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from torch import nn

from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.record.checkpoint import Checkpoint
from infoscope.record.foreign import base_of
from infoscope.record.modules import as_module
from infoscope.record.packages import optional, unnoticed
from infoscope.record.trajectories._folders import json_of
from infoscope.record.trajectories.adapter import CONFIGURATION

_NAME = "config.json"


@dataclass(frozen=True)
class ModelBuilder:
    """Builds the model that ``folder`` describes, in eval mode, with random weights. Can be sent to other processes.

    base: of an adapter the folder of the model that it changes, where its configuration does not say so.
    """

    folder: Path
    base: Path | None = None

    def __call__(self) -> nn.Module:
        """A new model. The state of torch's random numbers is as it was afterwards.

        Raises
        ------
        InputError: it is described by somebody's own code, or quantised. MissingPackageError: no transformers, or peft.
        """
        with unnoticed():
            if (self.folder / CONFIGURATION).is_file():
                return _adapted(self.folder, self.base)
            return _plain(self.folder)


@dataclass(frozen=True)
class PlacedBuilder:
    """Builds what ``build`` does, on a device. Can be sent to other processes where ``build`` can."""

    build: Callable[[], Any]
    device: str

    def __call__(self) -> nn.Module:
        return as_module(self.build()).to(self.device)


def placed(build: Any, device: str | None) -> Any:
    """``build``, whose network then lies on ``device``; where it puts it itself if that is None.

    Raises
    ------
    InputError: torch cannot compute there.
    """
    if device is None:
        return build
    name = check.device(device)
    return PlacedBuilder(build, name) if callable(build) and not isinstance(build, nn.Module) else build


def build_of(source: Checkpoint | Path | str) -> ModelBuilder | None:
    """What builds the model of a checkpoint, or of a folder; None where no ``config.json`` lies there.

    Raises
    ------
    InputError: its description names no class, or says that the weights are quantised. Somebody's own code
        (``trust_remote_code``) is never run: the model is then refused where it is to be built.
    """
    folder = source.folder() if isinstance(source, Checkpoint) else Path(source)
    if folder is None:
        return None
    if (folder / CONFIGURATION).is_file():
        base = source.base.folder() if isinstance(source, Checkpoint) and source.base is not None else None
        return ModelBuilder(folder, base)
    if not (folder / _NAME).is_file():
        return None
    if not _described(folder):
        return None
    return ModelBuilder(folder)


def _described(folder: Path) -> str:
    """The class of transformers that a ``config.json`` names; "" where it is the file of another program."""
    path = folder / _NAME
    about = json_of(path)
    if "model_type" not in about and "architectures" not in about:
        return ""
    if about.get("quantization_config"):
        raise InputError(
            f"{path} describes quantised weights, which are not read, wanted a floating type: pass a function that "
            "builds the model, and the weights in one"
        )
    named = about.get("architectures")
    if not isinstance(named, list) or not named or not isinstance(named[0], str):
        raise InputError(f"{path} names no class of models (architectures): pass a function that builds the model")
    return named[0]


def _plain(folder: Path) -> nn.Module:
    transformers = optional("transformers", f"{folder / _NAME}")
    name = _described(folder)
    kind: Any = getattr(transformers, name, None)
    own_code = InputError(
        f"{folder / _NAME} describes a model by code of its own, which is never run, and the installed transformers "
        "has none for it: pass a function that builds the model"
    )
    asks = bool(json_of(folder / _NAME).get("auto_map"))  # of many that transformers has by now
    if not isinstance(kind, type) or not issubclass(kind, transformers.PreTrainedModel):
        if asks:
            raise own_code
        raise InputError(
            f"{folder / _NAME} names the class {name}, which the installed transformers does not have: pass a function "
            "that builds the model"
        )
    try:
        configuration = transformers.AutoConfig.from_pretrained(
            str(folder), trust_remote_code=False, local_files_only=True
        )
        return cast(nn.Module, cast(Any, kind)(configuration)).eval()
    except Exception as reason:  # whatever a library makes of a wrong description
        if asks:
            raise own_code from reason
        said = next(iter(str(reason).splitlines()), "") or type(reason).__name__
        raise InputError(
            f"{folder / _NAME} cannot be made a {name} ({said}): pass a function that builds the model"
        ) from reason


def _adapted(folder: Path, there: Path | None) -> nn.Module:
    """The model that an adapter changes, with places for it."""
    peft: Any = optional("peft", f"{folder / CONFIGURATION}")
    name = json_of(folder / CONFIGURATION).get("base_model_name_or_path")
    if there is None:
        base = base_of(name if isinstance(name, str) else "", folder, None)
        there = None if base is None else base.folder()
    if there is None or not (there / _NAME).is_file():
        raise InputError(
            f"{folder} is an adapter of {name}, of which no config.json is there: pass a function that builds the model"
        )
    configuration = peft.PeftConfig.from_pretrained(str(folder))
    return cast(nn.Module, peft.get_peft_model(_plain(there), configuration)).eval()
