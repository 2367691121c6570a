"""The data of the candidate browser: a small index of every round, and the texts in packed chunks that are read on demand.

Of every candidate the index has some numbers as columns, so that filters and sorting need no text. The texts of some questions
together make a chunk of about 1.5 MB, which a page unpacks in a few milliseconds.
"""

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

from thoughtrank.evaluation.answer_comparison import is_right
from thoughtrank.evaluation.metrics import HeldOutReply
from thoughtrank.evaluation.reference_kinds import understood
from thoughtrank.records import Question
from thoughtrank.report.html.embedding import data_element, json_text, packed_bytes, packed_text
from thoughtrank.report.html.held_out_tables import HeldOutTables
from thoughtrank.report.html.round_candidates import Reported

_CHUNK_CHARACTERS = 1_500_000
_MOST_CHARACTERS = 120_000_000
"""Of all packed texts: a page of more becomes slow to open. Texts beyond it are left out, and the page says so."""
_SHOWN_IN_LIST = 300
"""Characters of a question in the index; its chunk has the whole text."""
_COLUMNS = {"prefix": "H", "rank": "H", "outcome": "B", "flags": "B", "tokens": "I", "gain": "f"}
"""Column to its type in ``array``; the page reads them in this order. Rank 0 is unranked, and a gain of NaN is none."""

_MATCH_FLAGS = {None: 0, False: 4, True: 8}
"""Added to the flags of a candidate: whether its answer matches the reference."""


