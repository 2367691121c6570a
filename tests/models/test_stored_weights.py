"""The messages for weights that are quantised, in the format of another program, or pickled."""

import json
import shutil

import pytest
import torch

from thoughtrank.models.huggingface import HuggingFaceModel


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def faults_of(folder):
    return HuggingFaceModel(name=str(folder)).faults()


@pytest.mark.parametrize(
    ("file", "values", "method"),
    [
        ("config.json", {"quantization_config": {"load_in_4bit": True}}, "of an unknown kind"),
        ("config.json", {"quantization": {"group_size": 64, "bits": 4}}, "mlx, 4 bits"),
        ("config.json", {"text_config": {"quantization_config": {"quant_method": "fp8"}}}, "fp8"),
        ("quantize_config.json", {"bits": 4}, "gptq"),
        ("quant_config.json", {"w_bit": 4}, "awq"),
    ],
)
def test_quantised_weights_are_one_line_wherever_that_is_written(folder, file, values, method):
    path = folder / file
    path.write_text(json.dumps((json.loads(path.read_text()) if path.exists() else {}) | values))
    (folder / "model.safetensors").write_bytes(b"other weights than those of the config")
    [fault] = faults_of(folder)
    assert f"the weights are quantised ({method})" in fault


@pytest.mark.parametrize("name", ["m-Q4_K_M.gguf", "consolidated.00.pth", "tf_model.h5", "flax_model.msgpack"])
def test_weights_of_another_program_are_named_with_what_is_needed(folder, name):
    (folder / "model.safetensors").rename(folder / name)
    [fault] = faults_of(folder)
    assert name in fault
    assert "give a folder with *.safetensors" in fault


@pytest.mark.parametrize("zipped", [True, False])
def test_whole_pickles_are_no_fault_and_cut_ones_are_named(folder, zipped):
    (folder / "model.safetensors").unlink()
    path = folder / "pytorch_model.bin"
    torch.save({"weight": torch.zeros(99)}, path, _use_new_zipfile_serialization=zipped)
    assert faults_of(folder) == []
    path.write_bytes(path.read_bytes()[:-200] if zipped else b"<html>")
    [fault] = faults_of(folder)
    assert "pytorch_model.bin is cut or damaged" in fault


def test_a_missing_shard_of_pickles_is_named(folder):
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model-00001-of-00002.bin")
    shards = {"a": "pytorch_model-00001-of-00002.bin", "b": "pytorch_model-00002-of-00002.bin"}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": shards}))
    [fault] = faults_of(folder)
    assert "lacks weights (pytorch_model-00002-of-00002.bin)" in fault
