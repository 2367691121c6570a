"""Numbers that no stage could use are refused when the config is checked."""

import pytest

from thoughtrank.errors import UserError
from thoughtrank.instantiate import make_component
from thoughtrank.user_input.number_ranges import LARGEST_INTEGER

ADAMW = "thoughtrank.finetuning.optimizers.adamw.AdamW"


def faults_of(target, where, **arguments):
    try:
        make_component({"_target_": target, **arguments}, where=where)
    except UserError as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize("lr", [float("nan"), float("inf"), "nan", -1e-3, 10**400])
def test_a_learning_rate_that_is_no_finite_number_from_zero_on_is_refused(lr):
    [fault] = faults_of(ADAMW, "optimizer", lr=lr)
    assert fault.startswith("optimizer.lr: ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("weight_decay", -0.1),
        ("warmup_share", 1.5),
        ("decay_share", -1.0),
        ("betas", [0.9, 1.0]),
        ("betas", [0.9, float("nan")]),
        ("eps", -1e-8),
    ],
)
def test_a_setting_that_the_optimizer_would_refuse_in_training_is_refused(key, value):
    [fault] = faults_of(ADAMW, "optimizer", lr=1e-3, **{key: value})
    assert fault.startswith(f"optimizer.{key}")


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_a_seed_that_torch_cannot_take_is_refused(seed):
    [fault] = faults_of("thoughtrank.models.tiny.TinyModel", "model", seed=seed)
    assert fault.startswith("model.seed: ")


def test_a_number_deep_inside_free_settings_is_refused_too():
    arguments = {"base_urls": ["http://localhost/v1"], "fields": {"options": [{"temperature": float("nan")}]}}
    [fault] = faults_of("thoughtrank.engines.openai.OpenAIEngine", "engine", **arguments)
    assert fault == "engine.fields.options.0.temperature: input should be a finite number, not nan"


@pytest.mark.parametrize("value", [LARGEST_INTEGER + 1, -LARGEST_INTEGER - 1])
def test_an_integer_of_more_than_64_bits_is_refused(value):
    [fault] = faults_of("thoughtrank.questions.word_problems.source.WordProblems", "questions", seed=value)
    assert fault.startswith("questions.seed: ")


@pytest.mark.parametrize("engine", ["openai.OpenAIEngine", "vllm.VLLMEngine"])
def test_a_timeout_longer_than_sockets_take_is_refused(engine):
    urls = {"base_urls": ["http://localhost/v1"]} if engine.startswith("openai") else {}
    [fault] = faults_of(f"thoughtrank.engines.{engine}", "engine", timeout_seconds=1e300, **urls)
    assert fault.startswith("engine.timeout_seconds: ")


@pytest.mark.parametrize("key", ["devices", "num_nodes"])
def test_no_devices_and_no_machines_are_refused(key):
    for strategy in ("AutoStrategy", "DDPStrategy", "FSDPStrategy"):
        [fault] = faults_of(f"thoughtrank.finetuning.strategies.{strategy}", "strategy", **{key: -1})
        assert fault.startswith(f"strategy.{key}: ")
