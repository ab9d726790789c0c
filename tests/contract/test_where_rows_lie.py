"""What lies on a device is measured there, and says there what it says on the CPU; what is not, comes over once."""

import numpy as np
import pytest
import torch
from stand_in import StandIn, stand_in

import infoscope as iscope
from infoscope.core import check
from infoscope.core.errors import InputError
from infoscope.kernels import devices

ROWS, COLUMNS = 400, 300
LABELLED = {"y": np.arange(ROWS) % 4}


def rows(columns=COLUMNS, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(ROWS, columns)) + LABELLED["y"][:, None] / 2 * (np.arange(columns) < 5)).astype(np.float32)


#: What is worked out where the rows lie, each as a function of rows: its value, and the tolerance it is held to.
THERE = {
    "linear": (lambda t: iscope.usable_information(t, LABELLED["y"], "linear").value, 1e-3),
    "linear, of one weight decay": (
        lambda t: iscope.usable_information(t[:, :40], LABELLED["y"], "linear(weight_decay=0.1)").value, 1e-5,
    ),
    "mlp": (lambda t: iscope.usable_information(t, LABELLED["y"], "mlp(steps=60)", folds=3).value, 1e-3),
    "sparse": (lambda t: iscope.usable_information(t, LABELLED["y"], "sparse(k=3)", folds=3).value, 1e-3),
    "quantities": (
        lambda t: iscope.usable_information(t[:, :40], rows(2, 1), "linear", target="quantities").value, 1e-4,
    ),
    "kde": (lambda t: iscope.mutual_information(t, LABELLED["y"], "kde(noise_variance=1)").value, 1e-4),
    "cka": (lambda t: iscope.dependence(t, rows(20, 1), "cka").value, 1e-9),
    "hsic": (lambda t: iscope.dependence(t, rows(20, 1), "hsic").value, 1e-9),
    "distance_correlation": (lambda t: iscope.dependence(t, rows(20, 1), "distance_correlation").value, 1e-9),
    "class_distances": (lambda t: iscope.geometry(t, LABELLED["y"], "class_distances")["distance_auc"].value, 1e-4),
    "gaussian": (lambda t: iscope.mutual_information(t[:, :40], rows(3, 1), "gaussian").value, 1e-6),
    "noisy": (lambda t: iscope.noisy_information(t[:, :40], 2.0, "dataset", tolerance=0.2).value, 1e-6),
}  # fmt: skip


@pytest.mark.parametrize("what", THERE)
def test_it_is_worked_out_there_to_the_value_of_the_cpu(what, elsewhere):
    value, near = THERE[what]
    t = rows()
    there, before = torch.tensor(t).to(elsewhere), StandIn.brought
    found = value(there)
    assert found == pytest.approx(value(t), abs=near)
    if elsewhere == "standin" and what != "noisy":
        assert StandIn.brought - before < t.size, "the rows came to the CPU"


def test_float32_products_are_float32_whatever_a_training_asked_for(elsewhere):
    seen = []

    class Spy(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, arguments=(), named=None):
            if "mm" in function._schema.name:
                seen.append(torch.get_float32_matmul_precision())
            return function(*arguments, **(named or {}))

    t = torch.tensor(rows()).to(elsewhere)
    torch.set_float32_matmul_precision("high")
    try:
        with Spy():
            iscope.usable_information(t, LABELLED["y"], "linear", folds=3)
            iscope.representations(torch.nn.Identity(), t, ["output@sketch(8)"])
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert seen
    assert set(seen) == {"highest"}


def test_precision_that_was_set_for_one_backend_is_kept():
    matmul = torch.backends.cuda.matmul
    if not hasattr(matmul, "fp32_precision"):
        pytest.skip("this torch sets precisions for all backends at once")
    before = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        with devices.full_precision():
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "tf32"
    finally:
        matmul.fp32_precision = before


def test_the_device_that_stands_in_refuses_what_a_card_refuses():
    there = torch.ones(3, 2).to(stand_in())
    assert there.device.type == "standin"
    for mistake in (
        lambda: there + torch.ones(3, 2),
        lambda: torch.ones(3, 2)[there[:, 0] > 0],
        lambda: there.index_put_((torch.tensor([0]),), torch.ones(1, 2)),
    ):
        with pytest.raises(RuntimeError, match="same device"):
            mistake()
    with pytest.raises(TypeError, match="to numpy"):
        np.asarray(there)
    assert (there * torch.tensor(2.0))[torch.tensor([0, 2])].tolist() == [[2, 2], [2, 2]]


@pytest.mark.parametrize("name", ["nonsense", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_said_in_a_sentence(name):
    with pytest.raises(InputError, match=f"device '{name}' cannot be used .*: pass --device cpu, or fix") as refused:
        check.device(name)
    assert len(str(refused.value)) < 300
