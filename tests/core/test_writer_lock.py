"""One writer a run folder: whoever lives keeps it, whoever died does not, and of two exactly one enters."""

import errno
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from infoscope.core import writer_lock
from infoscope.core.errors import RunFolderError
from infoscope.core.folder import RunFolder
from infoscope.core.writer_lock import BEAT_SECONDS, HEARTBEAT, LOCK, STALE_SECONDS, Writer, beat, held

linux = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc about processes, which only Linux has")
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
HOLD = """
import os, sys, time
from pathlib import Path
from infoscope.core.writer_lock import held
with held(Path(sys.argv[1])):
    print("in", flush=True)
    time.sleep(60)
"""
FORK = HOLD.replace("    time.sleep(60)", "    os.fork() or print(os.getpid(), flush=True)\n    time.sleep(60)")


def writer(folder, *before, code: str = HOLD) -> subprocess.Popen:
    """Another process that has entered ``folder``."""
    process = subprocess.Popen([*before, sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().endswith("in\n")
    return process


def end(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    if not process.stdout.closed:
        process.stdout.read()  # until whoever it began has ended as well
        process.stdout.close()


@pytest.fixture
def living(tmp_path):
    process = writer(tmp_path)
    yield process
    end(process)


def refused(folder) -> str:
    with pytest.raises(RunFolderError, match="is writing to") as told, held(folder):
        pytest.fail("two writers")
    return str(told.value)


def age(folder, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / HEARTBEAT, (then, then))


def beside(**changes) -> bytes:
    """The heartbeat of a writer like this process but for ``changes``."""
    return json.dumps({**vars(Writer.here()), **changes}).encode()


@pytest.fixture
def no_locks(monkeypatch):
    """A file system without locks."""

    def flock(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)


def test_the_heartbeat_is_there_while_writing_and_gone_after(tmp_path):
    with held(tmp_path / "new"):
        found = Writer.read((tmp_path / "new" / HEARTBEAT).read_bytes())
        assert found is not None
        assert (found.process, found.host) == (os.getpid(), socket.gethostname())
        assert found.alive() is not False
    assert not list((tmp_path / "new").iterdir())
    with pytest.raises(ValueError, match="mine"), held(tmp_path / "new"):
        raise ValueError("mine")
    assert not list((tmp_path / "new").iterdir())


def test_a_process_enters_again_what_it_holds_by_any_path_and_from_any_thread(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    entered = []

    def again():
        with held(tmp_path / "link") as outermost:
            entered.append(outermost)

    with held(tmp_path) as outermost:
        assert outermost
        thread = threading.Thread(target=again)
        thread.start()
        thread.join()
        again()
        assert entered == [False, False]
        assert (tmp_path / HEARTBEAT).exists()  # the inner ones did not take it away
    assert not (tmp_path / HEARTBEAT).exists()


def test_a_run_measured_inside_its_own_writing_keeps_its_heartbeat(tmp_path):
    run = RunFolder.create(tmp_path / "r", {})
    with run.writing():
        with RunFolder.open(tmp_path / "r").writing():
            pass
        assert (tmp_path / "r" / HEARTBEAT).exists()


def test_a_second_writer_is_told_who_writes_since_when_and_what_to_do(tmp_path, living):
    assert re.fullmatch(
        rf"process {living.pid} on \S+ is writing to {re.escape(str(tmp_path))} since [\d-]+ [\d:]+ UTC: "
        "wait for it, or stop it and run this again",
        refused(tmp_path),
    )
    assert (tmp_path / HEARTBEAT).exists()
    end(living)
    with held(tmp_path):
        pass


@pytest.mark.parametrize("seconds", [0, 3600, -3600, 1e9], ids=["young", "old", "of the future", "of long ago"])
def test_a_living_writer_keeps_its_folder_however_old_its_heartbeat(tmp_path, living, seconds):
    age(tmp_path, seconds)
    assert f"process {living.pid} on" in refused(tmp_path)


def test_a_living_writer_whose_heartbeat_was_deleted_keeps_its_folder(tmp_path, living):
    (tmp_path / HEARTBEAT).unlink()
    assert refused(tmp_path).startswith("another process is writing to")


@linux
def test_a_living_writer_whose_lock_was_deleted_keeps_its_folder_while_it_beats(tmp_path, living):
    (tmp_path / LOCK).unlink()
    assert f"delete {tmp_path / HEARTBEAT}" in refused(tmp_path)


@posix
def test_a_stopped_writer_keeps_its_folder(tmp_path, living):
    os.kill(living.pid, signal.SIGSTOP)
    age(tmp_path, 2 * STALE_SECONDS)
    assert f"process {living.pid} on" in refused(tmp_path)
    os.kill(living.pid, signal.SIGCONT)
    assert living.poll() is None


def test_a_killed_writer_is_followed_at_once(tmp_path):
    for _ in range(3):
        process = writer(tmp_path)
        end(process)
        assert (tmp_path / HEARTBEAT).exists()
    with held(tmp_path) as outermost:
        assert outermost


@posix
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_that_outlives_the_writer_keeps_nothing(tmp_path):
    process = writer(tmp_path, code=FORK)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        refused(tmp_path)
        process.kill()
        process.wait()
        os.kill(child, 0)  # it lives
        with held(tmp_path):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        end(process)


@posix
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_that_leaves_the_block_takes_nothing_from_its_parent(tmp_path):
    def child() -> int:
        try:
            with held(tmp_path):
                return 1
        except RunFolderError:
            return 0

    with held(tmp_path):
        if not (pid := os.fork()):
            os._exit(child())
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        block = held(tmp_path)
        block.__enter__()
        if not (pid := os.fork()):
            block.__exit__(None, None, None)  # as an exception would that ends the child
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert (tmp_path / HEARTBEAT).exists()
        block.__exit__(None, None, None)
        with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stderr=subprocess.PIPE, text=True) as other:
            assert "is writing to" in other.communicate(timeout=60)[1]  # the parent's lock was not unlocked


@linux
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes namespaces of processes")
def test_of_two_containers_with_one_host_name_and_one_number_one_enters(tmp_path):
    unshare = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    if subprocess.run([*unshare, "true"], capture_output=True).returncode:
        pytest.skip("unshare is refused here, so there are no containers to try")
    first = writer(tmp_path, *unshare)
    try:
        found = Writer.read((tmp_path / HEARTBEAT).read_bytes())
        assert found is not None
        assert found.process == 1
        age(tmp_path, 2 * STALE_SECONDS)
        second = subprocess.run(
            [*unshare, sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True, text=True, timeout=60
        )
        assert "process 1 on" in second.stderr
        assert "is writing to" in second.stderr
    finally:
        end(first)
    with held(tmp_path):  # the kernel is one, so its lock says that the container is gone
        pass


@pytest.mark.parametrize("heartbeat", [b"1 elsewhere", beside(host="elsewhere", machine="another", process=1)])
def test_a_writer_on_another_machine_is_believed_until_its_heartbeat_is_stale(tmp_path, heartbeat):
    (tmp_path / HEARTBEAT).write_bytes(heartbeat)
    for seconds in (20, -20):
        age(tmp_path, seconds)
        told = refused(tmp_path)
        assert told.startswith(f"process 1 on elsewhere is writing to {tmp_path}")
        assert re.search("sign of life of (19|20|21) s ago", told)
        assert re.search(rf"if it is gone, wait (39|40|41) s or delete {re.escape(str(tmp_path / HEARTBEAT))}$", told)
    for seconds in (STALE_SECONDS + 2, -STALE_SECONDS - 2, -86400):
        (tmp_path / HEARTBEAT).write_bytes(heartbeat)
        age(tmp_path, seconds)
        with held(tmp_path):
            assert (tmp_path / HEARTBEAT).read_bytes() != heartbeat


def test_machines_of_one_name_are_two(tmp_path):
    (tmp_path / HEARTBEAT).write_bytes(beside(machine="another"))
    assert refused(tmp_path)


@linux
def test_a_number_given_out_again_is_not_taken_for_the_writer(tmp_path, no_locks):
    (tmp_path / HEARTBEAT).write_bytes(beside(process=os.getppid(), started="1"))
    with held(tmp_path):
        pass
    started = writer_lock._started(os.getppid())
    (tmp_path / HEARTBEAT).write_bytes(beside(process=os.getppid(), started=started))
    age(tmp_path, 1e6)
    assert f"process {os.getppid()} on" in refused(tmp_path)  # it lives, and no lock is needed to see that


@linux
def test_a_process_that_proc_hides_is_judged_by_its_age(tmp_path, monkeypatch, no_locks):
    (tmp_path / HEARTBEAT).write_bytes(beside(process=os.getppid(), started="7"))
    real = writer_lock._started
    monkeypatch.setattr(writer_lock, "_started", lambda pid: real(pid) if pid == os.getpid() else None)
    assert f"process {os.getppid()} on" in refused(tmp_path)
    age(tmp_path, 2 * STALE_SECONDS)
    with held(tmp_path):
        pass


@linux
def test_a_dead_process_that_nobody_buried_does_not_live(tmp_path, no_locks):
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    started = writer_lock._started(process.pid)
    (tmp_path / HEARTBEAT).write_bytes(beside(process=process.pid, started=started))
    refused(tmp_path)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with held(tmp_path):
        pass
    process.communicate()


@posix
def test_a_writer_of_the_first_release_is_believed_as_it_was(tmp_path, living):
    other = tmp_path / "other"
    other.mkdir()
    (other / HEARTBEAT).write_text(f"{living.pid} {socket.gethostname()}")
    assert f"process {living.pid} on {socket.gethostname()} is writing" in refused(other)
    end(living)
    with held(other):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
@posix
def test_without_locks_the_heartbeat_decides(tmp_path, monkeypatch, code):
    def flock(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("fcntl.flock", flock)
    with held(tmp_path):
        with held(tmp_path):
            pass
        monkeypatch.undo()
        told = subprocess.run([sys.executable, "-c", HOLD, str(tmp_path)], capture_output=True, text=True, timeout=60)
        assert f"process {os.getpid()} on" in told.stderr
    assert not list(tmp_path.iterdir())


@posix
def test_of_two_that_write_their_heartbeat_at_once_one_enters(tmp_path, monkeypatch, no_locks):
    """The other comes between looking and writing, where there was no heartbeat and where there was a stale one."""
    new, heartbeat = beside(process=2, host="there", machine="another"), tmp_path / HEARTBEAT
    for moment in ("_write", "_take_over"):
        if moment == "_take_over":
            heartbeat.write_bytes(b"1 elsewhere")
            age(tmp_path, 2 * STALE_SECONDS)
        real = getattr(writer_lock, moment)

        def late(*arguments, real=real):
            heartbeat.write_bytes(new)
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(writer_lock, moment, late)
            assert refused(tmp_path).startswith("process 2 on there is writing")
        assert heartbeat.read_bytes() == new
        assert [p.name for p in tmp_path.iterdir() if p.name != LOCK] == [HEARTBEAT]


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00", b"9" * 5000, b"9" * 400 + b" host", b"{}", b"[1]", b"null", b"[" * 4000, b"-1 host"]
    + [beside(process=value) for value in (10**400, -1, 0, True, 1.5, "1", None)]
    + [beside(token=3), beside(host=None)],
)
def test_a_heartbeat_of_odd_content_does_not_lock_where_the_kernel_does(tmp_path, content):
    (tmp_path / HEARTBEAT).write_bytes(content)
    assert Writer.read(content) is None
    with held(tmp_path):
        pass


@linux
@pytest.mark.parametrize("unseen", [None, b"", beside(process=1, machine="another")])
def test_who_was_killed_while_taking_over_is_followed(tmp_path, unseen):
    turn = tmp_path / f".{HEARTBEAT}.{hashlib.sha256(b'1 elsewhere').hexdigest()[:8]}.tmp"
    (tmp_path / HEARTBEAT).write_bytes(b"1 elsewhere")
    age(tmp_path, 3 * STALE_SECONDS)
    turn.write_bytes(beside(process=os.getppid(), started=writer_lock._started(os.getppid())))  # lives
    assert f"process {os.getppid()} on" in refused(tmp_path)
    if unseen is not None:
        turn.write_bytes(unseen)
        refused(tmp_path)
        os.utime(turn, (1, 1))
    else:
        turn.write_bytes(beside(process=os.getppid(), started="1"))  # does not
    with held(tmp_path):
        assert not turn.exists()


@posix
def test_a_heartbeat_of_odd_content_is_told_where_there_are_no_locks(tmp_path, no_locks):
    (tmp_path / HEARTBEAT).write_bytes(b"")
    assert refused(tmp_path).startswith("another process is writing to")
    age(tmp_path, 2 * STALE_SECONDS)
    with held(tmp_path):
        pass


def test_the_name_of_a_host_cannot_write_to_the_terminal(tmp_path):
    (tmp_path / HEARTBEAT).write_bytes(beside(host="a\x1b[2Jb" + "c" * 3000, since="\x1b[2J", machine="another"))
    told = refused(tmp_path)
    assert told.isprintable()
    assert len(told) < 500 + len(str(tmp_path)) * 2


@pytest.mark.parametrize("name", [HEARTBEAT, LOCK])
def test_what_is_no_file_under_our_names_is_told_and_left_alone(tmp_path, name):
    for make in (os.mkdir, lambda path: os.symlink(tmp_path / "elsewhere", path), getattr(os, "mkfifo", os.mkdir)):
        make(tmp_path / name)
        with pytest.raises(RunFolderError, match=rf"{name} is a folder, a link or a device, wanted a plain file"):
            held(tmp_path).__enter__()
        assert not (tmp_path / "elsewhere").exists()
        (tmp_path / name).rename(tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}")


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(RunFolderError, match="cannot be written"):
            held(path).__enter__()


def test_an_entry_that_fails_leaves_nothing_held(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("infoscope.core.writer_lock.json.dumps", full)
        with pytest.raises(RunFolderError, match="the disk is full"):
            held(tmp_path).__enter__()
    process = writer(tmp_path)  # the kernel's lock is free
    end(process)


def test_a_beat_is_rare_and_only_the_writers(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("infoscope.core.writer_lock.time.monotonic", lambda: now[0])
    heartbeat = tmp_path / HEARTBEAT
    with held(tmp_path):
        age(tmp_path, 50)
        before = heartbeat.stat().st_mtime
        beat(tmp_path)
        assert heartbeat.stat().st_mtime == before
        now[0] += BEAT_SECONDS
        beat(tmp_path)
        assert heartbeat.stat().st_mtime > before
        heartbeat.unlink()
        now[0] += BEAT_SECONDS
        beat(tmp_path)  # someone cleared the folder up; the run itself is whole
    heartbeat.write_bytes(b"1 elsewhere")
    age(tmp_path, 50)
    before = heartbeat.stat().st_mtime
    beat(tmp_path)
    assert heartbeat.stat().st_mtime == before
    beat(tmp_path / "not there")


@posix
def test_a_lock_on_a_file_deleted_meanwhile_is_taken_again(tmp_path, monkeypatch):
    """The last writer leaves between our opening its lock file and our locking it."""
    real, opened = writer_lock._locked, []

    def late(descriptor):
        if not opened:
            (tmp_path / LOCK).unlink()
        opened.append(descriptor)
        return real(descriptor)

    monkeypatch.setattr(writer_lock, "_locked", late)
    with held(tmp_path):
        assert len(opened) == 2
        assert (tmp_path / LOCK).exists()
        monkeypatch.undo()
        with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stderr=subprocess.PIPE, text=True) as other:
            assert "is writing to" in other.communicate(timeout=60)[1]


def test_leaving_deletes_no_heartbeat_but_ones_own(tmp_path):
    with held(tmp_path):
        (tmp_path / HEARTBEAT).write_bytes(b"1 elsewhere")
    assert (tmp_path / HEARTBEAT).read_bytes() == b"1 elsewhere"
