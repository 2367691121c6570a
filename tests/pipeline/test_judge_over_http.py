"""The whole loop with a chat server as the judge: nothing paid twice, no thought and no key where it does not belong."""

import json
import threading
import time

import pytest
from completions_server import CompletionsServer
from openai_server import OpenAIServer, Scripted, error

KEY = "canary-key-5f1c0a77"
ROUND = ["rounds=1", "judge=openai", "judge.model=test-judge", "judge.max_retries=0"]


@pytest.fixture
def server():
    running = OpenAIServer()
    yield running
    running.close()


def run(workplace, server, *overrides, **options) -> str:
    workplace.environment["OPENAI_API_KEY"] = KEY
    return workplace.run("run=paid", *ROUND, f"judge.base_url={server.url}", *overrides, **options)


@pytest.fixture(scope="module")
def judged(new_workplace):
    """One finished run, which three tests read: its place, what it printed, and the server that judged it."""
    server = OpenAIServer()
    place = new_workplace("judged")
    output = run(place, server, "judge.audit_share=0.5", "logger=csv")
    yield place, output, server
    server.close()


def test_a_judge_over_http_ranks_without_seeing_a_thought(judged):
    workplace, _, server = judged
    candidates = workplace.rows("paid", "round_1", "1_candidates")
    rankings = workplace.rows("paid", "round_1", "2_rankings")
    assert any(row["rank"] == 1 for row in rankings)
    received = b"".join(server.received).decode()
    answers = " ".join(row["answer"] for row in candidates)
    for row in candidates:
        # A thought of a dozen tokens can only appear in what was sent if some answer happens to hold it.
        written = json.dumps(row["thought"])[1:-1]
        assert written not in received or row["thought"] in answers
    assert "<thought>" not in received
    summary = json.loads(workplace.path("paid", "summary.json").read_text())
    assert summary["rounds"][1]["judge_tokens"] == 1010 * len(server.received)
    assert summary["rounds"][1]["judge_cost"] is None


def test_a_canary_in_every_thought_reaches_no_byte_of_the_judge(workplace, server):
    """Two rounds, every prefix a canary: thoughts begin with it, so whatever leaks of a thought carries it."""
    canaries = ["zqcanary1", "zqcanary2", "zqcanary3", "zqcanary4"]
    run(
        workplace,
        server,
        "prefixes=literal",
        f"prefixes.literal.values=[{','.join(canaries)}]",
        "rounds=2",
        "judge.audit_share=1",
    )
    for number in ("round_1", "round_2"):
        candidates = workplace.rows("paid", number, "1_candidates")
        assert candidates
        assert all("zqcanary" in row["thought"] for row in candidates)
        verdicts = workplace.path("paid", number, "2_rankings", "_verdicts.jsonl").read_text().splitlines()
        assert any(json.loads(verdict)["reverse"] for verdict in verdicts)
        assert not any("zqcanary" in json.loads(verdict)["prompt"] for verdict in verdicts)
    assert len(server.received) >= 8
    assert b"zqcanary" not in b"".join(server.received)
    assert "zqcanary" not in "".join(server.heads)
    # The same bytes do show what the judge is meant to see.
    assert workplace.rows("paid", "round_1", "1_candidates")[0]["question_id"] not in b"".join(server.received).decode()
    assert b"BEGIN ANSWER" in b"".join(server.received)


@pytest.fixture
def completions(tiny_folder):
    """Two prefixes of four lead to a second thought: one inside the answer, one inside the thought."""
    running = CompletionsServer(tiny_folder)

    def with_canary(request, reply):
        [choice] = reply["choices"]
        prompt, is_thought = request["prompt"], "</thought>" in request.get("stop", [])
        text = " add" if is_thought else f"It is {len(prompt) % 7}."
        if is_thought and prompt.endswith("<thought>b"):
            text = " so <thought>zqcanary"
        if not is_thought and "<thought>a" in prompt:
            text += " <thought>zqcanary</thought>"
        return reply | {"choices": [choice | {"text": text, "finish_reason": "stop"}]}

    running.rewrite = with_canary
    yield running
    running.close()


