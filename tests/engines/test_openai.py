"""The served engine writes what the embedded one writes, whatever the server does for a moment."""

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from completions_server import CompletionsServer, Fault

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.serving import completions_client as completions
from thoughtrank.engines.serving.completion_log import COMPLETION_LOG
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG, EMPTY_THOUGHT, OPEN_TAG

LIMITS = Limits(thought_tokens=14, answer_tokens=10, min_answer_tokens=1)
QUESTIONS = ["Tom has 12 apples. He buys 7 more. How many are there?", "How many legs do 6 spiders have?"]
TOKENS = {"prompts": "tokens", "fields": {"return_token_ids": True}}


@pytest.fixture(scope="module")
def running(tiny_folder):
    server = CompletionsServer(tiny_folder)
    yield server
    server.close()


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setattr(completions, "_FIRST_WAIT", 0.01)
    running.script.clear()
    running.received, running.completed, running.keys, running.times = [], [], set(), []
    running.rewrite = lambda request, reply: reply
    running.models, running.root, running.most_running = ["tiny"], None, 0
    return running


def requests_for(folder: Path, openers: list[str]) -> list[GenerationRequest]:
    chat = ChatTemplate.from_folder(folder)
    branches = tuple(Branch(opener=opener, in_thought=opener not in ("", EMPTY_THOUGHT)) for opener in openers)
    return [GenerationRequest(prompt=chat.prompt(question), branches=branches) for question in QUESTIONS]


def prefixed(folder: Path, prefixes: str) -> list[GenerationRequest]:
    return requests_for(folder, [OPEN_TAG + prefix for prefix in prefixes])


def engine(*servers: CompletionsServer, **options) -> OpenAIEngine:
    return OpenAIEngine(base_urls=[server.url for server in servers], concurrency=4, **options)


def write(made: OpenAIEngine, folder: Path, requests, *, limits=LIMITS, work=None):
    with made.open(folder, work_folder=work) as session:
        return session.generate(requests, limits=limits), session.facts()


def embedded(folder: Path, requests, *, limits=LIMITS):
    with TransformersEngine(dtype="float32", device="cpu").open(folder) as session:
        return session.generate(requests, limits=limits)


def test_with_token_prompts_it_writes_what_the_embedded_engine_writes(server, tiny_folder):
    for requests, limits in [
        (prefixed(tiny_folder, "abcXYZ019"), LIMITS),
        (prefixed(tiny_folder, "ab"), Limits(thought_tokens=70, answer_tokens=30, min_answer_tokens=3)),
        (requests_for(tiny_folder, ["", EMPTY_THOUGHT]), Limits(thought_tokens=0, answer_tokens=30)),
    ]:
        written, _ = write(engine(server, **TOKENS), tiny_folder, requests, limits=limits)
        assert written == embedded(tiny_folder, requests, limits=limits)
    assert server.most_running in (2, 3, 4)


