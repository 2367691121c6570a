import io
import re
import shutil

import pytest

from thoughtrank import chat
from thoughtrank.models.load_folder import LoadedModel
from thoughtrank.questions.rows.conversations import Conversation


def text_of(conversation):
    """The question of a conversation without turns before it."""
    assert conversation.context == ()
    return conversation.question


def faults_of(arguments, capsys):
    """What is printed before the exit with status 2."""
    with pytest.raises(SystemExit) as end:
        chat.main([str(each) for each in arguments])
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return [line.removeprefix("error: ") for line in printed.err.splitlines() if line.startswith("error: ")]


def test_a_folder_without_a_model_prints_the_usage(tmp_path, capsys):
    for arguments in ([], [tmp_path], [tmp_path / "none", "Why?"]):
        [fault] = faults_of(arguments, capsys)
        assert "usage: python -m thoughtrank.chat FOLDER" in fault


def test_only_the_folder_is_required(capsys):
    assert faults_of([], capsys)[0].startswith("the following arguments are required: FOLDER; usage:")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_is_printed_with_status_0(flag, capsys):
    with pytest.raises(SystemExit) as end:
        chat.main([flag])
    assert not end.value.code
    printed = capsys.readouterr()
    assert printed.out.startswith("usage: python -m thoughtrank.chat FOLDER [--round N]")
    assert all(word in printed.out for word in ("runs/NAME/export", "--compare", "--context FILE", "QUESTION"))
    assert printed.err == ""


@pytest.mark.parametrize("content", ["", "{", "[]", "3", '{"num_attention_heads": "many"}'])
def test_a_broken_config_is_one_message_before_anything_is_loaded(tiny_folder, tmp_path, content, capsys, monkeypatch):
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: pytest.fail("loaded"))
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / "config.json").write_text(content)
    [fault] = faults_of([folder, "Why?"], capsys)
    assert str(folder / "config.json") in fault


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_broken_model_folder_is_one_message(tiny_folder, tmp_path, name, capsys):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    [fault] = faults_of([folder, "Why?"], capsys)
    assert f"no tokenizer and model can be loaded from {folder}" in fault


def test_a_model_without_a_chat_template_is_one_message(tiny_folder, tmp_path, capsys):
    from transformers import AutoTokenizer

    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = None
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)
    [fault] = faults_of([folder, "Why?"], capsys)
    assert "no chat template" in fault


def test_a_reply_cannot_control_the_terminal(tiny_folder, capsys, monkeypatch):
    from thoughtrank.models.load_folder import load_folder

    loaded = load_folder(tiny_folder)

    class Writer:
        """Writes one token after the other, which the tokenizer decodes to control characters."""

        def generate(self, input_ids, *, streamer, **_):
            streamer.put(input_ids[0])
            streamer.on_finalized_text("red \x1b[2J")
            streamer.on_finalized_text("\x9b31m", stream_end=True)

    monkeypatch.setattr(chat, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer()))
    chat.print_answers([Conversation((), "Why?", "")], folder=tiny_folder)
    assert capsys.readouterr().out == "red \\x1b[2J\\x9b31m\n"


def test_the_words_after_the_folder_are_one_question(tiny_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        chat, "print_answers", lambda questions, *, folder: asked.extend([*map(text_of, questions), folder])
    )
    chat.main([str(tiny_folder), "How", "many?"])
    assert asked == ["How many?", tiny_folder]


class Terminal(io.StringIO):
    """Input or output that is a terminal; ``flushed`` is what can be seen on it."""

    flushed = ""

    def flush(self):
        self.flushed = self.getvalue()

    def isatty(self):
        return True


@pytest.mark.parametrize("end", ["", None])
def test_typed_questions_are_answered_until_an_empty_line_or_the_end_of_input(tiny_folder, monkeypatch, end):
    lines = iter(["One?", " Two? "] + ([end] if end is not None else []))

    def typed(prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    asked = []
    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: asked.extend(map(text_of, questions)))
    chat.main([str(tiny_folder)])
    # ``extend`` keeps what it took before an exception.
    assert asked == ["One?", "Two?"]


def test_the_reply_is_printed_without_prompt_and_special_tokens(tiny_folder, capsys):
    chat.print_answers([Conversation((), "How many apples?", "")], folder=tiny_folder)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert "How many apples?" not in printed
    assert "<|im_" not in printed


