"""Every benchmark starts. All run in one process, since importing torch takes most of the time."""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(
    path.stem
    for path in BENCHMARKS.glob("*.py")
    if "ArgumentParser(description=" in path.read_text() and '__name__ == "__main__"' in path.read_text()
)
PROGRAM = f"""
import importlib, sys
sys.path.insert(0, {str(BENCHMARKS)!r})
for name in {SCRIPTS!r}:
    sys.argv = [name + ".py", "--help"]
    try:
        importlib.import_module(name).main()
    except SystemExit as ended:
        assert ended.code == 0, name
"""


def test_every_script_prints_its_help():
    assert {"generation", "judging", "ranking", "training"} <= set(SCRIPTS)
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("show this help message") == len(SCRIPTS)
