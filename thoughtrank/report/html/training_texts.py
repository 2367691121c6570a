"""What a round trains, in words: from which model, on the examples of which rounds, and in how many epochs."""

from collections.abc import Mapping
from typing import Any

from thoughtrank.report.html.stored_run import StoredRun


def training_settings(run: StoredRun) -> Mapping[str, Any]:
    """The group ``training`` of its config; empty without one."""
    value = run.config.get("training")
    return value if isinstance(value, dict) else {}


def trained_text(run: StoredRun, number: int) -> str:
    """What made the model of a round, as the subject of a sentence.

    Rounds add up only where each starts from the model of the one before. Otherwise what is trained is the base model, once.
    """
    settings = training_settings(run)
    if number == 1 or settings.get("start") != "base":
        return "1 round of training" if number == 1 else f"{number} rounds of training"
    if settings.get("examples") == "all":
        return f"training the base model on the examples of {number} rounds"
    return f"training the base model on the examples of round {number}"


def round_text(run: StoredRun) -> str:
    """One sentence on what every round trains; empty where the config does not say."""
    settings = training_settings(run)
    models = {"base": "the base model again", "previous": "the model of the round before"}
    examples = {"all": "the examples of all rounds so far", "round": "its own examples"}
    model, used = models.get(settings.get("start", "")), examples.get(settings.get("examples", ""))
    return f"Every round trains {model}, on {used}." if model and used else ""


def epochs_text(run: StoredRun) -> str:
    """Which rounds repeated their examples for more epochs than ``training.epochs``, and why; empty where none did."""
    settings = training_settings(run)
    epochs, steps = settings.get("epochs"), settings.get("min_steps")
    made = {each.number: each.facts.get("training", {}).get("epochs") for each in run.rounds}
    more = [f"{count} in round {number}" for number, count in made.items() if count and epochs and count > epochs]
    if not more:
        return ""
    return (
        f"A training makes at least training.min_steps={steps} steps: with few examples it repeats them for more epochs than "
        f"training.epochs={epochs}, here {', '.join(more)}."
    )
