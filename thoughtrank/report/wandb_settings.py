"""What W&B would refuse, found before anything starts: names, environment variables and the form of the API key."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from thoughtrank.process.writable_folders import can_hold

_PREFIX = "WANDB_"
_KEY = "WANDB_API_KEY"
_KEY_FORM = re.compile(r"[\w.-]{40,}", re.ASCII)
_WITHOUT_ACCOUNT = ("offline", "disabled", "dryrun")
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_ADVICE = "correct or unset it, or choose logger=none"
_LONGEST_PROJECT = 128
_LONGEST_NAME = 128
_LONGEST_ID = 100
_NOT_IN_PROJECT = r"[/\\#?%:]"
_NOT_IN_ID = r"[/\\#?%:;,']"
"""Characters that W&B refuses in ids."""


def project_faults(project: str) -> list[str]:
    """Why W&B cannot have a project of this name."""
    if len(project) > _LONGEST_PROJECT:
        return [f"logger.wandb.project has {len(project)} characters: W&B allows {_LONGEST_PROJECT}"]
    if found := sorted(set(re.findall(_NOT_IN_PROJECT, project))):
        return [f"logger.wandb.project={project}: W&B allows no {' '.join(found)} in a project's name: choose another"]
    return []


def environment_faults(environment: Mapping[str, str]) -> list[str]:
    """Variables that W&B would refuse, one sentence each; without network access.

    Args:
        environment: all variables. Without any of W&B's, its package is not imported.
    """
    given = {name: value for name, value in environment.items() if name.startswith(_PREFIX)}
    found = {name: _refusal(name, value) for name, value in given.items()}
    faults = [f"{_shown(name, given[name])}: {reason}: {_ADVICE}" for name, reason in found.items() if reason]
    if given.get("WANDB_MODE") in _WITHOUT_ACCOUNT or found.get(_KEY):
        return faults
    if given.get(_KEY) and not _KEY_FORM.fullmatch(given[_KEY]):
        faults.append(
            f"{_KEY} is no API key of W&B, which has 40 or more letters, digits, - and _: correct or unset it, or choose "
            "WANDB_MODE=offline or logger=none"
        )
    return faults


def mode_text(environment: Mapping[str, str]) -> str:
    """Whether W&B will be online, as far as the variables say; its other places for a key are read when it starts.

    Args:
        environment: all variables.
    """
    if mode := environment.get("WANDB_MODE"):
        return f"WANDB_MODE={mode}"
    if environment.get(_KEY):
        return "online"
    return "online if you are logged in (wandb login), else offline in the run folder"


def folder_variables(environment: Mapping[str, str], *, folder: Path) -> dict[str, str]:
    """Variables that let W&B write into ``folder`` what it would keep in a home that cannot be written.

    Args:
        environment: all variables; what they choose already stays.
        folder: one that lasts: files of an offline run are there until it is synchronised.
    """
    defaults = {
        "WANDB_DATA_DIR": ("XDG_DATA_HOME", "~/.local/share"),
        "WANDB_CACHE_DIR": ("XDG_CACHE_HOME", "~/.cache"),
    }
    return {
        name: str(folder.absolute() / name.lower())
        for name, (parent, in_home) in defaults.items()
        if name not in environment and not can_hold(environment.get(parent) or in_home, "wandb")
    }


def run_id(run: str) -> str:
    """W&B's id of the run with this name, other for every name.

    It is the name itself where that can be an id; otherwise, as for ``study/mine``, its end and a hash of the whole.
    """
    if len(run) <= _LONGEST_ID and run == run.strip() and not re.search(_NOT_IN_ID, run):
        return run
    digest = hashlib.sha256(run.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(_NOT_IN_ID, '-', run)[-80:].strip()}-{digest}"


def display_name(run: str) -> str:
    """The name of a run as W&B shows it: its end where it is too long."""
    return run if len(run) <= _LONGEST_NAME else f"...{run[3 - _LONGEST_NAME :]}"


def _refusal(name: str, value: str) -> str | None:
    """What W&B has against the value of one of its variables."""
    import wandb
    from pydantic import ValidationError

    try:
        wandb.Settings().update_from_env_vars({name: value})
    except ValidationError as error:
        message = error.errors()[0]["msg"].removeprefix("Value error, ")
        return message if message[1:2].isupper() else f"{message[0].lower()}{message[1:]}"
    except (wandb.errors.Error, ValueError, TypeError) as error:
        return " ".join(str(error).split()).rstrip(".")
    return None


def _shown(name: str, value: str) -> str:
    return name if any(word in name for word in _SECRET_WORDS) else f"{name}={value}"
