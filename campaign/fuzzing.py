"""Random examples from hypothesis, without its search for a smallest one: every example is tried and counted."""

from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from campaign.outcome import Outcome

ExampleT = TypeVar("ExampleT")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
"""Any JSON value, with what Python's parser accepts beyond: NaN, and lone surrogates."""


def try_examples(
    strategy: st.SearchStrategy[ExampleT],
    check: Callable[[ExampleT], None],
    *,
    count: int,
    number: int,
    outcome: Outcome,
) -> None:
    """Call ``check`` with ``count`` examples. What it raises is a traceback, an ``AssertionError`` a loss.

    Args:
        strategy: where examples come from.
        check: raises if something is wrong.
        count: of examples.
        number: the seed.
        outcome: gets the results.
    """

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(example: ExampleT) -> None:
        outcome.tried += 1
        try:
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                check(example)
        except AssertionError as error:
            outcome.lost.append(f"{error} with {example!r}"[:400])
        except Exception as error:
            outcome.tracebacks.append(f"{type(error).__name__}: {error} with {example!r}"[:400])

    each()
