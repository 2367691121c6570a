import io
import re

import pytest

from thoughtrank.chat.thought_printer import ThoughtPrinter


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_thought_is_dimmed_on_a_terminal_however_it_arrives(size, monkeypatch, terminal):
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    text, printer = "a <b<thought>3 < 4\x1b[2J</th</thought>so 7 <thou", ThoughtPrinter()
    for at in range(0, len(text), size):
        printer.write(text[at : at + size])
    printer.write("", end=True)
    plain = terminal.getvalue().replace("\x1b[2m", "").replace("\x1b[22m", "")
    assert plain == "a <b<thought>3 < 4\\x1b[2J</th</thought>so 7 <thou\n"
    dimmed = "".join(re.findall(r"\x1b\[2m(.*?)\x1b\[22m", terminal.getvalue()))
    assert dimmed == "<thought>3 < 4\\x1b[2J</th</thought>"


def test_a_file_gets_no_styles(monkeypatch):
    monkeypatch.setattr("sys.stdout", written := io.StringIO())
    ThoughtPrinter().write("<thought>3</thought>7", end=True)
    assert written.getvalue() == "<thought>3</thought>7\n"
