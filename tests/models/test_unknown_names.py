import json

import pytest

from thoughtrank.models.unknown_names import activation_faults, dtype_faults, tokenizer_faults


@pytest.mark.parametrize("name", ["silu", "gelu_pytorch_tanh", "mish", "relu6", None])
def test_an_activation_that_transformers_has_is_no_fault(name):
    assert activation_faults({"hidden_act": name}) == []


def test_another_activation_is_named():
    [fault] = activation_faults({"hidden_act": "house"})
    assert "hidden_act in its config.json is 'house'" in fault


@pytest.mark.parametrize("name", ["bfloat16", "float16", "float32", "half", "float64", None])
def test_a_dtype_that_torch_has_is_no_fault(name):
    assert dtype_faults({"dtype": name, "torch_dtype": name}) == []


def test_another_dtype_is_named_also_inside_the_config_of_the_text_part():
    [outer, inner] = dtype_faults({"torch_dtype": "auto", "text_config": {"dtype": "zeros"}})
    assert "torch_dtype in its config.json is 'auto'" in outer
    assert "dtype in its config.json is 'zeros'" in inner


def test_a_tokenizer_is_no_fault_until_a_part_of_it_is_of_an_unknown_form(tiny_folder, tmp_path):
    path = tiny_folder / "tokenizer.json"
    assert list(tokenizer_faults(path)) == []
    changed = tmp_path / "tokenizer.json"
    changed.write_text(json.dumps({**json.loads(path.read_text()), "pre_tokenizer": {"type": "House"}}))
    [fault] = tokenizer_faults(changed)
    assert fault.startswith(f"{changed} has a form that tokenizers ")
