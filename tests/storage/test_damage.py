"""Whatever was torn by hand in the folder of a finished run is named."""

import pytest
import torch
from recipes import Rows
from safetensors.torch import save_file

from thoughtrank.records import Question
from thoughtrank.storage.damage import damaged_files
from thoughtrank.storage.json_files import write_json
from thoughtrank.storage.stage_reuse import Store
from thoughtrank.storage.tables import part_path, write_part


@pytest.fixture
def paths(tmp_path):
    store = Store(run_folder=tmp_path / "runs" / "mine", cache_folder=tmp_path / "cache")
    paths = store.paths
    artifact = store.artifact(Rows(published=paths.candidates(1)))
    with artifact.locked():
        write_part(part_path(artifact.folder, 0), [Question("q", "Why?")], record_type=Question)
        artifact.finish()
    artifact.publish()
    write_json(paths.evaluation(1), {"round": 1})
    paths.export.mkdir()
    write_json(paths.export / "config.json", {"model_type": "llama"})
    save_file({"a": torch.ones(3)}, paths.export / "model.safetensors")
    return paths


def test_a_run_in_order_has_no_damage(paths):
    assert damaged_files(paths) == []


@pytest.mark.parametrize(
    "name",
    [
        "round_1/5_evaluation.json",
        "round_1/1_candidates/_done.json",
        "round_1/1_candidates/part-00000.parquet",
        "export/config.json",
        "export/model.safetensors",
    ],
)
@pytest.mark.parametrize("kept", [0, 10])
def test_a_cut_file_is_named(paths, name, kept):
    path = paths.folder / name
    path.write_bytes(path.read_bytes()[:kept])
    assert damaged_files(paths) == [name]


def test_a_deleted_part_of_a_table_is_named_and_a_deleted_table_is_not(paths):
    part = paths.candidates(1) / "part-00000.parquet"
    part.unlink()
    assert damaged_files(paths) == ["round_1/1_candidates/part-00000.parquet"]
    for path in paths.candidates(1).iterdir():
        path.unlink()
    paths.candidates(1).rmdir()
    assert damaged_files(paths) == []
