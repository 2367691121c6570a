import pytest

from thoughtrank.finetuning.optimizers import adamw_8bit
from thoughtrank.finetuning.optimizers.adamw_8bit import AdamW8bit


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4095,), 8 * 4095),  # small parameters keep float32 averages
        ((64, 64), 2 * (4096 + 4 * 16)),
        ((4097,), 2 * (4097 + 4 * 17)),  # the last block is not full
    ],
)
def test_a_large_parameter_has_two_bytes_per_weight_and_two_scales_per_block(shape, expected):
    state = AdamW8bit(lr=1e-3).state_bytes({"weight": shape}, weights="bf16", embeddings=frozenset())
    assert state == expected


@pytest.mark.parametrize("installed", [True, False])
def test_a_missing_package_is_a_fault_that_names_the_command(monkeypatch, installed):
    monkeypatch.setattr(adamw_8bit, "find_spec", lambda name: object() if installed else None)
    faults = AdamW8bit(lr=1e-3).faults()
    assert ["pip install" in fault for fault in faults] == ([] if installed else [True])
