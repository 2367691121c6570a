"""The folders of models that a chat can be with: those of a run's rounds, its export, and its base model."""

from pathlib import Path

import yaml

from thoughtrank.errors import UserError
from thoughtrank.models.model_config import CONFIG
from thoughtrank.storage.run_paths import RunPaths


def model_folder(folder: Path, *, round_number: int | None) -> Path:
    """The folder of the model that is meant.

    Args:
        folder: a run's, or a model's.
        round_number: of a run; None for its export, 0 for the base model.

    Raises:
        UserError: the run has no such model.
    """
    if (folder / CONFIG).is_file() or not RunPaths(folder).config.is_file():
        if round_number is not None and folder.exists():
            raise UserError(f"{folder} is not a run: --round needs the folder of a run, such as runs/NAME")
        return folder
    if round_number == 0:
        return base_folder(folder)
    found = RunPaths(folder).export if round_number is None else RunPaths(folder).model(round_number)
    if not (found / CONFIG).is_file():
        rounds = _rounds_text(folder)
        if not rounds:
            raise UserError(f"{folder} has no model yet: repeat the run's command to finish its first round")
        which = "export yet: give --round" if round_number is None else f"model of round {round_number}"
        raise UserError(f"{folder} has no {which}; its rounds with a model: {rounds}")
    return found


def base_folder(folder: Path) -> Path:
    """The base model that the first training of a run started with.

    Args:
        folder: of the run, or of a model inside it.

    Raises:
        UserError: it is not known, or no longer in the cache.
    """
    for parent in (folder, *folder.resolve().parents):
        path = RunPaths(parent).model(1) / "_job.yaml"
        if path.is_file():
            base = Path(str((yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("model")))
            if (base / CONFIG).is_file():
                return base
            raise UserError(
                f"the base model of {parent} is no longer in the cache ({base}): the run's command prepares it again"
            )
    raise UserError(f"{folder}: its base model is known only inside a run that has trained")


def _rounds_text(folder: Path) -> str:
    found = sorted(
        int(path.parent.parent.name.removeprefix("round_")) for path in folder.glob(f"round_*/4_model/{CONFIG}")
    )
    return ", ".join(map(str, found))
