"""Checkpoints that trainings left behind: a small GPT-2 by ``save_pretrained``, a plain network by ``torch.save``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

WORDS, LENGTH = 24, 12


@dataclass(frozen=True)
class Trained:
    """A folder of checkpoints, the evaluation set, a label a token and a label a sequence."""

    path: Path
    ids: torch.Tensor
    kind: torch.Tensor
    first: torch.Tensor

    @property
    def pattern(self) -> str:
        return str(self.path / "checkpoint-*")


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory) -> Trained:
    """A GPT-2 of two layers that was trained for a few steps, saved at 0, 2, 5 and 10."""
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    path = tmp_path_factory.mktemp("gpt2")
    torch.manual_seed(0)
    quiet = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0, "bos_token_id": 0, "eos_token_id": 0}
    config = transformers.GPT2Config(vocab_size=WORDS, n_positions=16, n_embd=16, n_layer=2, n_head=2, **quiet)
    model = transformers.GPT2LMHeadModel(config)
    ids = torch.randint(0, WORDS, (40, LENGTH), generator=torch.Generator().manual_seed(1))
    ids[:, 1::2] = (ids[:, 0::2] * 5 + 1) % WORDS
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for step in range(11):
        if step in (0, 2, 5, 10):
            model.save_pretrained(path / f"checkpoint-{step}")
        loss = model(ids, labels=ids).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Trained(path, ids, ids % 3, ids[:, 0] % 2)


class Plain(nn.Module):
    """Two layers, which nobody repeats."""

    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.first, self.act, self.head = nn.Linear(6, width), nn.Tanh(), nn.Linear(width, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.act(self.first(x)))


@dataclass(frozen=True)
class Files:
    """A folder of ``.pt`` files of :class:`Plain`, inputs and labels."""

    path: Path
    x: torch.Tensor
    y: torch.Tensor
    build: type[Plain] = Plain

    def save(self, step: int, seed: int | None = None, width: int = 8) -> Path:
        torch.manual_seed(step if seed is None else seed)
        path = self.path / f"step_{step}.pt"
        torch.save({"model": Plain(width).state_dict(), "step": step}, path)
        return path


@pytest.fixture
def plain(tmp_path) -> Files:
    """Three files of weights."""
    folder = tmp_path / "weights"
    folder.mkdir()
    x = torch.randn(60, 6, generator=torch.Generator().manual_seed(3))
    files = Files(folder, x, torch.arange(60) % 3)
    for step in (0, 9, 10):
        files.save(step)
    return files
