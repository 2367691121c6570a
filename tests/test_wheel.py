import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The contents of the wheel, unpacked as an installer would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, timeout=300)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_wheel_carries_every_config_and_prompt(installed):
    ours = {path.relative_to(ROOT / "conf") for path in (ROOT / "conf").rglob("*.yaml")}
    theirs = {path.relative_to(installed / "thoughtrank" / "conf") for path in installed.rglob("conf/**/*.yaml")}
    assert theirs == ours
    assert (installed / "thoughtrank" / "judging" / "openai" / "prompts" / "rank.txt").exists()
    assert (installed / "thoughtrank" / "report" / "model_card.md").exists()
    assets = {path.relative_to(ROOT) for path in (ROOT / "thoughtrank" / "report" / "html" / "assets").rglob("*.*")}
    assert len(assets) > 8
    assert assets <= {path.relative_to(installed) for path in installed.rglob("*.*")}
    assert list(installed.glob("*.dist-info/**/uPlot.LICENSE.txt"))
    modules = {path.relative_to(ROOT) for path in (ROOT / "thoughtrank").rglob("*.py")}
    assert modules <= {path.relative_to(installed) for path in installed.rglob("*.py")}


@pytest.mark.slow
def test_the_installed_package_does_what_train_py_does(installed, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "thoughtrank", "dry_run=true", "prefixes=digits", "questions.train_per_round=12"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert "120 candidates per round" in result.stdout
    where = [sys.executable, "-c", "import thoughtrank; print(thoughtrank.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(installed))
