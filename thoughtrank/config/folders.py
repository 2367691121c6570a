"""Whether the folders that a run writes to can be written."""

import tempfile
from pathlib import Path

from thoughtrank.config.schema import RunConfig


def folder_faults(config: RunConfig) -> list[str]:
    """One sentence for each of ``runs_dir`` and ``cache_dir`` that is no folder or cannot be written; leaves no files."""
    return [
        *writing_faults("runs_dir", config.runs_dir, folder=Path(config.runs_dir) / (config.run or "")),
        *writing_faults("cache_dir", config.cache_dir, folder=Path(config.cache_dir)),
    ]


def writing_faults(key: str, value: str, *, folder: Path) -> list[str]:
    """Why no file can be made in ``folder``, which need not exist yet.

    Args:
        key: the config key that the folder comes from.
        value: of the key.
        folder: as it will be used.
    """
    try:
        nearest = _nearest_existing(folder)
        if not nearest.is_dir():
            return [f"{key}={value}: {nearest} is not a folder: choose another {key}"]
        # Permissions alone do not show a read-only disk, or a folder in which even the administrator cannot write.
        with tempfile.TemporaryFile(dir=nearest):
            return []
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        return [f"{key}={value}: cannot be written ({reason}): make it writable, or choose another {key}"]


def _nearest_existing(folder: Path) -> Path:
    """``folder``, or the closest of its parents that exists.

    Raises:
        OSError: the name cannot exist.
    """
    for path in (folder.absolute(), *folder.absolute().parents):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        return path
    raise FileNotFoundError(folder)
