"""Model folders of public bug reports about other projects; docs/public_reports.md has what each is about."""

import json
import shutil

import pytest

from thoughtrank.models.huggingface import HuggingFaceModel
from thoughtrank.models.load_folder import load_tokenizer


@pytest.mark.parametrize(
    "values",
    [
        {"extra_special_tokens": ["<a>", "<b>"]},  # ms-swift#8186
        {"extra_special_tokens": ["<a>"], "additional_special_tokens": ["<b>"]},  # transformers#47838
    ],
)
def test_lists_of_special_tokens_are_loaded(tiny_folder, tmp_path, values):
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))
    assert HuggingFaceModel(name=str(folder)).faults() == []
    assert load_tokenizer(folder).chat_template


def test_a_file_in_place_of_a_folder_is_one_line(tiny_folder):
    """transformers#3427."""
    [fault] = HuggingFaceModel(name=str(tiny_folder / "model.safetensors")).faults()
    assert "model.safetensors" in fault
    assert "\n" not in fault
