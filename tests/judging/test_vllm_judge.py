"""Verdicts held to a schema by vLLM's own OpenAI-compatible server, with the small default model. Slow: it starts a server."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from thoughtrank.http_api.ports import free_port
from thoughtrank.judging.execution.executor import Executor
from thoughtrank.judging.openai.judge import OpenAICompatibleJudge
from thoughtrank.judging.protocol import AnswerView, JudgeRequest

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("THOUGHTRANK_VLLM_PYTHON") or ROOT / ".venv-vllm" / "bin" / "python")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not PYTHON.exists(), reason="no vLLM: set THOUGHTRANK_VLLM_PYTHON to the python of its environment"
    ),
]


@pytest.fixture(scope="module")
def server(smollm2_folder, tmp_path_factory):
    port = free_port()
    log = tmp_path_factory.mktemp("vllm") / "server.log"
    command = [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server", "--model", str(smollm2_folder)]
    command += ["--served-model-name", "smollm2", "--host", "127.0.0.1", "--port", str(port), "--dtype", "bfloat16"]
    command += ["--max-model-len", "2048", "--max-num-seqs", "4", "--enforce-eager"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)
    try:
        until = time.monotonic() + 240
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except (urllib.error.URLError, OSError):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"vLLM did not start:\n{log.read_text(errors='replace')[-3000:]}")
                time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_every_verdict_of_a_small_model_fits_the_schema(server, tmp_path):
    judge = OpenAICompatibleJudge(
        model="smollm2", base_url=server, api_key_env=None, max_reply_tokens=200, concurrency=4, timeout_seconds=120.0
    )
    answers = tuple(AnswerView(f"id{index}", f"The answer is {index}.") for index in range(4))
    rankings = [JudgeRequest(f"q{seed}", "What is 1 + 1?", answers, "2", seed) for seed in range(6)]
    grades = [JudgeRequest("g", "What is 1 + 1?", answers[:1], "2", seed, mode="score") for seed in range(2)]
    with Executor(judge, tmp_path / "_verdicts.jsonl") as executor:
        verdicts = executor.ask([*rankings, *grades])
        usage = executor.usage
    for verdict in verdicts:
        assert verdict.usage.prompt_tokens > 100
        # A model this small may repeat labels until its limit, and that is told apart; what it never does is write prose.
        assert verdict.status in ("ok", "malformed"), verdict
        assert verdict.reply.lstrip().startswith("{"), verdict.reply
        if verdict.status == "malformed":
            assert any(said in verdict.reason for said in ("twice", "leaves out", "empty", "max_reply_tokens")), verdict
    for verdict in verdicts[-2:]:
        assert verdict.status == "ok"
        assert 1 <= verdict.scores[0][1] <= 10
    assert usage.prompt_tokens == sum(verdict.usage.prompt_tokens for verdict in verdicts)
    for line in (tmp_path / "_verdicts.jsonl").read_text().splitlines():
        record = json.loads(line)
        bound = judge.upper_bound(next(each for each in (*rankings, *grades) if each.seed == record["seed"]))
        assert record["usage"]["prompt_tokens"] <= bound.prompt_tokens
