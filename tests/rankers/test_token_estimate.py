from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.token_estimate import FRAME_TOKENS, LABEL_TOKENS, call_tokens, text_tokens


def test_four_characters_are_one_token():
    assert text_tokens("") == 0
    assert text_tokens("12345678") == 2


def test_a_call_counts_everything_it_shows():
    answers = [AnswerView("a", "x" * 40), AnswerView("b", "x" * 80)]
    alone = call_tokens(question="y" * 20, reference=None, answers=answers)
    assert alone == FRAME_TOKENS + 2 * LABEL_TOKENS + 10 + 20 + 5
    assert call_tokens(question="y" * 20, reference="z" * 4, answers=answers) == alone + 1
    assert call_tokens(question="", reference=None, answers=[]) == FRAME_TOKENS
