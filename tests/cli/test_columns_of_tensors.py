"""Columns in files of torch and safetensors: read by name, and nothing in them is run."""

import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from infoscope.cli.columns import read
from infoscope.core.errors import InputError, UnknownNameError

T = torch.arange(6.0).reshape(3, 2)


class Runs:
    """What a pickle would call."""

    def __reduce__(self):
        return (print, ("this was run",))


@pytest.fixture
def folder(tmp_path):
    torch.save(T, tmp_path / "one.pt")
    torch.save({"layers": {"3": T, "4": T + 1}, "epoch": 7}, tmp_path / "several.pth")
    torch.save(T.bfloat16().requires_grad_(), tmp_path / "half.pt")
    save_file({"layer3": T, "labels": torch.arange(3)}, tmp_path / "a.safetensors")
    save_file({"only": T}, tmp_path / "only.safetensors")
    torch.save({"x": Runs()}, tmp_path / "evil.pt")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Runs()))
    (tmp_path / "text.pt").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["one.pt", "several.pth:layers.3", "half.pt", "a.safetensors:layer3", "only.safetensors"]
)
def test_a_tensor_is_read_by_its_name(folder, name):
    np.testing.assert_array_equal(read(f"{folder}/{name}"), T.numpy())


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("several.pth", InputError, r"holds 2 tensors, wanted one: write it like .*several\.pth:layers\.3"),
        ("a.safetensors:layer4", UnknownNameError, "did you mean 'layer3'"),
        ("evil.pt", InputError, "holds more than tensors, which could run code"),
        ("plain.pt", InputError, "holds more than tensors|cannot be read"),
        ("text.pt", InputError, "holds more than tensors|cannot be read"),
        ("text.safetensors", InputError, "cannot be read"),
        ("gone.pt", InputError, "there is no file"),
    ],
)
def test_what_cannot_be_read_is_told_and_nothing_is_run(folder, capsys, name, kind, said):
    with pytest.raises(kind, match=said):
        read(f"{folder}/{name}")
    assert "this was run" not in capsys.readouterr().out
