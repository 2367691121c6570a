import pytest
import torch
from safetensors.torch import save_file

from thoughtrank.storage.weight_files import is_whole, tensor_shapes


@pytest.fixture
def path(tmp_path):
    save_file({"a": torch.ones(3, 4), "b": torch.zeros(5, dtype=torch.bfloat16)}, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def test_a_file_that_was_written_to_its_end_is_whole(path, tmp_path):
    assert is_whole(path)
    save_file({}, tmp_path / "empty.safetensors", metadata={"format": "pt"})
    assert is_whole(tmp_path / "empty.safetensors")


def test_the_header_states_names_and_shapes(path):
    assert tensor_shapes(path) == {"a": (3, 4), "b": (5,)}


def test_a_file_that_was_cut_is_not(path):
    whole = path.read_bytes()
    for length in (0, 4, 20, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert not is_whole(path)
    path.write_bytes(whole + b"\0")
    assert not is_whole(path)


@pytest.mark.parametrize("content", [b"x" * 50, b"\x02" + b"\0" * 7 + b"[]", b"\x07" + b"\0" * 7 + b'{"a":1}'])
def test_another_kind_of_file_is_not(path, content):
    path.write_bytes(content)
    assert not is_whole(path)


def test_a_missing_file_is_not(tmp_path):
    assert not is_whole(tmp_path / "none.safetensors")
