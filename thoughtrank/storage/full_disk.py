"""One error for a full disk, whatever library was writing."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thoughtrank.errors import UserError

_FULL_DISK_WORDS = (
    "No space left on device",
    "PytorchStreamWriter failed",
    "iostream error",
    "unexpected pos",
    "No usable temporary directory",
)
"""safetensors, torch's zip writer and tempfile raise errors of their own, without this errno."""


@contextmanager
def full_disk_as_user_error(path: Path) -> Iterator[None]:
    """Turn the errors that libraries raise on a full disk into one. A ``UserError`` from inside is left as it is.

    Args:
        path: what is being written: a file or a folder.

    Raises:
        UserError: its disk is full.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if not is_full_disk(error):
            raise
        raise UserError(
            f"the disk of {path} is full (No space left on device), or a quota is reached: what was being saved is "
            "incomplete and will not be used. Everything that was finished is untouched; free some space and run the same "
            "command again"
        ) from error


def is_full_disk(error: BaseException | None) -> bool:
    """Whether a full disk or a quota caused an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if any(words in str(error) for words in _FULL_DISK_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
