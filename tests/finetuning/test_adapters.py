import pytest
import torch
from model_kinds import model_of
from transformers import AutoModelForCausalLM

from thoughtrank.errors import UserError
from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.optimizers.parameters import trained_parameters

TOKEN_IDS = torch.arange(60).reshape(2, 30) % 97


def adapted(folder, *, weights="fp32_master", dtype=torch.float32, **settings):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    torch.manual_seed(0)
    adapter = Lora(rank=4, **settings)
    adapter.attach(model, weights=weights)
    return model, adapter


def train(model, weights="fp32_master", steps=20):
    optimizer = AdamW(lr=1e-2, warmup_share=0.0).build(model, steps=steps, weights=weights)["optimizer"]
    losses = []
    for _ in range(steps):
        loss = model(input_ids=TOKEN_IDS, labels=TOKEN_IDS).loss
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=TOKEN_IDS).logits.float()


def test_only_the_small_matrices_of_every_linear_layer_but_the_head_are_trained(tiny_folder):
    model, _ = adapted(tiny_folder)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    losses = train(model)
    assert losses[-1] < 0.8 * losses[0]
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == set(trained_parameters(model))
    assert all("lora_" in name for name in moved)
    # Seven linear layers in each of two decoder layers, two matrices for each.
    assert len(moved) == 2 * 7 * 2


@pytest.mark.parametrize(
    ("weights", "frozen"),
    [("fp32_master", torch.float32), ("fp32_master", torch.bfloat16), ("bf16_kahan", torch.bfloat16)],
)
def test_the_merged_folder_is_a_plain_model_that_says_what_the_adapted_one_said(tiny_folder, tmp_path, weights, frozen):
    original = logits(AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32))
    model, adapter = adapted(tiny_folder, weights=weights, dtype=frozen)
    assert {parameter.dtype for parameter in trained_parameters(model).values()} == {
        torch.float32 if weights == "fp32_master" else torch.bfloat16
    }
    # Of a stated size rather than trained: how far training gets depends on the processor.
    with torch.no_grad():
        for parameter in trained_parameters(model).values():
            parameter.normal_(std=0.03)
    # In float32, so that nothing but the one rounding of the saved weights can differ.
    expected = logits(model.float())
    adapter.merge(model)
    model.to(torch.bfloat16).save_pretrained(tmp_path)
    assert not list(tmp_path.glob("adapter*"))
    merged = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    assert type(merged).__name__ == "LlamaForCausalLM"
    assert {name for name, _ in merged.named_parameters()} == {
        name for name, _ in AutoModelForCausalLM.from_pretrained(tiny_folder).named_parameters()
    }
    error = (logits(merged) - expected).norm() / expected.norm()
    assert error < 0.01
    assert (original - expected).norm() / expected.norm() > 20 * error


@pytest.mark.parametrize("kind", ["mixtral", "qwen3_moe", "gpt2"])
def test_fused_experts_and_transposed_layers_are_merged_into_a_plain_model(kind, tmp_path):
    model, adapter = model_of(kind), Lora(rank=4)
    original = logits(model)
    # Experts are chosen by rounded numbers too, so that rounding alone changes these small models by some per cent.
    rounding = (logits(model_of(kind).to(torch.bfloat16).float()) - original).norm() / original.norm()
    names = {name for name, _ in model.named_parameters()}
    adapter.attach(model, weights="fp32_master")
    losses = train(model)
    assert losses[-1] < losses[0]
    expected = logits(model)
    adapter.merge(model)
    assert {name for name, _ in model.named_parameters()} == names
    model.to(torch.bfloat16).save_pretrained(tmp_path)
    merged = AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32)
    assert type(merged) is type(model)
    error = (logits(merged) - expected).norm() / expected.norm()
    assert error < 2 * rounding
    assert (original - expected).norm() / expected.norm() > 5 * error


def test_merging_before_any_training_changes_nothing(tiny_folder):
    model, adapter = adapted(tiny_folder, dtype=torch.bfloat16)
    adapter.merge(model)
    original = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.bfloat16)
    for name, parameter in original.named_parameters():
        assert torch.equal(model.get_parameter(name), parameter)


def test_a_layer_that_is_not_there_is_named(tiny_folder):
    with pytest.raises(UserError, match="no_such_layer"):
        adapted(tiny_folder, target_modules=["no_such_layer"])


def test_settings_that_mean_nothing_are_told():
    faults = Lora(rank=0, dropout=1.0).faults()
    assert ["adapter.rank=0" in faults[0], "adapter.dropout=1.0" in faults[1]] == [True, True]
