import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM

from thoughtrank.finetuning.batching.batches import packed_batch, padded_batch
from thoughtrank.finetuning.batching.examples import EncodedExample
from thoughtrank.finetuning.callbacks import throughput
from thoughtrank.finetuning.callbacks.throughput import StepWork, ThroughputMeter

EXAMPLES = [
    EncodedExample(token_ids=(1, 2, 3, 4), first_target=2, question_id="q1"),
    EncodedExample(token_ids=(5, 6), first_target=1, question_id="q2"),
]


def test_the_work_of_micro_batches_adds_up():
    work = StepWork()
    work.add(padded_batch(EXAMPLES, loss_weight=0.75, padding_id=0))
    work.add(padded_batch(EXAMPLES[:1], loss_weight=0.25, padding_id=0))
    assert (work.examples, work.tokens, work.targets, work.positions) == (3, 4 + 2 + 4, 3 + 2, 8 + 4)
    assert work.question_ids == ["q1", "q2", "q1"]


def test_the_weights_of_targets_add_up():
    work = StepWork()
    work.add(padded_batch(EXAMPLES, loss_weight=0.6, padding_id=0))
    work.add(packed_batch([replace(EXAMPLES[0], weight=2.5)], loss_weight=0.4))
    assert (work.targets, work.target_weight) == (3 + 2, 3 + 2 * 2.5)


def test_a_micro_batch_that_only_keeps_the_ranks_in_step_is_not_counted():
    work = StepWork()
    work.add(padded_batch(EXAMPLES, loss_weight=0.0, padding_id=0))
    assert (work.examples, work.positions, work.question_ids) == (0, 0, [])


def test_utilization_counts_layers_per_token_and_the_head_per_target(tiny_folder, monkeypatch):
    model = AutoModelForCausalLM.from_pretrained(tiny_folder)
    monkeypatch.setattr(throughput, "_matmul_flops", lambda dtype, device: 1e9)
    meter = ThroughputMeter(model=model, dtype=torch.float32, device=torch.device("cpu"), world_size=2)
    layers = sum(parameter.numel() for parameter in model.model.layers.parameters()) + model.config.hidden_size
    head = model.config.vocab_size * model.config.hidden_size
    rates = meter.rates(tokens=1000, targets=100, positions=1250, seconds=0.5)
    assert rates["mfu"] == pytest.approx(6 * (1000 * layers + 100 * head) / 0.5 / 2e9, abs=1e-4)
    assert (rates["tokens_per_second"], rates["target_tokens_per_second"]) == (2000, 200)
    assert rates["padding"] == pytest.approx(0.2)
    assert rates["memory_gb"] > 0.1


def test_the_peak_rate_is_measured_with_matrices_that_are_not_constant(monkeypatch):
    measured = []
    monkeypatch.setattr(torch, "mm", lambda left, right: measured.append(left.float().std()))
    assert throughput._matmul_flops(torch.float32, torch.device("cpu")) > 0
    assert min(measured) > 0.5


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_the_peak_rate_is_that_of_the_product_and_not_of_its_launch(kind, monkeypatch):
    events, generator = [], torch.Generator
    waits = {"cuda": lambda device: events.append("waited"), "mps": lambda: events.append("waited")}
    monkeypatch.setattr(getattr(torch, kind), "synchronize", waits[kind])
    monkeypatch.setattr(torch, "mm", lambda left, right: events.append("launched"))
    monkeypatch.setattr(torch, "randn", lambda *size, generator, device: torch.ones(1))
    monkeypatch.setattr(torch, "Generator", lambda device: generator())
    throughput._matmul_flops(torch.float32, torch.device(kind))
    assert events == ["waited", "launched", "waited"] * 4


def test_the_peak_is_that_of_the_training_and_not_of_the_process_that_started_it():
    here = bytearray(2**30 + 2**29)
    program = "from thoughtrank.finetuning.callbacks.throughput import peak_resident; print(peak_resident())"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 2**26 < int(told.stdout) < len(here)
