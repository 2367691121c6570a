import shutil

import pytest
import yaml

from thoughtrank.data.import_candidates import import_files
from thoughtrank.data.run_reader import question_source, read_config, run_questions, tokenizer_folder
from thoughtrank.errors import UserError
from thoughtrank.instantiate import make_component
from thoughtrank.storage.stage_reuse import base_model_folder


@pytest.fixture
def run(made_run):
    run = made_run(["First?", "Second?"])
    return run.add_round(run.questions, ["It is 1", "It is 2"])


def test_a_folder_without_a_config_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        run_questions(tmp_path)
    with pytest.raises(UserError, match="none: no such folder; give the folder of a run"):
        run_questions(tmp_path / "none")


def test_the_questions_of_a_run_are_those_of_its_rounds_so_far(run):
    assert run_questions(run.folder) == {question.question_id: question for question in run.questions}
    shutil.rmtree(run.store.paths.candidates(1))
    assert run_questions(run.folder) == {}


def test_imported_questions_are_questions_of_the_run(run, tmp_path):
    rows = tmp_path / "rows.jsonl"
    rows.write_text('{"question": "Imported?", "thought": "t", "answer": "a"}')
    import_files(files=[rows], folder=tmp_path / "import")
    values = yaml.safe_load(run.store.paths.config.read_text())
    run.store.paths.config.write_text(yaml.safe_dump({**values, "candidates": str(tmp_path / "import")}))
    source = question_source(read_config(run.store.paths))
    assert [question.text for question in source.train(1)] == ["Imported?"]


def test_the_tokenizer_is_found_in_the_run_then_in_the_cache_or_is_an_error(run):
    paths = run.store.paths
    config = read_config(paths)
    assert tokenizer_folder(paths, config) == paths.model(1)
    shutil.copytree(paths.model(1), paths.export)
    assert tokenizer_folder(paths, config) == paths.export
    moved = shutil.move(paths.export, run.folder.parent / "moved")
    shutil.rmtree(paths.model(1))
    with pytest.raises(UserError, match="run its first round up to training"):
        tokenizer_folder(paths, config)
    identity = make_component(config.model, where="model").identity()
    cached = base_model_folder(run.store.cache_folder, identity)
    shutil.copytree(moved, cached)
    assert tokenizer_folder(paths, config) == cached


def test_a_cache_in_the_home_directory_is_found_there(run, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    config = read_config(run.store.paths).model_copy(update={"cache_dir": "~/cache"})
    identity = make_component(config.model, where="model").identity()
    cached = base_model_folder(tmp_path / "home" / "cache", identity)
    shutil.move(run.store.paths.model(1), cached)
    assert tokenizer_folder(run.store.paths, config) == cached
