import random

from selected_question import candidate, selected_question

from thoughtrank.controls.random_candidates import RandomCandidates


def drawn(question, seed=0):
    return [each.candidate_id for each in RandomCandidates().choose(question, rng=random.Random(seed))]


def test_as_many_different_ones_as_were_selected_are_drawn_whatever_their_rank():
    question = selected_question([candidate(index, str(index)) for index in range(10)], selected=[2, 5, 7])
    draws = [drawn(question, seed) for seed in range(60)]
    assert all(len(set(each)) == 3 for each in draws)
    assert {candidate_id for each in draws for candidate_id in each} == {f"q-{index:03d}" for index in range(10)}
    assert drawn(question, 1) == drawn(question, 1)


def test_no_example_is_made_of_a_cut_malformed_or_empty_candidate():
    candidates = [
        candidate(0, "7"),
        candidate(1, "7", thought_finish="length"),
        candidate(2, "7", answer_finish="length"),
        candidate(3, "7", thought_finish="tag"),
        candidate(4, " "),
        candidate(5, "8"),
    ]
    question = selected_question(candidates, selected=[0])
    assert {each for seed in range(30) for each in drawn(question, seed)} == {"q-000", "q-005"}


def test_a_cut_one_that_was_selected_may_be_drawn():
    question = selected_question([candidate(0, "7", thought_finish="length"), candidate(1, " ")], selected=[0])
    assert drawn(question) == ["q-000"]
