"""A device that is too small for the batch decodes it in smaller ones."""

import pytest
import torch
from reference_decoding import requests_for
from transformers import GPT2Config, LlamaConfig, MistralConfig, Qwen2Config

from thoughtrank.engines.decoding.llama_model import PackedLlama
from thoughtrank.engines.decoding.ragged.ragged_step import RaggedStep
from thoughtrank.engines.decoding.session import context_tokens
from thoughtrank.engines.protocol import Limits
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.prompting.thought_tags import OPEN_TAG


# Over regions a batch is padded to a multiple of eight rows.
@pytest.mark.parametrize(
    ("regions", "most", "halved", "last"), [(False, 16, 12, 6), (True, 24, 16, 8)], ids=["columns", "regions"]
)
def test_a_full_device_halves_the_batch_and_decodes_the_group_again(
    regions, most, halved, last, tiny_folder, monkeypatch, capsys
):
    requests = requests_for(tiny_folder, [OPEN_TAG + prefix for prefix in "abcdefgh"])
    limits = Limits(thought_tokens=8, answer_tokens=6)
    step, rows, reports = PackedLlama.step_with, [], []
    free, freed = RaggedStep.free, []

    def step_of_a_small_device(self, attend, tokens, *args, **more):
        rows.append(len(tokens))
        # It fills up late, when much has been reported already.
        if len(tokens) > 8 and len(rows) > 12:
            raise torch.OutOfMemoryError("the device is full")
        return step(self, attend, tokens, *args, **more)

    monkeypatch.setattr("thoughtrank.engines.decoding.session.has_flash_attention", lambda cache: regions)
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        expected = session.generate(requests, limits=limits)
    monkeypatch.setattr(PackedLlama, "step_with", step_of_a_small_device)
    monkeypatch.setattr(RaggedStep, "free", lambda self: freed.append(self) or free(self))
    with TransformersEngine(dtype="float32", device="cpu").open(tiny_folder) as session:
        written = session.generate(requests, limits=limits, on_step=lambda *news: reports.append(news))
        assert session.facts()["most_rows"] == 6
        assert written == expected
        assert (rows[0], rows[13]) == (most, halved)
        assert max(rows[14:]) == last
        assert len(freed) == (2 if regions else 0)
        assert sum(finished for _, finished in reports) == 24
        first = rows.copy()
        rows.clear()
        # Another group, or the same one after a resume, has the batches that it would have had in a process of its own.
        assert session.generate(requests, limits=limits) == expected
        assert rows == first
        assert session.facts()["most_rows"] == 6
    assert capsys.readouterr().err.count("a lower engine.token_budget") == 1


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (LlamaConfig(max_position_embeddings=100), 100),
        (MistralConfig(max_position_embeddings=100, sliding_window=30), 30),
        (MistralConfig(max_position_embeddings=100, sliding_window=None), 100),
        (Qwen2Config(max_position_embeddings=100, sliding_window=30, use_sliding_window=False), 100),
        (Qwen2Config(max_position_embeddings=100, sliding_window=30, use_sliding_window=True), 30),
        # The name is an alias in this config.
        (GPT2Config(n_positions=50), 50),
    ],
)
def test_a_sequence_never_leaves_the_sliding_window(config, expected):
    assert context_tokens(config) == expected
