"""What the contenders of ``training.py`` train on, and the matrix products that training cannot do without."""

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


def examples_of(workload: str, chat: ChatTemplate) -> list[dict[str, str]]:
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
    """Long questions, each made of many short ones."""
    rest = iter(texts)
    made = []
    for _ in range(number):
        text = next(rest)
        while chat.num_prompt_tokens(longer := f"{text}\n{next(rest)}") <= tokens:
            text = longer
        made.append(text)
    return made


def matrix_products(model: Path, *, tokens: int, targets: int) -> Callable[[], float]:
    """A function that makes the bf16 matrix products of one optimizer step and returns the seconds they took.

    Of every linear layer the forward one and the two backward ones; the output layer on the targets only, attention not at all.

    Args:
        model: folder; only the shapes count.
        tokens: that go through the layers.
        targets: that go through the output layer.
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
