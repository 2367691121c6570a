"""Fixtures of a run without rounds, for the tests of stages and of rounds."""

import pytest
from fake_models import CopiedModel

from thoughtrank.records import Question
from thoughtrank.stages.round_models import BaseModel
from thoughtrank.storage.stage_reuse import Store

__all__ = ["base", "questions", "store"]


@pytest.fixture
def store(tmp_path):
    return Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")


@pytest.fixture
def base(store, tiny_folder):
    """The base model of the run, not written yet."""
    return BaseModel.of(CopiedModel(folder=str(tiny_folder)), store=store)


@pytest.fixture
def questions():
    return [Question(f"q{number}", f"What is {number} + 1?", answer=str(number + 1)) for number in range(5)]
