import threading
import time

import pytest
from filelock import FileLock, Timeout

from thoughtrank.storage.locks import LOCK, exclusive


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
