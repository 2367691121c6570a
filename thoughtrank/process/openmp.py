"""How the OpenMP threads of this program wait for each other: a few microseconds by spinning, then asleep.

By default they spin for milliseconds. Beside another busy process the thread that is waited for has no core meanwhile, and
every one of the thousands of barriers of a training step, or of a decoding step, takes that long.
"""

import os
from collections.abc import Mapping

WAIT_POLICY = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}
"""Environment variables. ``GOMP_SPINCOUNT`` is for GNU's runtime, which torch's packages contain; Intel's and LLVM's go by the
policy. Runtimes read them when they are loaded."""

_added: set[str] = set()


def wait_policy(environment: Mapping[str, str]) -> dict[str, str]:
    """What to add to an environment; nothing where one of the variables is set."""
    return {} if environment.keys() & WAIT_POLICY.keys() else dict(WAIT_POLICY)


def set_wait_policy() -> None:
    """Apply it to this process, and to those that it starts; call it before torch is imported."""
    added = wait_policy(os.environ)
    os.environ.update(added)
    _added.update(added)


def added_variables() -> frozenset[str]:
    """Names that ``set_wait_policy`` has added; programs of other environments do not get them."""
    return frozenset(_added)
