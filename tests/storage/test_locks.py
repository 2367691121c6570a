import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from filelock import FileLock, Timeout

from thoughtrank.storage import locks
from thoughtrank.storage.locks import LOCK, exclusive

HOLDER = """
import errno, fcntl, os, sys, time
from pathlib import Path
def refused(*_):
    raise OSError(int(sys.argv[2]), os.strerror(int(sys.argv[2])))
fcntl.flock = refused
from thoughtrank.storage.locks import exclusive
with exclusive(Path(sys.argv[1]), waiting="waiting"):
    print("held", flush=True)
    time.sleep(600)
"""


def is_held(folder):
    try:
        with FileLock(folder / LOCK, timeout=0):
            return False
    except Timeout:
        return True


def test_the_folder_is_created_and_held_until_the_end(tmp_path, capsys):
    folder = tmp_path / "a" / "b"
    with exclusive(folder, waiting="waiting"):
        assert is_held(folder)
    assert not is_held(folder)
    assert capsys.readouterr().out == ""


def test_it_is_released_after_an_error(tmp_path):
    with pytest.raises(RuntimeError), exclusive(tmp_path, waiting="waiting"):
        raise RuntimeError
    assert not is_held(tmp_path)


def test_a_second_holder_is_told_once_and_waits_for_the_first(tmp_path, capsys):
    order = []

    def second():
        with exclusive(tmp_path, waiting="another run is at work"):
            order.append("second")

    thread = threading.Thread(target=second)
    printed, until = "", time.monotonic() + 60
    with exclusive(tmp_path, waiting="the first waits"):
        thread.start()
        while not printed and time.monotonic() < until:
            time.sleep(0.01)
            printed += capsys.readouterr().out
        order.append("first")
    thread.join(60)
    assert order == ["first", "second"]
    assert printed + capsys.readouterr().out == "another run is at work\n"


def test_two_folders_do_not_wait_for_each_other(tmp_path, capsys):
    with exclusive(tmp_path / "one", waiting="waiting"), exclusive(tmp_path / "two", waiting="waiting"):
        assert is_held(tmp_path / "one")
        assert is_held(tmp_path / "two")
    assert capsys.readouterr().out == ""


@pytest.fixture(params=[errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL], ids=errno.errorcode.get)
def without_locks(request, monkeypatch):
    """A file system that answers every request for a lock with an error."""

    def refused(*_):
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(fcntl, "flock", refused)
    monkeypatch.setattr(locks, "_warned", set())
    return request.param


def test_without_locks_of_the_file_system_a_file_stands_for_the_lock(tmp_path, without_locks, capsys):
    (tmp_path / LOCK).touch()  # left behind by a lock from before
    for _ in range(2):
        with exclusive(tmp_path, waiting="waiting"):
            assert (tmp_path / f"{LOCK}.lock").exists()
        assert not (tmp_path / f"{LOCK}.lock").exists()
    captured = capsys.readouterr()
    assert captured.out == ""
    [warning] = captured.err.splitlines()
    assert f"has no locks ({os.strerror(without_locks)})" in warning


def test_without_locks_another_process_waits_and_what_a_killed_one_held_is_free(tmp_path, monkeypatch, capsys):
    command = [sys.executable, "-c", HOLDER, str(tmp_path), str(errno.ENOLCK)]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"

    def refused(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refused)
    killed = []

    def kill():
        killed.append(time.monotonic())
        holder.send_signal(signal.SIGKILL)
        holder.communicate()

    timer = threading.Timer(0.6, kill)
    timer.start()
    with exclusive(tmp_path, waiting="another run is at work"):
        assert killed
    timer.join()
    assert capsys.readouterr().out == f"another run is at work (if none is: delete {tmp_path / LOCK}.lock)\n"


def test_an_error_that_is_not_about_locks_is_raised(tmp_path, monkeypatch):
    def failing(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", failing)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)), exclusive(tmp_path, waiting="waiting"):
        pass
