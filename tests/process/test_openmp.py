"""The OpenMP threads of every process that computes sleep while they wait, unless the user says otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thoughtrank.process import openmp
from thoughtrank.process.openmp import WAIT_POLICY, added_variables, set_wait_policy, wait_policy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def unset(monkeypatch):
    monkeypatch.setattr(openmp, "_added", set())
    for name in WAIT_POLICY:
        # So that what the test sets is removed after it.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_a_setting_of_the_user_is_kept(unset, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert wait_policy(os.environ) == {}
    set_wait_policy()
    assert os.environ["OMP_WAIT_POLICY"] == "active"
    assert "GOMP_SPINCOUNT" not in os.environ
    assert added_variables() == frozenset()


def test_what_was_added_is_known(unset):
    set_wait_policy()
    assert {name: os.environ[name] for name in WAIT_POLICY} == WAIT_POLICY
    set_wait_policy()
    assert added_variables() == WAIT_POLICY.keys()


@pytest.mark.parametrize("module", ["cli", "chat"])
def test_the_process_that_generates_text_sets_them_before_torch_is_loaded(module, tmp_path):
    program = (
        f"import sys\nfrom thoughtrank import {module}\nfrom thoughtrank.process.openmp import set_wait_policy\n"
        f"def loaded(*_, **__): raise SystemExit\n"
        f"assert 'torch' not in sys.modules\nsys.argv = ['program', '--help', 'no/such/folder']\n"
        f"try:\n    {module}.main()\nexcept SystemExit:\n    pass\n"
        "import torch\n"
        "print('runtime', *[line.split()[-1] for line in open('/proc/self/maps') if 'omp' in line])"
    )
    environment = {name: value for name, value in os.environ.items() if name not in WAIT_POLICY}
    environment |= {"OMP_DISPLAY_ENV": "verbose", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    if "libgomp" not in done.stdout:
        pytest.skip("this torch has another OpenMP runtime than GNU's")
    assert "GOMP_SPINCOUNT = '1000'" in done.stderr
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr
