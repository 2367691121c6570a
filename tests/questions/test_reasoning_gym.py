import pytest

from thoughtrank.evaluation.scoring import readings
from thoughtrank.judging.protocol import AnswerView, JudgeRequest
from thoughtrank.judging.reference import ReferenceJudge

pytest.importorskip("reasoning_gym")

from thoughtrank.questions.reasoning_gym import ReasoningGym


def source(task="chain_sum", **options):
    return ReasoningGym(**{"task": task, "seed": 0, "train_per_round": 5, "held_out": 4, **options})


def test_questions_are_disjoint_stable_and_do_not_depend_on_how_many_are_asked_for():
    first, second = source(), source()
    assert first.faults(rounds=3) == []
    rounds = [[each.question_id for each in first.train(number)] for number in (1, 2, 3)]
    held_out = [each.question_id for each in first.evaluation()]
    assert len({*held_out, *(each for one in rounds for each in one)}) == 4 + 15
    assert [each.question_id for each in second.train(2)] == rounds[1]
    assert [each.question_id for each in source(seed=1).train(2)] != rounds[1]


def test_test_and_development_questions_are_the_same_under_every_seed_and_never_trained_on():
    first, second = source(held_out=300, development=100), source(held_out=300, development=100, seed=1)
    assert first.evaluation() == second.evaluation()
    assert first.development() == second.development()
    held_out = {each.question_id for each in [*first.evaluation(), *first.development()]}
    assert len(held_out) == 400
    for each in (first, second):
        assert held_out.isdisjoint(question.question_id for number in range(1, 60) for question in each.train(number))
    assert source(held_out=40, development=10).evaluation() == first.evaluation()[:40]
    assert source(held_out=40, development=10).development() == first.development()[:10]


def test_the_tasks_own_scorer_decides_what_is_right():
    countdown = source("countdown", options={"min_numbers": 3, "max_numbers": 3})
    [question, *_] = countdown.train(1)
    score = countdown.scorer.score
    # Another expression than the reference is as right, if it comes to the target: only the task's scorer knows.
    assert score(f"The answer is {question.answer}", question_id=question.question_id, reference=question.answer) == 1.0
    other = f"({question.answer})"
    assert score(other, question_id=question.question_id, reference=question.answer) == 1.0
    assert score("The answer is 1.", question_id=question.question_id, reference=question.answer) < 1.0


def test_the_reference_judge_ranks_by_the_scorer():
    gym = source()
    [question, *_] = gym.train(1)
    judge = ReferenceJudge().scored_by(gym.scorer)
    wrong = "I do not know."
    answers = (AnswerView("a", wrong), AnswerView("b", f"The answer is {question.answer}."), AnswerView("c", wrong))
    request = JudgeRequest(
        question_id=question.question_id, question=question.text, answers=answers, reference=question.answer, seed=0
    )
    assert judge.judge(request).groups == (("b",), ("a", "c"))
    assert judge.identity() != ReferenceJudge().identity()


def test_a_task_without_a_reference_can_be_scored():
    [question, *_] = source("propositional_logic").train(1)
    assert question.answer


def test_options_reach_the_task_and_wrong_ones_are_reported():
    longest = max(len(each.text) for each in source(options={"min_terms": 2, "max_terms": 2}).train(1))
    assert longest < max(len(each.text) for each in source(options={"min_terms": 9, "max_terms": 9}).train(1))
    [fault] = source(options={"terms": 3}).faults(rounds=1)
    assert "terms" in fault


def test_an_unknown_task_names_similar_ones():
    [fault] = source("chain_sums").faults(rounds=1)
    assert "chain_sum" in fault


def test_a_task_with_too_few_questions_is_a_fault():
    [fault] = source(options={"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}, held_out=5000).faults(
        rounds=1
    )
    assert "different test questions, but 5000 are asked for: lower questions.held_out" in fault


def test_readings_take_the_bare_answer_out_of_a_reply():
    assert "7" in readings("Let me see. <answer> 7 </answer>")
    assert "7" in readings("So the answer is 7.")
    assert "7" in readings(r"Thus \boxed{7}")
    assert readings("  ") == [""]


def test_the_version_and_the_task_are_part_of_the_scorers_identity(monkeypatch):
    identities = [source().scorer.identity(), source("countdown").scorer.identity(), source(seed=1).scorer.identity()]
    monkeypatch.setattr(ReasoningGym, "version", 90)
    identities.append(source().scorer.identity())
    assert len({str(identity) for identity in identities}) == 4


def test_all_wrong_settings_are_reported_at_once():
    assert len(source(train_per_round=0, held_out=-1, development=-1).faults(rounds=1)) == 3


def test_a_task_with_few_questions_gives_those_that_it_has(monkeypatch):
    monkeypatch.setattr(
        "thoughtrank.questions.reasoning_gym._MIN_NEW_FRACTION", 0.5
    )  # as if a chunk had hardly a new one
    few = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    assert source(options=few, held_out=5).faults(rounds=1) == []
    [fault] = source(options=few, held_out=300).faults(rounds=1)
    assert "different test questions, but 300 are asked for" in fault
