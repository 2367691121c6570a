"""A run to chat with, the command line, and a terminal."""

import io
import shutil

import pytest

from thoughtrank.chat import __main__ as chat


class Terminal(io.StringIO):
    """Input or output that is a terminal; ``flushed`` is what can be seen on it."""

    flushed = ""

    def flush(self):
        self.flushed = self.getvalue()

    def isatty(self):
        return True


@pytest.fixture
def terminal():
    return Terminal()


@pytest.fixture
def faults_of(capsys):
    """What a command line prints before the exit with status 2."""

    def faults(*arguments):
        with pytest.raises(SystemExit) as end:
            chat.main([str(each) for each in arguments])
        assert end.value.code == 2
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return [line.removeprefix("error: ") for line in printed.err.splitlines() if line.startswith("error: ")]

    return faults


@pytest.fixture
def run(tiny_folder, tmp_path):
    """A run with an export, models of two rounds and a base model."""
    folder = tmp_path / "run"
    for name in ("export", "round_1/4_model", "round_2/4_model"):
        shutil.copytree(tiny_folder, folder / name)
    (folder / "config.yaml").write_text("seed: 0\n")
    base = shutil.copytree(tiny_folder, tmp_path / "base")
    (folder / "round_1" / "4_model" / "_job.yaml").write_text(f"model: {base}\n")
    return folder
