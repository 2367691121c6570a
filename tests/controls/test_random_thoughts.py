import random

from selected_question import candidate, selected_question

from thoughtrank.controls.random_thoughts import RandomThoughts


def drawn(question, seed):
    return [each.candidate_id for each in RandomThoughts().choose(question, rng=random.Random(seed))]


def test_winners_are_drawn_and_no_others():
    candidates = [candidate(index, "7") for index in range(6)]
    question = selected_question(candidates, selected=[0, 1], ranks=[1, 1, 3, 1, None, 2])
    draws = [drawn(question, seed) for seed in range(40)]
    assert all(len(set(each)) == 2 for each in draws)
    assert {candidate_id for each in draws for candidate_id in each} == {"q-000", "q-001", "q-003"}


def test_their_thoughts_and_answers_are_kept():
    question = selected_question([candidate(0, "7"), candidate(1, "8")], selected=[0])
    [row] = RandomThoughts().choose(question, rng=random.Random(0))
    assert row == question.candidates[0]
