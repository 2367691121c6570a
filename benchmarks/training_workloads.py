"""The examples of ``training.py``, and the matmuls that any training step needs."""

import time
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.questions.word_problems.source import WordProblems

_THOUGHTS = (
    "Let me see. There are two numbers here, and the question asks for what is left when one is taken from the other.",
    "First write down what is known, then look for what is asked, and put the two together in one short calculation.",
    "So each of them gets the same share, which means that the whole has to be divided by how many there are in all.",
    "We add what came in the morning to what came in the evening, and count nothing twice.",
)


def make_examples(workload: str, chat: ChatTemplate) -> list[dict[str, str]]:
    """Rows with question_id, prompt and completion.

    ``short``: 20 questions, prompts of about 60 tokens. ``shared``: 2 questions of about 512 tokens, 4 completions each.
    """
    problems = WordProblems(seed=1, train_per_round=120, held_out=1, held_out_unseen=0).train(1)
    texts = [problem.text for problem in problems]
    if workload == "short":
        chosen = [(number, text, number) for number, text in enumerate(texts[:20])]
    else:
        long = _joined(texts, chat=chat, tokens=512, number=2)
        chosen = [(number, text, answer) for number, text in enumerate(long) for answer in range(4)]
    return [
        {
            "question_id": f"q{question}",
            "prompt": chat.prompt(text),
            "completion": chat.completion(
                thought=_THOUGHTS[answer % len(_THOUGHTS)], answer=f"The answer is {answer + 3}."
            ),
        }
        for question, text, answer in chosen
    ]


def _joined(texts: list[str], *, chat: ChatTemplate, tokens: int, number: int) -> list[str]:
    """Long questions, each a concatenation of short ones."""
    rest = iter(texts)
    joined = []
    for _ in range(number):
        text = next(rest)
        while chat.num_prompt_tokens(longer := f"{text}\n{next(rest)}") <= tokens:
            text = longer
        joined.append(text)
    return joined


def timed_matmuls(model: Path, *, tokens: int, targets: int) -> Callable[[], float]:
    """A function that runs the bf16 matmuls of one optimizer step and returns their seconds.

    Each linear layer has one matmul in the forward pass and two in the backward pass; the output layer processes the targets
    only. Attention is not included.

    Args:
        model: model folder, for the shapes.
        tokens: tokens in the decoder layers.
        targets: tokens in the output layer.
    """
    with torch.device("meta"):
        whole = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(model))
    head = whole.get_output_embeddings()
    shapes = [
        (targets if module is head else tokens, module.in_features, module.out_features)
        for module in whole.modules()
        if isinstance(module, torch.nn.Linear)
    ]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tensors = {
        size: torch.randn(size, device=device).to(torch.bfloat16)
        for rows, inner, outer in shapes
        for size in ((rows, inner), (outer, inner), (rows, outer))
    }

    def run() -> float:
        started = time.perf_counter()
        for rows, inner, outer in shapes:
            states, weight, gradient = tensors[rows, inner], tensors[outer, inner], tensors[rows, outer]
            torch.mm(states, weight.T)
            torch.mm(gradient, weight)
            torch.mm(gradient.T, states)
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - started

    return run
