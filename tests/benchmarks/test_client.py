"""The benchmark of the client measures real requests to its server, in the versions that it is given."""

import json
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_every_branch_is_requested_and_both_sides_are_measured(benchmark_module, tiny_folder):
    client = benchmark_module("client")
    figures = client.measure(tiny_folder, questions=2, concurrency=8, tokens=5, profiles=None)
    assert figures["branches_per_second"] * figures["seconds"] > 62
    assert figures["client_cpu_seconds"] > 0
    assert figures["server_cpu_seconds"] >= 0


def test_the_profile_has_the_cpu_time_of_all_threads_and_no_waiting(benchmark_module, tiny_folder, monkeypatch, capsys):
    client, profile = benchmark_module("client"), benchmark_module("client_profile")
    if not profile.IS_SUPPORTED:
        pytest.skip("cProfile cannot profile several threads in this Python")
    tables = []
    monkeypatch.setattr(client, "markdown", lambda libraries, **more: tables.append(list(libraries)) or "| table |")
    client.print_profile(tiny_folder, {"questions": 1, "concurrency": 4, "tokens": 5})
    figures, table = capsys.readouterr().out.splitlines()
    [libraries] = tables
    assert table == "| table |"
    named = {each.library: each for each in libraries}
    assert named["socket"].functions["sendall"] > 0  # in the threads of the branches
    assert named["thoughtrank"].functions["run_in_parallel"] > 0  # in the main thread
    assert 0 < sum(each.seconds for each in libraries) < json.loads(figures)["client_cpu_seconds"] + 0.05
    assert [each.seconds for each in libraries] == sorted((each.seconds for each in libraries), reverse=True)


def test_functions_belong_to_the_library_of_their_file_or_type(benchmark_module):
    profile = benchmark_module("client_profile")
    packages, standard = (Path(sysconfig.get_paths()[name]) for name in ("purelib", "stdlib"))
    found = [
        profile.library_of(str(packages / "tokenizers/implementations/base.py"), "encode"),
        profile.library_of(str(standard / "json/decoder.py"), "raw_decode"),
        profile.library_of(str(standard / "queue.py"), "get"),
        profile.library_of(str(ROOT / "thoughtrank/errors.py"), "__init__"),
        profile.library_of("<frozen importlib._bootstrap>", "_handle_fromlist"),
        profile.library_of("~", "<built-in method posix.write>"),
        profile.library_of("~", "<built-in method builtins.len>"),
        profile.library_of("~", "<method 'sendall' of '_socket.socket' objects>"),
        profile.library_of("~", "<method 'encode' of 'str' objects>"),
    ]
    expected = "tokenizers json queue thoughtrank frozen posix builtins socket builtins"
    assert found == expected.split()


def test_the_table_has_the_ten_largest_libraries_and_the_sum_of_all(benchmark_module):
    profile = benchmark_module("client_profile")
    libraries = [profile.LibraryTime("json", 0.5, {"iterencode": 0.1, "raw_decode": 0.3, "dumps": 0.1})]
    libraries += [profile.LibraryTime(f"l{number}", 0.05, {"f": 0.05}) for number in range(10)]
    lines = profile.markdown(libraries, branches=1000).splitlines()
    assert lines[2] == "| json | 0.500 | 50.0 % | `raw_decode` 30.0 %, `iterencode` 10.0 % |"
    assert [line.split()[1] for line in lines[3:]] == [*(f"l{number}" for number in range(9)), "all"]
    assert lines[-1] == "| all | 1.000 | | |"
