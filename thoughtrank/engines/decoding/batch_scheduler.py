"""Which branches are decoded together: as many as the budget of cache tokens admits, in a deterministic order."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

COLUMN_STEP = 16
"""Lengths are rounded up to a multiple of it: matmuls of a new shape cost about a millisecond to set up."""
_ROW_STEP = 8
_MAX_LENGTH_RATIO = 1.5
"""Prompts of a batch are padded to the longest of them, which is at most this much longer than the shortest ..."""
_LENGTH_SLACK = 32  # ... or this many tokens


def round_up(number: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-number // step) * step


def padded_rows(rows: int) -> int:
    """The number of rows a batch is padded to, so that fewer shapes occur."""
    return rows if rows <= 2 * _ROW_STEP else round_up(rows, _ROW_STEP)


@dataclass(frozen=True, slots=True)
class CacheShape:
    """What is reserved in the KV cache.

    Attributes:
        rows: branches.
        columns: tokens of each branch after its prompt.
        prompts: questions.
        prompt_columns: tokens of each prompt.
    """

    rows: int
    columns: int
    prompts: int
    prompt_columns: int

    @property
    def tokens(self) -> int:
        """All tokens of prompts and branches."""
        return self.rows * self.columns + self.prompts * self.prompt_columns


@dataclass(frozen=True, slots=True)
class QuestionNeed:
    """What one question needs in the cache.

    Attributes:
        prompt_tokens: of its prompt.
        branch_tokens: of its longest branch, after the prompt.
        branches: how many.
    """

    prompt_tokens: int
    branch_tokens: int
    branches: int


class BatchScheduler:
    """The waiting branches of a group, and when they are admitted to the batch.

    Every branch reserves the most it can need, so that an admitted branch never has to be evicted. Questions are admitted
    from the shortest prompt to the longest, because the prompts of a batch are padded to the longest of them. The schedule
    depends only on lengths and on when branches finish: a group that is decoded again is decoded in the same batches.

    Args:
        needs: of each question of the group.
        token_budget: most tokens in the cache.
        max_rows: most branches at once; None leaves it to the budget.
    """

    def __init__(self, needs: Sequence[QuestionNeed], *, token_budget: int, max_rows: int | None = None) -> None:
        self._needs = needs
        self._budget = token_budget
        self._max_rows = max_rows or sum(need.branches for need in needs)
        order = sorted(range(len(needs)), key=lambda question: (needs[question].prompt_tokens, question))
        self._waiting = deque((question, index) for question in order for index in range(needs[question].branches))

    def min_tokens(self, question: int) -> int:
        """Tokens of cache for a single branch of the question."""
        return self.shape(rows=1, questions=[question]).tokens

    def max_tokens(self) -> int:
        """An upper bound on the tokens of cache that the group uses."""
        rows = min(self._max_rows, sum(need.branches for need in self._needs))
        return min(self._budget, self.shape(rows=rows, questions=range(len(self._needs))).tokens)

    def shape(self, *, rows: int, questions: Iterable[int]) -> CacheShape:
        """What ``rows`` branches of these questions reserve together."""
        needs = [self._needs[question] for question in questions]
        longest = max(need.branch_tokens for need in needs)
        return CacheShape(
            rows=padded_rows(rows),
            # An eighth more, so that the columns of finished branches have to be reclaimed only now and then.
            columns=round_up(longest + longest // 8, COLUMN_STEP),
            prompts=len(needs),
            prompt_columns=round_up(max(need.prompt_tokens for need in needs), COLUMN_STEP),
        )

    def admit(self, running: Sequence[int]) -> list[tuple[int, int]]:
        """Branches that are admitted now, as (question, index within the question).

        Args:
            running: the question of each branch in flight.
        """
        rows, questions = len(running), set(running) | self.partly_admitted()
        admitted: list[tuple[int, int]] = []
        while self._waiting and rows < self._max_rows:
            question = self._waiting[0][0]
            if not self._fits(rows + 1, questions | {question}):
                break
            admitted.append(self._waiting.popleft())
            questions.add(question)
            rows += 1
        if running and self._waiting and len(admitted) < rows // 8:
            # Prefills of single prompts are inefficient; wait until more rows are free.
            self._waiting.extendleft(reversed(admitted))
            return []
        return admitted

    def partly_admitted(self) -> set[int]:
        """The question of which some branches were admitted and others wait: its prompt has to stay in the cache."""
        return {question for question, index in list(self._waiting)[:1] if index > 0}

    def _fits(self, rows: int, questions: set[int]) -> bool:
        lengths = [self._needs[question].prompt_tokens for question in questions]
        if max(lengths) > max(min(lengths) * _MAX_LENGTH_RATIO, min(lengths) + _LENGTH_SLACK):
            return False
        return self.shape(rows=rows, questions=questions).tokens <= self._budget
