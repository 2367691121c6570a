from dataclasses import replace

import pytest
from stored_runs import stored_run

from thoughtrank.report.html.machine import machine_text, versions
from thoughtrank.report.html.stored_run import read_run


@pytest.mark.parametrize(
    ("engine", "text"),
    [
        ({"device": "cpu", "dtype": "bfloat16", "threads": 2}, "CPU, bfloat16, 2 threads"),
        ({"device": "cpu", "threads": 1}, "CPU, 1 thread"),
        ({"device": "cpu", "threads": 1, "devices": 2}, "CPU, 2 threads"),
        ({"device": "cuda", "dtype": "bfloat16", "threads": 16}, "GPU, bfloat16"),
        ({"engine": "openai"}, ""),
    ],
)
def test_device_precision_and_threads_are_named_as_far_as_they_are_known(tmp_path, engine, text):
    run = read_run(stored_run(tmp_path))
    rounds = [replace(each, facts={**each.facts, "generation": {"engine": engine}}) for each in run.rounds]
    assert machine_text(replace(run, rounds=rounds)) == text


def test_the_versions_are_those_of_the_last_round_that_has_any(tmp_path):
    run = read_run(stored_run(tmp_path))
    assert versions(run) == {"engine": "transformers", "torch": "2.13"}
    assert versions(replace(run, rounds=run.rounds[:1])) == {}


def test_several_models_and_imported_candidates_hide_no_machine(tmp_path):
    run = read_run(stored_run(tmp_path, rounds=1))
    machine = {"device": "cpu", "dtype": "bfloat16", "threads": 2}

    def text(**engines):
        facts = {stage: {"engine": engine} for stage, engine in engines.items()}
        return machine_text(replace(run, rounds=[replace(each, facts=facts) for each in run.rounds]))

    assert text(generation={"base": machine, "previous": machine}) == "CPU, bfloat16, 2 threads"
    assert text(generation={"engine": "imported"}, evaluation=machine) == "CPU, bfloat16, 2 threads"
    assert text(generation={"engine": "imported"}) == ""
