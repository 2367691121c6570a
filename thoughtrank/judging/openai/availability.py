"""Asks a judge's server for its models before a run, which costs nothing: is it there, does it take the key, has it the model?

What it says is no proof. A server may be started while the run generates, some keys may judge but not list, and some servers
take names that they do not list. So there is a warning, and the calls decide.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from thoughtrank.http_api.error_text import is_key_refused, message_of, one_line
from thoughtrank.http_api.model_list import read_models

if TYPE_CHECKING:
    import openai

TIMEOUT_SECONDS = 5.0
"""For the list, in seconds; a run is not held up by a server that is not needed before its first candidates exist."""

_NAMED = 5
"""Models of a server that are named."""
_LATER = "The run starts all the same, and stops where it needs the judge if that fails then."


def availability_warning(
    client: "openai.OpenAI", *, judge: str, model: str, key: str | None, key_env: str | None
) -> str | None:
    """What makes it doubtful that the server will judge, in words; None if nothing does.

    Args:
        client: of the server.
        judge: how messages name it, with its address.
        model: that will be requested.
        key: the API key, to be left out of messages.
        key_env: the variable it was read from.
    """
    import openai

    asked = client.with_options(timeout=TIMEOUT_SECONDS, max_retries=0)
    try:
        content = asked.models.with_raw_response.list().http_response.content
    except openai.APIConnectionError as error:
        return f"{judge} cannot be reached now: {one_line(str(error.__cause__ or error), key)}. {_LATER}"
    except openai.APIStatusError as error:
        if not is_key_refused(error.status_code):
            return None  # no list
        what = "asks for a key" if key_env is None else f"does not take the key in {key_env}"
        stated = f"(HTTP {error.status_code}): {message_of(error, key)}"
        return f"{judge} {what} when asked for its models {stated}. {_LATER}"
    except openai.APIError:
        return None
    try:
        listed = [each.name for each in read_models(content)]
    except ValueError:
        return None
    if not listed or any(_is_same(each, model) for each in listed):
        return None
    return f"{judge} does not list the model {model}, but {_named(listed)}: check judge.model. {_LATER}"


def _is_same(listed: str, model: str) -> bool:
    """Whether two names are of one model: some servers list it with its vendor or a tag, and take it without."""
    return any(
        one == other or one.endswith(f"/{other}") or re.match(rf"{re.escape(other)}[:@]", one)
        for one, other in ((listed.lower(), model.lower()), (model.lower(), listed.lower()))
    )


def _named(listed: Sequence[str]) -> str:
    more = len(listed) - _NAMED
    return ", ".join(listed[:_NAMED]) + (f" and {more} more" if more > 0 else "")
