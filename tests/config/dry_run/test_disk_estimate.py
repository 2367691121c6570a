import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from composing import composed

from thoughtrank.config.components import make_components
from thoughtrank.config.dry_run.disk_estimate import disk_bytes, disk_faults
from thoughtrank.config.schema import load_config


@pytest.fixture
def bytes_of():
    """Disk space of a run with these training settings."""

    def estimate(*, rounds=2, optimizer="adamw", **training):
        values = composed("model=tiny", "logger=none", "controls=[]", f"optimizer={optimizer}")
        values["training"].update({"checkpoint_minutes": 0.0, **training})
        config = load_config({**values, "rounds": rounds})
        components = make_components(config)
        return disk_bytes(config, components), components.model.num_parameters()

    return estimate


def test_base_model_rounds_and_export_are_in_bf16(bytes_of):
    for rounds in (1, 4):
        size, parameters = bytes_of(rounds=rounds)
        assert size == 2 * parameters * (rounds + 2)


@pytest.mark.parametrize(
    ("training", "per_weight"),
    [
        ({}, 4 + 8),  # float32 weights and the two averages of AdamW
        ({"weights": "bf16"}, 2 + 4),
        ({"weights": "bf16_kahan"}, 2 + 4 + 2),
    ],
    ids=str,
)
def test_a_checkpoint_adds_weights_and_optimizer_state(bytes_of, training, per_weight):
    without, parameters = bytes_of(**training)
    with_checkpoint, _ = bytes_of(checkpoint_minutes=5.0, **training)
    assert with_checkpoint - without == per_weight * parameters


@pytest.fixture
def run(tmp_path):
    values = {
        **composed("model=tiny", "logger=none", "controls=[]"),
        "cache_dir": str(tmp_path / "not" / "there" / "yet"),
    }
    config = load_config(values)
    return config, make_components(config)


def test_a_disk_with_too_little_room_is_a_fault_that_names_both_sizes(run, monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr("shutil.disk_usage", lambda folder: asked.append(folder) or SimpleNamespace(free=10))
    [fault] = disk_faults(*run)
    assert f"{disk_bytes(*run) / 1e6:.0f} MB" in fault
    assert "0 kB free" in fault
    assert "cache_dir" in fault
    assert asked == [tmp_path], "the disk of a folder that is not there yet is that of its parent"


def test_the_disk_of_the_home_directory_is_asked_where_the_folder_begins_with_it(run, monkeypatch, tmp_path):
    config, components = run
    asked = []
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: asked.append(folder) or SimpleNamespace(free=10))
    [fault] = disk_faults(config.model_copy(update={"cache_dir": "~/cache", "runs_dir": "~/runs"}), components)
    assert "on the disk of cache_dir=~/cache" in fault
    assert asked == [tmp_path]


def test_exactly_enough_room_is_no_fault(run, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=disk_bytes(*run)))
    assert disk_faults(*run) == []


def test_a_model_of_unknown_size_has_no_estimate_and_no_fault(run, monkeypatch):
    config, components = run
    monkeypatch.setattr(type(components.model), "num_parameters", lambda self: None)
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=0))
    assert disk_bytes(config, components) is None
    assert disk_faults(config, components) == []


def test_an_optimizer_that_does_not_report_its_state_counts_as_float32_with_two_averages(run, monkeypatch):
    config, components = run

    class Silent(type(components.optimizer)):
        def state_bytes(self, shapes, *, weights, embeddings):
            return None

    silent = replace(components, optimizer=Silent(lr=1e-3))
    assert config.training.checkpoint_minutes
    assert disk_bytes(config, silent) == components.model.num_parameters() * (2 * (config.rounds + 2) + 12)


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


@pytest.mark.parametrize(
    ("overrides", "models"),
    [
        (("controls=[answers_only]",), 2),
        (("controls=[answers_only]", "keep=last"), 1),
        (("controls=[answers_only,random_thoughts]", "training.start=previous", "rounds=3"), 9),
        (("controls=[answers_only]", "training.start=previous", "rounds=3", "keep=none"), 3),
        (("controls=[answers_only,sampled_prefixes]", "training.start=base", "rounds=3"), 5),
        (("controls=[answers_only,sampled_prefixes]", "training.start=base", "rounds=3", "keep=last"), 3),
    ],
    ids=str,
)
def test_controls_add_the_models_that_exist_at_a_time(overrides, models):
    config, components = estimate(*overrides)
    without, _ = estimate(*overrides, "controls=[]")
    added = disk_bytes(config, components) - disk_bytes(without, components)
    assert added == models * 2 * components.model.num_parameters()


def test_the_space_grows_with_the_rounds_and_a_checkpoint():
    assert disk_bytes(*estimate("rounds=20")) > disk_bytes(*estimate("rounds=2"))
    assert disk_bytes(*estimate()) > disk_bytes(*estimate("training.checkpoint_minutes=0"))
