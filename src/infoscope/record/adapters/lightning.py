"""A watch that follows the ``Trainer`` of Lightning."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, cast

from infoscope.record.adapters._following import Attach, Following, base_class, joined

if TYPE_CHECKING:
    from typing_extensions import Self


class LightningWatch(Following):
    """A callback of the ``Trainer`` of Lightning: records its steps 0, 1, 2 … of ``global_step``.

    Of ``lightning`` or of ``pytorch_lightning``, whichever is imported. The network is the ``LightningModule``, and
    places are named as its submodules are.

    Examples
    --------
    >>> from lightning import Trainer
    >>> from lightning.pytorch.demos.boring_classes import BoringModel
    >>> inputs = torch.randn(40, 32, generator=torch.Generator().manual_seed(0))
    >>> followed = iscope.callback("lightning", inputs, {"label": inputs[:, 0] > 0}, measures=["effective_rank"],
    ...                            places=["layer"], out="runs/mine")
    >>> trainer = Trainer(max_steps=2, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
    ...                   enable_progress_bar=False, enable_model_summary=False, callbacks=[followed])
    >>> trainer.fit(BoringModel())
    >>> followed.scope.run.rows.unique("step")
    [0, 1, 2]

    Raises
    ------
    MissingPackageError: Lightning is not installed, or cannot be imported.
    """

    package = "lightning"

    def __new__(cls, attach: Attach) -> Self:
        own = f"{cls.package}.pytorch"
        other = "pytorch_lightning" in sys.modules and own not in sys.modules
        base = base_class(f"{'pytorch_lightning' if other else own}.callbacks", "Callback")
        return cast("Self", object.__new__(joined(cls, base)))

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Attach, and record the weights as they are before the first update."""
        batches = trainer.fit_loop.epoch_loop.batch_progress.current.ready
        self._begin(pl_module, trainer.global_step, _epoch(trainer, batches))

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """A batch is done, perhaps with an update."""
        self._step(trainer.global_step, _epoch(trainer, batch_idx + 1))

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """The training is done."""
        self._end()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """The training broke off."""
        self._end(type(exception))


def _epoch(trainer: Any, batches: int) -> float:
    """Epochs so far, with the part of this one that is done where its length is known."""
    total = trainer.num_training_batches
    return trainer.current_epoch + (batches / total if total and math.isfinite(total) else 0.0)
