"""A server is kept for the next session with the same weights, and there is never more than one."""

import os

import pytest

from thoughtrank.engines.serving.held_server import HeldServer
from thoughtrank.errors import UserError


class Server:
    def __init__(self):
        self.ready, self.closed = True, 0

    def is_ready(self):
        return self.ready

    def close(self):
        self.closed += 1


@pytest.fixture
def folders(tmp_path):
    made = [tmp_path / name for name in ("one", "other")]
    for folder in made:
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"weights")
    return made


def test_the_same_weights_have_the_same_server_and_others_a_new_one_after_its_end(folders):
    held, (one, other) = HeldServer(), folders
    first = held.serving(one, start=Server)
    assert held.serving(one.parent / "other" / ".." / "one", start=Server) is first
    assert first.closed == 0

    def start():
        assert first.closed == 1
        return Server()

    second = held.serving(other, start=start)
    assert second is not first
    held.release()
    held.release()
    assert (first.closed, second.closed) == (1, 1)


def test_a_server_that_has_died_and_one_of_former_weights_are_replaced(folders):
    held, (one, _) = HeldServer(), folders
    first = held.serving(one, start=Server)
    first.ready = False
    second = held.serving(one, start=Server)
    assert second is not first
    os.utime(one / "model.safetensors", ns=(1, 1))
    assert held.serving(one, start=Server) is not second
    assert (first.closed, second.closed) == (1, 1)


def test_where_none_starts_none_is_kept(folders):
    held, (one, other) = HeldServer(), folders
    first = held.serving(one, start=Server)

    def fails():
        raise UserError("out of memory")

    with pytest.raises(UserError, match="out of memory"):
        held.serving(other, start=fails)
    assert first.closed == 1
    assert held.serving(one, start=Server) is not first
