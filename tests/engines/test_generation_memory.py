"""Memory of generation, by hand for a model of 1000 weights and 8 bytes of keys and values per token."""

import pytest

from thoughtrank.engines.generation_memory import generation_memory
from thoughtrank.engines.openai import OpenAIEngine
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine

SIZES = {"parameters": 1000, "kv_cache_bytes_per_token": 8, "branches": 3, "tokens": 50}


def test_weights_and_cache_are_counted_in_16_bits_and_twice_that_in_32():
    half, full = (generation_memory(bytes_per_weight=size, **SIZES) for size in (2, 4))
    assert (half.weights, half.kv_cache) == (2000, 8 * 3 * 50)
    assert (full.weights, full.kv_cache) == (4000, 2 * 8 * 3 * 50)


@pytest.mark.parametrize("engine", [TransformersEngine, VLLMEngine])
def test_local_engines_count_by_their_dtype(engine):
    assert engine(dtype="bfloat16").memory_estimate(**SIZES).weights == 2000
    assert engine(dtype="float32").memory_estimate(**SIZES).weights == 4000


def test_remote_servers_need_no_memory_here():
    assert OpenAIEngine(base_urls=["http://localhost/v1"]).memory_estimate(**SIZES) is None


def test_a_cpu_decodes_as_many_groups_as_are_asked_for_or_as_it_has_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = {
        each: TransformersEngine(device="cpu", devices=each).memory_estimate(**SIZES).groups for each in (2, "auto")
    }
    assert found == {2: 2, "auto": 3}
    assert TransformersEngine(device="cuda", devices=2).memory_estimate(**SIZES).groups == 1


def test_a_container_decodes_as_many_groups_as_have_room_in_a_quarter_of_its_limit(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr("thoughtrank.engines.transformers.usable_memory", lambda: 2 * 4 * 65536 * 8)
    assert TransformersEngine(device="cpu", dtype="bfloat16").memory_estimate(**SIZES).groups == 2


def test_the_cache_never_exceeds_the_budget():
    def cache(**settings):
        return TransformersEngine(dtype="bfloat16", **settings).memory_estimate(**SIZES).kv_cache

    assert cache(device="cpu") == 8 * 3 * 50
    assert cache(device="cpu", token_budget=100) == 8 * 100
    assert cache(device="cpu", token_budget="0.000003GB") == 3000 - 2000
    assert cache(device="cuda") is None
