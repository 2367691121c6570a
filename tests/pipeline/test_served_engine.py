"""The whole loop with a completions server as the engine: nothing lost, nothing asked for twice."""

import json
import os
import time
from pathlib import Path

import pytest
from completions_server import CompletionsServer, Fault

ROUND = ["run=served", "rounds=1", "engine=openai", "engine.concurrency=2"]


@pytest.fixture
def server(tiny_folder):
    running = CompletionsServer(tiny_folder)
    yield running
    running.close()


def overrides(server, *more: str) -> list[str]:
    return [*ROUND, f"engine.base_urls=[{server.url}]", *more]


def record(workplace, *names: str) -> dict:
    return json.loads(workplace.path("served", *names, "_done.json").read_text())["facts"]["engine"]


def test_a_served_run_ends_with_the_same_kind_of_tables_in_spite_of_faults(workplace, server, finished):
    slow_down = Fault(status=429, headers={"Retry-After": "0.1"})
    server.script.extend([None] * 20 + [slow_down, Fault(status=500), Fault(body="garbage"), Fault(cut=True)])
    workplace.run(*overrides(server, "engine.prompts=tokens", "+engine.fields.return_token_ids=true"))
    for names in (("round_0", "5_replies"), ("round_1", "1_candidates"), ("round_1", "2_rankings")):
        ours, theirs = (place.rows(run, *names) for place, run in ((workplace, "served"), (finished, "base")))
        assert len(ours) == len(theirs)
        assert ours[0].keys() == theirs[0].keys()
    assert workplace.path("served", "export", "model.safetensors").exists()
    facts = record(workplace, "round_1", "1_candidates")
    assert (facts["engine"], facts["model"], facts["wrong_token_counts"]) == ("openai", "tiny", 0)
    assert "determinism" not in facts
    # The evaluations of rounds 0 and 1 ask the same questions, and this server has one model for both; their own thoughts begin
    # with no prefix.
    questions = [
        json.dumps(request)
        for request in server.completed
        if "</thought>" in request.get("stop", [])
        and not server.tokenizer.decode(request["prompt"]).endswith("<thought>")
    ]
    assert len(questions) == len(set(questions)) == 40


def test_a_run_killed_in_a_group_asks_for_no_reply_again(workplace, server):
    server.delay = 0.05
    command = overrides(server, "stop_after=generation", "engine.questions_per_group=4")
    process = workplace.start(*command)
    until = time.monotonic() + 120
    while time.monotonic() < until and not any(
        path.stat().st_size > 3000 for path in workplace.folder.glob("cache/candidates/*/_replies.jsonl")
    ):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    server.delay = 0.0
    workplace.run(*command)
    assert len(workplace.rows("served", "round_1", "1_candidates")) == 40
    # Only what was in flight at the moment of the kill may have been asked for twice.
    again = server.asked_again_after_success()
    assert len(again) <= 2
    assert not list(workplace.folder.rglob("_replies.jsonl"))


def test_a_server_that_is_not_there_is_one_line_and_the_address_may_change(workplace, server):
    output = workplace.run(*ROUND, "engine.base_urls=[http://127.0.0.1:9/v1]", "stop_after=generation", status=2)
    assert output.count("error:") == 1
    assert "no completions server at http://127.0.0.1:9/v1" in output
    workplace.run(*overrides(server, "stop_after=generation", "engine.probe_candidates=4"))
    assert record(workplace, "round_1", "1_candidates")["determinism"]["candidates"] == 4


VLLM = Path(os.environ.get("THOUGHTRANK_VLLM_PYTHON", Path(__file__).parents[2] / ".venv-vllm" / "bin" / "python"))


@pytest.mark.slow
@pytest.mark.skipif(not VLLM.exists(), reason="no vLLM: 'make .venv-vllm', or set THOUGHTRANK_VLLM_PYTHON")
def test_a_run_on_vllm_frees_the_machine_before_it_trains(workplace):
    workplace.environment["VLLM_CPU_KVCACHE_SPACE"] = "1"
    more = ["model.hidden_size=128", f"engine.python={VLLM}", "engine.context_tokens=512"]
    more.append("engine.arguments=[--enforce-eager]")  # compiling would take most of the time
    output = workplace.run("run=served", "rounds=1", "engine=vllm", *more)
    # One for the base model, whose evaluation and generation share it, and one for the model of round 1.
    assert output.count("vLLM is ready") == 2
    assert len(workplace.rows("served", "round_1", "1_candidates")) == 40
    facts = record(workplace, "round_1", "1_candidates")
    assert facts["engine"] == "vllm"
    assert facts["determinism"]["candidates"] == 8
