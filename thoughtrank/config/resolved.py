"""What ``auto`` means for one run: decided on the machine that starts it, stored in its folder, and used wherever it resumes.

So a run that was started on a processor with bfloat16 instructions keeps its fingerprints on one without.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import yaml

from thoughtrank.config.components import Components
from thoughtrank.config.schema import RunConfig
from thoughtrank.errors import UserError
from thoughtrank.finetuning.weight_formats import Precision
from thoughtrank.instantiate import find_target
from thoughtrank.models.hardware import has_device
from thoughtrank.storage.files import write_text

Resolved = Mapping[str, Mapping[str, str | int]]
"""Config group to keys with what they resolve to."""

AUTO = "auto"
_DEVICE_KEYS = (("engine", "device"), ("strategy", "accelerator"))


def resolve(config: RunConfig, components: Components) -> dict[str, dict[str, str | int]]:
    """What the settings that depend on the machine resolve to on this one (imports torch)."""
    training, strategy = config.training, components.strategy
    resolved: dict[str, dict[str, str | int]] = {
        "engine": components.engine.resolved(),
        "strategy": strategy.resolved(),
        "training": {},
    }
    precision = strategy.resolve_precision(training.precision, weights=training.weights)
    # Other weights, and strategies with formats of their own, resolve alike on every machine.
    if training.weights == "fp32_master" and precision in get_args(Precision):
        resolved["training"]["precision"] = precision
    return {group: settings for group, settings in resolved.items() if settings}


def with_resolved(values: Mapping[str, Any], resolved: Resolved) -> dict[str, Any]:
    """A config with the resolved settings in place of ``auto``; settings that are given stay.

    Args:
        values: the config that the run was started with.
        resolved: as stored.
    """
    used = dict(values)
    for group, settings in resolved.items():
        given = values[group]
        used[group] = {**given, **{key: each for key, each in settings.items() if _is_auto(given, key, group=group)}}
    return used


def _is_auto(given: Mapping[str, Any], key: str, *, group: str) -> bool:
    """Whether a setting is ``auto``, or is left out and the component's constructor takes it."""
    if key in given:
        return bool(given[key] == AUTO)
    return "_target_" in given and key in inspect.signature(find_target(given["_target_"], where=group)).parameters


def missing_devices(values: Mapping[str, Any], resolved: Resolved, *, run: str) -> list[str]:
    """Why this machine cannot resume a run that has found its devices on another one, one sentence each."""
    faults = []
    for group, key in _DEVICE_KEYS:
        kind = str(resolved.get(group, {}).get(key, "cpu"))
        if _is_auto(values[group], key, group=group) and not has_device(kind):
            faults.append(
                f"run {run} was started with {group}.{key}={kind}, and this machine has none: resume it where there is one, or "
                "choose another run="
            )
    return faults


def write_resolved(path: Path, resolved: Resolved) -> None:
    """Store the settings, atomically."""
    text = yaml.safe_dump({group: dict(settings) for group, settings in resolved.items()}, sort_keys=False)
    write_text(path, f"# What the settings that depend on the machine meant where this run was started.\n{text}")


def read_resolved(path: Path) -> dict[str, dict[str, str | int]]:
    """The stored settings; none where the run has not been started.

    Raises:
        UserError: the file is damaged.
    """
    if not path.exists():
        return {}
    try:
        stored = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        stored = None
    if not isinstance(stored, dict) or not all(isinstance(each, dict) for each in stored.values()):
        raise UserError(f"{path} is damaged: restore it, or choose another run=")
    return stored
