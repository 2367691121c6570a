"""How glibc's allocator keeps and returns the memory of CPU tensors.

Needs Linux with glibc 2.33 or later; elsewhere nothing changes.
"""

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of malloc.h
_NEVER_TRIM = 2**31 - 1
_MMAP_BYTES = 1 << 24
"""Larger tensors get mappings of their own: they are few, and would leave holes in the heap that no other tensor fills."""


def tune_malloc() -> None:
    """Keep freed memory in the process for the next tensor, instead of returning it to the system each time.

    Otherwise the tensors of every step are mapped and zeroed again, page by page. All threads share one arena: the backward
    pass runs in its own thread, and memory it frees would otherwise not be available to the next forward pass.
    """
    library = glibc()
    if library is not None:
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, _MMAP_BYTES)
        library.mallopt(_TRIM_THRESHOLD, _NEVER_TRIM)


def return_free_memory() -> None:
    """Return the memory that is free to the system."""
    library = glibc()
    if library is not None:
        library.malloc_trim(0)


class Mallinfo2(ctypes.Structure):
    """``struct mallinfo2``: ``uordblks`` bytes in use in the heap, ``hblkhd`` in mappings of their own."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def glibc() -> ctypes.CDLL | None:
    """The C library, where it has the functions used here."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    try:
        _ = library.mallopt, library.malloc_trim, library.mallinfo2
    except AttributeError:
        return None
    library.mallinfo2.restype = Mallinfo2
    return library
