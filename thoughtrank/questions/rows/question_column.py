"""What is said where rows lack the column with the question: what they have, and the key that names the right one."""

from collections.abc import Iterable, Mapping

_USUAL = ("question", "prompt", "problem", "instruction", "query", "input", "text")
"""Names that the column often has, in lower case, the likeliest first."""
_SHOWN = 8


def columns_text(values: Mapping[str, object]) -> str:
    """The columns of a row that are not empty, in brackets; empty where there is none."""
    columns = [str(column) for column, value in values.items() if value is not None]
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return f" (it has {', '.join(columns[:_SHOWN])}{more})" if columns else ""


def question_column_fix(columns: Iterable[str]) -> str:
    """What to do where none of the ``columns`` is the one with the question; proposes one where a name is usual."""
    present = {column.lower(): column for column in sorted(columns)}
    likely = next((present[name] for name in _USUAL if name in present), None)
    example = f", for example questions.question_column={likely}" if likely else ""
    return f"set questions.question_column to the column with the question{example}"
