"""The contenders of ``generation.py``: each decodes a workload once and says how many tokens in how many seconds."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from generation_child import MARK
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

    def written(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids behind each text, decoded as one batch, without the end of the turn."""
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
            len(each) for start in range(0, len(texts), batch) for each in self.written(texts[start : start + batch])
        )
        return tokens / (time.perf_counter() - started)

    def gap(self, text: str, tokens: Sequence[int]) -> float:
        """How far apart the two best logits are behind ``text`` and ``tokens``."""
        ids = [*self.tokenizer(text, add_special_tokens=False)["input_ids"], *tokens]
        with torch.inference_mode():
            logits = self.model(torch.tensor([ids], device=self.model.device)).logits[0, -1].float()
        first, second = logits.topk(2).values.tolist()
        return first - second


class ThisEngine:
    """The engine of this project."""

    def __init__(self, folder: Path, *, workload: Workload, dtype: Any, device: Any, token_budget: int) -> None:
        self._session = TransformersEngine(dtype=dtype, device=device, token_budget=token_budget).open(folder)
        self._workload = workload

    def written(self) -> list[list[int]]:
        """Token ids of every candidate."""
        results = self._session.generate(self._workload.requests, limits=self._workload.limits)
        return [list(each.answer_ids) for continuations in results for each in continuations]

    def rate(self) -> Rate:
        """Decode everything."""
        started = time.perf_counter()
        tokens = sum(map(len, self.written()))
        return tokens / (time.perf_counter() - started)


class Child:
    """A contender in a process of its own."""

    def __init__(self, python: str, job: dict[str, Any], *, seconds: float) -> None:
        script = Path(__file__).with_name("generation_child.py")
        self._process = subprocess.Popen(
            [python, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._errors: list[str] = []
        threading.Thread(target=self._drain, daemon=True).start()
        self._seconds = seconds
        self._end = job.pop("end")
        self._stops = job["stops"]
        self._ask(json.dumps(job))

    def _drain(self) -> None:
        for line in self._process.stderr or ():
            self._errors = [*self._errors[-20:], line.strip()]

    def _ask(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        timer = threading.Timer(self._seconds, self._process.kill)
        timer.start()
        try:
            print(line, file=self._process.stdin, flush=True)
            for answer in self._process.stdout:
                if answer.startswith(MARK):
                    return json.loads(answer.removeprefix(MARK))
        except BrokenPipeError:
            pass
        finally:
            timer.cancel()
        said = next((line for line in reversed(self._errors) if "Error" in line), "it took too long")
        raise RuntimeError(said[:200])

    def rate(self) -> Rate:
        """Decode everything."""
        answer = self._ask("go")
        ends = {self._end} if self._stops else set()
        tokens = sum(len(each) - (bool(each) and each[-1] in ends) for each in answer["tokens"])
        return tokens / answer["seconds"]

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()


def start_child(
    backend: str, *, generate: Generate, folder: Path, python: str | None, dtype: str, seconds: float
) -> Child:
    """Start a contender; RuntimeError says in one line why it does not run."""
    prompts = generate.tokenizer(generate.workload.texts, add_special_tokens=False)["input_ids"]
    job = {
        "backend": backend,
        "model": str(folder),
        "dtype": dtype,
        "device": str(generate.model.device),
        "prompts": prompts,
        "new_tokens": generate.workload.new_tokens,
        "stops": generate.workload.stops,
        "context": max(map(len, prompts)) + generate.workload.new_tokens + 16,
        "end": generate.end,
    }
    return Child(python or sys.executable, job, seconds=seconds)


def matrix_limit(model: Any, *, batch: int) -> Callable[[], Rate]:
    """The model's linear layers alone, one after the other: tokens per second if all else cost nothing."""
    layers = [module for module in model.modules() if isinstance(module, torch.nn.Linear)]
    inputs = {
        width: torch.randn(batch, width, dtype=model.dtype, device=model.device)
        for width in {layer.in_features for layer in layers}
    }

    @torch.inference_mode()
    def rate() -> Rate:
        steps = 5
        started = time.perf_counter()
        for _ in range(steps):
            for layer in layers:
                layer(inputs[layer.in_features])
        if model.device.type == "cuda":
            torch.cuda.synchronize()
        return steps * batch / (time.perf_counter() - started)

    return rate
