"""Which families of models can be trained with which settings: they train, or one line says why before anything starts."""

import pytest
import torch
from model_kinds import model_of
from sft_losses import DISTINCT, SHARED, batch_of, unbatched_loss

from thoughtrank.finetuning.adapters import Lora, NoAdapter
from thoughtrank.finetuning.model_folder import freeze_other_parts
from thoughtrank.finetuning.model_support import training_model_faults
from thoughtrank.finetuning.objectives import SupervisedFineTuning
from thoughtrank.finetuning.optimizers.adamw import AdamW
from thoughtrank.finetuning.prepare_model import prepare_model


def faults_of(kind, *, packing=True, adapter=None, **changes):
    with torch.device("meta"):
        model = model_of(kind, **changes)
    settings = {"packing": packing, "gradient_checkpointing": False, "adapter": adapter or NoAdapter()}
    return training_model_faults(model, **settings)


@pytest.mark.parametrize(
    ("kind", "packing"),
    [
        *((kind, True) for kind in ("gpt2", "gemma3", "mixtral", "qwen3_moe")),
        *((kind, False) for kind in ("gptj", "bloom", "mpt", "falcon", "mamba", "gpt2")),
    ],
)
def test_a_training_step_has_the_loss_of_transformers_and_lowers_it(kind, packing):
    model = model_of(kind)
    assert faults_of(kind, packing=packing) == []
    examples = SHARED if packing else DISTINCT
    expected = sum(unbatched_loss(model, each) for each in examples) / sum(each.num_targets for each in examples)
    prepare_model(
        model.train(), device=torch.device("cpu"), packing=packing, gradient_checkpointing=False, compile_layers=False
    )
    freeze_other_parts(model)
    optimizer = AdamW(lr=1e-2, warmup_share=0.0).build(model, steps=2, weights="fp32_master")["optimizer"]
    losses = []
    for _ in range(2):
        loss = SupervisedFineTuning().loss(model=model, batch=batch_of(examples, packing))
        losses.append(loss.item())
        loss.backward()
        assert all(each.grad is not None for each in model.parameters() if each.requires_grad)
        optimizer.step()
        optimizer.zero_grad()
    assert losses[0] == pytest.approx(expected.item(), rel=1e-3)
    assert losses[1] < losses[0]


@pytest.mark.parametrize("kind", ["gptj", "bloom", "mpt", "falcon", "mamba"])
def test_attention_that_cannot_be_exchanged_names_the_key(kind):
    [fault] = faults_of(kind)
    assert "set training.packing=false" in fault


def test_dropout_in_attention_cannot_be_packed():
    [fault] = faults_of("gpt2", attn_pdrop=0.1)
    assert "has dropout (attn_pdrop=0.1): set training.packing=false" in fault
    assert faults_of("gpt2", attn_pdrop=0.1, packing=False) == []


def test_capped_scores_cannot_be_packed_and_scaled_logits_not_trained():
    assert "caps its scores" in faults_of("gemma2")[0]
    assert "final_logit_softcapping=30.0" in faults_of("gemma2", packing=False)[0]
    assert "logit_scale=0.0625" in faults_of("cohere")[0]


def test_a_layer_that_the_model_has_not_is_found_before_training():
    [fault] = faults_of("gpt2", adapter=Lora(target_modules=["q_proj"]))
    assert fault.startswith("adapter.target_modules=['q_proj']: ")


def test_dropout_on_fused_experts_names_the_key():
    [fault] = faults_of("mixtral", adapter=Lora(dropout=0.1))
    assert "set adapter.dropout=0" in fault
    assert faults_of("mixtral", adapter=Lora()) == []


def test_what_no_text_passes_through_is_frozen():
    model = model_of("gemma3")
    freeze_other_parts(model)
    frozen = {name for name, each in model.named_parameters() if not each.requires_grad}
    assert frozen
    assert all("vision" in name or "projector" in name for name in frozen)
    assert not any("vision" in name for name, each in model.named_parameters() if each.requires_grad)
