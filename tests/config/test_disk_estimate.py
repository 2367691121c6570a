import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.disk_estimate import disk_bytes, disk_faults
from thoughtrank.config.schema import load_config

OTHER_DISK = Path("/dev/shm")


def estimate(*overrides):
    config = load_config(composed("model=tiny", *overrides))
    return config, make_components(config)


@pytest.fixture
def nearly_full(monkeypatch):
    """Makes the disk of one folder full."""

    def fill(folder):
        device = folder.stat().st_dev
        free = shutil.disk_usage

        def usage(path):
            return SimpleNamespace(free=7) if Path(path).stat().st_dev == device else free(path)

        monkeypatch.setattr("shutil.disk_usage", usage)

    return fill


def test_folders_on_one_disk_need_the_space_once(tmp_path, nearly_full):
    nearly_full(tmp_path)
    [fault] = disk_faults(*estimate(f"cache_dir={tmp_path / 'new' / 'cache'}", f"runs_dir={tmp_path / 'runs'}"))
    assert f"on the disk of cache_dir={tmp_path}" in fault
    assert "make room" in fault


@pytest.mark.skipif(
    not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == Path("/tmp").stat().st_dev, reason="needs a second disk"
)
def test_a_runs_dir_on_a_disk_of_its_own_needs_space_for_its_copies(tmp_path, nearly_full):
    nearly_full(OTHER_DISK)
    config, components = estimate(f"cache_dir={tmp_path}", f"runs_dir={OTHER_DISK / 'runs'}")
    [fault] = disk_faults(config, components)
    assert f"on the disk of runs_dir={OTHER_DISK / 'runs'}" in fault
    [fault] = disk_faults(*estimate(f"cache_dir={OTHER_DISK}", f"runs_dir={tmp_path}"))
    assert "cache_dir" in fault
    assert disk_faults(*estimate(f"cache_dir={tmp_path}", f"runs_dir={tmp_path}")) == []


def test_the_space_grows_with_the_rounds_and_a_checkpoint():
    assert disk_bytes(*estimate("rounds=20")) > disk_bytes(*estimate("rounds=2"))
    assert disk_bytes(*estimate()) > disk_bytes(*estimate("training.checkpoint_minutes=0"))
