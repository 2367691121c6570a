import pytest

from thoughtrank.errors import UserError
from thoughtrank.questions.screening import ScreeningPool
from thoughtrank.questions.word_problems.schedule import Difficulty, difficulty, schedule_faults
from thoughtrank.questions.word_problems.source import WordProblems

EASY = Difficulty(max_number=12, max_steps=1)


def source(schedule, **changes):
    counts = {"train_per_round": 30, "held_out": 20, "held_out_unseen": 4, "development": 10}
    return WordProblems(seed=0, **{**counts, "max_number": 12, "max_steps": 1, **changes}, schedule=schedule)


def largest(questions):
    return max(max(map(int, question.problem.split("/")[1].split("-"))) for question in questions)


def test_each_round_has_its_entry_and_later_rounds_the_last_one():
    schedule = [{}, {"max_number": 30}, {"max_steps": 2}]
    assert [difficulty(schedule, round_number=number, otherwise=EASY) for number in (1, 2, 3, 9)] == [
        EASY,
        Difficulty(30, 1),
        Difficulty(12, 2),
        Difficulty(12, 2),
    ]
    assert difficulty([], round_number=3, otherwise=EASY) == EASY


def test_the_questions_of_later_rounds_are_harder_and_never_asked_before():
    plain, scheduled = source(None), source([{}, {"max_number": 90}])
    assert scheduled.faults(rounds=4) == []
    assert scheduled.train(1) == plain.train(1)
    assert largest(scheduled.train(2)) > 60 >= largest(scheduled.train(1))
    rounds = [scheduled.train(number) for number in (1, 2, 3)]
    ids = [question.question_id for each in rounds for question in each]
    assert len(set(ids)) == len(ids) == 90


def test_easier_rounds_that_follow_skip_what_was_asked():
    scheduled = source([{"max_number": 12}, {"max_number": 20}, {"max_number": 12}], train_per_round=100)
    first, third = ({question.question_id for question in scheduled.train(number)} for number in (1, 3))
    assert len(first) == len(third) == 100
    assert not first & third


def test_two_steps_come_when_the_schedule_says_so():
    scheduled = source([{}, {"max_steps": 2}], train_per_round=60)
    families = [{question.family for question in scheduled.train(number)} for number in (1, 2)]
    assert families[0] < families[1]


def test_test_and_development_questions_stay_the_same():
    plain, scheduled = source(None), source([{"max_number": 50}, {"max_steps": 2}])
    assert scheduled.evaluation() == plain.evaluation()
    assert scheduled.development() == plain.development()
    held_out = {question.problem for question in [*plain.evaluation(), *plain.development()]}
    assert not held_out & {question.problem for number in (1, 2) for question in scheduled.train(number)}


def test_the_rounds_of_a_screening_share_the_entry_of_their_round():
    pool = ScreeningPool(source([{}, {"max_number": 90}], screen=3))
    first, second = pool.train(1), pool.train(2)
    assert len(first) == len(second) == 90
    assert largest(first) <= 60 < largest(second)


def test_the_plan_names_the_difficulty_of_each_round():
    assert source(None).notes() == []
    [note] = ScreeningPool(source([{}, {"max_number": 30, "max_steps": 2}], screen=2)).notes()
    assert "round 1: numbers up to 12, 1 steps; 2: numbers up to 30, 2 steps; then as the last" in note


def test_faults_name_the_entry():
    assert schedule_faults([{}, {"max_number": 200, "steps": 2}, {"max_steps": 3}], otherwise=EASY) == [
        "questions.schedule.1.steps: unknown key; give max_number or max_steps",
        "questions.schedule.1.max_number is 200: give a number from 10 to 100",
        "questions.schedule.2.max_steps is 3: give 1 or 2",
    ]
    assert source([{"max_steps": 5}]).faults(rounds=1) == ["questions.schedule.0.max_steps is 5: give 1 or 2"]


def test_a_round_without_enough_questions_is_a_fault_and_an_error():
    small = source([{}], train_per_round=700, max_number=10)
    [fault] = small.faults(rounds=9)
    assert "questions.schedule" in fault
    with pytest.raises(UserError, match="training questions left for round"):
        small.train(9)
