"""What every stage is: an object that states its inputs beside the work it does with them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, ClassVar

from thoughtrank.records import Question
from thoughtrank.storage.artifact import Artifact


@dataclass(frozen=True, kw_only=True)
class Stage(ABC):
    """One stage of one round; ``storage.stage_reuse.Store.complete`` runs it unless its artifact exists already.

    Attributes:
        name: for progress bars and messages, such as ``round 2 generation``.
        published: where its artifact appears in the run folder.
        kind: folder of its artifacts in the cache.
        reusable: patterns of files that ``make`` can resume from, if a finished artifact has lost others.
    """

    name: str
    published: Path
    kind: ClassVar[str]
    reusable: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def inputs(self) -> dict[str, object]:
        """Everything the result depends on, as JSON values: its fingerprint decides whether an artifact is reused."""

    @abstractmethod
    def make(self, artifact: Artifact) -> None:
        """Do the work in ``artifact.folder`` and finish the artifact; resumes what an earlier attempt left there.

        Raises:
            UserError: what the user has to fix; finished work is kept.
        """

    def replaces(self, facts: Mapping[str, Any]) -> bool:
        """Whether it may replace an artifact of other inputs, with these facts, in the run folder."""
        return False

    def holds(self, folder: Path) -> bool:
        """Whether a finished folder has everything that is wanted of it, beside its table."""
        return True

    def reuse(self, artifact: Artifact) -> None:  # noqa: B027 (most stages have nothing to do)
        """Called in place of ``make`` when the artifact is complete already."""


def question_texts(questions: Sequence[Question]) -> list[list[str]]:
    """Ids and texts of ``questions``, with the turns before them, as inputs of a stage that stores nothing else of them."""
    return [[question.question_id, question.key] for question in questions]


def question_references(questions: Sequence[Question]) -> list[object]:
    """The reference answers, as inputs of a stage that compares with them."""
    return [
        [question.answer, *question.accepted, question.answer_kind]
        if question.accepted or question.answer_kind
        else question.answer
        for question in questions
    ]


def question_fields(questions: Sequence[Question]) -> list[list[object]]:
    """All fields of ``questions``, as inputs of a stage that also stores their families or compares with their answers."""
    return [_fields(question) for question in questions]


def _fields(question: Question) -> list[object]:
    """Questions without a conversation have the fields that they had before there were conversations."""
    *fields, context = astuple(question)
    return [*fields, context] if context else fields
