import pytest
import torch

from thoughtrank.models.flash_support import supports_flash

CUDA = torch.device("cuda")


@pytest.fixture
def card(monkeypatch):
    """Makes torch one for CUDA, or for AMD's devices without a version of CUDA, on a device of a compute capability."""

    def make(capability, *, cuda="13.0"):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        monkeypatch.setattr(torch.version, "cuda", cuda)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)

    return make


@pytest.mark.parametrize(
    ("dtype", "head_dim", "supported"),
    [
        (torch.bfloat16, 64, True),
        (torch.float16, 256, True),
        (torch.float32, 64, False),
        (torch.bfloat16, 260, False),
        (torch.bfloat16, 264, False),
        (torch.bfloat16, 60, False),
    ],
)
def test_dtype_and_head_dim_decide_on_a_card(card, dtype, head_dim, supported):
    card((9, 0))
    assert supports_flash(device=CUDA, dtype=dtype, head_dim=head_dim) == supported


def test_the_device_of_the_tensors_decides_and_not_the_machine(card):
    card((9, 0))
    assert not supports_flash(device=torch.device("cpu"), dtype=torch.bfloat16, head_dim=64)


def test_older_cards_and_those_of_amd_do_not_run_it(card):
    card((7, 5))
    assert not supports_flash(device=CUDA, dtype=torch.bfloat16, head_dim=64)
    card((9, 0), cuda=None)
    assert not supports_flash(device=CUDA, dtype=torch.bfloat16, head_dim=64)
