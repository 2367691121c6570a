"""The embedded engine writes what ``model.generate`` writes for each candidate alone, in float32."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

from thoughtrank.engines.decoding.llama_model import PackedLlama
from thoughtrank.engines.decoding.prefill import plan_prefills
from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.thought_tags import CLOSE_TAG, EMPTY_THOUGHT, OPEN_TAG

QUESTIONS = [
    "Tom has 12 apples. He buys 7 more and gives 5 to Ann. How many apples does Tom have now?",
    "How many legs do 6 spiders have?",
    "A shop sold 18 pens in the morning and twice as many in the afternoon. How many pens did it sell on that day in all?",
]


@dataclass
class Written:
    """What the reference wrote for one candidate."""

    thought: str
    thought_tokens: list[int]
    answer_tokens: list[int]


class Reference:
    """``model.generate``, one candidate at a time: thought up to the tag, then the answer behind it."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def encode(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def generate(self, tokens: list[int], **options) -> list[int]:
        ids = torch.tensor([tokens])
        written = self.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, **options)
        return written[0, len(tokens) :].tolist()

    def candidate(self, prompt: str, opener: str, limits: Limits) -> Written:
        start = self.encode(prompt + opener)
        wrote = self.generate(
            start, max_new_tokens=limits.thought_tokens, stop_strings=[CLOSE_TAG], tokenizer=self.tokenizer
        )
        wrote = [token for token in wrote if token != self.tokenizer.eos_token_id]
        thought, tag, beyond = self.tokenizer.decode(wrote).partition(CLOSE_TAG)
        if beyond:
            kept = self.tokenizer.decode(wrote[:-1])
            closed = wrote[:-1] + self.encode((thought + tag)[len(kept) :])
        else:
            closed = wrote if tag else wrote + self.encode(CLOSE_TAG)
        answer = self.generate(
            start + closed, max_new_tokens=limits.answer_tokens, min_new_tokens=limits.min_answer_tokens
        )
        return Written(thought, closed, [token for token in answer if token != self.tokenizer.eos_token_id])


def requests_for(folder: Path, openers: list[str], questions: list[str] = QUESTIONS) -> list[GenerationRequest]:
    chat = ChatTemplate.from_folder(folder)
    branches = tuple(Branch(opener=opener, in_thought=opener not in ("", EMPTY_THOUGHT)) for opener in openers)
    return [GenerationRequest(prompt=chat.prompt(question), branches=branches) for question in questions]


def assert_equal_to_generate(
    folder: Path, prefixes: list[str], limits: Limits, *, questions: list[str] = QUESTIONS, **engine
) -> list:
    requests = requests_for(folder, [OPEN_TAG + prefix for prefix in prefixes], questions)
    with TransformersEngine(dtype="float32", device="cpu", **engine).open(folder) as session:
        results = session.generate(requests, limits=limits)
    reference = Reference(folder)
    assert [len(each) for each in results] == [len(prefixes)] * len(requests)
    for request, continuations in zip(requests, results, strict=True):
        for branch, continuation in zip(request.branches, continuations, strict=True):
            expected = reference.candidate(request.prompt, branch.opener, limits)
            assert continuation.thought == expected.thought
            assert list(continuation.thought_ids) == expected.thought_tokens
            assert list(continuation.answer_ids) == expected.answer_tokens
    return [continuation for continuations in results for continuation in continuations]


def test_a_tiny_model_writes_the_tokens_of_generate(tiny_folder):
    written = assert_equal_to_generate(
        tiny_folder, [*"abc", "Let", "First of all"], Limits(thought_tokens=70, answer_tokens=40, min_answer_tokens=1)
    )
    assert {each.thought_finish for each in written} >= {"length"}


