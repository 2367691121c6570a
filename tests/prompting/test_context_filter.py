"""Questions and prefixes are compared with what the model's tokenizer makes of them."""

from pathlib import Path

import pytest
from tokenizers import normalizers
from transformers import AutoTokenizer

from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.context_filter import ContextFilter, prefix_faults
from thoughtrank.records import Question


class Source:
    train_per_round = 3
    held_out = 1

    def __init__(self, *texts: str, unseen: str = "short") -> None:
        self.questions = [Question(f"q{place}", text) for place, text in enumerate(texts)]
        self.unseen = Question("u", unseen, unseen=True)

    def train(self, round_number: int) -> list[Question]:
        return self.questions

    def evaluation(self) -> list[Question]:
        return [*self.questions, self.unseen]

    def development(self) -> list[Question]:
        return self.questions[1:]


@pytest.fixture(scope="module")
def chat(tiny_folder: Path) -> ChatTemplate:
    return ChatTemplate.from_folder(tiny_folder)


def fitting(chat: ChatTemplate, source: Source, *, context: int, prefixes=("a",)) -> ContextFilter:
    return ContextFilter(source=source, chat=chat, context_tokens=context, written_tokens=50, prefixes=prefixes)


def test_a_question_fits_exactly_up_to_the_last_token(chat):
    source = Source("short", "a much longer question than the first one")
    length = chat.num_prompt_tokens(source.questions[1].text)
    overhead = 1000 - fitting(chat, source, context=1000).room
    assert fitting(chat, source, context=length + overhead).left_out_of_round(1) == []
    narrow = fitting(chat, source, context=length + overhead - 1)
    assert [each.question_id for each in narrow.left_out_of_round(1)] == ["q1"]
    assert [each.question_id for each in narrow.train(1)] == ["q0"]
    assert [each.question_id for each in narrow.evaluation()] == ["q0", "u"]
    assert [each.question_id for each in narrow.left_out_of_development()] == ["q1"]


def test_development_questions_that_fit_are_kept_and_there_may_be_none(chat):
    source = Source("short", "another", "too long " * 400)
    assert [each.question_id for each in fitting(chat, source, context=300).development()] == ["q1"]
    assert fitting(chat, Source("short"), context=300).development() == []
    with pytest.raises(UserError, match="development questions are all too long"):
        fitting(chat, Source("short", "too long " * 400), context=300).development()


def test_a_long_prefix_takes_room(chat):
    source = Source("short")
    short, long = (fitting(chat, source, context=1000, prefixes=(text,)).room for text in ("a", "Let us think: é"))
    assert short - long == len("Let us think: é".encode()) - 1


def test_no_question_left_is_an_error(chat):
    source = Source("too long " * 400)
    with pytest.raises(UserError, match="questions of round 2 are all too long"):
        fitting(chat, source, context=300).train(2)
    with pytest.raises(UserError, match="held-out questions are all too long"):
        fitting(chat, source, context=300).evaluation()


def test_the_longest_sequence_is_the_longest_prompt_that_fits_with_the_longest_text_and_an_eighth(chat):
    source = Source("short", "a much longer question than the first one", "too long " * 400)
    questions = fitting(chat, source, context=300)
    questions.train(1)
    prompt = chat.num_prompt_tokens(source.questions[1].text)
    forced = 300 - 50 - questions.room
    assert questions.sequence_tokens(scored_tokens=10) == prompt + forced + 50 + 7
    assert questions.sequence_tokens(scored_tokens=80) == prompt + forced + 80 + 10
    assert questions.sequence_tokens(scored_tokens=4000) == 300


def test_the_warning_names_the_question_without_its_control_characters(chat):
    questions = fitting(chat, Source("\x1b[2J" + "long " * 400), context=300)
    [left_out] = questions.left_out_of_round(1)
    warning = questions.warning(left_out)
    assert "q0" in warning
    assert "\x1b" not in warning
    assert str(left_out.prompt_tokens) in warning


def test_prefixes_are_told_apart_as_the_tokenizer_does(tiny_folder):
    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    assert prefix_faults(ChatTemplate(tokenizer), ["a", "A", "~"]) == []
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace("~", ""), normalizers.Replace("B", "b")]
    )
    faults = prefix_faults(ChatTemplate(tokenizer), ["a", "B", "b", "~", "~~"])
    assert len(faults) == 2
    assert "'~', '~~' is no text at all" in faults[0]
    assert "'b' and 'B' are the same" in faults[1]
