"""Where Python looks for modules: the working folder comes last, so that no file in it replaces a module of a library.

Python itself puts it first, and a ``random.py`` or ``copy.py`` of the user's would be imported by torch. Last, the folder still
provides components of the user's own. Only modules that Python has loaded before this one are imported here.
"""

import os
import sys


def search_working_folder_last() -> None:
    """Apply it to this process; applying it twice changes nothing."""
    sys.path[:] = working_folder_last(sys.path)


def working_folder_last(paths: list[str]) -> list[str]:
    """A module path without relative entries, and with the working folder at its end.

    Args:
        paths: entries of ``sys.path``, among which the working folder may be, also as ``""``.
    """
    try:
        folder = os.getcwd()  # noqa: PTH109  (pathlib is not loaded yet)
    except OSError:  # it has been deleted
        return [each for each in paths if each]
    real = os.path.realpath(folder)
    return [*(each for each in paths if each and os.path.realpath(each) != real), folder]


class UserFoldersLast:
    """While it is entered, the working folder and the folder of the user's script come last; both had a place of their own."""

    def __enter__(self) -> None:
        self._before = [*sys.path]
        sys.path[:] = working_folder_last(_script_folder_last(sys.path))
        self._during = [*sys.path]

    def __exit__(self, *_: object) -> None:
        if sys.path == self._during:
            sys.path[:] = self._before


def replaced_module(error: ImportError | AttributeError) -> str | None:
    """The file of the user's that was imported in place of a module of Python and lacks what ``error`` is about; else None."""
    if isinstance(error, ImportError):
        name, file = error.name, error.path
    else:
        spec = error.obj.__spec__ if isinstance(error.obj, type(sys)) else None
        name, file = (None, None) if spec is None else (spec.name, spec.origin)
    if name not in sys.stdlib_module_names or not file or not os.path.isabs(file):  # noqa: PTH117
        return None
    return None if os.path.realpath(file).startswith(_python_folder() + os.sep) else file


def _script_folder_last(paths: list[str]) -> list[str]:
    """The same for the folder of the script that Python was started with; for a module of an installed package, nothing."""
    script = sys.argv[0] if sys.argv else ""
    try:
        folder = os.path.dirname(os.path.realpath(script))  # noqa: PTH120
    except OSError:
        return paths
    installed = folder == _python_folder() or os.path.basename(folder) in ("site-packages", "dist-packages")  # noqa: PTH119
    if script in ("", "-c", "-m") or installed:
        return paths
    own = [each for each in paths if each and os.path.realpath(each) == folder]
    return [*(each for each in paths if each not in own), *own]


def _python_folder() -> str:
    """Where the modules of Python are."""
    return os.path.dirname(os.path.realpath(os.__file__))  # noqa: PTH120
