"""What a session and the process of a device send each other."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from thoughtrank.engines.protocol import GenerationRequest, Limits, ScoreRequest


class Settings(NamedTuple):
    """What a worker opens.

    Attributes:
        model_folder: in Hugging Face format.
        device: kind of device; the process sees one of them.
        dtype, packed, token_budget: see ``TransformersSession``.
    """

    model_folder: Path
    device: str
    dtype: str
    packed: bool
    token_budget: int | str


@dataclass(frozen=True, slots=True)
class Job:
    """One group.

    Attributes:
        requests: to generate from, or to score.
        limits: None to score.
    """

    requests: list[GenerationRequest] | list[ScoreRequest]
    limits: Limits | None


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of a job; see ``OnStep``."""

    tokens: int
    finished: int


@dataclass(frozen=True, slots=True)
class Done:
    """A finished job with its results, and the facts of the session."""

    results: list[Any]
    facts: dict[str, object]


@dataclass(frozen=True, slots=True)
class Failed:
    """An error: of the user, with its sentences, or a bug, with its traceback."""

    kind: Literal["user", "bug"]
    sentences: tuple[str, ...]
