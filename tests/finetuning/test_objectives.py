import pytest
import torch
from sft_losses import DISTINCT, SHARED, batch_of, close, one_by_one, sft, with_gradient
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.objectives import SupervisedFineTuning


@pytest.mark.parametrize("examples", [DISTINCT, SHARED], ids=["distinct prompts", "shared prompts"])
@pytest.mark.parametrize("packing", [False, True], ids=["padded", "packed"])
def test_loss_and_gradients_are_those_of_each_example_by_itself(decoder, examples, packing):
    close(sft(decoder, examples, packing), one_by_one(decoder, examples))


def test_padding_changes_neither_loss_nor_gradient(llama):
    llama.set_attn_implementation("sdpa")
    results = []
    for padding_id in (1, 250):
        batch = batch_of(DISTINCT, packing=False, padding_id=padding_id)
        results.append(with_gradient(llama, SupervisedFineTuning().loss(model=llama, batch=batch)))
    close(*results)


def test_a_bfloat16_model_and_autocast_give_a_finite_float32_loss(tiny_folder):
    for dtype in (torch.bfloat16, torch.float32):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=dtype)
        exact = sft(model.float(), SHARED, packing=True)[0]
        model.to(dtype)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.float32):
            loss = SupervisedFineTuning().loss(model=model, batch=batch_of(SHARED, packing=True))
        loss.backward()
        assert loss.dtype == torch.float32
        assert loss.detach() == pytest.approx(float(exact), rel=0.02)
