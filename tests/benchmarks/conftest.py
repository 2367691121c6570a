import importlib
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark_module(monkeypatch):
    """Imports a module of ``benchmarks/``, whose scripts import each other as Python runs them: from their own folder."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module
