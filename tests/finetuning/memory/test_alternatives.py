"""Other ways to train, and the cards on which they fit."""

from memory_parts import LLAMA_3B, parts_of

from thoughtrank.finetuning.adapters import Lora
from thoughtrank.finetuning.memory.alternatives import alternatives, fitting, table_rows
from thoughtrank.finetuning.optimizers.muon import Muon
from thoughtrank.finetuning.strategies import AutoStrategy

BF16 = "training.weights=bf16_kahan"


def names(**changes):
    return [each.name for each in alternatives(parts_of(**changes))]


def test_the_config_comes_first_and_nothing_that_it_is_already():
    assert names()[:2] == ["as configured", f"{BF16} training.precision=auto"]
    assert BF16 in names(precision="auto")
    assert not [name for name in names(weights="bf16_kahan", precision="auto") if BF16 in name]
    assert "adapter=lora" in names()
    assert "adapter=lora" not in names(adapter=Lora(), strategy=AutoStrategy(accelerator="cuda"))


def test_what_does_not_work_together_is_left_out():
    assert not [name for name in names(optimizer=Muon(lr=1e-3)) if "deepspeed" in name or "fsdp" in name]
    assert not [name for name in names(batch_size=12) if "devices=8" in name]


def test_a_small_card_needs_several_devices_and_a_large_one_the_config_only():
    found = fitting(parts_of(), shape=LLAMA_3B, liger=False)
    assert list(found) == [24, 48, 80, 141]
    assert found[24][0].name.startswith("strategy=deepspeed_zero")
    assert found[48][0].name.startswith(BF16)
    assert (found[80][0].name, found[80][1].checkpointing) == ("as configured", True)
    assert (found[141][0].name, found[141][1].checkpointing) == ("as configured", False)


def test_with_auto_each_card_has_what_is_chosen_for_it():
    found = fitting(parts_of(micro_batch_tokens="auto"), shape=LLAMA_3B, liger=False)
    assert (found[80][0].name, found[80][1].checkpointing) == ("as configured", False)
    assert (found[141][0].name, found[141][1].tokens) == ("as configured", 8192)
    rows = table_rows(parts_of(micro_batch_tokens="auto"), shape=LLAMA_3B)
    assert rows[0][1:3] == ["–", "–"]
    assert rows[0][3:] == [f"{found[80][1].tokens:,}", "8,192"]
    assert rows[1][2] == f"{found[48][1].tokens:,}"
    assert rows[2][1] == "4,096, checkpointing"


def test_nothing_fits_on_a_card_without_memory():
    assert fitting(parts_of(), shape=LLAMA_3B, cards=[1]) == {1: None}


def test_the_table_has_a_row_per_alternative_and_grows_with_the_card():
    rows = table_rows(parts_of(), shape=LLAMA_3B)
    assert [row[0] for row in rows] == names()
    assert rows[0][1:3] == ["–", "–"]
    assert rows[1][2].endswith(", checkpointing")
    assert rows[0][3].endswith(", checkpointing")
    assert 4096 <= int(rows[1][3].replace(",", "")) < int(rows[1][4].replace(",", ""))
