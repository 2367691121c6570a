import pytest

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.fake import FakeJudge
from thoughtrank.judging.protocol import AnswerView
from thoughtrank.rankers.adaptive_listwise import AdaptiveListwise
from thoughtrank.rankers.rank_questions import AnsweredQuestion, rank_questions
from thoughtrank.rankers.replay import LoggedVerdicts, NotLogged, RecordedCalls, calls_of, is_ranked


class ReadingJudge(FakeJudge):
    exact = False


QUESTIONS = [
    AnsweredQuestion(
        question_id=f"q{number}",
        question="?",
        answers=tuple(AnswerView(f"q{number}-{index}", f"{number} {index}") for index in range(8)),
        reference=None,
        seed=number,
    )
    for number in range(3)
]
RANKER = AdaptiveListwise(group_size=3)


@pytest.fixture
def executor(tmp_path):
    with Executor(ReadingJudge(), tmp_path / "log") as made:
        yield made


def test_a_replay_repeats_exactly_the_calls_that_were_made_and_sends_none(executor):
    recorded = RecordedCalls(executor)
    rank_questions(QUESTIONS, ranker=RANKER, executor=recorded)
    made = recorded.take()
    assert len(made) == executor.new_calls > 12
    assert recorded.take() == []
    logged = LoggedVerdicts(executor.judge, executor.known)
    for question in QUESTIONS:
        assert is_ranked(question, ranker=RANKER, logged=logged)
        replayed = list(calls_of(question, ranker=RANKER, logged=logged))
        assert replayed == [call for call in made if call[0].question_id == question.question_id]
    assert executor.new_calls == len(made)


def test_a_question_with_a_verdict_missing_is_not_ranked(executor):
    rank_questions(QUESTIONS[:1], ranker=RANKER, executor=executor)
    logged = LoggedVerdicts(executor.judge, executor.known)
    assert not is_ranked(QUESTIONS[1], ranker=RANKER, logged=logged)
    with pytest.raises(NotLogged):
        list(calls_of(QUESTIONS[1], ranker=RANKER, logged=logged))
    assert executor.new_calls > 0
