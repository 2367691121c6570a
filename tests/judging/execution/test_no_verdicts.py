import pytest
from counting_judges import CountingJudge, requests

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.execution.no_verdicts import NoVerdictDetector
from thoughtrank.judging.protocol import ReplyUnusable, Verdict

CUT = Verdict("malformed", reason="the reply was cut at judge.max_reply_tokens", reply="Let me\n think")
EVERY = [f"q{index}" for index in range(40)]


def add(detector, verdict, *, calls=12, questions=5):
    for index, request in enumerate(requests(questions) * calls):
        if index < calls:
            detector.add(request, verdict, judge="m")


def test_twelve_calls_about_five_questions_without_a_verdict_stop_the_stage_and_name_the_cause():
    detector = NoVerdictDetector()
    add(detector, CUT, calls=11)
    with pytest.raises(ReplyUnusable) as caught:
        add(detector, CUT, calls=1)
    assert str(caught.value) == (
        "the judge m gave no verdict in any of 12 calls about 5 questions; 12 of them: malformed: the reply was cut at "
        "judge.max_reply_tokens. Its last reply: 'Let me think'. Raise judge.max_reply_tokens: reasoning counts towards it. "
        "All verdicts so far are kept; run the same command again to resume."
    )


@pytest.mark.parametrize(
    ("verdict", "advice"),
    [
        (Verdict("too_long", reason="HTTP 400: context"), r"judge\.context_tokens"),
        (Verdict("refused", reason="no"), "another judge or model"),
        (Verdict("malformed", reason="the reply is not one JSON object"), "the verdict log"),
        (
            Verdict("malformed", reason="endless white space was cut at judge.max_reply_tokens"),
            r"judge\.json_schema=false",
        ),
    ],
)
def test_the_advice_is_about_the_most_common_reason(verdict, advice):
    detector = NoVerdictDetector()
    add(detector, CUT, calls=3)
    with pytest.raises(ReplyUnusable, match=advice):
        add(detector, verdict)


def test_one_verdict_or_too_few_questions_stop_nothing():
    works, few = NoVerdictDetector(), NoVerdictDetector()
    add(works, CUT, calls=11)
    add(works, Verdict("ok"), calls=1)
    add(works, CUT, calls=50)
    add(few, CUT, calls=50, questions=4)


def test_a_judge_without_any_verdict_is_not_called_for_every_question(tmp_path):
    judge = CountingJudge(malformed=EVERY)
    with (
        Executor(judge, tmp_path / "log") as executor,
        pytest.raises(ReplyUnusable, match="12 of them: malformed: prose"),
    ):
        executor.ask(requests(40))
    assert judge.seen.total() == 12


def test_after_the_judge_is_fixed_the_same_command_goes_on_and_pays_for_nothing_twice(tmp_path):
    with Executor(CountingJudge(malformed=EVERY), tmp_path / "log") as executor, pytest.raises(ReplyUnusable):
        executor.ask(requests(40))
    fixed = CountingJudge()
    with Executor(fixed, tmp_path / "log") as executor:
        statuses = [verdict.status for verdict in executor.ask(requests(40))]
    assert statuses == ["malformed"] * 12 + ["ok"] * 28
    assert fixed.seen.total() == 28


def test_a_verdict_in_the_log_shows_that_the_judge_works(tmp_path):
    judge = CountingJudge(malformed=EVERY[1:])
    with Executor(judge, tmp_path / "log") as executor:
        executor.ask(requests(1))
    with Executor(judge, tmp_path / "log") as executor:
        assert [verdict.status for verdict in executor.ask(requests(20))].count("malformed") == 19
