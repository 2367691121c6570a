"""The command line of the chat: what is asked, and what is said of a wrong one."""

import io
import json
import shutil

import pytest

from thoughtrank.chat import __main__ as chat
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.records import Turn


def text_of(conversation):
    """The question of a conversation without turns before it."""
    assert conversation.context == ()
    return conversation.question


@pytest.fixture
def asked(monkeypatch):
    """What would be asked."""
    found = []
    # ``extend`` keeps what it took before an exception.
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: found.extend(questions))
    return found


def test_a_folder_without_a_model_prints_the_usage(tmp_path, faults_of):
    for arguments in ([], [tmp_path], [tmp_path / "none", "Why?"]):
        [fault] = faults_of(*arguments)
        assert "usage: python -m thoughtrank.chat FOLDER" in fault


def test_only_the_folder_is_required(faults_of):
    assert faults_of()[0].startswith("the following arguments are required: FOLDER; usage:")


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
def test_a_broken_config_is_one_message_before_anything_is_loaded(
    tiny_folder, tmp_path, content, faults_of, monkeypatch
):
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: pytest.fail("loaded"))
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / "config.json").write_text(content)
    [fault] = faults_of(folder, "Why?")
    assert str(folder / "config.json") in fault


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_a_broken_model_folder_is_one_message(tiny_folder, tmp_path, name, faults_of):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / name).write_bytes((folder / name).read_bytes()[:100])
    [fault] = faults_of(folder, "Why?")
    assert f"no tokenizer and model can be loaded from {folder}" in fault


def test_a_model_without_a_chat_template_is_one_message(tiny_folder, tmp_path, faults_of):
    from transformers import AutoTokenizer

    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = None
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer.save_pretrained(folder)
    [fault] = faults_of(folder, "Why?")
    assert "no chat template" in fault


def test_the_words_after_the_folder_are_one_question(tiny_folder, monkeypatch):
    asked = []
    monkeypatch.setattr(
        chat, "print_answers", lambda questions, *, folder: asked.extend([*map(text_of, questions), folder])
    )
    chat.main([str(tiny_folder), "How", "many?"])
    assert asked == ["How many?", tiny_folder]


@pytest.mark.parametrize("end", ["", None])
def test_typed_questions_are_answered_until_an_empty_line_or_the_end_of_input(
    tiny_folder, monkeypatch, end, terminal, asked
):
    lines = iter(["One?", " Two? "] + ([end] if end is not None else []))

    def typed(prompt):
        try:
            return next(lines)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", typed)
    monkeypatch.setattr("sys.stdin", terminal)
    chat.main([str(tiny_folder)])
    assert [text_of(each) for each in asked] == ["One?", "Two?"]


def test_every_line_of_a_pipe_is_a_question(tiny_folder, monkeypatch, capsys, asked):
    monkeypatch.setattr("sys.stdin", io.StringIO("One?\n\n Two? \n"))
    chat.main([str(tiny_folder)])
    assert [text_of(each) for each in asked] == ["One?", "Two?"]
    assert ">" not in capsys.readouterr().out


def test_a_question_is_asked_after_the_turns_of_a_context(tiny_folder, tmp_path, asked, monkeypatch, capsys):
    file = tmp_path / "turns.json"
    turns = [("system", "Be brief."), ("user", "2 + 3?"), ("assistant", "5")]
    file.write_text(json.dumps([{"role": role, "content": content} for role, content in turns]))
    context = tuple(Turn(role, content) for role, content in turns)
    chat.main([str(tiny_folder), "--context", str(file), "Plus", "4?"])
    monkeypatch.setattr("sys.stdin", io.StringIO("And 5?\n6?\n"))
    chat.main([str(tiny_folder), "--context", str(file)])
    assert asked == [Conversation(context, each, "") for each in ("Plus 4?", "And 5?", "6?")]
    file.write_text(json.dumps({"system": "Be brief.", "conversations": [{"from": "human", "value": "2 + 3?"}]}))
    chat.main([str(tiny_folder), "--context", str(file)])
    assert asked[-1] == Conversation(context[:1], "2 + 3?", "")
    file.write_text(json.dumps({"system": "Be brief."}))
    chat.main([str(tiny_folder), "--context", str(file), "2 + 3?"])
    assert asked[-1] == asked[-2]


def test_a_context_that_cannot_be_read_is_one_message(tiny_folder, tmp_path, faults_of, asked):
    [fault] = faults_of(tiny_folder, "--context", tmp_path / "none.json")
    assert f"{tmp_path / 'none.json'} cannot be read as JSON" in fault
    assert asked == []
