import torch
from sft_losses import SHARED, close, sft
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.prepare_model import prepare_model


def test_gradient_checkpointing_changes_neither_loss_nor_gradient(tiny_folder):
    results = []
    for checkpointing in (False, True):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).train()
        prepare_model(
            model, device=torch.device("cpu"), packing=True, gradient_checkpointing=checkpointing, compile_layers=False
        )
        assert model.is_activation_checkpointing == checkpointing
        results.append(sft(model, SHARED, packing=True))
    close(*results)