def test_a_canary_thought_inside_an_answer_reaches_no_byte_of_the_judge_and_is_not_trained_on(
    workplace, server, completions
):
    run(
        workplace,
        server,
        *("engine=openai", f"engine.base_urls=[{completions.url}]", "stop_after=selection", "judge.audit_share=1"),
        *("prefixes=literal", "prefixes.literal.values=[a,b,cc,ddd]"),
        *("generation.thought_tokens=64", "generation.answer_tokens=64"),
    )
    candidates = workplace.rows("paid", "round_1", "1_candidates")
    marks = {row["prefix"]: (row["thought_finish"], row["answer_finish"]) for row in candidates}
    assert marks == {"a": ("stop", "tag"), "b": ("tag", "tag"), "cc": ("stop", "stop"), "ddd": ("stop", "stop")}
    for row in workplace.rows("paid", "round_1", "2_rankings"):
        is_marked = row["prefix"] in ("a", "b")
        assert (row["rank"] is None, "thought tag" in (row["reason"] or "")) == (is_marked, is_marked)
    examples = workplace.rows("paid", "round_1", "3_examples")
    assert examples
    assert all(row["completion"].count("<thought>") == 1 for row in examples)
    received = b"".join(server.received).decode()
    assert "BEGIN ANSWER" in received
    assert "<thought>" not in received
    for text in (received, json.dumps(candidates), json.dumps(examples)):
        assert "zqcanary" not in text


def test_every_run_audits_its_judge(judged):
    workplace, output, _ = judged
    audit = json.loads(workplace.path("paid", "summary.json").read_text())["rounds"][1]["judge_audit"]
    # A server that ranks by text, whatever the order shown.
    assert audit["swap_consistency"] == 1.0
    assert audit["swap_pairs"] > 0
    assert 0.0 <= audit["first_position_share"] <= 1.0
    assert audit["malformed_share"] == 0.0
    assert "judge in round 1:" in output
    assert "same order after a swap 100.0 %" in output
    assert "judge_audit_swap_consistency" in workplace.path("paid", "metrics.csv").read_text()


def test_the_key_reaches_the_server_and_nothing_else(judged):
    workplace, output, server = judged
    assert set(server.keys) == {f"Bearer {KEY}"}
    assert KEY not in output
    for path in workplace.folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_an_unreachable_judge_loses_nothing_and_nothing_is_paid_twice(workplace, server):
    looks_before = 2
    honest = server.serve

    def serve_then_fail(handler):
        if len(server.received) >= looks_before:
            server.script.append(Scripted(status=503, body=error("overloaded")))
        honest(handler)

    server.serve = serve_then_fail
    output = run(workplace, server, "judge.concurrency=1", "stop_after=ranking", status=2)
    assert "Traceback" not in output
    [log] = workplace.folder.joinpath("cache").rglob("_verdicts.jsonl")
    assert len(log.read_text().splitlines()) == looks_before
    server.serve = honest
    server.script.clear()
    asked_before = len(server.received)
    run(workplace, server, "judge.concurrency=1", "stop_after=ranking")
    verdicts = workplace.path("paid", "round_1", "2_rankings", "_verdicts.jsonl").read_text().splitlines()
    assert len(server.received) - asked_before == len(verdicts) - looks_before


def test_a_judge_that_does_not_list_its_model_is_doubted_before_it_is_needed(workplace, server):
    server.model_list = Scripted(200, {"data": [{"id": "another-judge"}]})
    doubt = "does not list the model test-judge, but another-judge"
    assert doubt not in run(workplace, server, "stop_after=generation")
    output = run(workplace, server, "stop_after=ranking")
    assert output.index(doubt) < output.index("round 1 ranking")
    assert server.received  # it judged all the same


