"""Work on several groups at once, where a session takes calls from several threads."""

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar, runtime_checkable

from thoughtrank.engines.protocol import EngineSession

Group = TypeVar("Group")
Result = TypeVar("Result")


@runtime_checkable
class ConcurrentSession(Protocol):
    """An ``EngineSession`` whose methods may be called from several threads."""

    def each_group(
        self, groups: Iterable[Group], work: Callable[[Group], Result]
    ) -> Generator[tuple[int, Result], None, None]:
        """See the function; ``work`` runs in threads of the session's own."""
        ...


def each_group(
    session: EngineSession, groups: Iterable[Group], *, work: Callable[[Group], Result]
) -> Generator[tuple[int, Result], None, None]:
    """The place of each group and what ``work`` returns for it, as soon as it is finished: of some sessions in any order.

    Args:
        session: that ``work`` asks.
        groups: taken as they are needed.
        work: all that is asked about one group, call after call.
    """
    if isinstance(session, ConcurrentSession):
        yield from session.each_group(groups, work)
    else:
        for place, group in enumerate(groups):
            yield place, work(group)
