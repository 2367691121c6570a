"""Artifacts that are made and not logged; ``test_wandb_logger.py`` reads back those of an offline run."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from thoughtrank.report.loggers import StageOutput
from thoughtrank.report.wandb_artifacts import artifact_name, log_output


@pytest.fixture
def model(tmp_path):
    (tmp_path / "_checkpoint").mkdir()
    for name in ("model.safetensors", "config.json", "_checkpoint/model.safetensors"):
        (tmp_path / name).write_text(name)
    return StageOutput(name="model", round_number=3, folder=tmp_path, made_from=[("examples", 3)])


def logged(output, **settings):
    given = []
    run = SimpleNamespace(id="mine", _log_artifact=lambda artifact, **options: given.append((artifact, options)))
    log_output(run, output, **settings)
    ((artifact, options),) = given
    return artifact, options


def test_weights_are_files_if_they_are_to_be_uploaded_and_otherwise_references(model):
    for upload in (True, False):
        artifact, options = logged(model, upload_weights=upload)
        entries = artifact.manifest.entries
        assert set(entries) == {"model.safetensors", "config.json"}
        assert (entries["model.safetensors"].ref is None) == upload
        assert entries["config.json"].ref is None
        assert options == {"aliases": ["latest", "round-3"], "use_after_commit": False}


def test_weights_that_are_to_be_uploaded_may_be_deleted_at_once(model):
    artifact, _ = logged(model, upload_weights=True)
    (model.folder / "model.safetensors").unlink()
    assert Path(artifact.manifest.entries["model.safetensors"].local_path).read_text() == "model.safetensors"


def test_names_hold_what_wandb_accepts_and_differ_where_runs_differ():
    assert artifact_name("model", run_id="study-1.b_2") == "model-study-1.b_2"
    spaced, signed = (artifact_name("model", run_id=each) for each in ("a b", "a=b"))
    assert spaced.startswith("model-a-b-")
    assert spaced != signed
