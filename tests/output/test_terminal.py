"""What questions, models, servers and hubs wrote cannot control the terminal, wherever it is printed."""

import ast
import fcntl
import os
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from thoughtrank.output.progress import progress_bar
from thoughtrank.output.terminal import (
    print_error,
    print_faults,
    print_plan,
    print_text,
    print_traceback,
    print_warning,
    terminal_columns,
)

PACKAGE = Path(__file__).parents[2] / "thoughtrank"
HOSTILE = "\x1b[2Jred\x07 \x9b31m\u202e \ud800"
SHOWN = "\\x1b[2Jred\\x07 \\x9b31m\\u202e \ufffd"
PRINTS = {"output/terminal.py", "engines/serving/process_guard.py"}
"""The second one is run as a file in another Python environment, and prints nothing."""


def test_control_characters_are_printed_as_escapes(capsys):
    print_text(HOSTILE)
    print_text(HOSTILE, end="")
    print_error(HOSTILE)
    captured = capsys.readouterr()
    assert captured.out == f"{SHOWN}\n{SHOWN}"
    assert captured.err == f"{SHOWN}\n"


def test_a_quoted_text_cannot_begin_a_line_of_its_own_in_a_warning(capsys):
    print_warning(f"left out {HOSTILE}\nerror: all is lost")
    assert capsys.readouterr().err == f"warning: left out {SHOWN}\\nerror: all is lost\n"


def test_keys_are_not_printed(capsys, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "canary-of-this-test")
    print_text("a canary-of-this-test")
    print_warning("b canary-of-this-test")
    print_faults(["c canary-of-this-test"])
    try:
        raise RuntimeError("d canary-of-this-test" + HOSTILE)
    except RuntimeError:
        print_traceback()
    captured = capsys.readouterr()
    assert "canary" not in captured.out + captured.err
    assert "RuntimeError: d [redacted]" in captured.err
    assert "\x1b" not in captured.err


@pytest.mark.parametrize(
    ("prints", "kept"),
    [
        ("print_text", "the program that read the output has ended, and so does this one; finished work is kept\n"),
        ("print_warning", None),
    ],
)
def test_output_into_a_program_that_ends_first_ends_quietly(prints, kept):
    code = f"from thoughtrank.output import terminal\nfor line in range(99999): terminal.{prints}('long ' * 99)"
    streams = {"print_text": (subprocess.PIPE, subprocess.PIPE), "print_warning": (subprocess.PIPE, subprocess.STDOUT)}
    out, err = streams[prints]
    process = subprocess.Popen([sys.executable, "-c", code], stdout=out, stderr=err, text=True)
    assert "long" in process.stdout.readline()
    process.stdout.close()  # as head does
    shown = process.stderr.read() if process.stderr else None
    assert process.wait(60) == 141
    assert shown == kept


def test_progress_bars_show_no_control_characters(capsys):
    with progress_bar(description=HOSTILE, total=1, done=0, unit=HOSTILE, columns=200) as bar:
        bar.update()
    shown = capsys.readouterr().err
    assert SHOWN in shown
    assert "\x1b[2J" not in shown


PLAN = """run mine: 4 rounds
  time        roughly 4 minutes, and 2 minutes of training
              on this cpu, without its evaluation
"""


def printed_on_terminal(monkeypatch, *, columns: int, text: str = PLAN) -> list[str]:
    main, side = os.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("4H", 24, columns, 0, 0))
    with os.fdopen(main, "rb", buffering=0) as shown:
        with os.fdopen(side, "w") as stream:
            monkeypatch.setattr(sys, "stdout", stream)
            assert terminal_columns(stream) == columns
            print_plan(text)
            monkeypatch.undo()
        return everything(shown).decode().split("\r\n")


def everything(shown) -> bytes:
    """What a terminal shows whose other side is closed: it arrives in pieces, and the end is an error."""
    pieces = []
    with suppress(OSError):
        while piece := shown.read(4096):
            pieces.append(piece)
    return b"".join(pieces)


def test_a_plan_goes_on_below_its_text_on_a_narrow_terminal(monkeypatch):
    assert printed_on_terminal(monkeypatch, columns=40) == [
        "run mine: 4 rounds",
        "  time        roughly 4 minutes, and 2",
        "              minutes of training",
        "              on this cpu, without its",
        "              evaluation",
        "",
        "",
    ]


def test_a_label_of_two_words_and_a_line_without_a_label_go_on_below_their_text(monkeypatch):
    lines = "  win rates   a judge compares replies\n              of  two rounds, blind"
    assert printed_on_terminal(monkeypatch, columns=32, text=lines) == [
        "  win rates   a judge compares",
        "              replies",
        "              of  two rounds,",
        "              blind",
        "",
    ]


@pytest.mark.parametrize("columns", [0, 100])
def test_a_plan_is_not_wrapped_on_a_wide_terminal_and_on_one_without_a_size(monkeypatch, columns):
    assert "\n".join(printed_on_terminal(monkeypatch, columns=columns)) == PLAN + "\n"


def test_each_line_of_a_plan_is_one_line_of_a_file(capsys):
    print_plan("  time  " + "long " * 99 + "end")
    assert capsys.readouterr().out == "  time  " + "long " * 99 + "end\n"


@pytest.mark.parametrize("name", ["print", "input"])
def test_no_other_module_prints(name):
    calls = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == name
    }
    assert calls <= (PRINTS if name == "print" else {"chat/__main__.py"})


def test_no_other_module_writes_to_the_terminal():
    streams = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout.write", "sys.stderr.write")
    }
    assert streams == set()
