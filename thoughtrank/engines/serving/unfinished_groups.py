"""Collects results that come in any order into groups, which are handed out in their own order, each when it is complete."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

ResultT = TypeVar("ResultT")


class Position(NamedTuple):
    """Of one job: its group, the request in the group, and the branch of the request."""

    group: int
    row: int
    column: int


@dataclass(slots=True)
class _Group(Generic[ResultT]):
    """Results by row and column, with those that are missing as empty tuples; how many are, and whether all rows are there."""

    rows: list[list[tuple[ResultT, ...]]] = field(default_factory=list)
    missing: int = 0
    is_whole: bool = False


class UnfinishedGroups(Generic[ResultT]):
    """The groups that have been started and not been handed out."""

    def __init__(self) -> None:
        self._groups: dict[int, _Group[ResultT]] = {}
        self._next = 0

    def jobs(
        self, groups: Iterable[Iterable[Sequence[Callable[[], ResultT]]]]
    ) -> Iterator[tuple[Position, Callable[[], ResultT]]]:
        """Every job with its position, group by group and row by row, each taken when its first job is."""
        for number, rows in enumerate(groups):
            group = self._groups[number] = _Group()
            for row, jobs in enumerate(rows):
                group.rows.append([() for _ in jobs])
                group.missing += len(jobs)
                for column, job in enumerate(jobs):
                    yield Position(number, row, column), job
            group.is_whole = True

    def put(self, position: Position, result: ResultT) -> None:
        """Keep the result of one job."""
        group = self._groups[position.group]
        group.rows[position.row][position.column] = (result,)
        group.missing -= 1

    def pop_finished(self) -> Iterator[list[list[ResultT]]]:
        """The next groups in order, as far as they are complete; those without jobs always are."""
        while (group := self._groups.get(self._next)) and group.is_whole and not group.missing:
            del self._groups[self._next]
            self._next += 1
            yield [[result for results in row for result in results] for row in group.rows]
