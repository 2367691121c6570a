"""The evaluation in the plan of a run: its arms, its most tokens, and about how many tokens the model reads and generates."""

from collections.abc import Iterable

from thoughtrank.config.schema import RunConfig
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import ARMS, arms_of_round
from thoughtrank.report.labels import arm_label

_PROMPT_TOKENS = 60
"""Of a question; read once for each of the batches in which its arms are generated."""
_BATCHES = 3
"""Free replies, short replies, and short replies with thoughts that depend on the other questions."""
_USED = 0.5
"""Greedy texts end before their limits; this fraction is typical."""


def evaluation_line(config: RunConfig, *, held_out: int) -> str:
    """The line of the plan.

    Args:
        config: of the run.
        held_out: number of held-out questions, those of unseen families included.
    """
    every = arms_of_round(config.evaluation.arms, number=1, rounds=config.rounds + 1)
    ends = [name for name in config.evaluation.arms if name not in every]
    ends_text = ", ".join(map(arm_label, ends))
    more = f", {ends_text} in rounds 0 and {config.rounds} for the tokens of one more reply" if ends else ""
    most = sum(_most_tokens(name, config) for name in every)
    return (
        f"{held_out} held-out questions, rounds 0 to {config.rounds}, in {len(every)} {'arms' if len(every) > 1 else 'arm'} "
        f"({', '.join(map(arm_label, every))}){more}; at most {config.reply_tokens} tokens per reply, {most} per question and "
        "round"
    )


def evaluation_tokens(config: RunConfig, *, held_out: int) -> float:
    """Typical number of tokens that the model reads and generates in all evaluations, for time estimates."""
    numbers = range(config.rounds + 1)
    rounds = [arms_of_round(config.evaluation.arms, number=number, rounds=config.rounds) for number in numbers]
    # The base model opens no thought by itself, so that its own ones are generated apart.
    thoughts = _USED * config.generation.thought_tokens if "own_thought" in config.evaluation.arms else 0.0
    return held_out * (thoughts + sum(arms_tokens(arms, config) for arms in rounds))


def arms_tokens(arms: Iterable[ArmName], config: RunConfig) -> float:
    """The same for one question in some arms."""
    names = list(arms)
    return min(len(names), _BATCHES) * _PROMPT_TOKENS + sum(_typical_tokens(name, config) for name in names)


def _most_tokens(name: ArmName, config: RunConfig) -> int:
    if not ARMS[name].forces_answer:
        return config.reply_tokens
    thought = config.generation.thought_tokens if name == "own_thought" else 0
    return thought + config.evaluation.answer_tokens


def _typical_tokens(name: ArmName, config: RunConfig) -> float:
    """Forced tokens included; the samples of ``best_of_n`` cost as many as a free reply."""
    if name == "best_of_n" or not ARMS[name].forces_answer:
        return _USED * config.reply_tokens
    thought = 0.0 if name == "answer_at_once" else _USED * config.generation.thought_tokens
    return thought + _USED * config.evaluation.answer_tokens
