"""What the stages ask of a text generation engine, and the records they exchange. Imports nothing heavy."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from thoughtrank.engines.generation_memory import GenerationMemory
from thoughtrank.models.hardware import DeviceKind
from thoughtrank.records import Finish

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class Branch:
    """One way to begin a reply.

    Attributes:
        opener: text forced at the start of the reply (may be empty).
        in_thought: whether the opener leaves a thought open: generation first runs up to the closing tag, which is added if
            the model does not generate it, and then continues with the answer.
        temperature: of the thought's tokens; 0 is greedy.
        answer_temperature: the same of the answer's tokens.
        seed: of the sampling; equal seeds give equal texts at any position in a batch.
        first_choice: rank of the thought's first token among the likeliest ones, 0 for the likeliest; tokens that end the
            turn do not count. None leaves it free.
        ends_at_tag: text from the first tag inside the thought or the answer on is not used: the engine may end the branch
            as soon as such a tag is complete.

    An engine that cannot sample, or cannot choose a first token, raises an error before it generates.
    """

    opener: str
    in_thought: bool
    temperature: float = 0.0
    seed: int = 0
    first_choice: int | None = None
    ends_at_tag: bool = False
    answer_temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One rendered prompt and the branches to continue from it."""

    prompt: str
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """What the model generated for one branch.

    Attributes:
        thought: generated text after the opener and before the closing tag; empty where no thought was open.
        thought_ids: token ids after the opener, up to and including the closing tag.
        thought_tokens: how many of them the model generated itself.
        thought_finish: ``stop`` if the model ended the thought itself, by the closing tag or by ending its turn (the tag is
            then added); ``length`` if it reached the limit.
        answer: generated text up to the end of the turn.
        answer_ids: its token ids, without the end-of-turn token.
        answer_finish: ``stop`` or ``length``, as for the thought.
    """

    thought: str
    thought_ids: tuple[int, ...]
    thought_tokens: int
    thought_finish: Finish
    answer: str
    answer_ids: tuple[int, ...]
    answer_finish: Finish


AnswerForm = Literal["number", "text"]
"""What ends an answer: after a number everything that does not continue it, after a text punctuation and white space."""


@dataclass(frozen=True, slots=True)
class ScoredAnswer:
    """An answer whose probability is asked for.

    Attributes:
        opener: text forced at the start of the reply, up to the answer; ends in no white space.
        answer: the answer; white space before it belongs to it.
        form: what ends it.
    """

    opener: str
    answer: str
    form: AnswerForm


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """One rendered prompt and the answers to score after it."""

    prompt: str
    answers: tuple[ScoredAnswer, ...]


