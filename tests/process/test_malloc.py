"""Freed memory stays in the process until it is to be returned."""

import subprocess
import sys

import pytest

PROGRAM = """
import os
from thoughtrank.process.malloc import return_free_memory, tune_malloc

def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20

tune_malloc()
tensors = [bytearray(4 * 2**20) for _ in range(100)]
most = megabytes()
del tensors
kept = megabytes()
return_free_memory()
print(most, kept, megabytes())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs glibc")
def test_freed_memory_is_kept_until_it_is_returned():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    most, kept, returned = map(int, ended.stdout.split())
    assert most > 400
    assert kept > most - 20
    assert returned < most - 350
