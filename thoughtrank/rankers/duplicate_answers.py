"""Groups equal answers, so that each text is judged once."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from thoughtrank.judging.protocol import AnswerView


@dataclass(frozen=True, slots=True)
class DuplicateClass:
    """All answers with one text.

    Attributes:
        representative: the id of the first of them with the text they share, normalised and trimmed, because what the judge
            sees must not depend on which of them came first.
        members: the ids of all of them, the representative's first.
    """

    representative: AnswerView
    members: tuple[str, ...]


def duplicate_classes(answers: Sequence[AnswerView]) -> list[DuplicateClass]:
    """The classes of answers that are equal after Unicode NFC and trimming outer whitespace, by first appearance."""
    members: dict[str, list[str]] = {}
    for answer in answers:
        text = unicodedata.normalize("NFC", answer.text).strip()
        members.setdefault(text, []).append(answer.answer_id)
    return [
        DuplicateClass(representative=AnswerView(ids[0], text), members=tuple(ids)) for text, ids in members.items()
    ]
