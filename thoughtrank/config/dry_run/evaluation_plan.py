"""The evaluation in the plan of a run: its arms, its most tokens, and about how many tokens the model reads and generates."""

from collections.abc import Iterable, Mapping, Sequence

from thoughtrank.config.dry_run.number_text import count
from thoughtrank.config.schema import RunConfig
from thoughtrank.evaluation.arms.protocol import ArmName
from thoughtrank.evaluation.arms.registry import ARMS, arms_of_round
from thoughtrank.report.labels import arm_label

ArmQuestions = Mapping[ArmName, int]
"""Each arm with the number of its questions."""

_PROMPT_TOKENS = 60
"""Of a question; read once for each of the batches in which its arms are generated."""
_BATCHES = 3
"""Free replies, short replies, and short replies with thoughts that depend on the other questions."""
_USED = 0.5
"""Greedy texts end before their limits; this fraction is typical."""


def evaluation_line(config: RunConfig, *, held_out: int, questions: ArmQuestions) -> str:
    """The line of the plan.

    Args:
        config: of the run.
        held_out: number of held-out questions, those of unseen families included.
        questions: each arm with the number of its questions.
    """
    every = arms_of_round(_asked(questions), number=1, rounds=config.rounds + 1)
    ends = [name for name in _asked(questions) if name not in every]
    ends_text = _labels(ends)
    more = f", {ends_text} in rounds 0 and {config.rounds} for the tokens of one more reply" if ends else ""
    unfit = [name for name, number in questions.items() if not number and held_out]
    none = f"; none has a reference answer for {_labels(unfit)}" if unfit else ""
    most = sum(_most_tokens(name, config) for name in every)
    return (
        f"{count(held_out, 'held-out question')}, rounds 0 to {config.rounds}, in {count(len(every), 'arm')} "
        f"({_labels(every)}){more}{none}; at most {count(config.reply_tokens, 'token')} per reply, {most:,} per question "
        "and round"
    )


def reply_limit_note(config: RunConfig) -> str | None:
    """That replies are cut before a candidate would be, where they are; else None."""
    limits = config.generation.thought_tokens + config.generation.answer_tokens
    if config.reply_tokens >= limits:
        return None
    return (
        f"replies are cut at {config.reply_tokens} tokens (evaluation.reply_tokens), also those of the released model, and "
        f"candidates have up to {limits:,}: with evaluation.reply_tokens=null replies have as many"
    )


def _labels(names: Iterable[ArmName]) -> str:
    return ", ".join(map(arm_label, names))


def evaluation_tokens(config: RunConfig, *, questions: ArmQuestions, rounds: Sequence[int]) -> float:
    """Typical number of tokens that the model reads and generates in evaluations, for time estimates.

    Args:
        config: of the run.
        questions: each arm with the number of its questions.
        rounds: numbers of the rounds that are evaluated.
    """
    arms = [arms_of_round(config.evaluation.arms, number=number, rounds=config.rounds) for number in rounds]
    # The base model opens no thought by itself, so that its own ones are generated apart.
    apart = questions.get("own_thought", 0) if 0 in rounds else 0
    thoughts = apart * _USED * config.generation.thought_tokens
    return thoughts + sum(arms_tokens({name: questions[name] for name in each}, config) for each in arms)


def arms_tokens(questions: ArmQuestions, config: RunConfig) -> float:
    """The same for one evaluation in some arms."""
    batches = min(len(_asked(questions)), _BATCHES)
    prompts = batches * _PROMPT_TOKENS * max(questions.values(), default=0)
    return prompts + sum(number * _typical_tokens(name, config) for name, number in questions.items())


def _asked(questions: ArmQuestions) -> list[ArmName]:
    """The arms that have a question."""
    return [name for name, number in questions.items() if number]


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
