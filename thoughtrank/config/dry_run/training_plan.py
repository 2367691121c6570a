"""The training in the plan of a run: what is trained on, in which arithmetic, and the bytes of a parameter."""

from dataclasses import replace

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.number_text import bytes_text, count
from thoughtrank.config.schema import RunConfig
from thoughtrank.config.training_memory import settings_here, training_parts
from thoughtrank.finetuning.memory.setup import likely_precision
from thoughtrank.finetuning.parameter_memory import nominal_bytes


def training_lines(config: RunConfig, components: Components, *, weights: int | None) -> list[str]:
    """The two lines of the plan.

    Args:
        config: of the run.
        components: made from it.
        weights: of the model; None if unknown.
    """
    return [
        f"  training    {_examples_text(config, components)}",
        f"              {_parameter_text(config, components, weights=weights)}",
    ]


def _examples_text(config: RunConfig, components: Components) -> str:
    training = config.training
    examples = "all rounds so far" if training.examples == "all" else "the round"
    at_least = f" and at least {count(training.min_steps, 'step')}" if training.min_steps else ""
    start = "previous round" if training.start == "previous" else "base model"
    return (
        f"{count(training.epochs, 'epoch')} over the examples of {examples}, {training.batch_size} per step{at_least}, "
        f"from the {start}; precision {_precision_text(config, components)}"
    )


def _precision_text(config: RunConfig, components: Components) -> str:
    """The setting, and what ``auto`` is on this machine where that is known without torch."""
    given = config.training.precision
    likely = likely_precision(components.strategy, precision=given, weights=config.training.weights)
    return f"auto ({likely} here)" if given == "auto" and likely else given


def _parameter_text(config: RunConfig, components: Components, *, weights: int | None) -> str:
    setting = config.training.weights
    shape, generation = components.model.decoder_shape(), config.generation
    chosen = settings_here(config.training, shape=shape, generation=generation, components=components)
    parts = training_parts(config.training, generation=generation, components=components)
    accumulates = replace(parts, micro_batch_tokens=chosen.micro_batch_tokens).accumulates
    memory = nominal_bytes(
        weights=setting,
        precision=config.training.precision,
        optimizer=components.optimizer,
        strategy=components.strategy,
        accumulates=accumulates and not components.adapter.freezes_model,
    )
    if memory is None:
        return f"{setting} weights; the size of the optimizer's state is unknown"
    if components.adapter.freezes_model:
        return f"adapter {components.adapter.name}: frozen weights, and {setting} ones of {memory.text()}"
    total = f", {bytes_text(memory.total * weights, decimals=2)} before activations" if weights else ""
    return f"{setting} weights, {components.optimizer.name}: {memory.text()}{total}"
