"""Which branches are decoded together: as many as the budget of cache tokens holds, in an order that never changes."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COLUMN_STEP = 16
"""Lengths are rounded up to a multiple of it: matrix products of a new shape cost about a millisecond to set up."""
_ROW_STEP = 8
_MOST_UNEQUAL = 1.5
"""Prompts side by side are padded to the longest of them, which is at most this much longer than the shortest ..."""
_SLACK = 32  # ... or this many tokens


def round_up(number: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-number // step) * step


def padded_rows(rows: int) -> int:
    """Rows a batch is filled up to, so that not every branch that finishes brings new shapes."""
    return rows if rows <= 2 * _ROW_STEP else round_up(rows, _ROW_STEP)


@dataclass(frozen=True, slots=True)
class CacheShape:
    """What is reserved, in tokens of cache.

    Attributes:
        rows: branches.
        columns: tokens of each branch behind its prompt.
        prompts: questions.
        prompt_columns: tokens of each prompt.
    """

    rows: int
    columns: int
    prompts: int
    prompt_columns: int

    @property
    def tokens(self) -> int:
        """All of it."""
        return self.rows * self.columns + self.prompts * self.prompt_columns


@dataclass(frozen=True, slots=True)
class Need:
    """What one question needs: tokens of its prompt, tokens of its longest branch behind it, and how many branches."""

    prompt_tokens: int
    branch_tokens: int
    branches: int


class Schedule:
    """The branches that wait, and when they may enter.

    Every branch reserves what it can need at most, so that one that has entered never has to leave unfinished. Questions
    enter from the shortest prompt to the longest, because prompts in flight are padded to the longest of them. All follows
    from the lengths alone and from when branches finish: a group that is decoded again is decoded in the same batches.

    Args:
        needs: of each question of the group.
        token_budget: most tokens of cache.
        most_rows: most branches at once; None leaves it to the budget.
    """

    def __init__(self, needs: Sequence[Need], *, token_budget: int, most_rows: int | None = None) -> None:
        self._needs = needs
        self._budget = token_budget
        self._most_rows = most_rows or sum(need.branches for need in needs)
        order = sorted(range(len(needs)), key=lambda question: (needs[question].prompt_tokens, question))
        self._waiting = deque((question, place) for question in order for place in range(needs[question].branches))

    def smallest(self, question: int) -> int:
        """Tokens of cache that a single branch of the question needs."""
        return self.shape(rows=1, questions=[question]).tokens

    def most_tokens(self) -> int:
        """Tokens of cache that are never exceeded."""
        rows = min(self._most_rows, sum(need.branches for need in self._needs))
        return min(self._budget, self.shape(rows=rows, questions=range(len(self._needs))).tokens)

    def shape(self, *, rows: int, questions: Iterable[int]) -> CacheShape:
        """What ``rows`` branches of these questions reserve together."""
        needs = [self._needs[question] for question in questions]
        longest = max(need.branch_tokens for need in needs)
        return CacheShape(
            rows=padded_rows(rows),
            # An eighth more, so that the columns of finished branches are given back only now and then.
            columns=round_up(longest + longest // 8, COLUMN_STEP),
            prompts=len(needs),
            prompt_columns=round_up(max(need.prompt_tokens for need in needs), COLUMN_STEP),
        )

    def admit(self, living: Sequence[int]) -> list[tuple[int, int]]:
        """Branches that enter now, as (question, place in the question).

        Args:
            living: the question of each branch in flight.
        """
        rows, questions = len(living), set(living) | self.begun()
        entering: list[tuple[int, int]] = []
        while self._waiting and rows < self._most_rows:
            question = self._waiting[0][0]
            if not self._fits(rows + 1, questions | {question}):
                break
            entering.append(self._waiting.popleft())
            questions.add(question)
            rows += 1
        if living and self._waiting and len(entering) < rows // 8:
            # One after the other they would be prefilled badly; wait for a few more places.
            self._waiting.extendleft(reversed(entering))
            return []
        return entering

    def begun(self) -> set[int]:
        """The question of which some branches have entered and some wait: its prompt has to stay."""
        return {question for question, place in list(self._waiting)[:1] if place > 0}

    def _fits(self, rows: int, questions: set[int]) -> bool:
        lengths = [self._needs[question].prompt_tokens for question in questions]
        if max(lengths) > max(min(lengths) * _MOST_UNEQUAL, min(lengths) + _SLACK):
            return False
        return self.shape(rows=rows, questions=questions).tokens <= self._budget
