"""The contenders of ``generation.py`` that run in its process, and two ceilings; all report tokens per second."""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from generation_workloads import Workload

from thoughtrank.engines.transformers import TransformersEngine

Rate = float
"""Tokens per second."""


class Generate:
    """``model.generate`` of transformers."""

    def __init__(self, folder: Path, *, workload: Workload, dtype: str, device: str) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))
        self.model: Any = model.to(device).eval()
        self.workload = workload
        self.end = self.model.generation_config.eos_token_id

    def prompts(self) -> list[list[int]]:
        """Token ids of each candidate's prompt with its opener."""
        return self.tokenizer(self.workload.texts, add_special_tokens=False)["input_ids"]

    def decode(self, texts: Sequence[str]) -> list[list[int]]:
        """New token ids after each text, decoded as one batch, without the end-of-turn token."""
        inputs: Any = self.tokenizer(
            list(texts), return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False
        ).to(self.model.device)
        options = {} if self.workload.stops else {"min_new_tokens": self.workload.new_tokens}
        output = self.model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            do_sample=False,
            max_new_tokens=self.workload.new_tokens,
            **options,
        )
        return [self._cut(row) for row in output[:, inputs["input_ids"].shape[1] :].tolist()]

    def _cut(self, row: list[int]) -> list[int]:
        return row[: row.index(self.end)] if self.workload.stops and self.end in row else row

    def rate(self, texts: Sequence[str], *, batch: int) -> Rate:
        """Decode the texts in batches."""
        started = time.perf_counter()
        tokens = sum(
            len(each) for start in range(0, len(texts), batch) for each in self.decode(texts[start : start + batch])
        )
        return tokens / (time.perf_counter() - started)

    def logit_margin(self, text: str, tokens: Sequence[int]) -> float:
        """Difference between the two largest logits after ``text`` and ``tokens``."""
        ids = [*self.tokenizer(text, add_special_tokens=False)["input_ids"], *tokens]
        with torch.inference_mode():
            logits = self.model(torch.tensor([ids], device=self.model.device)).logits[0, -1].float()
        first, second = logits.topk(2).values.tolist()
        return first - second


class ThisEngine:
    """The engine of this project, with the groups of a run.

    Args:
        folder: model folder.
        workload: what to decode.
        options: command-line options.
        dtype: overrides the dtype of the options.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workload: Workload,
        options: argparse.Namespace,
        dtype: Literal["float32", "bfloat16"] | None = None,
    ) -> None:
        engine = TransformersEngine(
            dtype=dtype or options.dtype, device=options.device, token_budget=options.token_budget
        )
        single = max(len(request.branches) for request in workload.requests) == 1
        self._size = engine.replies_per_group if single else engine.questions_per_group
        self._session = engine.open(folder)
        self._workload = workload

    def decode(self) -> list[list[int]]:
        """New token ids of every candidate."""
        requests, limits = self._workload.requests, self._workload.limits
        groups = [requests[start : start + self._size] for start in range(0, len(requests), self._size)]
        results = [each for group in groups for each in self._session.generate(group, limits=limits)]
        return [list(each.answer_ids) for continuations in results for each in continuations]

    def warm(self, workload: Workload) -> None:
        """Decode another workload, without timing."""
        self._session.generate(workload.requests, limits=workload.limits)

    def rate(self) -> Rate:
        """Decode the whole workload once."""
        started = time.perf_counter()
        tokens = sum(map(len, self.decode()))
        return tokens / (time.perf_counter() - started)


def matmul_ceiling(model: Any, *, batch: int) -> Callable[[], Rate]:
    """The matmul-only ceiling: tokens per second of the model's linear layers alone."""
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    inputs = {
        width: torch.randn(batch, width, dtype=model.dtype, device=model.device)
        for width in {layer.in_features for layer in layers}
    }

    @torch.inference_mode()
    def rate() -> Rate:
        steps = 10
        for step in range(steps + 1):
            if step == 1:  # the first step is warm-up
                _synchronize(model.device)
                started = time.perf_counter()
            for layer in layers:
                layer(inputs[layer.in_features])
        _synchronize(model.device)
        return steps * batch / (time.perf_counter() - started)

    return rate


def bandwidth(device: str) -> float:
    """Memory read bandwidth in bytes per second, measured by summing 512 MiB; median of five."""
    block = torch.ones(2**27, device=device)
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        block.sum()
        _synchronize(block.device)
        seconds.append(time.perf_counter() - started)
    return block.nbytes / statistics.median(seconds)


def bandwidth_ceiling(model: Any, *, workload: Workload, prompt_tokens: float, batch: int) -> Callable[[], Rate]:
    """The bandwidth ceiling: tokens per second if a step only read the weights and the KV cache, each once."""
    config = model.config
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    per_token = 2 * config.num_hidden_layers * config.num_key_value_heads * head_dim * model.dtype.itemsize
    weights = sum(parameter.nbytes for parameter in model.parameters())
    prompts = batch / max(len(request.branches) for request in workload.requests)
    cached = per_token * (prompts * prompt_tokens + batch * workload.new_tokens / 2)
    return lambda: batch * bandwidth(str(model.device)) / (weights + cached)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
