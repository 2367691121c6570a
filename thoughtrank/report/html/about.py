"""One line on what was run: model, questions, judge, hardware, sizes, and what a round is."""

import re
from collections.abc import Mapping
from typing import Any

from thoughtrank.report.html.machine import machine_text
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.training_texts import round_text

_ROUND = "In each round the model answers every question once per prefix; the best candidates become training examples."


def about(run: StoredRun) -> str:
    """As far as the config of the run has it; empty without one."""
    parts = [
        _named("model", _model(run)),
        _named("questions", _component(run, "questions")),
        _named("judge", _judge(run)),
        _named("hardware", machine_text(run)),
        _number(_settings(run, "questions"), "train_per_round", "questions per round"),
        _number(_settings(run, "training"), "batch_size", "examples per batch"),
        _named("learning rate", _settings(run, "optimizer").get("lr")),
    ]
    found = [each for each in parts if each]
    return " ".join(filter(None, [f"{'; '.join(found)}.", _ROUND, round_text(run)])) if found else ""


def _settings(run: StoredRun, name: str) -> Mapping[str, Any]:
    value = run.config.get(name)
    return value if isinstance(value, dict) else {}


def _model(run: StoredRun) -> str:
    return str(_settings(run, "model").get("name") or "").rstrip("/").rpartition("/")[2]


def _judge(run: StoredRun) -> str:
    """The model that judges; where none does, what takes its place."""
    words = _component(run, "judge")
    if words == "reference judge":
        return "none (a program compares the answers with the reference answers)"
    return str(_settings(run, "judge").get("model") or words)


def _component(run: StoredRun, name: str) -> str:
    """The class in words: ``WordProblems`` is "word problems"."""
    target = str(_settings(run, name).get("_target_") or "").rpartition(".")[2]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", target).lower()


def _named(name: str, value: object) -> str:
    return f"{name}: {value}" if value else ""


def _number(settings: Mapping[str, Any], key: str, text: str) -> str:
    value = settings.get(key)
    return f"{value:,} {text}" if isinstance(value, int) else ""
