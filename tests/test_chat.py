import shutil

import pytest

from thoughtrank import chat
from thoughtrank.models.load_folder import LoadedModel


def faults_of(arguments, capsys):
    """What is printed before the exit with status 2."""
    with pytest.raises(SystemExit) as end:
        chat.main([str(each) for each in arguments])
    assert end.value.code == 2
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return [line.removeprefix("error: ") for line in printed.err.splitlines() if line.startswith("error: ")]


def test_a_folder_without_a_model_prints_the_usage(tmp_path, capsys):
    for arguments in ([], ["--help"], [tmp_path], [tmp_path / "none", "Why?"]):
        [fault] = faults_of(arguments, capsys)
        assert "usage: python -m thoughtrank.chat FOLDER" in fault


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
    chat.print_answers(["Why?"], folder=tiny_folder)
    assert capsys.readouterr().out == "red \\x1b[2J\\x9b31m\n"


def test_the_words_after_the_folder_are_one_question(tiny_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: asked.extend([*questions, folder]))
    chat.main([str(tiny_folder), "How", "many?"])
    assert asked == ["How many?", tiny_folder]


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
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: asked.extend(questions))
    chat.main([str(tiny_folder)])
    # ``extend`` keeps what it took before an exception.
    assert asked == ["One?", "Two?"]


def test_the_reply_is_printed_without_prompt_and_special_tokens(tiny_folder, capsys):
    chat.print_answers(["How many apples?"], folder=tiny_folder)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert "How many apples?" not in printed
    assert "<|im_" not in printed
