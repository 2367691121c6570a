"""What was run, in a few lines: model, questions, judge, hardware, seed and date, and how candidates became examples."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from thoughtrank.report.html.machine import machine_text
from thoughtrank.report.html.round_statistics import RoundStatistics
from thoughtrank.report.html.stored_run import StoredRun
from thoughtrank.report.html.training_texts import round_text

_WRITERS = {
    ("previous",): "the model of the round before",
    ("base",): "the base model",
    ("base", "previous"): "the base model and that of the round before",
}
"""``generation.models`` to what writes the candidates of a round."""


def about(run: StoredRun, rounds: Sequence[RoundStatistics]) -> str:
    """As far as the config of the run has it; empty without one.

    Args:
        run: the run.
        rounds: the statistics of those with candidates.
    """
    parts = [
        _named("model", _model(run)),
        _named("questions", _component(run, "questions")),
        _named("judge", _judge(run)),
        _named("hardware", machine_text(run)),
        _number(_settings(run, "questions"), "train_per_round", "questions per round"),
        _number(_settings(run, "training"), "batch_size", "examples per batch"),
        _named("learning rate", _settings(run, "optimizer").get("lr")),
        _seeds(run),
        _named("started", run.started),
    ]
    found = [each for each in parts if each]
    if not found:
        return ""
    return f"{'; '.join(found)}. {_round(run)}{_counts(rounds)}. {round_text(run)}".rstrip()


def _round(run: StoredRun) -> str:
    """Which model writes the candidates of a round."""
    models = tuple(sorted(_settings(run, "generation").get("models", ["previous"])))
    writer = _WRITERS.get(models, "the model")
    if run.config.get("candidates"):
        writer += " (the candidates of round 1 were imported)"
    elif models != ("base",):
        writer += " (in round 1 the base model)"
    return (
        f"In each round {writer} writes candidates, one for every question and prefix: a thought that begins with the "
        "prefix, then an answer. Those with the best answers become examples"
    )


def _counts(rounds: Sequence[RoundStatistics]) -> str:
    """How many questions and candidates became how many examples; empty before a selection."""
    selected = sum(each.selected.total() for each in rounds)
    if not selected:
        return ""
    candidates, questions = sum(each.candidates for each in rounds), sum(each.questions for each in rounds)
    decided, with_selected = sum(each.decided for each in rounds), sum(each.selected_questions for each in rounds)
    return (
        f": {candidates:,} candidates for {questions:,} questions in all; the answers differ in rank for {decided:,} "
        f"questions; {selected:,} candidates, for {with_selected:,} questions, were selected as examples"
    )


def _seeds(run: StoredRun) -> str:
    """The seed of the run, and those of its components that differ from it."""
    seed = run.config.get("seed")
    if seed is None:
        return ""
    others = [f"{name} {value}" for name, value in _component_seeds(run.config) if value != seed]
    return f"seed: {seed}" + (f" ({', '.join(others)})" if others else "")


def _component_seeds(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in config.items():
        if isinstance(value, dict):
            yield from _component_seeds(value, f"{prefix}{name}.")
        elif name == "seed" and prefix:
            yield f"{prefix}{name}", value


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
