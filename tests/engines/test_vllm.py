"""``engine=vllm``: wrong settings are reported before it starts, and the real server writes what the embedded engine writes."""

import json
import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from fake_vllm import fake_python
from served_generation import LIMITS, prefixed

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits, ScoredAnswer, ScoreRequest
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine
from thoughtrank.errors import UserError
from thoughtrank.models.tiny import TinyModel
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import EMPTY_THOUGHT, OPEN_TAG

ROOT = Path(__file__).parents[2]
PYTHON = Path(os.environ.get("THOUGHTRANK_VLLM_PYTHON", ROOT / ".venv-vllm" / "bin" / "python"))
needs_vllm = pytest.mark.skipif(
    not PYTHON.exists(),
    reason="no vLLM: 'make .venv-vllm', or set THOUGHTRANK_VLLM_PYTHON to the python of its environment",
)


def test_a_missing_python_and_one_without_vllm_name_the_install_lines(tmp_path):
    for python in (str(tmp_path / "nothing"), sys.executable):
        [fault] = VLLMEngine(python=python).faults()
        assert python in fault
        assert "pip install vllm" in fault
        assert "make .venv-vllm" in fault


def test_numbers_that_cannot_be_are_told_with_the_rest(tmp_path):
    faults = VLLMEngine(python=str(tmp_path), tensor_parallel=0, context_tokens=0, start_minutes=0).faults()
    assert [fault.split()[0] for fault in faults] == [
        "engine.tensor_parallel",
        "engine.context_tokens",
        "engine.start_minutes",
        f"engine.python={tmp_path}:",
    ]


def test_the_text_depends_on_dtype_and_tensor_parallel_not_on_the_place(tmp_path):
    same = VLLMEngine(python="a", data_parallel=2, concurrency=3).identity()
    assert same == VLLMEngine(python="b").identity()
    assert same != VLLMEngine(dtype="float32").identity()
    assert same != VLLMEngine(tensor_parallel=2).identity()


def test_each_server_is_started_under_another_name_that_nobody_can_guess(tiny_folder, tmp_path):
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    program.chmod(0o700)
    names = []
    for _ in range(2):
        with pytest.raises(UserError, match="vLLM exited while starting"):
            VLLMEngine(python=str(program)).open(tiny_folder, work_folder=tmp_path)
        words = (tmp_path / "_vllm.log").read_text().split()
        names.append(words[words.index("--served-model-name") + 1])
    assert names[0] != names[1]
    assert all(len(name.removeprefix("thoughtrank-")) == 16 for name in names)


@pytest.fixture
def faked(tmp_path):
    """Makes an engine with a server that answers at once; it is ended after the test."""
    made = []

    def make(**settings):
        made.append(VLLMEngine(python=str(fake_python(tmp_path)), **settings))
        return made[-1]

    yield make
    for engine in made:
        engine.release()


def arguments_of(log: Path) -> dict[str, str]:
    words = re.findall(r"^arguments (.*)$", log.read_text(), flags=re.MULTILINE)[0].split()
    return dict(pairwise(words))


def test_sessions_with_the_same_model_share_a_server_which_is_gone_after_release(faked, tiny_folder, tmp_path, capsys):
    engine = faked(max_retries=0)
    assert engine.faults() == []
    for stage in ("evaluation", "generation"):
        (tmp_path / stage).mkdir()
        with engine.open(tiny_folder, work_folder=tmp_path / stage) as session:
            [written, _] = session.generate(prefixed(tiny_folder, "ab"), limits=LIMITS)
            assert len(written) == 2
            assert session.facts()["vllm"] == "0.0"
    assert capsys.readouterr().out.count("vLLM is ready") == 1
    [pid] = map(
        int, re.findall(r"^pid (\d+)$", (tmp_path / "evaluation" / "_vllm.log").read_text(), flags=re.MULTILINE)
    )
    assert not (tmp_path / "generation" / "_vllm.log").exists()
    engine.release()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize("proxy", ["http://127.0.0.1:9", "socks5://127.0.0.1:9"])
def test_the_server_is_reached_without_the_proxies_of_the_environment(faked, tiny_folder, tmp_path, monkeypatch, proxy):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    with faked(max_retries=0, start_minutes=0.5).open(tiny_folder, work_folder=tmp_path) as session:
        [written, _] = session.generate(prefixed(tiny_folder, "ab"), limits=LIMITS)
        assert (len(written), session.facts()["vllm"]) == (2, "0.0")