def test_a_reply_is_shown_while_it_is_generated(tiny_folder, monkeypatch):
    from thoughtrank.models.load_folder import load_folder

    loaded, terminal, seen = load_folder(tiny_folder), Terminal(), []
    text = "<thought>3 and 4 are 7</thought>So there are 7 apples in all."

    class Writer:
        """Generates the text token by token, and looks at the terminal after each."""

        def generate(self, input_ids, *, streamer, **_):
            streamer.put(input_ids[0])
            for token in loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids[0]:
                streamer.put(token.unsqueeze(0))
                seen.append(terminal.flushed)
            streamer.end()

    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setattr(chat, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer()))
    chat.print_answers([Conversation((), "Why?", "")], folder=tiny_folder)
    plain = [re.sub(r"\x1b\[\d+m", "", each) for each in seen]
    assert all(text.startswith(each) for each in plain)
    # A word is shown when the next one begins.
    assert len(dict.fromkeys(plain)) >= len(text.split())
    assert plain[-1].endswith("apples in ")


def test_every_line_of_a_pipe_is_a_question(tiny_folder, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("sys.stdin", io.StringIO("One?\n\n Two? \n"))
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: asked.extend(map(text_of, questions)))
    chat.main([str(tiny_folder)])
    assert asked == ["One?", "Two?"]
    assert ">" not in capsys.readouterr().out


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


def test_a_run_stands_for_its_export_and_a_round_for_its_model(run, tmp_path, tiny_folder):
    assert chat.model_folder(run, round_number=None) == run / "export"
    assert chat.model_folder(run, round_number=2) == run / "round_2" / "4_model"
    assert chat.model_folder(run, round_number=0) == tmp_path / "base"
    assert chat.model_folder(tiny_folder, round_number=None) == tiny_folder
    for inside in (run, run / "export", run / "round_2" / "4_model"):
        assert chat.base_folder(inside) == tmp_path / "base"


def test_a_model_that_a_run_does_not_have_is_one_message(run, tiny_folder, tmp_path, capsys):
    shutil.rmtree(run / "export")
    (fault,) = faults_of([run], capsys)
    assert fault == f"{run} has no export yet: give --round; its rounds with a model: 1, 2"
    (fault,) = faults_of([run, "--round", "7"], capsys)
    assert "no model of round 7" in fault
    (fault,) = faults_of([tiny_folder, "--round", "1"], capsys)
    assert "is not a run" in fault
    (fault,) = faults_of([tmp_path / "none", "--round", "1"], capsys)
    assert "none: no such folder" in fault
    (tmp_path / "begun").mkdir()
    shutil.copy(run / "config.yaml", tmp_path / "begun")
    for more in ([], ["--round", "1"]):
        (fault,) = faults_of([tmp_path / "begun", *more], capsys)
        assert fault.endswith("begun has no model yet: repeat the run's command to finish its first round")
    (fault,) = faults_of([tiny_folder, "--compare"], capsys)
    assert "its base model is known only inside a run" in fault
    shutil.rmtree(tmp_path / "base")
    (fault,) = faults_of([run, "--round", "0"], capsys)
    assert "is no longer in the cache" in fault


def test_compare_asks_both_models_the_same(run, monkeypatch, capsys):
    from thoughtrank.models.load_folder import load_folder

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def generate(self, input_ids, *, streamer, **_):
            streamer.put(input_ids[0])
            streamer.on_finalized_text(f"reply of {self.folder.name}", stream_end=True)

    loaded = load_folder(run / "export")
    monkeypatch.setattr(chat, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer(folder)))
    chat.main([str(run), "--compare", "How", "many?"])
    assert capsys.readouterr().out == "base model:\nreply of base\n\ntrained:\nreply of export\n\n"


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_thought_is_dimmed_on_a_terminal_however_it_arrives(size, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.delenv("NO_COLOR", raising=False)
    text, printer = "a <b<thought>3 < 4\x1b[2J</th</thought>so 7 <thou", chat.ThoughtPrinter()
    for at in range(0, len(text), size):
        printer.write(text[at : at + size])
    printer.write("", end=True)
    plain = terminal.getvalue().replace("\x1b[2m", "").replace("\x1b[22m", "")
    assert plain == "a <b<thought>3 < 4\\x1b[2J</th</thought>so 7 <thou\n"
    dimmed = "".join(re.findall(r"\x1b\[2m(.*?)\x1b\[22m", terminal.getvalue()))
    assert dimmed == "<thought>3 < 4\\x1b[2J</th</thought>"


def test_a_file_gets_no_styles(monkeypatch):
    monkeypatch.setattr("sys.stdout", written := io.StringIO())
    chat.ThoughtPrinter().write("<thought>3</thought>7", end=True)
    assert written.getvalue() == "<thought>3</thought>7\n"


def test_a_model_without_a_limit_of_its_own_gets_one(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / "generation_config.json").write_text('{"max_new_tokens": 3}')
    assert chat._limit(folder) == {}
    (folder / "generation_config.json").unlink()
    assert chat._limit(folder) == {"max_new_tokens": 512}
