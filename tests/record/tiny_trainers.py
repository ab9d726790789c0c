"""Small models and trainings for the tests of the adapters; used in this process and in jobs of several."""

from __future__ import annotations

import copy
import logging
import warnings
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

PLACES = ["transformer.h.*@last"]


def gpt2(**options: Any) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(0)
    return GPT2LMHeadModel(GPT2Config(vocab_size=32, n_positions=16, n_embd=16, n_layer=2, n_head=2, **options))


def texts(n: int = 48) -> torch.Tensor:
    return torch.randint(32, (n, 12), generator=torch.Generator().manual_seed(1))


def trained(model: Any, output: Any, callbacks: Any = (), resume: Any = None, **options: Any) -> Any:
    """A Trainer of transformers that has trained ``model``."""
    made = trainer(model, output, callbacks, **options)
    made.train(resume_from_checkpoint=resume)
    return made


def trainer(model: Any, output: Any, callbacks: Any = (), **options: Any) -> Any:
    """A Trainer of transformers of six updates, that logs each loss."""
    from transformers import Trainer, TrainingArguments
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    wanted: dict[str, Any] = {
        "per_device_train_batch_size": 8,
        "max_steps": 6,
        "logging_steps": 1,
        "save_strategy": "no",
        "learning_rate": 1e-2,
        "use_cpu": True,
        "report_to": [],
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "seed": 3,
        **options,
    }
    data = [{"input_ids": row, "labels": row} for row in texts()]
    made = Trainer(model, TrainingArguments(str(output), **wanted), train_dataset=data, callbacks=list(callbacks))
    from transformers import PrinterCallback

    made.remove_callback(PrinterCallback)
    return made


def left(trainer: Any) -> list[torch.Tensor]:
    """Each loss, the last weights, and the random state: all that must be equal to the bit."""
    losses = [torch.tensor(each["loss"]) for each in trainer.state.log_history if "loss" in each]
    norms = [torch.tensor(float(each["grad_norm"])) for each in trainer.state.log_history if "grad_norm" in each]
    return [*losses, *norms, *copy.deepcopy(trainer.model.state_dict()).values(), torch.get_rng_state()]


def same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return len(first) == len(second) and all(map(torch.equal, first, second))


def lightning_module() -> Any:
    """A network with dropout and a batch norm, trained on what it is given."""
    import lightning

    class Tiny(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.2), nn.Linear(8, 2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.net(x)

        def training_step(self, batch: Any, _: int) -> torch.Tensor:
            x, y = batch
            return nn.functional.cross_entropy(self(x).float(), y)

        def configure_optimizers(self) -> torch.optim.Optimizer:
            return torch.optim.Adam(self.parameters(), lr=1e-2)

    torch.manual_seed(0)
    return Tiny()


def points(n: int = 48) -> tuple[torch.Tensor, torch.Tensor]:
    x = torch.randn(n, 4, generator=torch.Generator().manual_seed(1))
    return x, (x[:, 0] * x[:, 1] > 0).long()


def fitted(module: Any, root: Any, callbacks: Any = (), ckpt_path: Any = None, **options: Any) -> Any:
    """A Trainer of Lightning that has trained ``module`` for two epochs of six batches."""
    import lightning

    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    wanted: dict[str, Any] = {
        "max_epochs": 2,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
        "devices": 1,
        "default_root_dir": str(root),
        **options,
    }

    class Losses(lightning.Callback):
        def __init__(self) -> None:
            self.seen: list[torch.Tensor] = []

        def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *_: Any) -> None:
            self.seen.append(outputs["loss"].detach().clone())

    made = lightning.Trainer(callbacks=[Losses(), *callbacks], **wanted)
    torch.manual_seed(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of few workers, few batches, a checkpoint in the middle of an epoch
        made.fit(module, DataLoader(TensorDataset(*points()), 8, shuffle=True), ckpt_path=ckpt_path)
    return made


def left_by(trainer: Any) -> list[torch.Tensor]:
    """Each loss, the last weights, and the random state."""
    weights = copy.deepcopy(trainer.lightning_module.state_dict())
    return [*trainer.callbacks[0].seen, *weights.values(), torch.get_rng_state()]
