import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranked_candidates import LOSER, SELECTORS, answers, candidate, questions, select

from thoughtrank.selection.top_k import Best, TopK

# Which answers.


def test_the_best_answer_is_chosen():
    assert answers(select(Best(), (candidate(0, "7"), 2), (candidate(1, "8"), 1), LOSER)) == ["8"]


def test_only_answers_that_share_the_best_rank_are_chosen():
    assert answers(select(TopK(k=3), (candidate(0, "7"), 1), (candidate(1, "8"), 2), LOSER)) == ["7"]


def test_equal_answers_count_once():
    chosen = select(TopK(k=3), (candidate(0, "7"), 1), (candidate(1, " 7\n"), 1), (candidate(2, "caf\u00e9"), 1), LOSER)
    assert sorted(answer.strip() for answer in answers(chosen)) == ["7", "caf\u00e9"]


def test_among_the_best_the_answer_that_more_candidates_gave_comes_first():
    often = [(candidate(number, "it is seven"), 1) for number in range(3)]
    assert answers(select(Best(), (candidate(3, "7"), 1), *often, LOSER)) == ["it is seven"]


def test_among_answers_given_equally_often_the_shorter_comes_first():
    assert answers(select(TopK(k=2), (candidate(0, "it is 7"), 1), (candidate(1, "7"), 1), LOSER)) == ["7", "it is 7"]


def test_among_equally_long_answers_the_choice_is_fixed_and_follows_neither_order_nor_alphabet():
    firsts = set()
    for pair in (("6", "7"), ("a", "b"), ("x", "y"), ("1", "2"), ("p", "q"), ("m", "n")):
        one, other = (
            answers(select(Best(), *((candidate(number, text), 1) for number, text in enumerate(texts)), LOSER))
            for texts in (pair, pair[::-1])
        )
        assert one == other
        firsts.add(pair.index(one[0]))
    assert firsts == {0, 1}


def test_there_are_never_more_than_k_answers():
    best = [(candidate(number, str(number)), 1) for number in range(6)]
    for k in range(1, 8):
        assert len(select(TopK(k=k), *best, LOSER)) == min(k, 6)


def test_an_unusable_answer_does_not_count_towards_k():
    cut = candidate(0, "7", answer_finish="length")
    assert answers(select(TopK(k=1), (cut, 1), (candidate(1, "it is 7"), 1), LOSER)) == ["it is 7"]


# No example.


def test_where_nothing_beats_the_rest_there_is_no_example():
    assert select(TopK(k=3), (candidate(0, "7"), 1), (candidate(1, "8"), 1)) == []


def test_a_single_answer_beats_nothing():
    assert select(TopK(k=3), (candidate(0, "7"), 1)) == []
    assert select(TopK(k=3)) == []


def test_unranked_answers_are_neither_chosen_nor_beaten():
    assert select(TopK(k=3), (candidate(0, "7"), 1), (candidate(1, "8"), None)) == []
    assert answers(select(TopK(k=3), (candidate(0, "7"), 1), (candidate(1, "8"), None), LOSER)) == ["7"]


@pytest.mark.parametrize("selector", [TopK(min_winner_share=0.3), Best(min_winner_share=0.3)])
def test_where_only_right_and_wrong_are_distinguished_too_few_right_answers_are_taken_for_chance(selector):
    wrong = [(candidate(number, "wrong"), 2) for number in range(10, 17)]
    right = [(candidate(number, "7"), 1) for number in range(3)]
    assert select(selector, *right[:2], *wrong) == []
    assert len(select(selector, *right, *wrong)) == 1
    cut = [(replace(each, answer_finish="length"), rank) for each, rank in right[1:]]
    assert select(selector, right[0], *cut, *wrong) == [right[0][0]], "a right answer that was cut is no luck either"
    better_and_worse = [(candidate(number, str(number)), number) for number in range(1, 20)]
    assert answers(select(selector, *better_and_worse)) == ["1"], "a judge that orders the answers is believed"


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_answer_is_never_chosen(empty):
    assert select(TopK(k=3, allow_truncated=True), (candidate(0, empty), 1), LOSER) == []


@pytest.mark.parametrize("cut", ["thought_finish", "answer_finish"])
def test_what_was_cut_is_chosen_only_where_that_is_allowed(cut):
    best = candidate(0, "7", **{cut: "length"})
    assert select(Best(), (best, 1), LOSER) == []
    assert select(Best(allow_truncated=True), (best, 1), LOSER) == [best]


@pytest.mark.parametrize("cut", ["thought_finish", "answer_finish"])
@pytest.mark.parametrize("allow_truncated", [True, False])
def test_what_ends_at_a_tag_is_never_chosen(cut, allow_truncated):
    best = candidate(0, "7", **{cut: "tag"})
    assert select(TopK(k=3, allow_truncated=allow_truncated), (best, 1), LOSER) == []


# Which thoughts.


def test_an_answer_is_chosen_with_one_thought_unless_more_are_asked_for():
    best = [(candidate(number, "7"), 1) for number in range(4)]
    assert len(select(TopK(k=3), *best, LOSER)) == 1
    assert len(select(Best(), *best, LOSER)) == 1
    assert len(select(TopK(k=3, thoughts_per_answer=3), *best, LOSER)) == 3


