from counting_judges import CountingJudge, FailingJudge, requests

from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.execution.stage_logs import logged_cost
from thoughtrank.judging.protocol import CallLimits


def test_the_cost_of_a_log_is_that_of_its_verdicts_and_of_the_replies_that_were_lost(tmp_path):
    assert logged_cost(tmp_path) == (0.0, 0.0)
    judge = FailingJudge(failures={"q0": 1}, charged=True, limits=CallLimits(budget=10, max_retries=2))
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(requests(3))
        assert logged_cost(tmp_path) == (executor.usage.cost, executor.lost_cost) == (1.5, 1.0)


def test_a_line_that_was_torn_and_an_impossible_usage_cost_nothing(tmp_path):
    with Executor(CountingJudge(malformed={"q1"}), tmp_path / "_verdicts.jsonl") as executor:
        executor.ask(requests(2))
    log = tmp_path / "_verdicts.jsonl"
    log.write_text(f'{log.read_text()}{{"usage": {{"cost": -1}}}}\n3\n{{"usa')
    (tmp_path / "_reservations.jsonl").write_text('{"reserved": -2}\n{"res')
    assert logged_cost(tmp_path) == (0.75, 0.0)
