from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from thoughtrank.evaluation.arms.swapped_thought import SwappedThought, derangement
from thoughtrank.records import Question

ANSWERS = st.dictionaries(st.text("abcdefgh", min_size=1, max_size=4), st.sampled_from("1234"), max_size=30)


@given(ANSWERS)
def test_every_id_gets_one_with_another_answer_and_each_is_used_once(answers):
    found = derangement(answers)
    assert all(answers[each] != answers[other] for each, other in found.items())
    assert set(found) == set(found.values())


@given(ANSWERS)
def test_as_few_ids_as_possible_are_left_out(answers):
    most = max(Counter(answers.values()).values(), default=0)
    others = len(answers) - most
    assert len(derangement(answers)) == (len(answers) if most <= others else 2 * others)


def test_the_same_ids_give_the_same_derangement_in_any_order():
    answers = {f"q{number}": str(number % 7) for number in range(40)}
    assert derangement(answers) == derangement(dict(reversed(answers.items())))


def test_answers_are_compared_as_numbers():
    questions = [Question("a", "?", "3"), Question("b", "?", "3.0"), Question("c", "?", "4"), Question("d", "?", "$4")]
    thoughts = {each.question_id: f"thought of {each.question_id}" for each in questions}
    forced = SwappedThought().forced(questions, thoughts=thoughts, num_tokens=len)
    assert {forced["a"].source, forced["b"].source} == {"c", "d"}
    assert forced["a"].thought == f"thought of {forced['a'].source}"
