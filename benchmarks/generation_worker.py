"""A contender in its own process, possibly in another Python environment; started by ``generation.py``.

Reads a job as one line of JSON and replies ``{"about": ...}`` after loading and warming up the model. For every further line it
decodes all prompts once, and replies with seconds and token ids. Replies begin with a marker, since libraries print to stdout
too.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

MARK = "@@generation "

Prompts = list[list[int]]
Run = Callable[[Prompts], tuple[float, list[list[int]]]]
"""Decodes prompts once; returns seconds, and the new tokens of each prompt."""


def vllm_run(job: dict[str, Any]) -> tuple[Run, str]:
    """vLLM with prefix caching, all prompts at once; each turn starts with an empty cache."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "4")
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    # By default it reserves one core for its scheduler, which is half of a machine with two.
    os.environ.setdefault("VLLM_CPU_NUM_OF_RESERVED_CPU", "0")
    import vllm

    engine = vllm.LLM(model=job["model"], dtype=job["dtype"], enable_prefix_caching=True, max_model_len=job["context"])
    sampling = vllm.SamplingParams(
        temperature=0, max_tokens=job["new_tokens"], ignore_eos=not job["stops"], detokenize=False
    )

    def run(prompts: Prompts) -> tuple[float, list[list[int]]]:
        engine.reset_prefix_cache()
        requests = [{"prompt_token_ids": tokens} for tokens in prompts]
        started = time.perf_counter()
        outputs = engine.generate(requests, sampling, use_tqdm=False)
        return time.perf_counter() - started, [list(each.outputs[0].token_ids) for each in outputs]

    return run, f"vllm {vllm.__version__}, no core reserved for its scheduler"


def continuous_run(job: dict[str, Any]) -> tuple[Run, str]:
    """Continuous batching of transformers."""
    import torch
    import transformers

    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        job["model"], dtype=getattr(torch, job["dtype"]), attn_implementation="paged|sdpa"
    )
    model = model.to(job["device"]).eval()
    end = model.generation_config.eos_token_id if job["stops"] else -1
    config = transformers.GenerationConfig(
        max_new_tokens=job["new_tokens"], do_sample=False, eos_token_id=end, pad_token_id=0, use_cuda_graph=False
    )

    def run(prompts: Prompts) -> tuple[float, list[list[int]]]:
        started = time.perf_counter()
        outputs = model.generate_batch(inputs=prompts, generation_config=config)
        return time.perf_counter() - started, [list(each.generated_tokens) for each in outputs.values()]

    return run, f"transformers {transformers.__version__}, {torch.get_num_threads()} threads"


def main() -> None:
    """Serve turns until the input ends."""
    job = json.loads(sys.stdin.readline())
    run, about = {"vllm": vllm_run, "continuous": continuous_run}[job["backend"]](job)
    run(job["prompts"][::8])  # warm-up
    print(MARK + json.dumps({"about": about}), flush=True)
    for _ in sys.stdin:
        seconds, tokens = run(job["prompts"])
        print(MARK + json.dumps({"seconds": seconds, "tokens": tokens}), flush=True)


if __name__ == "__main__":
    main()
