"""Small models, and what programs leave behind of them: what the tests of foreign weights share."""

from __future__ import annotations

import os
import warnings
from typing import Any

import torch
from torch import nn

os.environ.setdefault("HF_HUB_OFFLINE", "1")
SPECIAL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}


def transformers() -> Any:
    """The module, without what others deprecate while it is imported."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def gpt2(seed: int = 0, kind: str = "GPT2LMHeadModel", **options: Any) -> Any:
    """A GPT-2 of two blocks whose output layer is tied to its embedding."""
    lib = transformers()
    torch.manual_seed(seed)
    sizes = {"vocab_size": 32, "n_embd": 8, "n_layer": 2, "n_head": 2, "n_positions": 16, **SPECIAL, **options}
    return getattr(lib, kind)(lib.GPT2Config(**sizes)).eval()


class Plain(nn.Module):
    """Layers with a batch norm, an embedding and an output layer tied to it, and a buffer that no file stores."""

    def __init__(self, width: int = 6, layers: int = 2, tied: bool = True) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, 5, bias=False)
        if tied:
            self.head.weight = self.embedding.weight
        self.register_buffer("scale", torch.tensor(0.5), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.embedding(x) * self.scale
        for layer in self.layers:
            h = torch.tanh(layer(h))
        return self.head(self.norm(h))


def plain(seed: int = 0, **options: Any) -> Plain:
    """One with random weights, and statistics that are not those it begins with."""
    torch.manual_seed(seed)
    model = Plain(**options)
    for _ in range(3):
        model(torch.arange(5))
    return model.eval()


INPUT = torch.arange(5)


def same_state(read: dict[str, torch.Tensor], model: nn.Module) -> bool:
    """Whether weights read back are those of ``state_dict``, to the bit; tied names may be left out."""
    state = model.state_dict()
    places = {name: tensor.data_ptr() for name, tensor in state.items()}
    there = {places[name] for name in read}
    return (
        set(read) <= set(state)
        and all(places[name] in there for name in state)
        and all(read[name].dtype == state[name].dtype and torch.equal(read[name], state[name]) for name in read)
    )
