"""About how many tokens the trainings of a run read, before it is known how many examples there will be."""

from collections.abc import Iterable, Sequence

from thoughtrank.config.dry_run.candidate_counts import candidate_tokens
from thoughtrank.config.schema import RunConfig

_PROMPT_TOKENS = 100
"""Of a question with the chat template."""


def training_tokens(config: RunConfig, *, questions: Sequence[int], rounds: Iterable[int]) -> float:
    """Typical number of tokens in all steps. One example per question is assumed.

    Args:
        config: of the run.
        questions: of each round of the run.
        rounds: numbers of the rounds after which is trained: only the last one for a control that starts from the base model.
    """
    training = config.training
    read = 0
    for number in rounds:
        examples = sum(questions[0 if training.examples == "all" else number - 1 : number])
        read += max(training.epochs * examples, training.min_steps * training.batch_size)
    return read * (candidate_tokens(config) + _PROMPT_TOKENS)
