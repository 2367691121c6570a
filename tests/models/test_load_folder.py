import json
import shutil

import pytest
import torch

from thoughtrank.errors import UserError
from thoughtrank.models.load_folder import load_folder


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def test_a_model_folder_is_loaded(folder):
    loaded = load_folder(folder, dtype=torch.bfloat16)
    assert loaded.model.dtype == torch.bfloat16
    assert loaded.tokenizer.chat_template


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"])
@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b"{", b"\xff\xfe"], ids=["missing", "empty", "list", "torn", "bytes"]
)
def test_whatever_is_broken_is_one_message_or_not_needed(folder, name, content):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    if name == "tokenizer_config.json" and content is None:
        load_folder(folder)  # the tokenizer's own file says enough
        return
    with pytest.raises(UserError) as caught:
        load_folder(folder)
    [fault] = caught.value.faults
    assert str(folder) in fault
    assert "again" in fault


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"tie_word_embeddings": False},
            "lack lm_head.weight: copy or download it again, or set tie_word_embeddings=true",
        ),
        ({"num_hidden_layers": 3}, "and 8 more: copy or download it again"),
    ],
)
def test_weights_that_would_be_random_are_missing(folder, changes, said):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(UserError) as caught:
        load_folder(folder)
    [fault] = caught.value.faults
    assert said in fault
