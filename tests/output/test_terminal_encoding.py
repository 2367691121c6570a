"""No terminal is too narrow in its characters for a run."""

import os
import subprocess
import sys

import pytest

PROGRAM = (
    "import sys; from thoughtrank.output.terminal_encoding import escape_unprintable; escape_unprintable(); "
    "print('caf\\xe9 \\u4e2d'); print('caf\\xe9 \\u4e2d', file=sys.stderr)"
)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("ascii", b"caf\\xe9 \\u4e2d\n"), ("latin-1", b"caf\xe9 \\u4e2d\n"), ("utf-8", "café 中\n".encode())],
)
def test_what_the_terminal_cannot_show_is_escaped(encoding, shown):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, check=True)
    assert done.stdout == done.stderr == shown


ECHO = (
    "import sys; from thoughtrank.entry_point import prepare_program; prepare_program(); "
    "print(ascii(sys.stdin.readline().strip()))"
)


@pytest.mark.parametrize(
    ("encoding", "typed", "read"),
    [
        ("ascii", "café 中".encode(), "caf\\xe9 \\u4e2d"),
        ("ascii", b"caf\xe9", "caf\\ufffd"),
        ("utf-8", b"caf\xe9", "caf\\ufffd"),
        ("utf-8", "café 中".encode(), "caf\\xe9 \\u4e2d"),
        ("latin-1", b"caf\xe9", "caf\\xe9"),
    ],
)
def test_what_is_typed_is_read_in_every_encoding(encoding, typed, read):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([sys.executable, "-c", ECHO], env=environment, input=typed + b"\n", capture_output=True)
    assert done.stdout.decode().strip() == f"'{read}'"
