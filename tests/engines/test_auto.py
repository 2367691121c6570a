"""``engine=auto`` is one of two engines, chosen by what the machine has, and writes what that one writes."""

import sys

import pytest
from fake_vllm import fake_python

from thoughtrank.engines.auto import AutoEngine
from thoughtrank.engines.transformers import TransformersEngine
from thoughtrank.engines.vllm import VLLMEngine


@pytest.fixture
def devices(monkeypatch):
    """Makes this a machine with so many CUDA devices."""

    def make(number):
        monkeypatch.setattr("thoughtrank.engines.auto.num_cuda_devices", lambda: number)

    return make


@pytest.fixture
def python(tmp_path):
    return str(fake_python(tmp_path))


def test_it_is_vllm_with_a_device_and_its_environment(devices, python):
    devices(1)
    made = AutoEngine(python=python)
    vllm = VLLMEngine(python=python)
    assert made.identity() == vllm.identity()
    assert made.resolved() == {"choice": "vllm"}
    assert made.faults() == []
    assert (made.questions_per_group, made.replies_per_group) == (vllm.questions_per_group, vllm.replies_per_group)
    assert (made.scores, made.overlaps_groups, made.chooses_first_token) == (True, True, False)
    assert made.notes() == [f"engine=auto is engine=vllm here, of {python}"]


@pytest.mark.parametrize(("number", "settings"), [(0, {}), (1, {"device": "cpu"}), (1, {"choice": "transformers"})])
def test_it_is_the_embedded_engine_without_a_device_or_where_that_is_wanted(devices, python, number, settings):
    devices(number)
    made = AutoEngine(python=python, dtype="float32", **settings)
    assert made.resolved()["choice"] == "transformers"
    embedded = TransformersEngine(dtype="float32", device=settings.get("device", "auto"))
    assert made.identity() == embedded.identity()
    assert (made.overlaps_groups, made.chooses_first_token) == (True, True)
    assert made.notes() == ["engine=auto is engine=transformers here"]


@pytest.mark.parametrize("visible", ["", "-1", "NoDevFiles"])
def test_it_is_the_embedded_engine_where_a_driver_has_devices_and_none_is_visible(driver, python, monkeypatch, visible):
    """microsoft/nni#388."""
    driver(1)
    assert AutoEngine(python=python).chosen == "vllm"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert AutoEngine(python=python).notes() == ["engine=auto is engine=transformers here"]


def test_on_a_gpu_without_vllm_the_plan_says_what_is_missing(devices):
    devices(1)
    [note] = AutoEngine(python=sys.executable).notes()
    assert note.startswith("engine=auto is engine=transformers here; engine=vllm is faster on CUDA")
    assert "pip install vllm" in note


def test_a_run_that_was_started_with_vllm_needs_it_where_it_resumes(devices, tmp_path):
    devices(0)
    [fault] = AutoEngine(choice="vllm", python=str(tmp_path / "nothing")).faults()
    assert "no such program" in fault


def test_group_sizes_that_are_given_are_those_of_the_chosen_engine(devices, python):
    devices(1)
    made = AutoEngine(python=python, questions_per_group=3, replies_per_group=5, dtype="float32")
    assert (made.questions_per_group, made.replies_per_group) == (3, 5)
    assert made.identity() == VLLMEngine(dtype="float32").identity()


def test_in_flight_and_longest_sequence_are_those_of_vllm_and_no_part_of_the_identity(devices, python):
    devices(1)
    made = AutoEngine(python=python, concurrency=96, context_tokens=2048)
    assert (made.engine.concurrency, made.engine.context_tokens) == (96, 2048)
    assert AutoEngine(python=python).engine.concurrency == VLLMEngine().concurrency
    assert made.identity() == AutoEngine(python=python).identity()


def test_groups_at_once_are_those_of_the_embedded_engine_and_no_part_of_the_identity(devices, python):
    devices(0)
    made = AutoEngine(python=python, device="cpu", devices=1)
    assert made.devices_estimate().generation == 1
    assert made.identity() == AutoEngine(python=python, device="cpu").identity()
    [fault] = AutoEngine(python=python, device="cpu", devices="many").faults()
    assert fault == "engine.devices must be a number or auto, not 'many'"


def test_the_chosen_engine_learns_the_longest_sequence(devices, python, tiny_folder, tmp_path):
    devices(1)
    made = AutoEngine(python=python)
    made.expect(sequence_tokens=777)
    with made.open(tiny_folder, work_folder=tmp_path):
        pass
    made.release()
    assert "--max-model-len 777" in (tmp_path / "_vllm.log").read_text()


def test_the_devices_that_generate_are_those_of_the_chosen_engine(devices, python, monkeypatch):
    devices(2)
    monkeypatch.setattr("thoughtrank.engines.vllm.num_cuda_devices", lambda: 2)
    assert AutoEngine(python=python).devices_estimate() == (2, 2)
    monkeypatch.setattr("thoughtrank.engines.transformers.num_cuda_devices", lambda: 2)
    assert AutoEngine(python=python, choice="transformers").devices_estimate() == (2, 1)


def test_what_is_kept_can_be_given_back(devices):
    devices(0)
    made = AutoEngine(dtype="float32")
    assert AutoEngine(**made.resolved()).identity() == made.identity()
