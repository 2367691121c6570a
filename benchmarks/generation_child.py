"""A contender that runs in a process, and perhaps an environment, of its own; started by ``generation.py``.

It reads a job as one line of JSON, answers ``{"ready": true}`` when the model is loaded, and then, for every further line,
decodes everything once and answers with seconds and token ids. Answers begin with a mark, since libraries print what they like.
"""

import json
import os
import sys
import time
from typing import Any

MARK = "@@generation "


def vllm_run(job: dict[str, Any]) -> Any:
    """vLLM with prefix caching, all prompts at once."""
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "4")
    os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    from vllm import LLM, SamplingParams

    engine = LLM(model=job["model"], dtype=job["dtype"], enable_prefix_caching=True, max_model_len=job["context"])
    sampling = SamplingParams(
        temperature=0, max_tokens=job["new_tokens"], ignore_eos=not job["stops"], detokenize=False
    )
    prompts = [{"prompt_token_ids": tokens} for tokens in job["prompts"]]
    return lambda: [list(each.outputs[0].token_ids) for each in engine.generate(prompts, sampling, use_tqdm=False)]


def continuous_run(job: dict[str, Any]) -> Any:
    """transformers' continuous batching."""
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig

    model: Any = AutoModelForCausalLM.from_pretrained(
        job["model"], dtype=getattr(torch, job["dtype"]), attn_implementation="paged|sdpa"
    )
    model = model.to(job["device"]).eval()
    end = model.generation_config.eos_token_id if job["stops"] else -1
    config = GenerationConfig(
        max_new_tokens=job["new_tokens"], do_sample=False, eos_token_id=end, pad_token_id=0, use_cuda_graph=False
    )

    def run() -> list[list[int]]:
        written = model.generate_batch(inputs=job["prompts"], generation_config=config)
        if len(written) != len(job["prompts"]):
            raise RuntimeError(f"{len(written)} of {len(job['prompts'])} requests came back")
        return [list(each.generated_tokens) for each in written.values()]

    return run


def main() -> None:
    """Answer until the input ends."""
    job = json.loads(sys.stdin.readline())
    run = {"vllm": vllm_run, "continuous": continuous_run}[job["backend"]](job)
    print(MARK + json.dumps({"ready": True}), flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        tokens = run()
        print(MARK + json.dumps({"seconds": time.perf_counter() - started, "tokens": tokens}), flush=True)


if __name__ == "__main__":
    main()
