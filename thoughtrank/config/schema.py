"""The typed schema of ``conf/``. Imports nothing heavy: a config error takes a second, not ten.

Groups whose parts are chosen by ``_target_`` stay plain mappings here; ``parts.py`` checks them against the constructor of
the class they name.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)

from thoughtrank.errors import UserError
from thoughtrank.finetuning.weight_formats import Weights
from thoughtrank.instantiate import validation_faults

COMPONENT_GROUPS = (
    "model",
    "questions",
    "prefixes",
    "engine",
    "judge",
    "ranker",
    "selection",
    "objective",
    "optimizer",
    "adapter",
    "strategy",
    "logger",
)
_NAMED_GROUPS = ("model", "questions", "prefixes", "judge", "selection", "optimizer")
"""Groups whose choice stands in the default name of a run."""
_FREE_KEYS = (
    "run",
    "rounds",
    "runs_dir",
    "cache_dir",
    "keep",
    "stop_after",
    "dry_run",
    "logger",
    "export",
    "judge.concurrency",
    "judge.timeout_seconds",
    "judge.max_retries",
    "judge.api_key_env",
    "judge.price_per_million",
    "engine.base_urls",
    "engine.api_key_env",
    "engine.load_command",
    "engine.python",
    "engine.data_parallel",
    "engine.prefix_caching",
    "engine.context_tokens",
    "engine.start_minutes",
    "engine.concurrency",
    "engine.timeout_seconds",
    "engine.max_retries",
    "engine.probe_candidates",
    "judge.budget",
    "judge.requests_per_minute",
    "judge.tokens_per_minute",
    "judge.audit_share",
    "training.checkpoint_minutes",
    "training.log_every",
)
"""Keys that may change between two attempts at one run: they decide no table."""
STAGES = ("generation", "ranking", "selection", "training")


class _Schema(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class GenerationConfig(_Schema):
    """Limits per candidate, in tokens."""

    thought_tokens: PositiveInt
    answer_tokens: PositiveInt
    min_answer_tokens: NonNegativeInt


class TrainingConfig(_Schema):
    """One round of training; see ``conf/training/default.yaml`` for units and scopes."""

    start: Literal["previous", "base"]
    examples: Literal["all", "round"]
    weights: Weights
    epochs: PositiveInt
    min_steps: NonNegativeInt
    batch_size: PositiveInt
    micro_batch_size: PositiveInt
    shuffle: Literal["examples", "questions"]
    packing: bool
    gradient_checkpointing: bool
    compile: bool
    max_gradient_norm: PositiveFloat
    precision: Literal["auto", "32-true", "bf16-mixed"]
    checkpoint_minutes: NonNegativeFloat
    log_every: PositiveInt


class EvaluationConfig(_Schema):
    """How held-out questions are asked."""

    reply_tokens: PositiveInt | None


class ExportConfig(_Schema):
    """What is released."""

    which: Literal["last", "best"]
    name: str


class RunConfig(_Schema):
    """Everything ``python train.py`` was told."""

    run: str | None
    rounds: PositiveInt
    seed: int
    stop_after: Literal["generation", "ranking", "selection", "training"] | None
    keep: Literal["all", "last", "none"]
    runs_dir: str
    cache_dir: str
    dry_run: bool
    candidates: str | None = None
    model: dict[str, Any]
    questions: dict[str, Any]
    prefixes: dict[str, Any]
    generation: GenerationConfig
    engine: dict[str, Any]
    judge: dict[str, Any]
    ranker: dict[str, Any]
    selection: dict[str, Any]
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    adapter: dict[str, Any]
    training: TrainingConfig
    strategy: dict[str, Any]
    evaluation: EvaluationConfig
    export: ExportConfig
    logger: dict[str, Any]

    @property
    def reply_tokens(self) -> int:
        """Most tokens of a reply in evaluation."""
        both = self.generation.thought_tokens + self.generation.answer_tokens
        return self.evaluation.reply_tokens or both


def load_config(values: Mapping[str, Any]) -> RunConfig:
    """Check plain values against the schema.

    Raises:
        UserError: all faults together, one line each.
    """
    try:
        return RunConfig.model_validate(values)
    except ValidationError as error:
        raise UserError(*validation_faults(error, where="")) from error


def deciding_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The config as flat ``group.key`` entries, without those that decide no table."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat.update({f"{key}.{inner}": each for inner, each in value.items()})
        else:
            flat[key] = value
    return {key: flat[key] for key in sorted(flat) if key not in _FREE_KEYS and key.partition(".")[0] not in _FREE_KEYS}


def default_run_name(values: Mapping[str, Any], choices: Mapping[str, str]) -> str:
    """A slug of the chosen groups and six hex digits of the config: the same command means the same run.

    Args:
        values: the composed config.
        choices: config group to the name of the chosen file.
    """
    slug = "-".join(str(choices[group]) for group in _NAMED_GROUPS if group in choices)
    digest = hashlib.sha256(json.dumps(deciding_values(values), sort_keys=True).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', slug)}-{digest[:6]}"


def config_differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """One line per deciding key that differs between two configs."""
    old, new = deciding_values(before), deciding_values(now)
    keys = sorted({*old, *new})
    return [f"{key} was {old.get(key)!r}, is {new.get(key)!r}" for key in keys if old.get(key) != new.get(key)]
