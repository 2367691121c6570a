"""Before the first stage: which questions the model has room for, and whether the prefixes mean something to it."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from thoughtrank.engines.protocol import Limits
from thoughtrank.errors import UserError
from thoughtrank.models.model_config import read_sizes
from thoughtrank.output.terminal import print_warning
from thoughtrank.prefixes.protocol import Prefix
from thoughtrank.prompting.chat_template import ChatTemplate
from thoughtrank.prompting.context_filter import ContextFilter, prefix_faults
from thoughtrank.questions.protocol import QuestionSource
from thoughtrank.stages.round_models import RoundModel
from thoughtrank.storage.done_marker import read_done
from thoughtrank.storage.run_paths import RunPaths


def questions_that_fit(
    *,
    source: QuestionSource,
    prefixes: Sequence[Prefix],
    longest_opener: int = 0,
    base: RoundModel,
    paths: RunPaths,
    limits: Limits,
    held_out_tokens: int,
    rounds: int,
    model_faults: Callable[[Path], list[str]],
) -> ContextFilter:
    """The questions of a run without those that the model has no room for; warns about each of these by name.

    Args:
        source: of the questions.
        prefixes: of the run; where they are mined, those of round 1.
        longest_opener: most bytes of an opener that is mined later.
        base: base model; every model of the run has its tokenizer and context length.
        paths: of the run.
        limits: tokens per thought and answer.
        held_out_tokens: most tokens after the prompt of a held-out question.
        rounds: number of rounds.
        model_faults: what cannot be done with the model in a folder, one sentence each.

    Raises:
        UserError: the model is not supported; a prefix means nothing to the tokenizer; or a round, or the held-out set, has no
            question left.
    """
    folder, chat = _tokenizer(paths.model(1), base=base)
    texts = [prefix.text for prefix in prefixes]
    # Prefixes without text differ by how their thoughts are sampled.
    faults = [*model_faults(folder), *prefix_faults(chat, [text for text in texts if text])]
    if faults:
        raise UserError(*faults)
    questions = ContextFilter(
        source=source,
        chat=chat,
        context_tokens=read_sizes(folder).context or sys.maxsize,
        written_tokens=max(limits.thought_tokens + limits.answer_tokens, held_out_tokens),
        prefixes=[*texts, "x" * longest_opener],
    )
    numbers = range(1, rounds + 1)
    left_out = [each for number in numbers for each in questions.left_out_of_round(number)]
    held_out = [*questions.left_out_of_evaluation(), *questions.left_out_of_development()]
    for question in [*left_out, *held_out]:
        print_warning(questions.warning(question))
    for number in numbers:
        questions.train(number)
    questions.evaluation()
    questions.development()
    return questions


def _tokenizer(first: Path, *, base: RoundModel) -> tuple[Path, ChatTemplate]:
    """The folder of a model of the run, and its chat template: with a finished round, the base model need not be rebuilt."""
    marker = read_done(first)
    if (first / "tokenizer_config.json").exists() and not (marker and marker.damaged_parts(first)):
        with suppress(UserError):  # what is damaged is restored when its stage is reused
            return first, ChatTemplate.from_folder(first)
    folder = base.folder()
    return folder, ChatTemplate.from_folder(folder)
