import pytest

from thoughtrank.judging.openai.prompt import render
from thoughtrank.judging.openai.reply_parsing import ParseFault, parse_ranking
from thoughtrank.judging.openai.verdict_in_prose import line_in_prose, object_in_prose
from thoughtrank.judging.protocol import AnswerView, JudgeRequest


@pytest.mark.parametrize("text", ["{x}", "So:\n{x}", "{x}\nSo.", "```json\n{x}", "**{x}**", "<think>so {x}"])
def test_an_object_at_the_beginning_or_the_end_is_found(text):
    assert object_in_prose(text) == "{x}"


@pytest.mark.parametrize("text", ["", "x", "}{", "A: {x} so", "A > B\n{x}", "{x}\n**B > A**", "<think>{x} or not"])
def test_an_object_inside_a_text_or_beside_a_line_of_labels_is_not(text):
    assert object_in_prose(text) is None


@pytest.mark.parametrize(
    "text", ["B > A", "So:\nB > A", "B > A\nSo.", "**Ranking:** B > A.", "The final ranking is: `B > A`"]
)
def test_the_only_line_of_labels_is_found_without_markup(text):
    assert line_in_prose(text) == "B > A"


@pytest.mark.parametrize("text", ["", "So.", "B > A\nA > B", "So:\nB > A\nor not", "<think>\nB > A", "{}\nB > A"])
def test_a_line_of_labels_among_others_is_not(text):
    assert line_in_prose(text) is None


def test_the_example_of_the_prompt_is_no_ranking_when_a_reply_repeats_it():
    answers = tuple(AnswerView(text, text) for text in ("one", "two", "three", "four"))
    prompt = render(JudgeRequest("q", "Which?", answers, None, seed=1))
    example = prompt.text.strip().splitlines()[-1]
    assert isinstance(parse_ranking(f"I was told to write {example}", prompt.labels), ParseFault)
    assert len(parse_ranking(example, prompt.labels)) == 3
