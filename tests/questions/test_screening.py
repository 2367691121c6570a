import pytest

from thoughtrank.questions.screening import ScreenedQuestion, ScreeningPool, keep, solved, with_screening
from thoughtrank.questions.word_problems.source import WordProblems


def source(*, screen=3, train_per_round=4):
    return WordProblems(
        seed=0, train_per_round=train_per_round, held_out=5, held_out_unseen=2, development=3, screen=screen
    )


def row(name, genuine, *, family=None, thoughts=4):
    return ScreenedQuestion(
        question_id=name,
        family=family,
        question="?",
        answer="1",
        thoughts=thoughts,
        right=genuine,
        genuine=genuine,
        own_right=False,
        solved=solved(genuine=genuine, thoughts=thoughts),
    )


def kept(rows, *, at_most):
    return [each.question_id for each in keep(rows, at_most=at_most) if each.kept]


def test_only_what_is_solved_by_some_thoughts_and_not_by_all_is_kept():
    rows = [row("never", 0), row("once", 1), row("always", 4), row("thrice", 3)]
    assert [each.solved for each in rows] == ["never", "sometimes", "always", "sometimes"]
    assert kept(rows, at_most=4) == ["once", "thrice"]
    assert [each.question_id for each in keep(rows, at_most=4)] == [each.question_id for each in rows]


def test_families_take_turns_where_there_are_too_many():
    rows = [row(f"add{number}", 1, family="add") for number in range(5)] + [row("divide", 1, family="divide")]
    assert kept(rows, at_most=3) == ["add0", "add1", "divide"]


def test_without_families_the_first_are_kept():
    assert kept([row(f"q{number}", 1) for number in range(5)], at_most=2) == ["q0", "q1"]


def test_where_none_is_solved_sometimes_the_unsolved_are_kept_and_then_the_known():
    assert kept([row("known", 4), row("hard", 0), row("harder", 0)], at_most=1) == ["hard"]
    assert kept([row("known", 4), row("easy", 4)], at_most=3) == ["known", "easy"]
    assert keep([], at_most=3) == []


def test_a_pool_has_the_questions_of_several_rounds_and_the_pools_of_all_rounds_are_disjoint():
    plain, pool = source(screen=1), ScreeningPool(source())
    assert pool.train(1) == [question for number in (1, 2, 3) for question in plain.train(number)]
    assert pool.train(2) == [question for number in (4, 5, 6) for question in plain.train(number)]
    assert pool.train_per_round == 4
    with pytest.raises(ValueError, match="rounds count from 1"):
        pool.train(0)


def test_the_held_out_questions_are_those_of_the_source():
    plain, pool = source(screen=1), with_screening(source())
    assert pool.evaluation() == plain.evaluation()
    assert pool.development() == plain.development()
    assert (pool.held_out, pool.held_out_unseen, pool.num_development) == (5, 2, 3)
    assert (pool.scorer, pool.skipped_rows) == (None, [])
    assert pool.answer_stem == plain.answer_stem


def test_a_source_without_screening_stays_as_it_is():
    plain = source(screen=1)
    assert with_screening(plain) is plain


def test_there_have_to_be_questions_for_every_screening():
    assert ScreeningPool(source(train_per_round=300)).faults(rounds=2) == []
    [fault] = ScreeningPool(source(train_per_round=300)).faults(rounds=40)
    assert "36000 are asked for" in fault


@pytest.mark.parametrize("key", ["screen", "screen_prefixes"])
def test_less_than_one_is_a_fault_that_names_the_key(key):
    wrong = WordProblems(seed=0, train_per_round=4, held_out=5, held_out_unseen=2, **{key: 0})
    assert wrong.faults(rounds=1) == [f"questions.{key} is 0: give 1 or more"]
