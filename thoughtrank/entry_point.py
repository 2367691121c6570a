"""What every program of this package does at its start, and how it ends."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from thoughtrank.errors import UserError
from thoughtrank.output.terminal import print_faults, print_traceback
from thoughtrank.output.terminal_encoding import escape_unprintable, read_any_input
from thoughtrank.process.cpu_quota import limit_threads
from thoughtrank.process.module_path import search_working_folder_last
from thoughtrank.process.writable_folders import use_writable_folders

OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Importing torch, transformers and Lightning makes half a million lasting objects. With Python's threshold of 700, cyclic
garbage collection looks at them so often that it takes a fifth of the processor time of a start."""


def prepare_process() -> None:
    """Settings of the terminal, of threads and of garbage collection; call it before torch is imported."""
    escape_unprintable()
    limit_threads()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)


def prepare_program() -> None:
    """``prepare_process``, and what only programs of this package do.

    Components of the user's own are found in the working folder, after all installed modules. Input may be of any encoding,
    and the home may be read-only.
    """
    search_working_folder_last()
    use_writable_folders()
    prepare_process()
    read_any_input()


@contextmanager
def entry_point() -> Iterator[None]:
    """Around the whole of a program: ``prepare_program``, and plain messages for what the user can fix.

    Exit status: 2 for a ``UserError``, and for files that cannot be read or written; 1 for bugs, with a traceback.
    """
    prepare_program()
    try:
        yield
    except UserError as error:
        print_faults(error.faults)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            print_traceback()
            sys.exit(1)
        print_faults([f"{error.filename} cannot be read or written ({error.strerror}): fix it, or give another path"])
        sys.exit(2)
    except Exception:
        print_traceback()
        sys.exit(1)
