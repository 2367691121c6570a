import pytest
import torch

from thoughtrank.models.hardware import multiplies_bf16


@pytest.mark.parametrize(
    ("amx", "avx512_bf16", "multiplies"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_either_instruction_set_multiplies_bf16(monkeypatch, amx, avx512_bf16, multiplies):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16)
    assert multiplies_bf16() is multiplies
