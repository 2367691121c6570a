"""The interface between the stages and whatever generates text. Imports nothing heavy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from thoughtrank.records import Finish


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to begin a reply.

    Attributes:
        opener: text forced at the start of the reply (may be empty).
        in_thought: True where the opener leaves a thought open: generation first runs up to the closing tag, which is
            added when it does not come, and then goes on with the answer.
        temperature: of the thought's tokens; 0 takes the likeliest. Answers are always greedy.
        seed: of the sampling; equal seeds draw equal texts, wherever in a batch the branch is.
        first_choice: place of the thought's first token among the likeliest, 0 the likeliest, where tokens that end the
            turn do not count; None leaves it free.

    An engine that cannot sample, or cannot choose a first token, says so before it writes and never ignores it.
    """

    opener: str
    in_thought: bool
    temperature: float = 0.0
    seed: int = 0
    first_choice: int | None = None


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One rendered prompt and the branches to continue from it."""

    prompt: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the model wrote for one branch.

    Attributes:
        thought: generated text after the opener and before the closing tag; empty where no thought was open.
        thought_ids: token ids from behind the opener up to the closing tag, which is included.
        thought_tokens: how many of them the model wrote itself.
        thought_finish: ``stop`` where the model ended the thought itself, by the closing tag or by ending its turn (the
            tag is then added); ``length`` where the limit cut it.
        answer: generated text up to the end of the turn.
        answer_ids: its token ids, without the end-of-turn token.
        answer_finish: ``length`` where the limit cut it.
    """

    thought: str
    thought_ids: tuple[int, ...]
    thought_tokens: int
    thought_finish: Finish
    answer: str
    answer_ids: tuple[int, ...]
    answer_finish: Finish


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one branch may write, in tokens the model chooses itself.

    Attributes:
        thought_tokens: most tokens of a thought.
        answer_tokens: most tokens of an answer.
        min_answer_tokens: the turn may not end before that many tokens of the answer.
    """

    thought_tokens: int
    answer_tokens: int
    min_answer_tokens: int = 0


OnStep = Callable[[int, int], None]
"""Called with (tokens added, branches finished)."""


class EngineSession(Protocol):
    """An engine with a model loaded. Use it as a context manager: leaving it frees the memory."""

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """Continue every branch of every request, in one batch; greedily, unless the branch asks for something else.

        Args:
            requests: the group; results come in its order, one list per request, one entry per branch.
            limits: token limits of each phase.
            on_step: called after every step with the tokens it added and the branches it finished, for progress.

        Raises:
            UserError: a prompt leaves no room for the limits in the model's context.
        """
        ...

    def facts(self) -> dict[str, object]:
        """Engine, versions, dtype and device, for the record beside the table."""
        ...

    def __enter__(self) -> "EngineSession": ...

    def __exit__(self, *exception: object) -> None: ...


class Engine(Protocol):
    """A part of the config group ``engine``."""

    questions_per_group: int
    replies_per_group: int
    chooses_first_token: bool
    """Whether it can begin a thought as ``Branch.first_choice`` says."""
    probe_candidates: int
    """How many candidates of a stage are written again in another batch, to measure whether that changes them."""

    def faults(self) -> list[str]:
        """Everything a user can put right before a model loads, one sentence each."""
        ...

    def identity(self) -> dict[str, object]:
        """The settings that can change the text, for the fingerprint."""
        ...

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> EngineSession:
        """Load the model (seconds to minutes).

        Args:
            model_folder: in Hugging Face format.
            work_folder: where the engine may keep files of its own whose names start with ``_``, such as replies of a
                half-written group; of this stage alone, and there again after a resume. None where there is no such place.
        """
        ...
