"""``gpu_processes.py`` with sessions of this process in place of others."""

import json

import pytest

from thoughtrank.engines.decoding.session import TransformersSession


@pytest.fixture
def gpu_processes(benchmark_module):
    return benchmark_module("gpu_processes")


def run(gpu_processes, folder, monkeypatch, capsys, *, start):
    command = ["--device", "cpu", "--shape", "tiny", "--seconds", "60", "--work", str(folder)]
    monkeypatch.setattr("sys.argv", ["gpu_processes.py", *command])
    monkeypatch.setattr(gpu_processes, "start_device_process", start)
    gpu_processes.main()
    # Libraries print as well.
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_one_process_and_two_that_share_its_memory_decode_the_same_groups(gpu_processes, tmp_path, monkeypatch, capsys):
    started = []

    def start(settings, number):
        started.append((number, settings.token_budget))
        return TransformersSession(**settings._asdict())

    *measured, compared = run(gpu_processes, tmp_path, monkeypatch, capsys, start=start)
    sizes = [
        {name: line[name] for name in ("part", "processes", "groups", "branches", "new_tokens")} for line in measured
    ]
    same = {"part": "processes", "groups": 4, "branches": 8, "new_tokens": 8}
    assert sizes == [{**same, "processes": 1}, {**same, "processes": 2}]
    whole = gpu_processes.token_budget("cpu")
    assert started == [(0, whole), (0, whole // 2), (1, whole // 2)]
    assert all(line["device"] == "cpu" for line in measured)
    first, second = (line["tokens_per_second"] for line in measured)
    assert first == pytest.approx(4 * 8 * 8 / measured[0]["seconds"], rel=1e-2)
    assert compared == {"part": "processes", "times_as_fast_as_one_process": pytest.approx(second / first, rel=1e-2)}


def test_a_process_that_fails_is_an_error_in_place_of_figures(gpu_processes, tmp_path, monkeypatch, capsys):
    def start(settings, number):
        raise MemoryError("all gone")

    monkeypatch.setattr(gpu_processes, "random_model", lambda part: tmp_path)
    lines = run(gpu_processes, tmp_path, monkeypatch, capsys, start=start)
    assert [(line["processes"], line["error"]) for line in lines] == [
        (each, "MemoryError: all gone") for each in (1, 2)
    ]


def test_the_memory_of_a_device_is_divided_among_its_processes(gpu_processes, monkeypatch):
    monkeypatch.setattr(gpu_processes, "token_budget", {"cuda": "72GB", "cpu": 65536}.get)
    assert gpu_processes.shared_budget("cuda", processes=2) == "36.0GB"
    assert gpu_processes.shared_budget("cpu", processes=2) == 32768