class Elements:
    """The packed contents of a page as HTML elements.

    Attributes:
        texts: the elements.
        characters: of all of them.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.characters = 0

    def add(self, content: str) -> int:
        """Add one; returns the number that its id ends with."""
        self.texts.append(data_element(f"chunk-{len(self.texts)}", content))
        self.characters += len(content)
        return len(self.texts) - 1


class Chunks:
    """The texts of questions, some of them together in one element.

    Args:
        elements: of the page.
    """

    def __init__(self, elements: Elements) -> None:
        self._elements = elements
        self._group: list[str] = []
        self._found: list[list[int | None]] = []

    def add(self, content: Mapping[str, Any]) -> None:
        """Add those of one question."""
        self._group.append(json_text(content))
        if sum(map(len, self._group)) > _CHUNK_CHARACTERS:
            self._pack()

    def finish(self) -> list[list[int | None]]:
        """For each chunk the number of its element, None where the page is full, and how many questions it has."""
        if self._group:
            self._pack()
        return self._found

    def _pack(self) -> None:
        full = self._elements.characters > _MOST_CHARACTERS
        number = None if full else self._elements.add(packed_text(f"[{','.join(self._group)}]"))
        self._found.append([number, len(self._group)])
        self._group = []


class _Matches:
    """Whether answers to a question match its reference; None where that is no number, or the answer has a formula.

    Only numbers are compared: the rules for formulas and texts would take much of the time in which a page is written.
    """

    def __init__(self, question: Question | None) -> None:
        has_number = question is not None and understood(question.answer, question.answer_kind).kind == "number"
        self._question = question if has_number else None
        self._known: dict[str, bool] = {}

    def __call__(self, answer: str) -> bool | None:
        question = self._question
        if question is None or question.answer is None or "\\" in answer:
            return None
        if answer not in self._known:
            accepted = (question.answer, *question.accepted)
            self._known[answer] = any(is_right(answer, each, question.answer_kind) for each in accepted)
        return self._known[answer]


class CandidateIndex:
    """The index of one round.

    Args:
        number: of the round.
        questions: by id; of one that is missing only the id is shown.
        verdicts: question id to its judge calls.
        elements: of the page.
    """

    def __init__(
        self,
        number: int,
        *,
        questions: Mapping[str, Question],
        verdicts: Mapping[str, Sequence[Mapping[str, Any]]],
        elements: Elements,
    ) -> None:
        self._number = number
        self._questions = questions
        self._verdicts = verdicts
        self._elements = elements
        self._chunks = Chunks(elements)
        self._rows: list[dict[str, Any]] = []
        self._prefixes: dict[str, int] = {}
        self._outcomes: dict[str, int] = {}
        self._columns: dict[str, array[Any]] = {name: array(kind) for name, kind in _COLUMNS.items()}

    def add(self, group: Sequence[Reported]) -> None:
        """Add the candidates of one question."""
        question_id = group[0].candidate.question_id
        question = self._questions.get(question_id)
        self._rows.append({"id": question_id, **_listed(question), "n": len(group)})
        self._chunks.add(
            {
                "text": None if question is None else question.whole_text,
                "candidates": [_candidate_texts(each) for each in group],
                "calls": self._verdicts.get(question_id, []),
            }
        )
        matches = _Matches(question)
        for each in group:
            self._add_numbers(each, matches=matches(each.candidate.answer))

    def finish(self) -> dict[str, Any]:
        """The index, whose elements are in the page afterwards."""
        # array has the machine's byte order; so has the page, on every machine that shows it and that trains.
        columns = b"".join(self._columns[name].tobytes() for name in _COLUMNS)
        return {
            "round": self._number,
            "prefixes": list(self._prefixes),
            "outcomes": list(self._outcomes),
            "questions": self._elements.add(packed_text(json_text(self._rows))),
            "num_candidates": len(self._columns["rank"]),
            "columns": self._elements.add(packed_bytes(columns)),
            "chunks": self._chunks.finish(),
        }

    def _add_numbers(self, each: Reported, *, matches: bool | None) -> None:
        candidate, columns = each.candidate, self._columns
        columns["prefix"].append(self._prefixes.setdefault(candidate.prefix, len(self._prefixes)))
        columns["rank"].append(min(each.rank or 0, 0xFFFF))
        columns["outcome"].append(min(self._outcomes.setdefault(each.outcome, len(self._outcomes)), 0xFF))
        truncated = (candidate.thought_finish == "length") + 2 * (candidate.answer_finish == "length")
        columns["flags"].append(truncated + _MATCH_FLAGS[matches])
        columns["tokens"].append(candidate.thought_tokens)
        columns["gain"].append(math.nan if each.gain is None else each.gain)


def held_out_index(
    replies: Mapping[int, Sequence[HeldOutReply]],
    *,
    questions: Mapping[str, Question],
    elements: Elements,
    beside: HeldOutTables,
) -> dict[str, Any] | None:
    """The index of the replies to held-out questions; None where there are none.

    Args:
        replies: round to its table.
        questions: by id.
        elements: of the page.
        beside: replies of controls, and what a judge compared.
    """
    by_question: dict[str, list[tuple[int, HeldOutReply]]] = {}
    for number, rows in replies.items():
        for reply in rows:
            by_question.setdefault(reply.question_id, []).append((number, reply))
    if not by_question:
        return None
    of_controls, judged = _of_controls(beside), _judged(beside)
    listed, chunks = [], Chunks(elements)
    for question_id, answered in by_question.items():
        question = questions.get(question_id)
        right = {number: reply.right for number, reply in answered if reply.arm == "thought"}
        first = answered[0][1]
        row = {"id": question_id, **_listed(question), "family": first.family, "unseen": first.unseen}
        listed.append({**row, "right": [right.get(number) for number in replies]})
        chunks.add(
            {
                "text": None if question is None else question.whole_text,
                "replies": [*(_reply_texts(*each) for each in answered), *of_controls.get(question_id, [])],
                "judged": judged.get(question_id, []),
            }
        )
    questions_element = elements.add(packed_text(json_text(listed)))
    return {"rounds": list(replies), "questions": questions_element, "chunks": chunks.finish()}


def _listed(question: Question | None) -> dict[str, Any]:
    """What the index has of a question."""
    if question is None:
        return {}
    return {"text": question.text[:_SHOWN_IN_LIST], "family": question.family, "answer": question.answer}


def _candidate_texts(each: Reported) -> list[Any]:
    """Id, thought and answer; and, where the table has one of them, the probability to be the best and what is suspicious."""
    texts = [each.candidate.candidate_id, each.candidate.thought, each.candidate.answer]
    row = each.ranking
    if row is None or (row.p_top is None and row.flag is None):
        return texts
    return [*texts, None if row.p_top is None else round(row.p_top, 3), row.flag]


def _reply_texts(number: int, reply: HeldOutReply) -> list[Any]:
    return [number, reply.arm, reply.right, reply.answer, reply.reply, reply.thought, reply.reply_finish]


def _of_controls(beside: HeldOutTables) -> dict[str, list[list[Any]]]:
    """Question id to the replies of the controls, each with the title of its control."""
    found: dict[str, list[list[Any]]] = {}
    for control in beside.controls:
        for reply in control.replies:
            texts = [*_reply_texts(control.round_number, reply), control.title]
            found.setdefault(reply.question_id, []).append(texts)
    return found


def _judged(beside: HeldOutTables) -> dict[str, list[list[Any]]]:
    """Question id to what a judge said of its replies: round, comparison, score, reason, and the control if there is one."""
    found: dict[str, list[list[Any]]] = {}
    for comparison in beside.judged:
        of_control = [] if comparison.control is None else [comparison.control]
        for pair in comparison.pairs:
            said = [comparison.round_number, comparison.name, pair.score, pair.reason, *of_control]
            found.setdefault(pair.question_id, []).append(said)
    return found
