"""Whether the folders that a run writes to can be written."""

from pathlib import Path

from thoughtrank.config.schema import RunConfig
from thoughtrank.process.writable_folders import nearest_existing, writing_error


def folder_faults(config: RunConfig) -> list[str]:
    """One sentence for each of ``runs_dir`` and ``cache_dir`` that is no folder or cannot be written; leaves no files."""
    return [
        *writing_faults("runs_dir", config.runs_dir, folder=config.runs_folder / (config.run or "")),
        *writing_faults("cache_dir", config.cache_dir, folder=config.cache_folder),
    ]


def writing_faults(key: str, value: str, *, folder: Path) -> list[str]:
    """Why no file can be made in ``folder``, which need not exist yet.

    Args:
        key: the config key that the folder comes from.
        value: of the key.
        folder: as it will be used.
    """
    if not value.strip():
        return [f"{key} is empty: give the path of a folder"]
    try:
        nearest = nearest_existing(folder)
        if not nearest.is_dir():
            return [f"{key}={value}: {nearest} is not a folder: choose another {key}"]
    except (OSError, ValueError):
        pass  # reported below
    reason = writing_error(folder)
    return [f"{key}={value}: cannot be written ({reason}): make it writable, or choose another {key}"] if reason else []
