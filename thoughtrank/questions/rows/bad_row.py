"""Why a row cannot be used, and the check that every text of a row has to pass."""


class BadRowError(Exception):
    """One row cannot be used; the message is the reason."""


def clean(text: str, *, column: str) -> str:
    """The text without white space around it.

    Raises:
        BadRowError: it contains a lone surrogate.
    """
    require_encodable(text, column=column)
    return text.strip()


def require_encodable(text: str, *, column: str) -> None:
    """Check that a text can be written as UTF-8.

    Raises:
        BadRowError: it contains a lone surrogate.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRowError(f"{column!r} contains half of a character (a lone surrogate)") from None
