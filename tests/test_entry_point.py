"""How every program of this package ends."""

import errno
import gc

import pytest

from thoughtrank.entry_point import OBJECTS_BETWEEN_COLLECTIONS, entry_point, prepare_process
from thoughtrank.errors import UserError


def status_after(error):
    with pytest.raises(SystemExit) as end, entry_point():
        raise error
    return end.value.code


def test_a_program_without_errors_ends_as_it_is():
    with entry_point():
        pass


def test_what_the_user_can_fix_is_one_line_each_and_status_2(capsys):
    assert status_after(UserError("one", "two")) == 2
    assert capsys.readouterr().err == "error: one\nerror: two\n"


def test_a_file_that_cannot_be_read_is_one_line_and_status_2(capsys):
    assert status_after(PermissionError(errno.EACCES, "Permission denied", "/there")) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: /there cannot be read or written (Permission denied)")


@pytest.mark.parametrize("error", [RuntimeError("a bug\x1b[2J"), OSError(errno.EIO, "a bug\x1b[2J")])
def test_a_bug_keeps_its_traceback_without_control_characters_and_is_status_1(error, capsys):
    assert status_after(error) == 1
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "a bug\\x1b[2J" in shown


def test_an_exit_status_of_the_programs_own_is_kept():
    assert status_after(SystemExit(7)) == 7


def test_a_start_is_not_slowed_by_garbage_collection():
    before = gc.get_threshold()
    gc.set_threshold(700)
    try:
        prepare_process()
        assert gc.get_threshold()[0] == OBJECTS_BETWEEN_COLLECTIONS
    finally:
        gc.set_threshold(*before)
