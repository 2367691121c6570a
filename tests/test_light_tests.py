"""The tests of make light-test need no torch, since the environment that they run in has none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = re.search(r"^LIGHT_TESTS := \$\(addprefix tests/,(.+)\)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
NEEDS_TORCH = re.compile(
    r"^\s*(?:import|from) (?:torch|safetensors\.torch|peft|pytorch_lightning)\b|\btiny_folder\b", re.MULTILINE
)


@pytest.mark.parametrize("folder", FOLDERS.split())
def test_no_light_test_imports_torch_or_uses_a_model_folder(folder):
    files = sorted((ROOT / "tests" / folder).rglob("*.py"))
    assert files
    assert [str(file) for file in files if NEEDS_TORCH.search(file.read_text())] == []