def test_with_text_prompts_thoughts_are_the_same_text(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcXYZ019")
    written, facts = write(engine(server), tiny_folder, requests)
    for ours, theirs in zip(written, embedded(tiny_folder, requests), strict=True):
        assert [each.thought for each in ours] == [each.thought for each in theirs]
        assert [each.thought_finish for each in ours] == [each.thought_finish for each in theirs]
    assert all(isinstance(request["prompt"], str) for request in server.received)
    assert facts["wrong_token_counts"] == 0


def test_an_early_end_of_an_answer_is_held_back_as_the_embedded_engine_does(server, tiny_folder):
    # The server ends every answer at once, unless the end is ruled out.
    def end_at_once(request, reply):
        if "logit_bias" in request or CLOSE_TAG in (request.get("stop") or []) or reply["choices"][0]["text"] == "!":
            return reply
        asked_before = any("logit_bias" in each for each in server.received)
        return reply if asked_before else ended(reply)

    def ended(reply):
        return reply | {"choices": [{"index": 0, "text": "", "finish_reason": "stop", "token_ids": [1]}]}

    server.rewrite = end_at_once
    requests = [replace(each, branches=each.branches[:1]) for each in prefixed(tiny_folder, "a")[:1]]
    written, facts = write(engine(server, **TOKENS), tiny_folder, requests)
    assert written == embedded(tiny_folder, requests)
    assert [request.get("logit_bias") for request in server.received] == [None, None, {"1": -100}, None]
    assert facts["short_answers_not_held"] == 0


def test_no_fault_of_a_moment_loses_a_branch_or_asks_again_after_success(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    faults = [
        Fault(status=429, body={"error": {"message": "slow down"}}, headers={"Retry-After": "0.2"}),
        Fault(status=429, body={"error": {"message": "slow down"}}),
        Fault(status=503, headers={"Retry-After": "soon"}),
        Fault(status=500, body="Internal Server Error"),
        Fault(body='{"choices": [{"text": "half of a', cut=True),
        Fault(body="<html>proxy</html>"),
        Fault(body={"choices": []}),
        Fault(body={"choices": [{"text": None, "finish_reason": "stop"}]}),
        Fault(body={"choices": [{"text": "x", "finish_reason": "content_filter"}]}),
        Fault(body="[]"),
        Fault(body="\x00\xff"),
    ]
    script = [*faults, *[None] * 12]
    random.Random(3).shuffle(script)
    server.script.extend(script)
    written, facts = write(engine(server), tiny_folder, requests)
    assert written == expected
    assert server.asked_again_after_success() == []
    assert len(server.received) == len(server.completed) + len(faults)
    assert facts["retries"] == len(faults)
    assert facts["replies"] == len(server.completed)


def test_a_request_that_hangs_is_given_up_and_made_again(server, tiny_folder):
    requests = prefixed(tiny_folder, "a")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.script.append(Fault(delay=4.0, body={"choices": []}))
    written, facts = write(engine(server, timeout_seconds=2.5), tiny_folder, requests)
    assert written == expected
    assert facts["retries"] >= 1


def test_retry_after_is_kept(server, tiny_folder):
    server.script.append(Fault(status=429, headers={"Retry-After": "1"}))
    write(
        engine(server), tiny_folder, [replace(each, branches=each.branches[:1]) for each in prefixed(tiny_folder, "a")]
    )
    waited = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert max(waited) >= 0.9


@pytest.mark.parametrize("count", [0, -7, 10**9, "many", None, 2.5, True])
def test_wrong_token_counts_change_no_text_and_are_told(server, tiny_folder, count):
    requests = prefixed(tiny_folder, "ab")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.rewrite = lambda request, reply: reply | {"usage": {"completion_tokens": count}}
    written, facts = write(engine(server), tiny_folder, requests)
    assert written == expected
    assert facts["wrong_token_counts"] == facts["replies"] == 8


def test_a_server_that_ignores_the_limit_is_cut_there_and_marked(server, tiny_folder):
    def endless(request, reply):
        [choice] = reply["choices"]
        return reply | {"choices": [choice | {"text": "word " * 500, "finish_reason": "stop"}]}

    server.rewrite = endless
    written, facts = write(engine(server), tiny_folder, prefixed(tiny_folder, "a"))
    for [each] in written:
        assert (each.thought_finish, each.thought_tokens) == ("length", LIMITS.thought_tokens)
        assert (each.answer_finish, len(each.answer_ids)) == ("length", LIMITS.answer_tokens)
    assert facts["replies_over_limit"] == 4


def test_text_behind_a_tag_that_did_not_stop_the_server_is_no_part_of_anything(server, tiny_folder):
    def runs_on(request, reply):
        [choice] = reply["choices"]
        if CLOSE_TAG in request.get("stop", []):
            choice = choice | {"text": f"b{CLOSE_TAG}no", "finish_reason": "stop"}
        return reply | {"choices": [choice]}

    server.rewrite = runs_on
    written, _ = write(engine(server), tiny_folder, prefixed(tiny_folder, "a"))
    for [each] in written:
        assert (each.thought, each.thought_finish) == ("b", "stop")
    answers = [request["prompt"] for request in server.received if CLOSE_TAG not in request.get("stop", [])]
    assert all(prompt.endswith(f"{OPEN_TAG}ab{CLOSE_TAG}") for prompt in answers)


def test_after_a_failure_only_what_is_missing_is_asked_for(server, tiny_folder, tmp_path):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    server.script.extend([None] * 9 + [Fault(status=500)] * 1000)
    with pytest.raises(UserError, match=r"not available: HTTP 500.*run the same command again to resume"):
        write(engine(server, max_retries=2), tiny_folder, requests, work=tmp_path)
    assert len(server.completed) == 9
    # A process that was killed while it wrote leaves a torn line.
    with (tmp_path / COMPLETION_LOG).open("ab") as log:
        log.write(b'{"key": "half')
    server.script.clear()
    written, _ = write(engine(server), tiny_folder, requests, work=tmp_path)
    assert written == expected
    assert server.asked_again_after_success() == []
    assert len(server.completed) == 24
    assert not (tmp_path / COMPLETION_LOG).exists()


def test_a_log_of_something_else_is_an_error_and_is_kept(server, tiny_folder, tmp_path):
    (tmp_path / COMPLETION_LOG).write_text('{"key": "k"}\n')
    with pytest.raises(UserError, match="line 1 is no completion"):
        write(engine(server), tiny_folder, [], work=tmp_path)
    assert (tmp_path / COMPLETION_LOG).read_text() == '{"key": "k"}\n'


def test_work_is_spread_and_a_server_that_dies_is_done_without(server, tiny_folder):
    requests = prefixed(tiny_folder, "abcdef")
    expected, _ = write(engine(server), tiny_folder, requests)
    server.received, server.completed = [], []
    other = CompletionsServer(tiny_folder)
    try:
        assert write(engine(server, other), tiny_folder, requests)[0] == expected
        assert min(len(server.completed), len(other.completed)) >= 6
        before = len(server.completed)
        other.script.extend([Fault(cut=True)] * 1000)
        assert write(engine(server, other), tiny_folder, requests)[0] == expected
        assert len(server.completed) == before + 24
    finally:
        other.close()


@pytest.mark.parametrize(
    ("status", "options", "told"),
    [
        (401, {}, r"requires a key \(HTTP 401\): name its variable in engine.api_key_env"),
        (403, {"api_key_env": "A_KEY"}, "does not accept the key in A_KEY"),
        (404, {"model": "nobody"}, "knows no model 'nobody'"),
        (400, {}, "refuses a request: HTTP 400"),
    ],
)
def test_what_no_retry_can_mend_is_told_at_once(server, tiny_folder, monkeypatch, status, options, told):
    monkeypatch.setenv("A_KEY", "canary-key-77aa")
    server.script.extend([Fault(status=status, body={"error": {"message": "no: canary-key-77aa"}})] * 50)
    with pytest.raises(UserError, match=told) as caught:
        write(engine(server, **options), tiny_folder, prefixed(tiny_folder, "ab"))
    if options.get("api_key_env"):
        assert "canary" not in str(caught.value)
        assert server.keys == {"Bearer canary-key-77aa"}
    assert len(server.received) <= 4


def test_nobody_at_the_address_is_told_before_anything_is_asked(tiny_folder):
    with pytest.raises(UserError, match="no completions server at"):
        OpenAIEngine(base_urls=["http://127.0.0.1:9/v1"], max_retries=0).open(tiny_folder)


def test_the_only_model_is_found_and_of_several_one_has_to_be_named(server, tiny_folder, capsys):
    _, facts = write(engine(server), tiny_folder, [])
    assert (facts["model"], facts["weights"]) == ("tiny", "not checked")
    assert f"all of them have to serve {tiny_folder}" in capsys.readouterr().err
    server.models = ["one", "two"]
    with pytest.raises(UserError, match=r"offer one, two: name one with engine\.model"):
        engine(server).open(tiny_folder)


def test_a_server_of_other_weights_is_refused_where_it_says_so(server, tiny_folder, tmp_path):
    server.root = str(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"others")
    with pytest.raises(UserError, match=r"serves .* but this stage needs the model in"):
        engine(server).open(tiny_folder)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").hardlink_to(tiny_folder / "model.safetensors")
    assert write(engine(server), tiny_folder, [])[1]["weights"] == "compared with the server's folder"


def test_the_load_command_gets_the_folder_and_its_failure_stops_the_run(server, tiny_folder, tmp_path):
    command = ["sh", "-c", f'echo "$0" > {tmp_path}/loaded']
    write(engine(server, load_command=command), tiny_folder, [])
    assert (tmp_path / "loaded").read_text().strip() == str(tiny_folder.resolve())
    with pytest.raises(UserError, match="failed with status 3"):
        engine(server, load_command=["sh", "-c", "exit 3"]).open(tiny_folder)


def test_a_chosen_first_token_is_refused_not_ignored(server, tiny_folder):
    branch = Branch(opener=OPEN_TAG, in_thought=True, first_choice=1)
    with pytest.raises(UserError, match="cannot start a thought with a chosen first token"):
        write(engine(server), tiny_folder, [GenerationRequest(prompt="q", branches=(branch,))])
    assert server.received == []


def test_a_temperature_is_sent_for_the_thought_only_with_its_seed(server, tiny_folder):
    branch = Branch(opener=OPEN_TAG, in_thought=True, temperature=0.7, seed=11)
    write(engine(server), tiny_folder, [GenerationRequest(prompt="q", branches=(branch,))])
    assert [(each["temperature"], each.get("seed")) for each in server.received] == [(0.7, 11), (0.0, None)]


def test_faults_are_named(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    faults = OpenAIEngine(
        base_urls=["localhost:8000"], api_key_env="NO_SUCH_KEY", concurrency=0, max_retries=-1
    ).faults()
    assert len(faults) == 4
    assert OpenAIEngine(base_urls=[]).faults()
    assert OpenAIEngine(base_urls=["http://localhost:1/v1"]).faults() == []


def test_the_reply_log_is_json_that_survives_any_text(server, tiny_folder, tmp_path):
    odd = 'quote " \u2028 \ud83d \x00'
    server.rewrite = lambda request, reply: json.dumps(
        {"choices": [{"text": odd, "finish_reason": "length"}], "usage": {"completion_tokens": 10}}
    )
    requests = prefixed(tiny_folder, "a")
    server.script.extend([None] * 3 + [Fault(status=500)] * 9)
    with pytest.raises(UserError):
        write(engine(server, max_retries=0), tiny_folder, requests, work=tmp_path)
    kept = len(server.completed)
    server.script.clear()
    write(engine(server), tiny_folder, requests, work=tmp_path)
    assert kept >= 1
    assert server.asked_again_after_success() == []
