"""Disk space that a run's models need at most."""

import shutil
from pathlib import Path

from thoughtrank.config.components import Components
from thoughtrank.config.dry_run.number_text import bytes_text
from thoughtrank.config.schema import RunConfig
from thoughtrank.controls.choices import chosen_controls
from thoughtrank.controls.protocol import CandidatesControl
from thoughtrank.finetuning.parameter_memory import nominal_bytes

_BYTES_PER_WEIGHT = 2
"""Model folders hold bf16 weights."""
_UNKNOWN_CHECKPOINT = 12
"""Bytes per weight if the optimizer does not report its state: float32 weights and two averages."""


def disk_bytes(config: RunConfig, components: Components) -> int | None:
    """Base model, a model per round and control, the export, and a training checkpoint, in the cache; None while the size is
    unknown."""
    weights = components.model.num_parameters()
    if weights is None:
        return None
    checkpoint = 0.0
    if config.training.checkpoint_minutes:
        per_weight = nominal_bytes(
            weights=config.training.weights,
            precision=config.training.precision,
            optimizer=components.optimizer,
            strategy=components.strategy,
        )
        checkpoint = (per_weight.checkpoint if per_weight else _UNKNOWN_CHECKPOINT) * weights
    return int(_BYTES_PER_WEIGHT * weights * (config.rounds + control_models(config) + 2) + checkpoint)


def control_models(config: RunConfig) -> int:
    """Most models of training controls that exist at a time: all of them, or those of one control unless all are kept."""
    models = [
        config.rounds if config.training.start == "previous" or isinstance(each, CandidatesControl) else 1
        for each in chosen_controls(config.controls)
    ]
    return sum(models) if config.keep == "all" else max(models, default=0)


def disk_faults(config: RunConfig, components: Components) -> list[str]:
    """Whether the disk of ``cache_dir`` has that much free, and that of ``runs_dir`` room for what is copied to it."""
    needed = disk_bytes(config, components)
    weights = components.model.num_parameters()
    if needed is None or weights is None:
        return []
    faults = _free_faults("cache_dir", config.cache_dir, folder=config.cache_folder, needed=needed)
    cache, runs = map(_existing_parent, (config.cache_folder, config.runs_folder))
    if cache.stat().st_dev != runs.stat().st_dev:
        # On one disk these are links. Weights that keep= does not want are deleted only when the run has finished.
        copies = _BYTES_PER_WEIGHT * weights * (config.rounds + control_models(config) + 1)
        faults += _free_faults("runs_dir", config.runs_dir, folder=config.runs_folder, needed=copies)
    return faults


def _free_faults(key: str, value: str, *, folder: Path, needed: int) -> list[str]:
    free = shutil.disk_usage(_existing_parent(folder)).free
    if free >= needed:
        return []
    return [
        f"the run may need {bytes_text(needed)} on the disk of {key}={value}, which has {bytes_text(free)} free: make room, "
        "or point cache_dir and runs_dir elsewhere"
    ]


def _existing_parent(folder: Path) -> Path:
    """``folder``, or the closest of its parents that exists."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder
