import pytest
import torch
from sft_losses import qwen2
from transformers import AutoModelForCausalLM


@pytest.fixture(scope="module")
def llama(tiny_folder):
    return AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)


@pytest.fixture(scope="module", params=["llama", "qwen2", "qwen2 with a sliding window"])
def decoder(request):
    if request.param == "llama":
        return request.getfixturevalue("llama")
    return qwen2() if request.param == "qwen2" else qwen2(use_sliding_window=True, sliding_window=6)
