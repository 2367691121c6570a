"""Everything that can be wrong with a run, found before a model loads and reported at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from thoughtrank.config.components import COMPONENT_GROUPS, Components, join, make_each
from thoughtrank.config.dry_run.disk_estimate import disk_faults
from thoughtrank.config.dry_run.judge_plan import win_rate_faults
from thoughtrank.config.folders import folder_faults
from thoughtrank.config.gain_faults import gain_faults, stop_after_faults
from thoughtrank.config.model_faults import local_model_faults
from thoughtrank.config.prefix_faults import earlier_question_faults, first_choice_faults
from thoughtrank.config.question_faults import export_faults, held_out_faults, question_faults
from thoughtrank.config.schema import RunConfig, fitting_part, load_config
from thoughtrank.config.training_memory import memory_faults
from thoughtrank.errors import UserError
from thoughtrank.evaluation.arms.registry import arm_faults
from thoughtrank.finetuning.compatibility import training_faults
from thoughtrank.finetuning.kernels.build_tools import missing_build_tools
from thoughtrank.user_input.value_faults import encoding_faults


def checked_config(values: Mapping[str, Any]) -> tuple[RunConfig, Components]:
    """The typed config and its components, from plain values.

    Raises:
        UserError: what does not fit the schema or a constructor, and everything else that can be found in the other parts.
    """
    unwritable = {key: encoding_faults({key: value}, where="") for key, value in values.items()}
    made, faults = _made({key: value for key, value in values.items() if not unwritable[key]})
    faults = [*(fault for each in unwritable.values() for fault in each), *faults]
    try:
        config = load_config(values)
    except UserError as error:
        faults = [*error.faults, *faults]
    if not faults:
        return config, join(made, candidates=config.candidates)
    raise UserError(*faults, *_other_faults(values, made=made))


def config_faults(values: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with plain values, one sentence each."""
    try:
        preflight(*checked_config(values))
    except UserError as error:
        return list(error.faults)
    return []


