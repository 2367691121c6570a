"""Whether a folder can be written, and other folders for what libraries keep in a home that cannot, or is missing."""

import atexit
import getpass
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_OF_LIBRARIES = {
    "MPLCONFIGDIR": ("XDG_CONFIG_HOME", ".config", "matplotlib"),
    "TORCH_EXTENSIONS_DIR": ("XDG_CACHE_HOME", ".cache", "torch_extensions"),
    "TRITON_CACHE_DIR": ("TRITON_HOME", "", ".triton/cache"),
}
"""Environment variable of a folder, to where it is otherwise: in the folder of another variable, or in one of the home."""


def use_writable_folders() -> None:
    """Give libraries, in this process and in those that it starts, temporary folders in place of those that cannot be written.

    What a home holds is still read: nothing changes where its caches of models are. A user whom the system does not know, as
    in a container that was started with a user id, gets a name and a home, for which several libraries ask.
    """
    if not _has_name():
        os.environ["USER"] = f"uid-{os.getuid()}"
    names = unwritable(os.environ)
    if not names:
        return
    folder = tempfile.mkdtemp(prefix="thoughtrank-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ.update({name: f"{folder}/{name.lower()}" for name in names})
    if not _has_home():
        os.environ["HOME"] = folder


def _has_name() -> bool:
    try:
        return bool(getpass.getuser())
    except (KeyError, OSError):  # OSError from Python 3.13 on
        return False


def _has_home() -> bool:
    try:
        Path.home()
    except RuntimeError:
        return False
    return True


def unwritable(environment: Mapping[str, str]) -> list[str]:
    """Variables of folders of libraries that are not set, and whose default cannot be written."""
    return [
        name
        for name, (parent, in_home, folder) in _OF_LIBRARIES.items()
        if name not in environment and not can_hold(environment.get(parent) or f"~/{in_home}", folder)
    ]


def can_hold(parent: str, folder: str) -> bool:
    """Whether a folder inside ``parent``, which may begin with ``~``, can be written."""
    try:
        path = Path(parent).expanduser()
    except RuntimeError:  # no home at all
        return False
    return writing_error(path / folder) is None


def writing_error(folder: Path) -> str | None:
    """Why no file can be made in ``folder``, which need not exist yet; None if one can. Leaves nothing behind.

    Permissions alone do not show a read-only disk, or a folder in which even the administrator cannot write.
    """
    try:
        with tempfile.TemporaryFile(dir=nearest_existing(folder)):
            return None
    except (OSError, ValueError) as error:
        return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def nearest_existing(folder: Path) -> Path:
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
