"""Composes the config with Hydra, and says what it reports about an override in plain sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from traceback import walk_tb
from typing import Any

import hydra
from hydra import initialize_config_dir
from hydra.conf import RuntimeConf
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from omegaconf.resolvers import oc

from thoughtrank.api.overrides import override_texts
from thoughtrank.config.composition_errors import composition_fault, encoding_fault, unknown_key
from thoughtrank.config.former_keys import present_keys
from thoughtrank.config.preflight import config_faults
from thoughtrank.config.python_none import null_for_none
from thoughtrank.config.run_identity import renamed_model
from thoughtrank.config.schema import required_keys
from thoughtrank.config.stored_config import reference_to_variable
from thoughtrank.config.unknown_keys import choices_in, override_fault
from thoughtrank.errors import UserError
from thoughtrank.user_input.user_paths import user_path

_PACKAGE = Path(__file__).parents[1]
CONFIG_FOLDER = next(folder for folder in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if folder.is_dir())
"""In an installed wheel ``conf`` lies inside the package, in a checkout beside it."""
CONFIG_NAME = "config"
VERSION_BASE = "1.3"
_CONFIG_LIBRARIES = ("hydra", "hydra_plugins", "omegaconf", "yaml", "antlr4")
_one_at_a_time = Lock()
"""Hydra's state belongs to the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A composed config.

    Attributes:
        values: as plain values.
        stored: the same, with references to environment variables as they were written.
        choices: config group to what was chosen, as it appears in the default name of a run.
    """

    values: dict[str, Any]
    stored: dict[str, Any]
    choices: dict[str, str]


def compose(overrides: Sequence[str], *, config_dir: str | Path | None = None) -> Composed:
    """Compose the config outside of the command line; a Hydra application that calls this is not disturbed.

    Args:
        overrides: as on the command line, without flags.
        config_dir: a folder with further YAML files.

    Raises:
        UserError: an override cannot be read, or does not fit the config.
    """
    folder = None if config_dir is None else user_path(str(config_dir))
    if folder is not None and not folder.is_dir():
        raise UserError(f"config_dir={config_dir}: no such folder")
    searched = [] if folder is None else override_texts({"hydra.searchpath": [f"file://{folder.absolute()}"]})
    with _one_at_a_time:
        own = GlobalHydra.instance().hydra
        GlobalHydra.instance().clear()
        try:
            with initialize_config_dir(config_dir=str(CONFIG_FOLDER), version_base=VERSION_BASE):
                composed = hydra.compose(
                    CONFIG_NAME,
                    overrides=[*null_for_none(present_keys(overrides)), *searched],
                    return_hydra_config=True,
                )
            runtime = composed.hydra.runtime
            with open_dict(composed):
                del composed["hydra"]
            values = plain_values(composed)
            return Composed(
                values=values,
                stored=values_with_references(composed),
                choices=group_choices(runtime, values=values),
            )
        except Exception as error:
            fault = config_error(error)
            if fault is None:
                raise
            raise fault from error
        finally:
            GlobalHydra.instance().hydra = own


def config_error(error: Exception) -> UserError | None:
    """What Hydra, or a library it reads configs with, has raised about an override; None for any other error."""
    if not _is_about_the_config(error):
        return None
    if isinstance(error, UnicodeDecodeError):
        return UserError(encoding_fault(error.object, bad=error.start))
    if isinstance(error.__cause__, ConfigAttributeError | ConfigKeyError) and (key := unknown_key(str(error))):
        values = _composed_so_far(error.__cause__)
        return UserError(override_fault(key, values=values, choices=choices_in(CONFIG_FOLDER)))
    return UserError(
        composition_fault(
            str(error),
            cause=str(error.__cause__ or ""),
            override=error.override if isinstance(error, OverrideParseException) else None,
            options=(error.options or ()) if isinstance(error, MissingConfigException) else (),
        )
    )


def _composed_so_far(error: OmegaConfBaseException) -> Mapping[str, Any]:
    """The config that an override does not fit, as plain values without what Hydra has in it."""
    root = error.parent_node._get_root() if error.parent_node is not None else None
    values = OmegaConf.to_container(root) if isinstance(root, DictConfig) else None
    return {str(key): each for key, each in values.items() if key != "hydra"} if isinstance(values, dict) else {}


def _is_about_the_config(error: Exception) -> bool:
    if isinstance(error, HydraException | OmegaConfBaseException):
        return True
    libraries = [
        str(frame.f_globals.get("__name__", "")).partition(".")[0] for frame, _ in walk_tb(error.__traceback__)
    ]
    if isinstance(error, UnicodeDecodeError) and libraries[-1:] == ["codecs"]:
        libraries.pop()  # which a library reads files with
    return bool(libraries) and libraries[-1] in _CONFIG_LIBRARIES


def group_choices(runtime: DictConfig | RuntimeConf, *, values: Mapping[str, Any]) -> dict[str, str]:
    """Config group to the name of the chosen file; for a model with another name than that in its file, to the end of its name.

    Args:
        runtime: what Hydra records of the composition.
        values: the composed config.
    """
    choices = {str(group): str(choice) for group, choice in runtime.choices.items()}
    paths = [str(source.path) for source in runtime.config_sources if source.schema == "file"]
    if "model" in choices and (name := renamed_model(choices["model"], model=values.get("model"), folders=paths)):
        choices["model"] = name
    # Hydra does not record a choice that is a list: prefixes=[alnum,words].
    prefixes = values["prefixes"] if isinstance(values["prefixes"], dict) else {}
    composed_of = "+".join(key for key, each in prefixes.items() if isinstance(each, dict))
    return {"prefixes": composed_of, **choices}


def plain_values(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values.

    Raises:
        UserError: an interpolation leads nowhere, or a value or group that has to be given is missing; with all faults of
            the others.
    """
    try:
        # Both resolve interpolations.
        not_given = OmegaConf.missing_keys(composed)
        resolved = OmegaConf.to_container(composed, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"config: {str(error).splitlines()[0]}") from error
    assert isinstance(resolved, dict)
    values = {str(key): value for key, value in resolved.items()}
    if missing := sorted(not_given | (required_keys() - values.keys())):
        others = [fault for fault in config_faults(_without(values, missing)) if not fault.endswith(": missing value")]
        raise UserError(*(f"{key}: missing value; give it as {key}=..." for key in missing), *others)
    return values


def _without(values: Mapping[str, Any], keys: Sequence[str], *, where: str = "") -> dict[str, Any]:
    """A config without some of its keys, which are given as they are typed."""
    return {
        key: _without(value, keys, where=f"{where}{key}.") if isinstance(value, Mapping) else value
        for key, value in values.items()
        if f"{where}{key}" not in keys
    }


def values_with_references(composed: DictConfig) -> dict[str, Any]:
    """The composed config as plain values, in which ``${oc.env:NAME}`` stays as it is."""
    OmegaConf.register_new_resolver("oc.env", reference_to_variable, replace=True)
    try:
        return plain_values(composed)
    finally:
        OmegaConf.register_new_resolver("oc.env", oc.env, replace=True)
