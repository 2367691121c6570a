"""``model.generate`` as the reference for the branching decoder, and requests for both."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.engines.protocol import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
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
    """``model.generate``, one candidate at a time: thought up to the tag, then the answer after it."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    def encode(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def generate(self, tokens: list[int], **options) -> list[int]:
        ids = torch.tensor([tokens])
        written = self.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, **options)
        return written[0, len(tokens) :].tolist()

    @cache  # noqa: B019  # few references per process, and the same candidates for several settings of the engine
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


@cache
def reference_of(folder: Path) -> Reference:
    """The reference for a model, with what it wrote so far."""
    return Reference(folder)


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
    reference = reference_of(folder)
    assert [len(each) for each in results] == [len(prefixes)] * len(requests)
    for request, continuations in zip(requests, results, strict=True):
        for branch, continuation in zip(request.branches, continuations, strict=True):
            expected = reference.candidate(request.prompt, branch.opener, limits)
            assert continuation.thought == expected.thought
            assert list(continuation.thought_ids) == expected.thought_tokens
            assert list(continuation.answer_ids) == expected.answer_tokens
    return [continuation for continuations in results for continuation in continuations]
