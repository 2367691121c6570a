"""The served engine writes what the embedded one writes."""

import pytest
from served_generation import LIMITS, TOKENS, embedded, engine, prefixed, requests_for, write

from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.protocol import Limits
from thoughtrank.errors import UserError
from thoughtrank.output.redaction import use_key_variable
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT


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


def test_with_ends_as_token_ids_the_table_is_the_same_and_the_identity_says_so_only_then(server, tiny_folder):
    requests = prefixed(tiny_folder, "abX")
    made = engine(server, token_ends=True, **TOKENS)
    assert write(made, tiny_folder, requests)[0] == embedded(tiny_folder, requests)
    assert all(request["stop_token_ids"] == [server.tokenizer.eos_token_id] for request in server.received)
    assert made.identity()["token_ends"] is True
    assert "token_ends" not in engine(server).identity()


def test_the_load_command_gets_the_folder_and_its_failure_stops_the_run(server, tiny_folder, tmp_path):
    command = ["sh", "-c", f'echo "$0" > {tmp_path}/loaded']
    write(engine(server, load_command=command), tiny_folder, [])
    assert (tmp_path / "loaded").read_text().strip() == str(tiny_folder.resolve())
    with pytest.raises(UserError, match="failed with status 3"):
        engine(server, load_command=["sh", "-c", "exit 3"]).open(tiny_folder)


def test_the_load_command_gets_no_key_and_the_rest_of_the_environment(server, tiny_folder, tmp_path, monkeypatch):
    for name in ("JUDGE_API_KEY", "HF_TOKEN", "SERVER_PASS", "PYTHONPATH", "MY_SETTING"):
        monkeypatch.setenv(name, "a-value-of-this-test")
    use_key_variable("SERVER_PASS")
    write(engine(server, load_command=["sh", "-c", f"env > {tmp_path}/environment"]), tiny_folder, [])
    environment = (tmp_path / "environment").read_text()
    names = [line.partition("=")[0] for line in environment.splitlines() if line.endswith("=a-value-of-this-test")]
    assert sorted(names) == ["MY_SETTING", "PYTHONPATH"]


def test_faults_are_named(monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    faults = OpenAIEngine(
        base_urls=["localhost:8000"], api_key_env="NO_SUCH_KEY", concurrency=0, max_retries=-1
    ).faults()
    assert len(faults) == 4
    assert OpenAIEngine(base_urls=[]).faults()
    assert OpenAIEngine(base_urls=["http://localhost:1/v1"]).faults() == []


def test_it_is_noted_that_models_are_served_by_hand_where_no_command_loads_them():
    urls = ["http://localhost:1/v1"]
    [note] = OpenAIEngine(base_urls=urls).notes()
    assert "stop_after=training" in note
    assert OpenAIEngine(base_urls=urls, load_command=["sh", "serve.sh"]).notes() == []
