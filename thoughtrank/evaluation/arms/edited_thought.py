"""The arm ``edited_thought``: the model's own thought with the last number that it states changed."""

import hashlib
import random
import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from thoughtrank.evaluation.arms.protocol import Arm, Forced, NumTokens
from thoughtrank.evaluation.numbers_in_text import NUMBER, value, written
from thoughtrank.evaluation.plain_text import plain
from thoughtrank.evaluation.reference_kinds import understood
from thoughtrank.records import Question, ReferenceKind

_FARTHEST = 9
"""A number is changed by at most so much, unless all of these are taken."""


class EditedThought(Arm):
    """Whether the answer follows what the thought states: if it does, it equals the edit.

    The new number is neither the reference answer nor any number of the question or the thought. Questions whose thought
    states no number are left out.
    """

    name = "edited_thought"
    forces_answer = True
    needs = ("own_thought",)

    def applies(self, kind: ReferenceKind) -> bool:
        """Numbers only."""
        return kind == "number"

    def forced(
        self, questions: Sequence[Question], *, thoughts: Mapping[str, str], num_tokens: NumTokens
    ) -> dict[str, Forced]:
        """See ``Arm``."""
        forced = {}
        for question in questions:
            thought = thoughts[question.question_id]
            taken = {*_values(question.whole_text), *_values(thought), understood(question.answer).value}
            edit = edited(thought, taken=taken, seed=question.question_id)
            if edit is not None:
                forced[question.question_id] = Forced(thought=edit.text, edit=edit.number)
        return forced


class Edit(NamedTuple):
    """A changed text, and the number that it states now."""

    text: str
    number: str


def edited(text: str, *, taken: Collection[Fraction | None], seed: str) -> Edit | None:
    """``text`` with its last number changed by a pseudo-random whole number; None where it states none.

    Sign, currency, decimals and denominator stay: "$3.50" becomes "$7.50".

    Args:
        text: any.
        taken: values that the new number must not have.
        seed: other seeds give other numbers.
    """
    numbers = [each for each in NUMBER.finditer(text) if value(each) is not None]
    if not numbers:
        return None
    last = numbers[-1]
    group = "over" if last["decimal"] is None else "decimal"
    digits = re.split(r"[.eE]", last[group])[0]
    start = last.start(group)
    for new in _others(int(digits.replace(",", "") or 0), seed=seed):
        shown = f"{new:,}" if "," in digits else str(new)
        changed = text[:start] + shown + text[start + len(digits) :]
        found = NUMBER.match(changed, last.start())
        if found is not None and value(found) not in taken:
            return Edit(changed, written(found))
    return None


def _others(whole: int, *, seed: str) -> list[int]:
    """Numbers near ``whole``: those within ``_FARTHEST`` in pseudo-random order, then larger ones in ascending order."""
    near = [number for number in range(max(whole - _FARTHEST, 1), whole + _FARTHEST + 1) if number != whole]
    random.Random(hashlib.sha256(f"edited/{seed}".encode()).hexdigest()).shuffle(near)
    return near + list(range(whole + _FARTHEST + 1, whole + 100))


def _values(text: str) -> set[Fraction | None]:
    return {value(each) for each in NUMBER.finditer(plain(text))}
