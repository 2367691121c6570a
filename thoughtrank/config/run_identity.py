"""Which keys of a config decide a run's results: its default name, and whether an attempt may resume it."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from thoughtrank.config.schema import EvaluationConfig, RunConfig, TrainingConfig
from thoughtrank.instantiate import current_target, operational_keys
from thoughtrank.output.redaction import without_secrets

_NAMED_GROUPS = ("model", "questions", "prefixes", "judge", "selection", "optimizer")
"""Groups whose choice is part of the default name of a run."""

_LONGEST_MODEL = 60
"""Characters of a model's own name in the name of a run."""

_TARGET = "._target_"

_OPERATIONAL = {"training": TrainingConfig.operational, "evaluation": EvaluationConfig.operational}
"""Operational keys of the groups that are no components."""


def operational_config_keys(values: Mapping[str, Any], *, trusted: frozenset[str] | None = None) -> frozenset[str]:
    """Keys that cannot change results, as they are typed on the command line; a whole group by its name.

    Args:
        values: a config.
        trusted: targets that may be imported besides this package's; None for all.
    """
    keys = set(RunConfig.operational)
    for group, value in values.items():
        if isinstance(value, Mapping) and _may_import(value, trusted=trusted):
            inner = _OPERATIONAL[group] if group in _OPERATIONAL else operational_keys(value)
            keys.update(f"{group}.{key}" for key in inner)
    return frozenset(keys)


def _may_import(spec: Mapping[str, Any], *, trusted: frozenset[str] | None) -> bool:
    name = current_target(str(spec.get("_target_", "")))
    return trusted is None or name in trusted or name.startswith("thoughtrank.") or not name


def _targets(values: Mapping[str, Any]) -> frozenset[str]:
    specs = [each for each in values.values() if isinstance(each, Mapping) and "_target_" in each]
    return frozenset(current_target(str(spec["_target_"])) for spec in specs)


def deciding_values(values: Mapping[str, Any], *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A config as flat ``group.key`` entries, sorted, without secrets and without the keys ``without``."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        value = without_secrets(value)
        inner = {f"{key}.{name}": each for name, each in value.items()} if isinstance(value, Mapping) else {key: value}
        flat.update({name: each for name, each in inner.items() if not {key, name} & without})
    for name in flat:
        if name.endswith(_TARGET):
            flat[name] = current_target(str(flat[name]))
    return {key: flat[key] for key in sorted(flat)}


def default_run_name(values: Mapping[str, Any], choices: Mapping[str, str]) -> str:
    """A slug of the chosen groups and six hex digits of the config, so that the same command means the same run.

    Args:
        values: the composed config.
        choices: config group to what was chosen: the name of the file, or what ``renamed_model`` returns.
    """
    slug = "-".join(str(choices[group]) for group in _NAMED_GROUPS if group in choices)
    decisive = deciding_values(values, without=operational_config_keys(values))
    digest = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', slug)}-{digest[:6]}"


def renamed_model(choice: str, *, model: object, folders: Sequence[str]) -> str | None:
    """The last part of a model's name where this is another than that in the chosen file; None where it is the same.

    Args:
        choice: name of the chosen file.
        model: its values in the composed config.
        folders: that Hydra searches for config files, in order.
    """
    name = model.get("name") if isinstance(model, Mapping) else None
    files = [path for folder in folders if (path := Path(folder, "model", f"{choice}.yaml")).is_file()]
    if not isinstance(name, str) or not files:
        return None
    values = yaml.safe_load(files[0].read_text(encoding="utf-8"))
    in_file = values.get("name") if isinstance(values, Mapping) else None
    if in_file is None or in_file == name or "${" in str(in_file):  # a reference is no name
        return None
    return PurePosixPath(name).name[:_LONGEST_MODEL] or None


def config_differences(
    before: Mapping[str, Any], now: Mapping[str, Any], *, without: frozenset[str] = frozenset()
) -> list[str]:
    """One line per deciding key that differs between two configs; of another component, only what it is.

    Args:
        before: of a run folder, which may be someone else's: its targets are imported only if ``now`` has them too.
        now: of this command.
        without: keys that are not compared.
    """
    # A key is operational if either config's component declares it so.
    operational = operational_config_keys(before, trusted=_targets(now)) | operational_config_keys(now)
    old, new = (
        {key: value for key, value in deciding_values(values, without=operational).items() if key not in without}
        for values in (before, now)
    )
    replaced = {
        name.removesuffix(_TARGET) for name in {*old, *new} if name.endswith(_TARGET) and old.get(name) != new.get(name)
    }
    keys = {name for name in {*old, *new} if name.partition(".")[0] not in replaced} | replaced
    return [line for key in sorted(keys) for line in _differences(key, _value(old, key), _value(new, key))]


def _value(flat: Mapping[str, Any], key: str) -> Any:
    """That of a key of ``deciding_values``; of a component, its target."""
    return {"_target_": flat[key + _TARGET]} if key + _TARGET in flat else flat.get(key)


def _differences(key: str, old: Any, new: Any) -> Iterator[str]:
    """None where both are equal; one for each key of a component, or of another mapping, that both have."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old.get("_target_") == new.get("_target_"):
        for name in sorted({*old, *new}):
            yield from _differences(f"{key}.{name}", old.get(name), new.get(name))
        return
    shown = [_shown(each) for each in (old, new)]
    if shown[0] == shown[1]:  # classes of two modules with the same name
        shown = [_shown(each, whole=True) for each in (old, new)]
    yield f"{key} was {shown[0]}, is {shown[1]}"


def _shown(value: Any, *, whole: bool = False) -> str:
    """A component as the name of its class, everything else as Python writes it."""
    if not isinstance(value, Mapping) or "_target_" not in value:
        return repr(value)
    target = str(value["_target_"])
    return target if whole else target.rpartition(".")[2]
