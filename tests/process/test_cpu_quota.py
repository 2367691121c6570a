import os

import pytest

from thoughtrank.process import cpu_quota
from thoughtrank.process.cpu_quota import computing_threads, limit_threads, threads_of_each, usable_cores


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A file system of a machine with 16 cores; filled by path and text."""
    monkeypatch.setattr(cpu_quota, "_cores", lambda: 16)

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}, 4),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 16),
        ({"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/cpu.max": "20000 100000\n"}, 1),
        ({"proc/self/cgroup": "0::/outside\n", "sys/fs/cgroup/cpu.max": "300000 100000\n"}, 3),
        (
            {
                "proc/self/cgroup": "9:memory:/x\n4:cpu,cpuacct:/docker/1\n0::/\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {
                "proc/self/cgroup": "1:cpu:/t\n",
                "sys/fs/cgroup/cpu/t/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/t/cpu.cfs_period_us": "100000\n",
            },
            16,
        ),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "6400000 100000\n"}, 16),
        ({}, 16),
    ],
)
def test_a_container_has_the_cores_of_its_quota(machine, files, cores):
    assert usable_cores(machine(files)) == cores


def test_threads_follow_the_quota_unless_their_number_is_set(monkeypatch):
    monkeypatch.setattr(cpu_quota, "_cores", lambda: 16)
    monkeypatch.setattr(cpu_quota, "_limited", False)
    monkeypatch.setattr(cpu_quota, "usable_cores", lambda: 4)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == threads_of_each(4, os.environ) == "2"
    monkeypatch.delenv("OMP_NUM_THREADS")
    limit_threads()
    assert threads_of_each(2, os.environ) == "2"
    assert os.environ.pop("OMP_NUM_THREADS") == "4"
    monkeypatch.setattr(cpu_quota, "usable_cores", lambda: 16)
    limit_threads()
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("5,2", 5), ("", None), ("0", None), ("many", None)])
def test_torch_computes_with_the_threads_that_the_user_set_or_one_per_core(given, threads):
    assert computing_threads({"OMP_NUM_THREADS": given}) == (threads or usable_cores())
    assert computing_threads({}) == usable_cores()
