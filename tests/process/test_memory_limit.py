import psutil
import pytest

from thoughtrank.process import memory_limit
from thoughtrank.process.memory_limit import usable_memory

GIB = 1 << 30


@pytest.mark.parametrize(
    ("files", "gibibytes"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{8 * GIB}\n"}, 8),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 64),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": f"{4 * GIB}\n"}, 4),
        ({"proc/self/cgroup": "0::/outside\n", "sys/fs/cgroup/memory.max": f"{3 * GIB}\n"}, 3),
        (
            {
                "proc/self/cgroup": "9:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n0::/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
                "sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": f"{2 * GIB}\n",
            },
            2,
        ),
        (
            {"proc/self/cgroup": "9:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"},
            64,
        ),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": f"{128 * GIB}\n"}, 64),
        ({}, 64),
    ],
)
def test_a_container_has_the_memory_of_its_limit(tmp_path, monkeypatch, files, gibibytes):
    monkeypatch.setattr(memory_limit, "_machine_memory", lambda: 64 * GIB)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert usable_memory(tmp_path) == gibibytes * GIB


def test_this_process_has_at_most_the_memory_of_the_machine():
    assert 0 < usable_memory() <= psutil.virtual_memory().total
