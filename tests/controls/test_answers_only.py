import random

from selected_question import candidate, selected_question

from thoughtrank.controls.answers_only import AnswerCopies, AnswerPairs

CANDIDATES = [candidate(0, "7"), candidate(1, "8"), candidate(2, " 7"), candidate(3, "7"), candidate(4, "It is 7.")]
QUESTION = selected_question(CANDIDATES, selected=[3, 0, 4, 2])


def chosen(control):
    return control.choose(QUESTION, rng=random.Random(0))


def test_copies_have_every_selected_answer_in_its_order_and_no_thought():
    rows = chosen(AnswerCopies())
    assert [(each.candidate_id, each.thought, each.answer) for each in rows] == [
        ("q-003", "", "7"),
        ("q-000", "", "7"),
        ("q-004", "", "It is 7."),
        ("q-002", "", " 7"),
    ]
    assert all((each.thought_tokens, each.thought_ids) == (0, ()) for each in rows)


def test_pairs_have_each_different_answer_once():
    assert [(each.candidate_id, each.thought) for each in chosen(AnswerPairs())] == [("q-003", ""), ("q-004", "")]


def test_only_pairs_are_repeated_for_as_many_steps_with_early_stopping():
    assert (AnswerCopies().equal_steps, AnswerPairs().equal_steps) == (False, True)


def test_both_are_asked_for_the_two_readings_of_the_thought_effect():
    for control in (AnswerCopies(), AnswerPairs()):
        assert control.asked_in(["answer_at_once", "own_thought", "thought"]) == ("answer_at_once", "thought")