@dataclass(frozen=True, slots=True)
class ContinuationScore:
    """How likely one answer is.

    Attributes:
        logprob: of the tokens of the answer, in nats, and of one of the tokens that end it coming next. Minus infinity where
            the sequence does not fit the model's context.
        tokens: how many tokens the answer has.
    """

    logprob: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one branch may generate, in tokens the model chooses itself.

    Attributes:
        thought_tokens: most tokens of a thought.
        answer_tokens: most tokens of an answer; with 0, a branch ends with its thought.
        min_answer_tokens: fewest tokens of an answer; the turn cannot end before.
    """

    thought_tokens: int
    answer_tokens: int
    min_answer_tokens: int = 0


OnStep = Callable[[int, int], None]
"""Called with (tokens added, branches finished)."""


class EngineSession(Protocol):
    """An engine with a model loaded, used as a context manager: leaving it frees the memory."""

    def generate(
        self, requests: Sequence[GenerationRequest], *, limits: Limits, on_step: OnStep | None = None
    ) -> list[list[Continuation]]:
        """Continue every branch of every request, in one batch; greedily, unless the branch asks for sampling.

        Args:
            requests: the group; results come in its order, one list per request, one entry per branch.
            limits: token limits of each phase.
            on_step: called after every step with the tokens it added and the branches it finished, for progress.

        Raises:
            UserError: a prompt leaves no room for the limits in the model's context.
        """
        ...

    def score(
        self, requests: Sequence[ScoreRequest], *, on_step: OnStep | None = None
    ) -> list[list[ContinuationScore]]:
        """The log-probability of every answer: of its tokens, and of the total of all tokens that end it at the next position.

        The answer is tokenised as it reads after prompt and opener. Because all tokens that end it count together, the score
        does not depend on whether answers in this context end with a full stop, a new line or the end of the turn.

        Args:
            requests: the group; results come in its order, one list per request, one entry per answer.
            on_step: called with the tokens that were read and the answers they completed, for progress.

        Raises:
            UserError: the engine cannot score (``Engine.scores`` is false).
        """
        ...

    def facts(self) -> dict[str, object]:
        """Engine, versions, dtype and device, recorded next to the table."""
        ...

    def __enter__(self) -> "EngineSession": ...

    def __exit__(self, *exception: object) -> None: ...


class FinishedGroup(NamedTuple):
    """The place of a group among those that were asked for, and its results."""

    place: int
    results: list[list[Continuation]]


class OverlappingSession(EngineSession, Protocol):
    """The session of an engine with ``overlaps_groups``."""

    def generate_groups(
        self, groups: Iterable[Sequence[GenerationRequest]], *, limits: Limits, on_step: OnStep | None = None
    ) -> Generator[FinishedGroup, None, None]:
        """The results of each group as of ``generate``, in any order: a group is there to be saved as soon as it is finished.

        Groups are taken as they are needed.
        """
        ...


class DeviceCounts(NamedTuple):
    """Devices that are busy while candidates are generated, and while replies are evaluated or gains computed."""

    generation: int
    evaluation: int


class Engine(Protocol):
    """A component of the config group ``engine``; ``EngineComponent`` has the defaults.

    Attributes:
        chooses_first_token: whether it can begin a thought as ``Branch.first_choice`` asks.
        scores: whether its sessions can ``score``.
        overlaps_groups: whether its sessions are ``OverlappingSession``: where nothing of a text depends on what is generated
            together.
        questions_per_group: questions generated together with all their branches; also the unit of saving.
        replies_per_group: the same for evaluation, in replies.
        probe_candidates: candidates of a stage that are generated again in another batch, to measure how many change.
    """

    chooses_first_token: bool
    scores: bool
    overlaps_groups: bool
    probe_candidates: int

    @property
    def questions_per_group(self) -> int:
        """See above."""
        ...

    @property
    def replies_per_group(self) -> int:
        """See above."""
        ...

    def faults(self) -> list[str]:
        """What the user has to fix before a model loads, one sentence each."""
        ...

    def model_faults(self, model: "PreTrainedModel") -> list[str]:
        """Why it cannot generate with a model, one sentence each.

        Args:
            model: without weights (on torch's meta device).
        """
        ...

    def identity(self) -> dict[str, object]:
        """The settings that can change the text, with ``auto`` resolved; each stage adds the group size it uses."""
        ...

    def resolved(self) -> dict[str, str | int]:
        """The settings that depend on the machine, with what they resolve to here; see ``Component``."""
        ...

    def notes(self) -> list[str]:
        """What the user should know before the run starts, one sentence each; shown with the plan."""
        ...

    def expect(self, *, sequence_tokens: int) -> None:
        """Called before the first session, with an upper bound of the run's longest sequence: prompt and text together."""

    def release(self) -> None:
        """Free what it keeps between sessions: called before anything else needs the devices, and at the end of a run."""

    def device_estimate(self) -> DeviceKind | None:
        """A guess at the kind of device that will generate, which loads nothing heavy; None where other machines do."""
        ...

    def questions_estimate(self) -> int:
        """``questions_per_group`` for the device of ``device_estimate``."""
        ...

    def devices_estimate(self) -> DeviceCounts:
        """How many devices will generate, where ``device_estimate`` is ``cuda``; for time estimates."""
        ...

    def memory_estimate(
        self, *, parameters: int, kv_cache_bytes_per_token: int, branches: int, tokens: int
    ) -> GenerationMemory | None:
        """Memory on this machine's devices; None where other machines hold the model.

        Args:
            parameters: number of weights.
            kv_cache_bytes_per_token: keys and values of one token in bfloat16.
            branches: generated together.
            tokens: the most that one of them generates.
        """
        ...

    def open(self, model_folder: Path, *, work_folder: Path | None = None) -> EngineSession:
        """Load the model (seconds to minutes).

        Args:
            model_folder: in Hugging Face format.
            work_folder: where the engine may keep files of its own whose names start with ``_``, such as completions of
                an unfinished group; used by this stage only, and kept for a resume. None keeps nothing.
        """
        ...
