"""Reads what a run folder states about the run: its config, its questions, its tokenizer."""

from pathlib import Path

from thoughtrank.config.schema import RunConfig, load_config
from thoughtrank.config.stored_config import missing_variables, read_stored_config
from thoughtrank.data.run_components import run_component
from thoughtrank.errors import UserError
from thoughtrank.questions.imported_questions import with_imported
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.questions.screening import with_screening
from thoughtrank.records import Question
from thoughtrank.storage.imported_candidates import ImportedCandidates
from thoughtrank.storage.run_paths import RunPaths, no_run_fault
from thoughtrank.storage.stage_reuse import base_model_folder


def read_config(paths: RunPaths) -> RunConfig:
    """The config of a run.

    Raises:
        UserError: the folder is not a run folder, its config is damaged, or a variable it refers to is not set.
    """
    if not paths.config.exists():
        raise UserError(no_run_fault(paths.folder, lacks="config.yaml"))
    values = read_stored_config(paths.config)
    if missing := missing_variables(values):
        raise UserError(f"{paths.config} refers to environment variables that are not set: export {', '.join(missing)}")
    try:
        return load_config(values)
    except UserError as error:
        more = f" (and {len(error.faults) - 1} more)" if len(error.faults) > 1 else ""
        raise UserError(f"{paths.config} is damaged, or of another version: {error.faults[0]}{more}") from error


def run_questions(run_folder: Path, *, trust_code: bool = False) -> dict[str, Question]:
    """The training questions of a run's rounds so far, by id.

    Args:
        run_folder: of the run.
        trust_code: see ``run_component``.

    Raises:
        UserError: there is no such run, or its questions cannot be read.
    """
    paths = RunPaths(run_folder)
    source = question_source(read_config(paths), trust_code=trust_code)
    questions, number = {}, 1
    while paths.candidates(number).exists():
        questions.update({each.question_id: each for each in source.train(number)})
        number += 1
    return questions


def question_source(config: RunConfig, *, trust_code: bool = False) -> QuestionSource:
    """The question source of a run, imported questions included; see ``run_component`` for ``trust_code``."""
    source = run_component(config.questions, group="questions", trust_code=trust_code)
    return with_imported(with_screening(source), ImportedCandidates.at(config.candidates))


def tokenizer_folder(paths: RunPaths, config: RunConfig, *, trust_code: bool = False) -> Path:
    """A folder with the tokenizer of the run, which all its models share.

    Args:
        paths: of the run.
        config: of the run.
        trust_code: see ``run_component``.

    Raises:
        UserError: neither the run nor the cache has one.
    """
    folders = [paths.export, *(paths.model(number) for number in paths.rounds_with_examples())]
    for folder in folders:
        if (folder / "tokenizer_config.json").exists():
            return folder
    identity = run_component(config.model, group="model", trust_code=trust_code).identity()
    folder = base_model_folder(config.cache_folder, identity)
    if (folder / "tokenizer_config.json").exists():
        return folder
    raise UserError(
        f"{paths.folder} has no model with a chat template, and neither has cache_dir={config.cache_dir}: run its first round "
        "up to training"
    )