def test_several_thoughts_of_one_answer_are_different_thoughts():
    best = [(candidate(number, "7", thought="Let us add"), 1) for number in range(4)]
    assert len(select(TopK(k=3, thoughts_per_answer=3), *best, LOSER)) == 1


@pytest.mark.parametrize("thoughts", [("Let", "First"), ("First", "Let"), ("Let", "Let")])
@pytest.mark.parametrize("cut", ["thought_finish", "answer_finish"])
def test_a_thought_that_ended_by_itself_goes_before_one_that_was_cut(cut, thoughts):
    whole = candidate(0, "7", thought=thoughts[0])
    ended_late = replace(candidate(1, "7", thought=thoughts[1]), **{cut: "length"})
    assert select(Best(allow_truncated=True), (ended_late, 1), (whole, 1), LOSER) == [whole]


@settings(max_examples=200)
@given(SELECTORS, questions(), st.randoms(use_true_random=False))
def test_the_choice_does_not_depend_on_the_order_of_the_candidates(selector, ranked, rng):
    shuffled = random.Random(rng.random()).sample(ranked, len(ranked))
    assert select(selector, *ranked) == select(selector, *shuffled)


@settings(max_examples=200)
@given(SELECTORS, questions())
def test_whatever_is_chosen_is_best_usable_and_within_the_limits(selector, ranked):
    chosen = select(selector, *ranked)
    ranks = {each.candidate_id: rank for each, rank in ranked}
    best = min((rank for rank in ranks.values() if rank is not None), default=None)
    assert all(ranks[each.candidate_id] == best for each in chosen)
    assert all(each.answer.strip() for each in chosen)
    assert not any(each.is_malformed for each in chosen)
    assert len({each.candidate_id for each in chosen}) == len(chosen)
    per_answer = Counter(each.answer.strip() for each in chosen)
    assert len(per_answer) <= selector.k
    assert max(per_answer.values(), default=0) <= selector.thoughts_per_answer
    if not selector.allow_truncated:
        assert all(each.thought_finish == each.answer_finish == "stop" for each in chosen)


# Settings.


def test_a_choice_of_nothing_is_a_fault():
    assert "selection.k=0" in TopK(k=0).faults()[0]
    assert "selection.thoughts_per_answer=0" in TopK(thoughts_per_answer=0).faults()[0]
    assert "selection.min_winner_share=4" in TopK(min_winner_share=4).faults()[0]
    assert TopK(k=1).faults() == []
    assert Best().faults() == []


def test_every_setting_is_part_of_the_identity():
    identities = [
        str(selector.identity())
        for selector in (
            TopK(),
            TopK(k=2),
            TopK(thoughts_per_answer=2),
            TopK(allow_truncated=True),
            TopK(min_winner_share=0.1),
            TopK(check_calculations=True),
        )
    ]
    assert len(set(identities)) == 6


def test_candidates_with_a_wrong_calculation_are_left_out_on_request():
    right = candidate(0, "7", thought="12 - 5 = 7")
    wrong_thought = candidate(1, "7", thought="3 * 4 = 7")
    wrong_answer = candidate(2, "3 + 3 = 7", thought="Let us add")
    ranked = [(right, 1), (wrong_thought, 1), (wrong_answer, 1), LOSER]
    assert len(select(TopK(k=2, thoughts_per_answer=2), *ranked)) == 3
    assert select(TopK(k=2, thoughts_per_answer=2, check_calculations=True), *ranked) == [right]
    assert select(Best(check_calculations=True), *ranked) == [right]


def test_thoughts_that_name_another_operation_than_they_calculate_are_left_out_on_request():
    right = candidate(0, "7", thought="We subtract: 12 - 5 = 7")
    other = candidate(1, "7", thought="We divide: 12 - 5 = 7")
    ranked = [(right, 1), (other, 1), LOSER]
    assert len(select(TopK(k=2, thoughts_per_answer=2), *ranked)) == 2
    assert select(TopK(k=2, thoughts_per_answer=2, check_calculations=True), *ranked) == [right]


def test_questions_that_most_candidates_answer_right_are_left_out_on_request():
    right = [(candidate(number, "7"), 1) for number in range(3)]
    wrong = [(candidate(number, "8"), 2) for number in range(3, 6)]
    assert select(TopK(max_winner_share=0.5), *right, *wrong)
    assert not select(TopK(max_winner_share=0.49), *right, *wrong)
    assert not select(Best(max_winner_share=0.49), *right, *wrong)
    assert select(TopK(max_winner_share=0.1), *right, *wrong[:2], (wrong[2][0], 3)), "a judge that orders answers"


def test_shares_that_no_question_can_have_are_faults():
    assert "selection.max_winner_share=-1" in TopK(max_winner_share=-1, min_winner_share=0.0).faults()[0]
    [fault] = TopK(min_winner_share=0.5, max_winner_share=0.4).faults()
    assert "no question can have such a fraction" in fault