def _made(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    return make_each({group: values[group] for group in COMPONENT_GROUPS if isinstance(values.get(group), Mapping)})


def _other_faults(values: Mapping[str, Any], *, made: Mapping[str, Any]) -> list[str]:
    """What can be found although some parts of a config are faulty."""
    config, faulty = fitting_part(values)
    if "run" in faulty:
        # The folders can be checked without the name.
        config, faulty = config.model_copy(update={"run": None}), faulty - {"run"}
    faulty |= set(COMPONENT_GROUPS) - made.keys()
    components = join(made, candidates=None if "candidates" in faulty else config.candidates)
    return all_faults(config, components, faulty=faulty)


def preflight(
    config: RunConfig, components: Components, *, finished: bool = False, more_faults: Sequence[str] = ()
) -> None:
    """Check the components, and how they fit together.

    Args:
        config: the config.
        components: made from it.
        finished: nothing will be written, because the run has finished.
        more_faults: found elsewhere, to be raised together with these.

    Raises:
        UserError: every fault, one line each.
    """
    faults = find_faults(config, components)
    if finished:
        for about in ("folders", "memory"):
            faults.pop(about, None)
    if faults or more_faults:
        raise UserError(*(fault for each in faults.values() for fault in each), *more_faults)


def all_faults(config: RunConfig, components: Components, *, faulty: frozenset[str] = frozenset()) -> list[str]:
    """``find_faults`` as one list."""
    return [fault for each in find_faults(config, components, faulty=faulty).values() for fault in each]


def find_faults(
    config: RunConfig, components: Components, *, faulty: frozenset[str] = frozenset()
) -> dict[str, list[str]]:
    """Every fault by the config group it belongs to, or by what it is about: ``folders``, ``disk``, ``memory``.

    Args:
        config: the config.
        components: made from it.
        faulty: config keys that cannot be read, and groups whose component could not be made; what needs them is not checked.
    """
    faults = _component_faults(config, components, faulty=faulty)
    for check in _CHECKS:
        if not check.is_blocked(faulty) and not (check.unless_faulty and faults.get(check.unless_faulty)):
            faults[check.about] = [*faults.get(check.about, []), *check.faults(config, components)]
    return {about: each for about, each in faults.items() if each}


@dataclass(frozen=True, kw_only=True)
class _Check:
    """A check of how parts of a config fit together.

    Attributes:
        about: the config group its faults belong to.
        needs: config keys, or groups, that it reads.
        faults: the check.
        unless_faulty: it is left out if there are faults about this.
    """

    about: str
    needs: tuple[str, ...]
    faults: Callable[[RunConfig, Components], list[str]]
    unless_faulty: str | None = None

    def is_blocked(self, faulty: frozenset[str]) -> bool:
        """Whether something that it reads is faulty."""
        return any(need in faulty or need.partition(".")[0] in faulty for need in self.needs)


def _component_faults(config: RunConfig, components: Components, *, faulty: frozenset[str]) -> dict[str, list[str]]:
    """What each component reports about itself, by its group."""
    faults = {}
    for group in COMPONENT_GROUPS:
        if group in faulty or (group == "questions" and "rounds" in faulty):
            continue
        reports = getattr(components, group).faults
        faults[group] = _reported(
            partial(reports, rounds=config.rounds) if group == "questions" else reports, group=group
        )
    return faults


def _reported(faults: Callable[[], list[str]], *, group: str) -> list[str]:
    """What a component reports. A file that it cannot read is a fault too, so that the others are still reported."""
    try:
        return faults()
    except OSError as error:
        return [f"{group}: {error.filename or 'a file'} cannot be read ({error.strerror}): choose another path"]


def _batch_faults(config: RunConfig, components: Components) -> list[str]:
    training, processes = config.training, components.strategy.world_size
    if processes > 1 and training.batch_size % processes:
        return [
            f"training.batch_size={training.batch_size} is not a multiple of the {processes} training processes of "
            "strategy.devices and strategy.num_nodes: some would wait for the others in every step"
        ]
    per_process = training.batch_size // max(processes, 1)
    if training.micro_batch_tokens is not None:
        return []  # micro-batches of a step are about equally long, whatever their number
    if training.micro_batch_size < per_process and per_process % training.micro_batch_size:
        each = f", {per_process} on each of {processes} processes," if processes > 1 else ""
        return [
            f"training.batch_size={training.batch_size}{each} is not a multiple of "
            f"training.micro_batch_size={training.micro_batch_size}: the last micro-batch of every step would be short"
        ]
    return []


def _compile_faults(config: RunConfig, components: Components) -> list[str]:
    missing = missing_build_tools() if config.training.compile else []
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


def _model_faults(config: RunConfig, components: Components) -> list[str]:
    models = config.generation.models
    return [] if len(set(models)) == len(models) else [f"generation.models={models} names a model twice: name it once"]


def _training_faults(config: RunConfig, components: Components) -> list[str]:
    return training_faults(
        weights=config.training.weights,
        precision=config.training.precision,
        optimizer=components.optimizer,
        adapter=components.adapter,
        strategy=components.strategy,
    )


def _folder_faults(config: RunConfig, components: Components) -> list[str]:
    return folder_faults(config)


_BATCH_KEYS = ("training.batch_size", "training.micro_batch_size", "training.micro_batch_tokens")
_MEMORY_KEYS = ("training.weights", "training.precision")
_CHECKS = (
    _Check(
        about="questions",
        needs=("questions", "judge", "candidates", "rounds"),
        faults=lambda config, components: question_faults(components),
        unless_faulty="questions",
    ),
    _Check(about="questions", needs=("questions",), faults=lambda config, components: held_out_faults(components)),
    _Check(
        about="prefixes",
        needs=("prefixes", "engine"),
        faults=lambda config, components: first_choice_faults(components),
        unless_faulty="prefixes",
    ),
    _Check(
        about="prefixes",
        needs=("prefixes", "questions"),
        faults=lambda config, components: earlier_question_faults(components),
        unless_faulty="questions",
    ),
    _Check(about="selection", needs=("selection", "engine"), faults=gain_faults),
    _Check(about="stop_after", needs=("stop_after", "selection", "engine"), faults=stop_after_faults),
    _Check(
        about="evaluation",
        needs=("evaluation.arms",),
        faults=lambda config, components: arm_faults(config.evaluation.arms),
    ),
    _Check(about="evaluation", needs=("evaluation.win_rates", "judge"), faults=win_rate_faults),
    _Check(about="export", needs=("export.which", "questions"), faults=export_faults, unless_faulty="questions"),
    _Check(
        about="generation",
        needs=("generation.thought_tokens", "generation.answer_tokens", "model"),
        faults=_context_faults,
    ),
    _Check(about="generation", needs=("generation.models",), faults=_model_faults),
    _Check(about="training", needs=(*_BATCH_KEYS, "strategy"), faults=_batch_faults),
    _Check(
        about="model",
        needs=("model", "engine", "adapter", "training.packing", "training.gradient_checkpointing"),
        faults=local_model_faults,
        unless_faulty="model",
    ),
    _Check(about="training", needs=("training.compile",), faults=_compile_faults),
    _Check(about="training", needs=(*_MEMORY_KEYS, "optimizer", "adapter", "strategy"), faults=_training_faults),
    _Check(
        about="memory",
        needs=(
            *("model", "optimizer", "adapter", "strategy", "stop_after", *_MEMORY_KEYS, *_BATCH_KEYS),
            *("generation.thought_tokens", "generation.answer_tokens"),
            *("training.packing", "training.compile", "training.gradient_checkpointing"),
        ),
        faults=memory_faults,
        unless_faulty="training",
    ),
    _Check(about="folders", needs=("run", "runs_dir", "cache_dir"), faults=_folder_faults),
    _Check(
        about="disk",
        needs=(
            *("run", "runs_dir", "cache_dir", "rounds", "keep", "controls", "model", "optimizer", "strategy"),
            *(*_MEMORY_KEYS, "training.checkpoint_minutes"),
        ),
        faults=disk_faults,
        unless_faulty="folders",
    ),
)
