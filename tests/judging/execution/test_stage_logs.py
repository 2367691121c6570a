from counting_judges import CountingJudge, FailingJudge, requests

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.execution.stage_logs import logged_cost, take_over_verdicts
from thoughtrank.judging.protocol import CallLimits


def test_the_cost_of_a_log_is_that_of_its_verdicts_and_of_the_replies_that_were_lost(tmp_path):
    assert logged_cost(tmp_path) == (0.0, 0.0)
    judge = FailingJudge(failures={"q0": 1}, charged=True, limits=CallLimits(budget=10, max_retries=2))
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(requests(3))
        assert logged_cost(tmp_path) == (executor.usage.cost, executor.lost_cost) == (1.5, 1.0)


def log_of(folder, *, calls):
    judge = FailingJudge(failures={"q0": 1}, charged=True, limits=CallLimits(budget=20, max_retries=2))
    with Executor(judge, folder / "_verdicts.jsonl") as executor:
        executor.ask(calls)


def test_a_stage_begins_with_the_verdicts_of_another_on_its_own_questions_and_pays_only_for_the_others(tmp_path):
    log_of(tmp_path / "a", calls=requests(4))
    asked = [requests(6)[each] for each in (1, 3, 4, 5)]
    for _ in range(2):
        take_over_verdicts(tmp_path / "a", tmp_path / "b", question_ids={each.question_id for each in asked})
    judge = CountingJudge()
    with Executor(judge, tmp_path / "b" / "_verdicts.jsonl") as executor:
        assert (executor.usage.cost, executor.lost_cost) == (1.0, 1.0)
        executor.ask(asked)
    assert judge.seen == {"q4": 1, "q5": 1}


def test_what_a_stage_has_already_stays_and_a_torn_line_is_left_out(tmp_path):
    log_of(tmp_path / "a", calls=requests(3))
    log_of(tmp_path / "b", calls=requests(1))
    own = (tmp_path / "b" / "_reservations.jsonl").read_text()
    with (tmp_path / "a" / "_verdicts.jsonl").open("a") as file:
        file.write('{"key": "k", "question_id": "q7", "usa')
    take_over_verdicts(tmp_path / "a", tmp_path / "b", question_ids={"q0", "q1", "q2", "q7"})
    with Executor(CountingJudge(), tmp_path / "b" / "_verdicts.jsonl") as executor:
        assert executor.usage.cost == 1.5
        assert all(executor.known(each) for each in requests(3))
    assert (tmp_path / "b" / "_reservations.jsonl").read_text() == own


def test_a_stage_without_logs_leaves_nothing(tmp_path):
    take_over_verdicts(tmp_path / "a", tmp_path / "b", question_ids={"q0"})
    assert list(tmp_path.iterdir()) == []


def test_a_line_that_was_torn_and_an_impossible_usage_cost_nothing(tmp_path):
    with Executor(CountingJudge(malformed={"q1"}), tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(requests(2))
    log = tmp_path / "_verdicts.jsonl"
    log.write_text(f'{log.read_text()}{{"usage": {{"cost": -1}}}}\n3\n{{"usa')
    (tmp_path / "_reservations.jsonl").write_text('{"reserved": -2}\n{"res')
    assert logged_cost(tmp_path) == (0.75, 0.0)
