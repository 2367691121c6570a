import subprocess
import sys

import pytest

PROGRAM = """
from types import SimpleNamespace
import torch
from thoughtrank.finetuning.heap import TrimHeap, keep_memory

def megabytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 // 2**20

keep_memory()
tensors = [torch.ones(2**20) for _ in range(200)]
before = megabytes()
del tensors[:-1]  # the last one holds the end of the heap
kept = megabytes()
trim = TrimHeap(every=4)
for step in (1, 2, 3):
    trim.on_train_batch_end(SimpleNamespace(global_step=step))
waiting = megabytes()
trim.on_train_batch_end(SimpleNamespace(global_step=4))
print(before, kept, waiting, megabytes())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap")
def test_freed_memory_is_kept_for_the_next_tensors_and_given_back_every_few_steps():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120)
    before, kept, waiting, trimmed = map(int, ended.stdout.split())
    assert kept > before - 50
    assert waiting > before - 50
    assert trimmed < before - 700
