"""Numbers of the plan as text: with a noun in singular or plural, and sizes in a unit in which they are not 0."""


def count(number: int, noun: str, nouns: str | None = None) -> str:
    """A number of things, such as ``1 question`` and ``2,480 candidates``.

    Args:
        number: how many.
        noun: for one.
        nouns: for several, where that is not ``noun`` with an s.
    """
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"


def bytes_text(size: float, *, decimals: int = 1) -> str:
    """A size of memory or disk: in GB, and what is much smaller in MB or kB.

    Args:
        size: bytes.
        decimals: of GB.
    """
    if size >= 1e8:
        return f"{size / 1e9:.{decimals}f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def parameters_text(number: int) -> str:
    """A number of parameters in millions, those of a small model with a decimal."""
    millions = number / 1e6
    return f"{millions:.0f} M parameters" if millions >= 10 else f"{max(millions, 0.1):.1f} M parameters"