def test_the_server_batches_as_many_as_are_in_flight_for_every_copy(faked, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr("thoughtrank.engines.vllm.num_cuda_devices", lambda: 8)
    with faked(tensor_parallel=2, concurrency=96).open(tiny_folder, work_folder=tmp_path) as session:
        assert session.facts()["data_parallel"] == 4
    arguments = arguments_of(tmp_path / "_vllm.log")
    assert [arguments[f"--{name}"] for name in ("tensor-parallel-size", "data-parallel-size", "max-num-seqs")] == [
        *("2", "4", "96")
    ]


@pytest.mark.parametrize(
    ("settings", "expected", "limit"), [({}, 2900, "2900"), ({"context_tokens": 512}, 2900, "512"), ({}, None, None)]
)
def test_the_server_is_started_for_the_longest_sequence_of_the_run_or_the_one_that_is_given(
    faked, tiny_folder, tmp_path, settings, expected, limit
):
    engine = faked(**settings)
    if expected is not None:
        engine.expect(sequence_tokens=expected)
    with engine.open(tiny_folder, work_folder=tmp_path):
        pass
    assert arguments_of(tmp_path / "_vllm.log").get("--max-model-len") == limit


@pytest.mark.parametrize(
    ("settings", "devices", "copies"),
    [
        ({}, 0, 1),
        ({}, 4, 4),
        ({"tensor_parallel": 2}, 5, 2),
        ({"tensor_parallel": 4}, 2, 1),
        ({"data_parallel": 3}, 8, 3),
    ],
)
def test_there_are_as_many_copies_as_the_devices_hold_or_as_given(monkeypatch, settings, devices, copies):
    monkeypatch.setattr("thoughtrank.engines.vllm.num_cuda_devices", lambda: devices)
    engine = VLLMEngine(**settings)
    assert engine.copies() == copies
    assert engine.devices_estimate() == (copies * engine.tensor_parallel,) * 2


def test_turns_end_at_token_ids_and_answers_have_a_least_length_without_further_requests(faked, tiny_folder, tmp_path):
    with faked().open(tiny_folder, work_folder=tmp_path) as session:
        session.generate([prefixed(tiny_folder, "a")[0]], limits=LIMITS)
    requests = [
        json.loads(text)
        for text in re.findall(r"^request (.*)$", (tmp_path / "_vllm.log").read_text(), flags=re.MULTILINE)
    ]
    assert [request.get("stop") for request in requests] == [["</thought>"], None]
    assert [request.get("min_tokens") for request in requests] == [None, LIMITS.min_answer_tokens]
    assert all(request["stop_token_ids"] and request["return_token_ids"] for request in requests)


@pytest.fixture(scope="session")
def wider_folder(tmp_path_factory) -> Path:
    """Attention heads of 32: vLLM's CPU attention takes no smaller ones."""
    folder = tmp_path_factory.mktemp("wider")
    TinyModel(hidden_size=128).write(folder)
    return folder


@needs_vllm
@pytest.mark.slow
def test_the_real_server_writes_what_the_embedded_engine_writes(wider_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
    chat = ChatTemplate.from_folder(wider_folder)
    openers = [*(OPEN_TAG + prefix for prefix in "abXY09"), EMPTY_THOUGHT]
    branches = tuple(Branch(opener=opener, in_thought=opener != EMPTY_THOUGHT) for opener in openers)
    questions = ["Tom has 12 apples. He buys 7 more. How many?", "How many legs do 6 spiders have?"]
    requests = [GenerationRequest(prompt=chat.prompt(question), branches=branches) for question in questions]
    limits = Limits(thought_tokens=24, answer_tokens=12, min_answer_tokens=2)
    made = VLLMEngine(python=str(PYTHON), dtype="float32", context_tokens=512, arguments=["--enforce-eager"])
    assert made.faults() == []
    with made.open(wider_folder, work_folder=tmp_path) as session:
        written, facts = session.generate(requests, limits=limits), session.facts()
    made.release()
    with TransformersEngine(dtype="float32", device="cpu").open(wider_folder) as session:
        assert written == session.generate(requests, limits=limits)
    assert facts["wrong_token_counts"] == facts["replies_over_limit"] == facts["retries"] == 0
    assert facts["vllm"][0].isdigit()
    assert (tmp_path / "_vllm.log").stat().st_size > 0


@needs_vllm
@pytest.mark.slow
def test_the_real_server_scores_as_the_embedded_engine(wider_folder, tmp_path):
    chat = ChatTemplate.from_folder(wider_folder)
    answers = (
        ScoredAnswer(f"{EMPTY_THOUGHT}The answer is", " 12", "number"),
        ScoredAnswer(f"{OPEN_TAG}6 * 8 =", " 48", "number"),
        ScoredAnswer(f"{OPEN_TAG}So it is", " Paris", "text"),
    )
    requests = [ScoreRequest(chat.prompt(question), answers) for question in ("What is 6 * 8?", "Where?")]
    made = VLLMEngine(python=str(PYTHON), dtype="float32", context_tokens=512, arguments=["--enforce-eager"])
    with made.open(wider_folder, work_folder=tmp_path) as session:
        served = session.score(requests)
    made.release()
    with TransformersEngine(dtype="float32", device="cpu").open(wider_folder) as session:
        embedded = session.score(requests)
    for ours, theirs in zip(served, embedded, strict=True):
        assert [each.tokens for each in ours] == [each.tokens for each in theirs]
        # A random model spreads what comes next over its whole vocabulary, of which the server returns twenty tokens.
        assert [each.logprob for each in ours] == pytest.approx([each.logprob for each in theirs], abs=0.7)
