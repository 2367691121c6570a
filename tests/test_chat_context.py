"""The chat after the turns of a conversation that a file contains."""

import io
import json

import pytest

from thoughtrank import chat
from thoughtrank.models.load_folder import LoadedModel
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.records import Turn


@pytest.fixture
def asked(monkeypatch):
    """What would be asked."""
    found = []
    monkeypatch.setattr(chat, "print_answers", lambda questions, *, folder: found.extend(questions))
    return found


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


def test_the_model_reads_the_context(tiny_folder, capsys, monkeypatch):
    from thoughtrank.models.load_folder import load_folder

    loaded, prompts = load_folder(tiny_folder), []

    class Reader:
        def generate(self, input_ids, *, streamer, **_):
            prompts.append(loaded.tokenizer.decode(input_ids[0]))
            streamer.put(input_ids[0])
            streamer.on_finalized_text("9", stream_end=True)

    monkeypatch.setattr(chat, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Reader()))
    context = (Turn("system", "Be brief."), Turn("user", "2 + 3?"), Turn("assistant", "5"))
    chat.print_answers([Conversation(context, "Plus 4?", "")], folder=tiny_folder)
    assert all(prompts[0].count(text) == 1 for text in ("Be brief.", "2 + 3?", "Plus 4?"))


def test_a_context_that_cannot_be_read_is_one_message(tiny_folder, tmp_path, capsys, asked):
    with pytest.raises(SystemExit) as end:
        chat.main([str(tiny_folder), "--context", str(tmp_path / "none.json")])
    assert end.value.code == 2
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    [fault] = [line for line in printed.splitlines() if line.startswith("error: ")]
    assert f"{tmp_path / 'none.json'} cannot be read as JSON" in fault
    assert asked == []
