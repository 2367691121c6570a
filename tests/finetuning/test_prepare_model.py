import warnings
from types import SimpleNamespace

import pytest
import torch
from sft_losses import SHARED, close, sft
from transformers import AutoModelForCausalLM

from thoughtrank.errors import UserError
from thoughtrank.finetuning import prepare_model as prepare
from thoughtrank.finetuning.prepare_model import prepare_model


def test_gradient_checkpointing_changes_neither_loss_nor_gradient(tiny_folder):
    results = []
    for checkpointing in (False, True):
        model = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32).train()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            prepare_model(
                model,
                device=torch.device("cpu"),
                packing=True,
                gradient_checkpointing=checkpointing,
                compile_layers=False,
            )
        assert (
            any(each.gradient_checkpointing for each in model.modules() if hasattr(each, "gradient_checkpointing"))
            == checkpointing
        )
        results.append(sft(model, SHARED, packing=True))
    close(*results)


def test_older_transformers_are_asked_by_the_name_that_they_have(monkeypatch):
    model = SimpleNamespace(gradient_checkpointing_enable=lambda **how: asked.append(how), named_modules=list)
    monkeypatch.setattr(prepare, "use_recompute_layers", lambda model, **how: None)
    asked = []
    settings = {"packing": False, "gradient_checkpointing": True, "compile_layers": False}
    prepare_model(model, device=torch.device("cpu"), **settings)
    assert asked == [{"gradient_checkpointing_kwargs": {"use_reentrant": False}}]


@pytest.mark.parametrize("machine_has_cuda", [True, False])
@pytest.mark.parametrize(("device", "expected"), [("cpu", "recompute layers"), ("cuda", "liger")])
def test_kernels_are_those_of_the_device_that_trains_whatever_else_the_machine_has(
    device, expected, machine_has_cuda, monkeypatch
):
    used = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: machine_has_cuda)
    monkeypatch.setattr(prepare, "use_recompute_layers", lambda model, **how: used.append("recompute layers"))
    monkeypatch.setattr(prepare, "_use_liger_kernels", lambda model, device: used.append("liger"))
    settings = {"packing": False, "gradient_checkpointing": False, "compile_layers": False}
    prepare_model(torch.nn.Linear(1, 1), device=torch.device(device), **settings)
    assert used == [expected]


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_a_compiler_gets_the_layers_as_they_are(device, monkeypatch):
    used = []
    monkeypatch.setattr(prepare, "use_recompute_layers", lambda model, **how: used.append("recompute layers"))
    monkeypatch.setattr(prepare, "_use_liger_kernels", lambda model, device: used.append("liger"))
    monkeypatch.setattr(prepare, "_decoder_layers", lambda model: [model])
    monkeypatch.setattr(torch.nn.Module, "compile", lambda layer, **how: used.append("compiled"))
    settings = {"packing": False, "gradient_checkpointing": False, "compile_layers": True}
    prepare_model(torch.nn.Linear(1, 1), device=torch.device(device), **settings)
    assert used == ["compiled"]


def test_a_model_whose_attention_cannot_be_exchanged_is_refused_with_the_way_out():
    model = SimpleNamespace(_supports_attention_backend=False)
    settings = {"packing": True, "gradient_checkpointing": False, "compile_layers": False}
    with pytest.raises(UserError, match=r"training\.packing=false"):
        prepare_model(model, device=torch.device("cpu"), **settings)


def test_a_missing_liger_kernel_is_named_with_its_install_line(monkeypatch, capsys):
    monkeypatch.setattr("transformers.utils.is_liger_kernel_available", lambda: False)
    settings = {"packing": False, "gradient_checkpointing": False, "compile_layers": False}
    prepare_model(torch.nn.Linear(1, 1), device=torch.device("cuda"), **settings)
    assert "pip install '.[cuda]'" in capsys.readouterr().out
