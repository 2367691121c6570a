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
