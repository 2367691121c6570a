"""The forward passes through transformers' modules; ``test_llama_model.py`` compares their logits with the reference."""

import torch
from transformers import AutoModelForCausalLM

from thoughtrank.engines.decoding.batch_scheduler import CacheShape
from thoughtrank.engines.decoding.generic_model import GenericModel
from thoughtrank.engines.decoding.prefill import Prefill
from thoughtrank.engines.decoding.shared_prefix_attention import ATTENTION

PROMPTS = [[5, 6, 7, 8], [5, 6, 9, 10, 11, 12]]


def loaded(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=ATTENTION)
    return model.eval()


def test_padding_does_not_change_a_prefill(tiny_folder):
    model = GenericModel(loaded(tiny_folder))
    caches = [model.new_cache() for _ in range(2)]
    with torch.inference_mode():
        for cache in caches:
            cache.begin_group(1000)
            cache.reserve(CacheShape(rows=1, columns=16, prompts=2, prompt_columns=16))
        model.prefill(Prefill([0, 1], PROMPTS), caches[0])
        for index, prompt in enumerate(PROMPTS):
            model.prefill(Prefill([index], [prompt]), caches[1])
    for index, prompt in enumerate(PROMPTS):
        one, other = (cache.prompt_keys[-1][index, :, : len(prompt)] for cache in caches)
        torch.testing.assert_close(one, other)
