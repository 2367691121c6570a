import copy

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from thoughtrank.finetuning.kernels.recompute_layers import SUPPORTED_MODEL_TYPES, use_recompute_layers

TOKENS = torch.randint(0, 300, (2, 40), generator=torch.Generator().manual_seed(0))
TOKENS[0, 3] = 0  # padding, whose row gets no gradient from the lookup


def model_of(kind, **changes):
    torch.manual_seed(0)
    sizes = {"vocab_size": 300, "hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "pad_token_id": 0}
    config = CONFIG_MAPPING[kind](**{**sizes, **heads, **changes})
    model = AutoModelForCausalLM.from_config(config)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.3)
    return model


def loss_and_gradients(model):
    model.zero_grad()
    loss = model(input_ids=TOKENS, labels=TOKENS).loss
    loss.backward()
    return loss.detach(), {name: parameter.grad for name, parameter in model.named_parameters()}


def recompute_copy(model, *, single_device=True):
    other = copy.deepcopy(model)
    use_recompute_layers(other, single_device=single_device)
    return other


@pytest.mark.parametrize("single_device", [True, False])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("kind", sorted(SUPPORTED_MODEL_TYPES))
def test_loss_and_gradients_are_those_of_transformers(kind, tied, single_device):
    model = model_of(kind, tie_word_embeddings=tied)
    wanted_loss, wanted = loss_and_gradients(model)
    loss, gradients = loss_and_gradients(recompute_copy(model, single_device=single_device))
    assert torch.allclose(loss, wanted_loss, atol=1e-6)
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, wanted[name], atol=1e-6, rtol=1e-4), name


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_bf16_gradients_are_as_close_to_float32_as_those_of_transformers(weights):
    exact = model_of("llama")
    _, wanted = loss_and_gradients(exact)
    model = copy.deepcopy(exact).to(weights)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=weights == torch.float32):
        _, usual = loss_and_gradients(model)
        _, recomputed = loss_and_gradients(recompute_copy(model))
    for name, gradient in wanted.items():
        error, usual_error = ((each[name].float() - gradient).norm() for each in (recomputed, usual))
        assert error < max(1.3 * usual_error, 0.01 * gradient.norm()), name


def bytes_saved(model):
    """Size of the tensors that autograd saves, without the weights."""
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), torch.autocast("cpu", torch.bfloat16):
        loss = model(input_ids=TOKENS).logits.sum()
    assert loss.requires_grad
    return sum(kept.values())


def test_a_layer_saves_much_less_for_the_backward_pass():
    def of_one_layer(change):
        one, two = (model_of("llama", num_hidden_layers=number) for number in (2, 3))
        return bytes_saved(change(two)) - bytes_saved(change(one))

    assert of_one_layer(recompute_copy) < 0.6 * of_one_layer(lambda model: model)


def test_gradients_of_several_passes_add_up():
    model = recompute_copy(model_of("llama", tie_word_embeddings=True))
    _, once = loss_and_gradients(model)
    once = {name: gradient.clone() for name, gradient in once.items()}
    model(input_ids=TOKENS, labels=TOKENS).loss.backward()
    for name, parameter in model.named_parameters():
        assert torch.allclose(parameter.grad, 2 * once[name], atol=1e-6), name


def test_a_frozen_model_gets_no_gradients():
    model = recompute_copy(model_of("llama"))
    model.requires_grad_(False)
    model.get_input_embeddings().requires_grad_(True)
    _, gradients = loss_and_gradients(model)
    assert {name for name, gradient in gradients.items() if gradient is not None} == {"model.embed_tokens.weight"}


def test_other_model_types_stay_unchanged():
    model = model_of("gemma")
    use_recompute_layers(model, single_device=True)
    assert not any("forward" in vars(module) for module in model.modules())
