import errno
import json
import os

import pytest

from thoughtrank.errors import UserError
from thoughtrank.storage.line_log import LineLog


def opened(path, **options):
    """A log, and the values of the lines that were there."""
    values = []
    return LineLog(path, read=lambda line: values.append(json.loads(line)["n"]), **options), values


def written(path, *numbers):
    log, _ = opened(path)
    for number in numbers:
        log.append(json.dumps({"n": number}).encode())
    log.close()
    return path.read_bytes()


def test_lines_come_back_in_their_order(tmp_path):
    path = tmp_path / "new" / "log"
    written(path, 1, 2)
    written(path, 3)
    log, values = opened(path, durable=True)
    log.close()
    log.close()
    assert values == [1, 2, 3]


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_line_torn_at_any_byte_is_cut_off_and_the_next_one_is_whole(tmp_path, cut):
    path = tmp_path / "log"
    first = len(written(path, 1))
    content = written(path, 2)
    path.write_bytes(content[: first + cut])
    written(path, 3)
    _, values = opened(path)
    # After 8 bytes only the newline is missing.
    assert values == ([1, 2, 3] if cut == 8 else [1, 3])


def test_zeros_that_a_power_failure_left_are_cut_off(tmp_path):
    path = tmp_path / "log"
    content = written(path, 1)
    path.write_bytes(content + bytes(100))
    log, values = opened(path)
    log.close()
    assert (values, path.read_bytes()) == ([1], content)


def test_a_complete_line_that_cannot_be_read_is_an_error_and_the_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"n": 1}\n{"m": 2}\n{"n"')
    with pytest.raises(UserError, match="log: line 2 is odd; delete it"):
        opened(path, unreadable="is odd; delete it")
    assert path.read_bytes() == b'{"n": 1}\n{"m": 2}\n{"n"'


def test_unreadable_lines_are_skipped_where_nothing_is_said_about_them(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b'{"n": 1}\n\n[]\n{"n": 3}\n')
    log, values = opened(path)
    log.close()
    assert values == [1, 3]


@pytest.mark.parametrize(
    ("error", "words"), [(errno.ENOSPC, "is full.*free some space"), (errno.EIO, "cannot write .*log: Input/output")]
)
def test_a_line_that_cannot_be_written_leaves_no_trace(tmp_path, monkeypatch, error, words):
    path = tmp_path / "log"
    content = written(path, 1)
    log, _ = opened(path)
    pwrite = os.pwrite

    def half(file, data, offset):
        if len(data) < 8:
            raise OSError(error, os.strerror(error))
        return pwrite(file, data[:4], offset)

    monkeypatch.setattr(os, "pwrite", half)
    with pytest.raises(UserError, match=words):
        log.append(b'{"n": 2}')
    assert path.read_bytes() == content
    monkeypatch.undo()
    log.append(b'{"n": 3}')
    log.close()
    assert path.read_bytes() == content + b'{"n": 3}\n'


def test_a_line_is_read_back_at_the_offset_where_it_was_written(tmp_path):
    lines = [b"short", b"x" * 200_000, b"", b"last"]
    log, _ = opened(tmp_path / "log")
    offsets = [log.append(line) for line in lines]
    assert [log.line_at(offset) for offset in offsets] == lines
    assert log.line_at(offsets[-1] + 5) == b""
    log.close()
