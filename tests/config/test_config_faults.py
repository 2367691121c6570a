"""Faults of all kinds in one config are reported together, and none is a consequence of another one."""

import shutil

import pytest
from composing import composed, composed_small

from thoughtrank.config.preflight import config_faults


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_faults_of_the_schema_and_of_constructors_hide_no_fault_of_how_the_other_parts_fit(tmp_path):
    (tmp_path / "file").touch()
    values = composed_small(
        *("training.batch_size=8", "training.micro_batch_size=3"),
        *("model.context=104", "generation.thought_tokens=64", "generation.answer_tokens=40"),
        f"runs_dir={tmp_path}/file",
        f"cache_dir={tmp_path}/file",
    )
    values |= {"run": "../outside", "rounds": 0}
    values["training"] |= {"epochs": 0, "max_gradient_norm": float("nan")}
    values["optimizer"]["momentum"] = 1
    values["selection"]["k"] = 0
    faults = config_faults(values)
    clues = (
        "run: ",
        "rounds: ",
        "training.epochs: ",
        "training.max_gradient_norm: ",
        "optimizer.momentum: ",
        "selection.k=0",
    )
    clues += ("training.batch_size=8 is", "context of 104", "runs_dir=", "cache_dir=")
    assert {clue: sum(clue in fault for fault in faults) for clue in clues} == dict.fromkeys(clues, 1)
    assert len(faults) == len(clues)


@pytest.mark.parametrize(
    "key", ["training.batch_size", "strategy", "training", "model", "generation", "judge", "questions"]
)
def test_what_needs_a_faulty_key_is_not_checked(key):
    values = composed_small()
    group, _, inner = key.partition(".")
    if inner:
        values[group][inner] = "many"
    else:
        values[group] = 3
    faults = config_faults(values)
    assert faults
    assert all(fault.startswith(key) for fault in faults), faults


def test_faults_of_every_logger_are_reported_together(monkeypatch):
    values = composed("model=tiny", "logger=[wandb,tensorboard,csv]", "logger.wandb.candidate_rows=many")
    values["logger"]["csv"]["folder"] = "elsewhere"
    assert [fault.partition(":")[0] for fault in config_faults(values)] == [
        "logger.wandb.candidate_rows",
        "logger.csv.folder",
    ]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    values = composed("model=tiny", "logger=[wandb,tensorboard,csv]", "logger.wandb.candidate_rows=-1")
    missing = [fault for fault in config_faults(values) if fault.startswith("logger")]
    starts = ("logger=wandb needs", "logger.wandb.candidate_rows=-1", "logger=tensorboard needs")
    assert [fault.startswith(start) for fault, start in zip(missing, starts, strict=True)] == [True] * 3


@pytest.mark.parametrize("key", ["judge.criteria", "export.name", "prefixes.literal.values"])
def test_a_text_that_is_not_utf_8_is_reported_beside_faults_of_other_parts(key):
    values = composed_small("judge=openai", "judge.model=m", "judge.api_key_env=null", "prefixes=literal")
    group, *inner, last = key.split(".")
    place = values[group][inner[0]] if inner else values[group]
    place[last] = ["a", "Pr\udce4fix"] if last == "values" else "Bevorzuge sch\udcf6ne Antworten"
    values["rounds"] = 0
    faults = config_faults(values)
    where = f"{key}.1" if last == "values" else key
    assert [fault.partition(": ")[0] for fault in faults] == ["rounds", where], faults
    assert "not valid UTF-8" in faults[1]


def test_a_full_disk_is_reported_beside_a_fault_of_the_schema(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10, 10, 0))
    values = {**composed_small(), "keep": "all", "runs_dir": str(tmp_path), "cache_dir": str(tmp_path)}
    values["export"]["which"] = "none of these"
    faults = config_faults(values)
    assert any("export.which" in fault for fault in faults)
    assert any("B free" in fault for fault in faults)


@pytest.mark.parametrize(
    ("variable", "value", "overrides", "said"),
    [
        ("WANDB_MODE", "off", [], "WANDB_MODE=off: input should be 'online', 'offline'"),
        ("WANDB_API_KEY", "pasted", [], "WANDB_API_KEY is no API key of W&B"),
        ("WANDB_PROJECT", "a/b", [], "WANDB_PROJECT=a/b: Invalid project name"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", ["judge=openai"], "ALL_PROXY: a SOCKS proxy needs the package socksio"),
        ("HTTPS_PROXY", "http://proxy:port", ["judge=openai"], "HTTPS_PROXY: a proxy must look like"),
        ("ALL_PROXY", "socks5://127.0.0.1:1", ["engine=openai"], "ALL_PROXY: a SOCKS proxy needs the package socksio"),
    ],
)
def test_variables_that_would_end_a_run_are_named_before_it_starts(monkeypatch, variable, value, overrides, said):
    """With the default logger, and where judge or engine are served."""
    for name in (*(f"{each}_proxy" for each in ("http", "https", "all", "no")), "WANDB_MODE", "WANDB_API_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    monkeypatch.setenv(variable, value)
    faults = config_faults(composed("model=tiny", *overrides))
    assert [fault.partition(said)[1] for fault in faults if variable in fault] == [said]
    assert not any(fault.count("\n") for fault in faults)
