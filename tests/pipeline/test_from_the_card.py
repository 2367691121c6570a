"""Every file of the page docs/from_the_card.md is made, and every command of it is given, as they stand there."""

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from thoughtrank import cli
from thoughtrank.chat import __main__ as chat
from thoughtrank.errors import UserError
from thoughtrank.run import do_run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "from_the_card.md"
REALLY = {"shortest": ["model=tiny", "logger=none", "stop_after=ranking", "evaluation.reply_tokens=2"]}
"""Runs, by name, that are carried out, with what makes them small enough for that. Of all others the plan is made."""


def blocks():
    """The page's files (``name, text``) and commands (``None, line``) in their order."""
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL):
        if language == "sh":
            yield from ((None, line) for line in text.splitlines())
        else:
            yield re.search(r"^# ([\w/]+\.\w+)$", text, flags=re.MULTILINE)[1], text


@pytest.fixture
def laptop(tmp_path, finished, monkeypatch):
    """A new user's empty folder, in which the runs of the page have already been done, with a tiny model."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(cli, "_failures", [])
    monkeypatch.setattr("signal.signal", lambda number, handler: None)
    for run in ("first", "apples"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        for path in finished.path("base").iterdir():
            # Their configs are others than those of the page, which would be named.
            if path.name != "config.yaml":
                (tmp_path / "runs" / run / path.name).symlink_to(path)
    return tmp_path


def give(line):
    """Do what a shell would do with the line; returns its exit status."""
    words = shlex.split(line)
    match words:
        case ["thoughtrank", *arguments]:
            return give_run(arguments)
        case ["python", "-m", "thoughtrank.chat", *arguments]:
            sys.argv = ["chat_with", *arguments]
            chat.main()
        case ["python", script, *arguments]:
            sys.argv = [script, *arguments]
            runpy.run_path(script, run_name="__main__")
        case ["ls", *_]:
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        case _:
            raise AssertionError(f"no way to check {line!r}")
    return 0


def give_run(arguments):
    named = {word.partition("=")[0]: word.partition("=")[2] for word in arguments}
    if "-m" in arguments or named.get("run") in REALLY:
        small = REALLY.get(named.get("run"), ["dry_run=true"])
        sys.argv = ["thoughtrank", *arguments, *small]
        try:
            cli.main()
        except SystemExit as stopped:
            return stopped.code
        return 0
    # The same as the command line, without the second or so that Hydra takes to be a program.
    overrides = [word for word in arguments if "=" in word]
    if named.get("experiment") == "llama3.2_3b_cot":
        overrides.append("questions.name=nowhere")  # not the hub: no test needs a network
    if "--config-dir" in arguments:
        overrides.append(f"hydra.searchpath=[file://{Path(arguments[arguments.index('--config-dir') + 1]).absolute()}]")
    with initialize_config_dir(config_dir=str(ROOT / "conf"), version_base="1.3"):
        composed = compose("config", overrides=[*overrides, "++dry_run=true"])
    try:
        do_run(OmegaConf.to_container(composed, resolve=True), choices={})
    except UserError as error:
        print(error)
        return 2
    return 0


def test_every_command_of_the_page_does_what_it_says(laptop, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", [])
    monkeypatch.setattr("thoughtrank.finetuning.memory.setup.has_nvidia_driver", lambda: False)  # a laptop
    outputs = {}
    for name, text in blocks():
        if name is not None:
            (laptop / name).parent.mkdir(parents=True, exist_ok=True)
            (laptop / name).write_text(text)
            continue
        status = give(text)
        outputs[text] = capsys.readouterr().out
        # The plans of what a new user's laptop lacks a key for end with saying so.
        needs_key = "OPENAI_API_KEY" in outputs[text]
        assert status == (2 if needs_key else 0), f"{text}\n{outputs[text]}"
        assert needs_key == ("llama3.2_3b_cot" in text or "gpt4" in text), text
        assert outputs[text] or text.startswith(("ls ", "python make_questions")), text
    assert len(outputs) >= 15
    plan = outputs["thoughtrank experiment=llama3.2_3b_cot dry_run=true"].splitlines()
    shown = re.search(r"^  model .*?(?=^  disk)", PAGE.read_text(), flags=re.MULTILINE | re.DOTALL)[0].splitlines()
    assert len(shown) >= 8
    assert [line for line in shown if line not in plan] == []
    assert any("<thought>" in output for line, output in outputs.items() if line.startswith("python winners.py"))
    assert (laptop / "runs" / "shortest" / "round_1" / "2_rankings").is_dir()
