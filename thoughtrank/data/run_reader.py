"""Reads what a run folder states about the run: its config, its questions, its tokenizer."""

from pathlib import Path

import yaml

from thoughtrank.config.schema import RunConfig, load_config
from thoughtrank.errors import UserError
from thoughtrank.instantiate import make_component
from thoughtrank.questions.imported_questions import with_imported
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.records import Question
from thoughtrank.storage.imported_candidates import ImportedCandidates
from thoughtrank.storage.run_paths import RunPaths
from thoughtrank.storage.store import base_model_folder


def read_config(paths: RunPaths) -> RunConfig:
    """The config of a run.

    Raises:
        UserError: the folder is not a run folder.
    """
    if not paths.config.exists():
        raise UserError(f"{paths.folder} is not a run folder: it has no config.yaml")
    return load_config(yaml.safe_load(paths.config.read_text(encoding="utf-8")))


def run_questions(run_folder: Path) -> dict[str, Question]:
    """The training questions of a run's rounds so far, by id.

    Raises:
        UserError: there is no such run, or its questions cannot be read.
    """
    paths = RunPaths(run_folder)
    source = question_source(read_config(paths))
    questions, number = {}, 1
    while paths.candidates(number).exists():
        questions.update({each.question_id: each for each in source.train(number)})
        number += 1
    return questions


def question_source(config: RunConfig) -> QuestionSource:
    """The question source of a run, imported questions included."""
    return with_imported(make_component(config.questions, where="questions"), ImportedCandidates.at(config.candidates))


def tokenizer_folder(paths: RunPaths, config: RunConfig) -> Path:
    """A folder with the tokenizer of the run, which all its models share.

    Raises:
        UserError: neither the run nor the cache has one.
    """
    folders = [paths.export, *(paths.model(number) for number in paths.rounds_with_examples())]
    for folder in folders:
        if (folder / "tokenizer_config.json").exists():
            return folder
    identity = make_component(config.model, where="model").identity()
    folder = base_model_folder(Path(config.cache_dir), identity)
    if (folder / "tokenizer_config.json").exists():
        return folder
    raise UserError(
        f"{paths.folder} has no model with a chat template, and neither has cache_dir={config.cache_dir}: run its first round "
        "up to training"
    )
