"""Ranges of numbers in the config, as types: the annotations of a schema or a constructor state them, and pydantic checks them.

``value_faults.py`` refuses NaN, infinity and integers beyond 64 bits everywhere.
"""

from typing import Annotated

from pydantic import Field

LARGEST_INTEGER = 2**63 - 1
"""Tables, tensors and other programs hold integers of 64 bits."""

Seed = Annotated[int, Field(ge=0, le=4_000_000_000)]
"""Torch and numpy take 32 bits without a sign; a round adds its number."""

Fraction = Annotated[float, Field(ge=0, le=1)]
DecayRate = Annotated[float, Field(ge=0, lt=1)]
"""Of a moving average."""

TimeoutSeconds = Annotated[float, Field(le=1_000_000)]
"""Sockets take no longer ones. Lower bounds are checked by the components."""
