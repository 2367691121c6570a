"""Everything that can be wrong with a run, found before a model loads and reported at once."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from thoughtrank.config.components import COMPONENT_GROUPS, Components, join, make_each
from thoughtrank.config.disk_estimate import disk_faults
from thoughtrank.config.folders import folder_faults
from thoughtrank.config.schema import RunConfig, TrainingConfig, load_config
from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.registry import arm_faults
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.kernels.build_tools import missing_build_tools
from thoughtrank.selection.protocol import needs_gains


def checked_config(values: Mapping[str, Any]) -> tuple[RunConfig, Components]:
    """The typed config and its components, from plain values.

    Raises:
        UserError: what does not fit the schema or a constructor, and what the other components report about themselves.
    """
    specs = {group: values[group] for group in COMPONENT_GROUPS if isinstance(values.get(group), Mapping)}
    made, faults = make_each(specs)
    try:
        config = load_config(values)
    except UserError as error:
        faults = [*error.faults, *faults]
    if not faults:
        return config, join(made, candidates=config.candidates)
    rounds = values.get("rounds")
    for group, component in made.items():
        if group != "questions":
            faults += _reported(component.faults, group=group)
        elif type(rounds) is int and rounds > 0:
            faults += _reported(partial(component.faults, rounds=rounds), group=group)
    raise UserError(*faults)


def preflight(config: RunConfig, components: Components, *, finished: bool = False) -> None:
    """Check the components, and how they fit together.

    Args:
        config: the config.
        components: made from it.
        finished: nothing will be written, because the run has finished.

    Raises:
        UserError: every fault, one line each.
    """
    faults = find_faults(config, components)
    if finished:
        faults.pop("folders", None)
    if faults:
        raise UserError(*(fault for each in faults.values() for fault in each))


def find_faults(config: RunConfig, components: Components) -> dict[str, list[str]]:
    """Every fault by the config group it belongs to, or by what it is about: ``folders``, ``disk``."""
    faults = _component_faults(config, components)
    if not faults["questions"]:
        faults["questions"] += [*_imported_faults(components), *_reference_faults(components)]
    faults["questions"] += _held_out_faults(components)
    if not faults["prefixes"]:
        faults["prefixes"] = _first_choice_faults(components)
    faults["selection"] += _gain_faults(components)
    faults["generation"] = _context_faults(config, components)
    faults["evaluation"] = arm_faults(config.evaluation.arms)
    faults["training"] = [
        *_batch_faults(config.training, processes=components.strategy.world_size),
        *_compile_faults(config.training),
        *training_faults(
            weights=config.training.weights,
            precision=config.training.precision,
            optimizer=components.optimizer,
            adapter=components.adapter,
            strategy=components.strategy,
        ),
    ]
    faults["export"] = _export_faults(config, components)
    faults["folders"] = folder_faults(config)
    faults["disk"] = [] if faults["folders"] else disk_faults(config, components)
    return {about: each for about, each in faults.items() if each}


def _component_faults(config: RunConfig, components: Components) -> dict[str, list[str]]:
    """What each component reports about itself, by its group."""
    return {
        group: _reported(
            partial(components.questions.faults, rounds=config.rounds)
            if group == "questions"
            else getattr(components, group).faults,
            group=group,
        )
        for group in COMPONENT_GROUPS
    }


def _reported(faults: Callable[[], list[str]], *, group: str) -> list[str]:
    """What a component reports. A file that it cannot look at is a fault too, so that the others are still reported."""
    try:
        return faults()
    except OSError as error:
        return [f"{group}: {error.filename or 'a file'} cannot be read ({error.strerror}): choose another path"]


def _first_choice_faults(components: Components) -> list[str]:
    if components.engine.chooses_first_token:
        return []
    if all(prefix.first_choice is None for prefix in components.prefixes.prefixes()):
        return []
    return [
        "this engine cannot start a thought with one of the model's likeliest tokens: choose engine=transformers, or "
        "prefixes that are texts"
    ]


def _gain_faults(components: Components) -> list[str]:
    if components.engine.scores or not needs_gains(components.selection):
        return []
    return [
        "selection.thoughts=gain, selection.min_gain and selection.skip_known need an engine that scores answers, and this one "
        "does not: choose engine=transformers or engine=vllm, set engine.scores=true where the servers of engine=openai return "
        "log-probabilities of an echoed prompt, or set selection.thoughts=hash, selection.min_gain=null and "
        "selection.skip_known=false"
    ]


def _held_out_faults(components: Components) -> list[str]:
    if components.questions.held_out < 1:
        return ["questions.held_out=0 leaves nothing to evaluate a round on: hold out at least one question"]
    return []


def _export_faults(config: RunConfig, components: Components) -> list[str]:
    if config.export.which != "best" or components.questions.num_development > 0:
        return []
    return [
        "export.which=best chooses the round on development questions, and there are none: set questions.development, such as "
        "questions.development=200, or export.which=last"
    ]


def _imported_faults(components: Components) -> list[str]:
    if components.imported is None:
        return []
    if not components.questions.train(1):
        return [f"candidates={components.imported.folder}: all of its questions are held out: lower questions.held_out"]
    if components.questions.scorer is not None and components.judge.needs_reference:
        return [
            "candidates: this question source scores answers to its own questions only: choose a judge that reads (judge=gpt4, "
            "judge=openai), or other questions"
        ]
    return []


def _reference_faults(components: Components) -> list[str]:
    if not components.judge.needs_reference:
        return []
    without = sum(question.answer is None for question in components.questions.train(1))
    if without:
        return [
            f"this judge compares with a reference answer, but {without} of the first round's questions have none: "
            "give them an answer, or choose a judge that reads (judge=gpt4, judge=openai)"
        ]
    return []


def _batch_faults(training: TrainingConfig, *, processes: int) -> list[str]:
    if processes > 1 and training.batch_size % processes:
        return [
            f"training.batch_size={training.batch_size} is not a multiple of the {processes} training processes of "
            "strategy.devices and strategy.num_nodes: some would wait for the others in every step"
        ]
    per_process = training.batch_size // max(processes, 1)
    if training.micro_batch_size < per_process and per_process % training.micro_batch_size:
        each = f", {per_process} on each of {processes} processes," if processes > 1 else ""
        return [
            f"training.batch_size={training.batch_size}{each} is not a multiple of "
            f"training.micro_batch_size={training.micro_batch_size}: the last micro-batch of every step would be short"
        ]
    return []


def _compile_faults(training: TrainingConfig) -> list[str]:
    missing = missing_build_tools() if training.compile else []
    return [f"training.compile=true needs {' and '.join(missing)}: install it, or leave it false"] if missing else []


def _context_faults(config: RunConfig, components: Components) -> list[str]:
    context = components.model.context_tokens()
    wanted = config.generation.thought_tokens + config.generation.answer_tokens
    if context is not None and wanted >= context:
        return [
            f"generation.thought_tokens + generation.answer_tokens = {wanted} leaves no room for a question in the model's "
            f"context of {context} tokens"
        ]
    return []
