"""The lines of the plan about the memory of devices: for generation, for training, and on which cards training fits."""

from dataclasses import replace

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.memory_estimate import training_gigabytes
from thoughtrank.config.dry_run.number_text import bytes_text, count
from thoughtrank.config.schema import RunConfig, TrainingConfig
from thoughtrank.config.training_memory import device_memory, settings_here, training_parts
from thoughtrank.finetuning.memory.alternatives import fitting
from thoughtrank.finetuning.memory.cards import card_fit
from thoughtrank.finetuning.memory.peak import peak_memory
from thoughtrank.finetuning.memory.setup import TrainingParts, likely_device, training_setup
from thoughtrank.models.decoder_shape import DecoderShape

_SMALLEST_CARD = 24


def memory_lines(config: RunConfig, components: Components, *, weights: int | None, prefixes: int) -> list[str]:
    """Memory per device, if the model's size is known."""
    if weights is None:
        return []
    lines = _generation_lines(config, components, weights=weights, prefixes=prefixes)
    shape = components.model.decoder_shape()
    training = None if shape is None else _training_lines(config, components, shape=shape)
    lines += training or [_states_line(components, weights=weights)]
    return [f"  {'      ' if index else 'memory'}      {line}" for index, line in enumerate(lines)]


def _generation_lines(config: RunConfig, components: Components, *, weights: int, prefixes: int) -> list[str]:
    engine, per_token = components.engine, components.model.kv_cache_bytes_per_token()
    if per_token is None:
        return []
    generation = engine.memory_estimate(
        parameters=weights,
        kv_cache_bytes_per_token=per_token,
        branches=engine.questions_estimate() * prefixes,
        tokens=config.generation.thought_tokens + config.generation.answer_tokens,
    )
    if generation is None:
        return []
    most, groups = generation.kv_cache, generation.groups
    cache = "all memory that is left for" if most is None else f"at most {bytes_text(groups * most)} of"
    branches = f"{engine.questions_estimate()} x {prefixes} branches"
    return [
        f"generation: {bytes_text(generation.weights)} of weights and {cache} keys and values "
        f"({branches if groups == 1 else f'{groups} groups of {branches}'})"
    ]


def _states_line(components: Components, *, weights: int) -> str:
    """What is known without the sizes of the layers."""
    processes = components.strategy.world_size
    devices = processes if processes > 1 else 8
    sizes = training_gigabytes(parameters=weights, devices=devices)
    each = ", ".join(f"{strategy} {size:.1f}" for strategy, size in sizes.items())
    return f"training with Adam, GB per device before activations: {each} (ZeRO over {devices} devices)"


def _training_lines(config: RunConfig, components: Components, *, shape: DecoderShape) -> list[str] | None:
    """None where a component does not state its sizes."""
    parts = training_parts(config.training, generation=config.generation, components=components)
    device = likely_device(components.strategy)
    chosen = settings_here(config.training, shape=shape, generation=config.generation, components=components)
    limited = replace(parts, micro_batch_tokens=chosen.micro_batch_tokens)
    most = {}
    for checkpointing in (False, True):
        setup = training_setup(limited, shape=shape, device=device, checkpointing=checkpointing)
        if setup is None:
            return None
        found = peak_memory(setup)
        main = f" (and {bytes_text(found.main)} of main memory)" if found.main else ""
        most[checkpointing] = f"{bytes_text(found.peak)}{main}"
    choice = f"gradient checkpointing is {'on' if chosen.gradient_checkpointing else 'off'}"
    if device == "cuda":
        choice = _choice_on_cuda(config.training, choice, memory=device_memory(components.strategy))
    return [
        f"training on {device}: at most {most[False]} per device without gradient checkpointing and {most[True]} with it, "
        f"at {count(limited.tokens, 'token')} per micro-batch; {choice}",
        *_fit_lines(parts, shape=shape),
    ]


def _choice_on_cuda(training: TrainingConfig, choice: str, *, memory: int | None) -> str:
    """What ``auto`` chooses for this device, or that another device has to choose."""
    automatic = training.gradient_checkpointing == "auto", training.micro_batch_tokens == "auto"
    if not any(automatic):
        return choice
    later = memory is None
    texts = {
        (True, True): "both are" if later else f"{choice}, both",
        (True, False): "gradient checkpointing is" if later else f"{choice},",
        (False, True): f"{choice}, and the size of micro-batches is",
    }
    where = "on the CUDA device that trains" if memory is None else f"for this device of {memory / 1e9:.0f} GB"
    return f"{texts[automatic]} chosen {where}"


def _fit_lines(parts: TrainingParts, *, shape: DecoderShape) -> list[str]:
    """What fits on which card; nothing for a model so small that the config fits on each."""
    small = card_fit(parts, shape=shape, memory=1e9 * _SMALLEST_CARD)
    if small is not None and not small.checkpointing and small.enough:
        return []
    automatic = parts.micro_batch_tokens == "auto"
    texts = []
    for card, found in fitting(parts, shape=shape).items():
        if found is None:
            texts.append(f"{card} GB: nothing of this")
            continue
        way, fit = found
        tokens = f", {fit.tokens:,} tokens" if automatic else ""
        texts.append(f"{card} GB: {way.name}{' with gradient checkpointing' if fit.checkpointing else ''}{tokens}")
    return [f"what fits on a card{', and the micro-batch that auto chooses' if automatic else ''}: {'; '.join(texts)}"]
