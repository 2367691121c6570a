import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.machine_rates import H100_TRAINING, expected_rates
from thoughtrank.config.schema import load_config

WEIGHTS = 3_212_749_824


@pytest.fixture
def rates():
    def found(*overrides):
        config = load_config(composed("model=llama3.2_3b", *overrides))
        return expected_rates(config, make_components(config), weights=WEIGHTS)

    return found


def test_the_processes_of_a_cpu_share_its_cores(rates):
    assert (
        rates("engine.device=cpu", "strategy=ddp", "strategy.devices=2").training == rates("engine.device=cpu").training
    )


def test_cuda_devices_train_together(rates):
    eight = rates("engine.device=cuda", "strategy=deepspeed_zero2", "strategy.devices=8")
    assert eight.training == 8 * H100_TRAINING


def test_the_embedded_engine_generates_on_all_devices_and_evaluates_on_one(rates):
    one, four = (rates("engine.device=cuda", f"engine.devices={devices}") for devices in (1, 4))
    assert (four.generation, four.evaluation) == (4 * one.generation, one.evaluation)
    assert rates("engine.device=cpu", "engine.devices=4") == rates("engine.device=cpu")


def test_on_cuda_long_texts_and_few_branches_are_slower_per_token(rates):
    short, card = rates("engine.device=cuda"), rates("engine.device=cuda", "generation=card")
    assert card.generation < 0.5 * short.generation
    assert (
        rates("engine.device=cuda", "prefixes=digits", "engine.questions_per_group=1").generation < short.generation / 5
    )


def test_an_apple_chip_is_faster_than_two_cores_of_a_cpu(rates):
    assert rates("engine.device=mps").generation > rates("engine.device=cpu").generation


def test_a_processor_without_bf16_instructions_is_slower_and_generates_slower_than_it_trains(rates, monkeypatch):
    def on(bf16):
        monkeypatch.setattr("thoughtrank.config.dry_run.machine_rates.likely_multiplies_bf16", lambda: bf16)
        return rates("engine.device=cpu")

    with_bf16, without = on(True), on(False)
    assert without.generation < without.training < with_bf16.training


def test_servers_elsewhere_generate_as_an_h100_and_this_machine_trains(rates):
    served = ("engine=openai", "engine.base_urls=[http://localhost:1/v1]")
    on_cpu, on_mps, on_cuda = (rates(*served, f"strategy.accelerator={device}") for device in ("cpu", "mps", "cuda"))
    assert on_cpu.generation == on_cuda.generation > 100 * rates("engine.device=cpu").generation
    assert on_cpu.training == rates("engine.device=cpu").training
    assert on_mps.training == rates("engine.device=mps").training
    assert on_cuda.training == H100_TRAINING
