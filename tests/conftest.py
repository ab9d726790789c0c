"""What every test shares: one thread, the device and precision asked for, the real data files where there are any."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before anything imports torch; small operations are slower on two threads

settings.register_profile("infoscope", deadline=None, derandomize="CI" in os.environ)  # a busy machine is not a failure
settings.load_profile("infoscope")


@pytest.fixture(scope="session", autouse=True)
def _nothing_said_of_compiling() -> None:
    """Which test compiles first hangs on which ran before."""
    from infoscope.core.progress import hush

    hush()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--device", default="cpu", help="torch device for tests that take one (cpu, cuda, mps, standin)")
    parser.addoption("--dtype", default="float64", choices=["float32", "float64"], help="precision for those tests")


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """The torch device named by ``--device``."""
    name = request.config.getoption("--device")
    if name.startswith("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip(f"--device {name} was asked for and this machine has no CUDA device")
    return stood_in() if name == "standin" else name


def stood_in() -> str:
    """The device that stands in for an accelerator, ``tests/contract/stand_in.py``; skipped where torch is too old."""
    try:
        from stand_in import stand_in

        return stand_in()
    except ImportError as reason:
        pytest.skip(f"this torch takes no device that is written in Python ({reason})")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The stand-in is there before anything is trained: torch counts devices at the first gradient of a process."""
    if any("elsewhere" in getattr(item, "fixturenames", ()) for item in items):
        with suppress(pytest.skip.Exception):  # which the tests say themselves
            stood_in()


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("numprocesses", None):  # else others collect
        gc.disable()  # while a million objects are made that all stay


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: no collector of garbage looks through it from now on."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", params=["standin", "cuda"])
def elsewhere(request: pytest.FixtureRequest) -> str:
    """A device that is not the CPU: the one that stands in for all of them, and a card where there is one."""
    import torch

    if request.param == "standin":
        return stood_in()
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    return request.param


@pytest.fixture(scope="session")
def dtype(request: pytest.FixtureRequest):
    """The torch dtype named by ``--dtype``."""
    import torch

    return getattr(torch, request.config.getoption("--dtype"))


@pytest.fixture(scope="session")
def dev():
    """``scripts/dev.py`` as a module."""
    spec = importlib.util.spec_from_file_location("infoscope_dev_script", ROOT / "scripts" / "dev.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the real data files, which INFOSCOPE_DATA names; the test is skipped where there is none."""
    folder = os.environ.get("INFOSCOPE_DATA")
    if not folder:
        pytest.skip("no real data: INFOSCOPE_DATA is not set")
    if not (Path(folder) / "mnist").is_dir():
        pytest.skip(f"no real data: {folder} (INFOSCOPE_DATA) holds no mnist folder")
    return Path(folder)
