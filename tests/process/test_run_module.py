import subprocess
import sys
from pathlib import Path

from thoughtrank.process.child_module import module_command

ROOT = Path(__file__).parents[2]


def test_a_child_process_gets_its_arguments_and_this_package_wherever_another_version_is_installed(
    tmp_path, monkeypatch
):
    other = tmp_path / "installed" / "thoughtrank"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise RuntimeError('another version')")
    program = "import sys, thoughtrank; print(sys.argv[1:], thoughtrank.__file__)"
    (tmp_path / "shows.py").write_text(program)
    monkeypatch.setattr(sys, "path", [str(other.parent), *sys.path, str(tmp_path)])
    done = subprocess.run(module_command("shows", "a b", ""), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"['a b', ''] {ROOT / 'thoughtrank' / '__init__.py'}"
