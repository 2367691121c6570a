"""Everything that can be wrong, found before a model loads and reported at once."""

import shutil
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thoughtrank.config.schema import COMPONENT_GROUPS, RunConfig
from thoughtrank.errors import UserError
from thoughtrank.finetuning.kernels.compilation import missing_for_compiling
from thoughtrank.finetuning.weight_formats import nominal_bytes, training_faults
from thoughtrank.instantiate import make_component
from thoughtrank.questions.imported_questions import with_imported
from thoughtrank.storage.imported_candidates import ImportedCandidates

_BYTES_PER_WEIGHT = 2
_UNKNOWN_CHECKPOINT = 12
"""Bytes per weight where the optimizer does not tell: float32 weights and two averages."""


@dataclass(frozen=True, slots=True)
class Components:
    """One made part per config group that names a class.

    Attributes:
        imported: candidates that round 1 ranks in place of its own.
    """

    model: Any
    questions: Any
    prefixes: Any
    engine: Any
    judge: Any
    ranker: Any
    selection: Any
    objective: Any
    optimizer: Any
    adapter: Any
    strategy: Any
    logger: Any
    imported: ImportedCandidates | None = None


def make_components(config: RunConfig) -> Components:
    """Import and make every part.

    Raises:
        UserError: the faults of all groups together.
    """
    made: dict[str, Any] = {}
    faults: list[str] = []
    for group in COMPONENT_GROUPS:
        try:
            made[group] = make_component(getattr(config, group), where=group)
        except UserError as error:
            faults.extend(error.faults)
    if faults:
        raise UserError(*faults)
    scorer = getattr(made["questions"], "scorer", None)
    if scorer is not None and hasattr(made["judge"], "scored_by"):
        made["judge"] = made["judge"].scored_by(scorer)
    imported = ImportedCandidates.at(config.candidates)
    made["questions"] = with_imported(made["questions"], imported)
    return Components(**made, imported=imported)


def preflight(config: RunConfig, parts: Components) -> None:
    """Check the parts, and how they fit together.

    Raises:
        UserError: every fault, one line each.
    """
    faults = find_faults(config, parts)
    if faults:
        raise UserError(*(fault for each in faults.values() for fault in each))


def find_faults(config: RunConfig, parts: Components) -> dict[str, list[str]]:
    """Every fault by the config group it belongs to, or by what it is about: ``disk``."""
    faults: dict[str, list[str]] = defaultdict(list)
    for group in COMPONENT_GROUPS:
        part = getattr(parts, group)
        if group == "questions":
            faults[group].extend(part.faults(rounds=config.rounds))
        elif hasattr(part, "faults"):
            faults[group].extend(part.faults())
    if not faults["questions"]:
        faults["questions"].extend([*_imported_faults(parts), *_reference_faults(parts)])
    faults["questions"].extend(_held_out_faults(parts))
    faults["prefixes"].extend(_first_choice_faults(parts))
    faults["generation"].extend(_context_faults(config, parts))
    faults["training"].extend(_batch_faults(config, parts))
    faults["training"].extend(_compile_faults(config))
    faults["training"].extend(
        training_faults(
            weights=config.training.weights,
            precision=config.training.precision,
            optimizer=parts.optimizer,
            adapter=parts.adapter,
            strategy=parts.strategy,
        )
    )
    faults["disk"].extend(_disk_faults(config, parts))
    return {about: each for about, each in faults.items() if each}


def _first_choice_faults(parts: Components) -> list[str]:
    if parts.engine.chooses_first_token or parts.prefixes.faults():
        return []
    if all(prefix.first_choice is None for prefix in parts.prefixes.prefixes()):
        return []
    return [
        "this engine cannot begin a thought with a chosen one of the model's likeliest tokens: choose engine=transformers, or "
        "prefixes that are texts"
    ]


def _held_out_faults(parts: Components) -> list[str]:
    if parts.questions.held_out < 1:
        return ["questions.held_out=0 leaves nothing to measure a round by: hold out at least one question"]
    return []


def _imported_faults(parts: Components) -> list[str]:
    if parts.imported is None:
        return []
    if not parts.questions.train(1):
        return [f"candidates={parts.imported.folder}: all of its questions are held out: lower questions.held_out"]
    if parts.questions.scorer is not None and parts.judge.needs_reference:
        return [
            "candidates: this question source scores answers to its own questions only: choose a judge that reads (judge=gpt4, "
            "judge=openai), or other questions"
        ]
    return []


def _batch_faults(config: RunConfig, parts: Components) -> list[str]:
    training = config.training
    processes = getattr(parts.strategy, "world_size", 1)
    if processes > 1 and training.batch_size % processes:
        return [
            f"training.batch_size={training.batch_size} is not a multiple of the {processes} training processes of "
            "strategy.devices and strategy.num_nodes: some would wait for the others in every step"
        ]
    share = training.batch_size // max(processes, 1)
    if training.micro_batch_size < share and share % training.micro_batch_size:
        each = f", of which each of {processes} processes has {share}," if processes > 1 else ""
        return [
            f"training.batch_size={training.batch_size}{each} is not a multiple of "
            f"training.micro_batch_size={training.micro_batch_size}: the last micro-batch of every step would be short"
        ]
    return []


def _compile_faults(config: RunConfig) -> list[str]:
    missing = missing_for_compiling() if config.training.compile else []
    return [f"training.compile=true needs {' and '.join(missing)}: install it, or leave it false"] if missing else []


def _reference_faults(parts: Components) -> list[str]:
    if not parts.judge.needs_reference:
        return []
    without = sum(question.answer is None for question in parts.questions.train(1))
    if without:
        return [
            f"this judge compares with a reference answer, but {without} of the first round's questions have none: "
            "give them an answer, or choose a judge that reads (judge=gpt4, judge=openai)"
        ]
    return []


def _context_faults(config: RunConfig, parts: Components) -> list[str]:
    context = parts.model.context_tokens()
    wanted = config.generation.thought_tokens + config.generation.answer_tokens
    if context is not None and wanted >= context:
        return [
            f"generation.thought_tokens + generation.answer_tokens = {wanted} leaves no room for a question in the model's "
            f"context of {context} tokens"
        ]
    return []


def disk_bytes(config: RunConfig, parts: Components) -> int | None:
    """Room the run's models take at most, in bytes: base, one per round, the export, and a checkpoint of training."""
    weights = parts.model.num_parameters()
    if weights is None:
        return None
    checkpoint = 0.0
    if config.training.checkpoint_minutes:
        kept = nominal_bytes(
            weights=config.training.weights,
            precision=config.training.precision,
            optimizer=parts.optimizer,
            strategy=parts.strategy,
        )
        checkpoint = (kept.checkpoint if kept else _UNKNOWN_CHECKPOINT) * weights
    return int(_BYTES_PER_WEIGHT * weights * (config.rounds + 2) + checkpoint)


def _disk_faults(config: RunConfig, parts: Components) -> list[str]:
    needed = disk_bytes(config, parts)
    folder = Path(config.cache_dir).absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if needed is not None and free < needed:
        return [
            f"the run may need {needed / 1e9:.1f} GB on the disk of cache_dir={config.cache_dir}, which has "
            f"{free / 1e9:.1f} GB free: make room, or point cache_dir and runs_dir elsewhere"
        ]
    return []
