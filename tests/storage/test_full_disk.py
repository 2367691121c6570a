"""One error for a full disk, whatever library was writing."""

import errno

import pytest
from safetensors import SafetensorError

from thoughtrank.errors import UserError
from thoughtrank.storage.full_disk import full_disk_as_user_error


def raised_while(first, second):
    """An error that came up while another one was handled."""
    try:
        try:
            raise first
        except Exception as error:
            raise second from error
    except Exception as error:
        return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"),
        FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']"),
        raised_while(OSError(errno.ENOSPC, "full"), RuntimeError("while saving")),
    ],
)
def test_a_full_disk_is_one_fault_that_names_the_folder(error, tmp_path):
    with pytest.raises(UserError) as caught, full_disk_as_user_error(tmp_path):
        raise error
    assert str(tmp_path) in str(caught.value)
    assert "untouched" in str(caught.value)


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "no"), RuntimeError("shapes differ"), KeyError("x")])
def test_other_errors_are_left_alone(error, tmp_path):
    with pytest.raises(type(error)) as caught, full_disk_as_user_error(tmp_path):
        raise error
    assert caught.value is error
