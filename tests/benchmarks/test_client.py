"""The benchmark of the client measures real requests to its server, in the versions that it is given."""


def test_every_branch_is_requested_and_both_sides_are_measured(benchmark_module, tiny_folder):
    client = benchmark_module("client")
    figures = client.measure(tiny_folder, questions=2, concurrency=8, tokens=5)
    assert figures["branches_per_second"] * figures["seconds"] > 62
    assert figures["client_cpu_seconds"] > 0
    assert figures["server_cpu_seconds"] >= 0
