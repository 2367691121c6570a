"""About how many tokens the trainings of a run read, before it is known how many examples there will be."""

from thoughtrank.config.dry_run.candidate_counts import candidate_tokens
from thoughtrank.config.schema import RunConfig

_PROMPT_TOKENS = 100
"""Of a question with the chat template."""


def training_tokens(config: RunConfig, *, questions: int, every_round: bool = True) -> float:
    """Typical number of tokens in all steps. One example per question is assumed.

    Args:
        config: of the run.
        questions: per round.
        every_round: False to train only once, after the last round, as a control does that starts from the base model.
    """
    training = config.training
    rounds = range(1, config.rounds + 1) if every_round else [config.rounds]
    read = 0
    for number in rounds:
        examples = questions * (number if training.examples == "all" else 1)
        read += max(training.epochs * examples, training.min_steps * training.batch_size)
    return read * (candidate_tokens(config) + _PROMPT_TOKENS)
