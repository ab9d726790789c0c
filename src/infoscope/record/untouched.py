"""Running a user's network without a trace: random states, flags, attributes, weights and buffers stay as they were."""

from __future__ import annotations

import random
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import cast

import numpy as np
import torch
from torch import nn

from infoscope.record.state import ModelState


@contextmanager
def borrowed_randomness(seed: int = 0) -> Generator[None]:
    """Inside, torch (CPU and CUDA), NumPy and Python start from ``seed``; afterwards each goes on where it was.

    A fixed seed makes a network that samples in its forward comparable from step to step, and recomputable later.
    """
    cuda = torch.cuda.is_initialized()
    cpu_state, python_state = torch.get_rng_state(), random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 the global state is what a user's loop may use
    cuda_states = torch.cuda.get_rng_state_all() if cuda else []
    try:
        # Not torch.manual_seed: before CUDA starts it leaves a seed behind for when CUDA does.
        torch.default_generator.manual_seed(seed)
        if cuda:
            torch.cuda.manual_seed_all(seed)
        np.random.seed(seed)  # noqa: NPY002
        random.seed(seed)
        yield
    finally:
        torch.set_rng_state(cpu_state)
        if cuda:
            torch.cuda.set_rng_state_all(cuda_states)
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)


@contextmanager
def untouched(model: nn.Module) -> Generator[None]:
    """Inside, ``model`` runs eagerly, in eval mode, without gradients or autocast; afterwards it is as it was.

    Restored on every way out: random states, and all of :class:`infoscope.record.state.ModelState`, in place: flags,
    attributes and what they hold, hooks, registered names, values. Costs one copy of the weights while it lasts. What a
    forward does elsewhere (a list of the caller's that it appends to, a file) cannot be undone.
    """
    before = ModelState(model)
    with ExitStack() as stack:
        stack.enter_context(borrowed_randomness())
        stack.enter_context(torch.no_grad())
        stack.enter_context(eager(device_of(model).type))
        try:
            for module in model.modules():
                # Not model.eval(): networks override train(), e.g. to merge adapters into the weights.
                module.__dict__["training"] = False
                module.__dict__["_compiled_call_impl"] = None  # set by module.compile(), and blind to our hooks
                if "_original_forward" in module.__dict__:  # of accelerate, which puts one with autocast over it
                    module.__dict__["forward"] = module.__dict__["_original_forward"]
            yield
        finally:
            before.restore()


def device_of(model: nn.Module) -> torch.device:
    """Where the first parameter or buffer lives; the CPU for a network without any."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


def named_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """``model.named_modules()``, to which torch gives no types."""
    return cast("Iterator[tuple[str, nn.Module]]", model.named_modules())


@contextmanager
def eager(device: str) -> Generator[None]:
    """No autocast, whose weight cache would keep copies made without gradients, and no compiled submodule."""
    with ExitStack() as stack:
        for kind in {"cpu", device}:
            if torch.is_autocast_enabled(kind):
                stack.enter_context(torch.autocast(kind, enabled=False))
        # torch >= 2.6; importing torch._dynamo takes seconds, and without it nothing can be compiled
        if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        yield
