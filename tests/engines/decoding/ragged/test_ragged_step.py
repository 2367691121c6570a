"""Shapes of steps, and which steps are replayed."""

from types import SimpleNamespace

import pytest
import torch

from thoughtrank.engines.decoding.ragged import ragged_step
from thoughtrank.engines.decoding.ragged.ragged_step import RaggedStep, StepInputs, padded_batch


def test_batches_are_padded_by_less_than_a_quarter_or_a_few_rows():
    for rows in range(1, 2049):
        assert 0 <= padded_batch(rows) - rows < max(32, rows / 4)
    assert len({padded_batch(rows) for rows in range(1, 2049)}) < 30


def inputs(rows):
    return StepInputs(torch.zeros(5, rows + 1), torch.zeros(3, 2), most_rows=64, most_tokens=512, has_minimum=False)


@pytest.fixture
def step(monkeypatch):
    """A step on the CPU whose graphs are the step itself."""
    model = SimpleNamespace(device=torch.device("cpu"), new_cache=lambda: None)
    monkeypatch.setattr(
        ragged_step, "RaggedCache", SimpleNamespace(like=lambda _: SimpleNamespace(keys=[torch.zeros(1)], tokens=1))
    )
    monkeypatch.setattr(ragged_step, "fused_kernels", lambda _: None)
    step = RaggedStep(model, end_tokens=frozenset({2}))
    step._captures, step.computed, step.captured, step.replayed = True, 0, 0, 0

    def compute(*_):
        step.computed += 1
        return torch.zeros(1), torch.zeros(1, 1)

    def captured(inputs):
        step.captured += 1
        return SimpleNamespace(
            rows=inputs.rows, prompts=inputs.prompts, graph=SimpleNamespace(replay=replay), chosen="chosen"
        )

    def replay():
        step.replayed += 1

    monkeypatch.setattr(step, "_compute", compute)
    monkeypatch.setattr(step, "_captured", captured)
    return step


def test_a_step_is_replayed_once_its_shapes_have_occurred(step):
    for _ in range(4):
        step(inputs(8), wants_logits=False)
    step(inputs(16), wants_logits=False)
    assert (step.computed, step.captured, step.replayed) == (2, 1, 3)
    assert step(inputs(8), wants_logits=True)[1] is not None


def test_graphs_are_captured_again_where_the_cache_has_other_memory(step):
    for _ in range(2):
        step(inputs(8), wants_logits=False)
    step.cache.tokens = 2
    step(inputs(8), wants_logits=False)
    assert step.captured == 2


def test_a_device_that_captures_nothing_is_used_without_graphs(step, monkeypatch, capsys):
    def refuse(_):
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(step, "_captured", refuse)
    for _ in range(4):
        step(inputs(8), wants_logits=False)
    assert (step.computed, step.replayed) == (4, 0)
    assert capsys.readouterr().err.count("CUDA graphs") == 1
