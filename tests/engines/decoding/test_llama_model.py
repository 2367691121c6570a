"""The packed Llama gives the logits of transformers' own modules, and both those of one whole forward pass."""

from functools import partial

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

from thoughtrank.engines.decoding.batch_scheduler import CacheShape
from thoughtrank.engines.decoding.generic_model import GenericModel
from thoughtrank.engines.decoding.llama_model import PackedLlama, is_llama
from thoughtrank.engines.decoding.prefill import Beginning, Opener, Prefill, plan_openers
from thoughtrank.engines.decoding.shared_prefix_attention import ATTENTION

PROMPTS = [[5, 6, 7, 8], [5, 6, 9, 10, 11, 12]]
BRANCHES = [(0, [20, 21]), (1, [22, 23]), (1, [24, 25])]
"""Prompt and tokens of each branch."""


def loaded(folder, attention=ATTENTION):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention)
    return model.eval()


def decoded(model):
    """Logits of every step, [steps, branches, vocabulary]; the second prompt copies two tokens of the first."""
    cache = model.new_cache()
    cache.begin_group(1000)
    cache.reserve(CacheShape(rows=3, columns=16, prompts=2, prompt_columns=16))
    model.prefill(Prefill([0], [PROMPTS[0]]), cache)
    model.prefill(Prefill([1], [PROMPTS[1][2:]], [Beginning(0, 2)]), cache)
    cache.add_rows([0] * 3)
    cache.assign_prompts([prompt for prompt, _ in BRANCHES], num_prompts=2)
    logits = []
    for step in range(2):
        tokens = torch.tensor([tokens[step] for _, tokens in BRANCHES])
        positions = torch.tensor([len(PROMPTS[prompt]) + step for prompt, _ in BRANCHES])
        cache.begin_step(3)
        logits.append(model.step(tokens, positions, cache, None))
        cache.end_step()
    return torch.stack(logits)


PACKED_LLAMA = partial(PackedLlama, packed=False)


@pytest.mark.parametrize("forward", [GenericModel, PACKED_LLAMA], ids=["generic", "llama"])
@torch.inference_mode()
def test_steps_give_the_logits_of_the_whole_sequence(tiny_folder, forward):
    logits = decoded(forward(loaded(tiny_folder)))
    reference = loaded(tiny_folder, attention="eager")
    for branch, (prompt, tokens) in enumerate(BRANCHES):
        sequence = torch.tensor([[*PROMPTS[prompt], *tokens]])
        torch.testing.assert_close(logits[:, branch], reference(sequence).logits[0, -2:], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("forward", [GenericModel, PACKED_LLAMA], ids=["generic", "llama"])
@torch.inference_mode()
def test_a_step_after_a_prefilled_opener_gives_the_logits_of_the_whole_sequence(tiny_folder, forward):
    openers = [[20, 21, 22], [23, 24, 25, 26, 27], [28, 29]]
    prompts_of_rows = [0, 1, 1]
    model = forward(loaded(tiny_folder))
    cache = model.new_cache()
    cache.begin_group(1000)
    cache.reserve(CacheShape(rows=3, columns=16, prompts=2, prompt_columns=16), opener_tokens=4)
    for index, prompt in enumerate(PROMPTS):
        model.prefill(Prefill([index], [prompt]), cache)
    cache.add_rows([len(opener) - 1 for opener in openers])
    read = [
        Opener(row=row, tokens=opener[:-1], prompt=Beginning(prompt, len(PROMPTS[prompt])))
        for row, (opener, prompt) in enumerate(zip(openers, prompts_of_rows, strict=True))
    ]
    [prefill] = plan_openers(read)
    model.prefill(prefill, cache)
    cache.assign_prompts(prompts_of_rows, num_prompts=2)
    cache.begin_step(3)
    sequences = [[*PROMPTS[prompt], *opener] for prompt, opener in zip(prompts_of_rows, openers, strict=True)]
    positions = torch.tensor([len(sequence) - 1 for sequence in sequences])
    logits = model.step(torch.tensor([opener[-1] for opener in openers]), positions, cache, None)
    reference = loaded(tiny_folder, attention="eager")
    for row, sequence in enumerate(sequences):
        expected = reference(torch.tensor([sequence])).logits[0, -1]
        torch.testing.assert_close(logits[row], expected, rtol=1e-4, atol=1e-4)


@torch.inference_mode()
def test_only_wanted_rows_get_logits(tiny_folder):
    for forward in (GenericModel, PACKED_LLAMA):
        model = forward(loaded(tiny_folder))
        cache = model.new_cache()
        cache.begin_group(100)
        cache.reserve(CacheShape(rows=2, columns=16, prompts=1, prompt_columns=16))
        model.prefill(Prefill([0], [PROMPTS[0]]), cache)
        cache.add_rows([0] * 2)
        cache.assign_prompts([0, 0], num_prompts=1)
        cache.begin_step(2)
        tokens, positions = torch.tensor([20, 21]), torch.tensor([4, 4])
        both = model.step(tokens, positions, cache, None)
        torch.testing.assert_close(model.step(tokens, positions, cache, torch.tensor([1])), both[1:])
        assert len(model.step(tokens, positions, cache, torch.tensor([], dtype=torch.long))) == 0


def test_other_architectures_use_the_generic_model(tiny_folder):
    assert is_llama(loaded(tiny_folder))
    assert not is_llama(GPT2LMHeadModel(GPT2Config(n_layer=1, n_embd=8, n_head=2)))
    other = loaded(tiny_folder)
    other.config.hidden_act = "gelu"
    assert not is_llama(other)