def test_a_run_killed_while_judging_pays_for_no_look_twice(workplace, server):
    server.honest_delay = 0.3
    workplace.environment["OPENAI_API_KEY"] = KEY
    process = workplace.start("run=paid", *ROUND, f"judge.base_url={server.url}", "judge.concurrency=1")
    until = time.monotonic() + 120
    while len(server.received) < 4 and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    server.honest_delay = 0.0
    run(workplace, server, "judge.concurrency=1", "stop_after=ranking")
    prompts = [body["messages"][0]["content"] for body in server.bodies]
    # The look in flight at the moment of the kill is the only one that may have been asked for twice.
    assert len(prompts) - len(set(prompts)) <= 1


def test_a_missing_key_is_one_line_before_anything_loads(workplace):
    workplace.environment["OPENAI_API_KEY"] = ""
    output = workplace.run("judge=gpt4", "prefixes=alnum", status=2)
    assert output.count("error:") == 1
    assert "OPENAI_API_KEY" in output
    assert not (workplace.folder / "runs").exists()


def test_a_run_stops_at_its_budget_and_goes_on_when_it_is_raised(workplace, server):
    priced = ["judge.price_per_million=[10,10]", "judge.concurrency=2", "judge.audit_share=0"]
    looks_affordable = 5  # at 1010 tokens of $10 per million each, with room for the reservation of one more
    budget = looks_affordable * 0.0101 + 0.03
    output = run(workplace, server, *priced, f"judge.budget={budget}", status=2)
    assert "Traceback" not in output
    assert output.count("error:") == 1
    assert "Raise judge.budget" in output
    assert "of 4 questions are ranked" in output
    assert 0.0101 * len(server.received) <= budget
    assert len(server.received) >= looks_affordable
    asked_before = len(server.received)
    run(workplace, server, *priced, "judge.budget=5")
    prompts = [body["messages"][0]["content"] for body in server.bodies]
    assert len(prompts) > asked_before
    assert len(set(prompts)) == len(prompts)
    summary = json.loads(workplace.path("paid", "summary.json").read_text())
    assert summary["rounds"][1]["judge_cost"] == pytest.approx(0.0101 * len(prompts))


def test_a_run_that_waited_for_another_counts_what_the_other_spent_against_its_budget(workplace, server):
    """Two runs on one cache with a budget of $4 each: round 1, which they share, costs $3.32."""
    server.usage = {"prompt_tokens": 2760, "completion_tokens": 10}
    cost = 2770 * 100e-6
    asked, go = threading.Event(), threading.Event()
    honest = server.serve

    def serve_when_both_run(handler):
        asked.set()
        go.wait(120)
        honest(handler)

    server.serve = serve_when_both_run
    settings = [*ROUND, f"judge.base_url={server.url}", "ranker=listwise", "ranker.num_permutations=3"]
    settings += ["judge.price_per_million=[100,100]", "judge.budget=4", "judge.max_reply_tokens=100"]
    settings += ["judge.audit_share=0", "judge.concurrency=1"]
    workplace.environment["OPENAI_API_KEY"] = KEY
    first = workplace.start("run=a", *settings, "stop_after=ranking")
    assert asked.wait(120)
    second = workplace.start("run=b", *settings, "rounds=2")
    # Until it waits for the ranking that the first run is making.
    assert any("working on 2_rankings already: waiting for it" in line for line in second.stdout)
    go.set()
    output, _ = second.communicate(timeout=300)
    first.communicate(timeout=120)
    assert (first.returncode, second.returncode) == (0, 2)
    shared = len(workplace.path("a", "round_1", "2_rankings", "_verdicts.jsonl").read_text().splitlines())
    assert shared == 12
    assert "judge.budget=4 is reached" in output
    assert len(server.received) * cost <= 4
    # Run b got as far as round 2, and there had $4 less what run a had spent.
    assert workplace.path("b", "round_1", "3_examples").exists()
    assert len(server.received) > shared
