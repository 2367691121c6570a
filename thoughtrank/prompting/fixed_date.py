"""Chat templates that ask for today's date get a fixed one.

Templates such as those of Llama 3.1 and 3.2 write the date into the prompt with ``strftime_now(format)``. Prompts would then
change at midnight: in the middle of a run, and again whenever its model is used. A macro of that name in the template itself
takes the place of the clock, in this project and in every tool that loads the model.
"""

import re
from datetime import date, datetime

DEFAULT_DATE = "2024-07-26"
"""What the template of Llama 3.2 writes where there is no clock."""

_MACRO = "{%- macro strftime_now(format) %}"
_END = "{%- endmacro %}\n"
"""Templates are rendered with ``trim_blocks``: the line break leaves no trace, and what follows starts a line as before."""

_CODE = re.compile(r"%-?[aAbBcCdDeFGgHhIjklmMpRSTuUVwWxXyY]")


def with_fixed_date(template: str, *, fixed: str) -> str:
    """``template`` with ``fixed`` in place of today; without a change if it does not ask for the date.

    Args:
        template: a chat template in Jinja, possibly one that has a fixed date already.
        fixed: as YYYY-MM-DD; the time is midnight.

    Raises:
        ValueError: there is no such date.
    """
    if _has_fixed_date(template):
        template = template.partition(_END)[2]
    if "strftime_now" not in template:
        return template
    moment = datetime.combine(date.fromisoformat(fixed), datetime.min.time())
    codes = sorted(set(_CODE.findall(template)))
    replacements = "".join(f" | replace('{code}', '{moment.strftime(code)}')" for code in codes)
    return f"{_MACRO}{{{{- format{replacements} }}}}{_END}{template}"


def reads_the_clock(template: str) -> bool:
    """Whether a chat template writes today's date."""
    return "strftime_now" in template and not _has_fixed_date(template)


def date_faults(value: str) -> list[str]:
    """Why ``model.date`` is not a date."""
    try:
        date.fromisoformat(value)
    except ValueError:
        return [f"model.date={value}: give a date of the calendar as YYYY-MM-DD, such as {DEFAULT_DATE}"]
    return []


def _has_fixed_date(template: str) -> bool:
    return template.startswith(_MACRO)
