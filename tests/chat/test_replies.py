import re
import shutil

from thoughtrank.chat import __main__ as chat
from thoughtrank.chat import replies
from thoughtrank.models.load_folder import LoadedModel
from thoughtrank.questions.rows.conversations import Conversation
from thoughtrank.records import Turn


def test_a_reply_cannot_control_the_terminal(tiny_folder, capsys, monkeypatch):
    from thoughtrank.models.load_folder import load_folder

    loaded = load_folder(tiny_folder)

    class Writer:
        """Writes one token after the other, which the tokenizer decodes to control characters."""

        def generate(self, input_ids, *, streamer, **_):
            streamer.put(input_ids[0])
            streamer.on_finalized_text("red \x1b[2J")
            streamer.on_finalized_text("\x9b31m", stream_end=True)

    monkeypatch.setattr(replies, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer()))
    replies.print_answers([Conversation((), "Why?", "")], folder=tiny_folder)
    assert capsys.readouterr().out == "red \\x1b[2J\\x9b31m\n"


def test_the_reply_is_printed_without_prompt_and_special_tokens(tiny_folder, capsys):
    replies.print_answers([Conversation((), "How many apples?", "")], folder=tiny_folder)
    printed = capsys.readouterr().out
    assert printed.strip()
    assert "How many apples?" not in printed
    assert "<|im_" not in printed


def test_a_reply_is_shown_while_it_is_generated(tiny_folder, monkeypatch, terminal):
    from thoughtrank.models.load_folder import load_folder

    loaded, seen = load_folder(tiny_folder), []
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
    monkeypatch.setattr(replies, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer()))
    replies.print_answers([Conversation((), "Why?", "")], folder=tiny_folder)
    plain = [re.sub(r"\x1b\[\d+m", "", each) for each in seen]
    assert all(text.startswith(each) for each in plain)
    # A word is shown when the next one begins.
    assert len(dict.fromkeys(plain)) >= len(text.split())
    assert plain[-1].endswith("apples in ")


def test_the_model_reads_the_context(tiny_folder, capsys, monkeypatch):
    from thoughtrank.models.load_folder import load_folder

    loaded, prompts = load_folder(tiny_folder), []

    class Reader:
        def generate(self, input_ids, *, streamer, **_):
            prompts.append(loaded.tokenizer.decode(input_ids[0]))
            streamer.put(input_ids[0])
            streamer.on_finalized_text("9", stream_end=True)

    monkeypatch.setattr(replies, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Reader()))
    context = (Turn("system", "Be brief."), Turn("user", "2 + 3?"), Turn("assistant", "5"))
    replies.print_answers([Conversation(context, "Plus 4?", "")], folder=tiny_folder)
    assert all(prompts[0].count(text) == 1 for text in ("Be brief.", "2 + 3?", "Plus 4?"))


def test_compare_asks_both_models_the_same(run, monkeypatch, capsys):
    from thoughtrank.models.load_folder import load_folder

    class Writer:
        def __init__(self, folder):
            self.folder = folder

        def generate(self, input_ids, *, streamer, **_):
            streamer.put(input_ids[0])
            streamer.on_finalized_text(f"reply of {self.folder.name}", stream_end=True)

    loaded = load_folder(run / "export")
    monkeypatch.setattr(replies, "load_folder", lambda folder: LoadedModel(loaded.tokenizer, Writer(folder)))
    chat.main([str(run), "--compare", "How", "many?"])
    assert capsys.readouterr().out == "base model:\nreply of base\n\ntrained:\nreply of export\n\n"


def test_a_model_without_a_limit_of_its_own_gets_one(tiny_folder, tmp_path):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    (folder / "generation_config.json").write_text('{"max_new_tokens": 3}')
    assert replies._limit(folder) == {}
    (folder / "generation_config.json").unlink()
    assert replies._limit(folder) == {"max_new_tokens": 512}
