"""Ray, on a cluster of two nodes that a test begins and ends: a worker is killed, a node goes, nothing answers."""

from __future__ import annotations

import functools
import sys
from importlib.util import find_spec

import pytest
import torch
from works import Mortal, Narrow, Slow

import infoscope as iscope
from infoscope.core.errors import EngineError, InputError, MissingPackageError
from infoscope.engine.in_order import in_order
from infoscope.engine.job import Job

needs_ray = pytest.mark.skipif(find_spec("ray") is None, reason="ray is not installed, by which jobs go to a cluster")


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes of a processor each, and what removes the second."""
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    from ray.cluster_utils import Cluster

    found = Cluster()

    def begun(**options):
        """A node; Ray gives up one that takes more than 30 s to answer, as on a machine with much else to do."""
        for attempt in range(4):
            try:
                return found.add_node(num_cpus=1, **options)
            except Exception:
                if attempt == 3:
                    raise
        return None

    try:
        begun(include_dashboard=False)
        second = begun()
        yield found, functools.partial(found.remove_node, second, allow_graceful=False)
    finally:
        found.shutdown()


def jobs_of(work, numbers, folder):
    return [Job(f"number {n}", work, n, folder / "run" / "jobs" / f"{n}.job") for n in numbers]


@needs_ray
@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_a_scan_on_two_nodes_loses_a_worker_and_then_a_node_and_gives_the_same_rows(cluster, weights, tmp_path):
    there, remove = cluster
    x, y = torch.randn(90, 6, generator=torch.Generator().manual_seed(3)), torch.arange(90) % 3
    asked = {"measures": ["effective_rank", "usable_information(probe=linear)"]}
    torch.set_num_threads(1)
    alone = iscope.scan(str(weights), Narrow, x, {"y": y}, **asked, out=tmp_path / "alone")
    with iscope.open_engine(f"ray:{there.address}", 2) as engine:
        mortal = Mortal(tmp_path / "deaths", deadly=1, times=1)
        found = [answer.about["square"] for _, answer in in_order(engine, jobs_of(mortal, range(4), tmp_path))]
        assert found == [0, 1, 4, 9]
        run = iscope.scan(str(weights), Narrow, x, {"y": y}, **asked, out=tmp_path / "run", engine=engine)
        assert run.rows.content_hash() == alone.rows.content_hash()
        assert run.check().faults == run.check().others == ()
        slow, gone = Slow(tmp_path, 8.0), []

        def beat():
            if not gone and len(list(tmp_path.glob("begun-*"))) == 2:
                gone.append(remove())

        jobs = jobs_of(slow, range(10, 14), tmp_path)
        assert [type(answer).__name__ for _, answer in in_order(engine, jobs, beat)] == ["JobAnswer"] * 4
        assert gone


@needs_ray
def test_an_address_that_does_not_answer_is_one_sentence():
    with pytest.raises(EngineError, match=r"no Ray cluster answers at 127\.0\.0\.1:1 \(Connection refused\)"):
        iscope.open_engine("ray:127.0.0.1:1", 1)
    with pytest.raises(InputError, match="'head-node' is no address of a Ray cluster, wanted host:port"):
        iscope.open_engine("ray:head-node", 1)


@pytest.mark.parametrize(("engine", "package"), [("ray", "ray"), ("slurm", "submitit")])
def test_without_its_package_an_engine_is_refused_with_what_to_install(monkeypatch, engine, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=rf"needs {package}, which .*pip install 'infoscope\[{engine}\]'"):
        iscope.open_engine(engine, 1)
