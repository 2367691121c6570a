"""Fixtures of the tests of question sources."""

import pytest


@pytest.fixture
def file(tmp_path):
    return tmp_path / "questions.jsonl"
