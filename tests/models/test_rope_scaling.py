"""Settings of rotary position embeddings that a model could not be made with, as config.json states them."""

import subprocess
import sys

import pytest

from thoughtrank.models.rope_scaling import rope_faults

LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"rope_scaling": None},
        {"rope_scaling": {}},
        {"rope_scaling": {"rope_type": "llama3", **LLAMA3}},
        {"rope_scaling": {"type": "linear", "factor": 2}},
        {"rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}},
        {"rope_scaling": {"type": "dynamic", "rope_type": "dynamic", "factor": 2.0}},
        {"rope_scaling": {"rope_type": "longrope", "short_factor": [1.0, 1], "long_factor": [1, 2.5]}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0}},
        {"rope_parameters": {"rope_theta": 10000.0}},
        {"rope_parameters": {"full_attention": {"rope_type": "default"}, "sliding_attention": {"type": "default"}}},
    ],
)
def test_what_transformers_computes_is_no_fault(config):
    assert rope_faults(config) == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rope_type": "llama3", "factor": 8.0}, "is of the type 'llama3' and lacks low_freq_factor, high_freq_factor"),
        ({"type": "linear"}, "is of the type 'linear' and lacks factor"),
        ({"type": "linear", "factor": "2"}, "states factor='2', which is no number"),
        ({"type": "linear", "factor": [2]}, "states factor=[2], which is no number"),
        ({"type": "yarn", "factor": 2.0, "original_max_position_embeddings": "4k"}, "='4k', which is no number"),
        ({"type": "longrope", "short_factor": ["a"], "long_factor": [1]}, "short_factor=['a'], which is no list of"),
        ({"type": "longrope", "short_factor": [1], "long_factor": 2}, "long_factor=2, which is no list of numbers"),
        ({"type": "house"}, "has the type 'house', which the installed transformers does not know"),
        ({"type": 3}, "has the type 3"),
        ("yarn", "is 'yarn', not an object"),
        ([1], "is [1], not an object"),
    ],
)
@pytest.mark.parametrize("name", ["rope_scaling", "rope_parameters"])
def test_what_it_could_not_compute_is_one_line_with_the_setting(name, settings, said):
    [fault] = rope_faults({name: settings})
    assert fault.startswith(f"{name} in its config.json ")
    assert said in fault
    assert "\n" not in fault


def test_a_known_type_is_checked_without_importing_what_takes_seconds():
    program = (
        "import sys; from thoughtrank.models.rope_scaling import rope_faults; "
        "print(rope_faults({'rope_scaling': {'type': 'linear'}})[0], sys.modules.keys() & {'torch', 'transformers'})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith(" set()\n")