@pytest.fixture(scope="module")
def qwen_folder(tiny_folder, tmp_path_factory) -> Path:
    """A random Qwen2, whose queries, keys and values have biases, with the tiny model's tokenizer."""
    folder = tmp_path_factory.mktemp("qwen2")
    shutil.copytree(tiny_folder, folder, dirs_exist_ok=True)
    sizes = AutoConfig.from_pretrained(tiny_folder).to_dict()
    names = (
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "eos_token_id",
    )
    torch.manual_seed(1)
    config = Qwen2Config(**{name: sizes[name] for name in names}, num_key_value_heads=2, initializer_range=0.2)
    model = Qwen2ForCausalLM(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("modules", [False, True], ids=["own arithmetic", "modules of transformers"])
def test_a_model_with_biases_writes_the_tokens_of_generate(qwen_folder, modules, monkeypatch):
    if modules:
        monkeypatch.setattr("thoughtrank.engines.decoding.llama_model._CLASSES", ())
    assert_equal_to_generate(
        qwen_folder, [*"abc", "Let"], Limits(thought_tokens=30, answer_tokens=20, min_answer_tokens=1)
    )


@pytest.mark.parametrize("modules", [False, True], ids=["own arithmetic", "modules of transformers"])
@pytest.mark.parametrize("token_budget", [560, 65536])
def test_prompts_with_a_common_beginning_write_the_tokens_of_generate(qwen_folder, token_budget, modules, monkeypatch):
    if modules:
        monkeypatch.setattr("thoughtrank.engines.decoding.llama_model._CLASSES", ())
    shared = []

    def noted(*args, **options):
        prefills = plan_prefills(*args, **options)
        shared.extend(prefill.shared for prefill in prefills)
        return prefills

    monkeypatch.setattr("thoughtrank.engines.decoding.decoding_loop.plan_prefills", noted)
    assert_equal_to_generate(
        qwen_folder,
        [*"abc", "Let"],
        Limits(thought_tokens=20, answer_tokens=10, min_answer_tokens=1),
        questions=[
            f"Work it out in your head, and answer with a number and nothing else. {each}" for each in QUESTIONS
        ],
        token_budget=token_budget,
    )
    assert max(shared) >= 16


@pytest.mark.parametrize("token_budget", [420, 700])
def test_waiting_branches_write_the_tokens_of_generate(tiny_folder, token_budget):
    assert_equal_to_generate(
        tiny_folder,
        [*"abc", "Let", "First of all"],
        Limits(thought_tokens=30, answer_tokens=20, min_answer_tokens=1),
        token_budget=token_budget,
    )


def test_the_budget_is_never_exceeded_and_memory_is_kept(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefg"])
    most = []
    with TransformersEngine(dtype="float32", device="cpu", token_budget=900).open(tiny_folder) as session:
        cache = session.cache

        def note(*_):
            most.append((cache.reserved_tokens, cache.allocated_tokens, len(cache.keys[0])))

        for answer_tokens in (20, 60, 20):
            session.generate(requests, limits=Limits(thought_tokens=20, answer_tokens=answer_tokens), on_step=note)
    reserved, allocated, rows = (max(each) for each in zip(*most, strict=True))
    assert 450 < reserved <= allocated <= 900
    assert 2 < rows < 21


def test_branches_that_enter_late_repeat_exactly(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefg"])
    limits = Limits(thought_tokens=20, answer_tokens=10)
    engine = TransformersEngine(dtype="bfloat16", device="cpu", token_budget=500)
    with engine.open(tiny_folder) as session:
        first = session.generate(requests, limits=limits)
    with engine.open(tiny_folder) as session:
        assert session.generate(requests, limits=limits) == first


def test_a_budget_too_small_for_one_branch_is_an_error(tiny_folder):
    requests = requests_for(tiny_folder, [""])
    with (
        TransformersEngine(dtype="float32", device="cpu", token_budget=50).open(tiny_folder) as session,
        pytest.raises(UserError, match=r"engine\.token_budget is 50"),
    ):
        session.generate(requests, limits=Limits(thought_tokens=0, answer_tokens=30))


def test_a_full_device_halves_the_batch_and_decodes_the_group_again(tiny_folder, monkeypatch):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefgh"])
    limits = Limits(thought_tokens=8, answer_tokens=6)
    step, rows, reports = PackedLlama.step, [], []

    def step_of_a_small_device(self, tokens, *args):
        rows.append(len(tokens))
        # It fills up late, when much has been reported already.
        if len(tokens) > 7 and len(rows) > 12:
            raise torch.OutOfMemoryError("the device is full")
        return step(self, tokens, *args)

    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        expected = session.generate(requests, limits=limits)
    monkeypatch.setattr(PackedLlama, "step", step_of_a_small_device)
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        written = session.generate(requests, limits=limits, on_step=lambda *news: reports.append(news))
        assert session.facts()["most_rows"] == 6
    assert written == expected
    assert (rows[0], rows[13]) == (16, 12)
    assert rows[-1] <= 6
    assert sum(finished for _, finished in reports) == 24


@pytest.mark.slow
def test_the_default_model_writes_the_tokens_of_generate(smollm2_folder):
    written = assert_equal_to_generate(
        smollm2_folder,
        [*"aL", "Wait"],
        Limits(thought_tokens=20, answer_tokens=12, min_answer_tokens=1),
        questions=QUESTIONS[:2],
    )
    assert {each.thought_finish for each in written} == {each.answer_finish for each in written} == {"stop", "length"}


@pytest.mark.parametrize("opener", ["", EMPTY_THOUGHT])
def test_many_questions_with_one_branch_each_write_the_tokens_of_generate(tiny_folder, opener):
    requests = requests_for(tiny_folder, [opener])
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        results = session.generate(requests, limits=Limits(thought_tokens=0, answer_tokens=30))
    reference = Reference(tiny_folder)
    for request, [continuation] in zip(requests, results, strict=True):
        expected = reference.generate(reference.encode(request.prompt + opener), max_new_tokens=30)
        eos = reference.tokenizer.eos_token_id
        assert list(continuation.answer_ids) == [token for token in expected if token != eos]


def test_the_same_group_gives_the_same_text_twice(tiny_folder):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcd"])
    limits = Limits(thought_tokens=20, answer_tokens=10)
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        assert session.generate(requests, limits=limits) == session.generate(requests, limits=limits)


def test_steps_report_every_finished_branch_once(tiny_folder):
    finished = []
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcd"])
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        session.generate(
            requests,
            limits=Limits(thought_tokens=6, answer_tokens=5),
            on_step=lambda tokens, done: finished.append(done),
        )
    assert sum(finished) == len(QUESTIONS) * 4


def test_a_prompt_without_room_in_the_context_is_named(tiny_folder):
    long = GenerationRequest(prompt="word " * 5000, branches=(Branch(opener="", in_thought=False),))
    with (
        TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session,
        pytest.raises(UserError, match="context holds 4096"),
    ):
        session.generate([long], limits=Limits(thought_tokens=1, answer_tokens=1))
