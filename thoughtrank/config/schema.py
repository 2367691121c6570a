"""The typed schema of ``conf/``. Imports nothing heavy, so a config error takes a second.

Groups whose components are chosen by ``_target_`` stay plain mappings here; ``instantiate.py`` checks them against the
constructor of the class they name.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from thoughtrank.controls.choices import ControlName
from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.judged_comparisons import WinRateQuestions
from thoughtrank.finetuning.weight_formats import Weights
from thoughtrank.storage.run_names import run_name_fault
from thoughtrank.user_input.number_ranges import Seed
from thoughtrank.user_input.user_paths import user_path
from thoughtrank.user_input.value_faults import number_faults, type_faults, unknown_key_fault

WITHOUT_PACKAGE = "the first line of the file is missing: # @package _global_"
_EXPERIMENT_FAULTS = {unknown_key_fault("experiment"): f"experiment: {WITHOUT_PACKAGE}"}
"""Only an experiment file without its package line ends up under this key."""


class _Schema(BaseModel):
    """Unknown keys and values of another type are faults.

    Attributes:
        operational: keys that cannot change results; see ``instantiate.Component``.
    """

    operational: ClassVar[frozenset[str]] = frozenset()
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)


class GenerationConfig(_Schema):
    """Limits per candidate, in tokens, and which models generate."""

    thought_tokens: PositiveInt
    answer_tokens: PositiveInt
    min_answer_tokens: NonNegativeInt
    models: Annotated[list[Literal["base", "previous"]], Field(min_length=1, max_length=2)] = ["previous"]

    @property
    def limits(self) -> dict[str, int]:
        """The limits by name, as ``Limits`` has them."""
        return self.model_dump(exclude={"models"})


class TrainingConfig(_Schema):
    """One round of training; see ``conf/training/default.yaml`` for units and scopes."""

    operational: ClassVar[frozenset[str]] = frozenset({"checkpoint_minutes", "log_every"})

    start: Literal["previous", "base"]
    examples: Literal["all", "round"]
    weights: Weights
    epochs: PositiveInt
    min_steps: NonNegativeInt
    batch_size: PositiveInt
    micro_batch_size: PositiveInt
    micro_batch_tokens: PositiveInt | Literal["auto"] | None = None  # stored configs of earlier versions lack it
    shuffle: Literal["examples", "questions"]
    packing: bool
    gradient_checkpointing: bool | Literal["auto"]
    compile: bool
    max_gradient_norm: PositiveFloat
    precision: Literal["auto", "32-true", "bf16-mixed"]
    checkpoint_minutes: NonNegativeFloat
    log_every: PositiveInt

    def job_settings(self, *, operational: bool) -> dict[str, Any]:
        """The keys that a training job has too: the operational ones, or those that can change the result.

        A limit of tokens that is not set is left out, so that trainings of earlier versions are found again.
        """
        settings = self.model_dump(exclude={"start", "examples"}, exclude_none=True)
        return {key: value for key, value in settings.items() if (key in self.operational) is operational}


class EvaluationConfig(_Schema):
    """How held-out questions are asked.

    The defaults are for the stored configs of runs that were made before there was a choice.
    """

    operational: ClassVar[frozenset[str]] = frozenset({"win_rates"})

    arms: list[ArmName] = ["thought", "room_to_reason"]
    reply_tokens: PositiveInt | None
    answer_tokens: PositiveInt = 12
    temperature: PositiveFloat = 0.7
    win_rates: WinRateQuestions = "none"


class ExportConfig(_Schema):
    """What is released."""

    which: Literal["last", "best"]
    name: str


def _possible_run_name(name: str) -> str:
    if fault := run_name_fault(name):
        raise PydanticCustomError("run_name", "{fault}", {"fault": fault})
    return name


class RunConfig(_Schema):
    """The whole config of a run."""

    operational: ClassVar[frozenset[str]] = frozenset(
        {"run", "rounds", "runs_dir", "cache_dir", "keep", "stop_after", "dry_run", "logger", "export", "controls"}
        | {"dollars_per_hour"}
    )

    run: Annotated[str, AfterValidator(_possible_run_name)] | None
    rounds: PositiveInt
    seed: Seed
    stop_after: Literal["generation", "ranking", "gains", "selection", "training"] | None
    keep: Literal["all", "last", "none"]
    runs_dir: str
    cache_dir: str
    dry_run: bool
    dollars_per_hour: NonNegativeFloat | None = None
    candidates: str | None = None
    controls: list[ControlName] = []
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
    def runs_folder(self) -> Path:
        """``runs_dir`` as a path."""
        return user_path(self.runs_dir)

    @property
    def cache_folder(self) -> Path:
        """``cache_dir`` as a path."""
        return user_path(self.cache_dir)

    @property
    def reply_tokens(self) -> int:
        """Most tokens of a reply in evaluation."""
        both = self.generation.thought_tokens + self.generation.answer_tokens
        return self.evaluation.reply_tokens or both

    def training_specs(self) -> dict[str, dict[str, Any]]:
        """The components that the training process makes itself, as it reads them."""
        return {
            "objective": self.objective,
            "optimizer": self.optimizer,
            "adapter": self.adapter,
            "strategy": self.strategy,
        }


def required_keys() -> frozenset[str]:
    """Keys and groups that every config has; an override such as ``~judge`` or ``judge=null`` deletes one."""
    return frozenset(name for name, field in RunConfig.model_fields.items() if field.is_required())


def load_config(values: Mapping[str, Any]) -> RunConfig:
    """Check plain values against the schema.

    Raises:
        UserError: all faults together, one line each.
    """
    try:
        config = RunConfig.model_validate(values)
    except ValidationError as error:
        faults = type_faults(error, values, where="")
        raise UserError(*(_EXPERIMENT_FAULTS.get(fault, fault) for fault in faults)) from error
    # Those of the components are checked when these are made.
    own = {key: value for key, value in config.model_dump().items() if not _names_component(value)}
    if faults := number_faults(own, where=""):
        raise UserError(*faults)
    return config


class PartialConfig(NamedTuple):
    """The keys of a config that fit the schema, for checks that need only some of them.

    Attributes:
        config: without the faulty keys; reading one of them raises ``AttributeError``.
        faulty: keys that do not fit, such as ``rounds`` and ``training.epochs``.
    """

    config: RunConfig
    faulty: frozenset[str]


_SchemaT = TypeVar("_SchemaT", bound=_Schema)


def fitting_part(values: Mapping[str, Any]) -> PartialConfig:
    """The part of plain values that fits the schema."""
    config, faulty = _fitting_part(RunConfig, values, where="")
    return PartialConfig(config, frozenset(faulty))


def _fitting_part(schema: type[_SchemaT], values: Mapping[str, Any], *, where: str) -> tuple[_SchemaT, set[str]]:
    fitting: dict[str, Any] = {}
    faulty = set()
    for name, field in schema.model_fields.items():
        value, kind = values.get(name, field.default), field.annotation
        if inspect.isclass(kind) and issubclass(kind, _Schema) and isinstance(value, Mapping):
            fitting[name], inner = _fitting_part(kind, value, where=f"{name}.")
            faulty |= inner
            continue
        try:
            typed: Any = Annotated[kind, *field.metadata, None]
            fitting[name] = TypeAdapter(typed).validate_python(value)
        except ValidationError:
            faulty.add(f"{where}{name}")
        else:
            if not _names_component(value) and number_faults(value, where=name):
                del fitting[name]
                faulty.add(f"{where}{name}")
    return schema.model_construct(**fitting), faulty


def _names_component(value: object) -> bool:
    return isinstance(value, Mapping) and "_target_" in value
