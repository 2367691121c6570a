import pytest

from thoughtrank import chat


def test_a_folder_without_a_model_prints_the_usage(tmp_path):
    for arguments in ([], [str(tmp_path)]):
        with pytest.raises(SystemExit, match=r"usage: python -m thoughtrank\.chat FOLDER"):
            chat.main(arguments)


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
