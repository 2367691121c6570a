import subprocess
import sys

import pytest

from thoughtrank.process.child_module import module_command


@pytest.mark.parametrize("module_path", ["", "."])
def test_child_processes_start_beside_such_files_and_find_the_users_own_modules(
    shadowed_folder, module_path, monkeypatch
):
    if module_path:
        (shadowed_folder / "types.py").unlink()  # Python itself would not start
    monkeypatch.setenv("PYTHONPATH", module_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    done = subprocess.run(module_command("thoughtrank.finetuning"), capture_output=True, text=True)
    assert done.stderr.startswith("error: usage: python -m thoughtrank.finetuning")
    assert subprocess.run(module_command("my_part"), capture_output=True, text=True).stdout == "found\n"
