"""Sizes by device, and budgets as memory."""

import pytest
import torch

from thoughtrank.engines.device_sizes import (
    budget_tokens,
    gigabytes,
    group_sizes,
    groups_on_cpu,
    number_of,
    token_budget,
)
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.errors import UserError


def test_a_cuda_device_gets_large_groups_and_nine_tenths_of_its_memory(monkeypatch):
    properties = type("Properties", (), {"total_memory": 85_000_000_000})()
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: properties)
    assert group_sizes("cuda").questions >= 64
    assert token_budget("cuda") == "76GB"
    # A model of 3.2 billion weights in bfloat16, as on an H100.
    assert 600_000 < budget_tokens("76GB", weight_bytes=6_430_000_000, bytes_per_token=114_688) < 610_000


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_other_devices_keep_their_sizes(device):
    assert (*group_sizes(device), token_budget(device)) == (8, 256, 65536)
    assert budget_tokens(65536, weight_bytes=10**12, bytes_per_token=1) == 65536


@pytest.mark.parametrize(
    ("threads", "cache", "groups"), [(1, 1.5, 1), (2, 1.5, 2), (16, 1.5, 4), (16, 2.5, 2), (16, 12, 1), (2, 0, 2)]
)
def test_a_cpu_decodes_a_group_per_thread_where_there_is_memory(threads, cache, groups):
    assert groups_on_cpu(threads=threads, cache_bytes=cache * 1e9, memory_bytes=24e9) == groups


def test_what_is_given_stays():
    engine = TransformersEngine(device="cpu", questions_per_group=3, replies_per_group="7", token_budget="2.5GB")
    assert (engine.questions_per_group, engine.replies_per_group, engine.token_budget) == (3, 7, "2.5GB")
    assert engine.questions_estimate() == 3
    assert engine.faults() == []
    assert engine.resolved()["token_budget"] == "2.5GB"


def test_numbers_and_memory_are_read_from_text():
    assert [number_of(each) for each in (5, "5", "auto", "5GB")] == [5, 5, "auto", "5GB"]
    assert [gigabytes(each) for each in (5, "5", "1.5GB", "60 GB", "GB", "-1GB")] == [None, None, 1.5, 60, None, None]


@pytest.mark.parametrize("name", ["questions_per_group", "replies_per_group", "token_budget"])
def test_other_texts_are_one_message(name):
    [fault] = TransformersEngine(**{name: "many"}).faults()
    assert fault.startswith(f"engine.{name} must be a number")
    assert fault.endswith("or auto, not 'many'")


def test_weights_without_room_for_a_cache_are_one_message(tiny_folder):
    with pytest.raises(UserError, match=r"engine\.token_budget=0\.000001GB"):
        TransformersEngine(device="cpu", token_budget="0.000001GB").open(tiny_folder)
