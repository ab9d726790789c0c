"""A watch that follows the ``Trainer`` of Hugging Face transformers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from infoscope.record.adapters._following import Attach, Following, base_class, joined

if TYPE_CHECKING:
    from typing_extensions import Self


class TrainerWatch(Following):
    """A callback of the ``Trainer`` of Hugging Face transformers: records its steps 0, 1, 2 … of ``global_step``.

    The network is that of the trainer without its wrappers. A ``Trainer`` tells no callback of an exception: within
    ``with callback:`` the run ends at once, else with the process, the callback, or the next training.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments
    >>> texts = torch.randint(32, (40, 12), generator=torch.Generator().manual_seed(0))
    >>> model = GPT2LMHeadModel(GPT2Config(vocab_size=32, n_positions=16, n_embd=16, n_layer=2, n_head=2))
    >>> followed = iscope.callback("transformers", {"input_ids": texts}, {"last": texts[:, -1] > 15},
    ...                            measures=["effective_rank"], places=["transformer.h.*@last"], out="runs/mine")
    >>> arguments = TrainingArguments("out", max_steps=2, report_to=[], save_strategy="no", disable_tqdm=True,
    ...                               use_cpu=True, dataloader_pin_memory=False)
    >>> data = [{"input_ids": text, "labels": text} for text in texts]
    >>> _ = Trainer(model, arguments, train_dataset=data, callbacks=[followed]).train()
    {...}
    >>> followed.scope.run.rows.unique("step")
    [0, 1, 2]

    Raises
    ------
    MissingPackageError: transformers is not installed, or cannot be imported.
    """

    package = "transformers"

    def __new__(cls, attach: Attach) -> Self:
        base = base_class(f"{cls.package}.trainer_callback", "TrainerCallback")
        return cast("Self", object.__new__(joined(cls, base)))

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        """Attach, and record the weights as they are before the first update."""
        self._begin(model, state.global_step, state.epoch)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """An update is made, of one batch or of several that were accumulated."""
        self._step(state.global_step, state.epoch)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """The training is done."""
        self._end()
