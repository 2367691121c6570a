"""Which keys of a config decide a run's results: its default name, and whether an attempt may resume it."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from thoughtrank.config.schema import RunConfig, TrainingConfig
from thoughtrank.instantiate import current_target, operational_keys

_NAMED_GROUPS = ("model", "questions", "prefixes", "judge", "selection", "optimizer")
"""Groups whose choice is part of the default name of a run."""


def deciding_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The config as flat ``group.key`` entries, without those that cannot change results."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if key in RunConfig.operational:
            continue
        if isinstance(value, Mapping):
            operational = TrainingConfig.operational if key == "training" else operational_keys(value)
            flat.update({f"{key}.{inner}": each for inner, each in value.items() if inner not in operational})
            if "_target_" in value:
                flat[f"{key}._target_"] = current_target(str(value["_target_"]))
        else:
            flat[key] = value
    return {key: flat[key] for key in sorted(flat)}


def default_run_name(values: Mapping[str, Any], choices: Mapping[str, str]) -> str:
    """A slug of the chosen groups and six hex digits of the config, so that the same command means the same run.

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
